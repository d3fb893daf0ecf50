//! Makes room in the archive: the shell around [`super::plan`].
//!
//! In batches, so that a whole day goes within a second and no recorder ever waits long: a batch is
//! read, its files are deleted in a thread that may block, then its rows in one statement. Between
//! two batches others get their turn. The file always goes first, for good before its row: a row
//! without a file is found and forgotten, a file without a row would come back as salvaged.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::files::Files;
use super::segment::blocking;
use super::{Archive, DeleteReason, Held, Kept, Older, Ranges, Shortage, Situation, WentFor, plan};
use crate::clock;
use crate::model::{CameraId, StreamKind, Wall};

type Name = (CameraId, StreamKind);

/// How many rows are looked at in one go: a day of one stream, about 60 ms of work.
const BATCH: i64 = 1500;

/// So many errors of one batch are told one by one.
const TOLD: usize = 3;

/// Up to which counter nothing can go, because all of it is protected: a long hold is read over
/// once, not every time. Forgotten as soon as anything is released, or a file is entered below it, as
/// where a lost index is rebuilt.
#[derive(Debug, Default)]
pub(super) struct Floors {
    releases: u64,
    all: i64,
    cameras: HashMap<CameraId, i64>,
}

impl Archive {
    /// Deletes what is too old, then what is over its camera's size, then the oldest where fewer
    /// than `wanted` bytes above the reserve are free. Gives the number of deleted files.
    /// `trusted_now` is the wall clock, if it can be trusted.
    ///
    /// # Errors
    /// If it cannot be asked what must stay, or the index or the disk cannot be read; a file that
    /// cannot be deleted is logged and passed over.
    pub async fn make_room(&self, wanted: u64, trusted_now: Option<Wall>) -> anyhow::Result<usize> {
        // Below an empty mount point every file would look gone, and its row would go with it.
        self.in_place()?;
        let mut deleted = 0;
        if let Some(now) = trusted_now {
            deleted += self.let_go_by_age(now).await?;
        }
        for (camera, taken) in self.over_their_size() {
            let mut situation = Situation::at_ease();
            situation.taken.insert(camera.clone(), taken);
            deleted += self.let_go_in_order(Some(&camera), situation).await?;
        }
        let target = self.policy.reserve_bytes.saturating_add(wanted);
        if self.free()? < target {
            deleted += self.let_go_in_order(None, Situation { wanted, ..Situation::default() }).await?;
            let free_bytes = self.free()?;
            if wanted == 0 && free_bytes < target {
                self.tell_shortage(Shortage::NothingMayGo { free_bytes, reserve_bytes: target });
            }
        }
        Ok(deleted)
    }

    fn free(&self) -> std::io::Result<u64> {
        Ok(self.files.space(&self.storage)?.free)
    }

    async fn let_go_by_age(&self, now: Wall) -> anyhow::Result<usize> {
        let streams: Vec<Name> = self.index.tallies().into_iter().map(|(name, _)| name).collect();
        let has_undated = self.index.has_undated().await?;
        let mut situation = Situation { trusted_now: Some(now), ..Situation::at_ease() };
        if has_undated {
            situation.older = self.what_is_older(&streams, now).await?;
        }
        let mut deleted = 0;
        for name in &streams {
            deleted += self.let_dated_go(name, now, &mut situation).await?;
            if has_undated {
                deleted += self.let_undated_go(name, &mut situation).await?;
            }
        }
        Ok(deleted)
    }

    async fn let_dated_go(&self, name: &Name, now: Wall, situation: &mut Situation) -> anyhow::Result<usize> {
        let (mut deleted, mut behind) = (0, (i64::MIN, 0));
        loop {
            let _turn = self.deleting.lock().await;
            let ranges = self.protected_now().await?.0;
            let moment = before(now, self.keep_of(name));
            let rows = self.index.dated_before(&name.0, name.1, moment, behind, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(deleted) };
            behind = (last.start.as_millis(), last.counter);
            // What begins in a protected range stays: the next to look at is behind it.
            if let Some((from, to)) = ranges.holding(&last.camera, last.start, last.end)
                && from <= last.start
            {
                behind = (to.as_millis().saturating_sub(1), i64::MAX);
            }
            deleted += self.delete_planned(rows, &ranges, situation).await?.len();
        }
    }

