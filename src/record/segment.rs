//! One file while it is written.
//!
//! The muxer gives whole fragments (at most 0.5 s); each goes to the file in one write, in a
//! thread that may block. What could not be written stays in `pending` and is tried again, so that
//! a disk that was full for a while loses nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk;
use crate::libav::{AudioFormat, FragmentMuxer, LibavError, Times, Track, VideoFormat};

/// An open file and its muxer.
pub(super) struct Segment {
    /// `None` when the file is complete but for what is pending.
    muxer: Option<FragmentMuxer>,
    file: Arc<File>,
    path: PathBuf,
    pending: Vec<u8>,
    /// Media time after the last picture that is in the file or in what waits for it.
    pending_until: i64,
    /// The index row.
    pub counter: i64,
    /// Media time of the first picture, 1/90000 s.
    pub media_start: i64,
    /// Media time after the last picture that was given to the muxer.
    pub media_end: i64,
    /// Media time after the last picture that is in the file.
    pub written_until: i64,
    /// Bytes in the file.
    pub bytes: u64,
    /// RTP packets lost in it.
    pub lost_packets: u64,
}

impl Segment {
    /// Makes the file. It has an index row already, so that a crash leaves no file unknown.
    pub async fn create(
        path: PathBuf,
        counter: i64,
        media_start: i64,
        video: &VideoFormat,
        sound: Option<&AudioFormat>,
    ) -> Result<Self, SegmentError> {
        let muxer = FragmentMuxer::new(video, sound)?;
        let made = path.clone();
        let file = blocking(move || make_file(&made)).await?;
        Ok(Self {
            muxer: Some(muxer),
            file: Arc::new(file),
            path,
            pending: Vec::new(),
            pending_until: media_start,
            counter,
            media_start,
            media_end: media_start,
            written_until: media_start,
            bytes: 0,
            lost_packets: 0,
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
            self.pending.extend_from_slice(&ready);
            // A fragment is flushed when the packet after it arrives.
            // What is shown before the decode time of the next is in it.
            self.pending_until = if track == Track::Video { times.dts } else { self.media_end };
        }
        if track == Track::Video {
            self.media_end = self.media_end.max(times.pts + duration);
        }
        Ok(())
    }

    /// Whether bytes wait to be written.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Writes what waits. After an error the same bytes wait again, whole.
    pub async fn write_pending(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (file, bytes, offset) = (self.file.clone(), std::mem::take(&mut self.pending), self.bytes);
        let path = self.path.clone();
        let (bytes, result) = blocking_pair(move || {
            let result = write_at(&file, &bytes, offset).map_err(|e| disk::naming(&path, e));
            (bytes, result)
        })
        .await;
        match result {
            Ok(()) => {
                self.bytes += bytes.len() as u64;
                self.written_until = self.pending_until;
                Ok(())
            }
            Err(e) => {
                self.pending = bytes;
                Err(e)
            }
        }
    }

    /// Takes the muxer's rest to what waits to be written; no packet can follow.
    pub fn close_muxer(&mut self) {
        let Some(muxer) = self.muxer.take() else { return };
        match muxer.finish() {
            Ok(rest) => self.pending.extend_from_slice(&rest),
            Err(e) => tracing::warn!("{}: its end could not be made: {e}", self.path.display()),
        }
        self.pending_until = self.media_end;
    }

    /// Forgets what could not be written, because the service stops on a disk that refuses.
    pub fn give_up_pending(&mut self) {
        let bytes = std::mem::take(&mut self.pending).len();
        self.muxer = None;
        self.media_end = self.written_until;
        tracing::error!("{}: {bytes} bytes could not be written and are lost", self.path.display());
    }

    /// Syncs the file to the disk.
    pub async fn finish(self) -> (Finished, io::Result<()>) {
        let (file, path) = (self.file.clone(), self.path.clone());
        let synced = blocking(move || file.sync_data().map_err(|e| disk::naming(&path, e))).await;
        let finished = Finished {
            counter: self.counter,
            media_start: self.media_start,
            duration: (self.media_end - self.media_start).max(0),
            bytes: self.bytes,
            lost_packets: self.lost_packets,
        };
        (finished, synced)
    }
}

/// What the index is told of a complete file.
pub(super) struct Finished {
    pub counter: i64,
    /// Media time of the first picture, 1/90000 s.
    pub media_start: i64,
    /// 1/90000 s.
    pub duration: i64,
    pub bytes: u64,
    pub lost_packets: u64,
}

/// Why a file cannot be begun.
#[derive(Debug, thiserror::Error)]
pub(super) enum SegmentError {
    #[error(transparent)]
    Media(#[from] LibavError),
    #[error(transparent)]
    Disk(#[from] io::Error),
}

fn make_file(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent()
        && !folder.exists()
    {
        disk::make_folder(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path).map_err(|e| disk::naming(path, e))
}

/// Writes at a known place, so that a write that failed half-way can be done again.
fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::Seek;
    file.seek(io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

async fn blocking_pair<T: Default + Send + 'static>(
    work: impl FnOnce() -> (T, io::Result<()>) + Send + 'static,
) -> (T, io::Result<()>) {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| (T::default(), Err(io::Error::other(e))))
}
