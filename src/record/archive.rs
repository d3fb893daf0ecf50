//! The archive: where files go, how far each stream is written, and which clock its times are of.
//!
//! One for a storage path; every recorder and the evidence stage share it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tokio::sync::{Mutex, Notify, watch};

use super::files::{Files, RealFiles};
use super::protection::Protection;
use super::rate::Measured;
use super::room::Floors;
use super::telling::Telling;
use super::timeline::StepWatch;
use super::{GapReason, Index, Policy, SegmentRow, SegmentState};
use crate::model::{CameraId, Now, StreamKind, Wall};

/// How far each stream is on the disk, by the wall clock.
pub type Coverage = HashMap<(CameraId, StreamKind), Wall>;

/// The recorded footage of one storage path.
#[derive(Debug)]
pub struct Archive {
    pub(super) storage: PathBuf,
    pub(super) policy: Policy,
    /// The disk.
    pub(super) files: Arc<dyn Files>,
    /// The rows.
    pub index: Index,
    coverage: watch::Sender<Coverage>,
    pub(super) protection: Protection,
    pub(super) floors: std::sync::Mutex<Floors>,
    pub(super) measured: std::sync::Mutex<Measured>,
    pub(super) deleting: Mutex<()>,
    clock_epochs: std::sync::Mutex<ClockEpochs>,
    /// The files that are being recorded: nobody else may touch them.
    pub(super) open: std::sync::Mutex<BTreeMap<i64, SegmentRow>>,
    pub(super) telling: Telling,
    /// The streams that were being recorded when the process before this one died.
    pub(super) died: watch::Sender<HashSet<(CameraId, StreamKind)>>,
    /// The last runs that are known from the files' names, where the index was lost.
    pub(super) runs: std::sync::Mutex<HashMap<(CameraId, StreamKind), i64>>,
    /// Somebody has read nonsense from the index.
    pub(super) suspicion: Notify,
}

/// Which clock it is now: a new one begins whenever the wall clock is set.
#[derive(Debug, Default)]
struct ClockEpochs {
    watch: StepWatch,
    epoch: i64,
}

impl Archive {
    /// The archive below `storage`.
    pub fn new(storage: &Path, policy: Policy, index: Index) -> Self {
        Self::on(Arc::new(RealFiles), storage, policy, index)
    }

    /// As [`Archive::new`], on any disk.
    pub fn on(files: Arc<dyn Files>, storage: &Path, policy: Policy, index: Index) -> Self {
        Self {
            storage: storage.to_owned(),
            policy,
            files,
            index,
            coverage: watch::Sender::new(Coverage::new()),
            protection: Protection::default(),
            floors: std::sync::Mutex::default(),
            measured: std::sync::Mutex::default(),
            deleting: Mutex::new(()),
            clock_epochs: std::sync::Mutex::default(),
            open: std::sync::Mutex::default(),
            telling: Telling::of(storage),
            died: watch::Sender::new(HashSet::new()),
            runs: std::sync::Mutex::default(),
            suspicion: Notify::new(),
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
        self.coverage.send_modify(|all| match all.get_mut(&(camera.clone(), stream)) {
            Some(known) => *known = until,
            None => drop(all.insert((camera.clone(), stream), until)),
        });
    }

    /// How far the streams are, now and as it changes.
    pub fn coverage(&self) -> watch::Receiver<Coverage> {
        self.coverage.subscribe()
    }

    /// Which clock `now` was read from: a new epoch begins at every start and whenever the wall
    /// clock is set, seen by its distance from the monotonic one.
    pub fn clock_epoch(&self, now: Now) -> i64 {
        let mut epochs = self.clock_epochs.lock().unwrap_or_else(PoisonError::into_inner);
        if epochs.watch.has_stepped(now) {
            epochs.epoch = epochs.epoch.saturating_add(1);
            tracing::warn!(
                clock_epoch = epochs.epoch,
                "the clock was set: what follows has times of its own"
            );
        }
        epochs.epoch
    }

    /// Begins the clock epoch of this process.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub(super) async fn begin_clock(&self) -> Result<(), sqlx::Error> {
        let last = self.index.last_clock_epoch().await?;
        let mut epochs = self.clock_epochs.lock().unwrap_or_else(PoisonError::into_inner);
        epochs.epoch = epochs.epoch.max(last.saturating_add(1));
        Ok(())
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
            // The index was lost, the files are not.
            None if self.known_run(camera, stream) > 0 => GapReason::ProcessDied,
            None => GapReason::First,
            Some(SegmentState::Closed) => GapReason::ProcessStopped,
            Some(SegmentState::Salvaged | SegmentState::Open) => GapReason::ProcessDied,
        })
    }

    /// The number of a stream's next connection.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub(super) async fn next_run(&self, camera: &CameraId, stream: StreamKind) -> Result<i64, sqlx::Error> {
        let last = self.index.last_run(camera, stream).await?.max(self.known_run(camera, stream));
        Ok(last.saturating_add(1))
    }

    fn known_run(&self, camera: &CameraId, stream: StreamKind) -> i64 {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get(&(camera.clone(), stream)).copied().unwrap_or(0)
    }

    /// Says that a file is being recorded from now on.
    pub(super) fn opened(&self, row: &SegmentRow) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(row.counter, row.clone());
    }

    /// Says that a file is not being recorded any more.
    pub(super) fn closed(&self, counter: i64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&counter);
    }

    /// The files that are being recorded.
    pub(super) fn being_recorded(&self) -> Vec<SegmentRow> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Says that the database was found to be damaged: [`Archive::keep_in_order`] sees to it.
    pub(super) fn suspect_index(&self) {
        self.suspicion.notify_one();
    }
}
