//! The incidents that the province makes itself: a centre that is silent.

use std::collections::BTreeSet;

use sqlx::Row;

use super::{Store, StoreError, What};
use crate::model::{CentreId, IncidentId, Kind, Severity, Wall};

/// In place of a centre's epoch: these have no number of a centre's.
pub(super) const OWN_EPOCH: &str = "province";

impl Store {
    /// The centres whose silence is on record and not over.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn silent_centres(&self) -> Result<BTreeSet<CentreId>, StoreError> {
        let rows =
            sqlx::query("SELECT centre FROM incidents WHERE kind = ? AND epoch = ? AND state = 'open'")
                .bind(Kind::CentreSilent.as_str())
                .bind(OWN_EPOCH)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.iter().filter_map(|row| CentreId::new(row.get("centre")).ok()).collect())
    }

    /// Puts on record that a centre has been silent since `since`.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not take it.
    pub async fn open_silence(
        &self,
        id: IncidentId,
        centre: &CentreId,
        since: Wall,
        now: Wall,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO incidents (id, centre, kind, severity, started_ms, flagged_ms, peak, no_clip, also, state,
                 stored_ms, updated_ms, epoch, sequence, time_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, '{}', ?7, '[]', 'open', ?6, ?6, ?8, 0, ?6)",
        )
        .bind(id.to_string())
        .bind(centre.as_str())
        .bind(Kind::CentreSilent.as_str())
        .bind(Severity::Warning.as_str())
        .bind(since.as_millis())
        .bind(now.as_millis())
        .bind(Kind::CentreSilent.no_clip_reason())
        .bind(OWN_EPOCH)
        .execute(&self.pool)
        .await?;
        self.tell(id, What::Opened);
        Ok(())
    }

    /// Puts on record that a centre is heard again.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not take it.
    pub async fn close_silence(&self, centre: &CentreId, now: Wall) -> Result<(), StoreError> {
        let over: Vec<String> = sqlx::query_scalar(
            "UPDATE incidents SET state = 'closed', ended_ms = ?1, updated_ms = ?1
             WHERE kind = ?2 AND epoch = ?3 AND centre = ?4 AND state = 'open' RETURNING id",
        )
        .bind(now.as_millis())
        .bind(Kind::CentreSilent.as_str())
        .bind(OWN_EPOCH)
        .bind(centre.as_str())
        .fetch_all(&self.pool)
        .await?;
        over.iter().filter_map(|id| id.parse().ok()).for_each(|id| self.tell(id, What::Closed));
        Ok(())
    }
}
