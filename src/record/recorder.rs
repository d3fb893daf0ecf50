//! Records one connection of one stream.
//!
//! Decisions are the [`Cutter`]'s; here they are carried out. A disk that is full or refuses is
//! tried again every second, after the oldest footage has made room: meanwhile the camera waits on
//! its TCP connection, and nothing is dropped here.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::segment::{Segment, SegmentError};
use super::sound::SoundPath;
use super::timeline::VIDEO_CLOCK;
use super::{Archive, Cut, Cutter, GapReason, SegmentRow, SegmentState, StepWatch, Timeline};
use crate::ingest::{SoundFormat, SoundUnit, Unit, VideoUnit};
use crate::libav::{LibavError, Times, Track, VideoCodec};
use crate::model::{CameraId, StreamKind, Wall};

/// Which stream of which camera.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamName {
    /// The camera.
    pub camera: CameraId,
    /// Main or sub.
    pub stream: StreamKind,
}

impl std::fmt::Display for StreamName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.camera, self.stream)
    }
}

/// Why recording cannot go on with this connection.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The camera's packets cannot be put into a file.
    #[error("{0}: what the camera sends cannot be recorded: {1}")]
    Media(StreamName, LibavError),
    /// The index cannot be read.
    #[error("{0}: the index of the archive cannot be read: {1}")]
    Index(StreamName, sqlx::Error),
}

/// How long between two tries of a disk that refuses.
const RETRY: Duration = Duration::from_secs(1);

/// Room made at once when the disk is full.
const ROOM: u64 = 64 * 1024 * 1024;

/// One connection's recorder.
pub struct Recorder {
    name: StreamName,
    archive: Arc<Archive>,
    stop: CancellationToken,
    run: i64,
    n: i64,
    cutter: Cutter,
    timeline: Timeline,
    clock: StepWatch,
    /// Why media or wall time no longer runs on, until a keyframe begins a new run.
    broken: Option<GapReason>,
    sound: SoundPath,
    segment: Option<Segment>,
    frame_ticks: i64,
    last_dts: Option<i64>,
}

impl Recorder {
    /// A recorder for a new connection of `name`, whose first file has `gap` before it.
    ///
    /// # Errors
    /// [`RecordError`] if the index cannot be read or the sound cannot be handled.
    pub async fn begin(
        archive: Arc<Archive>,
        name: StreamName,
        sound: Option<&SoundFormat>,
        gap: GapReason,
        segment: Duration,
        stop: CancellationToken,
    ) -> Result<Self, RecordError> {
        let last_run = archive.index.last_run(&name.camera, name.stream).await;
        let run = last_run.map_err(|e| RecordError::Index(name.clone(), e))? + 1;
        let sound = SoundPath::new(sound).map_err(|e| RecordError::Media(name.clone(), e))?;
        let segment_ms = i64::try_from(segment.as_millis()).unwrap_or(60_000);
        Ok(Self {
            name,
            archive,
            stop,
            run,
            n: 0,
            cutter: Cutter::new(segment_ms, gap),
            timeline: Timeline::default(),
            clock: StepWatch::default(),
            broken: None,
            sound,
            segment: None,
            frame_ticks: VIDEO_CLOCK / 25,
            last_dts: None,
        })
    }

    /// The wall-clock moment of a media time, as well as it is known.
    pub fn wall(&self, pts: i64) -> Wall {
        self.timeline.wall(pts)
    }

    /// Records one unit; waits while the disk refuses.
    ///
    /// # Errors
    /// [`RecordError`] if this connection cannot be recorded any further.
    pub async fn handle(&mut self, unit: &Unit) -> Result<(), RecordError> {
        let pushed = match unit {
            Unit::Video(video) => self.picture(video).await,
            Unit::Sound(sound) => self.hear(sound),
        };
        pushed.map_err(|e| RecordError::Media(self.name.clone(), e))?;
        if self.segment.as_ref().is_some_and(Segment::has_pending) {
            self.write().await;
        }
        Ok(())
    }

