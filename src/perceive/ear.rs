//! What one camera's sound tells: levels, speech, sounds. No clock and no thread of its own, so that a
//! recording tells the same as the camera did.
//!
//! ```text
//! samples of any rate ─▶ 16 kHz ─┬▶ windows of 96 ms ─▶ level, loudness, three chunks of Silero ─▶ Sound
//!                                └▶ every 0.48 s the last 0.975 s ─▶ YAMNet ─▶ Heard
//! ```
//!
//! Each observation is dated to the end of its window: the time at which the samples arrived, less
//! what followed in them and less what the resampler held back. Without models there are levels only.
//! Where nothing stands out of the room's own noise, YAMNet listens to every fourth stretch only; where
//! something is much louder than the room mostly is, also to stretches halfway between, because a scream
//! or a pane takes no longer than a second and scores best where it is whole.
//!
//! G.711 has nothing above 4 kHz, where glass has most. So for breaking glass such sound is heard a second
//! time with its lower band mirrored into the upper one, 10 dB softer: what is noisy and bright then looks
//! as it would have at 16 kHz.
//!
//! A scream far from the microphone is one too, but the model was made with near ones. So what stands out
//! and is not loud is heard again for screams, as loud as it would be from near. (Not for glass: a door that
//! falls shut softly is taken for it then.)

use std::time::Duration;

use super::level::Meter;
use super::models::{ModelError, Models, SOUND_SAMPLES, SPEECH_CHUNK, SoundNet, SpeechListener};
use super::quiet::Quiet;
use super::sounds::{ALARM, CROWD, GLASS, Groups, LAUGHTER, MUSIC, SCREAM};
use super::timbre::Timbre;
use super::{Heard, Loudness, Observation};
use crate::libav::Resampler;
use crate::model::Now;

/// Samples a second that all of it works on.
const RATE: u32 = 16_000;

/// Samples of a window: 96 ms.
const WINDOW: usize = 3 * SPEECH_CHUNK;

/// Windows from one stretch of YAMNet to the next: 0.48 s.
const HOP: u32 = 5;

/// Windows to the stretch halfway.
const HALFWAY: u32 = 2;

/// Sound of no more samples a second has nothing above 4 kHz.
const NARROW_RATE: u32 = 8000;

/// How strong the mirrored band is.
const MIRRORED: f32 = 0.3;

/// How loud the loudest moment is of what is near: −12 dBFS; how much louder anything is made for it at
/// most, and what is not worth the while.
const NEAR: f32 = 0.25;
const MOST_GAIN: f32 = 4.0;
const LEAST_GAIN: f32 = 1.3;

/// As far as it is quiet, this many stretches go by for one that is listened to.
const SELDOM: u32 = 4;

/// Sound that comes this much later than it should follows on nothing.
const GAP: Duration = Duration::from_secs(2);

/// Listens to one camera.
pub struct Ear {
    resampler: Resampler,
    /// At 16 kHz, less than a window.
    waiting: Vec<f32>,
    meter: Meter,
    listener: Option<SpeechListener>,
    sounds: Option<Sounds>,
    arrived: Option<Now>,
    is_narrow: bool,
    has_complained: bool,
}

/// What the model of sounds needs.
struct Sounds {
    net: SoundNet,
    groups: Groups,
    /// The last stretch, or what there is of it.
    recent: Vec<f32>,
    windows: u32,
    quiet: Quiet,
    timbre: Timbre,
    passed_over: u32,
}

impl Ear {
    /// An ear that has heard nothing yet; what `models` lack is not judged.
    pub fn new(models: &Models) -> Self {
        let sounds = models.sounds().map(|net| Sounds {
            net: net.clone(),
            groups: Groups::new(net.class_names()),
            recent: Vec::new(),
            windows: 0,
            quiet: Quiet::default(),
            timbre: Timbre::new(),
            passed_over: SELDOM,
        });
        Self {
            resampler: Resampler::new(RATE),
            waiting: Vec::new(),
            meter: Meter::new(RATE),
            listener: models.speech().map(|net| net.listener()),
            sounds,
            arrived: None,
            is_narrow: false,
            has_complained: false,
        }
    }

