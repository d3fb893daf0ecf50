//! Reads what [`super::spans`] needs for the timeline of one stream.

use std::path::Path;

use super::spans::{Around, Spans, spans};
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::{Index, SegmentRow, SegmentState};

/// What there is and is not of one stream within `[from, to)`.
///
/// # Errors
/// If the index cannot be read.
pub async fn timeline(
    index: &Index,
    storage: &Path,
    (camera, stream): (&CameraId, StreamKind),
    (from, to): (Wall, Wall),
    now: Wall,
) -> Result<Spans, sqlx::Error> {
    let mut rows = index.shown(camera, stream, from, to).await?;
    rows.extend(index.open_of(camera, stream, to).await?);
    rows.sort_by_key(|row| row.counter);
    // Only a range that begins or ends with nothing needs to know what lies beyond.
    let before = match rows.first() {
        Some(first) if first.start <= from => None,
        _ => index.last_before(camera, stream, from).await?,
    };
    let after = match rows.last() {
        Some(last) if last.state == SegmentState::Open || last.end() >= to => None,
        _ => index.first_from(camera, stream, to).await?,
    };
    let written_until = match rows.iter().rfind(|row| row.state == SegmentState::Open) {
        Some(open) => written_until(&storage.join(&open.path)).await,
        None => None,
    };
    let [before, after]: [Option<&SegmentRow>; 2] = [before.as_ref(), after.as_ref()];
    let mut shown = spans(&rows, Around { before, after, written_until, now }, from, to);
    // The list that a day is read from does not have it, and a span needs it once.
    for span in shown.spans.iter_mut().filter(|span| span.video.is_empty()) {
        span.video = index.file(camera, span.first).await?.map(|row| row.video).unwrap_or_default();
    }
    Ok(shown)
}

/// How far a file that is being written goes: it was last touched with its last pictures.
async fn written_until(path: &Path) -> Option<Wall> {
    let modified = tokio::fs::metadata(path).await.ok()?.modified().ok()?;
    let ms = modified.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(ms).ok().map(Wall::from_millis)
}
