//! What a stretch of sound is like apart from its loudness: how bright its loudest moment is, how much of it
//! is a tone, and how much is shrill. Pure.
//!
//! The model of sounds takes a door that slams for breaking glass, a fire bell for a piano and applause for
//! a scream; by these they are told apart. All hold for the telephone band of G.711 too.
//!
//! Shrill is what a throat does that screams: it repeats itself some hundred times a second or more, as
//! every voice, but has hardly anything below 700 Hz, where speech, calls and doors have most. (Applause and
//! chairs are as high and do not repeat.)

use std::collections::VecDeque;
use std::f64::consts::PI;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Points of the transform; a window of 1536 samples is filled up with zeros.
const POINTS: usize = 2048;

/// Which of them count for a tone: 250 to 3800 Hz at 16 kHz.
const BAND: std::ops::Range<usize> = 32..486;

/// A tone is so many lines, with as many points on each side as a window spreads them.
const LINES: usize = 4;
const SPREAD: usize = 3;

/// A window is a tone if its lines hold this share of the energy in the band.
const TONE: f64 = 0.7;

/// What is shrill has at most this share of the band's energy in its lower part, 250 to 700 Hz.
const LOWER: usize = 58;
const LOWER_SHARE: f64 = 0.25;

/// What is shrill is as like as this to itself, a little later: 0.5 to 4 ms at 16 kHz, a pitch of 250 to
/// 2000 Hz.
const LATER: std::ops::Range<usize> = 8..64;
const ALIKE: f64 = 0.4;

/// What is this much (8 dB) below the loudest window of a stretch is a pause in it.
const PAUSE: f64 = 0.16;

/// Windows in a stretch, of 96 ms.
const STRETCH: usize = 10;

/// The moment that is loudest: its window and the two that follow.
const MOMENT: usize = 3;

/// What was measured of a window of samples.
#[derive(Debug, Clone, Copy)]
struct Window {
    energy: f64,
    /// Energy of the differences between neighbouring samples.
    edges: f64,
    is_tone: bool,
    is_shrill: bool,
}

/// Measures the windows of one stream at 16 kHz.
pub(super) struct Timbre {
    transform: Arc<dyn RealToComplex<f32>>,
    back: Arc<dyn ComplexToReal<f32>>,
    recent: VecDeque<Window>,
}

impl Timbre {
    /// Nothing was measured yet.
    pub fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        Self {
            transform: planner.plan_fft_forward(POINTS),
            back: planner.plan_fft_inverse(POINTS),
            recent: VecDeque::new(),
        }
    }

    /// Takes the next window of at most [`POINTS`] samples.
    pub fn take(&mut self, window: &[f32]) {
        let square = |value: f32| f64::from(value) * f64::from(value);
        let energy = window.iter().map(|sample| square(*sample)).sum();
        let edges = window.windows(2).filter_map(|two| Some(square(two.last()? - two.first()?))).sum();
        let powers = self.powers(window).unwrap_or_default();
        let is_shrill = lower_share(&powers).is_some_and(|share| share <= LOWER_SHARE)
            && self.alikeness(&powers).is_some_and(|alike| alike >= ALIKE);
        let is_tone = tone_share(powers).is_some_and(|share| share >= TONE);
        self.recent.push_back(Window { energy, edges, is_tone, is_shrill });
        while self.recent.len() > STRETCH {
            self.recent.pop_front();
        }
    }

    /// Forgets what was before a gap.
    pub fn begin_anew(&mut self) {
        self.recent.clear();
    }

    /// The mean frequency of the loudest moment of the stretch, in Hz: that of a sine with as steep edges.
    pub fn brightness_hz(&self) -> f64 {
        let loudest = self.recent.iter().enumerate().max_by(|(_, a), (_, b)| a.energy.total_cmp(&b.energy));
        let at = loudest.map_or(0, |(at, _)| at);
        let moment = self.recent.iter().skip(at).take(MOMENT);
        let (energy, edges) = moment.fold((0.0, 0.0), |(e, d), window| (e + window.energy, d + window.edges));
        if energy > 0.0 { 16_000.0 / PI * (edges / energy / 4.0).sqrt().min(1.0).asin() } else { 0.0 }
    }

    /// Which share of the stretch is a tone and not a pause, 0 to 1.
    pub fn tone(&self) -> f64 {
        self.share(|window| window.is_tone)
    }

    /// Which share of the stretch is shrill and not a pause, 0 to 1.
    pub fn shrill(&self) -> f64 {
        self.share(|window| window.is_shrill)
    }

    fn share(&self, is: impl Fn(&Window) -> bool) -> f64 {
        let loudest = self.recent.iter().map(|window| window.energy).fold(0.0, f64::max);
        let such = self.recent.iter().filter(|w| is(w) && w.energy >= loudest * PAUSE).count();
        f64::from(u32::try_from(such).unwrap_or(0)) / 10.0
    }

    /// The energy of a window at each point of the band.
    fn powers(&self, window: &[f32]) -> Option<Vec<f64>> {
        let mut samples = self.transform.make_input_vec();
        let length = f64::from(u32::try_from(window.len()).ok()?.max(2) - 1);
        for (i, (into, sample)) in (0u32..).zip(samples.iter_mut().zip(window)) {
            let hann = 0.5 - 0.5 * (2.0 * PI * f64::from(i) / length).cos();
            *into = sample * narrow(hann);
        }
        let mut spectrum = self.transform.make_output_vec();
        self.transform.process(&mut samples, &mut spectrum).ok()?;
        Some(spectrum.get(BAND)?.iter().map(|point| f64::from(point.norm_sqr())).collect())
    }

    /// How like it is to itself a little later, where it is most so: the greatest autocorrelation, to 1.
    fn alikeness(&self, powers: &[f64]) -> Option<f64> {
        let loudest = powers.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let mut spectrum = self.back.make_input_vec();
        for (into, power) in spectrum.iter_mut().skip(BAND.start).zip(powers) {
            into.re = narrow(power / loudest);
        }
        let mut correlation = self.back.make_output_vec();
        self.back.process(&mut spectrum, &mut correlation).ok()?;
        let at_once = f64::from(*correlation.first()?);
        let later = correlation.get(LATER)?.iter().copied().fold(0.0, f32::max);
        (at_once > 0.0).then(|| f64::from(later) / at_once)
    }
}

