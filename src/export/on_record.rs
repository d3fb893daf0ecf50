//! What was exported, by whom and why: rows of the centre's database, which nothing deletes. What happens to an export
//! and its entry in the audit log are one transaction.

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use utoipa::ToSchema;

use super::{Order, Wishes};
use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::model::{CameraId, StreamKind, Wall};
use crate::people::{Act, AuditLog};

/// How an export stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExportState {
    /// Others are made before it.
    Waiting,
    /// It is being made.
    Running,
    /// All of it is on the disk.
    Whole,
    /// There is none, and why.
    Failed,
    /// It was there, and was removed.
    Deleted,
}

impl ExportState {
    /// The word used in storage and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            ExportState::Waiting => "waiting",
            ExportState::Running => "running",
            ExportState::Whole => "whole",
            ExportState::Failed => "failed",
            ExportState::Deleted => "deleted",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Waiting, Self::Running, Self::Whole, Self::Failed, Self::Deleted];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// An export as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Its id.
    pub id: String,
    /// The cameras.
    pub cameras: Vec<CameraId>,
    /// Which of their streams.
    pub stream: StreamKind,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// What goes into it beside the films.
    pub wishes: Wishes,
    /// When it was asked for.
    pub begun_at: Wall,
    /// When it was whole; none if it never was.
    pub finished_at: Option<Wall>,
    /// How it stands.
    pub state: ExportState,
    /// Its bytes, once it is whole.
    pub bytes: u64,
    /// Its files, likewise.
    pub files: u64,
    /// Why there is none.
    pub problem: Option<String>,
    /// When its package is removed by itself.
    pub gone_at: Option<Wall>,
}

/// What a package has become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The SHA-256 of its manifest.
    pub manifest: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its files.
    pub files: u64,
    /// When it is to be removed.
    pub gone_at: Option<Wall>,
}

impl CentreDb {
    /// Puts on record that an export begins, and who does it.
    ///
    /// # Errors
    /// If it cannot be written; then nothing may be exported.
    pub async fn export_begins(
        &self,
        id: &str,
        order: &Order,
        act: Act<'_>,
        now: Wall,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        add(&mut transaction, id, order, ExportState::Running, now).await?;
        AuditLog::add_in(&mut transaction, act, now).await?;
        transaction.commit().await
    }

    /// Puts on record that somebody asks for an export that is to be kept here, unless `most` wait already; gives
    /// whether it does.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn export_is_asked(
        &self,
        id: &str,
        order: &Order,
        most: i64,
        act: Act<'_>,
        now: Wall,
    ) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM exports WHERE state = 'waiting'")
            .fetch_one(&mut *transaction)
            .await?;
        if waiting >= most {
            return Ok(false);
        }
        add(&mut transaction, id, order, ExportState::Waiting, now).await?;
        AuditLog::add_in(&mut transaction, act, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Puts on record that it is being made; false if it does not wait any more.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn export_runs(&self, id: &str) -> Result<bool, sqlx::Error> {
        let done = sqlx::query("UPDATE exports SET state = 'running' WHERE id = ? AND state = 'waiting'")
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Puts on record that it is whole; false if it was deleted meanwhile.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn export_is_whole(
        &self,
        id: &str,
        whole: &Whole,
        act: Act<'_>,
        now: Wall,
    ) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let done = sqlx::query(
            "UPDATE exports SET state = 'whole', finished_at = ?, manifest = ?, bytes = ?, files = ?, gone_at = ?
             WHERE id = ? AND state = 'running'",
        )
        .bind(now.as_millis())
        .bind(&whole.manifest)
        .bind(i64::try_from(whole.bytes).unwrap_or(i64::MAX))
        .bind(i64::try_from(whole.files).unwrap_or(i64::MAX))
        .bind(whole.gone_at.map(Wall::as_millis))
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        AuditLog::add_in(&mut transaction, act, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Puts on record that it could not be made; false if it was not being made any more.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn export_failed(
        &self,
        id: &str,
        why: &str,
        act: Act<'_>,
        now: Wall,
    ) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let done = sqlx::query(
            "UPDATE exports SET state = 'failed', problem = ? WHERE id = ? AND state IN ('waiting', 'running')",
        )
        .bind(why)
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        AuditLog::add_in(&mut transaction, act, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Puts on record that its package is removed, before it is; false if there is none.
    ///
    /// # Errors
    /// If it cannot be written; then nothing may be removed.
    pub async fn export_is_deleted(&self, id: &str, act: Act<'_>, now: Wall) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let done = sqlx::query(
            "UPDATE exports SET state = 'deleted' WHERE id = ? AND here AND state IN ('waiting', 'running', 'whole')",
        )
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        AuditLog::add_in(&mut transaction, act, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Every export there ever was, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn exports(&self) -> Result<Vec<Exported>, sqlx::Error> {
        sqlx::query("SELECT * FROM exports ORDER BY begun_at, id").try_map(read).fetch_all(&self.pool).await
    }

    /// The newest exports that are, or were, kept here, at most `most`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn exports_here(&self, most: u32) -> Result<Vec<Exported>, sqlx::Error> {
        sqlx::query("SELECT * FROM exports WHERE here ORDER BY begun_at DESC, id DESC LIMIT ?")
            .bind(most)
            .try_map(read)
            .fetch_all(&self.pool)
            .await
    }

    /// One of them.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn export_here(&self, id: &str) -> Result<Option<Exported>, sqlx::Error> {
        sqlx::query("SELECT * FROM exports WHERE here AND id = ?")
            .bind(id)
            .try_map(read)
            .fetch_optional(&self.pool)
            .await
    }

    /// Those that are to be kept here and are not made yet, in the order in which they were asked for.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn exports_to_come(&self) -> Result<Vec<Exported>, sqlx::Error> {
        sqlx::query(
            "SELECT * FROM exports WHERE here AND state IN ('waiting', 'running') ORDER BY begun_at, id",
        )
        .try_map(read)
        .fetch_all(&self.pool)
        .await
    }

    /// Those that are kept here and whose time is over.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn exports_outdated(&self, now: Wall) -> Result<Vec<Exported>, sqlx::Error> {
        sqlx::query("SELECT * FROM exports WHERE here AND state = 'whole' AND gone_at <= ? ORDER BY gone_at")
            .bind(now.as_millis())
            .try_map(read)
            .fetch_all(&self.pool)
            .await
    }
}

