//! Who looked at which recordings: written to the log's `audit` lines, once for what a player asks in pieces.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use crate::model::{CameraId, Mono, Now, StreamKind, Wall};

/// So many viewings are known to have been written.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

/// A player asks for what follows again and again; after so long it is a viewing of its own.
const SAME_FOR: Duration = Duration::from_secs(600);

/// What is one viewing: the range's beginning counts by the minute.
type Key = (IpAddr, CameraId, StreamKind, &'static str, i64);

/// The viewings that were written lately.
#[derive(Debug, Clone)]
pub struct Viewings(Arc<Mutex<LruCache<Key, Mono>>>);

impl Default for Viewings {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(REMEMBERED))))
    }
}

impl Viewings {
    /// Writes that somebody views a range, unless that was written just before. `what` is `playlist`, `view`
    /// or `live`.
    pub(super) fn note(
        &self,
        viewer: IpAddr,
        (camera, stream): (&CameraId, StreamKind),
        what: &'static str,
        range: Option<(Wall, Wall)>,
        now: Now,
    ) {
        if self.is_new(viewer, (camera, stream), what, range, now) {
            let (from, to) = range.map(|(from, to)| (from.to_string(), to.to_string())).unzip();
            tracing::info!(target: "audit", %camera, %stream, what, from, to, %viewer, "footage is viewed");
        }
    }

    fn is_new(
        &self,
        viewer: IpAddr,
        (camera, stream): (&CameraId, StreamKind),
        what: &'static str,
        range: Option<(Wall, Wall)>,
        now: Now,
    ) -> bool {
        let minute = range.map_or(0, |(from, _)| from.as_millis().div_euclid(60_000));
        let key = (viewer, camera.clone(), stream, what, minute);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = known.get(&key).is_some_and(|at| now.mono.since(*at) < SAME_FOR);
        if !is_known {
            known.put(key, now.mono);
        }
        !is_known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewing_is_written_once_for_what_is_asked_in_pieces() {
        let (viewings, viewer) = (Viewings::default(), IpAddr::from([127, 0, 0, 1]));
        let camera = CameraId::new("gate").unwrap();
        let range = |s: i64| Some((Wall::from_millis(s * 1000), Wall::from_millis(s * 1000 + 60_000)));
        let mut now = Now::default();
        let new = |range, now| viewings.is_new(viewer, (&camera, StreamKind::Main), "playlist", range, now);
        assert!(new(range(5), now));
        assert!(!new(range(6), now), "the same minute");
        assert!(new(range(65), now));
        now = now.plus(Duration::from_secs(601));
        assert!(new(range(5), now), "much later");
    }
}
