//! What must stay: ranges that incidents pin, within their share of the disk, and legal holds,
//! without any.
//!
//! The wiring gives the source (rows of the centre's database); it is asked again before every batch
//! of deletions, so that a hold that a person has just made counts at once, whoever made it. If it
//! cannot be asked, nothing is deleted.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::future::BoxFuture;

use super::retention::affordable;
use super::{Archive, Index};
use crate::disk;
use crate::model::{CameraId, StreamKind, Wall};

/// Footage that an incident still needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Which camera; both of its streams.
    pub camera: CameraId,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
}

/// Footage that a person has forbidden to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    /// Its id, for the log.
    pub id: String,
    /// Which cameras; both streams of each.
    pub cameras: Vec<CameraId>,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
}

/// Everything that must stay, the oldest pin first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Protected {
    /// Of incidents.
    pub pins: Vec<Pin>,
    /// Of people.
    pub holds: Vec<LegalHold>,
}

type Source = Box<dyn Fn() -> BoxFuture<'static, anyhow::Result<Protected>> + Send + Sync>;

/// The ranges of all cameras, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Ranges(HashMap<CameraId, Vec<(Wall, Wall)>>);

impl Ranges {
    /// The union of these ranges.
    pub fn new(pins: &[Pin], holds: &[LegalHold]) -> Self {
        let mut all: HashMap<CameraId, Vec<(Wall, Wall)>> = HashMap::new();
        for pin in pins.iter().filter(|pin| pin.from < pin.to) {
            all.entry(pin.camera.clone()).or_default().push((pin.from, pin.to));
        }
        for hold in holds.iter().filter(|hold| hold.from < hold.to) {
            for camera in &hold.cameras {
                all.entry(camera.clone()).or_default().push((hold.from, hold.to));
            }
        }
        for ranges in all.values_mut() {
            ranges.sort_unstable();
            ranges.dedup_by(|next, merged| {
                let touches = next.0 <= merged.1;
                if touches {
                    merged.1 = merged.1.max(next.1);
                }
                touches
            });
        }
        Self(all)
    }

    /// The range that needs something of `[start, end)` of this camera, if one does.
    pub fn holding(&self, camera: &CameraId, start: Wall, end: Wall) -> Option<(Wall, Wall)> {
        let ranges = self.0.get(camera)?;
        // A file without a known end still is a moment.
        let end = end.max(start.plus_millis(1));
        let first = ranges.get(ranges.partition_point(|range| range.1 <= start))?;
        (first.0 < end).then_some(*first)
    }

    /// Whether every moment of `other` is held here too.
    fn include(&self, other: &Ranges) -> bool {
        other.iter().all(|(camera, from, to)| {
            self.holding(camera, from, to).is_some_and(|held| held.0 <= from && to <= held.1)
        })
    }

    /// Every range of every camera.
    pub fn iter(&self) -> impl Iterator<Item = (&CameraId, Wall, Wall)> {
        self.0.iter().flat_map(|(camera, ranges)| ranges.iter().map(move |range| (camera, range.0, range.1)))
    }
}

/// The archive's knowledge of what must stay.
#[derive(Default)]
pub(super) struct Protection {
    source: OnceLock<Source>,
    /// Held from the question to its answer, so that no older answer replaces a newer one.
    asking: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What was given last, so that sizes are looked up only when it changes.
    given: Protected,
    ranges: Arc<Ranges>,
    /// Rises whenever something that was protected may no longer be.
    releases: u64,
}

impl std::fmt::Debug for Protection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protection").finish_non_exhaustive()
    }
}

impl Protection {
    /// The ranges as they are known now, and how often something was released so far.
    pub fn now(&self) -> (Arc<Ranges>, u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.ranges.clone(), state.releases)
    }
}

impl Archive {
    /// Says whom to ask what must stay. Only the first time counts.
    pub fn ask_before_deleting(
        &self,
        source: impl Fn() -> BoxFuture<'static, anyhow::Result<Protected>> + Send + Sync + 'static,
    ) {
        let _ = self.protection.source.set(Box::new(source));
    }

    /// Asks what must stay.
    ///
    /// # Errors
    /// If it cannot be asked; then nothing may be deleted.
    pub async fn renew_protection(&self) -> anyhow::Result<()> {
        let _one_at_a_time = self.protection.asking.lock().await;
        match self.protection.source.get() {
            Some(source) => self.protect(source().await?).await,
            None => Ok(()),
        }
    }

