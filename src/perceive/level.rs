//! How loud a short window of sound is, in three ways. Pure.

use ebur128::{EbuR128, Mode};

use super::Loudness;

/// What digital silence is called, in dBFS and LUFS alike.
const SILENCE: f64 = -120.0;

/// Samples that differ by no more than this are all the same: a hundredth of the smallest step of
/// G.711, a third of that of 16-bit sound. It is what a resampler adds to them.
const SAME: f32 = 1e-5;

/// Measures one stream of mono sound.
pub(super) struct Meter {
    sample_rate: u32,
    /// `None` if the rate is beyond what the measurement is defined for.
    momentary: Option<EbuR128>,
}

impl Meter {
    /// For `sample_rate` samples a second.
    pub fn new(sample_rate: u32) -> Self {
        Self { sample_rate, momentary: EbuR128::new(1, sample_rate, Mode::M).ok() }
    }

    /// Measures the next window, which follows on the one before: samples in −1..1. Nobody has judged
    /// yet whether it is speech.
    pub fn measure(&mut self, window: &[f32]) -> Loudness {
        let dbfs = rms_dbfs(window);
        let lufs = self.momentary.as_mut().and_then(|meter| {
            meter.add_frames_f32(window).ok()?;
            meter.loudness_momentary().ok()
        });
        let (low, high) = window.iter().fold((f32::MAX, f32::MIN), |(l, h), s| (l.min(*s), h.max(*s)));
        Loudness {
            dbfs,
            lufs: lufs.filter(|lufs| lufs.is_finite()).map_or(SILENCE, |lufs| lufs.max(SILENCE)),
            speech: None,
            is_flat: high - low <= SAME,
            window_ms: length_ms(window.len(), self.sample_rate),
        }
    }
}

fn rms_dbfs(window: &[f32]) -> f64 {
    let sum: f64 = window.iter().map(|sample| f64::from(*sample) * f64::from(*sample)).sum();
    let mean = sum / f64::from(u32::try_from(window.len()).unwrap_or(u32::MAX).max(1));
    if mean > 0.0 { (10.0 * mean.log10()).max(SILENCE) } else { SILENCE }
}

fn length_ms(samples: usize, rate: u32) -> u32 {
    let ms = u64::try_from(samples).unwrap_or(0).saturating_mul(1000) / u64::from(rate.max(1));
    u32::try_from(ms).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|i| (2.0 * std::f32::consts::PI * hz * i as f32 / 16_000.0).sin()).collect()
    }

    fn last(sound: &[f32]) -> Loudness {
        let mut meter = Meter::new(16_000);
        sound.chunks(1536).map(|window| meter.measure(window)).last().unwrap()
    }

    #[test]
    fn a_full_scale_sine_is_3_db_below_full_scale_and_silence_is_the_floor() {
        let loud = last(&sine(997.0, 15_360));
        assert!((loud.dbfs + 3.0).abs() < 0.1, "{loud:?}");
        // BS.1770: a full-scale sine of 997 Hz in one channel is −3.01 LUFS.
        assert!((loud.lufs + 3.0).abs() < 0.2, "{loud:?}");
        assert_eq!((loud.window_ms, loud.is_flat), (96, false));
        let silent = last(&[0.0; 15_360]);
        assert_eq!((silent.dbfs, silent.lufs, silent.is_flat), (-120.0, -120.0, true));
    }

    #[test]
    fn a_rumble_counts_less_for_loudness_than_for_level() {
        let rumble = last(&sine(50.0, 15_360));
        assert!(rumble.lufs < rumble.dbfs - 3.0, "{rumble:?}");
    }

    #[test]
    fn a_constant_offset_is_as_dead_as_zero_and_the_smallest_noise_is_alive() {
        assert!(last(&[0.000_24; 15_360]).is_flat, "what a muted G.711 camera sends");
        let dither: Vec<f32> = (0..15_360).map(|i| if i % 7 == 0 { 1.0 / 32_768.0 } else { 0.0 }).collect();
        assert!(!last(&dither).is_flat);
    }
}
