//! What the archive tells the rest of the centre, and what it is told: how the storage is, when the
//! disk is too small, whether the disk is in its place, whether the clock is believed.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::health::Words;
use super::{Archive, Health, Kept, Shortage, Teller};
use crate::clock;
use crate::model::Now;
use crate::mounts::Place;

/// The wall clock and the monotonic one drift apart by less than this while it is believed; more was
/// a step that nobody has judged yet.
const UNJUDGED_MS: i64 = 1000;

/// The state behind it.
#[derive(Debug)]
pub(super) struct Telling {
    words: Mutex<Words>,
    health: watch::Sender<Health>,
    shortage: watch::Sender<Option<Shortage>>,
    place: Place,
    /// How far the wall clock is from the monotonic one, if it is believed.
    believed_apart_ms: Mutex<Option<i64>>,
}

impl Telling {
    pub(super) fn of(storage: &Path) -> Self {
        Self {
            words: Mutex::default(),
            health: watch::Sender::new(Health::Well),
            shortage: watch::Sender::new(None),
            place: Place::of(storage),
            believed_apart_ms: Mutex::default(),
        }
    }
}

impl Archive {
    /// Takes the word of one who wrote, or could not. A change is logged with what to do.
    pub fn tell_health(&self, teller: &Teller, health: Health) {
        let mut words = self.telling.words.lock().unwrap_or_else(PoisonError::into_inner);
        let health = words.tell(teller, health, clock::now());
        self.telling.health.send_if_modified(|known| {
            let is_news = known.as_str() != health.as_str();
            if is_news {
                log(self.storage(), &health);
                *known = health;
            }
            is_news
        });
    }

    /// How the storage is, now and as it changes.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.telling.health.subscribe()
    }

    /// The last sign that the disk is too small, and those to come.
    pub fn shortage(&self) -> watch::Receiver<Option<Shortage>> {
        self.telling.shortage.subscribe()
    }

    /// Says that the disk is too small.
    pub(super) fn tell_shortage(&self, shortage: Shortage) {
        self.telling.shortage.send_replace(Some(shortage));
    }

    /// Says that `row` went for space, which matters if it was to be kept for longer.
    pub(super) fn went_for_space(&self, row: &Kept) {
        let keep = self.policy.of(&row.camera).of(row.stream);
        if let Some(shortage) = Shortage::early(row, keep, clock::now().wall) {
            self.tell_shortage(shortage);
        }
    }

    /// Where the storage is, and whether it still is.
    pub fn place(&self) -> &Place {
        &self.telling.place
    }

    /// An error unless the disk that the archive was opened on is still in its place: what is below
    /// an empty mount point is not ours to fill, nor to take for an archive without files.
    ///
    /// # Errors
    /// In words for people, if it is not.
    pub fn in_place(&self) -> io::Result<()> {
        self.telling.place.still_there()
    }

    /// Says that the wall clock is believed as it was read at `at`, or not.
    pub fn believe_clock(&self, at: Option<Now>) {
        let mut believed = self.telling.believed_apart_ms.lock().unwrap_or_else(PoisonError::into_inner);
        *believed = at.map(apart_ms);
    }

    /// Whether the wall clock of this reading is believed: only what is recorded then can ever be
    /// deleted for its age. A step is noticed here at once, before anybody has judged it.
    pub fn believes(&self, at: Now) -> bool {
        let believed = *self.telling.believed_apart_ms.lock().unwrap_or_else(PoisonError::into_inner);
        believed.is_some_and(|apart| apart_ms(at).saturating_sub(apart).abs() <= UNJUDGED_MS)
    }

    /// Whether the wall clock is believed now.
    pub fn clock_is_trusted(&self) -> bool {
        self.believes(clock::now())
    }
}

fn apart_ms(now: Now) -> i64 {
    let mono_ms = i64::try_from(now.mono.0.as_millis()).unwrap_or(i64::MAX);
    now.wall.as_millis().saturating_sub(mono_ms)
}

/// For the technician who reads the log.
fn log(storage: &Path, health: &Health) {
    let storage = storage.display();
    match health {
        Health::Well => {
            tracing::info!("Ổ đĩa ghi lại được bình thường / the storage is written again: {storage}");
        }
        Health::Full => tracing::error!(
            "Ổ đĩa đã đầy và không còn gì được phép xóa, việc ghi hình đang chờ: {storage}. Hãy giải phóng dung lượng \
             ổ đĩa, giảm pin_share hoặc thay ổ lớn hơn. / The disk is full and nothing may be deleted, recording \
             waits: free some space, lower pin_share or fit a larger disk."
        ),
        Health::Failed { why } => tracing::error!(
            "KHÔNG GHI ĐƯỢC lên ổ đĩa {storage}: {why}. Hình được thử ghi lại mỗi giây. Hãy kiểm tra cáp và nguồn của \
             ổ đĩa, xem lệnh dmesg; nếu ổ đã chuyển sang chỉ đọc thì kiểm tra bằng fsck hoặc thay ổ. / THE STORAGE \
             CANNOT BE WRITTEN; it is tried again every second. Check the disk's cable and power, look at dmesg; if \
             it has become read-only, check it with fsck or replace it."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Index, Keep, Policy};
    use std::time::Duration;

    async fn archive() -> (tempfile::TempDir, Archive) {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).await.unwrap();
        let usual = Keep { main: Duration::MAX, sub: Duration::MAX, most_bytes: None };
        let policy = Policy { usual, cameras: Default::default(), reserve_bytes: 0, pin_share: 0.3 };
        let archive = Archive::new(folder.path(), policy, index);
        (folder, archive)
    }

    #[tokio::test]
    async fn a_reading_after_a_step_is_not_believed_even_before_the_step_was_judged() {
        let (_folder, archive) = archive().await;
        let mut now = Now::default();
        assert!(!archive.believes(now));
        archive.believe_clock(Some(now));
        now = now.plus(Duration::from_secs(60));
        assert!(archive.believes(now));
        now.wall = now.wall.plus_millis(10 * 365 * 86_400_000);
        assert!(!archive.believes(now), "what is recorded now would be dated ten years ahead");
        archive.believe_clock(None);
        assert!(!archive.believes(Now::default()));
    }

    #[tokio::test]
    async fn a_failure_is_told_once_and_so_is_its_end() {
        let (_folder, archive) = archive().await;
        let mut health = archive.health();
        let read_only = || Health::of(&io::Error::from_raw_os_error(30));
        archive.tell_health(&Teller::Place, read_only());
        assert!(health.has_changed().unwrap());
        assert_eq!(*health.borrow_and_update(), read_only());
        archive.tell_health(&Teller::Place, read_only());
        assert!(!health.has_changed().unwrap());
        archive.tell_health(&Teller::Place, Health::Well);
        assert_eq!(*health.borrow_and_update(), Health::Well);
    }
}