    /// Ends the recording of this connection: the file is complete and synced.
    pub async fn finish(mut self) {
        self.flush_sound();
        self.end_segment().await;
    }

    async fn picture(&mut self, unit: &VideoUnit) -> Result<(), LibavError> {
        // After a step or a leap the file that is open keeps the time it began with; the next
        // keyframe begins one with the new time.
        if self.clock.has_stepped(unit.arrived) {
            self.broken = Some(GapReason::ClockStepped);
        } else if self.broken.is_none() && self.timeline.leaps(unit.pts, unit.arrived.wall) {
            self.broken = Some(GapReason::StreamJumped);
        }
        match self.broken {
            None => self.timeline.observe(unit.pts, unit.arrived.wall),
            Some(reason) if unit.is_key => self.cutter.abandon(reason),
            Some(_) => {}
        }
        if let Some(last) = self.last_dts.replace(unit.dts)
            && (1..VIDEO_CLOCK).contains(&(unit.dts - last))
        {
            self.frame_ticks = unit.dts - last;
        }
        let dts = match self.cutter.picture(unit.dts, unit.is_key, &unit.format) {
            Cut::Skip => return Ok(()),
            Cut::Append { dts } => dts,
            Cut::Begin { dts, gap } => {
                let is_new_time = matches!(gap, Some(GapReason::StreamJumped | GapReason::ClockStepped));
                if is_new_time {
                    self.flush_sound();
                }
                self.end_segment().await;
                if is_new_time {
                    // Media or wall time no longer runs on: what follows is a run of its own.
                    (self.run, self.n, self.timeline) = (self.run + 1, 0, Timeline::default());
                    self.timeline.observe(unit.pts, unit.arrived.wall);
                    self.broken = None;
                }
                self.begin_segment(unit, unit.pts.max(dts), gap).await?;
                dts
            }
        };
        let (times, duration) = (Times { pts: unit.pts.max(dts), dts }, self.frame_ticks);
        if let Some(segment) = &mut self.segment {
            segment.lost_packets += u64::from(unit.lost_packets);
            segment.push(Track::Video, times, duration, unit.is_key, &unit.data)?;
        }
        Ok(())
    }

    fn hear(&mut self, unit: &SoundUnit) -> Result<(), LibavError> {
        if !self.cutter.is_open() {
            return Ok(());
        }
        let segment = &mut self.segment;
        self.sound.take(unit, |pts, samples, data| match segment {
            Some(segment) => segment.push(Track::Audio, Times::at(pts), samples, true, data),
            None => Ok(()),
        })?;
        if let Some(segment) = segment {
            segment.lost_packets += u64::from(unit.lost_packets);
        }
        Ok(())
    }

    fn flush_sound(&mut self) {
        let segment = &mut self.segment;
        let flushed = self.sound.flush(|pts, samples, data| match segment {
            Some(segment) => segment.push(Track::Audio, Times::at(pts), samples, true, data),
            None => Ok(()),
        });
        if let Err(e) = flushed {
            tracing::warn!(stream = %self.name, "the last sound of a connection could not be kept: {e}");
        }
    }

