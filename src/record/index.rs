//! The index of the archive: `index.sqlite`, one row a file. It can be rebuilt from the files.

mod keeping;

use std::path::Path;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool};

pub use keeping::Kept;

use super::GapReason;
use super::tally::Tallies;
use crate::database::{self, Durability};
use crate::model::{CameraId, StreamKind, Wall};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/index");

/// How complete a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentState {
    /// Being written, or left by a process that died.
    Open,
    /// Complete.
    Closed,
    /// Cut back to its last whole fragment after the process had died over it.
    Salvaged,
}

impl SegmentState {
    fn as_str(self) -> &'static str {
        match self {
            SegmentState::Open => "open",
            SegmentState::Closed => "closed",
            SegmentState::Salvaged => "salvaged",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [SegmentState::Open, SegmentState::Closed, SegmentState::Salvaged]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One recorded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRow {
    /// Its place in the archive's order.
    pub counter: i64,
    /// Which camera.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// The camera's connection.
    pub run: i64,
    /// The file's number in that connection.
    pub n: i64,
    /// Below the storage path.
    pub path: String,
    /// The wall clock at the first picture.
    pub start: Wall,
    /// That picture's media time, 1/90000 s since the connection's zero.
    pub media_start: i64,
    /// How long it lasts; 0 while open.
    pub duration_ms: i64,
    /// Its size; 0 while open.
    pub bytes: i64,
    /// Such as `h264 1920x1080`.
    pub video: String,
    /// Such as `aac 8000`; `None` without sound.
    pub sound: Option<String>,
    /// RTP packets lost in it.
    pub lost_packets: i64,
    /// How complete it is.
    pub state: SegmentState,
    /// Why there is nothing right before it.
    pub gap_before: Option<GapReason>,
    /// Whether the clock could be trusted when it was begun.
    pub is_dated: bool,
}

impl SegmentRow {
    /// The wall clock after the last picture.
    pub fn end(&self) -> Wall {
        self.start.plus_millis(self.duration_ms)
    }
}

/// The open index.
#[derive(Debug, Clone)]
pub struct Index {
    pool: SqlitePool,
    tallies: Tallies,
}

impl Index {
    /// Opens or makes the index below `storage`.
    ///
    /// # Errors
    /// If it cannot be opened or is damaged.
    pub async fn open(storage: &Path) -> Result<Self, sqlx::Error> {
        let pool =
            database::open(&storage.join("index.sqlite"), Durability::Rebuildable, &MIGRATIONS).await?;
        let index = Self { pool, tallies: Tallies::default() };
        index.count().await?;
        Ok(index)
    }

    /// Adds a file; gives its counter. `row.counter` is not looked at. A row of the same path, as an
    /// attempt that failed half-way leaves one, is used again.
    ///
    /// # Errors
    /// If the row cannot be written.
    pub async fn add(&self, row: &SegmentRow) -> Result<i64, sqlx::Error> {
        let counter = sqlx::query_scalar(
            "INSERT INTO segments (camera, stream, run, n, path, start_ms, media_start, duration_ms, bytes,
                video, sound, lost_packets, state, gap_before, is_dated)
             VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
             ON CONFLICT (path) DO UPDATE SET state = excluded.state RETURNING counter",
        )
        .bind(row.camera.as_str())
        .bind(row.stream.as_str())
        .bind(row.run)
        .bind(row.n)
        .bind(&row.path)
        .bind(row.start.as_millis())
        .bind(row.media_start)
        .bind(row.duration_ms)
        .bind(row.bytes)
        .bind(&row.video)
        .bind(&row.sound)
        .bind(row.lost_packets)
        .bind(row.state.as_str())
        .bind(row.gap_before.map(GapReason::as_str))
        .bind(row.is_dated)
        .fetch_one(&self.pool)
        .await?;
        if row.state != SegmentState::Open {
            self.tallies.came(row.camera.clone(), row.stream, row.bytes, row.duration_ms);
        }
        Ok(counter)
    }

    /// Marks a file as complete. `start` is when it began as well as it is known at its end, if that
    /// is better than at its beginning.
    ///
    /// # Errors
    /// If the row cannot be written.
    pub async fn finish(
        &self,
        counter: i64,
        state: SegmentState,
        start: Option<Wall>,
        duration_ms: i64,
        bytes: i64,
        lost_packets: i64,
    ) -> Result<(), sqlx::Error> {
        let finished = sqlx::query(
            "UPDATE segments SET state = ?, start_ms = coalesce(?, start_ms), duration_ms = ?, bytes = ?,
                lost_packets = ? WHERE counter = ? RETURNING camera, stream",
        )
        .bind(state.as_str())
        .bind(start.map(Wall::as_millis))
        .bind(duration_ms)
        .bind(bytes)
        .bind(lost_packets)
        .bind(counter)
        .fetch_optional(&self.pool)
        .await?;
        if let Some(row) = finished {
            let (camera, stream) = keeping::name_of(&row)?;
            self.tallies.came(camera, stream, bytes, duration_ms);
        }
        Ok(())
    }

    /// Forgets a file.
    ///
    /// # Errors
    /// If the row cannot be removed.
    pub async fn remove(&self, counter: i64) -> Result<(), sqlx::Error> {
        self.forget(&[counter]).await
    }

    /// All files in the archive's order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn all(&self) -> Result<Vec<SegmentRow>, sqlx::Error> {
        sqlx::query("SELECT * FROM segments ORDER BY counter").try_map(read).fetch_all(&self.pool).await
    }

