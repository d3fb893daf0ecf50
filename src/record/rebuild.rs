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

/// After a failure the database may be read again by then.
const AGAIN: Duration = Duration::from_secs(60);

/// What an index that was lost must count on from.
#[derive(Debug, Default)]
struct Counted {
    /// The highest counter.
    counter: i64,
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
        archive.count_on(counted);
        archive.recover().await?;
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
        let open = self.being_recorded();
        let counter = open.iter().map(|row| row.counter).max().unwrap_or(0).max(counted.counter);
        self.count_on(Some(counted));
        self.index.begin_again(counter, now).await?;
        for row in self.being_recorded() {
            self.index.finish(&row, &[]).await?;
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
    match Index::open(storage).await {
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

/// Looks at every name, and into the last file of each stream.
fn count(disk: &dyn Files, storage: &Path) -> io::Result<Counted> {
    let mut last: HashMap<_, Name> = HashMap::new();
    let mut files = 0i64;
    for day in names::day_folders(disk, storage)? {
        for name in names::recordings(disk, storage, &day)? {
            files = files.saturating_add(1);
            let key = (name.camera.clone(), name.stream);
            if last.get(&key).is_none_or(|known| (known.run, known.n) < (name.run, name.n)) {
                last.insert(key, name);
            }
        }
    }
    // Files of a version that did not label them have no counter of their own.
    let mut counter = files;
    for name in last.values() {
        let scan = salvage::scan_on(disk, &storage.join(&name.path))?;
        if let Some(head) = scan.and_then(|scan| scan.head) {
            counter = counter.max(head.counter);
        }
    }
    Ok(Counted { counter, runs: last.into_iter().map(|(key, name)| (key, name.run)).collect() })
}
