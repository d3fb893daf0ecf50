//! Figures of the outbox for people.

use crate::centre_db::CentreDb;
use crate::model::Wall;

impl CentreDb {
    /// When the province last receipted something, as far as rows still tell.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn last_delivery(&self) -> Result<Option<Wall>, sqlx::Error> {
        let last = sqlx::query_scalar("SELECT max(delivered_at) FROM outbox WHERE state = 'delivered'");
        last.fetch_one(&self.pool).await.map(|at: Option<i64>| at.map(Wall::from_millis))
    }

    /// How much the province refused.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn count_quarantined(&self) -> Result<u64, sqlx::Error> {
        let count = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE state = 'quarantined'");
        count.fetch_one(&self.pool).await.map(|count: i64| u64::try_from(count).unwrap_or(0))
    }
}
