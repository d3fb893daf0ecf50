//! What playback asks of the index: the complete files of a range, each with its fragments.

use sqlx::Row;

use super::Index;
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::salvage::Fragment;
use crate::record::{SegmentRow, fragments};

impl Index {
    /// As [`Index::covering`], of the complete files alone: each with its fragments, which are none where
    /// the index has lost them.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn footage(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        from: Wall,
        to: Wall,
    ) -> Result<Vec<(SegmentRow, Vec<Fragment>)>, sqlx::Error> {
        let longest_ms = self.tallies.of(camera, stream).longest_ms;
        let rows = sqlx::query(
            "SELECT segments.*, fragments.list FROM
               (SELECT counter AS which FROM segments INDEXED BY segments_by_time
                WHERE camera = ? AND stream = ? AND is_dated IN (0, 1) AND start_ms < ? AND start_ms >= ?
                  AND start_ms + duration_ms > ? AND state != 'open')
             JOIN segments ON segments.counter = which
             LEFT JOIN fragments ON fragments.counter = which ORDER BY +which",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(to.as_millis())
        .bind(from.plus_millis(longest_ms.saturating_neg()).as_millis())
        .bind(from.as_millis())
        .try_map(|row: sqlx::sqlite::SqliteRow| {
            let list: Option<Vec<u8>> = row.try_get("list")?;
            Ok((super::read(row)?, list.and_then(|list| fragments::unpack(&list)).unwrap_or_default()))
        });
        rows.fetch_all(&self.readers()).await
    }

    /// One file of a stream, open or complete.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn file(&self, camera: &CameraId, counter: i64) -> Result<Option<SegmentRow>, sqlx::Error> {
        sqlx::query("SELECT * FROM segments WHERE counter = ? AND camera = ?")
            .bind(counter)
            .bind(camera.as_str())
            .try_map(super::read)
            .fetch_optional(&self.readers())
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::test_row;

    #[tokio::test]
    async fn the_files_of_a_range_come_with_their_fragments() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).await.unwrap();
        let fragment = |offset| Fragment {
            offset,
            bytes: 10,
            video_start: Some(0),
            video_duration: 45_000,
            frames: 5,
            keyframe: true,
            has_sound: false,
            is_lossy: false,
        };
        for n in 0..5 {
            let row = SegmentRow { counter: n + 1, ..test_row(n) };
            index.finish(&row, &[fragment(100), fragment(110)], None).await.unwrap();
        }
        let (from, to) = (Wall::from_millis(60_001), Wall::from_millis(180_000));
        let camera = &test_row(0).camera;
        let found = index.footage(camera, StreamKind::Main, from, to).await.unwrap();
        assert_eq!(found.iter().map(|(row, list)| (row.n, list.len())).collect::<Vec<_>>(), [(1, 2), (2, 2)]);
        assert_eq!(index.file(camera, 3).await.unwrap().map(|row| row.n), Some(2));
        assert_eq!(index.file(&CameraId::new("hall").unwrap(), 3).await.unwrap(), None);
    }
}
