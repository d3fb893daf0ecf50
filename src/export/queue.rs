//! Packages that pages ask for: they wait in line, are made one at a time, kept below the storage, and removed by
//! themselves. How each stands is a row of the centre's database, so that a restart goes on with those that wait.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{Course, ExportState, Exported, Exporter, LEFT_FREE, NotMade, Order, Packed, needs};
use crate::centre_db::CentreDb;
use crate::config::EdgeConfig;
use crate::model::{CameraId, ClockState, Ids, StreamKind, Wall};
use crate::people::Act;
use crate::record::{Archive, LegalHold};
use crate::wire::Signer;
use crate::{clock, disk, keeping};

/// So many wait at most: more is no work that somebody waits for.
const MOST_WAITING: i64 = 8;

/// A package is kept for so long: enough to fetch it after a long weekend, and short enough that what was taken out of
/// the footage does not lie around for longer than anybody needs it there.
const KEPT_MS: i64 = 7 * 86_400_000;

/// What was recorded in the last seconds may not be in its file yet.
const WRITTEN_AFTER_MS: i64 = 3000;

/// How often it is told how far an export is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Who is further behind has missed something, and is told so.
const NEWS_KEPT: usize = 64;

/// So many packages are fetched at once: each takes a thread and reads the disk.
const FETCHED_AT_ONCE: usize = 4;

/// Who does what nobody asked for.
const OURSELVES: (&str, &str) = ("quaywatch", "service");

/// What somebody wants to have exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExport {
    /// The cameras.
    pub cameras: Vec<CameraId>,
    /// Which of their streams.
    pub stream: StreamKind,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Why.
    pub reason: String,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By<'a> {
    /// What they sign in with.
    pub name: &'a str,
    /// What others read.
    pub full_name: &'a str,
    /// From which address.
    pub from: &'a str,
}

/// Why nothing is exported.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    /// Too many wait already.
    #[error("{MOST_WAITING} exports wait already: ask again when one of them is made")]
    Full,
    /// Nothing of it is there.
    #[error("nothing is recorded in this range")]
    Nothing,
    /// It would leave too little for recording.
    #[error(
        "the package needs about {} MB, and then {} MB would be left for recording; {} MB must be",
        .needed >> 20, .left >> 20, .must >> 20
    )]
    NoRoom {
        /// What it needs, in bytes.
        needed: u64,
        /// What would be left.
        left: u64,
        /// What must be left.
        must: u64,
    },
    /// The disk or the database refuses.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

/// Something about an export is new.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportNews {
    /// Which.
    pub id: String,
    /// How it stands.
    pub state: ExportState,
    /// How far it is, 0 to 1.
    pub done: f64,
    /// Its cameras: who does not see them does not hear of it.
    pub cameras: Vec<CameraId>,
}

/// The exports that pages ask for. Clones share them.
#[derive(Clone)]
pub struct Exports(Arc<Inner>);

struct Inner {
    config: EdgeConfig,
    db: CentreDb,
    archive: Arc<Archive>,
    signer: Arc<Signer>,
    clock: watch::Receiver<ClockState>,
    ids: Mutex<Ids>,
    news: broadcast::Sender<ExportNews>,
    nudge: Notify,
    running: Mutex<Option<(String, Arc<Course>)>>,
    fetching: Arc<Semaphore>,
}

impl Exports {
    /// The exports of a centre.
    pub fn new(
        config: EdgeConfig,
        db: CentreDb,
        archive: Arc<Archive>,
        signer: Arc<Signer>,
        clock: watch::Receiver<ClockState>,
        ids: Ids,
    ) -> Self {
        let (news, nudge) = (broadcast::Sender::new(NEWS_KEPT), Notify::new());
        let (ids, running) = (Mutex::new(ids), Mutex::default());
        let fetching = Arc::new(Semaphore::new(FETCHED_AT_ONCE));
        Self(Arc::new(Inner { config, db, archive, signer, clock, ids, news, nudge, running, fetching }))
    }

