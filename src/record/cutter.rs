//! Where a segment is cut. Pure.
//!
//! A segment begins with a keyframe: the first of a connection, the first after the wanted length,
//! the first in a new format, the first after sound has begun or ended, and the first after the time
//! line has jumped. What comes before the
//! first keyframe cannot be decoded and is not kept.

use std::sync::Arc;

use super::timeline::VIDEO_CLOCK;
use crate::libav::VideoFormat;

/// Why there is nothing right before a segment. The words are in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// The first that was ever recorded of this stream.
    First,
    /// The service had been stopped.
    ProcessStopped,
    /// The service had died, or the power had.
    ProcessDied,
    /// The camera was away or silent.
    CameraAway,
    /// The camera's time stamps jumped.
    StreamJumped,
    /// The wall clock was set.
    ClockStepped,
    /// The camera changed its format and sent no keyframe with it.
    FormatChanged,
    /// The disk was full.
    DiskFull,
    /// The disk refused to be written.
    StorageFailed,
    /// The camera sent no pictures for a while, on a connection that stayed.
    CameraPaused,
    /// Packets were lost on the way.
    PacketsLost,
    /// The file is damaged here.
    Damaged,
}

impl GapReason {
    /// Every reason.
    pub const ALL: [GapReason; 12] = [
        GapReason::First,
        GapReason::ProcessStopped,
        GapReason::ProcessDied,
        GapReason::CameraAway,
        GapReason::StreamJumped,
        GapReason::ClockStepped,
        GapReason::FormatChanged,
        GapReason::DiskFull,
        GapReason::StorageFailed,
        GapReason::CameraPaused,
        GapReason::PacketsLost,
        GapReason::Damaged,
    ];

    /// The word in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            GapReason::First => "first",
            GapReason::ProcessStopped => "process-stopped",
            GapReason::ProcessDied => "process-died",
            GapReason::CameraAway => "camera-away",
            GapReason::StreamJumped => "stream-jumped",
            GapReason::ClockStepped => "clock-stepped",
            GapReason::FormatChanged => "format-changed",
            GapReason::DiskFull => "disk-full",
            GapReason::StorageFailed => "storage-failed",
            GapReason::CameraPaused => "camera-paused",
            GapReason::PacketsLost => "packets-lost",
            GapReason::Damaged => "damaged",
        }
    }

    /// The reverse of [`GapReason::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        GapReason::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What to do with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It cannot be decoded: leave it out.
    Skip,
    /// It goes into the segment that is open, at this time.
    Append {
        /// Its decode time, 1/90000 s; above that of the picture before.
        dts: i64,
    },
    /// Close the segment that is open, if any, and begin one with this picture.
    Begin {
        /// Its decode time, 1/90000 s.
        dts: i64,
        /// Why there is nothing right before it; `None` if it follows without a gap.
        gap: Option<GapReason>,
    },
}

/// Decides for one connection.
#[derive(Debug, Clone)]
pub struct Cutter {
    length: i64,
    gap: Option<GapReason>,
    open: Option<Open>,
    /// The last decode time of the connection so far, unless the time line has jumped since.
    last: Option<i64>,
    /// The last sound of the connection.
    sound: Option<i64>,
    /// Whether sound counts as there until it is missed, because the camera said it would send it.
    expects_sound: bool,
    excuse: Option<GapReason>,
}

#[derive(Debug, Clone)]
struct Open {
    start: i64,
    format: Arc<VideoFormat>,
    has_sound: bool,
}

/// After so long a silence of its packets, sound has ended; cameras send a piece every 20 to 128 ms.
const SOUND_ENDS: i64 = 3 * VIDEO_CLOCK;

/// A longer pause on the time line is a jump: two of the longest keyframe intervals seen (10 s).
const JUMP: i64 = 20 * VIDEO_CLOCK;

