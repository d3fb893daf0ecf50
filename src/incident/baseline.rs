//! How loud a room usually is. Pure.
//!
//! A running 70th percentile of the levels: in a hall with people that is about how loud they
//! speak, in an empty one the noise of the room. It moves by fractions of a dB a second, so that a
//! quarrel does not become normal while it lasts, yet a hall that fills is followed in minutes.

use std::time::Duration;

const QUANTILE: f64 = 0.7;

/// What has to be heard before there is a baseline at all.
const FIRST_LISTEN: Duration = Duration::from_secs(5);

/// How fast it moves in the first half minute, and later, in dB a second.
const EARLY_PACE: f64 = 3.0;
const PACE: f64 = 0.4;
const EARLY: Duration = Duration::from_secs(30);

/// No room is quieter than this: below is digital silence or a dead microphone.
const QUIETEST_DBFS: f64 = -60.0;

/// The learned level of one room.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    first: Vec<f64>,
    heard: Duration,
    level: Option<f64>,
}

impl Baseline {
    /// The usual level in dBFS; `None` until enough was heard.
    pub fn level(&self) -> Option<f64> {
        self.level
    }

    /// Learns a window of `length` with level `dbfs`; `share` (0..1) slows the learning.
    pub fn learn(&mut self, dbfs: f64, length: Duration, share: f64) {
        self.heard = self.heard.saturating_add(length);
        match &mut self.level {
            Some(level) => {
                let pace = if self.heard < EARLY { EARLY_PACE } else { PACE };
                let step = pace * share * length.as_secs_f64();
                // The step of a quantile tracker: up by q, down by 1 − q, where they balance.
                let moved =
                    if dbfs > *level { *level + step * QUANTILE } else { *level - step * (1.0 - QUANTILE) };
                *level = moved.max(QUIETEST_DBFS);
            }
            None => {
                self.first.push(dbfs);
                if self.heard >= FIRST_LISTEN {
                    self.level = quantile(&mut self.first).map(|level| level.max(QUIETEST_DBFS));
                    self.first = Vec::new();
                }
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index into a short list"
)]
fn quantile(levels: &mut [f64]) -> Option<f64> {
    levels.sort_by(f64::total_cmp);
    let at = (levels.len().saturating_sub(1) as f64 * QUANTILE).round() as usize;
    levels.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_millis(100);

    fn listen(baseline: &mut Baseline, seconds: u32, level: impl Fn(u32) -> f64) {
        (0..seconds * 10).for_each(|i| baseline.learn(level(i), WINDOW, 1.0));
    }

    #[test]
    fn nothing_is_known_of_a_room_in_the_first_seconds() {
        let mut baseline = Baseline::default();
        listen(&mut baseline, 4, |_| -40.0);
        assert_eq!(baseline.level(), None);
        listen(&mut baseline, 2, |_| -40.0);
        assert!((baseline.level().unwrap() + 40.0).abs() < 1.0);
    }

    #[test]
    fn speech_with_pauses_settles_near_the_level_of_the_speech() {
        let mut baseline = Baseline::default();
        listen(&mut baseline, 120, |i| if i % 10 < 6 { -30.0 } else { -55.0 });
        let level = baseline.level().unwrap();
        assert!((-33.0..=-28.0).contains(&level), "{level}");
    }

    #[test]
    fn ten_loud_seconds_move_it_little_and_ten_minutes_move_it_there() {
        let mut baseline = Baseline::default();
        listen(&mut baseline, 60, |_| -40.0);
        listen(&mut baseline, 10, |_| -12.0);
        assert!(baseline.level().unwrap() < -36.0);
        listen(&mut baseline, 600, |_| -12.0);
        assert!(baseline.level().unwrap() > -13.0);
    }

    #[test]
    fn digital_silence_does_not_make_every_whisper_loud() {
        let mut baseline = Baseline::default();
        listen(&mut baseline, 600, |_| -120.0);
        assert_eq!(baseline.level(), Some(QUIETEST_DBFS));
    }
}
