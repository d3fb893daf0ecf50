//! What retention deleted, for the audit log: summed for an hour, because each file has a line in the service's own log
//! already and an entry for each would bury what people did.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use crate::centre_db::CentreDb;
use crate::database::WRITING;
use crate::model::{CameraId, Mono, Now, StreamKind, Wall};
use crate::people::{Act, AuditLog};
use crate::record::{Archive, DeleteReason, Gone};

/// For so long it is summed. A sudden end of the service loses what was not written yet, here and nowhere else.
const SUMMED_FOR: Duration = Duration::from_secs(3600);

type Key = (CameraId, StreamKind, &'static str);

/// Files that went for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sum {
    files: u64,
    bytes: u64,
    from: Wall,
    to: Wall,
}

/// What went since the last entry. Pure.
#[derive(Debug, Default)]
struct Sums {
    all: BTreeMap<Key, Sum>,
    since: Option<Mono>,
}

impl Sums {
    fn add(&mut self, gone: &[Gone], now: Mono) {
        for one in gone {
            let sum = Sum { files: 1, bytes: one.bytes, from: one.from, to: one.to };
            let key = (one.camera.clone(), one.stream, DeleteReason::as_str(one.reason));
            let known = self.all.entry(key);
            known.and_modify(|known| known.take(sum)).or_insert(sum);
            self.since.get_or_insert(now);
        }
    }

    /// What is to be written now, if it is time.
    fn due(&mut self, now: Mono) -> BTreeMap<Key, Sum> {
        if self.since.is_none_or(|since| now.since(since) < SUMMED_FOR) {
            return BTreeMap::new();
        }
        self.since = None;
        std::mem::take(&mut self.all)
    }

    /// Takes back what could not be written.
    fn give_back(&mut self, sums: BTreeMap<Key, Sum>, now: Mono) {
        for (key, sum) in sums {
            self.all.entry(key).and_modify(|known| known.take(sum)).or_insert(sum);
            self.since.get_or_insert(now);
        }
    }
}

impl Sum {
    fn take(&mut self, other: Sum) {
        self.files = self.files.saturating_add(other.files);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
    }
}

/// Sums what an archive deletes. Clones share it.
#[derive(Debug, Clone)]
pub struct Deletions {
    sums: Arc<Mutex<Sums>>,
    db: CentreDb,
}

impl Deletions {
    /// Those of `archive`, to be written into `db`.
    pub fn of(archive: &Archive, db: &CentreDb) -> Self {
        let sums: Arc<Mutex<Sums>> = Arc::default();
        let told = sums.clone();
        archive.tell_deleted(move |gone| {
            let now = crate::clock::now().mono;
            told.lock().unwrap_or_else(PoisonError::into_inner).add(gone, now);
        });
        Self { sums, db: db.clone() }
    }

    /// Writes what was summed for long enough. What cannot be written is told, and tried again later.
    pub async fn write_due(&self, now: Now) {
        self.write(now, now.mono).await;
    }

    /// Writes all of it: the service stops.
    pub async fn write_rest(&self, now: Now) {
        self.write(now, now.mono.plus(SUMMED_FOR)).await;
    }

    async fn write(&self, now: Now, due_at: Mono) {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner).due(due_at);
        if sums.is_empty() {
            return;
        }
        if let Err(e) = self.add(&sums, now.wall).await {
            tracing::error!("what was deleted cannot be written into the audit log: {e}");
            self.sums.lock().unwrap_or_else(PoisonError::into_inner).give_back(sums, now.mono);
        }
    }

    async fn add(&self, sums: &BTreeMap<Key, Sum>, now: Wall) -> Result<(), sqlx::Error> {
        let mut transaction = self.db.pool.begin_with(WRITING).await?;
        for ((camera, stream, reason), sum) in sums {
            let detail = json!({
                "reason": reason, "camera": camera, "stream": stream, "files": sum.files, "bytes": sum.bytes,
                "from": sum.from, "to": sum.to,
            });
            let subject = Some(camera.as_str());
            let act = Act { who: "quaywatch", from: "service", action: "deleted", subject, detail };
            AuditLog::add_in(&mut transaction, act, now).await?;
        }
        transaction.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ids;

    fn gone(minute: i64, reason: DeleteReason) -> Gone {
        let from = Wall::from_millis(minute * 60_000);
        let camera = CameraId::new("gate").unwrap();
        Gone { camera, stream: StreamKind::Main, reason, bytes: 10, from, to: from.plus_millis(60_000) }
    }

    fn at(minutes: u64) -> Now {
        Now { mono: Mono(Duration::from_secs(minutes * 60)), wall: Wall::from_millis(7) }
    }

    #[test]
    fn an_hour_is_one_sum_for_each_stream_and_reason() {
        let mut sums = Sums::default();
        sums.add(&[gone(2, DeleteReason::Age), gone(1, DeleteReason::Age)], at(10).mono);
        sums.add(&[gone(5, DeleteReason::Space)], at(60).mono);
        assert!(sums.due(at(69).mono).is_empty());
        let due: Vec<_> = sums.due(at(70).mono).into_iter().collect();
        let minute = |n: i64| Wall::from_millis(n * 60_000);
        assert_eq!(due.len(), 2);
        assert_eq!(due[0].1, Sum { files: 2, bytes: 20, from: minute(1), to: minute(3) });
        assert_eq!((due[1].0.2, due[1].1.files), ("space", 1));
        assert!(sums.due(at(1000).mono).is_empty(), "it was given");
    }

    #[tokio::test]
    async fn what_was_deleted_is_on_the_log_and_what_could_not_be_written_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let db = crate::centre_db::open(folder.path(), &mut Ids::new(1), Now::default()).await.unwrap();
        let deletions = Deletions { sums: Arc::default(), db: db.clone() };
        deletions.sums.lock().unwrap().add(&[gone(1, DeleteReason::Age)], at(0).mono);
        deletions.write_due(at(59)).await;
        sqlx::query("ALTER TABLE audit RENAME TO elsewhere").execute(&db.pool).await.unwrap();
        deletions.write_rest(at(59)).await;
        sqlx::query("ALTER TABLE elsewhere RENAME TO audit").execute(&db.pool).await.unwrap();
        deletions.write_rest(at(60)).await;
        deletions.write_rest(at(61)).await;
        let log = AuditLog::new(db.pool.clone(), db.pool.clone()).following(0, 9).await.unwrap();
        let told: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), entry.detail.get())).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].0 == "deleted" && told[0].1.contains("\"reason\":\"age\""), "{told:?}");
    }
}
