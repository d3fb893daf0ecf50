//! The outbox: what goes to the province, kept until the province's receipt.
//!
//! An incident and its event, or files and the event that lists them, are one transaction: there
//! is never an event without its incident, a file that no event names, or a gap in `sequence`.
//! Payloads are signed when they are made and kept as exact bytes, so that a repeat after any
//! number of restarts is the same message. Files stay where the evidence is; a row has their path
//! and digest.

use std::path::{Component, PathBuf};

use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::incidents::{self, Evidence, IncidentRow};
use super::item::{Class, Item, id_text};
use crate::centre_db::{CentreDb, unreadable};
use crate::model::{Epoch, EventId, FileId, IncidentId, Now, Severity, Wall};
use crate::wire::{Backlog, Event, FileInit, FileRef, Signature, Signer, Subject};

/// A file that is to leave the centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingFile {
    /// Its id on the wire.
    pub id: FileId,
    /// Where it is: below the storage path.
    pub path: PathBuf,
    /// Its announcement, which also gives its length and digest.
    pub init: FileInit,
}

impl OutgoingFile {
    /// As an event lists it.
    pub fn reference(&self) -> FileRef {
        FileRef {
            file_id: self.id,
            role: self.init.user_data.role,
            size: self.init.size,
            digest: format!("sha256:{}", self.init.checksum),
        }
    }
}

/// Why something was not put into the outbox.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The database; worth another try.
    #[error("the centre's database: {0}")]
    Database(#[from] sqlx::Error),
    /// The incident was never recorded.
    #[error("incident {0} is not recorded")]
    UnknownIncident(IncidentId),
    /// The file can never be sent as it was described.
    #[error("{path}: {reason}")]
    NotSendable {
        /// The file.
        path: String,
        /// Why.
        reason: &'static str,
    },
}

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
    /// Whose.
    pub incident: IncidentId,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub made_at: Wall,
}

impl CentreDb {
    /// Records a change of an incident and, if it is to leave the centre, the event that tells it:
    /// `build` is given the event's sequence number and epoch. A `notice` is recorded and stays.
    /// Returns the event's id if there is one; then the link wants a nudge.
    ///
    /// # Errors
    /// If it is not committed; then nothing of it is.
    pub async fn record_event(
        &self,
        incident: &IncidentRow,
        signer: &Signer,
        now: Now,
        build: impl FnOnce(u64, Epoch) -> Event + Send,
    ) -> Result<Option<EventId>, OutboxError> {
        let mut transaction = self.pool.begin().await?;
        incidents::write(&mut transaction, incident).await?;
        let event = match incident.severity {
            Severity::Notice => None,
            Severity::Warning | Severity::Urgent => {
                let build = |sequence| build(sequence, self.epoch());
                Some(add_event(&mut transaction, incident, signer, now, build).await?)
            }
        };
        transaction.commit().await?;
        Ok(event)
    }