    async fn let_undated_go(&self, name: &Name, situation: &mut Situation) -> anyhow::Result<usize> {
        let (mut deleted, mut after) = (0, 0);
        let up_to = situation.older.than(self.keep_of(name));
        loop {
            let _turn = self.deleting.lock().await;
            let ranges = self.protected_now().await?.0;
            let rows = self.index.undated_between(&name.0, name.1, after, up_to, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(deleted) };
            after = last.counter;
            deleted += self.delete_planned(rows, &ranges, situation).await?.len();
        }
    }

    fn keep_of(&self, name: &Name) -> Duration {
        self.policy.of(&name.0).of(name.1)
    }

    /// What the archive's order says of the ages that matter here.
    async fn what_is_older(&self, streams: &[Name], now: Wall) -> Result<Older, sqlx::Error> {
        let keeps: HashSet<Duration> = streams.iter().map(|name| self.keep_of(name)).collect();
        let mut older = Older::default();
        for keep in keeps {
            for (camera, stream) in streams {
                let found = self.index.last_dated_before(camera, *stream, before(now, keep)).await?;
                if let Some(counter) = found {
                    older.learn(keep, counter);
                }
            }
        }
        Ok(older)
    }

    fn over_their_size(&self) -> Vec<(CameraId, u64)> {
        let mut taken: HashMap<CameraId, u64> = HashMap::new();
        for ((camera, _), tally) in self.index.tallies() {
            let sum = taken.entry(camera).or_default();
            *sum = sum.saturating_add(tally.bytes);
        }
        let is_over = |(camera, taken): &(CameraId, u64)| {
            self.policy.of(camera).most_bytes.is_some_and(|most| *taken > most)
        };
        taken.into_iter().filter(is_over).collect()
    }

    /// Deletes in the archive's order, of one camera for its size or of all for space, until that is
    /// enough.
    async fn let_go_in_order(
        &self,
        camera: Option<&CameraId>,
        mut situation: Situation,
    ) -> anyhow::Result<usize> {
        let mut deleted = 0;
        let mut after = self.floor(camera, self.protected_now().await?.1);
        let mut all_before_is_settled = true;
        loop {
            let _turn = self.deleting.lock().await;
            let (ranges, releases) = self.protected_now().await?;
            let rows = match camera {
                Some(camera) => self.index.in_order_of(camera, after, BATCH).await?,
                None => {
                    situation.free = self.free()?;
                    // Somebody else may have made the room that was asked for.
                    if self.is_enough(None, &situation) {
                        break;
                    }
                    self.index.in_order(after, BATCH).await?
                }
            };
            let Some(last) = rows.last() else { break };
            after = last.counter;
            let seen: Vec<(i64, bool)> =
                rows.iter().map(|row| (row.counter, is_settled(row, &ranges))).collect();
            let gone = self.delete_planned(rows, &ranges, &mut situation).await?;
            deleted += gone.len();
            let mut settled = seen.iter().take_while(|(counter, stays)| *stays || gone.contains(counter));
            if all_before_is_settled && let Some((counter, _)) = settled.by_ref().last() {
                self.raise_floor(camera, *counter, releases);
            }
            all_before_is_settled &= seen.iter().all(|(counter, stays)| *stays || gone.contains(counter));
            if self.is_enough(camera, &situation) {
                break;
            }
        }
        Ok(deleted)
    }

    fn is_enough(&self, camera: Option<&CameraId>, situation: &Situation) -> bool {
        match camera {
            Some(camera) => {
                let most = self.policy.of(camera).most_bytes.unwrap_or(u64::MAX);
                situation.taken.get(camera).is_none_or(|taken| *taken <= most)
            }
            None => situation.free >= self.policy.reserve_bytes.saturating_add(situation.wanted),
        }
    }

    async fn protected_now(&self) -> anyhow::Result<(Arc<Ranges>, u64)> {
        self.renew_protection().await?;
        Ok(self.protection.now())
    }

    fn floor(&self, camera: Option<&CameraId>, releases: u64) -> i64 {
        let entered = self.index.take_lowest_entered().unwrap_or(i64::MAX);
        let mut floors = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
        let came_below = entered <= floors.all.max(floors.cameras.values().copied().max().unwrap_or(0));
        if floors.releases != releases || came_below {
            *floors = Floors { releases, ..Floors::default() };
        }
        match camera {
            Some(camera) => floors.cameras.get(camera).copied().unwrap_or(0),
            None => floors.all,
        }
    }

