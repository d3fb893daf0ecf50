//! The quietest tenth of what a room has sounded like, over days. Pure.
//!
//! Levels are counted in steps of 1 dB. What was counted weighs half as much after three days, so
//! that a microphone that was turned down is known again in a few, and a night is never forgotten.

use std::time::Duration;

/// The share of the time that is quieter.
const SHARE: f64 = 0.1;

/// Steps of 1 dB from −120 dBFS to 0.
const STEPS: usize = 121;

/// What has to be heard before there is an answer.
const FIRST_LISTEN: Duration = Duration::from_secs(60);

const HALF_LIFE_S: f64 = 3.0 * 86_400.0;

/// The levels of one room.
#[derive(Debug, Clone)]
pub(super) struct QuietestTenth {
    /// Seconds at each step.
    counted: [f64; STEPS],
    sum: f64,
    heard: Duration,
}

impl Default for QuietestTenth {
    fn default() -> Self {
        Self { counted: [0.0; STEPS], sum: 0.0, heard: Duration::ZERO }
    }
}

impl QuietestTenth {
    /// Counts a window of `length` with level `dbfs`, as `weight` times its length.
    pub fn learn(&mut self, dbfs: f64, length: Duration, weight: f64) {
        let at = (0..STEPS).zip(-120..).find(|(_, step)| f64::from(*step) + 0.5 > dbfs).map(|(at, _)| at);
        if let Some(counted) = self.counted.get_mut(at.unwrap_or(STEPS - 1)) {
            *counted += length.as_secs_f64() * weight;
            self.sum += length.as_secs_f64() * weight;
        }
        let minutes = self.heard.as_secs() / 60;
        self.heard = self.heard.saturating_add(length);
        if self.heard.as_secs() / 60 > minutes {
            let left = 0.5_f64.powf(60.0 / HALF_LIFE_S);
            self.counted.iter_mut().for_each(|counted| *counted *= left);
            self.sum *= left;
        }
    }

    /// The level below which it was a tenth of the time, in dBFS; `None` until a minute was heard.
    pub fn level(&self) -> Option<f64> {
        if self.heard < FIRST_LISTEN {
            return None;
        }
        let mut below = 0.0;
        let found = self.counted.iter().zip(-120..).find(|(counted, _)| {
            below += *counted;
            below >= self.sum * SHARE
        });
        found.map(|(_, step)| f64::from(step))
    }

    /// For how long it has listened.
    pub fn heard(&self) -> Duration {
        self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(known: &mut QuietestTenth, minutes: u32, dbfs: f64) {
        (0..minutes * 60).for_each(|_| known.learn(dbfs, Duration::from_secs(1), 1.0));
    }

    #[test]
    fn the_quietest_tenth_is_what_is_left_when_nobody_speaks() {
        let mut known = QuietestTenth::default();
        known.learn(-30.0, Duration::from_secs(59), 1.0);
        assert_eq!(known.level(), None);
        for _ in 0..60 {
            listen(&mut known, 4, -30.4);
            listen(&mut known, 1, -50.3);
        }
        assert_eq!(known.level(), Some(-50.0));
    }

    #[test]
    fn a_microphone_that_was_turned_up_is_known_within_days() {
        let mut known = QuietestTenth::default();
        listen(&mut known, 1440, -60.0);
        listen(&mut known, 3 * 1440, -40.0);
        assert_eq!(known.level(), Some(-60.0), "the quiet day is more than a tenth");
        listen(&mut known, 10 * 1440, -40.0);
        assert_eq!(known.level(), Some(-40.0));
    }
}
