//! The index of the archive: `index.sqlite`, one row a file. It can be rebuilt from the files.
//!
//! A row is durable before its file is made, and says `closed` only after the file was synced: so a
//! power cut leaves no file unknown and no row that promises more than the disk has. A database
//! that turns out to be damaged is set aside while the service runs, and a new one takes its place
//! ([`super::rebuild`]).

mod footage;

mod gone;

mod house;

mod keeping;

mod shown;

mod unsealed;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

pub use keeping::Kept;

use super::row::{Hole, TimeFrom};
use super::salvage::Fragment;
use super::tally::Tallies;
use super::{GapReason, SegmentRow, SegmentState, Sha256Bytes, fragments};
use crate::database;
use crate::model::{CameraId, StreamKind, Wall};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/index");

/// The file's name below the storage path.
pub const FILE_NAME: &str = "index.sqlite";

const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// The open index. Clones share it.
#[derive(Debug, Clone)]
pub struct Index {
    storage: Arc<Path>,
    pools: Arc<RwLock<Pools>>,
    tallies: Tallies,
}

#[derive(Debug, Clone)]
struct Pools {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Pools {
    async fn open(storage: &Path) -> Result<Self, sqlx::Error> {
        let path = storage.join(FILE_NAME);
        let writer = database::open(&path, &MIGRATIONS).await?;
        match database::open_readers(&path).await {
            Ok(readers) => Ok(Self { writer, readers }),
            Err(e) => {
                writer.close().await;
                Err(e)
            }
        }
    }

    /// A question that is still being answered, as whether a large file is whole, is not waited for.
    async fn close(&self) {
        // The readers first: the last connection to close takes the log into the file.
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.readers.close()).await;
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.writer.close()).await;
    }
}

impl Index {
    /// Opens or makes the index below `storage`.
    ///
    /// # Errors
    /// If it cannot be opened or is damaged ([`database::is_damaged`]).
    pub async fn open(storage: &Path) -> Result<Self, sqlx::Error> {
        Self::over(storage, Pools::open(storage).await?).await
    }

    /// Opens the index below `storage` for reading alone, beside whoever writes it.
    ///
    /// # Errors
    /// If there is none or it cannot be read.
    pub async fn open_beside(storage: &Path) -> Result<Self, sqlx::Error> {
        let readers = database::open_readers(&storage.join(FILE_NAME)).await?;
        Self::over(storage, Pools { writer: readers.clone(), readers }).await
    }

    async fn over(storage: &Path, pools: Pools) -> Result<Self, sqlx::Error> {
        let (pools, tallies) = (Arc::new(RwLock::new(pools)), Tallies::default());
        let index = Self { storage: storage.into(), pools, tallies };
        index.count().await?;
        Ok(index)
    }

    /// The one connection that writes.
    pub(super) fn writer(&self) -> SqlitePool {
        self.pools.read().unwrap_or_else(PoisonError::into_inner).writer.clone()
    }

    /// Connections that only read: a long question does not make a recorder wait.
    pub(super) fn readers(&self) -> SqlitePool {
        self.pools.read().unwrap_or_else(PoisonError::into_inner).readers.clone()
    }

