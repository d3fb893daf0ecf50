//! What keeping asks of the index: what may go, in which order, and how much there is.
//!
//! Every question is answered from an index of the table and in batches, so that the one connection
//! that recorders share is never held for long.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Index, SegmentRow, SegmentState};
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::tally::Tally;

/// A file, as far as keeping needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its place in the archive's order.
    pub counter: i64,
    /// Which camera.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// The wall clock at the first picture.
    pub start: Wall,
    /// The wall clock after the last.
    pub end: Wall,
    /// Its size.
    pub bytes: u64,
    /// Whether the clock could be trusted when it was begun.
    pub is_dated: bool,
    /// Whether it is still being written.
    pub is_open: bool,
    /// Below the storage path.
    pub path: String,
}

const COLUMNS: &str = "counter, camera, stream, start_ms, duration_ms, bytes, is_dated, state, path";

impl Index {
    /// Counts what is there, once: from then on the sums are kept up.
    pub(in crate::record) async fn count(&self) -> Result<(), sqlx::Error> {
        let sums = sqlx::query(
            "SELECT camera, stream, count(*), sum(bytes), max(duration_ms) FROM segments GROUP BY camera, stream",
        )
        .try_map(|row: SqliteRow| {
            let tally = Tally { files: unsigned(row.try_get(2)?), bytes: unsigned(row.try_get(3)?), longest_ms: row.try_get(4)? };
            Ok((name_of(&row)?, tally))
        })
        .fetch_all(&self.readers())
        .await?;
        let mut streams: std::collections::HashMap<_, _> = sums.into_iter().collect();
        // What is still open counts when it is complete.
        let open = sqlx::query(
            "SELECT camera, stream, count(*) FROM segments WHERE state = 'open' GROUP BY camera, stream",
        )
        .try_map(|row: SqliteRow| Ok((name_of(&row)?, unsigned(row.try_get(2)?))))
        .fetch_all(&self.readers())
        .await?;
        for (name, count) in open {
            if let Some(tally) = streams.get_mut(&name) {
                tally.files = tally.files.saturating_sub(count);
            }
        }
        self.tallies.set(streams);
        Ok(())
    }

    /// What each stream takes, from memory.
    pub fn tallies(&self) -> Vec<((CameraId, StreamKind), Tally)> {
        self.tallies.all()
    }

    /// The lowest counter of the files that were entered since this was last asked.
    pub(in crate::record) fn take_lowest_entered(&self) -> Option<i64> {
        self.tallies.take_lowest()
    }

