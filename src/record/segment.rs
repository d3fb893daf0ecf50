//! One file while it is written.
//!
//! The muxer gives whole fragments (at most 0.5 s); each goes to the file in one write, in a thread
//! that may block. What could not be written stays in `pending` and is tried again, so that a disk
//! that was full for a while loses nothing. Every `sync_every` what was written is synced, beside the
//! writing: a power cut costs at most that, the fragment being gathered, and the time of the sync.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::Sha256Bytes;
use super::files::{Files, OpenFile};
use super::growing::Growing;
use super::label::{Head, Tail};
use super::salvage::{Fragment, Salvaged, salvage};
use crate::libav::{AudioFormat, FragmentMuxer, LibavError, Times, Track, VideoFormat};
use crate::model::Mono;
use crate::mounts::Place;

/// It is looked whether a sync is due when a fragment is written, every half a second: so it is on
/// time by the nearest of them, not by the next.
const HALF_A_FRAGMENT: Duration = Duration::from_millis(250);

/// An open file and its muxer.
pub(super) struct Segment {
    /// `None` when the file is complete but for what is pending.
    muxer: Option<FragmentMuxer>,
    disk: Arc<dyn Files>,
    file: Arc<dyn OpenFile>,
    path: PathBuf,
    pending: Vec<u8>,
    /// Of what is in the file.
    digest: Option<Sha256>,
    /// Media time after the last picture that is in the file or in what waits for it.
    pending_until: i64,
    growing: Growing,
    sync_every: Duration,
    synced: Option<Mono>,
    /// How far the file was written when the sync was begun that runs now.
    syncing: Option<(u64, JoinHandle<io::Result<()>>)>,
    synced_bytes: u64,
    /// Whether the file may hold something else than was written: a write failed for good.
    is_torn: bool,
    /// Whether a sync failed: nothing after what was synced before can be believed, for the system
    /// forgets what it could not write, and says so once.
    is_forgotten: bool,
    /// Media time of the first picture, 1/90000 s.
    pub media_start: i64,
    /// Media time after the last picture that was given to the muxer.
    pub media_end: i64,
    /// Media time after the last picture that is in the file.
    pub written_until: i64,
    /// Bytes in the file.
    pub bytes: u64,
}

/// What a complete file holds.
pub(super) struct Finished {
    /// Its whole fragments.
    pub fragments: Vec<Fragment>,
    /// Its length.
    pub bytes: u64,
    /// From its first picture to the end of its last, 1/90000 s.
    pub duration: i64,
    /// Whether something of its end had to be cut off.
    pub is_salvaged: bool,
    /// SHA-256 of the whole file, if it is as it was written.
    pub sha256: Option<Sha256Bytes>,
}

