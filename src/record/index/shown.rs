//! What a timeline asks of the index: a day of one stream, answered from the index by time alone.
//!
//! One row comes back, a JSON array of all files: what costs is not to find a thousand files but to
//! hand over a thousand rows one by one.

use sqlx::Row;

use super::{Index, SegmentRow};
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::row::TimeFrom;
use crate::record::{GapReason, SegmentState};

/// counter, start_ms, duration_ms, run, n, clock_epoch, media_start, lost_packets, sound, gap_before,
/// holes, state.
type Shown = (i64, i64, i64, i64, i64, i64, i64, i64, Option<String>, Option<String>, Option<String>, String);

impl Index {
    /// As [`Index::covering`], of the complete files: of each what a timeline shows, so without path,
    /// picture format, size and what its time follows.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn shown(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        from: Wall,
        to: Wall,
    ) -> Result<Vec<SegmentRow>, sqlx::Error> {
        let longest_ms = self.tallies.of(camera, stream).longest_ms;
        let all = sqlx::query(
            "SELECT json_group_array(json_array(counter, start_ms, duration_ms, run, n, clock_epoch,
                media_start, lost_packets, sound, gap_before, holes, state)) FROM
               (SELECT counter, start_ms, duration_ms, run, n, clock_epoch, media_start, lost_packets, sound,
                    gap_before, holes, state
                FROM segments INDEXED BY segments_by_time
                WHERE camera = ? AND stream = ? AND is_dated IN (0, 1) AND start_ms < ? AND start_ms >= ?
                  AND start_ms + duration_ms > ? AND state != 'open' ORDER BY +counter)",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(to.as_millis())
        .bind(from.plus_millis(longest_ms.saturating_neg()).as_millis())
        .bind(from.as_millis())
        .fetch_one(&self.readers())
        .await?;
        let files: Vec<Shown> = serde_json::from_str(all.try_get(0)?)
            .map_err(|e| super::odd(&format!("a file that cannot be shown: {e}")))?;
        Ok(files.into_iter().map(|file| row(camera, stream, file)).collect())
    }

    /// The files of one stream that are being written, with all that is known of them.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn open_of(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        before: Wall,
    ) -> Result<Vec<SegmentRow>, sqlx::Error> {
        sqlx::query(
            "SELECT * FROM segments WHERE camera = ? AND stream = ? AND state = 'open' AND start_ms < ?
             ORDER BY counter",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(before.as_millis())
        .try_map(super::read)
        .fetch_all(&self.readers())
        .await
    }
}

fn row(camera: &CameraId, stream: StreamKind, file: Shown) -> SegmentRow {
    let (
        counter,
        start_ms,
        duration_ms,
        run,
        n,
        clock_epoch,
        media_start,
        lost_packets,
        sound,
        gap,
        holes,
        state,
    ) = file;
    SegmentRow {
        counter,
        camera: camera.clone(),
        stream,
        run,
        n,
        path: String::new(),
        start: Wall::from_millis(start_ms),
        clock_epoch,
        time_from: TimeFrom::Arrival,
        media_start,
        duration_ms,
        bytes: 0,
        video: String::new(),
        sound,
        lost_packets,
        state: SegmentState::parse(&state).unwrap_or(SegmentState::Closed),
        gap_before: gap.as_deref().and_then(GapReason::parse),
        holes: holes.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        is_dated: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Hole, test_row};

    #[tokio::test]
    async fn what_a_timeline_is_shown_is_what_the_index_holds() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).await.unwrap();
        let mut entered = Vec::new();
        for n in 0..20 {
            let mut row = SegmentRow { is_dated: n % 2 == 0, lost_packets: n, ..test_row(n) };
            if n == 7 {
                row.holes = vec![Hole(1, 2000, "packets-lost".into())];
                (row.sound, row.gap_before) = (Some("aac 8000".into()), Some(GapReason::CameraAway));
            }
            row.counter = index.add(&row).await.unwrap();
            entered.push(row);
        }
        let (from, to) = (Wall::from_millis(5 * 60_000 + 1), Wall::from_millis(12 * 60_000));
        let shown = index.shown(&test_row(0).camera, StreamKind::Main, from, to).await.unwrap();
        let expected = entered.drain(5..12).map(|row| SegmentRow {
            path: String::new(),
            video: String::new(),
            bytes: 0,
            is_dated: false,
            ..row
        });
        assert_eq!(shown, expected.collect::<Vec<_>>());
        assert_eq!(index.open_of(&test_row(0).camera, StreamKind::Main, to).await.unwrap(), []);
    }
}
