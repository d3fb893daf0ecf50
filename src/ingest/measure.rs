//! What one stream really carries, measured from its units: what a technician is told. Pure.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Unit;
use crate::libav::{VIDEO_TICKS, VideoFormat};
use crate::model::{Mono, Now};

/// Two reports of a steady clock agree with the time that passed between them to within this.
const STEADY_MS: i64 = 500;

/// What the camera's own clock is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraClock {
    /// The camera has not told its time.
    Untold,
    /// It runs evenly, so many milliseconds ahead of ours (behind if negative).
    Steady {
        /// By how much.
        ahead_ms: i64,
    },
    /// It jumps or stands still: it says nothing.
    Unsteady,
}

/// What was seen of a stream so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// How the picture is coded; none before the first picture.
    pub format: Option<Arc<VideoFormat>>,
    /// For how long units came.
    pub watched: Duration,
    /// Pictures.
    pub pictures: u64,
    /// Pictures in a thousand seconds.
    pub pictures_per_1000_s: u64,
    /// Thousands of bits of picture in a second.
    pub kbit_s: u64,
    /// Pictures with which decoding can begin.
    pub keyframes: u64,
    /// From one keyframe to the next at most, in ms; none before the second.
    pub keyframe_every_ms: Option<i64>,
    /// How many pictures overtake another: 0 without B-frames.
    pub depth: usize,
    /// Whether a keyframe is followed by pictures that are shown before it.
    pub has_open_groups: bool,
    /// RTP packets lost.
    pub lost_packets: u64,
    /// Pieces of sound.
    pub sounds: u64,
    /// How often the camera told its time.
    pub reports: u64,
    /// What that is worth.
    pub clock: CameraClock,
}

/// Measures one connection.
#[derive(Debug, Clone, Default)]
pub struct Measure {
    format: Option<Arc<VideoFormat>>,
    heard: Option<(Mono, Mono)>,
    pictures: u64,
    bytes: u64,
    decoded: Option<(i64, i64)>,
    before: VecDeque<i64>,
    keyframes: u64,
    keyframe: Option<(i64, i64)>,
    keyframe_every: i64,
    depth: usize,
    has_open_groups: bool,
    lost_packets: u64,
    sounds: u64,
    reports: u64,
    clock: Option<(i64, bool)>,
}

impl Measure {
    /// Takes the next unit.
    pub fn see(&mut self, unit: &Unit) {
        let arrived = match unit {
            Unit::Video(picture) => {
                self.picture(picture);
                picture.arrived
            }
            Unit::Sound(sound) => {
                self.sounds = self.sounds.saturating_add(1);
                self.lost_packets = self.lost_packets.saturating_add(sound.lost_packets.into());
                sound.arrived
            }
            Unit::Report(report) => {
                self.reports = self.reports.saturating_add(1);
                self.clock(report.camera.millis_since(report.arrived.wall));
                report.arrived
            }
        };
        self.heard = Some(match self.heard {
            None => (arrived.mono, arrived.mono),
            Some((first, _)) => (first, arrived.mono),
        });
    }

    fn picture(&mut self, picture: &super::VideoUnit) {
        self.format = Some(picture.format.clone());
        self.pictures = self.pictures.saturating_add(1);
        self.lost_packets = self.lost_packets.saturating_add(picture.lost_packets.into());
        let overtaken_by = self.before.iter().filter(|before| **before > picture.pts).count();
        self.depth = self.depth.max(overtaken_by);
        if self.before.len() >= 16 {
            self.before.pop_front();
        }
        self.before.push_back(picture.pts);
        if picture.is_key {
            if let Some((_, dts)) = self.keyframe {
                self.keyframe_every = self.keyframe_every.max(picture.dts.saturating_sub(dts));
            }
            self.keyframes = self.keyframes.saturating_add(1);
            self.keyframe = Some((picture.pts, picture.dts));
        } else if self.keyframe.is_some_and(|(pts, _)| picture.pts < pts) {
            self.has_open_groups = true;
        }
        // The first picture's bytes belong to the time after it, the last one's to what is not seen.
        let (first, last) = self.decoded.unwrap_or((picture.dts, picture.dts));
        if self.decoded.is_none() || picture.dts < last {
            self.decoded = Some((picture.dts, picture.dts));
            self.bytes = 0;
            self.pictures = 1;
        } else {
            self.decoded = Some((first, picture.dts));
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(picture.data.len()).unwrap_or(0));
    }

    fn clock(&mut self, ahead_ms: i64) {
        self.clock = Some(match self.clock {
            None => (ahead_ms, true),
            Some((first, steady)) => (first, steady && first.saturating_sub(ahead_ms).abs() <= STEADY_MS),
        });
    }

