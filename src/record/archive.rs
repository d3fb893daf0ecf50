//! The archive: where files go, how far each stream is written, and what makes room.
//!
//! One for a storage path; every recorder and the evidence stage share it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, watch};

use super::protection::Protection;
use super::rate::Measured;
use super::room::Floors;
use super::{GapReason, Index, Policy, SegmentRow, SegmentState};
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
    pub(super) protection: Protection,
    pub(super) floors: std::sync::Mutex<Floors>,
    pub(super) measured: std::sync::Mutex<Measured>,
    pub(super) deleting: Mutex<()>,
    clock_is_trusted: AtomicBool,
    /// The streams that were being recorded when the process before this one died.
    pub(super) died: watch::Sender<HashSet<(CameraId, StreamKind)>>,
}

impl Archive {
    /// The archive below `storage`.
    pub fn new(storage: &Path, policy: Policy, index: Index) -> Self {
        Self {
            storage: storage.to_owned(),
            policy,
            index,
            coverage: watch::Sender::new(Coverage::new()),
            protection: Protection::default(),
            floors: std::sync::Mutex::default(),
            measured: std::sync::Mutex::default(),
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

    /// How long footage is kept.
    pub fn policy(&self) -> &Policy {
        &self.policy
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
}
