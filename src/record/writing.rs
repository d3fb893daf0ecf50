//! The disk's side of a recorder: files are begun, written and ended.
//!
//! A disk that is full or refuses is tried again, after the oldest footage has made room: meanwhile
//! the camera waits on its TCP connection, and nothing is dropped here. What then is missing is a
//! gap that names the disk.

use std::io;

use super::label::{Head, Tail};
use super::recorder::{OpenSegment, Recorder, StreamName};
use super::segment::{self, Finished, Segment, SegmentError};
use super::timeline::VIDEO_CLOCK;
use super::{GapReason, Health, SegmentRow, SegmentState, Teller};
use crate::clock;
use crate::database;
use crate::ingest::VideoUnit;
use crate::libav::LibavError;
use crate::model::Wall;

/// Room made at once when the disk is full.
const ROOM: u64 = 64 * 1024 * 1024;

impl Recorder {
    /// Begins a file at media time `pts`; waits while the disk refuses.
    pub(super) async fn begin_segment(
        &mut self,
        unit: &VideoUnit,
        pts: i64,
        gap: Option<GapReason>,
    ) -> Result<(), LibavError> {
        let start = self.timeline.wall(pts);
        self.n += 1;
        let mut row = SegmentRow {
            counter: 0,
            camera: self.name.camera.clone(),
            stream: self.name.stream,
            run: self.run,
            n: self.n,
            path: segment_path(&self.name, start, self.run, self.n),
            start,
            clock_epoch: self.clock_epoch,
            time_from: self.timeline.time_from(),
            media_start: pts,
            duration_ms: 0,
            bytes: 0,
            video: format!("{} {}x{}", unit.format.codec.as_str(), unit.format.width, unit.format.height),
            sound: self.sound.format().map(|f| format!("aac {}", f.sample_rate)),
            lost_packets: 0,
            state: SegmentState::Open,
            gap_before: gap,
            holes: Vec::new(),
            is_dated: self.archive.believes(unit.arrived),
        };
        let mut tries = 0;
        loop {
            match self.try_begin(&mut row, unit).await {
                Ok(segment) => {
                    self.open = Some(OpenSegment { segment, row });
                    return Ok(());
                }
                Err(SegmentError::Media(e)) => return Err(e),
                Err(SegmentError::Disk(e)) => {
                    tries += 1;
                    if !self.disk_refused(&e, tries).await {
                        self.cutter.abandon(reason_of(&e));
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn try_begin(&mut self, row: &mut SegmentRow, unit: &VideoUnit) -> Result<Segment, SegmentError> {
        self.archive.begins(&row.path);
        let begun = self.make_row_and_file(row, unit).await;
        self.archive.has_begun(&row.path);
        begun
    }

    async fn make_row_and_file(
        &mut self,
        row: &mut SegmentRow,
        unit: &VideoUnit,
    ) -> Result<Segment, SegmentError> {
        let (index, begun) = (self.archive.index.clone(), row.clone());
        let counter = self.archive.aside(async move { index.add(&begun).await }).await;
        row.counter = counter.map_err(|e| self.database_as_disk(e))?;
        self.archive.opened(row);
        let path = self.archive.path_of(row);
        let (disk, place) = (self.archive.files.clone(), self.archive.place().clone());
        let formats = (&*unit.format, self.sound.format());
        let head = head(row);
        let sync_every = self.cutting.sync_every;
        let made =
            Segment::create((disk.clone(), place), path.clone(), &head, row.media_start, formats, sync_every);
        let made = made.await;
        if made.is_err() {
            // Without its file the row would be a promise that nothing keeps. If the disk does not
            // even let these two go, the next try uses the row again, and fails on the file until
            // it can be removed.
            let _ = segment::remove(disk, &path).await;
            let _ = self.archive.index.remove(row.counter).await;
            self.archive.closed(row.counter);
        }
        made
    }

    /// Writes what waits, and waits while the disk refuses.
    pub(super) async fn write(&mut self) {
        if !self.write_all().await {
            // A sync failed: the next keyframe begins another file.
            self.cutter.abandon(GapReason::StorageFailed);
            self.put_away().await;
        }
    }

    /// As [`Recorder::write`]; `false` if a sync has failed, so that the file must end here.
    async fn write_all(&mut self) -> bool {
        let mut tries = 0;
        while let Some(OpenSegment { segment, row }) = &mut self.open {
            match segment.write_pending(self.now).await {
                Ok(true) => {
                    let until = self.timeline.wall(segment.written_until);
                    self.archive.grew(row, self.timeline.wall(row.media_start), segment.written());
                    self.archive.covered(&self.name.camera, self.name.stream, until);
                    self.archive.tell_health(&Teller::Stream(self.name.clone()), Health::Well);
                    return true;
                }
                Ok(false) => {
                    self.refused = Some((GapReason::StorageFailed, clock::now().mono));
                    return false;
                }
                Err(e) => {
                    tries += 1;
                    if !self.disk_refused(&e, tries).await {
                        self.cutter.abandon(reason_of(&e));
                        if let Some(open) = &mut self.open {
                            open.segment.give_up_pending();
                        }
                    }
                }
            }
        }
        true
    }

    /// Says so, makes room, and waits; `false` if it is time to give up.
    async fn disk_refused(&mut self, e: &io::Error, tries: u32) -> bool {
        if tries == 1 || tries.is_multiple_of(30) {
            tracing::error!(
                stream = %self.name,
                "the recording cannot be written ({e}); it is tried again and again, {tries} times so far"
            );
        }
        self.refused = Some((reason_of(e), clock::now().mono));
        if is_full(e) {
            let archive = self.archive.clone();
            match self.archive.aside(async move { archive.make_room(ROOM, None).await }).await {
                // Another stream may have made room just before.
                Ok(0) if tries > 1 => {}
                Ok(_) => return true,
                Err(e) => tracing::error!("no room can be made: {e:#}"),
            }
        }
        self.archive.tell_health(&Teller::Stream(self.name.clone()), Health::of(e));
        let stopped = self.stop.run_until_cancelled(tokio::time::sleep(self.cutting.retry)).await.is_none();
        !stopped
    }

    /// Ends the file that is open: complete, synced, and entered as such. Gives why something of its
    /// end is missing, if it is.
    pub(super) async fn end_segment(&mut self) -> Option<GapReason> {
        let OpenSegment { segment, row } = self.open.as_mut()?;
        // The first units of a connection come late; by now it is known how late.
        row.start = self.timeline.wall(row.media_start);
        row.time_from = self.timeline.time_from();
        let (start, time_from, lost_packets) = (row.start, row.time_from, row.lost_packets);
        let holes = row.holes.clone();
        segment.close_muxer(|has_sound| Tail {
            start_ms: start.as_millis(),
            time_from: time_from.as_str().to_owned(),
            lost_packets,
            has_sound,
            holes,
        });
        // What the muxer still held is written like anything else: tried until the disk takes it.
        self.write_all().await;
        self.put_away().await
    }

    /// Closes the file that is open, with what of it is written. Gives why something of its end is
    /// missing, if it is.
    async fn put_away(&mut self) -> Option<GapReason> {
        let OpenSegment { segment, mut row } = self.open.take()?;
        let mut lost = Some(GapReason::StorageFailed);
        match segment.finish().await {
            Ok(Some(finished)) => {
                lost = lost.filter(|_| finished.is_salvaged);
                enter(&mut row, &finished);
                let (index, entered) = (self.archive.index.clone(), row.clone());
                let entering =
                    async move { index.finish(&entered, &finished.fragments, finished.sha256).await };
                if let Err(e) = self.archive.aside(entering).await {
                    // The row stays open, and is found when files and index are brought together.
                    tracing::error!(stream = %self.name, "a file could not be entered as complete: {e}");
                    self.database_as_disk(e);
                    self.archive.suspect_index();
                }
            }
            Ok(None) => {
                let gone = segment::remove(self.archive.files.clone(), &self.archive.path_of(&row)).await;
                let forgotten = match gone {
                    Ok(()) => self.archive.index.remove(row.counter).await.map_err(|e| e.to_string()),
                    Err(e) => Err(e.to_string()),
                };
                if let Err(e) = forgotten {
                    tracing::error!(stream = %self.name, "an empty file could not be put away: {e}");
                }
            }
            Err(e) => {
                tracing::error!(stream = %self.name, "a file could not be ended, it is looked at again: {e}");
                self.archive.suspect_index();
            }
        }
        self.archive.closed(row.counter);
        if let Some(reason) = lost {
            self.refused = Some((reason, clock::now().mono));
        }
        lost
    }

    /// A database that refuses is a disk that refuses; SQLITE_FULL (13) is a full one.
    fn database_as_disk(&self, e: sqlx::Error) -> SegmentError {
        if database::is_damaged(&e) {
            self.archive.suspect_index();
        }
        let full = e.as_database_error().and_then(|db| db.code()).is_some_and(|code| code == "13");
        let kind = if full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
        SegmentError::Disk(io::Error::new(kind, format!("index.sqlite: {e}")))
    }
}

fn head(row: &SegmentRow) -> Head {
    Head {
        counter: row.counter,
        camera: row.camera.clone(),
        stream: row.stream,
        run: row.run,
        n: row.n,
        clock_epoch: row.clock_epoch,
        start_ms: row.start.as_millis(),
        is_dated: row.is_dated,
        video: row.video.clone(),
        sound: row.sound.clone(),
        gap_before: row.gap_before.map(|gap| gap.as_str().to_owned()),
    }
}

/// What a finished file adds to its row.
fn enter(row: &mut SegmentRow, finished: &Finished) {
    row.state = if finished.is_salvaged { SegmentState::Salvaged } else { SegmentState::Closed };
    row.duration_ms = finished.duration * 1000 / VIDEO_CLOCK;
    row.bytes = i64::try_from(finished.bytes).unwrap_or(i64::MAX);
    row.holes.retain(|hole| hole.0 < row.duration_ms);
    if !finished.fragments.iter().any(|fragment| fragment.has_sound) {
        row.sound = None;
    }
}

/// Where a file goes, below the storage path.
fn segment_path(name: &StreamName, start: Wall, run: i64, n: i64) -> String {
    let at = start.timestamp();
    let (day, time) = (at.strftime("%Y-%m-%d"), at.strftime("%H%M%S.%3f"));
    format!("video/{}/{}/{day}/{time}Z-{run}-{n}.mp4", name.camera, name.stream)
}

fn is_full(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn reason_of(e: &io::Error) -> GapReason {
    if is_full(e) { GapReason::DiskFull } else { GapReason::StorageFailed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CameraId, StreamKind};

    #[test]
    fn a_file_is_named_by_its_first_moment_its_run_and_its_number() {
        let name = StreamName { camera: CameraId::new("counter-2").unwrap(), stream: StreamKind::Main };
        let start = "2026-11-23T02:15:07.120Z".parse().unwrap();
        assert_eq!(segment_path(&name, start, 3, 12), "video/counter-2/main/2026-11-23/021507.120Z-3-12.mp4");
    }
}
