//! Who was given what: on the audit log before the first byte goes out, once for what a player asks in pieces.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use serde_json::Value;

use super::Pages;
use crate::clock;
use crate::http::{Caller, Problem};
use crate::model::Mono;

/// So many viewings are known to have been written.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// A player asks for the next piece again and again; after so long it is a viewing of its own.
const SAME_FOR: Duration = Duration::from_secs(600);

/// Who, from where, what.
type Key = (String, String, String);

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
    /// Puts on the log that `caller` views `file` of `subject`, unless that was written just before.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written: then it must not be given.
    pub(super) async fn note_viewing(
        &self,
        caller: &Caller,
        (file, subject): (&str, &str),
        detail: Value,
    ) -> Result<(), Problem> {
        let now = clock::now().mono;
        let key = (caller.name().to_owned(), caller.from.to_string(), file.to_owned());
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
    fn a_file_that_is_asked_in_pieces_is_one_viewing_and_much_later_another() {
        let viewings = Viewings::default();
        let key = |name: &str, file: &str| (name.to_owned(), "10.0.0.7".to_owned(), file.to_owned());
        let at = |s| Mono(Duration::from_secs(s));
        viewings.remember(key("lan", "clip"), at(0));
        assert!(viewings.is_known(&key("lan", "clip"), at(599)));
        assert!(!viewings.is_known(&key("lan", "still"), at(1)), "another file");
        assert!(!viewings.is_known(&key("minh", "clip"), at(1)), "somebody else");
        assert!(!viewings.is_known(&key("lan", "clip"), at(600)), "much later");
    }
}
