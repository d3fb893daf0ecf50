//! What a process that died has left behind is taken into the archive again, before recording
//! begins.
//!
//! Afterwards a row means a playable file, and every file is a row: torn files are cut back to
//! their last whole fragment, files without a row get one, rows without a file are forgotten, and a
//! file in which nothing can be played is removed. All of it is logged.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::salvage::{Salvaged, Scan, salvage};
use super::timeline::VIDEO_CLOCK;
use super::{Archive, GapReason, SegmentRow, SegmentState};
use crate::model::{CameraId, StreamKind, Wall};

/// What was found.
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

impl Archive {
    /// Brings files and index together. Nobody may be recording.
    ///
    /// # Errors
    /// If the index or the folders cannot be read or written.
    pub async fn recover(&self) -> anyhow::Result<Recovered> {
        let mut found = Recovered::default();
        let rows = self.index.all().await.context("index.sqlite")?;
        let mut known = HashSet::with_capacity(rows.len());
        for row in rows {
            let path = self.path_of(&row);
            known.insert(path.clone());
            if row.state == SegmentState::Open {
                self.died.send_modify(|died| {
                    died.insert((row.camera.clone(), row.stream));
                });
                // One file that cannot be read is no reason to record nothing.
                if let Err(e) = self.salvage_row(&row, path, &mut found).await {
                    tracing::error!("{} could not be salvaged, and is left as it is: {e:#}", row.path);
                }
            } else if !path.exists() {
                tracing::warn!("{} is gone from the disk; its row is forgotten", path.display());
                self.index.remove(row.counter).await?;
                found.forgotten += 1;
            }
        }
        let (storage, video) = (self.storage().to_owned(), self.storage().join("video"));
        let files = tokio::task::spawn_blocking(move || recordings(&video)).await?;
        let mut orphans = Vec::new();
        for path in files.into_iter().filter(|path| !known.contains(path)) {
            match named(&storage, &path) {
                Some(row) => orphans.push((row, path)),
                None => tracing::warn!("{} is not a recording of ours and is left alone", path.display()),
            }
        }
        // The archive's order is that of recording, over all cameras.
        orphans.sort_by_key(|(row, _)| (row.start, row.run, row.n));
        for (row, path) in orphans {
            let shown = path.display().to_string();
            if let Err(e) = self.adopt(row, path, &mut found).await {
                tracing::error!("{shown} could not be taken into the archive, and is left as it is: {e:#}");
            }
        }
        if found != Recovered::default() {
            tracing::info!(?found, "the archive was brought in order");
        }
        Ok(found)
    }

    async fn salvage_row(
        &self,
        row: &SegmentRow,
        path: PathBuf,
        found: &mut Recovered,
    ) -> anyhow::Result<()> {
        match rescue(path).await? {
            Some(scan) => {
                let (duration_ms, bytes) = facts(&scan);
                let state = SegmentState::Salvaged;
                self.index.finish(row.counter, state, None, duration_ms, bytes, row.lost_packets).await?;
                found.salvaged += 1;
            }
            None => {
                self.index.remove(row.counter).await?;
                found.removed += 1;
            }
        }
        Ok(())
    }

    async fn adopt(&self, mut row: SegmentRow, path: PathBuf, found: &mut Recovered) -> anyhow::Result<()> {
        let Some(scan) = rescue(path).await? else {
            found.removed += 1;
            return Ok(());
        };
        (row.duration_ms, row.bytes) = facts(&scan);
        row.media_start = scan.video_start;
        row.video = scan.video.as_str().to_owned();
        row.sound = scan.has_sound.then(|| "aac".to_owned());
        self.index.add(&row).await?;
        found.adopted += 1;
        Ok(())
    }
}

/// Cuts the file back to what is whole; removes it and gives `None` if nothing is.
async fn rescue(path: PathBuf) -> anyhow::Result<Option<Scan>> {
    let rescued = tokio::task::spawn_blocking(move || -> std::io::Result<Option<Scan>> {
        if !path.exists() {
            return Ok(None);
        }
        match salvage(&path)? {
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
                std::fs::remove_file(&path)?;
                Ok(None)
            }
        }
    });
    Ok(rescued.await??)
}

fn facts(scan: &Scan) -> (i64, i64) {
    let bytes = i64::try_from(scan.file_bytes).unwrap_or(i64::MAX);
    (scan.video_duration.saturating_mul(1000) / VIDEO_CLOCK, bytes)
}

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(recordings(&path)),
            Ok(_) if path.extension().is_some_and(|ending| ending == "mp4") => files.push(path),
            _ => {}
        }
    }
    files.sort();
    files
}

/// Reads camera, stream, time, run and number back from a file's place.
fn named(storage: &Path, path: &Path) -> Option<SegmentRow> {
    let below = path.strip_prefix(storage).ok()?.to_str()?;
    let parts: Vec<&str> = below.split('/').collect();
    let ["video", camera, stream, day, file] = parts.as_slice() else { return None };
    let (time, numbers) = file.strip_suffix(".mp4")?.split_once("Z-")?;
    let (run, n) = numbers.split_once('-')?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let start: Wall = format!("{day}T{hour}:{minute}:{second}Z").parse().ok()?;
    Some(SegmentRow {
        counter: 0,
        camera: CameraId::new(camera).ok()?,
        stream: StreamKind::parse(stream)?,
        run: run.parse().ok()?,
        n: n.parse().ok()?,
        path: below.to_owned(),
        start,
        media_start: 0,
        duration_ms: 0,
        bytes: 0,
        video: String::new(),
        sound: None,
        lost_packets: 0,
        state: SegmentState::Salvaged,
        gap_before: Some(GapReason::ProcessDied),
        is_dated: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_place_says_whose_it_is_and_when_it_began() {
        let storage = Path::new("/srv/qw");
        let row =
            named(storage, &storage.join("video/counter-2/sub/2026-11-23/021507.120Z-3-12.mp4")).unwrap();
        assert_eq!((row.camera.as_str(), row.stream, row.run, row.n), ("counter-2", StreamKind::Sub, 3, 12));
        assert_eq!(row.start.to_string(), "2026-11-23T02:15:07.120Z");
        for other in
            ["video/a/main/2026-11-23/x.mp4", "video/a.mp4", "video/A/main/2026-11-23/021507.120Z-3-12.mp4"]
        {
            assert!(named(storage, &storage.join(other)).is_none(), "{other}");
        }
    }
}
