//! Complete files whose digest is not in the signed chain yet.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::keeping::{name_of, unsigned};
use super::{Index, odd};
use crate::model::Wall;
use crate::record::{Complete, Sha256Bytes};

/// Remembers that a file is complete, with its digest if that is known.
pub(super) async fn remember(
    db: &mut SqliteConnection,
    counter: i64,
    sha256: Option<Sha256Bytes>,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT OR REPLACE INTO unsealed (counter, sha256) VALUES (?, ?)")
        .bind(counter)
        .bind(sha256.as_ref().map(|bytes| &bytes[..]))
        .execute(db)
        .await?;
    Ok(())
}

impl Index {
    /// At most `most` complete files that are not in the chain yet, in the archive's order, behind `counter`.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn unsealed(&self, counter: i64, most: i64) -> Result<Vec<Complete>, sqlx::Error> {
        sqlx::query(
            "SELECT counter, camera, stream, path, start_ms, duration_ms, bytes, sha256
             FROM unsealed JOIN segments USING (counter)
             WHERE counter > ? AND state != 'open' ORDER BY counter LIMIT ?",
        )
        .bind(counter)
        .bind(most)
        .try_map(|row: SqliteRow| {
            let (camera, stream) = name_of(&row)?;
            let from = Wall::from_millis(row.try_get(4)?);
            let sha256: Option<Vec<u8>> = row.try_get(7)?;
            let digest =
                |bytes: Vec<u8>| Sha256Bytes::try_from(bytes).map_err(|_| odd("a digest of another length"));
            Ok(Complete {
                counter: row.try_get(0)?,
                camera,
                stream,
                path: row.try_get(3)?,
                from,
                to: from.plus_millis(row.try_get(5)?),
                bytes: unsigned(row.try_get(6)?),
                sha256: sha256.map(digest).transpose()?,
            })
        })
        .fetch_all(&self.readers())
        .await
    }

    /// The digest that a file had when it was written; none if it is in the chain, or if that was not taken.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn unsealed_digest(&self, path: &str) -> Result<Option<Sha256Bytes>, sqlx::Error> {
        let digest = sqlx::query_scalar::<_, Option<Vec<u8>>>(
            "SELECT sha256 FROM unsealed JOIN segments USING (counter) WHERE path = ?",
        );
        let digest = digest.bind(path).fetch_optional(&self.readers()).await?.flatten();
        digest.map(|bytes| bytes.try_into().map_err(|_| odd("a digest of another length"))).transpose()
    }

    /// When a complete file ended that does not wait for its hour: it is in a signed list by then, or should be.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn sealed_end(&self, path: &str) -> Result<Option<Wall>, sqlx::Error> {
        let end = sqlx::query_scalar::<_, i64>(
            "SELECT start_ms + duration_ms FROM segments
             WHERE path = ? AND state != 'open' AND counter NOT IN (SELECT counter FROM unsealed)",
        );
        Ok(end.bind(path).fetch_optional(&self.readers()).await?.map(Wall::from_millis))
    }

    /// What was complete at `at` or later is not in the chain any more, because that was lost: it is read for its digest.
    ///
    /// # Errors
    /// If the index cannot be written.
    pub async fn unseal_since(&self, at: Wall) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT OR IGNORE INTO unsealed (counter, sha256)
             SELECT counter, NULL FROM segments WHERE state != 'open' AND start_ms + duration_ms >= ?",
        )
        .bind(at.as_millis())
        .execute(&self.writer())
        .await?;
        Ok(())
    }

    /// These files are in the chain.
    ///
    /// # Errors
    /// If the index cannot be written; then they are given again.
    pub async fn sealed(&self, counters: &[i64]) -> Result<(), sqlx::Error> {
        let list = serde_json::to_string(counters).map_err(|e| sqlx::Error::Encode(e.into()))?;
        sqlx::query("DELETE FROM unsealed WHERE counter IN (SELECT value FROM json_each(?))")
            .bind(list)
            .execute(&self.writer())
            .await?;
        Ok(())
    }
}
