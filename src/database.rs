//! Opens our SQLite files: WAL, a known durability, migrated to the newest shape.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// What a commit is worth when the power fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A committed row is there after a power cut (`synchronous = FULL`).
    Full,
    /// The last commits may be gone after a power cut, the file stays whole (`NORMAL`): for what
    /// can be rebuilt.
    Rebuildable,
}

/// Opens or makes the database at `path` and brings it to the newest shape.
///
/// # Errors
/// If the file cannot be opened, is not a database, or is from a newer version; with the path.
pub async fn open(
    path: &Path,
    durability: Durability,
    migrations: &Migrator,
) -> Result<SqlitePool, sqlx::Error> {
    let synchronous = match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Rebuildable => SqliteSynchronous::Normal,
    };
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10));
    // One connection: SQLite has one writer anyway, and a wait in our own queue is fair.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    migrations.run(&pool).await?;
    Ok(pool)
}

/// Opens the database at `path` for reading alone, beside the process that writes it: it has to be
/// there, and nothing in it changes.
///
/// # Errors
/// If there is none or it cannot be read; with the path.
pub async fn open_beside(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options =
        SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(10));
    SqlitePoolOptions::new()
        .max_connections(2)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
}
