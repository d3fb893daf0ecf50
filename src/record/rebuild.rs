//! A damaged index is set aside and made again from the files, while recording goes on.
//!
//! Every file says of itself what the index needs ([`super::label`]), so nothing is lost but time: the
//! names are looked at once, so that counters and runs go on rising; then recording has an empty
//! index at once, and [`Archive::take_stock`] fills it, the oldest folders first.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::files::{Files, RealFiles};
use super::names::{self, Name};
use super::segment::blocking;
use super::{Archive, Index, Policy, salvage};
use crate::clock;
use crate::database;
use crate::model::{CameraId, StreamKind, Wall};

/// Between two folders, so that recording does not notice.
const REST: Duration = Duration::from_millis(20);

/// So many of the last files of a stream are asked what they are.
const LAST: usize = 1000;

/// Counters are left out by so many: more than recorders can be given while the index is replaced.
const MARGIN: i64 = 1000;

/// After a failure the database may be read again by then.
const AGAIN: Duration = Duration::from_secs(60);

/// What an index that was lost must count on from.
#[derive(Debug, Default)]
struct Counted {
    /// The highest counter.
    counter: i64,
    /// The latest clock epoch.
    clock_epoch: i64,
    /// The last run of each stream.
    runs: HashMap<(CameraId, StreamKind), i64>,
}

impl Archive {
    /// Opens the archive below `storage` and ends what a process that died has left open. Nobody may
    /// be recording.
    ///
    /// # Errors
    /// If the index cannot be opened, for another reason than damage, or not be written.
    pub async fn open(storage: &Path, policy: Policy, now: Wall) -> anyhow::Result<Self> {
        let (index, counted) = open_index(Arc::new(RealFiles), storage, now)
            .await
            .with_context(|| storage.join(super::index::FILE_NAME).display().to_string())?;
        let archive = Self::new(storage, policy, index);
        archive.clock_epochs_above(counted.as_ref().map_or(0, |counted| counted.clock_epoch));
        archive.count_on(counted);
        if let Err(e) = archive.recover().await {
            if !e.downcast_ref::<sqlx::Error>().is_some_and(database::is_damaged) {
                return Err(e);
            }
            archive.begin_index_again(now).await?;
            archive.recover().await?;
        }
        Ok(archive)
    }

    /// Keeps files and rows together until `stop`: once through the whole archive at the start, and
    /// again whenever the index was found to be damaged and is made anew.
    pub async fn keep_in_order(self: Arc<Self>, stop: CancellationToken) {
        let whole = async {
            let mut is_suspect = match self.index.is_whole().await {
                Ok(is_whole) => !is_whole,
                Err(_) => false,
            };
            loop {
                let done = async {
                    if is_suspect && !self.index.is_whole().await? {
                        self.begin_index_again(clock::now().wall).await?;
                    }
                    self.take_stock(REST).await
                };
                if let Err(e) = done.await {
                    tracing::error!(
                        "files and index could not be brought together, tried again in a minute: {e:#}"
                    );
                    tokio::time::sleep(AGAIN).await;
                } else {
                    tracing::info!("files and index agree");
                    self.suspicion.notified().await;
                }
                is_suspect = true;
            }
        };
        stop.run_until_cancelled(whole).await;
    }

    /// Sets the index aside and begins an empty one that counts on.
    ///
    /// # Errors
    /// If the files cannot be listed or the new index not be made.
    pub(super) async fn begin_index_again(&self, now: Wall) -> anyhow::Result<()> {
        tracing::error!("index.sqlite is damaged; it is set aside and made again from the files");
        let (disk, storage) = (self.files.clone(), self.storage.clone());
        let counted = blocking(move || count(&*disk, &storage)).await?;
        let open = self.being_recorded().iter().map(|row| row.counter).max().unwrap_or(0);
        let counter = open.saturating_add(MARGIN).max(counted.counter);
        self.count_on(Some(counted));
        self.index.begin_again(counter, now).await?;
        for row in self.being_recorded() {
            self.index.enter_open(&row).await?;
        }
        Ok(())
    }

    fn count_on(&self, counted: Option<Counted>) {
        if let Some(counted) = counted {
            *self.runs.lock().unwrap_or_else(PoisonError::into_inner) = counted.runs;
        }
    }
}

async fn open_index(
    disk: Arc<dyn Files>,
    storage: &Path,
    now: Wall,
) -> anyhow::Result<(Index, Option<Counted>)> {
    let opened = async {
        let index = Index::open(storage).await?;
        match index.probe().await {
            Ok(()) => Ok(index),
            Err(e) => {
                index.close().await;
                Err(e)
            }
        }
    };
    match opened.await {
        Ok(index) => Ok((index, None)),
        Err(e) if database::is_damaged(&e) => {
            tracing::error!("index.sqlite is damaged ({e}); it is set aside and made again from the files");
            let below = storage.to_owned();
            let counted = blocking(move || count(&*disk, &below)).await?;
            super::index::set_aside(storage, now)?;
            let index = Index::open(storage).await?;
            index.count_from(counted.counter).await?;
            Ok((index, Some(counted)))
        }
        Err(e) => Err(e.into()),
    }
}

/// Looks at every name, and into the last file of each stream that says what it is.
fn count(disk: &dyn Files, storage: &Path) -> io::Result<Counted> {
    let mut streams: HashMap<_, Vec<Name>> = HashMap::new();
    // Files of a version that did not label them have no counter of their own.
    let mut counted = Counted::default();
    for day in names::day_folders(disk, storage)? {
        for name in names::recordings(disk, storage, &day)? {
            counted.counter = counted.counter.saturating_add(1);
            let names = streams.entry((name.camera.clone(), name.stream)).or_default();
            // The last few are enough: behind them is what ended well.
            names.push(name);
            if names.len() > 2 * LAST {
                names.sort_by_key(|name| (name.run, name.n));
                names.drain(..LAST);
            }
        }
    }
    for (stream, mut names) in streams {
        names.sort_by_key(|name| (name.run, name.n));
        let last_run = names.last().map_or(0, |name| name.run);
        counted.runs.insert(stream, last_run);
        for name in names.iter().rev() {
            match salvage::head_of(disk, &storage.join(&name.path)) {
                Ok(Some(head)) => {
                    counted.counter = counted.counter.max(head.counter);
                    counted.clock_epoch = counted.clock_epoch.max(head.clock_epoch);
                    break;
                }
                Ok(None) => {}
                // A disk that damages an index damages files too: that is no reason to stop.
                Err(e) => tracing::error!("a file cannot be asked what it is, the one before it is: {e}"),
            }
        }
    }
    counted.counter = counted.counter.saturating_add(MARGIN);
    Ok(counted)
}
