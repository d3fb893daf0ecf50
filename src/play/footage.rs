//! What is recorded of a stream in a range: its files with their fragments, the one that is being written
//! included, in the archive's order.

use std::path::{Path, PathBuf};

use crate::model::{CameraId, StreamKind, Wall};
use crate::record::salvage::{self, Fragment};
use crate::record::{Archive, Index, SegmentRow};

/// One recorded file, and where its fragments are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What the index knows of it.
    pub row: SegmentRow,
    /// The wall clock at its first picture.
    pub start: Wall,
    /// Its whole fragments in the file's order.
    pub fragments: Vec<Fragment>,
    /// Whether it is being written.
    pub is_growing: bool,
}

impl Recording {
    /// The wall-clock moment of a media time of this file, 1/90000 s since the connection's zero.
    pub fn wall(&self, ticks: i64) -> Wall {
        self.start.plus_millis(ticks.saturating_sub(self.row.media_start).div_euclid(90))
    }

    /// Where its first fragment begins: all before it is the header.
    pub fn header_bytes(&self) -> u64 {
        self.fragments.first().map_or(0, |fragment| fragment.offset)
    }
}

/// The files of a stream that hold something of `[from, to)`.
///
/// # Errors
/// If the index cannot be read.
pub async fn footage(
    archive: &Archive,
    (camera, stream): (&CameraId, StreamKind),
    from: Wall,
    to: Wall,
) -> Result<Vec<Recording>, sqlx::Error> {
    // Before the index is asked: a file that is closed in between is in both, and none is in neither.
    let growing = archive.growing(camera, stream).borrow().clone();
    let complete = archive.index.footage(camera, stream, from, to).await?;
    let mut all = Vec::with_capacity(complete.len().saturating_add(1));
    for (row, fragments) in complete {
        let fragments = match fragments.is_empty() {
            true => scanned(archive.path_of(&row)).await,
            false => fragments,
        };
        all.push(Recording { start: row.start, row, fragments, is_growing: false });
    }
    if let Some(open) = growing.open {
        let is_known = all.iter().any(|known| known.row.counter == open.row.counter);
        let end = open.fragments.iter().rev().find_map(|f| Some(f.video_start? + f.video_duration));
        let end = end.unwrap_or(open.row.media_start).saturating_sub(open.row.media_start) / 90;
        if !is_known && open.start < to && open.start.plus_millis(end) > from {
            let (row, start) = (SegmentRow::clone(&open.row), open.start);
            all.push(Recording { row, start, fragments: open.fragments, is_growing: true });
        }
    }
    Ok(all)
}

/// The same beside the process that records, from its index and its files alone.
///
/// # Errors
/// If the index cannot be read.
pub async fn footage_beside(
    index: &Index,
    storage: &Path,
    (camera, stream): (&CameraId, StreamKind),
    from: Wall,
    to: Wall,
) -> Result<Vec<Recording>, sqlx::Error> {
    // The open files first, for the same reason.
    let open = index.open_of(camera, stream, to).await?;
    let mut all = Vec::new();
    for (row, known) in index.footage(camera, stream, from, to).await? {
        let fragments = if known.is_empty() { scanned(storage.join(&row.path)).await } else { known };
        all.push(Recording { start: row.start, row, fragments, is_growing: false });
    }
    for row in open {
        if all.iter().all(|known| known.row.counter != row.counter) {
            let fragments = scanned(storage.join(&row.path)).await;
            all.push(Recording { start: row.start, row, fragments, is_growing: true });
        }
    }
    Ok(all)
}

/// The fragments of a file whose list the index has lost; none if it cannot be read.
async fn scanned(path: PathBuf) -> Vec<Fragment> {
    let scan = tokio::task::spawn_blocking(move || salvage::scan(&path)).await;
    scan.ok().and_then(Result::ok).flatten().map(|scan| scan.fragments).unwrap_or_default()
}
