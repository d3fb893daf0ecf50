//! The outbox: what goes to the province, kept until the province's receipt.
//!
//! An incident and its event, or files and the event that lists them, are one transaction: there
//! is never an event without its incident, a file that no event names, or a gap in `sequence`.
//! Payloads are signed when they are made and kept as exact bytes, so that a repeat after any
//! number of restarts is the same message. Files stay where the evidence is; a row has their path
//! and digest.

use std::path::{Component, PathBuf};

use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::incidents::{self, Evidence, IncidentRow};
use super::item::{Class, id_text, severity_rank};
use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::model::{Epoch, EventId, FileId, IncidentId, Now, Severity};
use crate::wire::{Event, FileInit, FileRef, LinksEvent, Signer, Subject};

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

impl CentreDb {
    /// Records a change of an incident and, if it is to leave the centre, the event that tells it:
    /// `build` is given the event's sequence number and epoch. A `notice` is recorded and stays, unless it was asked for.
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
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let is_new = incidents::read(&mut transaction, incident.id).await?.is_none();
        incidents::write(&mut transaction, incident).await?;
        let event = match incident.leaves() {
            false => None,
            true => {
                let build = |sequence| build(sequence, self.epoch());
                Some(add_event(&mut transaction, incident, signer, now, build).await?)
            }
        };
        transaction.commit().await?;
        self.tell(incident.id, is_new);
        Ok(event)
    }

    /// Puts an incident's evidence into the outbox: the file rows, if it is the first of the incident
    /// the mark that it is made, and the event that lists them. `build` is given the incident as it
    /// is recorded now. Of a `notice` only the mark is set.
    ///
    /// # Errors
    /// If it is not committed; then nothing of it is.
    pub async fn add_files(
        &self,
        incident: IncidentId,
        is_first: bool,
        files: &[OutgoingFile],
        signer: &Signer,
        now: Now,
        build: impl FnOnce(&IncidentRow, u64, Epoch) -> Event + Send,
    ) -> Result<Option<EventId>, OutboxError> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        if is_first {
            sqlx::query("UPDATE incidents SET evidence_state = 'made', evidence_reason = NULL WHERE id = ?")
                .bind(incident.to_string())
                .execute(&mut *transaction)
                .await?;
        }
        let Some(row) = incidents::read(&mut transaction, incident).await? else {
            return Err(OutboxError::UnknownIncident(incident));
        };
        let event = match row.leaves() {
            false => None,
            true => {
                for file in files {
                    add_file(&mut transaction, self, &row, file, signer, now).await?;
                }
                let build = |sequence| build(&row, sequence, self.epoch());
                Some(add_event(&mut transaction, &row, signer, now, build).await?)
            }
        };
        transaction.commit().await?;
        self.tell(incident, false);
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
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let Some(mut row) = incidents::read(&mut transaction, incident).await? else {
            return Err(OutboxError::UnknownIncident(incident));
        };
        row.evidence = Evidence::Impossible(reason.to_owned());
        incidents::write(&mut transaction, &row).await?;
        let event = match row.leaves() {
            false => None,
            true => {
                let build = |sequence| build(&row, sequence, self.epoch());
                Some(add_event(&mut transaction, &row, signer, now, build).await?)
            }
        };
        transaction.commit().await?;
        self.tell(incident, false);
        Ok(event)
    }
}

/// Signs an event and puts it into the outbox, as part of a transaction.
pub(crate) async fn add_event(
    connection: &mut SqliteConnection,
    incident: &IncidentRow,
    signer: &Signer,
    now: Now,
    build: impl FnOnce(u64) -> Event,
) -> Result<EventId, OutboxError> {
    let sequence = next_sequence(connection).await?;
    let event = build(u64::try_from(sequence).map_err(|e| unreadable("sequence", Box::new(e)))?);
    let new = NewRow::event(event.id, sequence, event.to_bytes());
    insert(connection, Some(incident), signer, now, new).await?;
    Ok(event.id)
}

/// Signs an event that tells what was signed and puts it into the outbox, as part of a transaction: behind all that
/// tells of incidents.
pub(crate) async fn add_links(
    connection: &mut SqliteConnection,
    signer: &Signer,
    now: Now,
    build: impl FnOnce(u64) -> LinksEvent,
) -> Result<EventId, OutboxError> {
    let sequence = next_sequence(connection).await?;
    let event = build(u64::try_from(sequence).map_err(|e| unreadable("sequence", Box::new(e)))?);
    let new = NewRow::event(event.id, sequence, event.to_bytes());
    insert(connection, None, signer, now, new).await?;
    Ok(event.id)
}

async fn next_sequence(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("UPDATE meta SET sequence = sequence + 1 RETURNING sequence")
        .fetch_one(connection)
        .await
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
    insert(connection, Some(incident), signer, now, new).await?;
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

impl NewRow<'_> {
    fn event(id: EventId, sequence: i64, payload: Vec<u8>) -> Self {
        Self {
            id: Subject::Event(id),
            class: Class::Event,
            sequence: Some(sequence),
            digest: hex::encode(Sha256::digest(&payload)),
            size: u64::try_from(payload.len()).unwrap_or(u64::MAX),
            path: None,
            payload,
        }
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    incident: Option<&IncidentRow>,
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
    .bind(severity_rank(incident.map_or(Severity::Notice, |incident| incident.severity)))
    .bind(incident.map(|incident| incident.id.to_string()))
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

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