    fn raise_floor(&self, camera: Option<&CameraId>, counter: i64, releases: u64) {
        let mut floors = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
        if floors.releases == releases {
            match camera {
                Some(camera) => {
                    floors.cameras.insert(camera.clone(), counter);
                }
                None => floors.all = counter,
            }
        }
    }

    /// Deletes what of these rows has to go; gives the counters of what went.
    async fn delete_planned(
        &self,
        rows: Vec<Kept>,
        ranges: &Ranges,
        situation: &mut Situation,
    ) -> anyhow::Result<HashSet<i64>> {
        let held: Vec<Held> =
            rows.iter().filter(|row| !row.is_open).map(|row| as_held(row, ranges)).collect();
        let reasons: HashMap<i64, DeleteReason> = plan(&held, &self.policy, situation).into_iter().collect();
        if reasons.is_empty() {
            return Ok(HashSet::new());
        }
        let doomed: Vec<(Kept, DeleteReason)> = rows
            .into_iter()
            .filter_map(|row| reasons.get(&row.counter).map(|reason| (row, *reason)))
            .collect();
        let early = doomed.iter().filter(|(_, reason)| *reason == DeleteReason::Space);
        early.for_each(|(row, _)| self.went_for_space(row));
        let (disk, storage) = (self.files.clone(), self.storage.clone());
        let files: Vec<_> = doomed.iter().map(|(row, reason)| (row.counter, *reason)).collect();
        if let Err(e) = self.index.doom(&files).await {
            // A full disk takes no intent, and only what goes makes room on it.
            tracing::warn!("what is deleted now could not be written down before: {e}");
        }
        let gone = blocking(move || Ok(delete_files(&*disk, &storage, doomed))).await?;
        let went =
            |row: &Kept| reasons.get(&row.counter).map(|reason| (row.counter, WentFor::Deleted(*reason)));
        let went: Vec<_> = gone.iter().filter_map(went).collect();
        self.index.forget(&went, clock::now().wall).await?;
        if went.len() < files.len() {
            self.index.spare().await?;
        }
        for row in &gone {
            situation.freed(&row.camera, row.bytes);
        }
        Ok(went.into_iter().map(|(counter, _)| counter).collect())
    }
}

/// The moment before which something is older than `keep`.
fn before(now: Wall, keep: Duration) -> Wall {
    now.plus_millis(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX).saturating_neg())
}

/// Deletes these files and says so, a line each; gives those that are gone.
fn delete_files(disk: &dyn Files, storage: &Path, doomed: Vec<(Kept, DeleteReason)>) -> Vec<Kept> {
    let (mut gone, mut folders, mut failed) = (Vec::with_capacity(doomed.len()), HashSet::new(), 0usize);
    for (row, reason) in doomed {
        let path = storage.join(&row.path);
        match disk.remove(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => {
                failed += 1;
                if failed <= TOLD {
                    tracing::error!("a file of the archive cannot be deleted: {e}");
                }
                continue;
            }
        }
        tracing::info!(
            target: "audit",
            camera = %row.camera, stream = %row.stream, from = %row.start, to = %row.end,
            bytes = row.bytes, reason = reason.as_str(), "footage deleted"
        );
        folders.extend(path.parent().map(Path::to_owned));
        gone.push(row);
    }
    if failed > TOLD {
        tracing::error!("{failed} files of the archive could not be deleted");
    }
    for folder in folders {
        if let Err(e) = disk.sync_folder(&folder) {
            // Their rows go all the same: what comes back with a power cut is found and goes again.
            tracing::warn!("{e}");
        }
        disk.remove_empty(&folder);
    }
    gone
}

fn as_held(row: &Kept, ranges: &Ranges) -> Held {
    Held {
        counter: row.counter,
        camera: row.camera.clone(),
        stream: row.stream,
        end: row.end,
        is_dated: row.is_dated,
        bytes: row.bytes,
        is_pinned: is_settled(row, ranges),
    }
}

/// Whether nothing but a release can let this file go.
fn is_settled(row: &Kept, ranges: &Ranges) -> bool {
    !row.is_open && ranges.holding(&row.camera, row.start, row.end).is_some()
}

#[cfg(test)]
mod tests;
