//! How loud the last moment was, against what the room is used to, and when it became so. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use super::Baseline;
use crate::model::Now;
use crate::perceive::Loudness;

/// How much is remembered: a stretch of the model of sounds and the half second before it.
const MOMENT: Duration = Duration::from_millis(1500);

/// What a room is taken to be like before it was heard for long enough.
const UNKNOWN_ROOM_DBFS: f64 = -45.0;

/// A sharp sound rises within so many windows of about 0.1 s.
const SHARP: usize = 3;

/// A sound has begun once it is this much below its loudest.
const BEGINS_DB: f64 = 10.0;

/// The levels of the last moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Moment {
    /// The begin and the level of each window, oldest first.
    windows: VecDeque<(Now, f64)>,
    /// How long each of them is.
    window: Duration,
    room: Baseline,
}

impl Moment {
    /// Takes the window that ends now.
    pub fn take(&mut self, sound: &Loudness, now: Now) {
        let length = Duration::from_millis(u64::from(sound.window_ms));
        self.window = length;
        self.windows.push_back((now.minus(length), sound.dbfs));
        while self.windows.front().is_some_and(|(at, _)| now.mono.since(at.mono) > MOMENT) {
            self.windows.pop_front();
        }
        self.room.learn(sound.dbfs, length, 1.0);
    }

    /// The level of the loudest window, in dBFS.
    pub fn loudest_dbfs(&self) -> f64 {
        self.windows.iter().map(|(_, level)| *level).fold(f64::NEG_INFINITY, f64::max)
    }

    /// How far the loudest window is above what the room is used to, in dB.
    pub fn over_room_db(&self) -> f64 {
        self.loudest_dbfs() - self.room.level().unwrap_or(UNKNOWN_ROOM_DBFS)
    }

    /// For how long the last moment was within so many dB of its loudest window, pauses left out.
    pub fn loud_for(&self, within_db: f64) -> Duration {
        let least = self.loudest_dbfs() - within_db;
        let loud = self.windows.iter().filter(|(_, level)| *level >= least).count();
        self.window.saturating_mul(u32::try_from(loud).unwrap_or(0))
    }

    /// By how much the level rose at once, where it rose most, in dB.
    pub fn rise_db(&self) -> f64 {
        let levels: Vec<f64> = self.windows.iter().map(|(_, level)| *level).collect();
        let rises = levels.windows(SHARP).filter_map(|near| Some(near.last()? - near.first()?));
        rises.fold(0.0, f64::max)
    }

    /// When the loudest sound began; `None` if nothing was heard.
    pub fn onset(&self) -> Option<Now> {
        let begun = self.loudest_dbfs() - BEGINS_DB;
        let loudest = self.windows.iter().rposition(|(_, level)| *level > self.loudest_dbfs() - 0.1)?;
        let before = self.windows.iter().take(loudest).rposition(|(_, level)| *level < begun);
        self.windows.get(before.map_or(0, |at| at + 1)).map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(levels: &[f64]) -> Moment {
        let (mut moment, mut now) = (Moment::default(), Now::default());
        for dbfs in levels {
            now = now.plus(Duration::from_millis(100));
            moment.take(
                &Loudness { dbfs: *dbfs, lufs: *dbfs, speech: None, is_flat: false, window_ms: 100 },
                now,
            );
        }
        moment
    }

    #[test]
    fn a_bang_is_sharp_stands_out_and_is_dated_to_its_first_window() {
        let levels = [[-50.0; 60].as_slice(), &[-20.0, -14.0, -25.0, -45.0]].concat();
        let moment = heard(&levels);
        assert!((moment.over_room_db() - 36.0).abs() < 1.0, "{}", moment.over_room_db());
        assert!(moment.rise_db() > 30.0);
        assert_eq!(moment.onset().unwrap().wall.as_millis(), 6000);
    }

    #[test]
    fn what_rings_off_is_loud_for_as_long_as_it_is_near_its_loudest() {
        let levels = [[-50.0; 60].as_slice(), &[-14.0, -12.0, -17.0, -13.0, -20.0, -50.0]].concat();
        assert_eq!(heard(&levels).loud_for(6.0), Duration::from_millis(400));
        assert_eq!(heard(&[]).loud_for(6.0), Duration::ZERO);
    }

    #[test]
    fn what_swells_is_not_sharp() {
        let swell: Vec<f64> = (0..15).map(|i| -40.0 + 2.0 * f64::from(i)).collect();
        assert!(heard(&swell).rise_db() < 5.0);
    }

    #[test]
    fn what_was_long_ago_is_no_moment() {
        let levels = [[-50.0; 60].as_slice(), &[-14.0], &[-50.0; 20]].concat();
        assert!(heard(&levels).over_room_db() < 1.0);
    }
}
