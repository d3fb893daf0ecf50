//! How far the database was, noted beside it: so that a copy of some time ago, put in its place, is known for one.
//!
//! Such a copy would give numbers a second time that the province has seen, and what it signs would look forged. It
//! begins a new life (epoch) instead, and says from which document of which life it goes on.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Row, SqliteConnection};

use super::CentreDb;
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
    /// Whether a database that is so far is older than what was noted. One that holds nothing yet is new, not old; and a
    /// note of the life that it goes on from could not be written since. Pure.
    fn is_older_than(&self, noted: &Self, follows: Option<Epoch>) -> bool {
        if self.epoch == noted.epoch {
            self.document < noted.document || self.event < noted.event
        } else {
            follows != Some(noted.epoch) && (self.document > 0 || self.event > 0)
        }
    }
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

impl CentreDb {
    /// Takes the database up for the service that owns it: one that is older than its note begins a new life.
    ///
    /// # Errors
    /// If the database cannot be read or written. A note that cannot be is logged: recording does not wait for it.
    pub async fn take_up(&mut self, ids: &mut Ids, now: Now) -> anyhow::Result<TakenUp> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let (from, lost) = self.found(&mut transaction).await?;
        let restored = lost.map(|lost| Restored { from, lost });
        if let Some(restored) = &restored {
            let epoch = Epoch(ids.next(now));
            // The note first: an end between the two begins yet another life of the same copy, and not one of this.
            self.write(Mark { epoch, ..from }).await.unwrap_or_else(|e| not_noted(&e));
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
        let (found, lost) = self.found(&mut db).await?;
        let is_new = read(&self.storage.join(MARK_NAME))
            .is_some_and(|noted| noted.epoch != found.epoch && found.document == 0 && found.event == 0);
        Ok(lost.is_some() || is_new)
    }

    /// How far the database is, and how far another one was that it is older than.
    async fn found(&self, db: &mut SqliteConnection) -> anyhow::Result<(Mark, Option<Mark>)> {
        let found = current(db).await?;
        let follows: Option<String> =
            sqlx::query_scalar("SELECT follows_epoch FROM meta").fetch_one(db).await?;
        let follows = follows.map(|epoch| epoch.parse()).transpose()?;
        let noted = read(&self.storage.join(MARK_NAME));
        Ok((found, noted.filter(|noted| found.is_older_than(noted, follows))))
    }

    /// Notes how far the database is.
    ///
    /// # Errors
    /// If it cannot be read, or the note cannot be written.
    pub async fn note(&self) -> anyhow::Result<()> {
        let mark = current(&mut *self.pool.acquire().await?).await?;
        self.write(mark).await
    }

    async fn write(&self, mark: Mark) -> anyhow::Result<()> {
        let path = self.storage.join(MARK_NAME);
        let bytes = serde_json::to_vec(&mark)?;
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
fn read(path: &Path) -> Option<Mark> {
    let read = std::fs::read(path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
    match read {
        Ok(mark) => Some(mark),
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
mod tests {
    use super::*;
    use crate::ledger::fixtures::{at, open, record};

    fn mark(epoch: u8, document: i64, event: i64) -> Mark {
        let epoch = uuid::Uuid::from_bytes([epoch; 16]).to_string().parse().unwrap();
        Mark { epoch, document, event }
    }

    const NOTHING: TakenUp = TakenUp { restored: None, signs_since: None };

    async fn mark_of(db: &CentreDb) -> Mark {
        current(&mut db.pool.acquire().await.unwrap()).await.unwrap()
    }

    #[test]
    fn a_database_is_old_where_it_lacks_documents_or_events_that_were_noted() {
        let noted = mark(1, 40, 100);
        for (found, is_older) in [
            (mark(1, 40, 100), false),
            (mark(1, 41, 130), false),
            (mark(1, 39, 100), true),
            (mark(1, 40, 99), true),
            // Made anew, as after a lost disk.
            (mark(2, 0, 0), false),
            // A copy from before it was made anew.
            (mark(2, 5, 3), true),
        ] {
            assert_eq!(found.is_older_than(&noted, None), is_older, "{found:?}");
        }
        let restored = mark(2, 5, 3);
        assert!(
            !restored.is_older_than(&noted, Some(noted.epoch)),
            "it could not be noted that it goes on from there"
        );
    }

    #[tokio::test]
    async fn a_copy_of_some_time_ago_begins_a_new_life_once_and_says_from_where_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (now, mut ids) = (at(1), Ids::new(7));
        let copy = folder.path().join("copy.sqlite");
        let file = folder.path().join(super::super::FILE_NAME);
        let mut hourly = open(folder.path(), 1).await;
        assert_eq!(hourly.db.take_up(&mut ids, now).await.unwrap(), NOTHING);
        assert!(folder.path().join(MARK_NAME).exists());
        record(&hourly, "gate", 1).await;
        hourly.seal(at(2)).await.unwrap();
        let first = mark_of(&hourly.db).await;
        let copied = sqlx::query("VACUUM INTO ?").bind(copy.display().to_string());
        copied.execute(&hourly.db.pool).await.unwrap();
        record(&hourly, "gate", 2).await;
        hourly.seal(at(3)).await.unwrap();
        hourly.db.note().await.unwrap();
        let last = mark_of(&hourly.db).await;
        assert_eq!((first.document, last.document), (1, 2));
        hourly.db.close().await;

        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
        std::fs::copy(&copy, &file).unwrap();
        let mut again = open(folder.path(), 1).await.db;
        assert!(again.is_to_be_taken_up().await.unwrap());
        let restored = Some(Restored { from: first, lost: last });
        let signs_since = Some(at(2).wall.plus_millis(-DAY_MS));
        assert_eq!(again.take_up(&mut ids, now).await.unwrap(), TakenUp { restored, signs_since });
        assert!(!again.is_to_be_taken_up().await.unwrap());
        assert_ne!(again.epoch(), first.epoch);
        let follows: (String, i64) = sqlx::query_as("SELECT follows_epoch, follows_number FROM meta")
            .fetch_one(&again.pool)
            .await
            .unwrap();
        assert_eq!(follows, (first.epoch.to_string(), first.document));
        let once_more = TakenUp { restored: None, signs_since };
        assert_eq!(again.take_up(&mut ids, now).await.unwrap(), once_more, "until an hour is signed");
        again.close().await;
        let mut hourly = open(folder.path(), 1).await;
        hourly.seal(at(4)).await.unwrap();
        assert_eq!(hourly.db.take_up(&mut ids, now).await.unwrap(), NOTHING);

        // A database that was lost and made anew is not the one that was noted.
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
        let mut new = open(folder.path(), 1).await.db;
        assert!(new.is_to_be_taken_up().await.unwrap());
        assert_eq!(new.take_up(&mut ids, now).await.unwrap(), NOTHING);
        assert!(!new.is_to_be_taken_up().await.unwrap());
    }
}