    /// Whether every page of the database reads as it should; takes seconds where it is large.
    ///
    /// # Errors
    /// If it cannot be asked for another reason than damage.
    pub async fn is_whole(&self) -> Result<bool, sqlx::Error> {
        match sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)").fetch_one(&self.readers()).await {
            Ok(answer) => Ok(answer == "ok"),
            // Closed pools are what an attempt to begin again has left that failed half-way.
            Err(sqlx::Error::PoolClosed) => Ok(false),
            Err(e) if database::is_damaged(&e) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Reads what the start will ask for: damage there is found before anybody relies on it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) async fn probe(&self) -> Result<(), sqlx::Error> {
        self.last_clock_epoch().await?;
        self.open_rows().await?;
        self.newest_end().await?;
        self.newest_dated_end().await?;
        Ok(())
    }

    /// Sets the database aside and begins an empty one, whose next counter is above `counter`. What
    /// is asked meanwhile fails, and is asked again by whoever needs it.
    ///
    /// # Errors
    /// If the file cannot be renamed or the new one not be made.
    pub(super) async fn begin_again(&self, counter: i64, now: Wall) -> anyhow::Result<()> {
        let old = self.pools.read().unwrap_or_else(PoisonError::into_inner).clone();
        old.close().await;
        set_aside(&self.storage, now)?;
        let new = Pools::open(&self.storage).await?;
        // Before anybody can be given a counter of it.
        count_from(&new, counter).await?;
        *self.pools.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(self.count().await?)
    }

    /// Counters of an empty index begin above `counter`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) async fn count_from(&self, counter: i64) -> Result<(), sqlx::Error> {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner).clone();
        count_from(&pools, counter).await
    }

    /// Enters a file that is being recorded, unless it has a row or another has its counter.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) async fn enter_open(&self, row: &SegmentRow) -> Result<(), sqlx::Error> {
        put(&mut *self.writer().acquire().await?, row, Some(row.counter)).await?;
        Ok(())
    }

    /// Adds a file; gives its counter. `row.counter` is not looked at. A row of the same path, as an
    /// attempt that failed half-way leaves one, is used again.
    ///
    /// # Errors
    /// If the row cannot be written.
    pub async fn add(&self, row: &SegmentRow) -> Result<i64, sqlx::Error> {
        let counter = put(&mut *self.writer().acquire().await?, row, None).await?;
        let counter = counter.ok_or(sqlx::Error::RowNotFound)?;
        self.tally(counter, row);
        Ok(counter)
    }

    /// Enters a complete file under its own counter, whether or not there is a row of it, with its
    /// fragments and its digest, if that is known. Where another file has that counter it gets a new one: no file takes another's row.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn finish(
        &self,
        row: &SegmentRow,
        list: &[Fragment],
        sha256: Option<Sha256Bytes>,
    ) -> Result<(), sqlx::Error> {
        let mut both = self.writer().begin().await?;
        // A file that was complete before and is entered again counts once.
        let before: Option<i64> = sqlx::query_scalar(
            "SELECT bytes FROM segments WHERE (counter = ? OR path = ?) AND state != 'open'",
        )
        .bind(row.counter)
        .bind(&row.path)
        .fetch_optional(&mut *both)
        .await?;
        let own = Some(row.counter).filter(|counter| *counter > 0);
        let counter = match put(&mut both, row, own).await? {
            Some(counter) => counter,
            None => put(&mut both, row, None).await?.ok_or(sqlx::Error::RowNotFound)?,
        };
        sqlx::query("INSERT OR REPLACE INTO fragments (counter, list) VALUES (?, ?)")
            .bind(counter)
            .bind(fragments::pack(list))
            .execute(&mut *both)
            .await?;
        unsealed::remember(&mut both, counter, sha256).await?;
        both.commit().await?;
        if let Some(bytes) = before {
            self.tallies.went(row.camera.clone(), row.stream, bytes);
        }
        self.tally(counter, row);
        Ok(())
    }

    /// What is complete counts, once.
    fn tally(&self, counter: i64, row: &SegmentRow) {
        if row.state != SegmentState::Open {
            self.tallies.came(row.camera.clone(), row.stream, row.bytes, row.duration_ms);
            self.tallies.came_at(counter);
        }
    }

    /// Takes back the row of a file that never held a picture.
    ///
    /// # Errors
    /// If the row cannot be removed.
    pub async fn remove(&self, counter: i64) -> Result<(), sqlx::Error> {
        let row =
            sqlx::query("DELETE FROM segments WHERE counter = ? RETURNING camera, stream, bytes, state")
                .bind(counter)
                .fetch_optional(&self.writer())
                .await?;
        if let Some(row) = row
            && row.try_get::<&str, _>(3)? != SegmentState::Open.as_str()
        {
            let (camera, stream) = keeping::name_of(&row)?;
            self.tallies.went(camera, stream, row.try_get(2)?);
        }
        Ok(())
    }

    /// Where the whole fragments of a complete file are.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn fragments(&self, counter: i64) -> Result<Option<Vec<Fragment>>, sqlx::Error> {
        let list: Option<Vec<u8>> = sqlx::query_scalar("SELECT list FROM fragments WHERE counter = ?")
            .bind(counter)
            .fetch_optional(&self.readers())
            .await?;
        Ok(list.and_then(|list| fragments::unpack(&list)))
    }

    /// All files in the archive's order.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn all(&self) -> Result<Vec<SegmentRow>, sqlx::Error> {
        sqlx::query("SELECT * FROM segments ORDER BY counter").try_map(read).fetch_all(&self.readers()).await
    }

    /// The files that are being written, or that a process that died was writing.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn open_rows(&self) -> Result<Vec<SegmentRow>, sqlx::Error> {
        sqlx::query("SELECT * FROM segments WHERE state = 'open' ORDER BY counter")
            .try_map(read)
            .fetch_all(&self.readers())
            .await
    }

    /// The counter and state of every file below `folder` (such as `video/gate/main/2026-11-23`), by
    /// path.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn in_folder(&self, folder: &str) -> Result<Vec<(String, i64, SegmentState)>, sqlx::Error> {
        // '0' is the character after '/': all paths that begin with the folder lie between.
        let rows = sqlx::query("SELECT path, counter, state FROM segments WHERE path > ? AND path < ?")
            .bind(format!("{folder}/"))
            .bind(format!("{folder}0"))
            .fetch_all(&self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let state = SegmentState::parse(row.try_get(2)?).ok_or_else(|| odd("unknown state"))?;
                Ok((row.try_get(0)?, row.try_get(1)?, state))
            })
            .collect()
    }

    /// Every folder that the index knows files of, below the storage path.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub(super) async fn folders(&self) -> Result<Vec<String>, sqlx::Error> {
        let (mut folders, mut behind) = (Vec::new(), String::new());
        // From the first path of each folder to the first behind the folder: a step each, not a file.
        while let Some(path) =
            sqlx::query_scalar::<_, String>("SELECT path FROM segments WHERE path >= ? ORDER BY path LIMIT 1")
                .bind(&behind)
                .fetch_optional(&self.readers())
                .await?
        {
            let folder = path.rsplit_once('/').map_or(path.as_str(), |(folder, _)| folder).to_owned();
            behind = format!("{folder}0");
            folders.push(folder);
        }
        Ok(folders)
    }

    /// The row of a file.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub(super) async fn of_path(&self, path: &str) -> Result<Option<SegmentRow>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM segments WHERE path = ?").bind(path).try_map(read);
        row.fetch_optional(&self.readers()).await
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
        .fetch_all(&self.readers())
        .await?;
        // How long an open file is, nobody knows yet.
        let open = sqlx::query(
            "SELECT * FROM segments WHERE camera = ? AND stream = ? AND state = 'open' AND start_ms < ?",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .bind(to.as_millis())
        .try_map(read)
        .fetch_all(&self.readers())
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
        sqlx::query(
            "SELECT * FROM segments WHERE camera = ? AND stream = ? ORDER BY run DESC, n DESC LIMIT 1",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .try_map(read)
        .fetch_optional(&self.readers())
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
             ORDER BY run DESC, n DESC LIMIT 1",
        )
        .bind(camera.as_str())
        .bind(stream.as_str())
        .try_map(read)
        .fetch_optional(&self.readers())
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
            .fetch_one(&self.readers())
            .await
    }

    /// The clock epoch of the newest file, 0 if there is none.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn last_clock_epoch(&self) -> Result<i64, sqlx::Error> {
        let newest = sqlx::query_scalar("SELECT clock_epoch FROM segments ORDER BY counter DESC LIMIT 1");
        Ok(newest.fetch_optional(&self.readers()).await?.unwrap_or(0))
    }

    /// Writes everything to the file and closes it.
    pub async fn close(&self) {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner).clone();
        pools.close().await;
    }
}

