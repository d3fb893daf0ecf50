//! How far the database was, noted beside it: so that a copy of some time ago, put in its place, is known for one.
//!
//! Such a copy would give numbers a second time that the province has seen, and what it signs would look forged. It
//! begins a new life (epoch) instead, and says from which document of which life it goes on.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
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
    /// Whether a database that is so far is older than what was noted. One that holds nothing yet is new, not old. Pure.
    fn is_older_than(&self, noted: &Self) -> bool {
        if self.epoch == noted.epoch {
            self.document < noted.document || self.event < noted.event
        } else {
            self.document > 0 || self.event > 0
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
    /// Until when what was recorded is signed in it.
    pub signed_until: Wall,
}

impl CentreDb {
    /// Takes the database up for the service that owns it: one that is older than its note begins a new life.
    ///
    /// # Errors
    /// If the note or the database cannot be read or written.
    pub async fn take_up(&mut self, ids: &mut Ids, now: Now) -> anyhow::Result<Option<Restored>> {
        let path = self.storage.join(MARK_NAME);
        let noted = read(&path)?;
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let from = current(&mut transaction).await?;
        let lost = noted.filter(|lost| from.is_older_than(lost));
        let last_hour =
            sqlx::query_scalar("SELECT coalesce(max(made_at), 0) FROM ledger WHERE kind = 'hour'");
        let signed_until = Wall::from_millis(last_hour.fetch_one(&mut *transaction).await?);
        let restored = lost.map(|lost| Restored { from, lost, signed_until });
        if let Some(restored) = &restored {
            let epoch = ids.next(now).to_string();
            begin_again(&mut transaction, &epoch, restored, now).await?;
            self.epoch = epoch.parse()?;
        }
        transaction.commit().await?;
        self.note().await?;
        Ok(restored)
    }

    /// Notes how far the database is.
    ///
    /// # Errors
    /// If it cannot be read, or the note cannot be written.
    pub async fn note(&self) -> anyhow::Result<()> {
        let mark = current(&mut *self.pool.acquire().await?).await?;
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

/// None if there is no note, or none that can be read: what it would tell is lost, and nothing else.
fn read(path: &Path) -> anyhow::Result<Option<Mark>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)
            .inspect_err(|e| tracing::error!("{}: it cannot be read, and is made anew: {e}", path.display()))
            .ok()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| path.display().to_string()),
    }
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
    epoch: &str,
    restored: &Restored,
    now: Now,
) -> anyhow::Result<()> {
    let Restored { from, lost, .. } = restored;
    // Numbers of events go on: those of the copy are in its outbox, and a life may begin with any.
    sqlx::query("UPDATE meta SET epoch = ?, follows_epoch = ?, follows_number = ?")
        .bind(epoch)
        .bind(from.epoch.to_string())
        .bind(from.document)
        .execute(&mut *db)
        .await?;
    let detail = json!({ "from": from, "lost": lost });
    let act =
        Act { who: "quaywatch", from: "service", action: "database-restored", subject: Some(epoch), detail };
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
            assert_eq!(found.is_older_than(&noted), is_older, "{found:?}");
        }
    }

    #[tokio::test]
    async fn a_copy_of_some_time_ago_begins_a_new_life_once_and_says_from_where_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (now, mut ids) = (at(1), Ids::new(7));
        let copy = folder.path().join("copy.sqlite");
        let file = folder.path().join(super::super::FILE_NAME);
        let mut hourly = open(folder.path(), 1).await;
        assert_eq!(hourly.db.take_up(&mut ids, now).await.unwrap(), None);
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
        let restored = again.take_up(&mut ids, now).await.unwrap();
        assert_eq!(restored, Some(Restored { from: first, lost: last, signed_until: at(2).wall }));
        assert_ne!(again.epoch(), first.epoch);
        let follows: (String, i64) = sqlx::query_as("SELECT follows_epoch, follows_number FROM meta")
            .fetch_one(&again.pool)
            .await
            .unwrap();
        assert_eq!(follows, (first.epoch.to_string(), first.document));
        assert_eq!(again.take_up(&mut ids, now).await.unwrap(), None, "only once");
        again.close().await;
        assert_eq!(open(folder.path(), 1).await.db.take_up(&mut ids, now).await.unwrap(), None);
    }
}
