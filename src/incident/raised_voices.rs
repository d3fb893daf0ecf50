//! `raised-voices`: well above what the room is used to, for a while.
//!
//! Loud is a window at least `over_baseline_db` above the room's baseline and at least
//! `min_level_dbfs`; once flagged, 4 dB less keeps it up (hysteresis). While it is loud the
//! baseline learns at a tenth of its pace.

use std::time::Duration;

use super::sustained::{Sustained, Turn};
use super::{Baseline, Peak, Sign, Watch, measurement, over};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Loudness, Observation};

const HYSTERESIS_DB: f64 = 4.0;
const DIP: Duration = Duration::from_millis(400);
const OVER_AFTER: Duration = Duration::from_secs(3);
const LEARNING_WHILE_LOUD: f64 = 0.1;

/// The rule for one camera's sound.
pub(super) struct RaisedVoices {
    over_baseline_db: f64,
    min_level_dbfs: f64,
    baseline: Baseline,
    loud: Sustained,
    loudest: Option<(f64, f64)>,
}

impl RaisedVoices {
    pub fn new(over_baseline_db: f64, min_level_dbfs: f64, hold: Duration) -> Self {
        let loud = Sustained::new(hold, DIP, OVER_AFTER);
        Self { over_baseline_db, min_level_dbfs, baseline: Baseline::default(), loud, loudest: None }
    }

    fn peak(&self) -> Peak {
        let (level, over) = self.loudest.unwrap_or_default();
        let named = [("level_dbfs", level), ("over_baseline_db", over)];
        named.into_iter().map(|(name, value)| (name.to_owned(), measurement(value))).collect()
    }
}

impl Watch for RaisedVoices {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        let (dbfs, window_ms) = match observation {
            Observation::Sound(Loudness { dbfs, window_ms, .. }) => (dbfs, window_ms),
            // Nobody can be heard any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => return over(self.loud.end()),
            _ => return None,
        };
        let window = Duration::from_millis(u64::from(*window_ms));
        let usual = self.baseline.level();
        let share = if self.loud.is_rising() { LEARNING_WHILE_LOUD } else { 1.0 };
        self.baseline.learn(*dbfs, window, share);
        let usual = usual?;

        let turn = if armed {
            let slack = if self.loud.is_flagged() { HYSTERESIS_DB } else { 0.0 };
            let is_loud =
                *dbfs >= usual + self.over_baseline_db - slack && *dbfs >= self.min_level_dbfs - slack;
            let began = Now {
                mono: crate::model::Mono(now.mono.0.saturating_sub(window)),
                wall: now.wall.plus_millis(-i64::from(*window_ms)),
            };
            self.loud.look(is_loud, began, now)
        } else {
            self.loud.end()
        };
        let is_loudest = self.loud.is_rising() && self.loudest.is_none_or(|(level, _)| *dbfs > level + 0.05);
        if is_loudest {
            self.loudest = Some((*dbfs, dbfs - usual));
        } else if !self.loud.is_rising() {
            self.loudest = None;
        }
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.peak() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing if is_loudest && self.loud.is_flagged() => Some(Sign::Stronger(self.peak())),
            Turn::Nothing => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.loud.wait(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Wall;

    /// Plays `(seconds, dBFS)` stretches in windows of 100 ms; gives each sign with its second.
    fn hear(stretches: &[(f64, f64)], armed: bool) -> Vec<(f64, Sign)> {
        let mut rule = RaisedVoices::new(12.0, -35.0, Duration::from_secs(1));
        let (mut now, mut signs) = (Now::default(), Vec::new());
        for (seconds, dbfs) in stretches {
            for _ in 0..(seconds * 10.0) as usize {
                now = now.plus(Duration::from_millis(100));
                let level = Observation::Sound(Loudness {
                    dbfs: *dbfs,
                    lufs: *dbfs,
                    speech: None,
                    is_flat: false,
                    window_ms: 100,
                });
                if let Some(sign) = rule.observe(&level, armed, now) {
                    signs.push((now.mono.0.as_secs_f64(), sign));
                }
            }
        }
        signs
    }

    #[test]
    fn a_quarrel_is_flagged_after_the_hold_and_dated_to_its_first_word() {
        let signs = hear(&[(20.0, -40.0), (5.0, -15.0), (10.0, -40.0)], true);
        let Sign::Flagged { started_at, peak } = &signs[0].1 else { panic!("{signs:?}") };
        assert!((signs[0].0 - 21.0).abs() < 0.11, "flagged at {}", signs[0].0);
        assert_eq!(*started_at, Wall::from_millis(20_000));
        assert_eq!(peak["level_dbfs"], -15.0);
        assert_eq!(signs[1], (28.0, Sign::Ended(Wall::from_millis(25_000))));
    }

    #[test]
    fn a_door_that_slams_is_not_a_quarrel() {
        assert_eq!(hear(&[(20.0, -40.0), (0.3, -5.0), (10.0, -40.0)], true), []);
    }

    #[test]
    fn a_lively_hall_is_not_loud_for_itself() {
        assert_eq!(hear(&[(60.0, -25.0), (10.0, -18.0), (10.0, -25.0)], true), []);
    }

    #[test]
    fn a_whisper_in_a_dead_silent_room_is_not_loud() {
        assert_eq!(hear(&[(60.0, -80.0), (10.0, -42.0)], true), []);
    }

    #[test]
    fn outside_its_schedule_the_rule_learns_but_does_not_flag() {
        assert_eq!(hear(&[(20.0, -40.0), (5.0, -15.0)], false), []);
    }
}