/// Counters of an empty index begin above `counter`.
async fn count_from(pools: &Pools, counter: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ('segments', ?)")
        .bind(counter)
        .execute(&pools.writer)
        .await?;
    Ok(())
}

/// Writes a row, under its own counter if there is one; gives its counter. `None` if another file has
/// that counter, or if a file that is complete would be open again: then nothing is changed.
async fn put(
    connection: &mut SqliteConnection,
    row: &SegmentRow,
    counter: Option<i64>,
) -> Result<Option<i64>, sqlx::Error> {
    let holes = if row.holes.is_empty() { None } else { serde_json::to_string(&row.holes).ok() };
    sqlx::query_scalar(
        "INSERT INTO segments (counter, camera, stream, run, n, path, start_ms, clock_epoch, time_from,
            media_start, duration_ms, bytes, video, sound, lost_packets, state, gap_before, holes, is_dated)
         VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
         ON CONFLICT DO UPDATE SET start_ms = excluded.start_ms, time_from = excluded.time_from,
            duration_ms = excluded.duration_ms, bytes = excluded.bytes, sound = excluded.sound,
            lost_packets = excluded.lost_packets, state = excluded.state, holes = excluded.holes
            WHERE path = excluded.path AND (state = 'open' OR excluded.state != 'open')
         RETURNING counter",
    )
    .bind(counter)
    .bind(row.camera.as_str())
    .bind(row.stream.as_str())
    .bind(row.run)
    .bind(row.n)
    .bind(&row.path)
    .bind(row.start.as_millis())
    .bind(row.clock_epoch)
    .bind(row.time_from.as_str())
    .bind(row.media_start)
    .bind(row.duration_ms)
    .bind(row.bytes)
    .bind(&row.video)
    .bind(&row.sound)
    .bind(row.lost_packets)
    .bind(row.state.as_str())
    .bind(row.gap_before.map(GapReason::as_str))
    .bind(holes)
    .bind(row.is_dated)
    .fetch_optional(connection)
    .await
}

