//! Where files are that are asked for again and again, so that a playing browser costs the index nothing.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use crate::model::{CameraId, StreamKind, Wall};
use crate::record::{Archive, SegmentState};

/// So many files are remembered: what 160 streams play of, and some.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(511);

/// A file that is played.
#[derive(Debug, Clone)]
pub(super) struct Played {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Of which stream.
    pub(super) stream: StreamKind,
    /// What it is of, as far as that is known.
    pub(super) range: (Wall, Wall),
}

/// The places of files by their counter. A counter is never used again for another file.
#[derive(Debug, Clone)]
pub struct Paths(Arc<Mutex<LruCache<i64, (CameraId, Played)>>>);

impl Default for Paths {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(REMEMBERED))))
    }
}

impl Paths {
    /// A camera's file; none if there is no such file.
    pub(super) async fn of(
        &self,
        archive: &Archive,
        camera: &CameraId,
        counter: i64,
    ) -> Result<Option<Played>, sqlx::Error> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&counter).cloned();
        if let Some((of, played)) = known {
            return Ok((of == *camera).then_some(played));
        }
        let Some(row) = archive.index.file(camera, counter).await? else { return Ok(None) };
        let range = (row.start, row.start.plus_millis(row.duration_ms));
        let played = Played { path: archive.path_of(&row), stream: row.stream, range };
        let remembered = (camera.clone(), played.clone());
        // How long an open file gets is not known yet.
        if row.state != SegmentState::Open {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).put(counter, remembered);
        }
        Ok(Some(played))
    }
}
