//! What a process that died has left behind is taken into the archive again.
//!
//! Two parts. Before recording begins, the few files that were open are cut back to their last whole
//! fragment ([`Archive::recover`]); this looks at nothing else, so that a large archive starts at
//! once. Then, beside the recording, folder by folder, files and rows are brought together
//! ([`Archive::take_stock`]): a file without a row gets one from what it says of itself, a row
//! without a file is forgotten, and a file in which nothing can be played is removed. All of it is
//! logged. Afterwards a row means a playable file, and every file is a row.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::files::Files;
use super::names::{self, Name};
use super::row::{SegmentState, TimeFrom};
use super::salvage::{Salvaged, Scan, salvage};
use super::segment::blocking;
use super::timeline::VIDEO_CLOCK;
use super::{Archive, GapReason, SegmentRow, WentFor, gaps};
use crate::clock;
use crate::database;
use crate::model::Wall;

/// What was found and brought in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Files that were open when the process died.
    pub salvaged: u32,
    /// Files that had no row.
    pub adopted: u32,
    /// Files without anything to play.
    pub removed: u32,
    /// Rows without a file.
    pub forgotten: u32,
}

impl Recovered {
    fn tell(&self, what: &str) {
        if *self != Recovered::default() {
            tracing::info!(found = ?self, "{what}");
        }
    }
}

impl Archive {
    /// Ends the files that a process that died has left open. Nobody may be recording.
    ///
    /// # Errors
    /// If the index cannot be read or written.
    pub async fn recover(&self) -> anyhow::Result<Recovered> {
        self.begin_clock().await.context("index.sqlite")?;
        let mut found = Recovered::default();
        for row in self.index.open_rows().await.context("index.sqlite")? {
            self.died.send_modify(|died| {
                died.insert((row.camera.clone(), row.stream));
            });
            // One file that cannot be read is no reason to record nothing.
            let shown = row.path.clone();
            if let Err(e) = self.salvage_row(row, &mut found).await {
                tracing::error!("{shown} could not be salvaged, and is left as it is: {e:#}");
            }
        }
        found.tell("the archive was brought in order");
        Ok(found)
    }

    /// Brings files and rows together, one folder after the other with a `rest` between them;
    /// recording may go on.
    ///
    /// # Errors
    /// If the index or the folders cannot be read or written.
    pub async fn take_stock(&self, rest: Duration) -> anyhow::Result<Recovered> {
        let (disk, storage) = (self.files.clone(), self.storage.clone());
        let mut days = blocking(move || names::day_folders(&*disk, &storage)).await?;
        // Folders that are gone as a whole are known to the index alone.
        let known: HashSet<String> = days.iter().cloned().collect();
        days.extend(self.index.folders().await?.into_iter().filter(|day| !known.contains(day)));
        let mut found = Recovered::default();
        for day in days {
            let unknown = self.take_stock_of(&day, &mut found).await.with_context(|| day.clone())?;
            for name in unknown {
                self.adopt_unknown(&name, &mut found).await?;
            }
            tokio::time::sleep(rest).await;
        }
        found.tell("files and index were brought together");
        Ok(found)
    }

    /// Sees to the rows of a folder; gives the files that have none.
    async fn take_stock_of(&self, day: &str, found: &mut Recovered) -> anyhow::Result<Vec<Name>> {
        // A file that is deleted meanwhile is neither missing nor found.
        let _nothing_is_deleted = self.deleting.lock().await;
        // Below an empty mount point every file would look gone, and its row would go with it.
        self.in_place()?;
        // The rows first: a file that is made after that has its row already.
        let rows = self.index.in_folder(day).await?;
        let (disk, storage, folder) = (self.files.clone(), self.storage.clone(), day.to_owned());
        let files = blocking(move || names::recordings(&*disk, &storage, &folder)).await?;
        let names: HashSet<&str> = files.iter().map(|name| name.path.as_str()).collect();
        for (path, counter, state) in &rows {
            if *state == SegmentState::Open {
                self.end_stray(path, found).await?;
            } else if !names.contains(path.as_str()) {
                tracing::warn!(target: "audit", "{path} is gone from the disk; its row is forgotten");
                self.index.forget(&[(*counter, WentFor::Missing)], clock::now().wall).await?;
                found.forgotten += 1;
            }
        }
        let known: HashSet<&str> = rows.iter().map(|(path, ..)| path.as_str()).collect();
        Ok(files.iter().filter(|name| !known.contains(name.path.as_str())).cloned().collect())
    }

    /// Ends a file that is entered as open though nobody records it: its end failed on a bad disk.
    async fn end_stray(&self, path: &str, found: &mut Recovered) -> anyhow::Result<()> {
        if self.is_recorded(path) {
            return Ok(());
        }
        let Some(row) = self.index.of_path(path).await?.filter(|row| row.state == SegmentState::Open) else {
            return Ok(());
        };
        if let Err(e) = self.salvage_row(row, found).await {
            tracing::error!("{path} could not be ended, and is left as it is: {e:#}");
        }
        Ok(())
    }