/// Gives a damaged database another name, so that a new one can take its place; somebody may want
/// to look at it. With it goes its log, without which it is no longer what it was.
///
/// # Errors
/// As the file system says, with the path in the message.
#[expect(clippy::disallowed_methods, reason = "nothing is made here: a file that nobody needs steps aside")]
pub(super) fn set_aside(storage: &Path, now: Wall) -> io::Result<PathBuf> {
    let stamp = now.timestamp().strftime("%Y%m%dT%H%M%SZ");
    let aside = |ending: &str| storage.join(format!("index.damaged-{stamp}.sqlite{ending}"));
    for ending in ["", "-wal", "-shm"] {
        let path = storage.join(format!("{FILE_NAME}{ending}"));
        match std::fs::rename(&path, aside(ending)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(crate::disk::naming(&path, e)),
            _ => {}
        }
    }
    Ok(aside(""))
}

fn odd(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("index.sqlite: {what}").into())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
pub(super) fn read(row: SqliteRow) -> Result<SegmentRow, sqlx::Error> {
    let holes: Option<&str> = row.try_get("holes")?;
    let holes: Option<Vec<Hole>> = holes.and_then(|json| serde_json::from_str(json).ok());
    Ok(SegmentRow {
        counter: row.try_get("counter")?,
        camera: CameraId::new(row.try_get("camera")?).map_err(|e| odd(&e.to_string()))?,
        stream: StreamKind::parse(row.try_get("stream")?).ok_or_else(|| odd("unknown stream"))?,
        run: row.try_get("run")?,
        n: row.try_get("n")?,
        path: row.try_get("path")?,
        start: Wall::from_millis(row.try_get("start_ms")?),
        clock_epoch: row.try_get("clock_epoch")?,
        time_from: TimeFrom::parse(row.try_get("time_from")?).unwrap_or(TimeFrom::Arrival),
        media_start: row.try_get("media_start")?,
        duration_ms: row.try_get("duration_ms")?,
        bytes: row.try_get("bytes")?,
        video: row.try_get("video")?,
        sound: row.try_get("sound")?,
        lost_packets: row.try_get("lost_packets")?,
        state: SegmentState::parse(row.try_get("state")?).ok_or_else(|| odd("unknown state"))?,
        gap_before: row.try_get::<Option<&str>, _>("gap_before")?.and_then(GapReason::parse),
        holes: holes.unwrap_or_default(),
        is_dated: row.try_get("is_dated")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::row::test_row;

    #[tokio::test]
    async fn what_is_entered_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).await.unwrap();
        let mut row = test_row(1);
        row.counter = index.add(&row).await.unwrap();
        row.holes = vec![Hole(1000, 2500, "packets-lost".into())];
        row.time_from = TimeFrom::Camera;
        index.finish(&row, &[], None).await.unwrap();
        assert_eq!(index.all().await.unwrap(), [row.clone()]);
        assert_eq!(index.fragments(row.counter).await.unwrap(), Some(vec![]));
    }

    #[tokio::test]
    async fn an_index_that_begins_again_counts_on_and_takes_rows_under_their_old_counters() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).await.unwrap();
        for n in 0..5 {
            index.add(&test_row(n)).await.unwrap();
        }
        index.begin_again(5, Wall::from_millis(0)).await.unwrap();
        assert_eq!(index.add(&test_row(6)).await.unwrap(), 6);
        let old = SegmentRow { counter: 3, ..test_row(3) };
        index.finish(&old, &[], None).await.unwrap();
        let counters: Vec<_> = index.all().await.unwrap().iter().map(|row| row.counter).collect();
        assert_eq!(counters, [3, 6]);
        assert!(folder.path().join("index.damaged-19700101T000000Z.sqlite").exists());
    }

    #[tokio::test]
    async fn no_file_takes_the_row_of_another_nor_opens_a_complete_one() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).await.unwrap();
        let first = SegmentRow { counter: 7, ..test_row(1) };
        index.finish(&first, &[], None).await.unwrap();
        // Another file that says it has the same counter.
        index.finish(&SegmentRow { counter: 7, ..test_row(2) }, &[], None).await.unwrap();
        let rows = index.all().await.unwrap();
        assert_eq!((rows.len(), &rows[0]), (2, &first));
        assert_eq!((rows[1].n, rows[1].counter), (2, 8));
        // A late word of one that was being recorded.
        index.enter_open(&SegmentRow { state: SegmentState::Open, ..first.clone() }).await.unwrap();
        assert_eq!(index.all().await.unwrap()[0], first);
    }

    #[tokio::test]
    async fn only_the_files_of_a_folder_are_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).await.unwrap();
        for path in [
            "video/a/main/2026-01-01/x.mp4",
            "video/a/main/2026-01-010/x.mp4",
            "video/a/main/2026-01-02/x.mp4",
        ] {
            index.add(&SegmentRow { path: path.into(), ..test_row(1) }).await.unwrap();
        }
        let found = index.in_folder("video/a/main/2026-01-01").await.unwrap();
        assert_eq!(
            found.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>(),
            ["video/a/main/2026-01-01/x.mp4"]
        );
    }
}