    /// The files of one stream, open ones included, that may hold something of `[from, to)`, in the
    /// archive's order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn covering(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        from: Wall,
        to: Wall,
    ) -> Result<Vec<SegmentRow>, sqlx::Error> {
        // Only what began less than the longest file before `from` can reach into the range; without
        // that bound all rows before it would be read. Clock epochs may overlap: all are in it.
        let longest_ms = self.tallies.of(camera, stream).longest_ms;
        // `+counter` keeps SQLite from reading the whole stream just because it is in that order.
        let mut rows = sqlx::query(
            "SELECT * FROM segments WHERE camera = ? AND stream = ? AND is_dated IN (0, 1)
               AND start_ms < ? AND start_ms >= ? AND start_ms + duration_ms > ? AND state != 'open'
             ORDER BY +counter",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(to.as_millis())
        .bind(from.plus_millis(longest_ms.saturating_neg()).as_millis())
        .bind(from.as_millis())
        .try_map(read)
        .fetch_all(&self.pool)
        .await?;
        // How long an open file is, nobody knows yet.
        let open = sqlx::query(
            "SELECT * FROM segments WHERE camera = ? AND stream = ? AND state = 'open' AND start_ms < ?",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(to.as_millis())
        .try_map(read)
        .fetch_all(&self.pool)
        .await?;
        rows.extend(open);
        rows.sort_by_key(|row| row.counter);
        Ok(rows)
    }

    /// The newest file of one stream.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn newest(
        &self,
        camera: &CameraId,
        stream: StreamKind,
    ) -> Result<Option<SegmentRow>, sqlx::Error> {
        sqlx::query("SELECT * FROM segments WHERE camera = ? AND stream = ? ORDER BY counter DESC LIMIT 1")
            .bind(camera.as_str())
            .bind(stream.as_str())
            .try_map(read)
            .fetch_optional(&self.pool)
            .await
    }

    /// The newest complete file of one stream: what was recorded before this process, at its start.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn newest_complete(
        &self,
        camera: &CameraId,
        stream: StreamKind,
    ) -> Result<Option<SegmentRow>, sqlx::Error> {
        sqlx::query(
            "SELECT * FROM segments WHERE camera = ? AND stream = ? AND state != 'open'
             ORDER BY counter DESC LIMIT 1",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .try_map(read)
        .fetch_optional(&self.pool)
        .await
    }

    /// The highest run number of one stream, 0 if there is none.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn last_run(&self, camera: &CameraId, stream: StreamKind) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT coalesce(max(run), 0) FROM segments WHERE camera = ? AND stream = ?")
            .bind(camera.as_str())
            .bind(stream.as_str())
            .fetch_one(&self.pool)
            .await
    }

    /// Writes everything to the file and closes it.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn read(row: SqliteRow) -> Result<SegmentRow, sqlx::Error> {
    let odd = |what: &str| sqlx::Error::Decode(format!("index.sqlite: {what}").into());
    Ok(SegmentRow {
        counter: row.try_get("counter")?,
        camera: CameraId::new(row.try_get("camera")?).map_err(|e| odd(&e.to_string()))?,
        stream: StreamKind::parse(row.try_get("stream")?).ok_or_else(|| odd("unknown stream"))?,
        run: row.try_get("run")?,
        n: row.try_get("n")?,
        path: row.try_get("path")?,
        start: Wall::from_millis(row.try_get("start_ms")?),
        media_start: row.try_get("media_start")?,
        duration_ms: row.try_get("duration_ms")?,
        bytes: row.try_get("bytes")?,
        video: row.try_get("video")?,
        sound: row.try_get("sound")?,
        lost_packets: row.try_get("lost_packets")?,
        state: SegmentState::parse(row.try_get("state")?).ok_or_else(|| odd("unknown state"))?,
        gap_before: row.try_get::<Option<&str>, _>("gap_before")?.and_then(GapReason::parse),
        is_dated: row.try_get("is_dated")?,
    })
}
