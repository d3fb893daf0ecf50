//! What the centre need not keep any longer: evidence that the province has and whose time is over,
//! and rows of the outbox that were delivered long ago.

use sqlx::Row;

use crate::centre_db::{CentreDb, unreadable};
use crate::model::{IncidentId, Wall};

impl CentreDb {
    /// Incidents that were over before `moment`, whose evidence is here and of which the province has
    /// everything, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn outdated_evidence(&self, moment: Wall) -> Result<Vec<IncidentId>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT id FROM incidents WHERE evidence_state = 'made' AND ended_at < ?
               AND NOT EXISTS (SELECT 1 FROM outbox WHERE incident = incidents.id AND state = 'waiting')
             ORDER BY ended_at LIMIT 100",
        )
        .bind(moment.as_millis())
        .fetch_all(&self.pool)
        .await?;
        let id = |row: &sqlx::sqlite::SqliteRow| {
            let text: String = row.try_get(0)?;
            text.parse().map_err(|e| unreadable("id", Box::new(e)))
        };
        rows.iter().map(id).collect()
    }

    /// Writes down that an incident's evidence is no longer here, and why.
    ///
    /// # Errors
    /// If the row cannot be written.
    pub async fn forget_evidence(&self, incident: IncidentId, why: &str) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE incidents SET evidence_state = 'impossible', evidence_reason = ? WHERE id = ?")
            .bind(why)
            .bind(incident.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Removes rows of the outbox that were delivered before `moment`; gives how many.
    ///
    /// # Errors
    /// If the rows cannot be removed.
    pub async fn prune_delivered(&self, moment: Wall) -> Result<u64, sqlx::Error> {
        let pruned = sqlx::query("DELETE FROM outbox WHERE state = 'delivered' AND delivered_at < ?")
            .bind(moment.as_millis())
            .execute(&self.pool)
            .await?;
        Ok(pruned.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use crate::forward::fixtures::{db, event, incident, now, signer, start};
    use crate::forward::{Evidence, IncidentRow};
    use crate::model::{EventId, Ids, Severity};
    use crate::wire::Subject;

    #[tokio::test]
    async fn evidence_goes_only_when_it_is_old_over_and_receipted() {
        let folder = tempfile::tempdir().unwrap();
        let (db, mut ids) = (db(folder.path()).await, Ids::new(2));
        let made = |ids: &mut Ids, ended_at| IncidentRow {
            ended_at,
            evidence: Evidence::Made,
            ..incident(ids, Severity::Warning)
        };
        let (old, open) = (made(&mut ids, Some(start())), made(&mut ids, None));
        let mut events = Vec::new();
        for row in [&old, &open] {
            let id = EventId(ids.next(now()));
            db.record_event(row, &signer(), now(), |n, epoch| event(id, row, n, epoch)).await.unwrap();
            events.push(Subject::Event(id));
        }
        let later = start().plus_millis(60_000);
        assert_eq!(db.outdated_evidence(later).await.unwrap(), [], "the province has nothing yet");
        db.mark_delivered(&events, now()).await.unwrap();
        let earlier = start().plus_millis(-1);
        assert_eq!(db.outdated_evidence(earlier).await.unwrap(), [], "it is not old");
        assert_eq!(db.outdated_evidence(later).await.unwrap(), [old.id], "the other is not over");
        db.forget_evidence(old.id, "its time is over").await.unwrap();
        assert_eq!(db.outdated_evidence(later).await.unwrap(), []);
        assert_eq!(db.prune_delivered(earlier).await.unwrap(), 0);
        assert_eq!(db.prune_delivered(later).await.unwrap(), 2);
    }
}
