//! Evidence is kept as long as the footage it was cut from, and until the province has it.

use std::io::{self, ErrorKind};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::folder_of;
use super::manifest::{self, MANIFEST_NAME};
use crate::centre_db::CentreDb;
use crate::forward::{EvidenceGone, Outdated, OutdatedEvidence};
use crate::ledger::Sealer;
use crate::model::{IncidentId, Now, Wall};

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
        let Some(why) = let_go(storage, outdated, (db, now.wall)).await else { continue };
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
/// first: what is not there without that word, all of it or a part, somebody else took.
async fn let_go(
    storage: &Path,
    outdated: OutdatedEvidence,
    (db, now): (&CentreDb, Wall),
) -> Option<EvidenceGone> {
    let OutdatedEvidence { incident, is_made, is_going } = outdated;
    let mut why = EvidenceGone::Age;
    if is_made && !is_going {
        match is_whole(storage, incident, db).await {
            Ok(true) => {}
            // On a disk that is not in its place nothing is there, and nothing is gone.
            Ok(false) if !db.is_in_place() => return None,
            Ok(false) => why = EvidenceGone::Missing,
            Err(e) => {
                tracing::error!("the evidence of incident {incident} cannot be looked at: {e:#}");
                return None;
            }
        }
        if why == EvidenceGone::Age {
            match db.evidence_goes(incident, now).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(e) => {
                    tracing::error!("that evidence goes cannot be written down, so it stays: {e}");
                    return None;
                }
            }
        }
    }
    let folder = folder_of(storage, incident);
    match tokio::fs::remove_dir_all(&folder).await {
        Ok(()) => Some(why),
        Err(e) if e.kind() == ErrorKind::NotFound => db.is_in_place().then_some(why),
        Err(e) => {
            tracing::error!("{} cannot be deleted: {e}", folder.display());
            None
        }
    }
}

/// Whether the evidence of an incident is there as it was signed: every manifest, and every file in its length.
async fn is_whole(storage: &Path, incident: IncidentId, db: &CentreDb) -> anyhow::Result<bool> {
    let signed = db.manifests_of(incident).await?;
    let (all, own) = (storage.join("evidence"), folder_of(storage, incident));
    let looking = move || {
        if signed.is_empty() {
            // Made before there was a chain.
            return own.join(MANIFEST_NAME).try_exists();
        }
        for (subject, digest) in &signed {
            if !is_as_signed(&all.join(subject), digest)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    Ok(tokio::task::spawn_blocking(looking).await??)
}

fn is_as_signed(folder: &Path, digest: &str) -> io::Result<bool> {
    let Some(bytes) = if_there(std::fs::read(folder.join(MANIFEST_NAME)))? else { return Ok(false) };
    if hex::encode(Sha256::digest(&bytes)) != digest {
        return Ok(false);
    }
    let Ok(opened) = manifest::open(&bytes) else { return Ok(false) };
    for file in &opened.manifest.files {
        let about = if_there(std::fs::metadata(folder.join(&file.name)))?;
        if about.is_none_or(|about| about.len() != file.size) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// None of what is not there.
fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::manifest::FileFacts;
    use crate::forward::{Evidence, IncidentRow, fixtures};
    use crate::ledger::fixtures::{at, sealer};
    use crate::ledger::{LinkKind, Tombstone};
    use crate::model::{EventId, Ids, Severity};
    use crate::wire::Role;

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
        let folder = folder_of(storage, row.id);
        crate::disk::make_folder(&folder).unwrap();
        crate::disk::write_atomically(&folder.join("clip.mp4"), &[7; 70]).unwrap();
        let facts = FileFacts {
            name: "clip.mp4".into(),
            role: Role::Clip,
            media_type: "video/mp4".into(),
            size: 70,
            sha256: hex::encode(Sha256::digest([7; 70])),
            from: Wall::default(),
            to: Wall::default(),
            duration_ms: 0,
            cut_short: None,
        };
        let (signer, id) = (fixtures::signer(), row.id.to_string());
        let signed = manifest::tests::manifest(&signer, vec![facts]);
        let sealed = db.link((LinkKind::Manifest, Some(&id)), at(1).wall, |link| {
            Ok(manifest::Manifest { link: Some(link), ..signed }.seal(&signer))
        });
        let sealed = sealed.await.unwrap().envelope;
        crate::disk::write_atomically(&folder.join(MANIFEST_NAME), &sealed).unwrap();
        (db, row.id)
    }

    /// Why it is gone, as the chain says, and whether the centre let it go.
    async fn forgotten(storage: &Path, db: &CentreDb) -> Vec<(String, bool)> {
        let usual = fixtures::start().plus_millis(60_000);
        let outdated = Outdated { now: Wall::from_millis(i64::MAX / 2), usual, cameras: vec![] };
        forget_outdated(storage, db, &outdated, false, (&sealer(1), at(9))).await.unwrap();
        let rows = sqlx::query_scalar::<_, Vec<u8>>("SELECT envelope FROM ledger WHERE kind = 'tombstone'");
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
        let unmounted = db.unmounted();
        assert_eq!(forgotten(storage.path(), &unmounted).await, [], "its disk is not there");
        assert_eq!(forgotten(storage.path(), &db).await, [("missing".to_owned(), false)]);
        let action = sqlx::query_scalar::<_, String>("SELECT action FROM audit ORDER BY number DESC LIMIT 1");
        assert_eq!(action.fetch_one(&db.pool).await.unwrap(), "evidence-missing");
    }

    #[tokio::test]
    async fn evidence_of_which_somebody_took_a_part_is_never_signed_as_gone_by_age() {
        for taken in ["clip.mp4", MANIFEST_NAME] {
            let storage = tempfile::tempdir().unwrap();
            let (db, id) = centre(storage.path()).await;
            std::fs::remove_file(folder_of(storage.path(), id).join(taken)).unwrap();
            assert_eq!(forgotten(storage.path(), &db).await, [("missing".to_owned(), false)], "{taken}");
            assert!(!folder_of(storage.path(), id).exists(), "the rest is not kept longer");
        }
    }

    #[tokio::test]
    async fn a_power_cut_between_the_deletion_and_its_tombstone_is_no_theft() {
        let storage = tempfile::tempdir().unwrap();
        let (db, id) = centre(storage.path()).await;
        assert!(db.evidence_goes(id, at(9).wall).await.unwrap());
        std::fs::remove_dir_all(folder_of(storage.path(), id)).unwrap();
        assert_eq!(forgotten(storage.path(), &db.unmounted()).await, [], "its disk is not there");
        assert_eq!(forgotten(storage.path(), &db).await, [("age".to_owned(), true)]);
    }
}