    /// Puts an incident's evidence into the outbox: the file rows, the mark that the evidence is
    /// made, and the event that lists them. `build` is given the incident as it is recorded now.
    /// Of a `notice` only the mark is set.
    ///
    /// # Errors
    /// If it is not committed; then nothing of it is.
    pub async fn add_files(
        &self,
        incident: IncidentId,
        files: &[OutgoingFile],
        signer: &Signer,
        now: Now,
        build: impl FnOnce(&IncidentRow, u64, Epoch) -> Event + Send,
    ) -> Result<Option<EventId>, OutboxError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("UPDATE incidents SET evidence_state = 'made', evidence_reason = NULL WHERE id = ?")
            .bind(incident.to_string())
            .execute(&mut *transaction)
            .await?;
        let Some(row) = incidents::read(&mut transaction, incident).await? else {
            return Err(OutboxError::UnknownIncident(incident));
        };
        let event = match row.severity {
            Severity::Notice => None,
            Severity::Warning | Severity::Urgent => {
                for file in files {
                    add_file(&mut transaction, self, &row, file, signer, now).await?;
                }
                let build = |sequence| build(&row, sequence, self.epoch());
                Some(add_event(&mut transaction, &row, signer, now, build).await?)
            }
        };
        transaction.commit().await?;
        Ok(event)
    }

    /// Records that an incident's evidence cannot be made, and tells the province why it waits in
    /// vain, if it was told of the incident.
    ///
    /// # Errors
    /// If it is not committed; then nothing of it is.
    pub async fn give_up_evidence(
        &self,
        incident: IncidentId,
        reason: &str,
        signer: &Signer,
        now: Now,
        build: impl FnOnce(&IncidentRow, u64, Epoch) -> Event + Send,
    ) -> Result<Option<EventId>, OutboxError> {
        let mut transaction = self.pool.begin().await?;
        let Some(mut row) = incidents::read(&mut transaction, incident).await? else {
            return Err(OutboxError::UnknownIncident(incident));
        };
        row.evidence = Evidence::Impossible(reason.to_owned());
        incidents::write(&mut transaction, &row).await?;
        let event = match row.severity {
            Severity::Notice => None,
            Severity::Warning | Severity::Urgent => {
                let build = |sequence| build(&row, sequence, self.epoch());
                Some(add_event(&mut transaction, &row, signer, now, build).await?)
            }
        };
        transaction.commit().await?;
        Ok(event)
    }

    /// Everything that waits for a receipt, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn waiting(&self) -> Result<Vec<Item>, sqlx::Error> {
        self.waiting_after(0).await
    }

    /// As [`CentreDb::waiting`], only rows whose number is above `number`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn waiting_after(&self, number: i64) -> Result<Vec<Item>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT number, id, kind, class, severity, incident, digest, size, attempts,
                 length(payload) AS payload_size
             FROM outbox WHERE state = 'waiting' AND number > ? ORDER BY number",
        )
        .bind(number)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(item).collect()
    }

    /// Writes down that the province has stored these.
    ///
    /// # Errors
    /// If it is not committed; then none is.
    pub async fn mark_delivered(&self, items: &[Subject], now: Now) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        for id in items {
            sqlx::query(
                "UPDATE outbox SET state = 'delivered', delivered_at = ? WHERE id = ? AND state = 'waiting'",
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

async fn add_event(
    connection: &mut SqliteConnection,
    incident: &IncidentRow,
    signer: &Signer,
    now: Now,
    build: impl FnOnce(u64) -> Event,
) -> Result<EventId, OutboxError> {
    let sequence: i64 = sqlx::query("UPDATE meta SET sequence = sequence + 1 RETURNING sequence")
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    let event = build(u64::try_from(sequence).map_err(|e| unreadable("sequence", Box::new(e)))?);
    let payload = event.to_bytes();
    let new = NewRow {
        id: Subject::Event(event.id),
        class: Class::Event,
        sequence: Some(sequence),
        digest: hex::encode(Sha256::digest(&payload)),
        size: u64::try_from(payload.len()).unwrap_or(u64::MAX),
        path: None,
        payload,
    };
    insert(connection, incident, signer, now, new).await?;
    Ok(event.id)
}

async fn add_file(
    connection: &mut SqliteConnection,
    db: &CentreDb,
    incident: &IncidentRow,
    file: &OutgoingFile,
    signer: &Signer,
    now: Now,
) -> Result<(), OutboxError> {
    let not_sendable = |reason| OutboxError::NotSendable { path: file.path.display().to_string(), reason };
    let below = file.path.strip_prefix(db.storage()).unwrap_or(&file.path);
    if !below.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(not_sendable("it is not below the storage path"));
    }
    let path = below.to_str().ok_or_else(|| not_sendable("its name is not UTF-8"))?;
    let payload = file.init.to_bytes();
    if FileInit::from_bytes(&payload).is_err() {
        return Err(not_sendable("no province would take its announcement"));
    }
    let new = NewRow {
        id: Subject::File(file.id),
        class: Class::of(file.init.user_data.role),
        sequence: None,
        digest: file.init.checksum.clone(),
        size: file.init.size,
        path: Some(path),
        payload,
    };
    insert(connection, incident, signer, now, new).await?;
    Ok(())
}

struct NewRow<'a> {
    id: Subject,
    class: Class,
    sequence: Option<i64>,
    digest: String,
    size: u64,
    path: Option<&'a str>,
    payload: Vec<u8>,
}

async fn insert(
    connection: &mut SqliteConnection,
    incident: &IncidentRow,
    signer: &Signer,
    now: Now,
    new: NewRow<'_>,
) -> Result<(), sqlx::Error> {
    let kind = match new.id {
        Subject::Event(_) => "event",
        Subject::File(_) => "file",
    };
    let signature = signer.sign(&new.payload);
    sqlx::query(
        "INSERT INTO outbox (id, kind, class, severity, incident, sequence, made_at, digest, size, path,
             sig, kid, payload)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id_text(new.id))
    .bind(kind)
    .bind(new.class.rank())
    .bind(severity_rank(incident.severity))
    .bind(incident.id.to_string())
    .bind(new.sequence)
    .bind(now.wall.as_millis())
    .bind(new.digest)
    .bind(i64::try_from(new.size).unwrap_or(i64::MAX))
    .bind(new.path)
    .bind(signature.sig)
    .bind(signature.kid)
    .bind(new.payload)
    .execute(connection)
    .await?;
    Ok(())
}

fn severity_rank(severity: Severity) -> i64 {
    match severity {
        Severity::Notice => 0,
        Severity::Warning => 1,
        Severity::Urgent => 2,
    }
}

fn item(row: &SqliteRow) -> Result<Item, sqlx::Error> {
    let (class, severity): (i64, i64) = (row.try_get("class")?, row.try_get("severity")?);
    let known = [Severity::Notice, Severity::Warning, Severity::Urgent];
    let severity = known.into_iter().find(|known| severity_rank(*known) == severity);
    let mut digest = [0; 32];
    hex::decode_to_slice(row.try_get::<String, _>("digest")?, &mut digest)
        .map_err(|e| unreadable("digest", Box::new(e)))?;
    let length = |column: &str| {
        u64::try_from(row.try_get::<i64, _>(column)?).map_err(|e| unreadable(column, Box::new(e)))
    };
    Ok(Item {
        id: subject(row)?,
        incident: incident_of(row)?,
        class: Class::from_rank(class).ok_or_else(|| unreadable("class", class.to_string()))?,
        severity: severity.ok_or_else(|| unreadable("severity", "unknown rank"))?,
        number: row.try_get("number")?,
        digest,
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

fn incident_of(row: &SqliteRow) -> Result<IncidentId, sqlx::Error> {
    row.try_get::<String, _>("incident")?.parse().map_err(|e| unreadable("incident", Box::new(e)))
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
