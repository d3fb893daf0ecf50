//! Files that go leave a trace until it is told elsewhere.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::keeping::{name_of, unsigned};
use super::{Index, SegmentState};
use crate::database::WRITING;
use crate::model::Wall;
use crate::record::{DeleteReason, GoneBatch, GoneFile, WentFor};

/// So many files are told together.
const MOST: i64 = 20_000;

impl Index {
    /// Writes down which files are about to be deleted, and why. Whatever of them is missing later went for that reason.
    ///
    /// # Errors
    /// If it cannot be written, as on a full disk: then a power cut between a file and its row leaves one that looks taken.
    pub async fn doom(&self, files: &[(i64, DeleteReason)]) -> Result<(), sqlx::Error> {
        let list: Vec<(i64, &str)> =
            files.iter().map(|(counter, reason)| (*counter, reason.as_str())).collect();
        let list = serde_json::to_string(&list).map_err(|e| sqlx::Error::Encode(e.into()))?;
        sqlx::query(
            "INSERT INTO doomed (counter, reason) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true
             ON CONFLICT DO UPDATE SET reason = excluded.reason",
        )
        .bind(list)
        .execute(&self.writer())
        .await?;
        Ok(())
    }

    /// Nothing is about to be deleted any more: what of it is still here stays.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn spare(&self) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM doomed").execute(&self.writer()).await?;
        Ok(())
    }

    /// Forgets files that went at `at`, and remembers that they did, in one.
    ///
    /// # Errors
    /// If the rows cannot be removed; then all are there.
    pub async fn forget(&self, went: &[(i64, WentFor)], at: Wall) -> Result<(), sqlx::Error> {
        let list: Vec<(i64, &str)> =
            went.iter().map(|(counter, reason)| (*counter, reason.as_str())).collect();
        let list = serde_json::to_string(&list).map_err(|e| sqlx::Error::Encode(e.into()))?;
        let mut both = self.writer().begin_with(WRITING).await?;
        sqlx::query(
            "INSERT INTO gone (counter, camera, stream, path, start_ms, duration_ms, bytes, reason, at_ms)
             SELECT segments.counter, camera, stream, segments.path, start_ms, duration_ms, bytes,
                    iif(value ->> 1 = ?3, coalesce(doomed.reason, ?3), value ->> 1), ?2
             FROM json_each(?1) JOIN segments ON segments.counter = value ->> 0
                  LEFT JOIN doomed ON doomed.counter = segments.counter",
        )
        .bind(&list)
        .bind(at.as_millis())
        .bind(WentFor::Missing.as_str())
        .execute(&mut *both)
        .await?;
        sqlx::query("DELETE FROM doomed WHERE counter IN (SELECT value ->> 0 FROM json_each(?))")
            .bind(&list)
            .execute(&mut *both)
            .await?;
        let gone = sqlx::query(
            "DELETE FROM segments WHERE counter IN (SELECT value ->> 0 FROM json_each(?))
             RETURNING camera, stream, bytes, state",
        )
        .bind(&list)
        .try_map(|row: SqliteRow| {
            let is_open = row.try_get::<&str, _>(3)? == SegmentState::Open.as_str();
            Ok((name_of(&row)?, row.try_get::<i64, _>(2)?, is_open))
        })
        .fetch_all(&mut *both)
        .await?;
        both.commit().await?;
        for ((camera, stream), bytes, is_open) in gone {
            if !is_open {
                self.tallies.went(camera, stream, bytes);
            }
        }
        Ok(())
    }

    /// What is to be told: the batch that was begun, or what there is under this new name.
    ///
    /// # Errors
    /// If the index cannot be read or written.
    pub async fn gone(&self, name: &str) -> Result<Option<GoneBatch>, sqlx::Error> {
        let mut begun: Option<String> = self.batch().await?;
        if begun.is_none() {
            sqlx::query(
                "UPDATE gone SET batch = ? WHERE rowid IN (SELECT rowid FROM gone ORDER BY rowid LIMIT ?)",
            )
            .bind(name)
            .bind(MOST)
            .execute(&self.writer())
            .await?;
            begun = self.batch().await?;
        }
        let Some(name) = begun else { return Ok(None) };
        let files = sqlx::query(
            "SELECT camera, stream, path, start_ms, duration_ms, bytes, reason FROM gone WHERE batch = ?
             ORDER BY counter",
        )
        .bind(&name)
        .try_map(|row: SqliteRow| {
            let (camera, stream) = name_of(&row)?;
            let from = Wall::from_millis(row.try_get(3)?);
            Ok(GoneFile {
                camera,
                stream,
                path: row.try_get(2)?,
                from,
                to: from.plus_millis(row.try_get(4)?),
                bytes: unsigned(row.try_get(5)?),
                reason: row.try_get(6)?,
            })
        })
        .fetch_all(&self.writer())
        .await?;
        Ok(Some(GoneBatch { name, files }))
    }

    async fn batch(&self) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT batch FROM gone WHERE batch IS NOT NULL LIMIT 1")
            .fetch_optional(&self.writer())
            .await
    }

    /// This batch is on record elsewhere.
    ///
    /// # Errors
    /// If it cannot be removed; then it is told again.
    pub async fn told_gone(&self, name: &str) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM gone WHERE batch = ?").bind(name).execute(&self.writer()).await?;
        Ok(())
    }
}
