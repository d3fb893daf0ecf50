//! The archive: where files go, how far each stream is written, and what makes room.
//!
//! One for a storage path; every recorder and the evidence stage share it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, watch};

use super::retention::affordable;
use super::{GapReason, Index, Policy, SegmentRow, SegmentState};
use crate::disk;
use crate::model::{CameraId, StreamKind, Wall};

/// How far each stream is on the disk, by the wall clock.
pub type Coverage = HashMap<(CameraId, StreamKind), Wall>;

/// The recorded footage of one storage path.
#[derive(Debug)]
pub struct Archive {
    pub(super) storage: PathBuf,
    pub(super) policy: Policy,
    /// The rows.
    pub index: Index,
    coverage: watch::Sender<Coverage>,
    pub(super) pins: watch::Sender<Vec<Pin>>,
    pub(super) deleting: Mutex<()>,
    clock_is_trusted: AtomicBool,
    /// The streams that were being recorded when the process before this one died.
    pub(super) died: watch::Sender<HashSet<(CameraId, StreamKind)>>,
}

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

impl Archive {
    /// The archive below `storage`.
    pub fn new(storage: &Path, policy: Policy, index: Index) -> Self {
        Self {
            storage: storage.to_owned(),
            policy,
            index,
            coverage: watch::Sender::new(Coverage::new()),
            pins: watch::Sender::new(Vec::new()),
            deleting: Mutex::new(()),
            clock_is_trusted: AtomicBool::new(false),
            died: watch::Sender::new(HashSet::new()),
        }
    }

    /// The storage path.
    pub fn storage(&self) -> &Path {
        &self.storage
    }

    /// Where the file of a row is.
    pub fn path_of(&self, row: &SegmentRow) -> PathBuf {
        self.storage.join(&row.path)
    }

    /// Says that `stream` is on the disk up to `until`.
    pub fn covered(&self, camera: &CameraId, stream: StreamKind, until: Wall) {
        self.coverage.send_modify(|all| {
            all.insert((camera.clone(), stream), until);
        });
    }

    /// How far the streams are, now and as it changes.
    pub fn coverage(&self) -> watch::Receiver<Coverage> {
        self.coverage.subscribe()
    }

    /// Says whether the wall clock can be trusted from now on: only what is recorded then can ever
    /// be deleted for its age.
    pub fn trust_clock(&self, is_trusted: bool) {
        self.clock_is_trusted.store(is_trusted, Ordering::Relaxed);
    }

    /// Whether the wall clock can be trusted now.
    pub fn clock_is_trusted(&self) -> bool {
        self.clock_is_trusted.load(Ordering::Relaxed)
    }

    /// What the first file of this process has before it.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn gap_at_start(
        &self,
        camera: &CameraId,
        stream: StreamKind,
    ) -> Result<GapReason, sqlx::Error> {
        if self.died.borrow().contains(&(camera.clone(), stream)) {
            return Ok(GapReason::ProcessDied);
        }
        Ok(match self.index.newest(camera, stream).await?.map(|row| row.state) {
            None => GapReason::First,
            Some(SegmentState::Closed) => GapReason::ProcessStopped,
            Some(SegmentState::Salvaged | SegmentState::Open) => GapReason::ProcessDied,
        })
    }

    /// Replaces the list of what must stay, given the oldest first. Pins hold at most their share of
    /// the disk: the oldest beyond it no longer count, and that is said.
    ///
    /// # Errors
    /// If the index or the disk cannot be read.
    pub async fn set_pins(&self, pins: Vec<Pin>) -> anyhow::Result<()> {
        let total = disk::space(&self.storage)?.total;
        // The newest first, so that a file which several pins hold counts for the newest.
        let (mut sizes, mut counted) = (Vec::with_capacity(pins.len()), HashSet::new());
        for pin in pins.iter().rev() {
            let mut bytes = 0u64;
            for stream in [StreamKind::Main, StreamKind::Sub] {
                let rows = self.index.covering(&pin.camera, stream, pin.from, pin.to).await?;
                let more = rows.iter().filter(|row| counted.insert(row.counter));
                let sum: i64 = more.map(|row| row.bytes).sum();
                bytes = bytes.saturating_add(u64::try_from(sum).unwrap_or(0));
            }
            sizes.push(bytes);
        }
        sizes.reverse();
        let kept = affordable(&sizes, self.policy.pinned_at_most(total));
        let lapsed = pins.len().saturating_sub(kept);
        for pin in pins.iter().take(lapsed) {
            tracing::warn!(
                target: "audit",
                camera = %pin.camera, from = %pin.from, to = %pin.to,
                "pinned footage exceeds its share of the disk; this range is no longer held"
            );
        }
        self.pins.send_replace(pins.into_iter().skip(lapsed).collect());
        Ok(())
    }
}