/// Why a file cannot be begun.
#[derive(Debug, thiserror::Error)]
pub(super) enum SegmentError {
    #[error(transparent)]
    Media(#[from] LibavError),
    #[error(transparent)]
    Disk(#[from] io::Error),
}

impl Segment {
    /// Makes the file, if the archive's disk is still in its `place`. It has an index row already, so
    /// that a crash leaves no file unknown.
    pub async fn create(
        (disk, place): (Arc<dyn Files>, Place),
        path: PathBuf,
        head: &Head,
        media_start: i64,
        formats: (&VideoFormat, Option<&AudioFormat>),
        sync_every: Duration,
    ) -> Result<Self, SegmentError> {
        let mut muxer = FragmentMuxer::new(formats.0, formats.1)?;
        let (made_by, made) = (disk.clone(), path.clone());
        let make = move || {
            place.still_there()?;
            made_by.create(&made)
        };
        let file = blocking(make).await?;
        let mut growing = Growing::default();
        let mut pending = muxer.take_bytes();
        pending.extend_from_slice(&head.to_box());
        growing.take(&pending);
        Ok(Self {
            muxer: Some(muxer),
            disk,
            file,
            path,
            pending,
            digest: Some(Sha256::new()),
            pending_until: media_start,
            growing,
            sync_every,
            synced: None,
            syncing: None,
            synced_bytes: 0,
            is_torn: false,
            is_forgotten: false,
            media_start,
            media_end: media_start,
            written_until: media_start,
            bytes: 0,
        })
    }

    /// Gives one packet to the muxer; nothing is written yet.
    pub fn push(
        &mut self,
        track: Track,
        times: Times,
        duration: i64,
        is_key: bool,
        data: &[u8],
    ) -> Result<(), LibavError> {
        let Some(muxer) = &mut self.muxer else { return Ok(()) };
        muxer.write(track, times, duration, is_key, data)?;
        let ready = muxer.take_bytes();
        if !ready.is_empty() {
            self.growing.take(&ready);
            self.pending.extend_from_slice(&ready);
            // A fragment is flushed when the packet after it arrives: what is shown before that one's
            // decode time is in it.
            self.pending_until = if track == Track::Video { times.dts } else { self.media_end };
        }
        if track == Track::Video {
            self.media_end = self.media_end.max(times.pts + duration);
        }
        Ok(())
    }

    /// Marks the fragment that is being gathered: packets were lost in it.
    pub fn lost(&mut self) {
        self.growing.lost();
    }

    /// Whether bytes wait to be written.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The whole fragments that are in the file.
    pub fn written(&self) -> &[Fragment] {
        self.growing.until(self.bytes)
    }

    /// Writes what waits, and syncs when it is time. After an error of the write the same bytes wait
    /// again, whole. `Ok(false)` says that a sync has failed: what was written since the one before
    /// may be lost, and no later sync can tell; the file must end here.
    pub async fn write_pending(&mut self, now: Mono) -> io::Result<bool> {
        if !self.pending.is_empty() {
            let (file, bytes, offset) = (self.file.clone(), std::mem::take(&mut self.pending), self.bytes);
            let mut digest = self.digest.take();
            let ((bytes, digest), result) = blocking_pair(move || {
                let result = file.write_at(&bytes, offset);
                if result.is_ok()
                    && let Some(digest) = &mut digest
                {
                    digest.update(&bytes);
                }
                ((bytes, digest), result)
            })
            .await;
            self.digest = digest;
            if let Err(e) = result {
                self.pending = bytes;
                return Err(e);
            }
            self.bytes += bytes.len() as u64;
            self.written_until = self.pending_until;
        }
        Ok(self.keep_synced(now).await)
    }

    /// Begins a sync when one is due, beside the writing; `false` if one has failed.
    async fn keep_synced(&mut self, now: Mono) -> bool {
        if let Some((bytes, running)) = self.syncing.take_if(|(_, running)| running.is_finished()) {
            match joined(running).await {
                Ok(()) => self.synced_bytes = bytes,
                Err(e) => {
                    tracing::error!("{e}: what was recorded since the last sync is lost");
                    self.is_forgotten = true;
                    return false;
                }
            }
        }
        let begun = *self.synced.get_or_insert(now);
        if self.syncing.is_none() && now.since(begun) >= self.sync_every.saturating_sub(HALF_A_FRAGMENT) {
            self.synced = Some(now);
            let file = self.file.clone();
            self.syncing = Some((self.bytes, tokio::task::spawn_blocking(move || file.sync())));
        }
        true
    }

    /// Takes the muxer's rest, and what the file says of itself at its end, to what waits to be
    /// written; no packet can follow.
    pub fn close_muxer(&mut self, tail: impl FnOnce(bool) -> Tail) {
        let Some(muxer) = self.muxer.take() else { return };
        match muxer.finish() {
            Ok(rest) => {
                self.growing.take(&rest);
                self.pending.extend_from_slice(&rest);
            }
            Err(e) => {
                tracing::warn!("{}: its end could not be made: {e}", self.path.display());
                return;
            }
        }
        self.pending_until = self.media_end;
        if !self.is_torn && !self.is_forgotten {
            let has_sound = self.growing.until(u64::MAX).iter().any(|f| f.has_sound);
            self.pending.extend(self.growing.table().into_iter().flatten());
            self.pending.extend_from_slice(&tail(has_sound).to_box());
        }
    }

    /// Forgets what could not be written, because it is time to stop or to begin another file.
    pub fn give_up_pending(&mut self) {
        let bytes = std::mem::take(&mut self.pending).len();
        (self.muxer, self.is_torn) = (None, true);
        self.media_end = self.written_until;
        if bytes > 0 {
            tracing::error!("{}: {bytes} bytes could not be written and are lost", self.path.display());
        }
    }

    /// Syncs the file to the disk and says what it holds. A file that is torn is cut back to what is
    /// whole; `Ok(None)` if nothing is.
    ///
    /// # Errors
    /// If the disk does not even let it be cut: it stays as it is, for the next start.
    pub async fn finish(mut self) -> io::Result<Option<Finished>> {
        if let Some((bytes, running)) = self.syncing.take() {
            match joined(running).await {
                Ok(()) => self.synced_bytes = bytes,
                Err(_) => self.is_forgotten = true,
            }
        }
        if !self.is_forgotten {
            let file = self.file.clone();
            match blocking(move || file.sync()).await {
                Ok(()) => self.synced_bytes = self.bytes,
                Err(e) => {
                    tracing::error!("the end of a file could not be synced and is lost: {e}");
                    self.is_forgotten = true;
                }
            }
        }
        let (disk, path) = (self.disk.clone(), self.path.clone());
        if self.is_forgotten {
            let whole = self.growing.until(self.synced_bytes).last();
            let keep = whole.map_or(0, |last| last.offset.saturating_add(last.bytes));
            let (cutter, place) = (disk.clone(), path.clone());
            blocking(move || cutter.cut(&place, keep)).await?;
        } else if !self.is_torn {
            let fragments = self.growing.until(self.bytes).to_vec();
            if fragments.iter().all(|f| f.video_start.is_none()) {
                return Ok(None);
            }
            return Ok(Some(Finished {
                fragments,
                bytes: self.bytes,
                duration: (self.media_end - self.media_start).max(0),
                is_salvaged: false,
                sha256: self.digest.take().map(|digest| digest.finalize().into()),
            }));
        }
        rescue(disk, path).await
    }
}

/// Cuts a file back to what is whole.
async fn rescue(disk: Arc<dyn Files>, path: PathBuf) -> io::Result<Option<Finished>> {
    let found = blocking(move || salvage(&*disk, &path)).await?;
    Ok(match found {
        Salvaged::Nothing => None,
        Salvaged::Whole(scan) | Salvaged::Cut(scan, _) | Salvaged::Damaged(scan) => Some(Finished {
            bytes: scan.file_bytes,
            duration: scan.video_duration,
            fragments: scan.fragments,
            is_salvaged: true,
            sha256: None,
        }),
    })
}

/// Removes a file that holds nothing.
pub(super) async fn remove(disk: Arc<dyn Files>, path: &Path) -> io::Result<()> {
    let path = path.to_owned();
    blocking(move || match disk.remove(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    })
    .await
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

async fn joined(running: JoinHandle<io::Result<()>>) -> io::Result<()> {
    running.await.map_err(io::Error::other)?
}

async fn blocking_pair<T: Default + Send + 'static>(
    work: impl FnOnce() -> (T, io::Result<()>) + Send + 'static,
) -> (T, io::Result<()>) {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| (T::default(), Err(io::Error::other(e))))
}
