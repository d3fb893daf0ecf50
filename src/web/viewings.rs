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

/// What is one viewing: who from where, what, and the minute in which it begins.
type Key = (String, String, String, &'static str, i64);

/// The viewings that were written lately.
#[derive(Debug, Clone)]
pub struct Viewings(Arc<Mutex<LruCache<Key, Mono>>>);

impl Default for Viewings {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(REMEMBERED))))
    }
}

impl Viewings {
    fn is_known(&self, key: &Key, now: Mono) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).is_some_and(|at| now.since(*at) < SAME_FOR)
    }

    fn remember(&self, key: Key, now: Mono) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, now);
    }
}

impl Pages {
    /// Puts on the log that `caller` views footage, unless that was written just before. `what` is `playlist`,
    /// `view`, `thumb` or `live`.
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
        let (from, to) = range.unzip();
        let minute = from.map_or(0, |from| from.as_millis().div_euclid(60_000));
        // Small pictures are looked through: those of an hour are one viewing.
        let part = if what == "thumb" { minute.div_euclid(60) } else { minute };
        let detail = json!({ "what": what, "camera": camera, "stream": stream, "from": from, "to": to });
        self.note_once(caller, &format!("{camera}/{stream}"), what, part, camera.as_str(), detail).await
    }

    /// Puts on the log that `caller` views evidence of an incident, likewise.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written: then it must not be shown.
    pub(super) async fn note_evidence(
        &self,
        caller: &Caller,
        incident: &str,
        what: &'static str,
    ) -> Result<(), Problem> {
        let detail = json!({ "what": what, "incident": incident });
        self.note_once(caller, incident, what, 0, incident, detail).await
    }

    async fn note_once(
        &self,
        caller: &Caller,
        of: &str,
        what: &'static str,
        part: i64,
        subject: &str,
        detail: Value,
    ) -> Result<(), Problem> {
        let now = clock::now().mono;
        let key = (caller.name().to_owned(), caller.from.to_string(), of.to_owned(), what, part);
        if !self.viewings.is_known(&key, now) {
            self.gate.note(caller, "viewed", Some(subject), detail).await?;
            self.viewings.remember(key, now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewing_is_written_once_for_what_is_asked_in_pieces() {
        let viewings = Viewings::default();
        let key =
            |name: &str, part| (name.to_owned(), "10.0.0.7".to_owned(), "gate/main".to_owned(), "view", part);
        let at = |s| Mono(Duration::from_secs(s));
        viewings.remember(key("lan", 5), at(0));
        assert!(viewings.is_known(&key("lan", 5), at(599)), "the same minute");
        assert!(!viewings.is_known(&key("lan", 6), at(1)));
        assert!(!viewings.is_known(&key("minh", 5), at(1)), "somebody else");
        assert!(!viewings.is_known(&key("lan", 5), at(600)), "much later");
    }
}