    /// Takes `samples` (mono, −1..1, `rate` a second), the last of which `arrived` then, and tells what
    /// they complete, in the order of time.
    pub fn hear(&mut self, samples: &[f32], rate: u32, arrived: Now, told: &mut dyn FnMut(Observation, Now)) {
        let length = duration(samples.len(), rate);
        let before = self.arrived.replace(arrived);
        if before.is_some_and(|before| arrived.mono.since(before.mono) > length.saturating_add(GAP)) {
            self.begin_anew();
        }
        self.is_narrow = rate <= NARROW_RATE;
        let sane: Vec<f32> = samples.iter().map(|s| if s.is_finite() { *s } else { 0.0 }).collect();
        if let Err(e) = self.resampler.push(&sane, rate, &mut self.waiting) {
            self.complain(&e);
            return;
        }
        let sound = std::mem::take(&mut self.waiting);
        let mut left = sound.len();
        for window in sound.chunks_exact(WINDOW) {
            left -= WINDOW;
            let follows = duration(left.saturating_add(self.resampler.pending()), RATE);
            self.window(window, arrived.minus(follows), told);
        }
        self.waiting.extend_from_slice(sound.get(sound.len() - left..).unwrap_or_default());
    }

    fn window(&mut self, window: &[f32], at: Now, told: &mut dyn FnMut(Observation, Now)) {
        let loudness = Loudness { speech: self.speech(window), ..self.meter.measure(window) };
        told(Observation::Sound(loudness), at);
        let is_narrow = self.is_narrow;
        match self.sounds.as_mut().and_then(|sounds| sounds.listen(window, &loudness, is_narrow)) {
            Some(Ok(heard)) => told(Observation::Heard(heard), at),
            Some(Err(e)) => self.complain(&e),
            None => {}
        }
    }

    /// How likely the window is speech; `None` if nobody can tell.
    fn speech(&mut self, window: &[f32]) -> Option<f32> {
        let mut likeliest: Option<f32> = None;
        for chunk in window.chunks_exact(SPEECH_CHUNK) {
            match self.listener.as_mut()?.probability(chunk) {
                Ok(probability) => likeliest = Some(likeliest.map_or(probability, |l| l.max(probability))),
                Err(e) => {
                    self.complain(&e);
                    return None;
                }
            }
        }
        likeliest
    }

    fn begin_anew(&mut self) {
        self.resampler = Resampler::new(RATE);
        self.waiting.clear();
        self.meter = Meter::new(RATE);
        if let Some(listener) = &mut self.listener {
            listener.begin_anew();
        }
        if let Some(sounds) = &mut self.sounds {
            sounds.recent.clear();
            sounds.windows = 0;
            sounds.timbre.begin_anew();
        }
    }

    /// Once is enough: it would be said ten times a second.
    fn complain(&mut self, e: &dyn std::error::Error) {
        if !std::mem::replace(&mut self.has_complained, true) {
            tracing::warn!("sound that arrives is not listened to: {e}");
        }
    }
}

impl Sounds {
    /// Takes the next window; gives what was heard if a stretch is complete and worth listening to.
    fn listen(
        &mut self,
        window: &[f32],
        loudness: &Loudness,
        is_narrow: bool,
    ) -> Option<Result<Heard, ModelError>> {
        let too_many = (self.recent.len() + window.len()).saturating_sub(SOUND_SAMPLES);
        self.recent.drain(..too_many.min(self.recent.len()));
        self.recent.extend_from_slice(window);
        self.quiet.take(loudness);
        self.timbre.take(window);
        self.windows += 1;
        let is_halfway = self.windows == HALFWAY && self.quiet.is_event();
        if self.recent.len() < SOUND_SAMPLES || !is_halfway && self.windows < HOP {
            return None;
        }
        if !is_halfway {
            self.windows = 0;
            self.passed_over += 1;
            if self.quiet.is_quiet() && self.passed_over < SELDOM {
                return None;
            }
            self.passed_over = 0;
        }
        Some(self.heard(is_narrow, HOP * loudness.window_ms))
    }

    fn heard(&self, is_narrow: bool, hop_ms: u32) -> Result<Heard, ModelError> {
        let mut scores = self.groups.scores(&self.net.scores(&self.recent)?);
        if self.quiet.is_event() {
            if is_narrow {
                let again = self.groups.scores(&self.net.scores(&mirrored(&self.recent))?);
                raise(&mut scores, GLASS, of(&again, GLASS));
            }
            if let Some(near) = brought_near(&self.recent) {
                let again = self.groups.scores(&self.net.scores(&near)?);
                // Laughter far away is brought near as well.
                if [LAUGHTER, MUSIC, CROWD, ALARM].iter().all(|other| of(&again, other) < of(&again, SCREAM))
                {
                    raise(&mut scores, SCREAM, of(&again, SCREAM));
                }
            }
        }
        let (brightness_hz, tone) = (self.timbre.brightness_hz(), self.timbre.tone());
        Ok(Heard { scores, brightness_hz, tone, shrill: self.timbre.shrill(), hop_ms })
    }
}