    /// What becomes of exports from now on.
    pub fn news(&self) -> broadcast::Receiver<ExportNews> {
        self.0.news.subscribe()
    }

    /// How far an export is, 0 to 1.
    pub fn done(&self, export: &Exported) -> f64 {
        match export.state {
            ExportState::Waiting | ExportState::Failed => 0.0,
            ExportState::Running => {
                let running = self.running();
                let course = running.as_ref().filter(|(id, _)| *id == export.id);
                course.map_or(0.0, |(_, course)| course.done())
            }
            ExportState::Whole => 1.0,
            ExportState::Deleted => f64::from(u8::from(export.finished_at.is_some())),
        }
    }

    /// Where the package of an export is.
    pub fn folder(&self, id: &str) -> PathBuf {
        self.all_of_them().join(id)
    }

    /// The leave to fetch a package, unless too many do.
    pub fn may_fetch(&self) -> Option<OwnedSemaphorePermit> {
        self.0.fetching.clone().try_acquire_owned().ok()
    }

    /// Has something exported: it is on record and on the audit log when this returns, and nothing is made before.
    ///
    /// # Errors
    /// [`NotAsked`].
    pub async fn ask(&self, new: NewExport, by: By<'_>) -> Result<Exported, NotAsked> {
        let inner = &self.0;
        let now = clock::now();
        let id = inner.ids.lock().unwrap_or_else(PoisonError::into_inner).next(now).to_string();
        let NewExport { cameras, stream, from, to, reason } = new;
        let out = PathBuf::from("exports").join(&id);
        let order =
            Order { cameras, stream, from, to, reason, by: format!("{} ({})", by.full_name, by.name), out };
        self.must_fit(&order).await?;
        let act = Act {
            who: by.name,
            from: by.from,
            action: "export-begun",
            subject: Some(&id),
            detail: order.detail(),
        };
        let asked = inner.db.export_is_asked(&id, &order, MOST_WAITING, act, now.wall).await;
        if !asked.context("centre.sqlite")? {
            return Err(NotAsked::Full);
        }
        let export = inner.db.export_here(&id).await.context("centre.sqlite")?;
        let export = export.context("an export that was just put on record is not there")?;
        self.tell(&export, ExportState::Waiting, 0.0);
        inner.nudge.notify_one();
        Ok(export)
    }

    /// Whether the reserve and a day of recording are left once this and everything that waits is made, and all that
    /// nobody holds has gone for it.
    async fn must_fit(&self, order: &Order) -> Result<(), NotAsked> {
        let inner = &self.0;
        let index = &inner.archive.index;
        let needed = match needs(index, order).await {
            Ok(needed) => needed,
            Err(NotMade::Nothing) => return Err(NotAsked::Nothing),
            Err(e) => return Err(NotAsked::Failed(e.into())),
        };
        let mut all = needed;
        for export in inner.db.exports_to_come().await.context("centre.sqlite")? {
            all = all.saturating_add(needs(index, &self.order(&export)).await.unwrap_or(0));
        }
        let (now, cameras) = (clock::now(), order.cameras.clone());
        let range = LegalHold { id: String::new(), cameras, from: order.from, to: order.to };
        let trusted_now = inner.archive.believes(now).then_some(now.wall);
        let weighed = keeping::weigh(&inner.config, (index, &inner.db), range, trusted_now, now.wall).await?;
        let footing = weighed.footing.with_taken(all);
        if footing.left() < footing.needed() {
            return Err(NotAsked::NoRoom { needed, left: footing.left(), must: footing.needed() });
        }
        Ok(())
    }