impl Cutter {
    /// A cutter for segments of `length_ms`, whose first has `gap` before it, of a camera that said
    /// it would send sound or not.
    pub fn new(length_ms: i64, gap: GapReason, expects_sound: bool) -> Self {
        let length = length_ms.saturating_mul(VIDEO_CLOCK / 1000);
        Self { length, gap: Some(gap), open: None, last: None, sound: None, expects_sound, excuse: None }
    }

    /// Says that a piece of sound has come, as of the last picture: a file with sound and one without
    /// are told apart, up to a keyframe interval.
    pub fn sound(&mut self) {
        self.sound = self.last;
    }

    /// Whether a segment is open, so that sound has a place.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Why pictures may be missing before the next one, if it is known: then a pause, however long, is
    /// no leap of the camera's clock.
    pub fn excuse(&mut self, reason: Option<GapReason>) {
        self.excuse = reason;
    }

    /// Decides about the picture with decode time `dts` (1/90000 s).
    pub fn picture(&mut self, dts: i64, is_key: bool, format: &Arc<VideoFormat>) -> Cut {
        let last = self.last.unwrap_or(dts);
        let is_back = dts < last.saturating_sub(VIDEO_CLOCK);
        if let Some(reason) = self.excuse
            && !is_back
            && dts > last.saturating_add(JUMP)
        {
            self.abandon(reason);
        } else if is_back || (self.open.is_some() && dts > last.saturating_add(JUMP)) {
            self.abandon(GapReason::StreamJumped);
            self.expects_sound = self.sound.take().is_some();
            self.last = None;
        }
        if is_key && self.sound.is_none() && std::mem::take(&mut self.expects_sound) {
            self.sound = Some(dts);
        }
        let has_sound = self.sound.is_some_and(|sound| (0..SOUND_ENDS).contains(&dts.saturating_sub(sound)));
        let is_new = |open: &Open| !Arc::ptr_eq(&open.format, format) && open.format != *format;
        let due = match &self.open {
            None => is_key,
            // Without a keyframe nothing of the new format can be decoded.
            Some(open) if is_new(open) && !is_key => {
                self.abandon(GapReason::FormatChanged);
                false
            }
            Some(open) => {
                let is_due = dts.saturating_sub(open.start) >= self.length || open.has_sound != has_sound;
                is_new(open) || (is_key && is_due)
            }
        };
        // Some cameras repeat a time stamp; the file needs rising ones.
        let dts = self.last.map_or(dts, |last| dts.max(last.saturating_add(1)));
        if due {
            self.last = Some(dts);
            self.open = Some(Open { start: dts, format: format.clone(), has_sound });
            Cut::Begin { dts, gap: self.gap.take() }
        } else if self.open.is_some() {
            self.last = Some(dts);
            Cut::Append { dts }
        } else {
            Cut::Skip
        }
    }

