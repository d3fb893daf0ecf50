//! The archive: where files go, how far each stream is written, and what makes room.
//!
//! One for a storage path; every recorder and the evidence stage share it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use tokio::sync::{Mutex, watch};

use super::retention::affordable;
use super::{DeleteReason, GapReason, Held, Index, Policy, SegmentRow, SegmentState, plan};
use crate::disk;
use crate::model::{CameraId, StreamKind, Wall};

/// How far each stream is on the disk, by the wall clock.
pub type Coverage = HashMap<(CameraId, StreamKind), Wall>;

/// The recorded footage of one storage path.
#[derive(Debug)]
pub struct Archive {
    storage: PathBuf,
    policy: Policy,
    /// The rows.
    pub index: Index,
    coverage: watch::Sender<Coverage>,
    pins: watch::Sender<Vec<Pin>>,
    deleting: Mutex<()>,
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

/// How many rows retention looks at in one go.
const BATCH: i64 = 500;

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
        let mut sizes = Vec::with_capacity(pins.len());
        for pin in &pins {
            let mut bytes = 0u64;
            for stream in [StreamKind::Main, StreamKind::Sub] {
                let rows = self.index.covering(&pin.camera, stream, pin.from, pin.to).await?;
                let sum: i64 = rows.iter().map(|row| row.bytes).sum();
                bytes = bytes.saturating_add(u64::try_from(sum).unwrap_or(0));
            }
            sizes.push(bytes);
        }
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

    /// Deletes what is too old, and the oldest where fewer than `wanted` bytes above the reserve
    /// are free. Gives the number of deleted files. `trusted_now` is the wall clock, if it can be
    /// trusted.
    ///
    /// # Errors
    /// If the index or the disk cannot be read; a file that cannot be deleted is logged and passed
    /// over.
    pub async fn make_room(&self, wanted: u64, trusted_now: Option<Wall>) -> anyhow::Result<usize> {
        let _one_at_a_time = self.deleting.lock().await;
        let free = disk::space(&self.storage)?.free;
        let rows = self.index.oldest(BATCH).await?;
        let pins = self.pins.borrow().clone();
        let held: Vec<Held> = rows.iter().map(|row| as_held(row, &pins)).collect();
        let chosen: Vec<(i64, DeleteReason)> = plan(&held, &self.policy, free, wanted, trusted_now);
        let mut deleted = HashSet::new();
        for (counter, reason) in chosen {
            let Some(row) = rows.iter().find(|row| row.counter == counter) else { continue };
            if self.delete(row, reason).await? {
                deleted.insert(counter);
            }
        }
        Ok(deleted.len())
    }

    async fn delete(&self, row: &SegmentRow, reason: DeleteReason) -> anyhow::Result<bool> {
        let path = self.path_of(row);
        // The file first: a row without a file is found and forgotten at the next start, a file
        // without a row would come back as salvaged.
        match tokio::fs::remove_file(&path).await {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => {
                tracing::error!("{} cannot be deleted: {e}", path.display());
                return Ok(false);
            }
        }
        self.index.remove(row.counter).await?;
        tracing::info!(
            target: "audit",
            camera = %row.camera, stream = %row.stream, from = %row.start, to = %row.end(),
            bytes = row.bytes, reason = reason.as_str(), "footage deleted"
        );
        Ok(true)
    }
}

fn as_held(row: &SegmentRow, pins: &[Pin]) -> Held {
    let (start, end) = (row.start, row.end());
    let is_pinned = pins.iter().any(|pin| pin.camera == row.camera && pin.from < end && start < pin.to);
    Held {
        counter: row.counter,
        stream: row.stream,
        end,
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        is_pinned,
    }
}
