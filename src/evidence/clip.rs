//! Cuts a clip out of recorded segments without re-encoding.
//!
//! The clip begins at the last keyframe at or before the moment asked for, because nothing can be
//! decoded from elsewhere, and ends before `to` (with B-frames a few pictures later: what is shown
//! before `to` may need one that is shown after it). What is sent behind that keyframe but shown
//! before it, as in an open group of pictures, cannot be decoded and is left out. Within a run (one camera connection) the recorded
//! times are kept, so sound stays with picture to the sample; a new run is placed by the wall clock,
//! so a gap stays a gap. One file has one configuration of picture and sound: where that changes,
//! and at the size limit of the wire, the clip ends and says why. A part that is still being written
//! gives what of it is whole.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::libav::{
    AudioFormat, Demuxer, FileMuxer, LibavError, Sample, Times, Track, VIDEO_TICKS, VideoFormat,
};
use crate::model::Wall;
use crate::record::salvage::{self, Scan};
use crate::wire::MAX_FILE_BYTES;

/// One recorded segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipPart {
    /// The file; it may still be growing.
    pub path: PathBuf,
    /// Which camera connection it is of: times run on within one.
    pub run: u64,
    /// The wall time of its first picture.
    pub start: Wall,
    /// That picture's time in the file, 90 kHz ticks from the connection's zero.
    pub media_start: i64,
}

/// What was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// The wall time of the first picture: at or before the moment asked for, if that was recorded.
    pub from: Wall,
    /// The wall time at which the last picture ends.
    pub to: Wall,
    /// From the first picture to the end of the last, gaps included, as a player shows it.
    pub duration_ms: i64,
    /// Pictures in the file.
    pub frames: u32,
    /// Whether any sound is in it.
    pub has_sound: bool,
    /// Size of the file.
    pub bytes: u64,
    /// Why it ends earlier than asked, or lacks a part: for people to read.
    pub cut_short: Option<String>,
}