    /// Replaces what must stay. Pins hold at most their share of the disk: the oldest beyond it no
    /// longer count, and that is said. Holds always count.
    ///
    /// # Errors
    /// If the index or the disk cannot be read.
    pub async fn protect(&self, protected: Protected) -> anyhow::Result<()> {
        self.in_place()?;
        let lock = || self.protection.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lock().given.clone();
        if before == protected {
            return Ok(());
        }
        say_holds(&before.holds, &protected.holds);
        let limit = self.policy.pinned_at_most(disk::space(&self.storage)?.total);
        let (kept, lapsed) = within_share(&self.index, &protected.pins, limit).await?;
        for pin in lapsed {
            tracing::warn!(
                target: "audit",
                camera = %pin.camera, from = %pin.from, to = %pin.to,
                "pinned footage exceeds its share of the disk; this range is no longer held"
            );
        }
        let ranges = Arc::new(Ranges::new(kept, &protected.holds));
        let mut state = lock();
        if !ranges.include(&state.ranges) {
            state.releases += 1;
        }
        (state.given, state.ranges) = (protected, ranges);
        Ok(())
    }
}

/// The pins that fit into `limit` bytes, the newest first in line, and those that do not.
///
/// # Errors
/// If the index cannot be read.
pub async fn within_share<'p>(
    index: &Index,
    pins: &'p [Pin],
    limit: u64,
) -> Result<(&'p [Pin], &'p [Pin]), sqlx::Error> {
    // The newest first, so that a file which several pins hold counts for the newest.
    let (mut sizes, mut counted) = (Vec::with_capacity(pins.len()), HashSet::new());
    for pin in pins.iter().rev() {
        let mut bytes = 0u64;
        for stream in [StreamKind::Main, StreamKind::Sub] {
            for (counter, size) in index.sizes_within(&pin.camera, stream, pin.from, pin.to).await? {
                if counted.insert(counter) {
                    bytes = bytes.saturating_add(size);
                }
            }
        }
        sizes.push(bytes);
    }
    sizes.reverse();
    let lapsed = pins.len().saturating_sub(affordable(&sizes, limit));
    let (lapsed, kept) = pins.split_at_checked(lapsed).unwrap_or((pins, &[]));
    Ok((kept, lapsed))
}

/// The log says which holds begin and end to count, also those that another process has made.
fn say_holds(before: &[LegalHold], now: &[LegalHold]) {
    let told = |hold: &LegalHold, what: &'static str| {
        let cameras: Vec<&str> = hold.cameras.iter().map(CameraId::as_str).collect();
        tracing::info!(
            target: "audit",
            hold = hold.id, cameras = cameras.join(" "), from = %hold.from, to = %hold.to, "{what}"
        );
    };
    for hold in now.iter().filter(|hold| !before.contains(hold)) {
        told(hold, "a legal hold keeps its footage from now on");
    }
    for hold in before.iter().filter(|hold| !now.contains(hold)) {
        told(hold, "a legal hold no longer keeps its footage");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(s: i64) -> Wall {
        Wall::from_millis(s * 1000)
    }

    fn pin(from: i64, to: i64) -> Pin {
        Pin { camera: CameraId::new("gate").unwrap(), from: at(from), to: at(to) }
    }

    #[test]
    fn a_range_holds_every_file_that_has_something_of_it() {
        let ranges = Ranges::new(&[pin(10, 20)], &[]);
        let gate = CameraId::new("gate").unwrap();
        let holds = |start, end| ranges.holding(&gate, at(start), at(end)).is_some();
        assert!(!holds(0, 10) && holds(0, 11) && holds(19, 30) && !holds(20, 30) && holds(12, 13));
        assert!(holds(0, 100));
        assert!(holds(10, 10), "a file of unknown length");
        assert!(ranges.holding(&CameraId::new("hall").unwrap(), at(12), at(13)).is_none());
    }

    proptest! {
        #[test]
        fn merged_ranges_hold_what_any_of_them_holds(
            pins in proptest::collection::vec((0i64..100, 1i64..30), 0..12), start in 0i64..130, length in 0i64..20
        ) {
            let pins: Vec<Pin> = pins.into_iter().map(|(from, length)| pin(from, from + length)).collect();
            let ranges = Ranges::new(&pins, &[]);
            let (start, end) = (at(start), at(start + length).max(at(start).plus_millis(1)));
            let wanted = pins.iter().any(|pin| pin.from < end && start < pin.to);
            prop_assert_eq!(ranges.holding(&CameraId::new("gate").unwrap(), start, end).is_some(), wanted);
        }
    }
}
