//! Evidence is kept as long as the footage it was cut from, and until the province has it.

use std::io::ErrorKind;
use std::path::Path;

use super::folder_of;
use crate::centre_db::CentreDb;
use crate::forward::{EvidenceGone, Outdated, OutdatedEvidence};
use crate::ledger::Sealer;
use crate::model::Now;

/// Deletes the evidence of incidents whose footage is `outdated` and, if `needs_receipt`, of which
/// the province has everything; says so for each. Gives how many.
///
/// # Errors
/// If the database cannot be read or written; a folder that cannot be deleted is logged and tried
/// again the next time.
pub async fn forget_outdated(
    storage: &Path,
    db: &CentreDb,
    outdated: &Outdated,
    needs_receipt: bool,
    (sealer, now): (&Sealer, Now),
) -> anyhow::Result<usize> {
    let mut forgotten = 0;
    for outdated in db.outdated_evidence(outdated, needs_receipt).await? {
        let incident = outdated.incident;
        let Some(why) = let_go(&folder_of(storage, incident), outdated, db).await else { continue };
        if let Err(e) = db.forget_evidence((incident, why), sealer, now).await {
            // The folder is gone, its row is found again the next time.
            tracing::error!("that evidence is gone cannot be written down: {e}");
            continue;
        }
        match why {
            EvidenceGone::Age => {
                tracing::info!(target: "audit", %incident, reason = why.as_str(), "evidence deleted");
            }
            EvidenceGone::Missing => tracing::error!(
                target: "audit", %incident, reason = why.as_str(),
                "the evidence of an incident was not there any more when its time came"
            ),
        }
        forgotten += 1;
    }
    db.prune_delivered(outdated.usual).await?;
    Ok(forgotten)
}

/// Deletes a folder with evidence; none if it is still there and has to be tried again. That it goes is written down
/// first: what is not there without that word, somebody else took.
async fn let_go(folder: &Path, outdated: OutdatedEvidence, db: &CentreDb) -> Option<EvidenceGone> {
    let OutdatedEvidence { incident, is_made, is_going } = outdated;
    let is_there = match tokio::fs::symlink_metadata(folder).await {
        Ok(_) => true,
        Err(e) if e.kind() == ErrorKind::NotFound => false,
        Err(e) => {
            tracing::error!("{} cannot be looked at: {e}", folder.display());
            return None;
        }
    };
    if is_made && !is_going {
        if !is_there {
            return Some(EvidenceGone::Missing);
        }
        if let Err(e) = db.evidence_goes(incident).await {
            tracing::error!("that evidence goes cannot be written down, so it stays: {e}");
            return None;
        }
    }
    match tokio::fs::remove_dir_all(folder).await {
        Ok(()) => Some(EvidenceGone::Age),
        Err(e) if e.kind() == ErrorKind::NotFound => Some(EvidenceGone::Age),
        Err(e) => {
            tracing::error!("{} cannot be deleted: {e}", folder.display());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::manifest::MANIFEST_NAME;
    use crate::forward::{Evidence, IncidentRow, fixtures};
    use crate::ledger::Tombstone;
    use crate::ledger::fixtures::{at, sealer};
    use crate::model::{EventId, Ids, IncidentId, Severity, Wall};

    /// A centre with evidence of one incident that ended long ago.
    async fn centre(storage: &Path) -> (CentreDb, IncidentId) {
        let (db, mut ids) = (fixtures::db(storage).await, Ids::new(7));
        let row = IncidentRow {
            ended_at: Some(fixtures::start()),
            evidence: Evidence::Made,
            ..fixtures::incident(&mut ids, Severity::Warning)
        };
        let id = EventId(ids.next(fixtures::now()));
        let event = |sequence, epoch| fixtures::event(id, &row, sequence, epoch);
        db.record_event(&row, &fixtures::signer(), fixtures::now(), event).await.unwrap();
        crate::disk::make_folder(&folder_of(storage, row.id)).unwrap();
        crate::disk::write_atomically(&folder_of(storage, row.id).join(MANIFEST_NAME), b"{}").unwrap();
        (db, row.id)
    }

    /// Why it is gone, as the chain says, and whether the centre let it go.
    async fn forgotten(storage: &Path, db: &CentreDb) -> Vec<(String, bool)> {
        let usual = fixtures::start().plus_millis(60_000);
        let outdated = Outdated { now: Wall::from_millis(i64::MAX / 2), usual, cameras: vec![] };
        forget_outdated(storage, db, &outdated, false, (&sealer(1), at(9))).await.unwrap();
        let rows = sqlx::query_scalar::<_, Vec<u8>>("SELECT envelope FROM ledger ORDER BY number");
        let rows = rows.fetch_all(&db.pool).await.unwrap();
        let told = rows.iter().map(|row| Tombstone::open(row).unwrap().0);
        told.map(|tombstone| (tombstone.reason.clone(), tombstone.is_deletion())).collect()
    }

    #[tokio::test]
    async fn evidence_whose_time_is_over_goes_and_is_signed_as_gone_by_age() {
        let storage = tempfile::tempdir().unwrap();
        let (db, id) = centre(storage.path()).await;
        assert_eq!(forgotten(storage.path(), &db).await, [("age".to_owned(), true)]);
        assert!(!folder_of(storage.path(), id).exists());
        assert_eq!(forgotten(storage.path(), &db).await.len(), 1, "once");
    }

    #[tokio::test]
    async fn evidence_that_somebody_took_is_never_signed_as_gone_by_age() {
        let storage = tempfile::tempdir().unwrap();
        let (db, id) = centre(storage.path()).await;
        std::fs::remove_dir_all(folder_of(storage.path(), id)).unwrap();
        assert_eq!(forgotten(storage.path(), &db).await, [("missing".to_owned(), false)]);
        let action = sqlx::query_scalar::<_, String>("SELECT action FROM audit ORDER BY number DESC LIMIT 1");
        assert_eq!(action.fetch_one(&db.pool).await.unwrap(), "evidence-missing");
    }

    #[tokio::test]
    async fn a_power_cut_between_the_deletion_and_its_tombstone_is_no_theft() {
        let storage = tempfile::tempdir().unwrap();
        let (db, id) = centre(storage.path()).await;
        db.evidence_goes(id).await.unwrap();
        std::fs::remove_dir_all(folder_of(storage.path(), id)).unwrap();
        assert_eq!(forgotten(storage.path(), &db).await, [("age".to_owned(), true)]);
    }
}