/// Which share of the band's energy is in its lower part.
fn lower_share(powers: &[f64]) -> Option<f64> {
    let all: f64 = powers.iter().sum();
    (all > 0.0).then(|| powers.iter().take(LOWER).sum::<f64>() / all)
}

/// Which share of the band's energy its strongest lines hold.
fn tone_share(mut powers: Vec<f64>) -> Option<f64> {
    let all: f64 = powers.iter().sum();
    let mut lines = 0.0;
    for _ in 0..LINES {
        let (at, _) = powers.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let line = at.saturating_sub(SPREAD)..(at + SPREAD + 1).min(powers.len());
        lines += powers.get(line.clone())?.iter().sum::<f64>();
        powers.get_mut(line)?.fill(0.0);
    }
    (all > 0.0).then_some(lines / all)
}

#[expect(clippy::cast_possible_truncation, reason = "a weight of 0 to 1")]
fn narrow(weight: f64) -> f32 {
    weight as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(sound: impl Fn(f32) -> f32) -> Timbre {
        let mut timbre = Timbre::new();
        let samples: Vec<f32> = (0..15_360).map(|i| sound(i as f32 / 16_000.0)).collect();
        samples.chunks(1536).for_each(|window| timbre.take(window));
        timbre
    }

    /// White noise: the bits of a multiplied counter.
    fn noise(t: f32) -> f32 {
        let bits = ((t * 16_000.0).round() as u32 + 1).wrapping_mul(2_654_435_761);
        let bits = (bits ^ (bits >> 15)).wrapping_mul(2_246_822_519);
        ((bits ^ (bits >> 13)) >> 8) as f32 / 16_777_216.0 * 0.4 - 0.2
    }

    fn sine(hz: f32, t: f32) -> f32 {
        (2.0 * std::f32::consts::PI * hz * t).sin() * 0.2
    }

    #[test]
    fn the_loudest_moment_is_as_bright_as_its_frequency() {
        for hz in [200.0, 1000.0, 3000.0] {
            let found = measured(|t| sine(hz, t)).brightness_hz();
            assert!((found - f64::from(hz)).abs() < 0.03 * f64::from(hz), "{hz}: {found}");
        }
        let bang = measured(|t| if (0.3..0.5).contains(&t) { sine(100.0, t) } else { noise(t) * 0.1 });
        assert!(bang.brightness_hz() < 1000.0, "{}", bang.brightness_hz());
        assert_eq!(measured(|_| 0.0).brightness_hz(), 0.0);
    }

    #[test]
    fn a_horn_is_a_tone_and_rain_is_none() {
        assert!(measured(|t| sine(465.0, t) + sine(930.0, t) / 2.0 + noise(t) / 20.0).tone() > 0.9);
        assert!(measured(noise).tone() < 0.1);
    }

    #[test]
    fn a_tone_with_pauses_is_a_tone_for_its_share() {
        let beeps = measured(|t| if t % 0.48 < 0.24 { sine(880.0, t) } else { 0.0 });
        assert!((0.3..=0.7).contains(&beeps.tone()), "{}", beeps.tone());
    }

    #[test]
    fn a_scream_is_shrill_and_speech_applause_and_a_whine_below_it_are_not() {
        let voice = |pitch: f32, t: f32| (1..6).map(|n| sine(pitch * n as f32, t)).sum::<f32>();
        assert!(measured(|t| voice(950.0, t) + noise(t) / 4.0).shrill() > 0.9);
        assert_eq!(measured(|t| voice(200.0, t)).shrill(), 0.0, "most of it is below 700 Hz");
        assert_eq!(measured(noise).shrill(), 0.0, "it does not repeat");
        assert_eq!(measured(|t| sine(500.0, t)).shrill(), 0.0);
        assert_eq!(measured(|_| 0.0).shrill(), 0.0);
    }

    #[test]
    fn a_scream_that_breaks_off_is_shrill_for_its_share() {
        let cry = measured(|t| if t < 0.48 { sine(1200.0, t) + sine(2400.0, t) } else { noise(t) / 50.0 });
        assert!((0.3..=0.6).contains(&cry.shrill()), "{}", cry.shrill());
    }
}