/// Sound of 16 kHz whose band below 4 kHz is mirrored into the one above.
fn mirrored(sound: &[f32]) -> Vec<f32> {
    let signs = [1.0 + MIRRORED, 1.0 - MIRRORED];
    sound.iter().zip(signs.iter().cycle()).map(|(sample, gain)| sample * gain).collect()
}

fn of(scores: &[(&'static str, f32)], group: &str) -> f32 {
    scores.iter().find(|(name, _)| *name == group).map_or(0.0, |(_, score)| *score)
}

fn raise(scores: &mut [(&'static str, f32)], group: &str, to: f32) {
    scores.iter_mut().filter(|(name, _)| *name == group).for_each(|(_, score)| *score = score.max(to));
}

/// The same sound as loud as it would be from near; `None` if it is about as loud as that.
fn brought_near(sound: &[f32]) -> Option<Vec<f32>> {
    let energy = |window: &[f32]| window.iter().map(|sample| sample * sample).sum::<f32>() / length(window);
    let windows: Vec<f32> = sound.chunks(WINDOW).map(energy).collect();
    let moments = windows.windows(3).map(|moment| moment.iter().sum::<f32>() / length(moment));
    let gain = (NEAR / moments.fold(0.0, f32::max).sqrt()).min(MOST_GAIN);
    (gain >= LEAST_GAIN).then(|| sound.iter().map(|sample| sample * gain).collect())
}

#[expect(clippy::cast_precision_loss, reason = "a stretch has 15,600 samples")]
fn length<T>(of: &[T]) -> f32 {
    of.len().max(1) as f32
}

fn duration(samples: usize, rate: u32) -> Duration {
    let ns = u64::try_from(samples).unwrap_or(0).saturating_mul(1_000_000_000) / u64::from(rate.max(1));
    Duration::from_nanos(ns)
}

#[cfg(test)]
mod tests {
    use super::super::models::testing;
    use super::*;
    use crate::perceive::sounds;

    /// Gives `sound` to an ear in packets of 20 ms, each arriving when it ends.
    fn hear(ear: &mut Ear, sound: &[f32], rate: u32, from: Now) -> Vec<(Observation, Now)> {
        let (mut told, packet) = (Vec::new(), rate as usize / 50);
        for (i, samples) in sound.chunks(packet).enumerate() {
            let arrived = from.plus(duration(i * packet + samples.len(), rate));
            ear.hear(samples, rate, arrived, &mut |observation, at| told.push((observation, at)));
        }
        told
    }

    fn levels(told: &[(Observation, Now)]) -> Vec<(f64, u64)> {
        let level = |(observation, at): &(Observation, Now)| match observation {
            Observation::Sound(sound) => Some((sound.dbfs, at.mono.0.as_millis() as u64)),
            _ => None,
        };
        told.iter().filter_map(level).collect()
    }

    #[test]
    fn windows_are_dated_to_their_end_whatever_the_rate_of_the_sound() {
        for rate in [8000, 16_000, 44_100, 48_000] {
            let beep = |i: usize| if i < rate as usize { 0.0 } else { (i as f32 * 0.3).sin() * 0.5 };
            let sound: Vec<f32> = (0..2 * rate as usize).map(beep).collect();
            let told = levels(&hear(&mut Ear::new(&Models::default()), &sound, rate, Now::default()));
            assert_eq!(told.len(), if rate == 16_000 { 20 } else { told.len() });
            for (i, (_, at)) in told.iter().enumerate() {
                assert!(at.abs_diff(96 * (i as u64 + 1)) <= 1, "{rate}: window {i} at {at} ms");
            }
            let first = told.iter().find(|(dbfs, _)| *dbfs > -20.0).unwrap();
            assert_eq!(first.1.div_ceil(96), 11, "{rate}: the beep begins at 1 s: {first:?}");
        }
    }

    #[test]
    fn without_models_there_are_levels_only() {
        let told = hear(&mut Ear::new(&Models::default()), &[0.1; 48_000], 16_000, Now::default());
        assert!(told.iter().all(|(o, _)| matches!(o, Observation::Sound(Loudness { speech: None, .. }))));
    }

    #[test]
    fn a_muted_camera_is_flat_through_the_resampler_too() {
        let told = hear(&mut Ear::new(&Models::default()), &[0.000_24; 16_000], 8000, Now::default());
        let flat =
            |(o, _): &(Observation, Now)| matches!(o, Observation::Sound(Loudness { is_flat: true, .. }));
        assert!(told.iter().skip(1).all(flat));
    }

    #[test]
    fn what_comes_after_a_gap_follows_on_nothing() {
        let mut ear = Ear::new(&Models::default());
        assert_eq!(hear(&mut ear, &[0.1; 1500], 16_000, Now::default()), [], "not yet a window");
        let later = Now::default().plus(Duration::from_secs(60));
        let told = levels(&hear(&mut ear, &[0.1; 1600], 16_000, later));
        assert_eq!(told.iter().map(|(_, at)| *at).collect::<Vec<_>>(), [60_096]);
    }

    #[test]
    fn what_is_no_number_is_silence() {
        let mut ear = Ear::new(&Models::default());
        let told = hear(&mut ear, &[f32::NAN; 8000], 16_000, Now::default());
        assert!(levels(&told).iter().all(|(dbfs, _)| *dbfs == -120.0));
        let told = hear(&mut ear, &[0.1; 8000], 16_000, Now::default().plus(duration(8000, 16_000)));
        assert!(levels(&told).last().is_some_and(|(dbfs, _)| (dbfs + 20.0).abs() < 0.1));
    }

    #[test]
    fn what_is_far_is_brought_near_and_what_is_near_is_left() {
        let sound = |loud: f32| -> Vec<f32> {
            (0..15_600).map(|i| if i / 3000 == 2 { loud * (i as f32 * 0.3).sin() } else { 0.001 }).collect()
        };
        let loudest = |sound: &[f32]| sound.iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
        let far = brought_near(&sound(0.15)).unwrap();
        assert!((0.3..0.5).contains(&loudest(&far)), "{}", loudest(&far));
        assert!(
            (0.039..0.041).contains(&loudest(&brought_near(&sound(0.01)).unwrap())),
            "not more than 12 dB"
        );
        assert_eq!(brought_near(&sound(0.5)), None);
        assert!(brought_near(&[0.0; 15_600]).unwrap().iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn every_sound_of_the_groups_is_one_that_the_model_knows() {
        let wanted = super::super::models::Wanted { people: false, speech: false, sounds: true };
        let models = testing::models(wanted);
        assert_eq!(Groups::unknown_to(models.sounds().unwrap().class_names()), Vec::<&str>::new());
    }

    #[test]
    fn with_models_a_siren_is_an_alarm_twice_a_second_and_no_speech() {
        let wanted = super::super::models::Wanted { people: false, speech: true, sounds: true };
        let wail = |t: f32| 900.0 + 350.0 * (2.0 * std::f32::consts::PI * t / 3.0).sin();
        let mut phase = 0.0_f32;
        let siren = (0..112_000).map(|i| {
            // Before it the room hums for two seconds.
            let loud = if i < 32_000 { 0.003 } else { 0.1 };
            phase += 2.0 * std::f32::consts::PI * wail(i as f32 / 16_000.0) / 16_000.0;
            loud * (phase.sin() + (2.0 * phase).sin() / 2.0 + (3.0 * phase).sin() / 3.0)
        });
        let siren: Vec<f32> = siren.collect();
        let told = hear(&mut Ear::new(&testing::models(wanted)), &siren, 16_000, Now::default());
        let heard: Vec<&Heard> = told
            .iter()
            .filter_map(|(o, _)| if let Observation::Heard(h) = o { Some(h) } else { None })
            .collect();
        assert!(heard.len() >= 10, "{} in the five seconds of it", heard.len());
        let alarms = heard.iter().filter(|heard| heard.score(sounds::ALARM) > 0.5).count();
        assert!(alarms >= 5, "{heard:?}");
        let speech = |(o, _): &(Observation, Now)| matches!(o, Observation::Sound(Loudness { speech: Some(p), .. }) if *p < 0.5);
        assert!(told.iter().filter(|told| speech(told)).count() > 40);
    }
}