/// Why there is no clip.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// No picture of the time asked for is in the parts.
    #[error("nothing is recorded from {from} to {to}{}", because(.reason.as_deref()))]
    Nothing {
        /// Asked from.
        from: Wall,
        /// Asked to.
        to: Wall,
        /// Why a part could not be used, if one could not.
        reason: Option<String>,
    },
    /// The clip cannot be written; another try may succeed.
    #[error("the clip cannot be written: {0}")]
    Write(#[from] LibavError),
    /// The file system refuses; another try may succeed.
    #[error("the clip cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

fn because(reason: Option<&str>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// Cuts `[from, to)` out of `parts` (in the order of recording) into an ordinary MP4 at `out`, which
/// is there whole or not at all.
///
/// # Errors
/// [`ClipError`]; a damaged part is not one, it shortens the clip.
pub fn cut(parts: &[ClipPart], from: Wall, to: Wall, out: &Path) -> Result<Clip, ClipError> {
    cut_within(parts, from, to, out, MAX_FILE_BYTES)
}

/// As [`cut`], without the sound: for what may leave the centre only as a picture.
///
/// # Errors
/// As [`cut`].
pub fn cut_silent(parts: &[ClipPart], from: Wall, to: Wall, out: &Path) -> Result<Clip, ClipError> {
    run_and_publish(
        Cutter { from, to, limit: MAX_FILE_BYTES, is_silent: true, ..Cutter::default() },
        parts,
        out,
    )
}

fn cut_within(parts: &[ClipPart], from: Wall, to: Wall, out: &Path, limit: u64) -> Result<Clip, ClipError> {
    run_and_publish(Cutter { from, to, limit, ..Cutter::default() }, parts, out)
}

fn run_and_publish(cutter: Cutter, parts: &[ClipPart], out: &Path) -> Result<Clip, ClipError> {
    let mut cutter = Cutter { part: disk::beside(out, "part"), ..cutter };
    let done = cutter.run(parts).and_then(|()| cutter.finish(out));
    if done.is_err() {
        // What is left of a failed try is of no use to anybody.
        let _ = std::fs::remove_file(&cutter.part);
    }
    done
}

/// Where a run stands on the clip's timeline.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    run: u64,
    /// Wall time of run time `ticks`.
    wall: Wall,
    ticks: i64,
    /// Added to a video time of the run to get the clip's, 90 kHz ticks.
    shift: i64,
}

impl Anchor {
    fn wall_of(&self, ticks: i64) -> Wall {
        self.wall.plus_millis(to_millis(ticks.saturating_sub(self.ticks)))
    }
}

/// The file being made.
struct Open {
    muxer: FileMuxer,
    video: VideoFormat,
    audio: Option<AudioFormat>,
    began: Wall,
    /// The end of the last picture on the clip's timeline.
    end: i64,
    frames: u32,
    has_sound: bool,
    /// What the file will have, its index included.
    bytes: u64,
}

#[derive(Default)]
struct Cutter {
    from: Wall,
    to: Wall,
    limit: u64,
    is_silent: bool,
    part: PathBuf,
    anchor: Option<Anchor>,
    open: Option<Open>,
    /// Pictures shown at or after `to` that an earlier one may yet need.
    held: Vec<Sample>,
    note: Option<String>,
}

/// Whether to go on.
#[derive(PartialEq, Eq)]
enum Next {
    More,
    Full,
}

impl Cutter {
    fn run(&mut self, parts: &[ClipPart]) -> Result<(), ClipError> {
        for (index, part) in parts.iter().enumerate() {
            // A part that another takes over from before `from` cannot hold the keyframe.
            let followed = parts.get(index.saturating_add(1)).is_some_and(|next| next.start <= self.from);
            if part.start >= self.to || (followed && self.open.is_none()) {
                continue;
            }
            if self.take(part)? == Next::Full {
                break;
            }
        }
        Ok(())
    }

    fn take(&mut self, part: &ClipPart) -> Result<Next, ClipError> {
        let name = part.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(scan) = salvage::scan(&part.path).unwrap_or_else(|e| self.missing(&e.to_string())) else {
            self.missing::<()>(&format!("{name} holds no whole fragment"));
            return Ok(Next::More);
        };
        let Ok(mut demuxer) = Demuxer::open_first(&part.path, scan.keep_bytes) else {
            self.missing::<()>(&format!("{name} cannot be read"));
            return Ok(Next::More);
        };
        let Some(video) = demuxer.video().cloned() else {
            self.missing::<()>(&format!("{name} has no picture"));
            return Ok(Next::More);
        };
        let audio = demuxer.audio().filter(|_| !self.is_silent).cloned();
        if let Some(open) = &self.open {
            let changed = if open.video != video { "picture" } else { "sound" };
            if open.video != video || open.audio != audio {
                self.note = Some(format!("the camera's {changed} format changes at {}", part.start));
                return Ok(Next::Full);
            }
        }
        if self.anchor.is_none_or(|anchor| anchor.run != part.run) {
            self.anchor = Some(self.place(part));
        }
        if self.open.is_none() {
            let end = scan.video_start.saturating_add(scan.video_duration);
            // All before `from`, as where a camera went away: its keyframe is not ours.
            if self.anchor.is_some_and(|anchor| anchor.wall_of(end) <= self.from) {
                return Ok(Next::More);
            }
            let Some(first) = self.first_keyframe(&scan) else { return Ok(Next::More) };
            self.begin(first, video, audio)?;
        }
        loop {
            match demuxer.read() {
                Ok(None) => return Ok(Next::More),
                Ok(Some(sample)) => {
                    if self.add(&sample)? == Next::Full {
                        return Ok(Next::Full);
                    }
                }
                Err(_) => {
                    self.missing::<()>(&format!("{name} is damaged"));
                    return Ok(Next::More);
                }
            }
        }
    }

    /// Remembers the first reason why something is not in the clip.
    fn missing<T>(&mut self, why: &str) -> Option<T> {
        self.note.get_or_insert_with(|| why.to_owned());
        None
    }

    /// A new run goes where the wall clock puts it, but never over what is there.
    fn place(&self, part: &ClipPart) -> Anchor {
        let wanted =
            self.open.as_ref().map_or(0, |open| to_ticks(part.start.millis_since(open.began)).max(open.end));
        let shift = wanted.saturating_sub(part.media_start);
        Anchor { run: part.run, wall: part.start, ticks: part.media_start, shift }
    }

    /// The last keyframe at or before `from`, else the first before `to`; each begins a fragment.
    fn first_keyframe(&self, scan: &Scan) -> Option<i64> {
        let anchor = self.anchor?;
        let mut best = None;
        for at in scan.fragments.iter().filter(|f| f.keyframe).filter_map(|f| f.video_start) {
            let wall = anchor.wall_of(at);
            if wall >= self.to || (best.is_some() && wall > self.from) {
                break;
            }
            best = Some(at);
        }
        best
    }

    fn begin(&mut self, first: i64, video: VideoFormat, audio: Option<AudioFormat>) -> Result<(), ClipError> {
        let Some(anchor) = &mut self.anchor else { return Ok(()) };
        anchor.shift = first.saturating_neg();
        let began = anchor.wall_of(first);
        let muxer = FileMuxer::create(&self.part, &video, audio.as_ref())?;
        let (end, frames, has_sound, bytes) = (0, 0, false, INDEX_BYTES);
        self.open = Some(Open { muxer, video, audio, began, end, frames, has_sound, bytes });
        Ok(())
    }

    fn add(&mut self, sample: &Sample) -> Result<Next, ClipError> {
        let (Some(anchor), Some(open)) = (&self.anchor, &mut self.open) else { return Ok(Next::More) };
        if sample.track == Track::Audio && open.audio.is_none() {
            return Ok(Next::More);
        }
        let rate = open.audio.as_ref().map_or(0, |audio| i64::from(audio.sample_rate));
        let (ticks, place) = match sample.track {
            Track::Video => (sample.pts, sample.pts.saturating_add(anchor.shift)),
            Track::Audio => {
                let shift = rescale(anchor.shift, rate, VIDEO_TICKS);
                (rescale(sample.pts, VIDEO_TICKS, rate), sample.pts.saturating_add(shift))
            }
        };
        // Before the first keyframe, or sound that a run brings before its first picture.
        if place < 0 || ticks < anchor.ticks {
            return Ok(Next::More);
        }
        let wall = anchor.wall_of(ticks);
        if wall >= self.to {
            if sample.track == Track::Video && anchor.wall_of(sample.dts) < self.to {
                self.held.push(sample.clone());
            }
            // The other track may have a fragment's worth left to give.
            return Ok(if wall.millis_since(self.to) > 2000 { Next::Full } else { Next::More });
        }
        if sample.track == Track::Video {
            for held in std::mem::take(&mut self.held) {
                if self.write(&held)? == Next::Full {
                    return Ok(Next::Full);
                }
            }
        }
        self.write(sample)
    }

    /// Puts a packet where it belongs on the clip's timeline.
    fn write(&mut self, sample: &Sample) -> Result<Next, ClipError> {
        let (Some(anchor), Some(open)) = (&self.anchor, &mut self.open) else { return Ok(Next::More) };
        let rate = open.audio.as_ref().map_or(0, |audio| i64::from(audio.sample_rate));
        let shift = match sample.track {
            Track::Video => anchor.shift,
            Track::Audio => rescale(anchor.shift, rate, VIDEO_TICKS),
        };
        let place = sample.pts.saturating_add(shift);
        // The first pictures of a stream with B-frames are decoded before the clip's zero, which a file
        // cannot hold: they move up to it, a tick apart.
        let times = Times { pts: place, dts: sample.dts.saturating_add(shift).max(0) };
        let size = u64::try_from(sample.data().len()).unwrap_or(u64::MAX);
        let bytes = open.bytes.saturating_add(size).saturating_add(INDEX_BYTES_A_SAMPLE);
        if bytes > self.limit {
            self.note = Some(format!("a clip has at most {} MiB", self.limit >> 20));
            return Ok(Next::Full);
        }
        match open.muxer.write(sample.track, times, sample.duration, sample.key, sample.data()) {
            Ok(()) => {}
            Err(LibavError::Time { .. }) => {
                self.missing::<()>("a recorded time leaps");
                return Ok(Next::More);
            }
            Err(e) => return Err(e.into()),
        }
        open.bytes = bytes;
        if sample.track == Track::Video {
            open.frames = open.frames.saturating_add(1);
            open.end = open.end.max(place.saturating_add(sample.duration));
        } else {
            open.has_sound = true;
        }
        Ok(Next::More)
    }

    fn finish(&mut self, out: &Path) -> Result<Clip, ClipError> {
        let (from, to, cut_short) = (self.from, self.to, self.note.take());
        let Some(open) = self.open.take().filter(|open| open.frames > 0) else {
            return Err(ClipError::Nothing { from, to, reason: cut_short });
        };
        open.muxer.finish()?;
        let bytes = std::fs::metadata(&self.part)?.len();
        disk::publish(&self.part, out)?;
        let duration_ms = to_millis(open.end);
        let (from, frames, has_sound) = (open.began, open.frames, open.has_sound);
        Ok(Clip { from, to: from.plus_millis(duration_ms), duration_ms, frames, has_sound, bytes, cut_short })
    }
}

/// What an empty clip's boxes take, generously.
const INDEX_BYTES: u64 = 16 * 1024;

/// What one sample takes in the index: size, time, chunk and keyframe entries.
const INDEX_BYTES_A_SAMPLE: u64 = 24;

fn to_millis(ticks: i64) -> i64 {
    rescale(ticks, 1000, VIDEO_TICKS)
}

fn to_ticks(millis: i64) -> i64 {
    rescale(millis, VIDEO_TICKS, 1000)
}

/// `value × up / down`, to the nearest.
fn rescale(value: i64, up: i64, down: i64) -> i64 {
    let down = i128::from(down.max(1));
    let scaled = i128::from(value).saturating_mul(i128::from(up)).saturating_add(down / 2);
    i64::try_from(scaled.div_euclid(down)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
