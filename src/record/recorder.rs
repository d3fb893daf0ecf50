//! Records one connection of one stream: units in, decisions asked of the [`Cutter`] and the
//! [`Timeline`], and carried out by [`super::writing`].

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::row::Hole;
use super::segment::Segment;
use super::sound::SoundPath;
use super::timeline::VIDEO_CLOCK;
use super::{Archive, Cut, Cutter, GapReason, SegmentRow, Timeline};
use crate::clock;
use crate::ingest::{SenderReport, SoundFormat, SoundUnit, Unit, VideoUnit};
use crate::libav::{LibavError, Times, Track};
use crate::model::{CameraId, Mono, StreamKind, Wall};

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

/// How files are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutting {
    /// About how long a file is; it is cut at the next keyframe.
    pub segment: Duration,
    /// How often an open file is synced: what a power cut costs at most, and a second.
    pub sync_every: Duration,
    /// How long between two tries of a disk that refuses.
    pub retry: Duration,
}

/// A pause in the pictures of this length is a hole that is told.
const HOLE: i64 = VIDEO_CLOCK;

/// What the disk or the link did so long before a hole is still its reason.
const REASON_HOLDS: Duration = Duration::from_secs(30);

/// One connection's recorder.
pub struct Recorder {
    pub(super) name: StreamName,
    pub(super) archive: Arc<Archive>,
    pub(super) stop: CancellationToken,
    pub(super) cutting: Cutting,
    pub(super) run: i64,
    pub(super) n: i64,
    pub(super) cutter: Cutter,
    pub(super) timeline: Timeline,
    /// The clock epoch that the timeline is of.
    pub(super) clock_epoch: i64,
    /// Why media or wall time no longer runs on, until a keyframe begins a new run.
    broken: Option<GapReason>,
    pub(super) sound: SoundPath,
    pub(super) open: Option<OpenSegment>,
    frame_ticks: i64,
    last_dts: Option<i64>,
    /// The end of the last picture, 1/90000 s.
    last_end: Option<i64>,
    /// Why and when the disk refused last: what a camera that had to wait drops is missing for that.
    pub(super) refused: Option<(GapReason, Mono)>,
    /// Whether the last piece of sound was stamped before what is in the file.
    sound_fell_back: bool,
    /// When packets were lost last.
    lost: Option<Mono>,
    pub(super) now: Mono,
}

impl Drop for Recorder {
    /// A task that ends in its midst, by a fault, leaves a file that nobody records any more.
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            self.archive.closed(open.row.counter);
            self.archive.suspect_index();
        }
    }
}

