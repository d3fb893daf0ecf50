//! What left the archive, for the audit log: summed for an hour, because each file has a line in the service's own log
//! already and an entry for each would bury what people did. What waits for its hour is on the disk, with the index.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use crate::centre_db::CentreDb;
use crate::database::WRITING;
use crate::model::{Mono, Now, Wall};
use crate::people::{Act, AuditLog};
use crate::record::{Archive, GoneBatch, WentFor};

/// For so long it is summed.
const SUMMED_FOR: Duration = Duration::from_secs(3600);

/// Tells the audit log what leaves an archive. Clones share when it was last told.
#[derive(Debug, Clone)]
pub struct Deletions {
    archive: Arc<Archive>,
    db: CentreDb,
    told_at: Arc<Mutex<Option<Mono>>>,
}

impl Deletions {
    /// Those of `archive`, to be written into `db`.
    pub fn of(archive: &Arc<Archive>, db: &CentreDb) -> Self {
        Self { archive: archive.clone(), db: db.clone(), told_at: Arc::default() }
    }

    /// Writes what was summed for long enough, and at the start what the time before has left. What cannot be
    /// written is told, and tried again the next time.
    pub async fn write_due(&self, now: Now) {
        let told_at = *self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_none_or(|told_at| now.mono.since(told_at) >= SUMMED_FOR) {
            self.write_all(now).await;
        }
    }

    /// Writes all of it.
    pub async fn write_all(&self, now: Now) {
        match self.tell(now).await {
            Ok(()) => *self.told_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now.mono),
            Err(e) => tracing::error!("what was deleted cannot be written into the audit log: {e}"),
        }
    }

    async fn tell(&self, now: Now) -> Result<(), sqlx::Error> {
        // A second time for what came behind a batch that was already begun.
        for part in 1..=2 {
            let name = format!("{}-{part}", uuid::Uuid::now_v7());
            let Some(batch) = self.archive.gone(&name).await? else { return Ok(()) };
            self.add(&batch, now.wall).await?;
            self.archive.told_gone(&batch.name).await?;
            let done = sqlx::query("DELETE FROM told_deletions WHERE batch = ?").bind(&batch.name);
            done.execute(&self.db.pool).await?;
        }
        Ok(())
    }

    async fn add(&self, batch: &GoneBatch, now: Wall) -> Result<(), sqlx::Error> {
        let mut transaction = self.db.pool.begin_with(WRITING).await?;
        let mark = sqlx::query("INSERT INTO told_deletions (batch) VALUES (?) ON CONFLICT DO NOTHING");
        if mark.bind(&batch.name).execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(());
        }
        for gone in &batch.gone {
            let detail = json!({
                "reason": gone.reason, "camera": gone.camera, "stream": gone.stream, "files": gone.files,
                "bytes": gone.bytes, "from": gone.from, "to": gone.to,
            });
            let subject = Some(gone.camera.as_str());
            let action = if gone.reason == WentFor::Missing.as_str() { "footage-missing" } else { "deleted" };
            let act = Act { who: "quaywatch", from: "service", action, subject, detail };
            AuditLog::add_in(&mut transaction, act, now).await?;
        }
        transaction.commit().await
    }
}

#[cfg(test)]
mod tests;
