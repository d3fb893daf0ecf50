//! Sums of the archive, kept in memory: how much each stream takes and how long its longest file is.
//!
//! Made once from the index when it is opened, and kept up by the index itself whenever a file is
//! complete or forgotten: nobody adds up a million rows every half minute. A file counts once it is
//! complete.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{CameraId, StreamKind};

/// What one stream takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Complete files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The longest of all that were ever seen; never falls.
    pub longest_ms: i64,
}

type Streams = HashMap<(CameraId, StreamKind), Tally>;

/// The sums of all streams. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Tallies {
    streams: Arc<Mutex<Streams>>,
    /// The lowest counter of the files that came since it was last asked for.
    lowest: Arc<Mutex<Option<i64>>>,
}

impl Tallies {
    /// Begins with what the index holds.
    pub fn set(&self, streams: Streams) {
        self.with(|all| *all = streams);
    }

    /// A file is complete.
    pub fn came(&self, camera: CameraId, stream: StreamKind, bytes: i64, duration_ms: i64) {
        self.with(|all| {
            let tally = all.entry((camera, stream)).or_default();
            tally.files = tally.files.saturating_add(1);
            tally.bytes = tally.bytes.saturating_add(u64::try_from(bytes).unwrap_or(0));
            tally.longest_ms = tally.longest_ms.max(duration_ms);
        });
    }

    /// It was the file of this counter: as a rule the highest of all, but not where an index is rebuilt.
    pub fn came_at(&self, counter: i64) {
        let mut lowest = self.lowest.lock().unwrap_or_else(PoisonError::into_inner);
        *lowest = Some(lowest.map_or(counter, |lowest| lowest.min(counter)));
    }

    /// The lowest counter of the files that came since this was last asked.
    pub fn take_lowest(&self) -> Option<i64> {
        self.lowest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A complete file is forgotten.
    pub fn went(&self, camera: CameraId, stream: StreamKind, bytes: i64) {
        self.with(|all| {
            let tally = all.entry((camera, stream)).or_default();
            tally.files = tally.files.saturating_sub(1);
            tally.bytes = tally.bytes.saturating_sub(u64::try_from(bytes).unwrap_or(0));
        });
    }

    /// Every stream that has or had files.
    pub fn all(&self) -> Vec<((CameraId, StreamKind), Tally)> {
        self.with(|all| all.iter().map(|(name, tally)| (name.clone(), *tally)).collect())
    }

    /// One stream.
    pub fn of(&self, camera: &CameraId, stream: StreamKind) -> Tally {
        self.with(|all| all.get(&(camera.clone(), stream)).copied().unwrap_or_default())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Streams) -> T) -> T {
        work(&mut self.streams.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
