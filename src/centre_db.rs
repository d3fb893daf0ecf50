//! `centre.sqlite`: the centre's incidents, outbox and pins, and the life (epoch) it belongs to.
//!
//! It cannot be rebuilt from anything, so every commit is durable before it returns. The epoch is
//! made once, with the file: a centre that lost its database, or a box that was replaced, begins a
//! new one, and the province does not mistake its new numbers for old ones.

mod lost;
mod mark;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use sqlx::{Row, SqlitePool};
use tokio::sync::broadcast;

use crate::database;
use crate::model::{Epoch, Ids, IncidentId, Now};
use crate::mounts::Place;

pub use lost::LostLife;
pub use mark::{MARK_NAME, Mark, Restored, TakenUp};

/// The file's name below the storage path.
pub const FILE_NAME: &str = "centre.sqlite";

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/centre");

/// The shape of the database.
pub fn migrations() -> &'static sqlx::migrate::Migrator {
    &MIGRATIONS
}

/// The open database of a centre. Clones share it.
#[derive(Debug, Clone)]
pub struct CentreDb {
    pub(crate) pool: SqlitePool,
    epoch: Epoch,
    storage: Arc<Path>,
    place: Arc<Place>,
    news: broadcast::Sender<IncidentNews>,
}

/// Something about an incident is on record now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncidentNews {
    /// The incident.
    pub id: IncidentId,
    /// Whether it is the first word of it.
    pub is_new: bool,
}

/// Who is further behind has missed something, and is told so.
const NEWS_KEPT: usize = 256;

/// Opens or makes the database of the centre whose storage is `storage`. `ids` and `now` give the
/// epoch of a new one.
///
/// # Errors
/// If the file cannot be opened, is not ours, or is from a newer version.
pub async fn open(storage: &Path, ids: &mut Ids, now: Now) -> anyhow::Result<CentreDb> {
    let path = storage.join(FILE_NAME);
    let opened = async {
        let pool = database::open(&path, &MIGRATIONS).await?;
        sqlx::query("INSERT INTO meta (only_row, epoch, sequence) VALUES (1, ?, 0) ON CONFLICT DO NOTHING")
            .bind(ids.next(now).to_string())
            .execute(&pool)
            .await?;
        let epoch: String = sqlx::query("SELECT epoch FROM meta").fetch_one(&pool).await?.try_get(0)?;
        let place = Arc::new(Place::of(storage));
        anyhow::Ok(CentreDb {
            pool,
            epoch: epoch.parse()?,
            storage: storage.into(),
            place,
            news: broadcast::Sender::new(NEWS_KEPT),
        })
    };
    opened.await.with_context(|| path.display().to_string())
}

/// Opens the database below `storage` for reading alone, beside the centre that writes it.
///
/// # Errors
/// If there is none, or it cannot be read.
pub async fn open_beside(storage: &Path) -> anyhow::Result<CentreDb> {
    let path = storage.join(FILE_NAME);
    let opened = async {
        let pool = database::open_readers(&path).await?;
        let epoch: String = sqlx::query("SELECT epoch FROM meta").fetch_one(&pool).await?.try_get(0)?;
        let place = Arc::new(Place::of(storage));
        anyhow::Ok(CentreDb {
            pool,
            epoch: epoch.parse()?,
            storage: storage.into(),
            place,
            news: broadcast::Sender::new(NEWS_KEPT),
        })
    };
    opened.await.with_context(|| path.display().to_string())
}

impl CentreDb {
    /// The life of this database.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The storage path it belongs to.
    pub fn storage(&self) -> &Path {
        &self.storage
    }

    /// Where a file of the outbox lies: rows hold paths below the storage, so that the storage can
    /// be mounted elsewhere.
    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.storage.join(path)
    }

    /// Whether the disk that this was opened on is still in its place: while it is not, a file that
    /// cannot be found is not gone.
    pub(crate) fn is_in_place(&self) -> bool {
        self.place.still_there().is_ok()
    }

    /// The same database, as if its disk had been unmounted.
    #[cfg(test)]
    pub(crate) fn unmounted(&self) -> Self {
        Self { place: Arc::new(Place::elsewhere(&self.storage)), ..self.clone() }
    }

    /// What is put on record about incidents, through this connection, from now on.
    pub fn news(&self) -> broadcast::Receiver<IncidentNews> {
        self.news.subscribe()
    }

    /// Says that something about an incident was committed. Nobody need listen.
    pub(crate) fn tell(&self, id: IncidentId, is_new: bool) {
        let _ = self.news.send(IncidentNews { id, is_new });
    }

    /// Waits for what is being written and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A column that holds what this version cannot read.
pub(crate) fn unreadable(
    column: &str,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mono, Wall};

    #[tokio::test]
    async fn the_epoch_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let now = Now { mono: Mono::default(), wall: Wall::from_millis(1_795_400_107_120) };
        let first = open(folder.path(), &mut Ids::new(1), now).await.unwrap();
        first.close().await;
        let again = open(folder.path(), &mut Ids::new(2), now).await.unwrap();
        assert_eq!(again.epoch(), first.epoch());
        let elsewhere = tempfile::tempdir().unwrap();
        assert_ne!(open(elsewhere.path(), &mut Ids::new(3), now).await.unwrap().epoch(), first.epoch());
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_named() {
        let folder = tempfile::tempdir().unwrap();
        crate::disk::write_atomically(&folder.path().join(FILE_NAME), &[b'x'; 5000]).unwrap();
        let told = open(folder.path(), &mut Ids::new(1), Now::default()).await.unwrap_err();
        assert!(format!("{told:#}").contains("centre.sqlite"), "{told:#}");
    }
}
