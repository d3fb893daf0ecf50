//! Where files are that are asked for again and again, so that a playing browser costs the index nothing.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use crate::model::CameraId;
use crate::record::Archive;

/// So many files are remembered: what 160 streams play of, and some.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(511);

/// The places of files by their counter. A counter is never used again for another file.
#[derive(Debug, Clone)]
pub struct Paths(Arc<Mutex<LruCache<i64, (CameraId, PathBuf)>>>);

impl Default for Paths {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(REMEMBERED))))
    }
}

impl Paths {
    /// Where a camera's file is; none if there is no such file.
    pub(super) async fn of(
        &self,
        archive: &Archive,
        camera: &CameraId,
        counter: i64,
    ) -> Result<Option<PathBuf>, sqlx::Error> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&counter).cloned();
        if let Some((of, path)) = known {
            return Ok((of == *camera).then_some(path));
        }
        let Some(row) = archive.index.file(camera, counter).await? else { return Ok(None) };
        let path = archive.path_of(&row);
        let remembered = (camera.clone(), path.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(counter, remembered);
        Ok(Some(path))
    }
}