    /// The segment that was open is gone; the next one has `gap` before it.
    pub fn abandon(&mut self, gap: GapReason) {
        self.open = None;
        self.gap = Some(gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libav::VideoCodec;
    use proptest::prelude::*;

    fn format(width: u32) -> Arc<VideoFormat> {
        Arc::new(VideoFormat { codec: VideoCodec::H264, width, height: 360, extradata: Default::default() })
    }

    #[test]
    fn what_is_missing_for_a_known_reason_is_no_jump_however_long_it_is() {
        let (mut cutter, f) = (Cutter::new(60_000, GapReason::First, false), format(640));
        let begins = |dts: i64| Cut::Begin { dts, gap: Some(GapReason::StorageFailed) };
        cutter.picture(0, true, &f);
        cutter.excuse(Some(GapReason::StorageFailed));
        assert_eq!(cutter.picture(10 * JUMP, true, &f), begins(10 * JUMP));
        cutter.abandon(GapReason::StorageFailed);
        cutter.excuse(None);
        assert_eq!(cutter.picture(20 * JUMP, true, &f), begins(20 * JUMP));
    }

    #[test]
    fn recording_begins_with_a_keyframe_and_says_what_was_before() {
        let (mut cutter, f) = (Cutter::new(60_000, GapReason::CameraAway, false), format(640));
        assert_eq!(cutter.picture(0, false, &f), Cut::Skip);
        assert_eq!(
            cutter.picture(3600, true, &f),
            Cut::Begin { dts: 3600, gap: Some(GapReason::CameraAway) }
        );
        assert_eq!(cutter.picture(7200, false, &f), Cut::Append { dts: 7200 });
    }

    #[test]
    fn a_segment_is_cut_at_the_first_keyframe_after_a_minute_without_a_gap() {
        let (mut cutter, f) = (Cutter::new(60_000, GapReason::First, false), format(640));
        cutter.picture(0, true, &f);
        for s in 1..60 {
            assert_eq!(cutter.picture(s * 90_000, s % 2 == 0, &f), Cut::Append { dts: s * 90_000 });
        }
        assert_eq!(cutter.picture(60 * 90_000, true, &f), Cut::Begin { dts: 5_400_000, gap: None });
    }

    #[test]
    fn a_new_format_begins_a_segment_at_its_keyframe() {
        let mut cutter = Cutter::new(60_000, GapReason::First, false);
        cutter.picture(0, true, &format(640));
        assert_eq!(
            cutter.picture(3600, true, &format(640)),
            Cut::Append { dts: 3600 },
            "equal, if another Arc"
        );
        assert_eq!(cutter.picture(7200, true, &format(1280)), Cut::Begin { dts: 7200, gap: None });
    }

    #[test]
    fn a_jump_of_the_time_line_is_a_gap_with_its_reason() {
        let (mut cutter, f) = (Cutter::new(60_000, GapReason::First, false), format(640));
        cutter.picture(900_000, true, &f);
        assert_eq!(cutter.picture(0, false, &f), Cut::Skip);
        assert_eq!(
            cutter.picture(3600, true, &f),
            Cut::Begin { dts: 3600, gap: Some(GapReason::StreamJumped) }
        );
    }

    #[test]
    fn a_segment_is_cut_at_a_keyframe_when_sound_has_ended_or_begun() {
        let (mut cutter, f) = (Cutter::new(60_000, GapReason::First, true), format(640));
        // A keyframe every 2 s; sound up to 3 s and from 13 s on.
        let mut begun = Vec::new();
        for half_seconds in 0..60 {
            let dts = half_seconds * 45_000;
            if let Cut::Begin { gap, .. } = cutter.picture(dts, half_seconds % 4 == 0, &f) {
                begun.push((half_seconds / 2, gap));
            }
            if !(6..26).contains(&half_seconds) {
                cutter.sound();
            }
        }
        assert_eq!(begun, [(0, Some(GapReason::First)), (6, None), (14, None)]);
    }

    #[test]
    fn a_promised_sound_that_never_comes_is_missed_once() {
        let (mut cutter, f) = (Cutter::new(60_000, GapReason::First, true), format(640));
        let cut = |s: i64| matches!(cutter.picture(s * 90_000, true, &f), Cut::Begin { .. });
        assert_eq!((0..50).map(cut).filter(|begun| *begun).count(), 2);
    }

    proptest! {
        #[test]
        fn in_a_segment_time_always_rises_and_a_segment_begins_with_a_keyframe(
            steps in proptest::collection::vec((-200_000i64..2_000_000, any::<bool>(), 0u32..2), 1..200)
        ) {
            let formats = [format(640), format(1280)];
            let mut cutter = Cutter::new(2_000, GapReason::First, false);
            let (mut at, mut last) = (0i64, None::<i64>);
            for (step, is_key, which) in steps {
                at += step;
                match cutter.picture(at, is_key, &formats[which as usize]) {
                    Cut::Skip => {}
                    Cut::Append { dts } => {
                        prop_assert!(last.is_some_and(|l| dts > l));
                        last = Some(dts);
                    }
                    Cut::Begin { dts, gap } => {
                        prop_assert!(is_key);
                        prop_assert!(gap.is_some() || last.is_some_and(|l| dts > l));
                        last = Some(dts);
                    }
                }
            }
        }
    }
}
