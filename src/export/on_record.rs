//! What was exported, by whom and why: rows of the centre's database, which nothing deletes.

use sqlx::Row;

use super::Order;
use crate::centre_db::CentreDb;
use crate::model::Wall;

/// An export as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Its id.
    pub id: String,
    /// The cameras.
    pub cameras: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// When it was whole; none if it never was.
    pub finished_at: Option<Wall>,
}

impl CentreDb {
    /// Puts on record that an export begins.
    ///
    /// # Errors
    /// If it cannot be written; then nothing may be exported.
    pub async fn export_begins(&self, id: &str, order: &Order, now: Wall) -> Result<(), sqlx::Error> {
        let cameras = serde_json::to_string(&order.cameras).map_err(|e| sqlx::Error::Encode(e.into()))?;
        sqlx::query(
            "INSERT INTO exports (id, cameras, from_ms, to_ms, reason, by, folder, begun_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(cameras)
        .bind(order.from.as_millis())
        .bind(order.to.as_millis())
        .bind(&order.reason)
        .bind(&order.by)
        .bind(order.out.to_string_lossy().into_owned())
        .bind(now.as_millis())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Puts on record that it is whole; `manifest` is its manifest's SHA-256.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn export_is_whole(&self, id: &str, manifest: &str, now: Wall) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE exports SET finished_at = ?, manifest = ? WHERE id = ?")
            .bind(now.as_millis())
            .bind(manifest)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Every export there ever was, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn exports(&self) -> Result<Vec<Exported>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM exports ORDER BY begun_at, id").fetch_all(&self.pool).await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Exported {
                id: row.try_get("id")?,
                cameras: row.try_get("cameras")?,
                reason: row.try_get("reason")?,
                by: row.try_get("by")?,
                finished_at: row.try_get::<Option<i64>, _>("finished_at")?.map(Wall::from_millis),
            })
        };
        rows.iter().map(read).collect()
    }
}
