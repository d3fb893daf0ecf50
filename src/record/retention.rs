//! What is deleted, and why. Pure.
//!
//! In the archive's own order (its counter), never by the clock alone: a box that boots in 1970 or
//! jumps years deletes nothing for it. Age counts only while the clock is trusted, and only for
//! what was recorded while it was. Pinned footage stays.

use std::time::Duration;

use crate::model::{StreamKind, Wall};

/// A recorded file, as retention sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its place in the archive's order.
    pub counter: i64,
    /// Which stream.
    pub stream: StreamKind,
    /// The wall clock after its last picture.
    pub end: Wall,
    /// Whether the clock could be trusted when it was recorded.
    pub is_dated: bool,
    /// Its size.
    pub bytes: u64,
    /// Whether an incident or a hold needs it.
    pub is_pinned: bool,
}

/// How long footage is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Main streams.
    pub keep: Duration,
    /// Sub streams.
    pub sub_keep: Duration,
    /// Free space that is always left.
    pub reserve_bytes: u64,
    /// The share of the disk, 0 to 1, that pinned footage may take.
    pub pin_share: f64,
}

impl Policy {
    /// How long this stream is kept.
    pub fn keep_of(&self, stream: StreamKind) -> Duration {
        match stream {
            StreamKind::Main => self.keep,
            StreamKind::Sub => self.sub_keep,
        }
    }

    /// How many bytes of a disk of `total` may be pinned.
    pub(super) fn pinned_at_most(&self, total: u64) -> u64 {
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

/// Why a file is deleted. The words are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteReason {
    /// It is older than its stream is kept.
    Age,
    /// Newer footage needs the space.
    Space,
}

impl DeleteReason {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            DeleteReason::Age => "age",
            DeleteReason::Space => "space",
        }
    }
}

/// What to delete of `oldest_first`, given `free` bytes on the disk, of which `wanted` more than
/// the reserve are needed now. `trusted_now` is the wall clock, if it can be trusted.
pub fn plan(
    oldest_first: &[Held],
    policy: &Policy,
    free: u64,
    wanted: u64,
    trusted_now: Option<Wall>,
) -> Vec<(i64, DeleteReason)> {
    let target = policy.reserve_bytes.saturating_add(wanted);
    let mut free = free;
    let mut chosen = Vec::new();
    let too_old = |held: &Held| {
        let keep_ms = i64::try_from(policy.keep_of(held.stream).as_millis()).unwrap_or(i64::MAX);
        held.is_dated && trusted_now.is_some_and(|now| now.millis_since(held.end) > keep_ms)
    };
    for held in oldest_first.iter().filter(|held| !held.is_pinned) {
        let reason = if too_old(held) {
            DeleteReason::Age
        } else if free < target {
            DeleteReason::Space
        } else {
            continue;
        };
        free = free.saturating_add(held.bytes);
        chosen.push((held.counter, reason));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY_MS: i64 = 86_400_000;
    const POLICY: Policy = Policy {
        keep: Duration::from_secs(30 * 86_400),
        sub_keep: Duration::from_secs(7 * 86_400),
        reserve_bytes: 100,
        pin_share: 0.3,
    };

    fn held(counter: i64, stream: StreamKind, day: i64) -> Held {
        Held {
            counter,
            stream,
            end: Wall::from_millis(day * DAY_MS),
            is_dated: true,
            bytes: 10,
            is_pinned: false,
        }
    }

    #[test]
    fn footage_goes_when_its_stream_is_kept_no_longer() {
        let archive =
            [held(1, StreamKind::Main, 0), held(2, StreamKind::Sub, 20), held(3, StreamKind::Main, 20)];
        let now = Some(Wall::from_millis(31 * DAY_MS));
        assert_eq!(plan(&archive, &POLICY, 1000, 0, now), [(1, DeleteReason::Age), (2, DeleteReason::Age)]);
    }

    #[test]
    fn nothing_goes_by_age_while_the_clock_is_not_trusted() {
        assert_eq!(plan(&[held(1, StreamKind::Main, 0)], &POLICY, 1000, 0, None), []);
    }

    #[test]
    fn a_full_disk_takes_the_oldest_first_and_no_more_than_needed() {
        let archive =
            [held(1, StreamKind::Main, 9), held(2, StreamKind::Sub, 9), held(3, StreamKind::Main, 9)];
        assert_eq!(
            plan(&archive, &POLICY, 85, 0, None),
            [(1, DeleteReason::Space), (2, DeleteReason::Space)]
        );
    }

    #[test]
    fn the_newest_pins_are_kept_within_their_share() {
        assert_eq!(affordable(&[50, 40, 30], 100), 2);
        assert_eq!(affordable(&[50, 40, 30], 1000), 3);
        assert_eq!(affordable(&[50, 40, 300], 100), 0);
        assert_eq!(POLICY.pinned_at_most(1000), 300);
    }

    proptest! {
        #[test]
        fn what_is_pinned_stays_whatever_the_disk_and_the_clock(
            pins in proptest::collection::vec(any::<bool>(), 1..50), free in 0u64..2000, now in 0i64..10_000
        ) {
            let archive: Vec<_> = pins.iter().enumerate()
                .map(|(i, pinned)| Held { is_pinned: *pinned, ..held(i as i64, StreamKind::Main, i as i64) })
                .collect();
            let gone = plan(&archive, &POLICY, free, 50, Some(Wall::from_millis(now * DAY_MS)));
            prop_assert!(gone.iter().all(|(counter, _)| !pins[*counter as usize]));
            let freed = free + 10 * gone.len() as u64;
            let all_gone = gone.len() == pins.iter().filter(|p| !**p).count();
            prop_assert!(freed >= 150 || all_gone, "room is made as long as something can go");
        }
    }
}