    /// Takes a file without a row into the archive, one at a time, so that deletion has its turn.
    async fn adopt_unknown(&self, name: &Name, found: &mut Recovered) -> anyhow::Result<()> {
        let _nothing_is_deleted = self.deleting.lock().await;
        self.in_place()?;
        let path = &name.path;
        // Made since the rows were read: its own recorder sees to it.
        if self.is_recorded(path) || self.index.of_path(path).await?.is_some() {
            return Ok(());
        }
        if let Err(e) = self.adopt(name, found).await {
            tracing::error!("{path} could not be taken into the archive, and is left as it is: {e:#}");
            if e.downcast_ref::<sqlx::Error>().is_some_and(database::is_damaged) {
                return Err(e);
            }
        }
        Ok(())
    }

    async fn salvage_row(&self, mut row: SegmentRow, found: &mut Recovered) -> anyhow::Result<()> {
        match self.rescue(self.path_of(&row)).await? {
            Some(scan) => {
                fill(&mut row, &scan);
                self.index.finish(&row, &scan.fragments, None).await?;
                found.salvaged += 1;
            }
            None => {
                self.index.remove(row.counter).await?;
                found.removed += 1;
            }
        }
        Ok(())
    }

    async fn adopt(&self, name: &Name, found: &mut Recovered) -> anyhow::Result<()> {
        match self.rescue(self.storage.join(&name.path)).await? {
            Some(scan) => {
                self.index.finish(&row_of(name, &scan), &scan.fragments, None).await?;
                found.adopted += 1;
            }
            None => found.removed += 1,
        }
        Ok(())
    }

    /// Cuts the file back to what is whole; removes it and gives `None` if nothing is.
    async fn rescue(&self, path: PathBuf) -> io::Result<Option<Scan>> {
        let disk = self.files.clone();
        blocking(move || rescue(&disk, &path)).await
    }
}

fn rescue(disk: &Arc<dyn Files>, path: &Path) -> io::Result<Option<Scan>> {
    if !disk.exists(path)? {
        return Ok(None);
    }
    match salvage(&**disk, path)? {
        Salvaged::Whole(scan) => Ok(Some(scan)),
        Salvaged::Cut(scan, lost) => {
            tracing::info!("{}: a torn end of {lost} bytes was cut off", path.display());
            Ok(Some(scan))
        }
        Salvaged::Damaged(scan) => {
            tracing::warn!(
                "{} is damaged after {} bytes and was left as it is",
                path.display(),
                scan.keep_bytes
            );
            Ok(Some(scan))
        }
        Salvaged::Nothing => {
            tracing::warn!(target: "audit", "{} holds nothing that can be played and is removed", path.display());
            disk.remove(path)?;
            Ok(None)
        }
    }
}

/// The row that a file without one gets: what it says of itself, else what its name says.
fn row_of(name: &Name, scan: &Scan) -> SegmentRow {
    let head = scan.head.as_ref().filter(|head| {
        (&head.camera, head.stream, head.run, head.n) == (&name.camera, name.stream, name.run, name.n)
    });
    let gap = head
        .map_or(Some(GapReason::ProcessDied), |head| head.gap_before.as_deref().and_then(GapReason::parse));
    let mut row = SegmentRow {
        counter: head.map_or(0, |head| head.counter),
        camera: name.camera.clone(),
        stream: name.stream,
        run: name.run,
        n: name.n,
        path: name.path.clone(),
        start: head.map_or(name.start, |head| Wall::from_millis(head.start_ms)),
        clock_epoch: head.map_or(0, |head| head.clock_epoch),
        time_from: TimeFrom::Arrival,
        media_start: scan.video_start,
        duration_ms: 0,
        bytes: 0,
        video: head.map_or_else(|| scan.video.as_str().to_owned(), |head| head.video.clone()),
        sound: head.map_or_else(|| scan.has_sound.then(|| "aac".to_owned()), |head| head.sound.clone()),
        lost_packets: 0,
        state: SegmentState::Salvaged,
        gap_before: gap,
        holes: Vec::new(),
        is_dated: head.is_some_and(|head| head.is_dated),
    };
    fill(&mut row, scan);
    row
}

/// Enters what the file itself holds.
fn fill(row: &mut SegmentRow, scan: &Scan) {
    row.state = if scan.tail.is_some() { SegmentState::Closed } else { SegmentState::Salvaged };
    row.duration_ms = scan.video_duration.saturating_mul(1000) / VIDEO_CLOCK;
    row.bytes = i64::try_from(scan.file_bytes).unwrap_or(i64::MAX);
    if let Some(tail) = &scan.tail {
        row.start = Wall::from_millis(tail.start_ms);
        row.time_from = TimeFrom::parse(&tail.time_from).unwrap_or(TimeFrom::Arrival);
        row.lost_packets = tail.lost_packets;
    }
    row.holes = match &scan.tail {
        Some(tail) => tail.holes.clone(),
        None => gaps::holes(&scan.fragments, row.media_start),
    };
    if !scan.fragments.iter().any(|fragment| fragment.has_sound) {
        row.sound = None;
    }
}
