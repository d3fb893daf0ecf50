//! What is deleted, and why. Pure.
//!
//! Three reasons: its time is over (age), its camera has had its share (size), newer footage needs
//! the disk (space). Always the oldest first, in the archive's own order (its counter), never by the
//! clock alone: a box that boots in 1970 or jumps years deletes nothing for it.
//!
//! - Age counts only while the clock is trusted. Footage of a time when it was not has no age of its
//!   own, but the archive's order dates it: what was recorded before something that is too old is
//!   too old itself. Otherwise it would be kept for ever, which nobody has agreed to.
//! - What an incident or a legal hold needs stays, whatever the age, the size and the disk.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::{CameraId, StreamKind, Wall};

/// A recorded file, as retention sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its place in the archive's order, over all cameras.
    pub counter: i64,
    /// Which camera.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// The wall clock after its last picture.
    pub end: Wall,
    /// Whether the clock could be trusted when it was recorded.
    pub is_dated: bool,
    /// Its size.
    pub bytes: u64,
    /// Whether an incident or a legal hold needs it.
    pub is_pinned: bool,
}

/// How long, and how much, of one camera is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// How long the main stream is kept.
    pub main: Duration,
    /// How long the sub stream is kept.
    pub sub: Duration,
    /// The most bytes that complete files of both streams may take.
    pub most_bytes: Option<u64>,
}

impl Keep {
    /// How long this stream is kept.
    pub fn of(&self, stream: StreamKind) -> Duration {
        match stream {
            StreamKind::Main => self.main,
            StreamKind::Sub => self.sub,
        }
    }
}

/// How long footage is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Cameras without words of their own, and those that are no longer in the config.
    pub usual: Keep,
    /// Each camera's own.
    pub cameras: HashMap<CameraId, Keep>,
    /// Free space that is always left.
    pub reserve_bytes: u64,
    /// The share of the disk, 0 to 1, that pinned footage may take.
    pub pin_share: f64,
}

impl Policy {
    /// What is said of this camera.
    pub fn of(&self, camera: &CameraId) -> &Keep {
        self.cameras.get(camera).unwrap_or(&self.usual)
    }

    /// How many bytes of a disk of `total` may be pinned.
    pub fn pinned_at_most(&self, total: u64) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a disk need not be exact, and float to int saturates"
        )]
        let bytes = (total as f64 * self.pin_share) as u64;
        bytes
    }
}

/// How many of the newest pins, whose sizes are given the oldest first, fit into `limit` bytes.
pub(super) fn affordable(sizes: &[u64], limit: u64) -> usize {
    let mut sum = 0u64;
    let fits = |size: &&u64| {
        sum = sum.saturating_add(**size);
        sum <= limit
    };
    sizes.iter().rev().take_while(fits).count()
}

/// What the archive's order says of age: that everything up to a counter is older than so long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Older(Vec<(Duration, i64)>);

impl Older {
    /// A file of that counter is dated, and older than `age`.
    pub fn learn(&mut self, age: Duration, counter: i64) {
        self.0.push((age, counter));
    }

    /// Up to which counter everything is older than `keep`; 0 if nothing is known to be.
    pub fn than(&self, keep: Duration) -> i64 {
        let known = self.0.iter().filter(|(age, _)| *age >= keep);
        known.map(|(_, counter)| *counter).max().unwrap_or(0)
    }
}

/// What is decided upon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Situation {
    /// Free bytes on the disk.
    pub free: u64,
    /// How many more than the reserve are needed now.
    pub wanted: u64,
    /// The wall clock, if it can be trusted.
    pub trusted_now: Option<Wall>,
    /// What each camera takes.
    pub taken: HashMap<CameraId, u64>,
    /// What the archive's order says of age.
    pub older: Older,
}

impl Situation {
    /// One in which no file has to go for its size or for space.
    pub fn at_ease() -> Self {
        Self { free: u64::MAX, ..Self::default() }
    }

    /// So many bytes of this camera are gone.
    pub fn freed(&mut self, camera: &CameraId, bytes: u64) {
        self.free = self.free.saturating_add(bytes);
        if let Some(taken) = self.taken.get_mut(camera) {
            *taken = taken.saturating_sub(bytes);
        }
    }
}

/// Why a file is deleted. The words are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeleteReason {
    /// It is older than its stream is kept.
    Age,
    /// Its camera takes more than it may.
    Size,
    /// Newer footage needs the space.
    Space,
}

impl DeleteReason {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            DeleteReason::Age => "age",
            DeleteReason::Size => "size",
            DeleteReason::Space => "space",
        }
    }
}

