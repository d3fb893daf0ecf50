//! The reading side of the outbox: what waits, its bytes, and what became of it.

use std::path::PathBuf;

use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::item::{Class, Item, id_text, severity_rank};
use super::receipts::{self, SignedReceipts};
use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::model::{EventId, FileId, IncidentId, Now, Severity, Wall};
use crate::wire::{Backlog, Signature, Subject};

/// A payload as it is sent: the exact bytes, and for a file where its content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) bytes: Vec<u8>,
    pub(crate) signature: Signature,
    pub(crate) path: Option<PathBuf>,
}

/// Something that the province will never take, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// What.
    pub id: Subject,
    /// Whose, where it is of an incident.
    pub incident: Option<IncidentId>,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub made_at: Wall,
}

impl CentreDb {
    /// Everything that waits for a receipt, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn waiting(&self) -> Result<Vec<Item>, sqlx::Error> {
        self.waiting_after(0, i64::MAX).await
    }

    /// As [`CentreDb::waiting`], only rows whose number is above `number`, and at most `most`: after a
    /// week offline all of them at once would be a great deal of memory.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn waiting_after(&self, number: i64, most: i64) -> Result<Vec<Item>, sqlx::Error> {
        let mut rows = sqlx::query(
            "SELECT number, id, kind, class, severity, incident, digest, size, attempts,
                 length(payload) AS payload_size, iif(kind = 'file', payload, NULL) AS announcement
             FROM outbox WHERE state = 'waiting' AND number > ? ORDER BY number LIMIT ?",
        )
        .bind(number)
        .bind(most)
        .fetch(&self.pool);
        let mut items = vec![];
        while let Some(row) = rows.try_next().await? {
            items.push(item(&row)?);
        }
        Ok(items)
    }

    /// Writes down that the province has stored these, and keeps the receipt that says so.
    ///
    /// # Errors
    /// If it is not committed; then none is.
    pub async fn mark_delivered(
        &self,
        items: &[Subject],
        receipt: Option<&SignedReceipts>,
        now: Now,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        if let Some(receipt) = receipt {
            receipts::keep(&mut transaction, items, receipt).await?;
        }
        for id in items {
            // What was given up while it was on its way has arrived all the same.
            sqlx::query(
                "UPDATE outbox SET state = 'delivered', delivered_at = ?, reason = NULL
                 WHERE id = ? AND state IN ('waiting', 'given-up')",
            )
            .bind(now.wall.as_millis())
            .bind(id_text(*id))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await
    }

    /// Puts an item aside for good, visibly, with the reason.
    ///
    /// # Errors
    /// If it is not committed.
    pub async fn quarantine(&self, item: Subject, reason: &str) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE outbox SET state = 'quarantined', reason = ? WHERE id = ? AND state = 'waiting'")
            .bind(reason)
            .bind(id_text(item))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// What was put aside, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn quarantined(&self) -> Result<Vec<Quarantined>, sqlx::Error> {
        let rows = sqlx::query("SELECT id, kind, incident, reason, made_at FROM quarantine ORDER BY number")
            .fetch_all(&self.pool)
            .await?;
        let quarantined = |row: &SqliteRow| {
            Ok(Quarantined {
                id: subject(row)?,
                incident: incident_of(row)?,
                reason: row.try_get::<Option<String>, _>("reason")?.unwrap_or_default(),
                made_at: Wall::from_millis(row.try_get("made_at")?),
            })
        };
        rows.iter().map(quarantined).collect()
    }

    /// What waits, in numbers, for the status.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn backlog(&self) -> Result<Backlog, sqlx::Error> {
        let row = sqlx::query(
            "SELECT coalesce(sum(kind = 'event'), 0) AS events, coalesce(sum(kind = 'file'), 0) AS files,
                 coalesce(sum(iif(kind = 'file', size, 0)), 0) AS bytes, min(made_at) AS oldest
             FROM outbox WHERE state = 'waiting'",
        )
        .fetch_one(&self.pool)
        .await?;
        let number = |column: &str| {
            u64::try_from(row.try_get::<i64, _>(column)?).map_err(|e| unreadable(column, Box::new(e)))
        };
        let oldest: Option<i64> = row.try_get("oldest")?;
        Ok(Backlog {
            events: number("events")?,
            files: number("files")?,
            bytes: number("bytes")?,
            oldest: oldest.map(Wall::from_millis),
        })
    }

    /// The bytes of an item that waits; `None` if it does not wait any more.
    pub(crate) async fn payload(&self, item: Subject) -> Result<Option<Payload>, sqlx::Error> {
        let row =
            sqlx::query("SELECT payload, sig, kid, path FROM outbox WHERE id = ? AND state = 'waiting'")
                .bind(id_text(item))
                .fetch_optional(&self.pool)
                .await?;
        let payload = |row: SqliteRow| {
            let path: Option<String> = row.try_get("path")?;
            Ok(Payload {
                bytes: row.try_get("payload")?,
                signature: Signature { sig: row.try_get("sig")?, kid: row.try_get("kid")? },
                path: path.map(|path| self.place(&path)),
            })
        };
        row.map(payload).transpose()
    }

    /// Whether a file below this folder, itself below the storage, was ever put into the outbox.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn has_files_below(&self, folder: &std::path::Path) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE kind = 'file' AND substr(path, 1, ?) = ?)",
        )
        .bind(i64::try_from(folder.as_os_str().len()).unwrap_or(i64::MAX).saturating_add(1))
        .bind(format!("{}/", folder.display()))
        .fetch_one(&self.pool)
        .await
    }

    /// Writes down that a file's sending is begun: from now on the province is asked first what it
    /// has of it.
    pub(crate) async fn mark_begun(&self, file: FileId) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?")
            .bind(file.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// The severity of a rank, as the outbox writes it.
pub(super) fn severity_of(rank: i64) -> Result<Severity, sqlx::Error> {
    let known = [Severity::Notice, Severity::Warning, Severity::Urgent];
    let found = known.into_iter().find(|known| severity_rank(*known) == rank);
    found.ok_or_else(|| unreadable("severity", "unknown rank"))
}

fn item(row: &SqliteRow) -> Result<Item, sqlx::Error> {
    let class: i64 = row.try_get("class")?;
    let mut digest = [0; 32];
    hex::decode_to_slice(row.try_get::<String, _>("digest")?, &mut digest)
        .map_err(|e| unreadable("digest", Box::new(e)))?;
    let announcement: Option<Vec<u8>> = row.try_get("announcement")?;
    let length = |column: &str| {
        u64::try_from(row.try_get::<i64, _>(column)?).map_err(|e| unreadable(column, Box::new(e)))
    };
    Ok(Item {
        id: subject(row)?,
        incident: incident_of(row)?,
        class: Class::from_rank(class).ok_or_else(|| unreadable("class", class.to_string()))?,
        severity: severity_of(row.try_get("severity")?)?,
        number: row.try_get("number")?,
        digest,
        payload_digest: announcement.map_or(digest, |bytes| Sha256::digest(&bytes).into()),
        size: length("size")?,
        payload_size: length("payload_size")?,
        begun: row.try_get::<i64, _>("attempts")? > 0,
    })
}

fn subject(row: &SqliteRow) -> Result<Subject, sqlx::Error> {
    let (kind, id): (String, String) = (row.try_get("kind")?, row.try_get("id")?);
    let id: uuid::Uuid = id.parse().map_err(|e| unreadable("id", Box::new(e)))?;
    Ok(if kind == "event" { Subject::Event(EventId(id)) } else { Subject::File(FileId(id)) })
}

fn incident_of(row: &SqliteRow) -> Result<Option<IncidentId>, sqlx::Error> {
    let incident: Option<String> = row.try_get("incident")?;
    incident.map(|id| id.parse()).transpose().map_err(|e: uuid::Error| unreadable("incident", Box::new(e)))
}