    /// At most `limit` complete files of a stream that began before `moment`, recorded while the
    /// clock was trusted, by their start; only those behind this start (in ms) and counter.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn dated_before(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        moment: Wall,
        behind: (i64, i64),
        limit: i64,
    ) -> Result<Vec<Kept>, sqlx::Error> {
        let text = format!(
            "SELECT {COLUMNS} FROM segments WHERE camera = ? AND stream = ? AND is_dated = 1 AND start_ms < ?
               AND (start_ms, counter) > (?, ?) AND state != 'open' ORDER BY start_ms, counter LIMIT ?"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(camera.as_str())
            .bind(stream.as_str())
            .bind(moment.as_millis())
            .bind(behind.0)
            .bind(behind.1)
            .bind(limit)
            .try_map(kept)
            .fetch_all(&self.readers())
            .await
    }

    /// At most `limit` complete files of a stream that were recorded while nobody vouched for the
    /// clock, with counters above `after` and below `before`, in the archive's order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn undated_between(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        after: i64,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Kept>, sqlx::Error> {
        let text = format!(
            "SELECT {COLUMNS} FROM segments WHERE camera = ? AND stream = ? AND is_dated = 0
               AND counter > ? AND counter < ? AND state != 'open' ORDER BY counter LIMIT ?"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(camera.as_str())
            .bind(stream.as_str())
            .bind(after)
            .bind(before)
            .bind(limit)
            .try_map(kept)
            .fetch_all(&self.readers())
            .await
    }

    /// Whether anything was recorded while nobody vouched for the clock.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn has_undated(&self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM segments WHERE is_dated = 0)")
            .fetch_one(&self.readers())
            .await
    }

    /// The highest counter of a stream's files that ended before `moment` by a trusted clock: of
    /// those that ended last, which are enough, because later questions see the ones between.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn last_dated_before(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        moment: Wall,
    ) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT max(counter) FROM (SELECT counter FROM segments WHERE camera = ? AND stream = ?
               AND is_dated = 1 AND start_ms < ?3 AND start_ms + duration_ms < ?3 ORDER BY start_ms DESC LIMIT 100)",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(moment.as_millis())
        .fetch_one(&self.readers())
        .await
    }

    /// At most `limit` files of all cameras behind `after`, in the archive's order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn in_order(&self, after: i64, limit: i64) -> Result<Vec<Kept>, sqlx::Error> {
        let text = format!("SELECT {COLUMNS} FROM segments WHERE counter > ? ORDER BY counter LIMIT ?");
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(after)
            .bind(limit)
            .try_map(kept)
            .fetch_all(&self.readers())
            .await
    }

    /// At most `limit` files of both streams of a camera behind `after`, in the archive's order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn in_order_of(
        &self,
        camera: &CameraId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Kept>, sqlx::Error> {
        let one = |stream: StreamKind| {
            format!(
                "SELECT * FROM (SELECT {COLUMNS} FROM segments WHERE camera = ?1 AND stream = '{stream}'
                   AND counter > ?2 ORDER BY counter LIMIT ?3)"
            )
        };
        let text =
            format!("{} UNION ALL {} ORDER BY counter LIMIT ?3", one(StreamKind::Main), one(StreamKind::Sub));
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(camera.as_str())
            .bind(after)
            .bind(limit)
            .try_map(kept)
            .fetch_all(&self.readers())
            .await
    }

    /// At most `limit` files of one stream behind `after`, in the archive's order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn in_order_of_stream(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Kept>, sqlx::Error> {
        let text = format!(
            "SELECT {COLUMNS} FROM segments WHERE camera = ? AND stream = ? AND counter > ? ORDER BY counter LIMIT ?"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(camera.as_str())
            .bind(stream.as_str())
            .bind(after)
            .bind(limit)
            .try_map(kept)
            .fetch_all(&self.readers())
            .await
    }

    /// Counter and bytes of the files of a stream that hold something of `[from, to)`.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn sizes_within(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        from: Wall,
        to: Wall,
    ) -> Result<Vec<(i64, u64)>, sqlx::Error> {
        let longest_ms = self.tallies.of(camera, stream).longest_ms;
        sqlx::query(
            "SELECT counter, bytes FROM segments WHERE camera = ? AND stream = ? AND is_dated IN (0, 1)
               AND start_ms < ? AND start_ms >= ? AND start_ms + duration_ms > ?",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(to.as_millis())
        .bind(from.plus_millis(longest_ms.saturating_neg()).as_millis())
        .bind(from.as_millis())
        .try_map(|row: SqliteRow| Ok((row.try_get(0)?, unsigned(row.try_get(1)?))))
        .fetch_all(&self.readers())
        .await
    }

    /// The bytes of the files of a stream that hold something of `[from, to)`.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn bytes_within(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        from: Wall,
        to: Wall,
    ) -> Result<u64, sqlx::Error> {
        let longest_ms = self.tallies.of(camera, stream).longest_ms;
        let sum: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(bytes), 0) FROM segments WHERE camera = ? AND stream = ?
               AND is_dated IN (0, 1) AND start_ms < ? AND start_ms >= ? AND start_ms + duration_ms > ?",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(to.as_millis())
        .bind(from.plus_millis(longest_ms.saturating_neg()).as_millis())
        .bind(from.as_millis())
        .fetch_one(&self.readers())
        .await?;
        Ok(unsigned(sum))
    }

    /// The samples of sound in the files of a stream that hold something of `[from, to)`, of one channel.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn samples_within(
        &self,
        (camera, stream): (&CameraId, StreamKind),
        from: Wall,
        to: Wall,
    ) -> Result<u64, sqlx::Error> {
        let longest_ms = self.tallies.of(camera, stream).longest_ms;
        let rows = sqlx::query(
            "SELECT sound, sum(duration_ms) FROM segments WHERE camera = ? AND stream = ? AND sound IS NOT NULL
               AND is_dated IN (0, 1) AND start_ms < ? AND start_ms >= ? AND start_ms + duration_ms > ?
             GROUP BY sound",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(to.as_millis())
        .bind(from.plus_millis(longest_ms.saturating_neg()).as_millis())
        .bind(from.as_millis())
        .fetch_all(&self.readers())
        .await?;
        let mut samples = 0u64;
        for row in rows {
            // Such as `aac 8000`.
            let (sound, ms): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
            let rate: u64 = sound.rsplit(' ').next().and_then(|rate| rate.parse().ok()).unwrap_or(48_000);
            samples = samples.saturating_add(unsigned(ms).saturating_mul(rate) / 1000);
        }
        Ok(samples)
    }

    /// Bytes and milliseconds recorded of a stream by files that began in `[from, to)`.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn recorded_within(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        from: Wall,
        to: Wall,
    ) -> Result<(u64, u64), sqlx::Error> {
        let row = sqlx::query(
            "SELECT coalesce(sum(bytes), 0), coalesce(sum(duration_ms), 0) FROM segments
             WHERE camera = ? AND stream = ? AND is_dated IN (0, 1) AND start_ms >= ? AND start_ms < ?",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(from.as_millis())
        .bind(to.as_millis())
        .fetch_one(&self.readers())
        .await?;
        Ok((unsigned(row.try_get(0)?), unsigned(row.try_get(1)?)))
    }

    /// The first file of a stream that begins at `moment` or later by the wall clock.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn first_from(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        moment: Wall,
    ) -> Result<Option<SegmentRow>, sqlx::Error> {
        self.beside(camera, stream, moment, ">=", "ASC").await
    }

    /// The last file of a stream that began before `moment` by the wall clock.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn last_before(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        moment: Wall,
    ) -> Result<Option<SegmentRow>, sqlx::Error> {
        self.beside(camera, stream, moment, "<", "DESC").await
    }

    async fn beside(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        moment: Wall,
        side: &'static str,
        order: &'static str,
    ) -> Result<Option<SegmentRow>, sqlx::Error> {
        // One question for each value of is_dated: each is a single step in the index.
        let one = |is_dated: u8| {
            format!(
                "SELECT * FROM (SELECT * FROM segments WHERE camera = ?1 AND stream = ?2
                   AND is_dated = {is_dated} AND start_ms {side} ?3 ORDER BY start_ms {order} LIMIT 1)"
            )
        };
        let text = format!("{} UNION ALL {} ORDER BY start_ms {order} LIMIT 1", one(0), one(1));
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(camera.as_str())
            .bind(stream.as_str())
            .bind(moment.as_millis())
            .try_map(super::read)
            .fetch_optional(&self.readers())
            .await
    }
}

pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn odd(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("index.sqlite: {what}").into())
}

/// The stream of a row, from its columns `camera` and `stream`.
pub(super) fn name_of(row: &SqliteRow) -> Result<(CameraId, StreamKind), sqlx::Error> {
    let camera = CameraId::new(row.try_get("camera")?).map_err(|e| odd(&e.to_string()))?;
    let stream = StreamKind::parse(row.try_get("stream")?).ok_or_else(|| odd("unknown stream"))?;
    Ok((camera, stream))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn kept(row: SqliteRow) -> Result<Kept, sqlx::Error> {
    let (camera, stream) = name_of(&row)?;
    let start = Wall::from_millis(row.try_get("start_ms")?);
    Ok(Kept {
        counter: row.try_get("counter")?,
        camera,
        stream,
        start,
        end: start.plus_millis(row.try_get("duration_ms")?),
        bytes: unsigned(row.try_get("bytes")?),
        is_dated: row.try_get("is_dated")?,
        is_open: row.try_get::<&str, _>("state")? == SegmentState::Open.as_str(),
        path: row.try_get("path")?,
    })
}
