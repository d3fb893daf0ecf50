//! How far the database was, noted beside it: so that a copy of some time ago, put in its place, is known for one.
//!
//! Such a copy would give numbers a second time that the province has seen, and what it signs would look forged. It
//! begins a new life (epoch) instead, and says from which document of which life it goes on.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Row, SqliteConnection};

use super::lost::{self, Ending};
use super::{CentreDb, LostLife};
use crate::database::WRITING;
use crate::disk;
use crate::model::{Epoch, Ids, Now, Wall};
use crate::people::{Act, AuditLog};

/// The note's name below the storage path.
pub const MARK_NAME: &str = "centre.mark.json";

const DAY_MS: i64 = 86_400_000;

/// How far a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its life.
    pub epoch: Epoch,
    /// Its last signed document.
    pub document: i64,
    /// Its last event.
    pub event: i64,
}

impl Mark {
    /// Whether a database that is so far is older than what was noted: a copy. One that holds nothing yet is new, not
    /// old, unless its life is one of those that `ended` before the note. If it knows itself that the noted life was
    /// `lost`, the note is older: it could not be written again since. Pure.
    fn is_older_than(&self, noted: &Self, ended: &[LostLife], lost: &[LostLife]) -> bool {
        let has = |lives: &[LostLife], epoch| lives.iter().any(|life| life.epoch == epoch);
        if self.epoch == noted.epoch {
            self.document < noted.document || self.event < noted.event
        } else {
            !has(lost, noted.epoch) && (!self.is_new() || has(ended, self.epoch))
        }
    }

    fn is_new(&self) -> bool {
        self.document == 0 && self.event == 0
    }
}

/// What is noted.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    #[serde(flatten)]
    mark: Mark,
    /// A copy does not know of the lives that came after it: they stand here as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lost: Vec<LostLife>,
}

/// A database that turned out to be a copy of some time ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// How far it is.
    pub from: Mark,
    /// How far the one was that it replaced.
    pub lost: Mark,
}

/// How a database was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenUp {
    /// It is a copy of some time ago, and has begun a new life now.
    pub restored: Option<Restored>,
    /// What was recorded since then has to be signed again: the hours that named it are lost.
    pub signs_since: Option<Wall>,
}

/// What was noted of a database that is not the one that is here.
#[derive(Debug, Default)]
struct Other {
    /// How far it was, if this one is a copy of some time ago.
    lost: Option<Mark>,
    /// Its life, if this one is new and holds nothing of it.
    gone: Option<Epoch>,
    /// Lives that were lost before.
    lives: Vec<LostLife>,
}

impl CentreDb {
    /// Takes the database up for the service that owns it: one that is older than its note begins a new life.
    ///
    /// # Errors
    /// If the database cannot be read or written. A note that cannot be is logged: recording does not wait for it.
    pub async fn take_up(&mut self, ids: &mut Ids, now: Now) -> anyhow::Result<TakenUp> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let (from, other) = self.found(&mut transaction).await?;
        let restored = other.lost.map(|lost| Restored { from, lost });
        let noted = restored.map(|restored| restored.lost.epoch).or(other.gone);
        let ending = Ending { noted, is_copy: restored.is_some(), from, at: now.wall };
        lost::take(&mut transaction, &other.lives, &ending).await?;
        if let Some(restored) = &restored {
            let epoch = Epoch(ids.next(now));
            let lost = lost::of(&mut transaction).await?;
            // The note first: an end between the two begins yet another life of the same copy, and not one of this.
            let note = Note { mark: Mark { epoch, ..from }, lost };
            self.write(&note).await.unwrap_or_else(|e| not_noted(&e));
            begin_again(&mut transaction, epoch, restored, now).await?;
            self.epoch = epoch;
        }
        let signs_since = signs_since(&mut transaction).await?;
        transaction.commit().await?;
        self.note().await.unwrap_or_else(|e| not_noted(&e));
        Ok(TakenUp { restored, signs_since })
    }

    /// Whether the database is a copy of some time ago that the service has not taken up, or a new one beside the note of
    /// another: nothing may be signed in it before that.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn is_to_be_taken_up(&self) -> anyhow::Result<bool> {
        let mut db = self.pool.acquire().await?;
        let (_, other) = self.found(&mut db).await?;
        Ok(other.lost.is_some() || other.gone.is_some())
    }

    /// How far the database is, and what was noted of another.
    async fn found(&self, db: &mut SqliteConnection) -> anyhow::Result<(Mark, Other)> {
        let found = current(&mut *db).await?;
        let Some(Note { mark: noted, lost: lives }) = read(&self.storage.join(MARK_NAME)) else {
            return Ok((found, Other::default()));
        };
        let known = lost::of(db).await?;
        let lost = Some(noted).filter(|noted| found.is_older_than(noted, &lives, &known));
        let gone =
            Some(noted.epoch).filter(|epoch| lost.is_none() && *epoch != found.epoch && found.is_new());
        Ok((found, Other { lost, gone, lives }))
    }

    /// Notes how far the database is.
    ///
    /// # Errors
    /// If it cannot be read, or the note cannot be written.
    pub async fn note(&self) -> anyhow::Result<()> {
        let mut db = self.pool.acquire().await?;
        let note = Note { mark: current(&mut db).await?, lost: lost::of(&mut db).await? };
        self.write(&note).await
    }

    async fn write(&self, note: &Note) -> anyhow::Result<()> {
        let path = self.storage.join(MARK_NAME);
        let bytes = serde_json::to_vec(note)?;
        let written = tokio::task::spawn_blocking(move || {
            // What is noted already need not be written again.
            match std::fs::read(&path) {
                Ok(known) if known == bytes => Ok(()),
                _ => disk::write_atomically(&path, &bytes),
            }
        });
        Ok(written.await??)
    }
}

