//! Makes room in the archive: the shell around [`super::plan`].

use super::{Archive, DeleteReason, Held, Pin, SegmentRow, Shortage, plan};
use crate::model::{StreamKind, Wall};

/// How many rows are looked at in one go.
const BATCH: i64 = 500;

impl Archive {
    /// Deletes what is too old, and the oldest where fewer than `wanted` bytes above the reserve
    /// are free. Gives the number of deleted files. `trusted_now` is the wall clock, if it can be
    /// trusted.
    ///
    /// # Errors
    /// If the index or the disk cannot be read; a file that cannot be deleted is logged and passed
    /// over.
    pub async fn make_room(&self, wanted: u64, trusted_now: Option<Wall>) -> anyhow::Result<usize> {
        let _one_at_a_time = self.deleting.lock().await;
        // Below an empty mount point every file would look gone, and its row would go with it.
        self.in_place()?;
        let mut deleted = 0;
        if let Some(now) = trusted_now {
            for stream in [StreamKind::Main, StreamKind::Sub] {
                let keep_ms = i64::try_from(self.policy.keep_of(stream).as_millis()).unwrap_or(i64::MAX);
                let (moment, mut behind) = (now.plus_millis(-keep_ms), (i64::MIN, 0));
                loop {
                    let rows = self.index.begun_before(stream, moment, behind, BATCH).await?;
                    let Some(last) = rows.last() else { break };
                    behind = (last.start.as_millis(), last.counter);
                    deleted += self.delete_planned(&rows, u64::MAX, 0, trusted_now).await?.0;
                }
            }
        }
        let target = self.policy.reserve_bytes.saturating_add(wanted);
        let mut free = self.files.space(&self.storage)?.free;
        let mut after = 0;
        while free < target {
            let rows = self.index.oldest_after(after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = last.counter;
            let (files, bytes) = self.delete_planned(&rows, free, wanted, None).await?;
            deleted += files;
            free = free.saturating_add(bytes);
        }
        if wanted == 0 && free < target {
            self.tell_shortage(Shortage::NothingMayGo { free_bytes: free, reserve_bytes: target });
        }
        Ok(deleted)
    }

    async fn delete_planned(
        &self,
        rows: &[SegmentRow],
        free: u64,
        wanted: u64,
        trusted_now: Option<Wall>,
    ) -> anyhow::Result<(usize, u64)> {
        let held: Vec<Held> = {
            let pins = self.pins.borrow();
            rows.iter().map(|row| as_held(row, &pins)).collect()
        };
        let (mut files, mut bytes) = (0, 0u64);
        for (counter, reason) in plan(&held, &self.policy, free, wanted, trusted_now) {
            let Some(row) = rows.iter().find(|row| row.counter == counter) else { continue };
            if self.delete(row, reason).await? {
                files += 1;
                bytes = bytes.saturating_add(u64::try_from(row.bytes).unwrap_or(0));
            }
        }
        Ok((files, bytes))
    }

    async fn delete(&self, row: &SegmentRow, reason: DeleteReason) -> anyhow::Result<bool> {
        let path = self.path_of(row);
        // The file first: a row without a file is found and forgotten at the next start, a file
        // without a row would come back as salvaged.
        if let Err(e) = super::segment::remove(self.files.clone(), &path).await {
            tracing::error!("a file cannot be deleted: {e}");
            return Ok(false);
        }
        self.index.remove(row.counter).await?;
        if reason == DeleteReason::Space {
            self.went_for_space(row);
        }
        tracing::info!(
            target: "audit",
            camera = %row.camera, stream = %row.stream, from = %row.start, to = %row.end(),
            bytes = row.bytes, reason = reason.as_str(), "footage deleted"
        );
        Ok(true)
    }
}

fn as_held(row: &SegmentRow, pins: &[Pin]) -> Held {
    let (start, end) = (row.start, row.end());
    let is_pinned = pins.iter().any(|pin| pin.camera == row.camera && pin.from < end && start < pin.to);
    Held {
        counter: row.counter,
        stream: row.stream,
        end,
        is_dated: row.is_dated,
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        is_pinned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CameraId;
    use crate::record::row::test_row;
    use crate::record::{Index, Policy};
    use std::time::Duration;

    const DAY_MS: i64 = 86_400_000;

    async fn archive(reserve_bytes: u64) -> (tempfile::TempDir, Archive) {
        let folder = tempfile::tempdir().unwrap();
        let policy = Policy {
            keep: Duration::from_secs(30 * 86_400),
            sub_keep: Duration::from_secs(7 * 86_400),
            reserve_bytes,
            pin_share: 0.9,
        };
        let index = Index::open(folder.path()).await.unwrap();
        let archive = Archive::new(folder.path(), policy, index);
        (folder, archive)
    }

    async fn add(archive: &Archive, stream: StreamKind, minute: i64, is_dated: bool) {
        let row =
            SegmentRow { stream, path: format!("video/{stream}-{minute}.mp4"), is_dated, ..test_row(minute) };
        archive.index.add(&row).await.unwrap();
    }

    #[tokio::test]
    async fn sub_streams_go_after_their_own_time_behind_however_many_main_files() {
        let (_folder, archive) = archive(0).await;
        for minute in 0..600 {
            add(&archive, StreamKind::Main, minute, true).await;
        }
        add(&archive, StreamKind::Sub, 600, true).await;
        let deleted = archive.make_room(0, Some(Wall::from_millis(8 * DAY_MS))).await.unwrap();
        let left = archive.index.all().await.unwrap();
        assert_eq!((deleted, left.len()), (1, 600));
        assert!(left.iter().all(|row| row.stream == StreamKind::Main));
    }

    #[tokio::test]
    async fn a_full_disk_looks_behind_whatever_is_pinned() {
        let (_folder, archive) = archive(u64::MAX / 2).await;
        for minute in 0..620 {
            add(&archive, StreamKind::Main, minute, true).await;
        }
        let (from, to) = (Wall::from_millis(0), Wall::from_millis(600 * 60_000));
        archive.set_pins(vec![Pin { camera: CameraId::new("gate").unwrap(), from, to }]).await.unwrap();
        assert_eq!(archive.make_room(0, None).await.unwrap(), 20, "all that is not pinned");
    }

    #[tokio::test]
    async fn age_looks_behind_whatever_is_pinned() {
        let (_folder, archive) = archive(0).await;
        for minute in 0..620 {
            add(&archive, StreamKind::Main, minute, true).await;
        }
        let (from, to) = (Wall::from_millis(0), Wall::from_millis(600 * 60_000));
        archive.set_pins(vec![Pin { camera: CameraId::new("gate").unwrap(), from, to }]).await.unwrap();
        assert_eq!(archive.make_room(0, Some(Wall::from_millis(100 * DAY_MS))).await.unwrap(), 20);
    }

    #[tokio::test]
    async fn footage_of_a_time_when_the_clock_was_not_trusted_does_not_go_by_age() {
        let (_folder, archive) = archive(0).await;
        add(&archive, StreamKind::Main, 0, false).await;
        assert_eq!(archive.make_room(0, Some(Wall::from_millis(20_000 * DAY_MS))).await.unwrap(), 0);
    }
}
