//! From sound to the picture that the sound network sees: the natural logarithm of 64 mel bands, 96
//! times in 0.975 s. Pure.
//!
//! As YAMNet was trained: 16 kHz, a periodic Hann window of 25 ms every 10 ms, a Fourier transform
//! over 512, magnitudes, bands on the HTK mel scale from 125 to 7500 Hz.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Samples of a window.
const WINDOW: usize = 400;

/// Samples from one window to the next.
const HOP: usize = 160;

/// Values of a Fourier transform.
const TRANSFORM: usize = 512;

/// Windows of a picture.
pub(super) const FRAMES: usize = 96;

/// Bands of a window.
pub(super) const BANDS: usize = 64;

/// Samples of a picture: the last window ends with the last of them.
pub const SAMPLES: usize = WINDOW + (FRAMES - 1) * HOP;

/// The lowest and the highest frequency that is heard, in Hz.
const RANGE_HZ: (f32, f32) = (125.0, 7500.0);

const SAMPLE_RATE: f32 = 16_000.0;

/// What keeps silence from being minus infinity.
const FLOOR: f32 = 0.001;

/// Makes the pictures.
pub(super) struct Mel {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// Of each band: the first bin of the spectrum that it hears, and how much of it and the next.
    bands: Vec<(usize, Vec<f32>)>,
}

impl Mel {
    pub(super) fn new() -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(TRANSFORM);
        let turn = std::f32::consts::TAU / as_f32(WINDOW);
        let window = (0..WINDOW).map(|i| 0.5 - 0.5 * (turn * as_f32(i)).cos()).collect();
        Self { transform, window, bands: bands() }
    }

    /// The picture of `samples`, window by window; the samples that make a whole one are 15 600.
    pub(super) fn picture(&self, samples: &[f32]) -> Vec<f32> {
        let mut input = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        let mut picture = Vec::with_capacity(FRAMES * BANDS);
        for window in samples.windows(WINDOW).step_by(HOP).take(FRAMES) {
            input.fill(0.0);
            for (into, (sample, weight)) in input.iter_mut().zip(window.iter().zip(&self.window)) {
                *into = sample * weight;
            }
            let done = self.transform.process_with_scratch(&mut input, &mut spectrum, &mut scratch);
            debug_assert!(done.is_ok(), "the transform has its own vectors");
            let magnitudes: Vec<f32> = spectrum.iter().map(|bin: &Complex<f32>| bin.norm()).collect();
            picture.extend(self.bands.iter().map(|(first, weights)| {
                let heard = magnitudes.iter().skip(*first).zip(weights);
                (heard.map(|(magnitude, weight)| magnitude * weight).sum::<f32>() + FLOOR).ln()
            }));
        }
        picture
    }
}

/// How much each band hears of each bin: triangles that are straight on the mel scale.
fn bands() -> Vec<(usize, Vec<f32>)> {
    let (low, high) = (mel(RANGE_HZ.0), mel(RANGE_HZ.1));
    let edge = |at: usize| low + (high - low) * as_f32(at) / as_f32(BANDS + 1);
    // The first bin is the mean, which nothing hears.
    let bins: Vec<f32> =
        (1..=TRANSFORM / 2).map(|bin| mel(as_f32(bin) * SAMPLE_RATE / as_f32(TRANSFORM))).collect();
    (0..BANDS)
        .map(|band| {
            let (lower, middle, upper) = (edge(band), edge(band + 1), edge(band + 2));
            let weight =
                |at: f32| ((at - lower) / (middle - lower)).min((upper - at) / (upper - middle)).max(0.0);
            let weights: Vec<f32> = bins.iter().map(|at| weight(*at)).collect();
            let first = weights.iter().position(|weight| *weight > 0.0).unwrap_or_default();
            let heard = weights.into_iter().skip(first).take_while(|weight| *weight > 0.0).collect();
            (first + 1, heard)
        })
        .collect()
}

/// The HTK mel scale.
fn mel(hz: f32) -> f32 {
    1127.0 * (hz / 700.0).ln_1p()
}

#[expect(clippy::cast_precision_loss, reason = "windows and bins are few")]
fn as_f32(n: usize) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone of full scale.
    fn tone(hz: f32) -> Vec<f32> {
        (0..SAMPLES).map(|i| (std::f32::consts::TAU * hz * i as f32 / SAMPLE_RATE).sin()).collect()
    }

    #[test]
    fn a_picture_has_96_windows_of_64_bands_and_silence_is_its_floor() {
        assert_eq!(SAMPLES, 15_600);
        let picture = Mel::new().picture(&vec![0.0; SAMPLES]);
        assert_eq!(picture.len(), FRAMES * BANDS);
        assert!(picture.iter().all(|value| *value == FLOOR.ln()));
    }

    #[test]
    fn a_tone_is_loudest_in_the_band_around_it() {
        let loudest = |hz: f32| {
            let picture = Mel::new().picture(&tone(hz));
            let window = &picture[40 * BANDS..41 * BANDS];
            (0..BANDS).max_by(|a, b| window[*a].total_cmp(&window[*b])).unwrap()
        };
        // 64 bands lie evenly from 185 to 2773 mel; 1000 Hz are 1000 mel.
        assert_eq!(loudest(1000.0), 19);
        assert_eq!(loudest(4000.0), 48);
        assert_eq!(loudest(7000.0), 62);
    }

    #[test]
    fn no_band_is_deaf() {
        for (band, (first, weights)) in bands().iter().enumerate() {
            assert!(*first >= 1 && first + weights.len() <= TRANSFORM / 2 + 1, "band {band}");
        }
        assert!(bands().iter().filter(|(_, weights)| weights.is_empty()).count() == 0);
    }
}
