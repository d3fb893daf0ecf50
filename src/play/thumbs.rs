//! Small pictures for scrubbing: the keyframe that was on the screen at a moment, of the sub stream where
//! there is one.
//!
//! Made one at a time, in a thread that stands back behind the recording, and kept in memory up to a limit:
//! a small picture of deleted footage is not left on the disk.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use lru::LruCache;
use tokio::sync::Semaphore;

use super::still::small;
use super::{Group, Recording, footage, groups};
use crate::model::{CameraId, StreamKind, Wall};
use crate::perceive::aside;
use crate::record::Archive;

/// Which small picture: the file, the place of its keyframe in it, and how wide.
type Key = (i64, u64, u32);

/// A small picture has no more bytes, as far as JPEG goes.
const MOST_BYTES: usize = 24 << 10;

/// Small pictures, made when they are asked for.
#[derive(Debug, Clone)]
pub struct Thumbs {
    archive: Arc<Archive>,
    kept: Arc<Mutex<Kept>>,
    turn: Arc<Semaphore>,
}

#[derive(Debug)]
struct Kept {
    pictures: LruCache<Key, Bytes>,
    bytes: usize,
    most: usize,
}

impl Kept {
    fn put(&mut self, key: Key, picture: Bytes) {
        self.bytes = self.bytes.saturating_add(picture.len());
        if let Some(old) = self.pictures.put(key, picture) {
            self.bytes = self.bytes.saturating_sub(old.len());
        }
        while self.bytes > self.most {
            let Some((_, old)) = self.pictures.pop_lru() else { break };
            self.bytes = self.bytes.saturating_sub(old.len());
        }
    }
}

/// Why there is no small picture.
#[derive(Debug, thiserror::Error)]
pub enum NoThumb {
    /// Nothing was recorded at that moment.
    #[error("nothing was recorded at this moment")]
    Nothing,
    /// The index or a thread cannot be had now.
    #[error("{0:#}")]
    Later(anyhow::Error),
}

impl Thumbs {
    /// Over the archive; at most `most` bytes of pictures are kept.
    pub fn new(archive: Arc<Archive>, most: usize) -> Self {
        let kept = Kept { pictures: LruCache::unbounded(), bytes: 0, most };
        Self { archive, kept: Arc::new(Mutex::new(kept)), turn: Arc::new(Semaphore::new(1)) }
    }

    /// A JPEG of what the camera showed at `at`, at most `width` pixels wide: the keyframe before it.
    ///
    /// # Errors
    /// [`NoThumb`].
    pub async fn at(&self, camera: &CameraId, at: Wall, width: u32) -> Result<Bytes, NoThumb> {
        for stream in [StreamKind::Sub, StreamKind::Main] {
            let until = at.plus_millis(1);
            let found = footage(&self.archive, (camera, stream), at, until).await;
            let recordings = found.map_err(|e| NoThumb::Later(e.into()))?;
            if let Some(group) = groups(&recordings, at, until).into_iter().next_back() {
                return self.of(&recordings, &group, width).await;
            }
        }
        Err(NoThumb::Nothing)
    }

    async fn of(&self, recordings: &[Recording], group: &Group, width: u32) -> Result<Bytes, NoThumb> {
        let recording = recordings.get(group.recording).ok_or(NoThumb::Nothing)?;
        let key = (recording.row.counter, group.offset, width);
        let known = || self.kept.lock().unwrap_or_else(PoisonError::into_inner).pictures.get(&key).cloned();
        if let Some(picture) = known() {
            return Ok(picture);
        }
        let _turn = self.turn.acquire().await.map_err(|e| NoThumb::Later(e.into()))?;
        // Somebody who was before us may have wanted the same.
        if let Some(picture) = known() {
            return Ok(picture);
        }
        let path = self.archive.path_of(&recording.row);
        let fragment = recording.fragments.get(group.fragments.start).cloned().ok_or(NoThumb::Nothing)?;
        let (made, result) = tokio::sync::oneshot::channel();
        let make = move || drop(made.send(small(&path, &fragment, width, MOST_BYTES)));
        aside("thumb", make).await.map_err(NoThumb::Later)?;
        match result.await {
            Ok(Ok(jpeg)) => {
                let jpeg = Bytes::from(jpeg);
                self.kept.lock().unwrap_or_else(PoisonError::into_inner).put(key, jpeg.clone());
                Ok(jpeg)
            }
            Ok(Err(e)) => {
                tracing::debug!(path = recording.row.path, "no small picture: {e}");
                Err(NoThumb::Nothing)
            }
            Err(e) => Err(NoThumb::Later(e.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_pictures_make_room_for_new_ones() {
        let mut kept = Kept { pictures: LruCache::unbounded(), bytes: 0, most: 100 };
        for n in 0..20u64 {
            kept.put((1, n, 160), Bytes::from(vec![0; 30]));
            let _ = kept.pictures.get(&(1, 0, 160));
        }
        let names: Vec<u64> = kept.pictures.iter().map(|((_, offset, _), _)| *offset).collect();
        assert_eq!((names, kept.bytes), (vec![0, 19, 18], 90), "the one that is looked at stays");
        kept.put((1, 0, 160), Bytes::from(vec![0; 10]));
        assert_eq!(kept.bytes, 70);
    }
}