fn not_noted(why: &anyhow::Error) {
    tracing::error!(
        "how far the database is could not be noted: a copy put in its place would not be known: {why:#}"
    );
}

/// None if there is no note, or none that can be read: what it would tell is lost, and nothing else.
fn read(path: &Path) -> Option<Note> {
    let read = std::fs::read(path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
    match read {
        Ok(note) => Some(note),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => {
            tracing::error!("{}: it cannot be read, and is made anew: {e}", path.display());
            None
        }
    }
}

/// While no hour of a restored database is signed: a day before the last that it has. By then all is complete that this one
/// names, whatever the clock did; what is signed twice counts by the first.
async fn signs_since(db: &mut SqliteConnection) -> anyhow::Result<Option<Wall>> {
    let last = sqlx::query_scalar::<_, i64>(
        "SELECT coalesce((SELECT made_at FROM ledger WHERE kind = 'hour' ORDER BY number DESC LIMIT 1), 0)
         FROM meta WHERE follows_number IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM ledger WHERE kind = 'hour' AND number > follows_number)",
    );
    let last = last.fetch_optional(db).await?;
    Ok(last.map(|at| Wall::from_millis(at).plus_millis(-DAY_MS)))
}

async fn current(db: &mut SqliteConnection) -> anyhow::Result<Mark> {
    let row = sqlx::query(
        "SELECT epoch, sequence, (SELECT coalesce(max(number), 0) FROM ledger) AS document FROM meta",
    );
    let row = row.fetch_one(db).await?;
    let epoch: String = row.try_get("epoch")?;
    Ok(Mark { epoch: epoch.parse()?, document: row.try_get("document")?, event: row.try_get("sequence")? })
}

async fn begin_again(
    db: &mut SqliteConnection,
    epoch: Epoch,
    restored: &Restored,
    now: Now,
) -> anyhow::Result<()> {
    let (Restored { from, lost }, epoch) = (restored, epoch.to_string());
    // Numbers of events go on: those of the copy are in its outbox, and a life may begin with any.
    sqlx::query("UPDATE meta SET epoch = ?, follows_epoch = ?, follows_number = ?")
        .bind(&epoch)
        .bind(from.epoch.to_string())
        .bind(from.document)
        .execute(&mut *db)
        .await?;
    let detail = json!({ "from": from, "lost": lost });
    let act =
        Act { who: "quaywatch", from: "service", action: "database-restored", subject: Some(&epoch), detail };
    AuditLog::add_in(db, act, now.wall).await?;
    tracing::error!(
        target: "audit", epoch, document = from.document, lost_document = lost.document,
        "the database is a copy of some time ago: what was put on record since is lost, and a new life of it begins"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