    async fn begin_segment(
        &mut self,
        unit: &VideoUnit,
        pts: i64,
        gap: Option<GapReason>,
    ) -> Result<(), LibavError> {
        let start = self.timeline.wall(pts);
        self.n += 1;
        let codec = match unit.format.codec {
            VideoCodec::H264 => "h264",
            VideoCodec::H265 => "h265",
        };
        let row = SegmentRow {
            counter: 0,
            camera: self.name.camera.clone(),
            stream: self.name.stream,
            run: self.run,
            n: self.n,
            path: segment_path(&self.name, start, self.run, self.n),
            start,
            media_start: pts,
            duration_ms: 0,
            bytes: 0,
            video: format!("{codec} {}x{}", unit.format.width, unit.format.height),
            sound: self.sound.format().map(|f| format!("aac {}", f.sample_rate)),
            lost_packets: 0,
            state: SegmentState::Open,
            gap_before: gap,
            is_dated: self.archive.clock_is_trusted(),
        };
        let mut tries = 0;
        loop {
            match self.try_begin(&row, unit).await {
                Ok(segment) => {
                    self.segment = Some(segment);
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

    async fn try_begin(&mut self, row: &SegmentRow, unit: &VideoUnit) -> Result<Segment, SegmentError> {
        let counter = self.archive.index.add(row).await.map_err(database_as_disk)?;
        let path = self.archive.path_of(row);
        let made = Segment::create(path, counter, row.media_start, &unit.format, self.sound.format()).await;
        if made.is_err() {
            // Without its file the row would be a promise that nothing keeps; if the disk does not
            // even let it go, the next try uses it again.
            let _ = self.archive.index.remove(counter).await;
        }
        made
    }

    async fn write(&mut self) {
        let mut tries = 0;
        while let Some(segment) = &mut self.segment {
            match segment.write_pending().await {
                Ok(()) => {
                    let until = self.timeline.wall(segment.written_until);
                    self.archive.covered(&self.name.camera, self.name.stream, until);
                    return;
                }
                Err(e) => {
                    tries += 1;
                    if !self.disk_refused(&e, tries).await {
                        self.cutter.abandon(reason_of(&e));
                        if let Some(segment) = &mut self.segment {
                            segment.give_up_pending();
                        }
                    }
                }
            }
        }
    }

    /// Says so, makes room, and waits; `false` if it is time to give up.
    async fn disk_refused(&mut self, e: &io::Error, tries: u32) -> bool {
        if tries == 1 || tries.is_multiple_of(30) {
            tracing::error!(
                stream = %self.name,
                "the recording cannot be written ({e}); it is tried again every second, {} times so far",
                tries
            );
        }
        if is_full(e) {
            match self.archive.make_room(ROOM, None).await {
                Ok(0) => {}
                Ok(_) => return true,
                Err(e) => tracing::error!("no room can be made: {e:#}"),
            }
        }
        let stopped = self.stop.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none();
        !stopped
    }

    async fn end_segment(&mut self) {
        let Some(segment) = &mut self.segment else { return };
        segment.close_muxer();
        // What the muxer still held is written like anything else: tried until the disk takes it.
        self.write().await;
        let Some(segment) = self.segment.take() else { return };
        let (finished, written) = segment.finish().await;
        if let Err(e) = written {
            tracing::error!(stream = %self.name, "the end of a file could not be written: {e}");
        }
        let done = self
            .archive
            .index
            .finish(
                finished.counter,
                SegmentState::Closed,
                // The first units of a connection come late; by now it is known how late.
                Some(self.timeline.wall(finished.media_start)),
                finished.duration * 1000 / VIDEO_CLOCK,
                i64::try_from(finished.bytes).unwrap_or(i64::MAX),
                i64::try_from(finished.lost_packets).unwrap_or(i64::MAX),
            )
            .await;
        if let Err(e) = done {
            // The row stays open, and the file is salvaged at the next start.
            tracing::error!(stream = %self.name, "a file could not be entered as complete: {e}");
        }
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

/// SQLITE_FULL (13) is a full disk like any other.
fn database_as_disk(e: sqlx::Error) -> SegmentError {
    let full = e.as_database_error().and_then(|db| db.code()).is_some_and(|code| code == "13");
    let kind = if full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
    SegmentError::Disk(io::Error::new(kind, format!("index.sqlite: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_first_moment_its_run_and_its_number() {
        let name = StreamName { camera: CameraId::new("counter-2").unwrap(), stream: StreamKind::Main };
        let start = "2026-11-23T02:15:07.120Z".parse().unwrap();
        assert_eq!(segment_path(&name, start, 3, 12), "video/counter-2/main/2026-11-23/021507.120Z-3-12.mp4");
    }
}
