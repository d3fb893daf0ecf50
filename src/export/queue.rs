//! Packages that pages ask for: they wait in line, are made one at a time, kept below the storage, and removed by
//! themselves. How each stands is a row of the centre's database, so that a restart goes on with those that wait.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{Course, ExportState, Exported, Ground, NotMade, Order, Wishes, needs};
use crate::centre_db::CentreDb;
use crate::config::EdgeConfig;
use crate::model::{CameraId, ClockState, Ids, StreamKind, Wall};
use crate::people::Act;
use crate::record::{Archive, LegalHold};
use crate::wire::Signer;
use crate::{clock, keeping};

/// So many wait at most: more is no work that somebody waits for.
const MOST_WAITING: i64 = 8;

/// Who is further behind has missed something, and is told so.
const NEWS_KEPT: usize = 64;

/// So many packages are fetched at once: each takes a thread and reads the disk.
const FETCHED_AT_ONCE: usize = 4;

/// Who does what nobody asked for.
pub(super) const OURSELVES: (&str, &str) = ("quaywatch", "service");

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
    /// What goes into it beside the films.
    pub wishes: Wishes,
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
pub struct Exports(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) config: EdgeConfig,
    pub(super) db: CentreDb,
    pub(super) archive: Arc<Archive>,
    pub(super) signer: Arc<Signer>,
    pub(super) clock: watch::Receiver<ClockState>,
    pub(super) ids: Mutex<Ids>,
    pub(super) news: broadcast::Sender<ExportNews>,
    pub(super) nudge: Notify,
    pub(super) running: Mutex<Option<(String, Arc<Course>)>>,
    pub(super) fetching: Arc<Semaphore>,
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
        let NewExport { cameras, stream, from, to, reason, wishes } = new;
        let (out, by_name) = (PathBuf::from("exports").join(&id), format!("{} ({})", by.full_name, by.name));
        let order = Order { cameras, stream, from, to, reason, by: by_name, out, wishes };
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
        let ground = Ground { index, db: &inner.db, storage: inner.archive.storage() };
        let needed = match needs(ground, order).await {
            Ok(needed) => needed.room,
            Err(NotMade::Nothing) => return Err(NotAsked::Nothing),
            Err(e) => return Err(NotAsked::Failed(e.into())),
        };
        let mut all = needed;
        for export in inner.db.exports_to_come().await.context("centre.sqlite")? {
            let waiting = needs(ground, &self.order(&export)).await;
            all = all.saturating_add(waiting.map_or(0, |needed| needed.room));
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

    pub(super) fn order(&self, export: &Exported) -> Order {
        Order {
            cameras: export.cameras.clone(),
            stream: export.stream,
            from: export.from,
            to: export.to,
            reason: export.reason.clone(),
            by: export.by.clone(),
            out: self.folder(&export.id),
            wishes: export.wishes.clone(),
        }
    }

    pub(super) fn all_of_them(&self) -> PathBuf {
        self.0.archive.storage().join("exports")
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Option<(String, Arc<Course>)>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, export: &Exported, state: ExportState, done: f64) {
        let (id, cameras) = (export.id.clone(), export.cameras.clone());
        // Nobody need listen.
        let _ = self.0.news.send(ExportNews { id, state, done, cameras });
    }
}

pub(super) fn ourselves<'a>(action: &'a str, id: &'a str, detail: serde_json::Value) -> Act<'a> {
    Act { who: OURSELVES.0, from: OURSELVES.1, action, subject: Some(id), detail }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