async fn add(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &str,
    order: &Order,
    state: ExportState,
    now: Wall,
) -> Result<(), sqlx::Error> {
    let cameras = serde_json::to_string(&order.cameras).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let stills = serde_json::to_string(&order.wishes.stills).map_err(|e| sqlx::Error::Encode(e.into()))?;
    sqlx::query(
        "INSERT INTO exports (id, cameras, stream, from_ms, to_ms, reason, by, folder, begun_at, state, here, wav,
             originals, c2pa, stills)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(cameras)
    .bind(order.stream.as_str())
    .bind(order.from.as_millis())
    .bind(order.to.as_millis())
    .bind(&order.reason)
    .bind(&order.by)
    .bind(order.out.to_string_lossy().into_owned())
    .bind(now.as_millis())
    .bind(state.as_str())
    .bind(state == ExportState::Waiting)
    .bind(order.wishes.wav)
    .bind(order.wishes.originals)
    .bind(order.wishes.c2pa)
    .bind(stills)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn read(row: SqliteRow) -> Result<Exported, sqlx::Error> {
    let wall = |name: &str| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(name)?.map(Wall::from_millis));
    let number = |name: &str| Ok::<_, sqlx::Error>(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or(0));
    let (cameras, stream, state): (&str, &str, &str) =
        (row.try_get("cameras")?, row.try_get("stream")?, row.try_get("state")?);
    let stills: &str = row.try_get("stills")?;
    let wishes = Wishes {
        wav: row.try_get("wav")?,
        originals: row.try_get("originals")?,
        c2pa: row.try_get("c2pa")?,
        stills: serde_json::from_str(stills).map_err(|e| unreadable("stills", e))?,
    };
    Ok(Exported {
        id: row.try_get("id")?,
        cameras: serde_json::from_str(cameras).map_err(|e| unreadable("cameras", e))?,
        stream: StreamKind::parse(stream).ok_or_else(|| unreadable("stream", stream))?,
        from: wall("from_ms")?.unwrap_or_default(),
        to: wall("to_ms")?.unwrap_or_default(),
        reason: row.try_get("reason")?,
        by: row.try_get("by")?,
        wishes,
        begun_at: wall("begun_at")?.unwrap_or_default(),
        finished_at: wall("finished_at")?,
        state: ExportState::parse(state).ok_or_else(|| unreadable("state", state))?,
        bytes: number("bytes")?,
        files: number("files")?,
        problem: row.try_get("problem")?,
        gone_at: wall("gone_at")?,
    })
}
