//! The province's storage: `province.sqlite`, `incoming/` and `files/` below one folder.
//!
//! A piece of a file is written to `incoming/{centre}/{file}.part` at its offset, then its range
//! is committed. A whole file is read back, synced and renamed to
//! `files/{centre}/{incident}/{role}-{file}.{ext}`, then its row is committed, then the receipt
//! goes. Names are made of ids and roles only, never of what a centre calls its file. After a
//! power cut a part may lack bytes whose range is committed: the digest of the whole finds that.

mod chains;

mod commands;

mod events;

mod files;

mod filter;

mod handling;

mod incidents;

mod links;

mod news;

mod read;

mod silence;

mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use tokio::sync::broadcast;

use crate::database;
use crate::database::WRITING;
use crate::disk;
use crate::http::{Gate, House};
use crate::model::{CentreId, FileId, IncidentId, Wall};
use crate::wire::Role;

pub use chains::{ChainFault, ChainGap, ChainRow};
pub use commands::{CommandRow, Given, Unanswered};
pub use events::StoredEvent;
pub use files::{Became, Limits, ReadBack, Wanted, WholeFile, read_back};
pub use filter::{IncidentFilter, Position, Progress};
pub use handling::Entry;
pub use incidents::{Alert, Counts};
pub use links::StoredLinks;
pub use news::{News, What};
pub use read::{CentreRow, EventRow, FileRow, RejectionRow, role_of_page};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/province");

/// The database's name below the storage folder.
pub const DATABASE: &str = "province.sqlite";

/// The shape of the database.
pub fn migrations() -> &'static Migrator {
    &MIGRATIONS
}

/// Of each centre, and of all unknown ones together, this many rejections are kept.
const KEPT_REJECTIONS: i64 = 500;

/// Why something could not be stored or read. Both pass: the centre is asked to send it again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not take it now.
    #[error("the province's database does not answer: {0}")]
    Database(#[from] sqlx::Error),
    /// The disk does not take it now.
    #[error("the province's disk does not take it: {0}")]
    Disk(#[from] std::io::Error),
}

/// The storage of a province.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    /// For the pages, so that no question ever makes the receiver wait.
    readers: SqlitePool,
    news: broadcast::Sender<News>,
    folder: PathBuf,
    limits: Limits,
}

/// What could not be taken and not be answered either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The centre, if it is a known one.
    pub centre: Option<CentreId>,
    /// The topic, shortened.
    pub topic: String,
    /// Why.
    pub reason: String,
    /// Length of the payload in bytes.
    pub size: usize,
}

impl Store {
    /// Opens or makes the storage in `folder`, which the caller has locked.
    ///
    /// # Errors
    /// [`StoreError`] if the folder or the database cannot be used.
    pub async fn open(folder: &Path, limits: Limits) -> Result<Self, StoreError> {
        for below in ["incoming", "files"] {
            disk::make_folder(&folder.join(below))?;
        }
        let path = folder.join(DATABASE);
        let pool = database::open(&path, &MIGRATIONS).await?;
        let readers = database::open_readers(&path).await?;
        Ok(Self {
            pool,
            readers,
            news: broadcast::Sender::new(news::KEPT),
            folder: folder.to_owned(),
            limits,
        })
    }

    /// The gate of a house whose people are in this database.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn gate(&self, house: House, idle: Duration) -> anyhow::Result<Gate> {
        Gate::new(house, self.pool.clone(), self.readers.clone(), idle)
    }

    /// Closes the database in an orderly way.
    pub async fn close(&self) {
        self.readers.close().await;
        self.pool.close().await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Database`] if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Where a stored file of this relative path is.
    pub fn path_of(&self, below: &str) -> PathBuf {
        self.folder.join(below)
    }

    fn part(&self, centre: &CentreId, file: FileId) -> PathBuf {
        self.folder.join("incoming").join(centre.as_str()).join(format!("{file}.part"))
    }

    /// Keeps what could not be answered, the newest of each centre.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not take it.
    pub async fn reject(&self, rejections: &[Rejection], now: Wall) -> Result<(), StoreError> {
        if rejections.is_empty() {
            return Ok(());
        }
        let mut tx = self.pool.begin_with(WRITING).await?;
        for rejection in rejections {
            let centre = rejection.centre.as_ref().map_or("", CentreId::as_str);
            sqlx::query("INSERT INTO rejections (at_ms, centre, topic, reason, size) VALUES (?, ?, ?, ?, ?)")
                .bind(now.as_millis())
                .bind(centre)
                .bind(shortened(&rejection.topic))
                .bind(shortened(&rejection.reason))
                .bind(i64::try_from(rejection.size).unwrap_or(i64::MAX))
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "DELETE FROM rejections WHERE centre = ?1 AND seq <= \
                 (SELECT seq FROM rejections WHERE centre = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
            )
            .bind(centre)
            .bind(KEPT_REJECTIONS)
            .execute(&mut *tx)
            .await?;
            sqlx::query(
                "INSERT INTO rejection_counts (centre, count) VALUES (?, 1) \
                 ON CONFLICT (centre) DO UPDATE SET count = count + 1",
            )
            .bind(centre)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Where a stored file lies, relative to the storage folder.
fn place(centre: &CentreId, incident: IncidentId, role: Role, file: FileId) -> String {
    let ending = match role {
        Role::Clip => "mp4",
        Role::Still | Role::Preview => "jpg",
        Role::Sound => "wav",
        Role::Manifest => "json",
    };
    format!("files/{centre}/{incident}/{}-{file}.{ending}", role.as_str())
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests;