    /// What was found until `now`.
    pub fn found(&self, now: Now) -> Measured {
        let watched = self.heard.map_or(Duration::ZERO, |(first, _)| now.mono.since(first));
        let ticks = self.decoded.map_or(0, |(first, last)| last.saturating_sub(first));
        let ticks = u64::try_from(ticks).ok().filter(|ticks| *ticks > 0);
        let second = VIDEO_TICKS.unsigned_abs();
        let each = |n: u64, of: u64| ticks.map_or(0, |ticks| n.saturating_mul(of) / ticks);
        let clock = match self.clock {
            None => CameraClock::Untold,
            Some((ahead_ms, true)) => CameraClock::Steady { ahead_ms },
            Some((_, false)) => CameraClock::Unsteady,
        };
        Measured {
            format: self.format.clone(),
            watched,
            pictures: self.pictures,
            pictures_per_1000_s: each(self.pictures.saturating_sub(1), second * 1000),
            kbit_s: each(self.bytes.saturating_mul(8), second) / 1000,
            keyframes: self.keyframes,
            keyframe_every_ms: (self.keyframes > 1).then_some(self.keyframe_every / (VIDEO_TICKS / 1000)),
            depth: self.depth,
            has_open_groups: self.has_open_groups,
            lost_packets: self.lost_packets,
            sounds: self.sounds,
            reports: self.reports,
            clock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{SenderReport, SoundFormat, SoundUnit, VideoUnit};
    use crate::libav::{SoundCodec, VideoCodec};
    use crate::model::Wall;

    fn at(ms: u64) -> Now {
        let mut now = Now::default().plus(Duration::from_millis(ms));
        now.wall = Wall::from_millis(1_790_000_000_000 + i64::try_from(ms).unwrap());
        now
    }

    fn picture(pts_ms: i64, dts_ms: i64, is_key: bool) -> Unit {
        let format =
            VideoFormat { codec: VideoCodec::H264, width: 640, height: 360, extradata: Default::default() };
        Unit::Video(VideoUnit {
            pts: pts_ms * 90,
            dts: dts_ms * 90,
            is_key,
            lost_packets: u32::from(pts_ms == 500),
            data: vec![0; 1250].into(),
            format: Arc::new(format),
            arrived: at(u64::try_from(dts_ms).unwrap()),
        })
    }

    fn report(ms: u64, ahead_ms: i64) -> Unit {
        let arrived = at(ms);
        Unit::Report(SenderReport { camera: arrived.wall.plus_millis(ahead_ms), pts: 0, arrived })
    }

    #[test]
    fn rates_keyframes_loss_and_sound_are_counted() {
        let mut measure = Measure::default();
        (0..60).for_each(|n| measure.see(&picture(n * 100, n * 100, n % 20 == 0)));
        let format = SoundFormat { codec: SoundCodec::Pcma, sample_rate: 8000, channels: 1 };
        measure.see(&Unit::Sound(SoundUnit {
            pts: 0,
            samples: 160,
            lost_packets: 2,
            data: Default::default(),
            format: Arc::new(format),
            arrived: at(5900),
        }));
        let found = measure.found(at(6000));
        assert_eq!((found.pictures, found.pictures_per_1000_s, found.watched.as_secs()), (60, 10_000, 6));
        assert_eq!((found.keyframes, found.keyframe_every_ms), (3, Some(2000)));
        assert!((100..=102).contains(&found.kbit_s), "{found:?}");
        assert_eq!((found.lost_packets, found.sounds, found.depth), (3, 1, 0));
        assert!(!found.has_open_groups && found.clock == CameraClock::Untold);
    }

    #[test]
    fn b_frames_and_open_groups_show_in_the_order() {
        let mut measure = Measure::default();
        for (dts, pts) in [3, 7, 5, 4, 6, 8].into_iter().enumerate() {
            measure.see(&picture(pts * 100, i64::try_from(dts).unwrap() * 100, pts == 3));
        }
        assert_eq!((measure.depth, measure.has_open_groups), (2, false));
        measure.see(&picture(1200, 700, true));
        measure.see(&picture(1000, 800, false));
        assert!(measure.found(at(900)).has_open_groups);
    }

    #[test]
    fn a_clock_that_is_off_by_hours_is_steady_and_one_that_jumps_is_not() {
        let mut measure = Measure::default();
        measure.see(&report(0, 25_200_000));
        measure.see(&report(5000, 25_200_040));
        assert_eq!(measure.found(at(5000)).clock, CameraClock::Steady { ahead_ms: 25_200_000 });
        measure.see(&report(10_000, 0));
        assert_eq!(measure.found(at(10_000)).clock, CameraClock::Unsteady);
    }

    #[test]
    fn nothing_seen_is_nothing_found() {
        let found = Measure::default().found(at(0));
        assert_eq!((found.pictures, found.pictures_per_1000_s, found.kbit_s), (0, 0, 0));
        assert_eq!(found.keyframe_every_ms, None);
    }
}
