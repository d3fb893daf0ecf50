//! What the centre need not keep any longer: evidence that the province has and whose time is over,
//! and rows of the outbox that were delivered long ago.

use serde_json::json;
use sqlx::Row;

use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::ledger::{LinkKind, MISSING, Sealer, Tombstone, link_in};
use crate::model::{CameraId, IncidentId, Now, Wall};
use crate::people::{Act, AuditLog};

/// Up to when footage is no longer kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// The moment now.
    pub now: Wall,
    /// What ended before this is outdated.
    pub usual: Wall,
    /// Of cameras with words of their own.
    pub cameras: Vec<(CameraId, Wall)>,
}

/// How the reason of evidence begins that is no longer here.
const DELETED: &str = "deleted: ";

/// The reason of evidence that is here and is being deleted.
const GOING: &str = "going";

/// An incident whose evidence need not be kept any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutdatedEvidence {
    /// The incident.
    pub incident: IncidentId,
    /// Whether it was made, so that its folder has to be there.
    pub is_made: bool,
    /// Whether its deletion was begun.
    pub is_going: bool,
}

/// Why evidence is not here any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceGone {
    /// It was kept for its time, and deleted here.
    Age,
    /// It was not there when its time came, and nothing of ours had let it go.
    Missing,
}

impl EvidenceGone {
    /// The word in the chain and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            EvidenceGone::Age => "age",
            EvidenceGone::Missing => MISSING,
        }
    }

    /// Whether this is why evidence could not be had: it was missing.
    pub fn was_missing(reason: &str) -> bool {
        reason.strip_prefix(DELETED) == Some(EvidenceGone::Missing.in_words())
    }

    fn in_words(self) -> &'static str {
        match self {
            EvidenceGone::Age => "it was kept for its time",
            EvidenceGone::Missing => "it was not there when its time came, and nothing says who took it",
        }
    }
}