    /// Removes a package, or ends the work on it; false if there is none.
    ///
    /// # Errors
    /// If it cannot be put on record; then it stays.
    pub async fn delete(&self, export: &Exported, who: &str, from: &str) -> anyhow::Result<bool> {
        let detail = json!({ "cameras": export.cameras, "from": export.from, "to": export.to });
        let act = Act { who, from, action: "export-deleted", subject: Some(&export.id), detail };
        if !self.0.db.export_is_deleted(&export.id, act, clock::now().wall).await? {
            return Ok(false);
        }
        let course = self.running().as_ref().filter(|(id, _)| *id == export.id).map(|(_, c)| c.clone());
        match course {
            // Who makes it removes what there is of it.
            Some(course) => course.stop.cancel(),
            None => self.remove(&export.id).await,
        }
        self.tell(export, ExportState::Deleted, 0.0);
        Ok(true)
    }

    /// Removes packages whose time is over, and what is left of those that are none any more.
    ///
    /// # Errors
    /// If the database cannot be read or written.
    pub async fn keep_house(&self, trusted_now: Option<Wall>) -> anyhow::Result<()> {
        if let Some(now) = trusted_now {
            for export in self.0.db.exports_outdated(now).await? {
                self.delete(&export, OURSELVES.0, OURSELVES.1).await?;
            }
        }
        let Ok(mut names) = tokio::fs::read_dir(self.all_of_them()).await else { return Ok(()) };
        while let Ok(Some(entry)) = names.next_entry().await {
            let name = entry.file_name().to_string_lossy().into_owned();
            let id = name.strip_suffix(".part").unwrap_or(&name).to_owned();
            let state = self.0.db.export_here(&id).await?.map(|export| export.state);
            let is_gone = matches!(state, Some(ExportState::Deleted | ExportState::Failed));
            let is_made = self.running().as_ref().is_some_and(|(running, _)| *running == id);
            if is_gone && !is_made {
                self.remove(&id).await;
            }
        }
        Ok(())
    }

