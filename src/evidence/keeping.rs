//! Evidence is kept as long as the footage it was cut from, and until the province has it.

use std::path::Path;

use crate::centre_db::CentreDb;
use crate::forward::Outdated;
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
    for incident in db.outdated_evidence(outdated, needs_receipt).await? {
        let folder = storage.join("evidence").join(incident.to_string());
        match tokio::fs::remove_dir_all(&folder).await {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => {
                tracing::error!("{} cannot be deleted: {e}", folder.display());
                continue;
            }
        }
        if let Err(e) = db.forget_evidence(incident, sealer, now).await {
            // The folder is gone, its row is found again the next time.
            tracing::error!("that evidence was deleted cannot be written down: {e}");
            continue;
        }
        tracing::info!(target: "audit", %incident, reason = "age", "evidence deleted");
        forgotten += 1;
    }
    db.prune_delivered(outdated.usual).await?;
    Ok(forgotten)
}