impl CentreDb {
    /// Incidents that are outdated, whose evidence is here and, if `needs_receipt`, of which the
    /// province has everything, the oldest first. What it refused waits for people; so does what was
    /// cut from footage under a legal hold.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn outdated_evidence(
        &self,
        outdated: &Outdated,
        needs_receipt: bool,
    ) -> Result<Vec<OutdatedEvidence>, sqlx::Error> {
        let cameras = outdated.cameras.iter().map(|(camera, at)| (camera.as_str(), at.as_millis()));
        let cameras: std::collections::BTreeMap<_, _> = cameras.collect();
        let rows = sqlx::query(
            "SELECT id, evidence_state = 'made' AS is_made, evidence_reason IS ?6 AS is_going FROM incidents
             WHERE ended_at < coalesce((SELECT value FROM json_each(?4) WHERE key = incidents.camera), ?1)
               AND (evidence_state = 'made'
                    OR (evidence_state = 'impossible' AND evidence_reason NOT LIKE ?3 || '%'))
               AND NOT (?2 AND EXISTS (SELECT 1 FROM outbox
                    WHERE incident = incidents.id AND state IN ('waiting', 'quarantined')))
               AND NOT EXISTS (SELECT 1 FROM holds, json_each(holds.cameras) AS held
                    WHERE released_at IS NULL AND (until_ms IS NULL OR until_ms > ?5)
                      AND held.value = incidents.camera
                      AND from_ms <= incidents.ended_at AND incidents.started_at < to_ms)
             ORDER BY ended_at LIMIT 100",
        )
        .bind(outdated.usual.as_millis())
        .bind(needs_receipt)
        .bind(DELETED)
        .bind(serde_json::to_string(&cameras).unwrap_or_default())
        .bind(outdated.now.as_millis())
        .bind(GOING)
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let text: String = row.try_get("id")?;
            let incident = text.parse().map_err(|e| unreadable("id", Box::new(e)))?;
            let (is_made, is_going) = (row.try_get("is_made")?, row.try_get("is_going")?);
            Ok(OutdatedEvidence { incident, is_made, is_going })
        };
        rows.iter().map(read).collect()
    }

    /// Writes down that evidence is about to be deleted: what is not there after that is no theft. Gives whether it may go:
    /// somebody may have put what it was cut from under a hold just now.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn evidence_goes(&self, incident: IncidentId, now: Wall) -> Result<bool, sqlx::Error> {
        let may = sqlx::query(
            "UPDATE incidents SET evidence_reason = ?1 WHERE id = ?2 AND evidence_state = 'made'
               AND NOT EXISTS (SELECT 1 FROM holds, json_each(holds.cameras) AS held
                    WHERE released_at IS NULL AND (until_ms IS NULL OR until_ms > ?3)
                      AND held.value = incidents.camera
                      AND from_ms <= incidents.ended_at AND incidents.started_at < to_ms)",
        )
        .bind(GOING)
        .bind(incident.to_string())
        .bind(now.as_millis())
        .execute(&self.pool)
        .await?;
        Ok(may.rows_affected() > 0)
    }

    /// The digests of the manifests that were signed of an incident's evidence, the last of each folder below
    /// `evidence/`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn manifests_of(&self, incident: IncidentId) -> Result<Vec<(String, String)>, sqlx::Error> {
        sqlx::query_as(
            "SELECT subject, digest FROM ledger WHERE number IN (
                 SELECT max(number) FROM ledger
                 WHERE kind = 'manifest' AND (subject = ?1 OR subject BETWEEN ?1 || '/' AND ?1 || '0')
                 GROUP BY subject)",
        )
        .bind(incident.to_string())
        .fetch_all(&self.pool)
        .await
    }

    /// Writes down that an incident's evidence is not here any more, with its entry in the audit log and its tombstone in
    /// the chain.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn forget_evidence(
        &self,
        (incident, why): (IncidentId, EvidenceGone),
        sealer: &Sealer,
        now: Now,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let id = incident.to_string();
        sqlx::query("UPDATE incidents SET evidence_state = 'impossible', evidence_reason = ? WHERE id = ?")
            .bind(format!("{DELETED}{}", why.in_words()))
            .bind(&id)
            .execute(&mut *transaction)
            .await?;
        let detail = json!({ "reason": why.as_str(), "what": "evidence", "incident": id });
        let action = if why == EvidenceGone::Age { "deleted" } else { "evidence-missing" };
        let act = Act { who: "quaywatch", from: "service", action, subject: Some(&id), detail };
        AuditLog::add_in(&mut transaction, act, now.wall).await?;
        link_in(&mut transaction, (LinkKind::Tombstone, Some(&id)), now.wall, |link| {
            let stated = sealer.stated(link, now)?;
            let tombstone = match why {
                EvidenceGone::Age => Tombstone::of_evidence(stated, incident),
                EvidenceGone::Missing => Tombstone::of_missing(stated, incident),
            };
            Ok(tombstone.seal(&sealer.signer))
        })
        .await?;
        transaction.commit().await
    }

    /// Removes rows of the outbox that were delivered before `moment`; gives how many. What was told of signed documents
    /// stays: the province's receipt for it is their proof.
    ///
    /// # Errors
    /// If the rows cannot be removed.
    pub async fn prune_delivered(&self, moment: Wall) -> Result<u64, sqlx::Error> {
        let pruned = sqlx::query(
            "DELETE FROM outbox WHERE incident IS NOT NULL
                AND ((state = 'delivered' AND delivered_at < ?1) OR (state = 'given-up' AND made_at < ?1))",
        )
        .bind(moment.as_millis())
        .execute(&self.pool)
        .await?;
        Ok(pruned.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use crate::forward::fixtures::{db, event, incident, now, signer, start};
    use crate::forward::keeping::{EvidenceGone, Outdated, OutdatedEvidence};
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
        let goes = |is_going| OutdatedEvidence { incident: old.id, is_made: true, is_going };
        let at = |usual| Outdated { now: now().wall, usual, cameras: vec![] };
        let (later, earlier) = (start().plus_millis(60_000), start().plus_millis(-1));
        let later = &at(later);
        assert_eq!(db.outdated_evidence(later, true).await.unwrap(), [], "the province has nothing yet");
        assert_eq!(db.outdated_evidence(later, false).await.unwrap(), [goes(false)], "and if there is none");
        db.mark_delivered(&events, None, now()).await.unwrap();
        assert_eq!(db.outdated_evidence(&at(earlier), true).await.unwrap(), [], "it is not old");
        assert_eq!(db.outdated_evidence(later, true).await.unwrap(), [goes(false)], "the other is not over");
        let cameras = vec![(old.camera.clone().unwrap(), earlier)];
        let kept_longer = Outdated { cameras, ..later.clone() };
        assert_eq!(db.outdated_evidence(&kept_longer, true).await.unwrap(), [], "its camera is kept longer");
        assert!(db.evidence_goes(old.id, now().wall).await.unwrap());
        assert_eq!(db.outdated_evidence(later, true).await.unwrap(), [goes(true)]);
        let gone = (old.id, EvidenceGone::Age);
        db.forget_evidence(gone, &crate::ledger::fixtures::sealer(1), now()).await.unwrap();
        assert_eq!(db.outdated_evidence(later, true).await.unwrap(), []);
        assert_eq!(db.prune_delivered(earlier).await.unwrap(), 0);
        assert_eq!(db.prune_delivered(later.usual).await.unwrap(), 2);
    }
}