    /// Makes what is asked for, one after the other, until `stop`.
    ///
    /// # Errors
    /// If the database cannot be read or written.
    pub async fn run(&self, stop: CancellationToken) -> anyhow::Result<()> {
        self.give_up_cut_off().await?;
        loop {
            let next = self.0.db.exports_to_come().await?;
            match next.into_iter().find(|export| export.state == ExportState::Waiting) {
                Some(export) => self.make(export, &stop).await?,
                None => drop(stop.run_until_cancelled(self.0.nudge.notified()).await),
            }
            if stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// What was being made when the service ended is not made any more: whoever wants it asks again.
    async fn give_up_cut_off(&self) -> anyhow::Result<()> {
        let cut_off = self.0.db.exports_to_come().await?;
        for export in cut_off.iter().filter(|export| export.state == ExportState::Running) {
            let why = "dịch vụ đã dừng giữa chừng, hãy yêu cầu lại / the service ended meanwhile: ask again";
            tracing::warn!(export = export.id, "an export was cut off, what there is of it is removed");
            self.fail(export, why).await?;
            self.remove(&export.id).await;
        }
        Ok(())
    }

    async fn make(&self, export: Exported, stop: &CancellationToken) -> anyhow::Result<()> {
        let course = Arc::new(Course::until(stop.child_token()));
        *self.running() = Some((export.id.clone(), course.clone()));
        let made = self.make_with(&export, &course).await;
        let ended = self.end(&export, made, stop).await;
        *self.running() = None;
        ended
    }

    async fn make_with(&self, export: &Exported, course: &Arc<Course>) -> Result<Packed, NotMade> {
        let inner = &self.0;
        if !inner.db.export_runs(&export.id).await.context("centre.sqlite")? {
            return Err(NotMade::Stopped);
        }
        self.tell(export, ExportState::Running, 0.0);
        let order = self.order(export);
        let wait_ms =
            u64::try_from(WRITTEN_AFTER_MS.saturating_sub(clock::now().wall.millis_since(order.to)));
        let wait = tokio::time::sleep(Duration::from_millis(wait_ms.unwrap_or(0)));
        if course.stop.run_until_cancelled(wait).await.is_none() {
            return Err(NotMade::Stopped);
        }
        inner.archive.in_place().map_err(anyhow::Error::from)?;
        let exporter = Exporter {
            centre: inner.config.centre.id.clone(),
            storage: inner.config.storage.path.clone(),
            zone: inner.config.centre.hours.time_zone().clone(),
            index: &inner.archive.index,
            db: &inner.db,
            signer: &inner.signer,
            clock: *inner.clock.borrow(),
            left_free: inner.config.storage.reserve_bytes,
            course: course.clone(),
        };
        disk::make_folder(&self.all_of_them()).map_err(anyhow::Error::from)?;
        self.make_room(exporter.needs(&order).await?).await?;
        exporter.check(&order).await?;
        let mut writing = std::pin::pin!(exporter.write(&export.id, &order));
        loop {
            match tokio::time::timeout(TOLD_EVERY, &mut writing).await {
                Ok(made) => return made,
                Err(_) => self.tell(export, ExportState::Running, course.done()),
            }
        }
    }

    /// On a disk that is full of recordings the oldest go for a package as they go for new recordings.
    async fn make_room(&self, needed: u64) -> anyhow::Result<()> {
        let archive = &self.0.archive;
        let must = needed.saturating_add(archive.policy().reserve_bytes);
        if disk::space(archive.storage())?.free < must {
            let now = clock::now();
            let trusted_now = archive.believes(now).then_some(now.wall);
            archive.make_room(needed.saturating_add(LEFT_FREE), trusted_now).await?;
        }
        Ok(())
    }

    async fn end(
        &self,
        export: &Exported,
        made: Result<Packed, NotMade>,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        match made {
            Ok(packed) => {
                let now = clock::now().wall;
                let whole = packed.on_record(Some(now.plus_millis(KEPT_MS)));
                let detail = json!({
                    "manifest": packed.manifest, "bytes": packed.bytes, "files": whole.files, "by": export.by,
                });
                let act = ourselves("export-whole", &export.id, detail);
                if self.0.db.export_is_whole(&export.id, &whole, act, now).await? {
                    self.tell(export, ExportState::Whole, 1.0);
                } else {
                    self.remove(&export.id).await;
                }
            }
            // The next start finds it.
            Err(NotMade::Stopped) if stop.is_cancelled() => {}
            Err(NotMade::Stopped) => self.remove(&export.id).await,
            Err(why) => {
                tracing::error!(export = export.id, "an export could not be made: {why}");
                self.fail(export, &why.to_string()).await?;
                self.remove(&export.id).await;
            }
        }
        Ok(())
    }

    async fn fail(&self, export: &Exported, why: &str) -> anyhow::Result<()> {
        let act = ourselves("export-failed", &export.id, json!({ "problem": why, "by": export.by }));
        if self.0.db.export_failed(&export.id, why, act, clock::now().wall).await? {
            self.tell(export, ExportState::Failed, 0.0);
        }
        Ok(())
    }

    async fn remove(&self, id: &str) {
        let folder = self.folder(id);
        for folder in [disk::beside(&folder, "part"), folder] {
            match tokio::fs::remove_dir_all(&folder).await {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                // Housekeeping tries again.
                Err(e) => tracing::error!("{} cannot be removed: {e}", folder.display()),
            }
        }
    }

    fn order(&self, export: &Exported) -> Order {
        Order {
            cameras: export.cameras.clone(),
            stream: export.stream,
            from: export.from,
            to: export.to,
            reason: export.reason.clone(),
            by: export.by.clone(),
            out: self.folder(&export.id),
        }
    }

    fn all_of_them(&self) -> PathBuf {
        self.0.archive.storage().join("exports")
    }

    fn running(&self) -> MutexGuard<'_, Option<(String, Arc<Course>)>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, export: &Exported, state: ExportState, done: f64) {
        let (id, cameras) = (export.id.clone(), export.cameras.clone());
        // Nobody need listen.
        let _ = self.0.news.send(ExportNews { id, state, done, cameras });
    }
}

fn ourselves<'a>(action: &'a str, id: &'a str, detail: serde_json::Value) -> Act<'a> {
    Act { who: OURSELVES.0, from: OURSELVES.1, action, subject: Some(id), detail }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
