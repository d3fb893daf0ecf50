//! The archive: where files go, how far each stream is written, and which clock its times are of.
//!
//! One for a storage path; every recorder and the evidence stage share it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, watch};

use super::files::{Files, RealFiles};
use super::growth::{Growing, Growth};
use super::protection::Protection;
use super::rate::Measured;
use super::room::Floors;
use super::salvage::Fragment;
use super::telling::Telling;
use super::timeline::StepWatch;
use super::{GapReason, Index, Policy, SegmentRow, SegmentState};
use crate::database;
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
    growth: Growth,
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
    /// The files whose rows and names are being made.
    beginning: std::sync::Mutex<HashSet<String>>,
    /// Somebody has read nonsense from the index.
    pub(super) suspicion: Notify,
    /// The streams that this process has begun to record.
    begun: std::sync::Mutex<HashSet<(CameraId, StreamKind)>>,
    /// Where questions to the databases are asked: not on the thread of the streams, which looks for
    /// answers only every now and then, and would hold the one connection that writes meanwhile.
    main: Handle,
}

/// Which clock it is now: a new one begins whenever the wall clock is set.
#[derive(Debug, Default)]
struct ClockEpochs {
    watch: StepWatch,
    epoch: i64,
}

impl Archive {
    /// The archive below `storage`. Made on the runtime that is to serve its databases.
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
            growth: Growth::default(),
            protection: Protection::default(),
            floors: std::sync::Mutex::default(),
            measured: std::sync::Mutex::default(),
            deleting: Mutex::new(()),
            clock_epochs: std::sync::Mutex::default(),
            open: std::sync::Mutex::default(),
            telling: Telling::of(storage),
            died: watch::Sender::new(HashSet::new()),
            runs: std::sync::Mutex::default(),
            beginning: std::sync::Mutex::default(),
            suspicion: Notify::new(),
            begun: std::sync::Mutex::default(),
            main: Handle::current(),
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

    /// Says which fragments of an open file are written, and when it began as well as is known by now.
    pub(super) fn grew(&self, row: &SegmentRow, start: Wall, fragments: &[Fragment]) {
        self.growth.grew(row, start, fragments);
    }

    /// What is being written of a stream, now and as it grows.
    pub fn growing(&self, camera: &CameraId, stream: StreamKind) -> watch::Receiver<Growing> {
        self.growth.watch(camera, stream)
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

    /// Says that epochs up to this one have been.
    pub(super) fn clock_epochs_above(&self, epoch: i64) {
        let mut epochs = self.clock_epochs.lock().unwrap_or_else(PoisonError::into_inner);
        epochs.epoch = epochs.epoch.max(epoch.saturating_add(1));
    }

    /// Begins the clock epoch of this process.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub(super) async fn begin_clock(&self) -> Result<(), sqlx::Error> {
        self.clock_epochs_above(self.index.last_clock_epoch().await?);
        Ok(())
    }

    /// Does what asks the databases on the runtime that the archive was made on.
    pub(super) async fn aside<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        match self.main.spawn(work).await {
            Ok(done) => done,
            Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
            // The runtime ends, and whoever waits here with it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Has the index looked at if this says that it is damaged.
    pub fn suspect(&self, e: &sqlx::Error) {
        if database::is_damaged(e) {
            self.suspect_index();
        }
    }

    /// What the first file of a stream has before it. A task that was started again in the same
    /// process asks again: the camera was away from it.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn gap_at_start(
        &self,
        camera: &CameraId,
        stream: StreamKind,
    ) -> Result<GapReason, sqlx::Error> {
        let name = (camera.clone(), stream);
        let newest = self.index.newest(camera, stream).await.inspect_err(|e| self.suspect(e))?;
        if !self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone()) {
            return Ok(GapReason::CameraAway);
        }
        if self.died.borrow().contains(&name) {
            return Ok(GapReason::ProcessDied);
        }
        Ok(match newest.map(|row| row.state) {
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
        let last = self.index.last_run(camera, stream).await.inspect_err(|e| self.suspect(e))?;
        let last = last.max(self.known_run(camera, stream));
        Ok(last.saturating_add(1))
    }

    fn known_run(&self, camera: &CameraId, stream: StreamKind) -> i64 {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get(&(camera.clone(), stream)).copied().unwrap_or(0)
    }

    /// Says that a file gets its row now, which nobody may take for one that was left behind.
    pub(super) fn begins(&self, path: &str) {
        self.beginning.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }

    /// Says that this is over: the file is being recorded, or not.
    pub(super) fn has_begun(&self, path: &str) {
        self.beginning.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    /// Whether a recorder sees to this file.
    pub(super) fn is_recorded(&self, path: &str) -> bool {
        let is_begun = self.beginning.lock().unwrap_or_else(PoisonError::into_inner).contains(path);
        is_begun || self.being_recorded().iter().any(|row| row.path == path)
    }

    /// Says that a file is being recorded from now on.
    pub(super) fn opened(&self, row: &SegmentRow) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(row.counter, row.clone());
    }

    /// Says that a file is not being recorded any more.
    pub(super) fn closed(&self, counter: i64) {
        let row = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&counter);
        if let Some(row) = row {
            self.growth.ended(&row.camera, row.stream, counter);
        }
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
