//! What the watches over the box ask of the index.

use super::{Index, SegmentRow, read};
use crate::model::{CameraId, StreamKind, Wall};

/// Cameras record side by side: among so many of the newest files is the one that ends last.
const NEWEST: i64 = 1000;

impl Index {
    /// The end of the newest complete file that was recorded while the clock was believed.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn newest_dated_end(&self) -> Result<Option<Wall>, sqlx::Error> {
        let end: Option<i64> = sqlx::query_scalar(
            "SELECT max(start_ms + duration_ms) FROM
               (SELECT start_ms, duration_ms FROM segments WHERE state != 'open' AND is_dated
                ORDER BY counter DESC LIMIT ?)",
        )
        .bind(NEWEST)
        .fetch_one(&self.readers())
        .await?;
        Ok(end.map(Wall::from_millis))
    }

    /// The end of the newest complete file, whatever the clock was.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn newest_end(&self) -> Result<Option<Wall>, sqlx::Error> {
        let end: Option<i64> = sqlx::query_scalar(
            "SELECT start_ms + duration_ms FROM segments WHERE state != 'open' ORDER BY counter DESC LIMIT 1",
        )
        .fetch_optional(&self.readers())
        .await?;
        Ok(end.map(Wall::from_millis))
    }

    /// At most `limit` complete files of one stream behind `counter`, in the archive's order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn complete_after(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        counter: i64,
        limit: i64,
    ) -> Result<Vec<SegmentRow>, sqlx::Error> {
        sqlx::query(
            "SELECT * FROM segments WHERE counter > ? AND camera = ? AND stream = ? AND state != 'open'
             ORDER BY counter LIMIT ?",
        )
        .bind(counter)
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(limit)
        .try_map(read)
        .fetch_all(&self.readers())
        .await
    }
}
