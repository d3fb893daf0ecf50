//! How loud sound is, in windows. Pure.

use std::time::Duration;

/// Windows a second.
const PER_SECOND: u32 = 10;

/// What digital silence is called.
const SILENCE_DBFS: f64 = -120.0;

/// Gathers samples into windows of 100 ms.
#[derive(Debug, Clone)]
pub struct Levels {
    window: u32,
    sample_rate: u32,
    sum: f64,
    count: u32,
}

impl Levels {
    /// For sound of `sample_rate` samples a second.
    pub fn new(sample_rate: u32) -> Self {
        Self {
            window: (sample_rate / PER_SECOND).max(1),
            sample_rate: sample_rate.max(1),
            sum: 0.0,
            count: 0,
        }
    }

    /// The length of a window in ms.
    pub fn window_ms(&self) -> u32 {
        1000 / PER_SECOND
    }

    /// Takes `samples` in −1..1; calls `each` for every window that is complete with its level, RMS
    /// in dBFS, and how long before the end of `samples` it ended.
    pub fn take(&mut self, samples: &[f32], mut each: impl FnMut(f64, Duration)) {
        let total = samples.len();
        for (i, sample) in samples.iter().enumerate() {
            let sample = if sample.is_finite() { f64::from(*sample) } else { 0.0 };
            self.sum += sample * sample;
            self.count += 1;
            if self.count == self.window {
                let mean = self.sum / f64::from(self.count);
                let dbfs = if mean > 0.0 { (10.0 * mean.log10()).max(SILENCE_DBFS) } else { SILENCE_DBFS };
                (self.sum, self.count) = (0.0, 0);
                let after = u32::try_from(total - i - 1).unwrap_or(u32::MAX);
                each(dbfs, Duration::from_secs_f64(f64::from(after) / f64::from(self.sample_rate)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_sine_is_3_db_below_full_scale_and_silence_is_the_floor() {
        let mut levels = Levels::new(8000);
        let sine: Vec<f32> = (0..1600).map(|i| (i as f32 * 0.3).sin()).collect();
        let mut heard = Vec::new();
        levels.take(&sine, |dbfs, _| heard.push(dbfs));
        levels.take(&[0.0; 800], |dbfs, _| heard.push(dbfs));
        assert_eq!(heard.len(), 3);
        assert!((heard[0] + 3.0).abs() < 0.1 && heard[2] == SILENCE_DBFS, "{heard:?}");
    }

    #[test]
    fn windows_run_over_packets_of_any_size_and_are_dated_to_their_end() {
        let mut levels = Levels::new(8000);
        let mut ends = Vec::new();
        levels.take(&[0.1; 700], |_, _| panic!("not yet"));
        levels.take(&[0.1; 1000], |_, before| ends.push(before.as_micros()));
        assert_eq!(ends, [112_500, 12_500], "windows end at samples 800 and 1600 of 1700");
    }
}
