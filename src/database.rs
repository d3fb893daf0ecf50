//! Opens our SQLite files: WAL, a committed row is there after a power cut (`synchronous = FULL`),
//! migrated to the newest shape.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous, SqliteTransactionManager,
};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use sqlx_core::transaction::TransactionManager;

/// How a transaction begins that will write: with the write lock. One that read first could not write any more once
/// another process has written (SQLITE_BUSY_SNAPSHOT), and no patience helps it.
pub const WRITING: &str = "BEGIN IMMEDIATE";

/// Opens or makes the database at `path` and brings it to the newest shape.
///
/// # Errors
/// If the file cannot be opened, is not a database, or is from a newer version; with the path.
pub async fn open(path: &Path, migrations: &Migrator) -> Result<SqlitePool, sqlx::Error> {
    let options = options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // 32 MB of log before it is taken into the file: with SQLite's 4 MB a deletion of a day of
        // footage would do that after every batch, and the same pages again and again.
        .pragma("wal_autocheckpoint", "8000")
        .foreign_keys(true);
    // One connection: SQLite has one writer anyway, and a wait in our own queue is fair.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        // A file does not hang up.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_release(|connection, _| Box::pin(make_usable(connection)))
        .connect_with(options)
        .await?;
    migrations.run(&pool).await?;
    Ok(pool)
}

/// Connections that only read the database at `path`, which has to be there: a long question does not
/// make a writer wait, and another process can ask beside the one that writes.
///
/// # Errors
/// If there is none or it cannot be opened.
pub async fn open_readers(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        // Two for walks through the whole file, which may take long; the others are for people.
        .max_connections(4)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options(path).read_only(true))
        .await
}

/// Makes a connection fit to be lent again, and says whether it is. SQLite ends a transaction by itself when the disk
/// fails or is full (<https://sqlite.org/lang_transaction.html>, 3.3); sqlx counts it as open for ever, and no other
/// begins. So it is given one to roll back. Closing would not do: a file opened again on a disk that
/// has turned read-only stays read-only.
async fn make_usable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // What is to be rolled back is, before the answer comes.
    connection.ping().await?;
    if connection.is_in_transaction() {
        sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
        SqliteTransactionManager::rollback(connection).await?;
    }
    Ok(!connection.is_in_transaction())
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10))
}

/// Whether the database itself is damaged or is none (SQLITE_CORRUPT, SQLITE_NOTADB and their
/// extended codes), so that asking again is of no use.
pub fn is_damaged(e: &sqlx::Error) -> bool {
    let code = match e {
        sqlx::Error::Migrate(e) => match &**e {
            sqlx::migrate::MigrateError::Execute(e) | sqlx::migrate::MigrateError::ExecuteMigration(e, _) => {
                return is_damaged(e);
            }
            _ => return false,
        },
        e => e.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<u32>().ok()),
    };
    code.is_some_and(|code| matches!(code & 0xFF, 11 | 26))
}

#[cfg(test)]
mod tests {
    use super::*;

    static NO_MIGRATIONS: Migrator =
        Migrator { migrations: std::borrow::Cow::Borrowed(&[]), ..Migrator::DEFAULT };

    #[tokio::test]
    async fn after_a_full_disk_broke_a_transaction_the_next_one_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let pool = open(&folder.path().join("d.sqlite"), &NO_MIGRATIONS).await.unwrap();
        sqlx::query("CREATE TABLE t (bytes BLOB)").execute(&pool).await.unwrap();
        sqlx::query("PRAGMA max_page_count = 20").execute(&pool).await.unwrap();
        let mut transaction = pool.begin_with(WRITING).await.unwrap();
        // SQLite ends the transaction by itself when the disk is full or cannot be written.
        let full = sqlx::query("INSERT INTO t VALUES (zeroblob(1000000))").execute(&mut *transaction).await;
        assert!(full.unwrap_err().to_string().contains("full"));
        drop(transaction);
        let mut transaction = pool.begin_with(WRITING).await.unwrap();
        sqlx::query("INSERT INTO t VALUES (zeroblob(10))").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(&pool).await.unwrap();
        assert_eq!(kept, 1);
    }
}
