//! Who looked at what: on the audit log before it is shown, once for what a player asks in pieces.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use serde_json::{Value, json};

use super::Pages;
use crate::clock;
use crate::http::{Caller, Problem};
use crate::model::{CameraId, Mono, StreamKind, Wall};

/// So many viewings are known to have been written.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// A player asks for what follows again and again; after so long it is a viewing of its own.
const SAME_FOR: Duration = Duration::from_secs(600);

const HOUR_MS: i64 = 3_600_000;

/// Whose viewing of what: who from where, of which camera and stream or incident, in which way.
type Key = (String, String, String, &'static str);

/// Moments in milliseconds, `[from, to)`.
type Span = (i64, i64);

/// What was written, and when.
type Written = Vec<(Span, Mono)>;

/// What is of no range of time.
const ALWAYS: Span = (0, 0);

/// The viewings that were written lately.
#[derive(Debug, Clone)]
pub struct Viewings(Arc<Mutex<LruCache<Key, Written>>>);

impl Default for Viewings {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(REMEMBERED))))
    }
}

impl Viewings {
    /// Whether all of `span` is within a viewing that was written lately.
    fn covers(&self, key: &Key, span: Span, now: Mono) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Mono| now.since(*at) < SAME_FOR;
        let within = |known: &Span| known.0 <= span.0 && span.1 <= known.1;
        known.get(key).is_some_and(|all| all.iter().any(|(known, at)| is_recent(at) && within(known)))
    }

    fn remember(&self, key: Key, span: Span, now: Mono) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = known.get_or_insert_mut(key, Vec::new);
        all.retain(|(_, at)| now.since(*at) < SAME_FOR);
        all.push((span, now));
    }
}

impl Pages {
    /// Puts on the log that `caller` views footage, unless that was written just before. `what` is `playlist`,
    /// `thumb` or `live`.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written: then it must not be shown.
    pub(super) async fn note_viewing(
        &self,
        caller: &Caller,
        (camera, stream): (&CameraId, StreamKind),
        what: &'static str,
        range: Option<(Wall, Wall)>,
    ) -> Result<(), Problem> {
        let span = match range {
            None => ALWAYS,
            // Small pictures are looked through: those of an hour are one viewing.
            Some((from, to)) if what == "thumb" => {
                let hour = |at: Wall| at.as_millis().div_euclid(HOUR_MS);
                (hour(from) * HOUR_MS, (hour(to) + 1) * HOUR_MS)
            }
            Some((from, to)) => (from.as_millis(), to.as_millis()),
        };
        let (from, to) = range.map(|_| (Wall::from_millis(span.0), Wall::from_millis(span.1))).unzip();
        let detail = json!({ "what": what, "camera": camera, "stream": stream, "from": from, "to": to });
        let noted = Noted { action: "viewed", subject: Some(camera.as_str()), detail };
        self.note_once(caller, (format!("{camera}/{stream}"), what), span, noted).await
    }

    /// Puts on the log that `caller` takes footage away as a video, and why, likewise: a download may come in pieces.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written: then it must not be given.
    pub(super) async fn note_taking(
        &self,
        caller: &Caller,
        (camera, stream): (&CameraId, StreamKind),
        (from, to): (Wall, Wall),
        reason: &str,
    ) -> Result<(), Problem> {
        let detail = json!({
            "what": "view", "camera": camera, "stream": stream, "from": from, "to": to, "reason": reason,
        });
        let noted = Noted { action: "export-downloaded", subject: Some(camera.as_str()), detail };
        let of = format!("{camera}/{stream} {reason}");
        self.note_once(caller, (of, "view"), (from.as_millis(), to.as_millis()), noted).await
    }

    /// Puts on the log that `caller` views evidence of an incident, likewise. Stills are looked through in lists:
    /// those of ten minutes are one viewing.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written: then it must not be shown.
    pub(super) async fn note_evidence(
        &self,
        caller: &Caller,
        incident: &str,
        what: &'static str,
    ) -> Result<(), Problem> {
        let (of, subject) = if what == "still" { ("", None) } else { (incident, Some(incident)) };
        let detail = json!({ "what": what, "incident": subject });
        let noted = Noted { action: "viewed", subject, detail };
        self.note_once(caller, (of.to_owned(), what), ALWAYS, noted).await
    }

    async fn note_once(
        &self,
        caller: &Caller,
        (of, what): (String, &'static str),
        span: Span,
        Noted { action, subject, detail }: Noted<'_>,
    ) -> Result<(), Problem> {
        let now = clock::now().mono;
        let key = (caller.name().to_owned(), caller.from.to_string(), of, what);
        if !self.viewings.covers(&key, span, now) {
            self.gate.note(caller, action, subject, detail).await?;
            self.viewings.remember(key, span, now);
        }
        Ok(())
    }
}

/// What is written of a viewing.
struct Noted<'a> {
    action: &'static str,
    subject: Option<&'a str>,
    detail: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_in_pieces_is_one_viewing_and_whatever_goes_beyond_it_another() {
        let viewings = Viewings::default();
        let key = |name: &str| (name.to_owned(), "10.0.0.7".to_owned(), "gate/main".to_owned(), "playlist");
        let at = |s| Mono(Duration::from_secs(s));
        viewings.remember(key("lan"), (1000, 5000), at(0));
        assert!(viewings.covers(&key("lan"), (2000, 3000), at(599)));
        assert!(!viewings.covers(&key("lan"), (2000, 6000), at(1)), "it ends later");
        assert!(!viewings.covers(&key("lan"), (0, 3000), at(1)), "it begins earlier");
        assert!(!viewings.covers(&key("minh"), (2000, 3000), at(1)), "somebody else");
        assert!(!viewings.covers(&key("lan"), (2000, 3000), at(600)), "much later");
    }
}