/// What to delete of `oldest_first`.
pub fn plan(oldest_first: &[Held], policy: &Policy, situation: &Situation) -> Vec<(i64, DeleteReason)> {
    let target = policy.reserve_bytes.saturating_add(situation.wanted);
    let mut so_far = situation.clone();
    let mut chosen = Vec::new();
    for held in oldest_first.iter().filter(|held| !held.is_pinned) {
        let keep = policy.of(&held.camera);
        let has_had_its_share =
            keep.most_bytes.zip(so_far.taken.get(&held.camera)).is_some_and(|(most, taken)| *taken > most);
        let reason = if is_too_old(held, keep.of(held.stream), situation) {
            DeleteReason::Age
        } else if has_had_its_share {
            DeleteReason::Size
        } else if so_far.free < target {
            DeleteReason::Space
        } else {
            continue;
        };
        so_far.freed(&held.camera, held.bytes);
        chosen.push((held.counter, reason));
    }
    chosen
}

fn is_too_old(held: &Held, keep: Duration, situation: &Situation) -> bool {
    let Some(now) = situation.trusted_now else { return false };
    if held.is_dated {
        let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        now.millis_since(held.end) > keep_ms
    } else {
        held.counter < situation.older.than(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY_MS: i64 = 86_400_000;
    const KEEP: Keep = Keep {
        main: Duration::from_secs(30 * 86_400),
        sub: Duration::from_secs(7 * 86_400),
        most_bytes: None,
    };

    fn camera(name: &str) -> CameraId {
        CameraId::new(name).unwrap()
    }

    fn policy() -> Policy {
        Policy { usual: KEEP, cameras: HashMap::new(), reserve_bytes: 100, pin_share: 0.3 }
    }

    fn held(counter: i64, stream: StreamKind, day: i64) -> Held {
        Held {
            counter,
            camera: camera("gate"),
            stream,
            end: Wall::from_millis(day * DAY_MS),
            is_dated: true,
            bytes: 10,
            is_pinned: false,
        }
    }

    fn on_day(day: i64) -> Situation {
        Situation { trusted_now: Some(Wall::from_millis(day * DAY_MS)), ..Situation::at_ease() }
    }

    #[test]
    fn footage_goes_when_its_stream_is_kept_no_longer() {
        let archive =
            [held(1, StreamKind::Main, 0), held(2, StreamKind::Sub, 20), held(3, StreamKind::Main, 20)];
        assert_eq!(plan(&archive, &policy(), &on_day(31)), [(1, DeleteReason::Age), (2, DeleteReason::Age)]);
    }

    #[test]
    fn a_camera_with_words_of_its_own_is_kept_by_them() {
        let mut policy = policy();
        policy.cameras.insert(camera("gate"), Keep { main: Duration::from_secs(10 * 86_400), ..KEEP });
        let elsewhere = Held { camera: camera("hall"), ..held(1, StreamKind::Main, 0) };
        let archive = [elsewhere, held(2, StreamKind::Main, 0)];
        assert_eq!(plan(&archive, &policy, &on_day(11)), [(2, DeleteReason::Age)]);
    }

    #[test]
    fn nothing_goes_by_age_while_the_clock_is_not_trusted() {
        let untrusted = Situation { trusted_now: None, ..on_day(400) };
        assert_eq!(plan(&[held(1, StreamKind::Main, 0)], &policy(), &untrusted), []);
    }

    #[test]
    fn footage_without_a_date_goes_when_something_recorded_after_it_is_too_old() {
        let undated = |counter| Held { is_dated: false, ..held(counter, StreamKind::Main, 0) };
        let archive = [undated(1), undated(5)];
        assert_eq!(plan(&archive, &policy(), &on_day(20_000)), [], "nobody knows how old it is");
        let mut later = on_day(20_000);
        later.older.learn(Duration::from_secs(7 * 86_400), 9);
        assert_eq!(plan(&archive, &policy(), &later), [], "older than a week is not older than a month");
        later.older.learn(KEEP.main, 3);
        assert_eq!(plan(&archive, &policy(), &later), [(1, DeleteReason::Age)]);
    }

    #[test]
    fn a_camera_that_takes_more_than_it_may_loses_its_own_oldest_footage() {
        let mut policy = policy();
        policy.cameras.insert(camera("gate"), Keep { most_bytes: Some(15), ..KEEP });
        let elsewhere = Held { camera: camera("hall"), ..held(1, StreamKind::Main, 0) };
        let archive = [elsewhere, held(2, StreamKind::Sub, 0), held(3, StreamKind::Main, 0)];
        let taken = [(camera("gate"), 20), (camera("hall"), 1000)].into_iter().collect();
        let full = Situation { taken, ..Situation::at_ease() };
        assert_eq!(plan(&archive, &policy, &full), [(2, DeleteReason::Size)]);
    }

    #[test]
    fn a_full_disk_takes_the_oldest_first_and_no_more_than_needed() {
        let archive =
            [held(1, StreamKind::Main, 9), held(2, StreamKind::Sub, 9), held(3, StreamKind::Main, 9)];
        assert_eq!(
            plan(&archive, &policy(), &Situation { free: 85, ..Situation::default() }),
            [(1, DeleteReason::Space), (2, DeleteReason::Space)]
        );
    }

    #[test]
    fn the_newest_pins_are_kept_within_their_share() {
        assert_eq!(affordable(&[50, 40, 30], 100), 2);
        assert_eq!(affordable(&[50, 40, 30], 1000), 3);
        assert_eq!(affordable(&[50, 40, 300], 100), 0);
        assert_eq!(policy().pinned_at_most(1000), 300);
    }

    fn any_archive() -> impl Strategy<Value = Vec<Held>> {
        let file = (0usize..3, any::<bool>(), 0i64..100, any::<bool>(), 0u64..50, any::<bool>());
        proptest::collection::vec(file, 1..60).prop_map(|files| {
            let held = files.into_iter().zip(1..).map(
                |((who, is_main, day, is_dated, bytes, is_pinned), counter)| Held {
                    counter,
                    camera: camera(["gate", "hall", "door"][who]),
                    stream: if is_main { StreamKind::Main } else { StreamKind::Sub },
                    end: Wall::from_millis(day * DAY_MS),
                    is_dated,
                    bytes,
                    is_pinned,
                },
            );
            held.collect()
        })
    }

    proptest! {
        #[test]
        fn whatever_disk_clock_and_sizes_what_is_pinned_stays_and_the_rest_goes_in_order(
            archive in any_archive(),
            free in 0u64..2000,
            wanted in 0u64..500,
            now in proptest::option::of(0i64..200),
            known in 0i64..70,
            most in proptest::option::of(0u64..500),
        ) {
            let mut policy = policy();
            policy.cameras.insert(camera("gate"), Keep { most_bytes: most, ..KEEP });
            let mut older = Older::default();
            older.learn(KEEP.sub, known);
            let sum = |of: &[&Held], who: &str| -> u64 {
                of.iter().filter(|held| held.camera.as_str() == who).map(|held| held.bytes).sum()
            };
            let all: Vec<&Held> = archive.iter().collect();
            let situation = Situation {
                free,
                wanted,
                trusted_now: now.map(|day| Wall::from_millis(day * DAY_MS)),
                taken: ["gate", "hall", "door"].iter().map(|who| (camera(who), sum(&all, who))).collect(),
                older,
            };
            let gone = plan(&archive, &policy, &situation);
            let by_counter = |counter: i64| &archive[counter as usize - 1];
            prop_assert!(gone.iter().all(|(counter, _)| !by_counter(*counter).is_pinned));
            prop_assert!(gone.windows(2).all(|pair| pair[0].0 < pair[1].0), "each once, the oldest first");

            let left: Vec<&Held> =
                all.iter().copied().filter(|held| !gone.iter().any(|(counter, _)| *counter == held.counter)).collect();
            let can_go = |held: &&&Held| !held.is_pinned;
            // As long as something can go, the camera keeps to its share and the disk to its reserve.
            if let Some(most) = most {
                let is_kept = sum(&left, "gate") <= most;
                prop_assert!(is_kept || !left.iter().filter(can_go).any(|held| held.camera.as_str() == "gate"));
            }
            let freed: u64 = gone.iter().map(|(counter, _)| by_counter(*counter).bytes).sum();
            prop_assert!(free + freed >= 100 + wanted || !left.iter().any(|held| !held.is_pinned));
            // Nothing older stays for size or space while something newer of the same goes.
            for (counter, reason) in &gone {
                let file = by_counter(*counter);
                let passed_over = left.iter().filter(can_go).filter(|held| held.counter < *counter);
                match reason {
                    DeleteReason::Age => prop_assert!(now.is_some()),
                    DeleteReason::Size => prop_assert!(passed_over.clone().all(|held| held.camera != file.camera)),
                    DeleteReason::Space => prop_assert_eq!(passed_over.count(), 0),
                }
            }
        }
    }
}
