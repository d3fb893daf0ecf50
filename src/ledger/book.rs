//! The chain in `centre.sqlite`: documents are added, never changed.

use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::{BEGINNING, Link, LinkKind};
use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::model::{Epoch, Wall};
use crate::wire::Malformed;

/// A document that is in the chain now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its number.
    pub number: i64,
    /// The signed envelope.
    pub envelope: Vec<u8>,
    /// SHA-256 of that, hexadecimal.
    pub digest: String,
}

/// A document as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Its number.
    pub number: i64,
    /// What it is.
    pub kind: LinkKind,
    /// What it is about.
    pub subject: Option<String>,
    /// When it was signed.
    pub made_at: Wall,
    /// The digest of the one before it.
    pub previous: String,
    /// Its own digest.
    pub digest: String,
    /// The signed envelope.
    pub envelope: Vec<u8>,
}

/// Adds a document as part of a transaction that has the write lock: `seal` is given its place.
///
/// # Errors
/// If it cannot be signed or written; then the transaction must not be committed.
pub async fn link_in(
    db: &mut SqliteConnection,
    (kind, subject): (LinkKind, Option<&str>),
    at: Wall,
    seal: impl FnOnce(Link) -> Result<Vec<u8>, Malformed>,
) -> Result<Sealed, sqlx::Error> {
    let epoch: String = sqlx::query_scalar("SELECT epoch FROM meta").fetch_one(&mut *db).await?;
    let epoch: Epoch = epoch.parse().map_err(|e| unreadable("epoch", Box::new(e)))?;
    let last = sqlx::query("SELECT number, digest FROM ledger ORDER BY number DESC LIMIT 1");
    let (number, previous) = match last.fetch_optional(&mut *db).await? {
        Some(row) => (row.try_get::<i64, _>(0)?.saturating_add(1), row.try_get(1)?),
        None => (1, BEGINNING.to_owned()),
    };
    let link = Link { epoch, number, previous: previous.clone() };
    let envelope = seal(link).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let digest = hex::encode(Sha256::digest(&envelope));
    sqlx::query(
        "INSERT INTO ledger (number, kind, subject, made_at, previous, digest, envelope)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(number)
    .bind(kind.as_str())
    .bind(subject)
    .bind(at.as_millis())
    .bind(previous)
    .bind(&digest)
    .bind(&envelope)
    .execute(db)
    .await?;
    Ok(Sealed { number, envelope, digest })
}

impl CentreDb {
    /// Adds a document; when this returns it is on the disk.
    ///
    /// # Errors
    /// If it cannot be signed or written.
    pub async fn link(
        &self,
        what: (LinkKind, Option<&str>),
        at: Wall,
        seal: impl FnOnce(Link) -> Result<Vec<u8>, Malformed> + Send,
    ) -> Result<Sealed, sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let sealed = link_in(&mut transaction, what, at, seal).await?;
        transaction.commit().await?;
        Ok(sealed)
    }
}

/// Documents with a number above `after`, in their order, at most `most`.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn links(pool: &SqlitePool, after: i64, most: u32) -> Result<Vec<LinkRow>, sqlx::Error> {
    sqlx::query("SELECT * FROM ledger WHERE number > ? ORDER BY number LIMIT ?")
        .bind(after)
        .bind(most)
        .try_map(row)
        .fetch_all(pool)
        .await
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn row(row: SqliteRow) -> Result<LinkRow, sqlx::Error> {
    let kind: String = row.try_get("kind")?;
    Ok(LinkRow {
        number: row.try_get("number")?,
        kind: LinkKind::parse(&kind).ok_or_else(|| unreadable("kind", kind))?,
        subject: row.try_get("subject")?,
        made_at: Wall::from_millis(row.try_get("made_at")?),
        previous: row.try_get("previous")?,
        digest: row.try_get("digest")?,
        envelope: row.try_get("envelope")?,
    })
}