/// The file that is open, and what the index will know of it.
pub(super) struct OpenSegment {
    pub(super) segment: Segment,
    pub(super) row: SegmentRow,
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
        cutting: Cutting,
        stop: CancellationToken,
    ) -> Result<Self, RecordError> {
        let run = archive.next_run(&name.camera, name.stream).await;
        let run = run.map_err(|e| RecordError::Index(name.clone(), e))?;
        let has_sound = sound.is_some();
        let sound = SoundPath::new(sound).map_err(|e| RecordError::Media(name.clone(), e))?;
        let segment_ms = i64::try_from(cutting.segment.as_millis()).unwrap_or(60_000);
        Ok(Self {
            name,
            archive,
            stop,
            cutting,
            run,
            n: 0,
            cutter: Cutter::new(segment_ms, gap, has_sound),
            timeline: Timeline::default(),
            clock_epoch: 0,
            broken: None,
            sound,
            open: None,
            frame_ticks: VIDEO_CLOCK / 25,
            last_dts: None,
            last_end: None,
            refused: None,
            sound_fell_back: false,
            lost: None,
            now: Mono::default(),
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
            Unit::Report(report) => {
                self.report(report);
                Ok(())
            }
        };
        pushed.map_err(|e| RecordError::Media(self.name.clone(), e))?;
        if self.open.as_ref().is_some_and(|open| open.segment.has_pending()) {
            self.write().await;
        }
        Ok(())
    }

    /// Ends the recording of this connection: the file is complete and synced. Gives what is
    /// before the next file, if it was something else than the camera.
    pub async fn finish(mut self) -> Option<GapReason> {
        self.flush_sound();
        self.end_segment().await;
        self.recently_refused()
    }

    async fn picture(&mut self, unit: &VideoUnit) -> Result<(), LibavError> {
        self.now = unit.arrived.mono;
        self.watch_time(unit);
        if unit.lost_packets > 0 {
            self.lost = Some(self.now);
        }
        let hole = self.last_end.filter(|end| unit.pts - end >= HOLE).map(|end| (end, self.reason_of_hole()));
        self.cutter.excuse(self.recently_refused());
        let dts = match self.cutter.picture(unit.dts, unit.is_key, &unit.format) {
            Cut::Skip => return Ok(()),
            Cut::Append { dts } => dts,
            Cut::Begin { dts, gap } => {
                let reason = gap.or(hole.map(|(_, reason)| reason));
                self.begin_with(unit, dts, reason).await?;
                dts
            }
        };
        let (pts, duration) = (unit.pts.max(dts), self.frame_ticks);
        self.last_end = self.last_end.max(Some(pts + duration));
        if let Some(OpenSegment { segment, row }) = &mut self.open {
            if let Some((from, reason)) = hole.filter(|(from, _)| *from >= segment.media_start) {
                let ms = |ticks: i64| (ticks - segment.media_start) * 1000 / VIDEO_CLOCK;
                row.holes.push(Hole(ms(from), ms(pts), reason.as_str().to_owned()));
            }
            if unit.lost_packets > 0 {
                row.lost_packets = row.lost_packets.saturating_add(i64::from(unit.lost_packets));
                segment.lost();
            }
            segment.push(Track::Video, Times { pts, dts }, duration, unit.is_key, &unit.data)?;
        }
        Ok(())
    }

    /// After a step of the clock or a leap of the stream the file that is open keeps the time it
    /// began with; the next keyframe begins one with the new time.
    fn watch_time(&mut self, unit: &VideoUnit) {
        let epoch = self.archive.clock_epoch(unit.arrived);
        if self.clock_epoch == 0 {
            self.clock_epoch = epoch;
        }
        if epoch != self.clock_epoch {
            self.broken = Some(GapReason::ClockStepped);
        } else if self.broken.is_none()
            && (self.timeline.leaps(unit.pts, unit.arrived.wall) || self.timeline.has_fallen_behind())
        {
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
    }

    async fn begin_with(
        &mut self,
        unit: &VideoUnit,
        dts: i64,
        gap: Option<GapReason>,
    ) -> Result<(), LibavError> {
        let is_new_time = matches!(gap, Some(GapReason::StreamJumped | GapReason::ClockStepped));
        if is_new_time {
            self.flush_sound();
        }
        if gap.is_none()
            && let Some(open) = &mut self.open
        {
            // In an open group what is shown up to the keyframe is sent behind it.
            open.segment.media_end = open.segment.media_end.max(unit.pts);
        }
        let gap = gap.or(self.end_segment().await);
        if is_new_time {
            // Media or wall time no longer runs on: what follows is a run of its own.
            (self.run, self.n, self.timeline) = (self.run + 1, 0, Timeline::default());
            self.clock_epoch = self.archive.clock_epoch(unit.arrived);
            self.timeline.observe(unit.pts, unit.arrived.wall);
            (self.broken, self.last_end) = (None, None);
        }
        self.begin_segment(unit, unit.pts.max(dts), gap).await
    }

    /// Why pictures are missing on a connection that stayed.
    fn reason_of_hole(&self) -> GapReason {
        let lost = self.lost.is_some_and(|at| self.now.since(at) < REASON_HOLDS);
        match self.recently_refused() {
            Some(reason) => reason,
            None if lost => GapReason::PacketsLost,
            None => GapReason::CameraPaused,
        }
    }

    fn recently_refused(&self) -> Option<GapReason> {
        self.refused.filter(|(_, at)| clock::now().mono.since(*at) < REASON_HOLDS).map(|(reason, _)| reason)
    }

    fn report(&mut self, report: &SenderReport) {
        if self.broken.is_none() {
            self.timeline.report(report.camera, report.pts, report.arrived.wall);
        }
    }

    fn hear(&mut self, unit: &SoundUnit) -> Result<(), LibavError> {
        // Sound that is only measured is none of the archive's.
        if !self.cutter.is_open() || self.sound.format().is_none() {
            return Ok(());
        }
        self.cutter.sound();
        let open = &mut self.open;
        let taken = self.sound.take(unit, |pts, samples, data| match open {
            Some(open) => open.segment.push(Track::Audio, Times::at(pts), samples, true, data),
            None => Ok(()),
        });
        let mut lost = i64::from(unit.lost_packets);
        match taken {
            // Sound whose own clock falls back has no place in the file. That is no reason to part
            // with the picture: it counts as lost until its time runs on.
            Err(LibavError::Time { dts, last, .. }) => {
                if !std::mem::replace(&mut self.sound_fell_back, true) {
                    tracing::warn!(
                        stream = %self.name,
                        "its sound is stamped {dts} behind {last}: left out until its time runs on"
                    );
                }
                lost = lost.saturating_add(1);
            }
            other => {
                other?;
                self.sound_fell_back = false;
            }
        }
        if let Some(open) = open
            && lost > 0
        {
            open.row.lost_packets = open.row.lost_packets.saturating_add(lost);
            open.segment.lost();
        }
        Ok(())
    }

    fn flush_sound(&mut self) {
        let open = &mut self.open;
        let flushed = self.sound.flush(|pts, samples, data| match open {
            Some(open) => open.segment.push(Track::Audio, Times::at(pts), samples, true, data),
            None => Ok(()),
        });
        if let Err(e) = flushed {
            tracing::warn!(stream = %self.name, "the last sound of a connection could not be kept: {e}");
        }
    }
}
