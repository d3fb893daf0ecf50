//! `raised-voices`: speech well above this room's own speech, for a while.
//!
//! Loud is momentary loudness (LUFS, 400 ms: what ears go by, and it bridges the gaps between syllables)
//! at least `over_baseline_db` above how loud people usually speak here, where the level is at least
//! `min_level_dbfs`. It counts only while it is speech: the speech model says so, and the model of
//! sounds, in the mean of 3 s, does not hold it about as much for laughter, applause, music, a telephone, a
//! siren or a crying child; and it is flagged only if the speech model was nearly sure of the loud moments
//! of the hold, in the mean: of laughter and applause it is half sure. Once flagged, 4 dB less keeps it up (hysteresis).
//!
//! The room's own speech is learned from speech alone, each window by how surely it is that, and at a
//! tenth of the pace while it is loud. Before 5 s of it were heard, people are taken to speak 15 dB
//! above what the room is mostly like, within −30 to −20 LUFS. Where no model tells speech, the rule goes
//! by the level alone, over what the room is used to.

use std::time::Duration;

use super::mean_score::MeanScore;
use super::sustained::{Sustained, Turn};
use super::{Baseline, Gauge, GaugeName, Peak, Sign, Watch, measurement, over};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Heard, Loudness, Observation, sounds};

const HYSTERESIS_DB: f64 = 4.0;
const DIP: Duration = Duration::from_secs(1);
const OVER_AFTER: Duration = Duration::from_secs(3);
const LEARNING_WHILE_LOUD: f64 = 0.1;

/// At least this likely, a window is speech.
const SPEECH: f32 = 0.5;

/// Shouting is speech this surely, in the mean of what was loud in the hold.
const SURELY: f64 = 0.85;

/// Speech goes on for so long after a window of it: a syllable.
const SYLLABLE: Duration = Duration::from_millis(300);

/// How people speak in a room in which hardly any was heard yet.
const OVER_ROOM_DB: f64 = 15.0;
const TYPICAL_LUFS: (f64, f64) = (-30.0, -20.0);

/// What it may be instead, whatever the speech model says, unless speech is at least this much likelier.
const NOT_SPEECH: [&str; 7] = [
    sounds::LAUGHTER,
    sounds::CROWD,
    sounds::MUSIC,
    sounds::TELEPHONE,
    sounds::CRYING,
    sounds::ALARM,
    sounds::ENGINE,
];
const LIKELIER: f64 = 1.5;

/// For how long what was heard says something about what is: people laugh in bursts.
const HEARD_HOLDS: Duration = Duration::from_secs(3);

/// The rule for one camera's sound.
pub(super) struct RaisedVoices {
    over_baseline_db: f64,
    min_level_dbfs: f64,
    /// What the room is mostly like, in dBFS.
    room: Baseline,
    /// How loud people speak in it, in LUFS.
    voices: Baseline,
    /// What loud is measured from, in LUFS; in dBFS where no model tells speech.
    usual: Option<f64>,
    spoken: Option<Now>,
    heard_speech: MeanScore,
    heard_others: MeanScore,
    /// How surely it was speech while it was loud.
    shouted: MeanScore,
    loud: Sustained,
    loudest: Option<(f64, f64)>,
}

impl RaisedVoices {
    pub fn new(over_baseline_db: f64, min_level_dbfs: f64, hold: Duration) -> Self {
        Self {
            over_baseline_db,
            min_level_dbfs,
            room: Baseline::default(),
            voices: Baseline::default(),
            usual: None,
            spoken: None,
            heard_speech: MeanScore::new(HEARD_HOLDS),
            heard_others: MeanScore::new(HEARD_HOLDS),
            shouted: MeanScore::new(hold.max(DIP)),
            loud: Sustained::new(hold, DIP, OVER_AFTER),
            loudest: None,
        }
    }

    fn peak(&self) -> Peak {
        let (level, over) = self.loudest.unwrap_or_default();
        let named = [("level_dbfs", level), ("over_baseline_db", over)];
        named.into_iter().map(|(name, value)| (name.to_owned(), measurement(value))).collect()
    }

    fn listen(&mut self, heard: &Heard, now: Now) {
        let spoken = heard.score(sounds::SPEECH).max(heard.score(sounds::SHOUT));
        let other = NOT_SPEECH.iter().map(|group| heard.score(group)).fold(0.0, f64::max);
        self.heard_speech.take(spoken, now);
        self.heard_others.take(other, now);
    }

    /// Whether what is heard is not speech, whatever the speech model says.
    fn is_other(&mut self, now: Now) -> bool {
        let heard = self.heard_speech.of_heard(now).zip(self.heard_others.of_heard(now));
        heard.is_some_and(|(speech, others)| speech < LIKELIER * others)
    }

    /// Whether what was loud in the time of the hold was surely speech, as far as anybody can tell.
    fn is_sure(&mut self, sound: &Loudness, is_loud: bool, now: Now) -> bool {
        let Some(speech) = sound.speech else { return true };
        if is_loud {
            self.shouted.take(f64::from(speech), now);
        }
        self.shouted.of_heard(now).is_some_and(|mean| mean >= SURELY)
    }

    /// Learns a window; gives whether it may count, and how far it is above what is usual.
    fn weigh(&mut self, sound: &Loudness, now: Now) -> Option<(bool, f64)> {
        let window = Duration::from_millis(u64::from(sound.window_ms));
        let share = if self.loud.is_rising() { LEARNING_WHILE_LOUD } else { 1.0 };
        let room = self.room.level();
        self.room.learn(sound.dbfs, window, share);
        let Some(speech) = sound.speech else {
            return Some((true, sound.dbfs - room?));
        };
        let is_other = self.is_other(now);
        let usual = self.voices.level().or_else(|| {
            let (low, high) = TYPICAL_LUFS;
            Some((room? + OVER_ROOM_DB).clamp(low, high))
        });
        if speech >= SPEECH {
            self.spoken = Some(now);
            if !is_other {
                self.voices.learn(sound.lufs, window.mul_f32(speech.clamp(0.0, 1.0)), share);
            }
        }
        let is_spoken = self.spoken.is_some_and(|at| now.mono.since(at.mono) <= SYLLABLE);
        Some((is_spoken && !is_other, sound.lufs - usual?))
    }
}

impl Watch for RaisedVoices {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        let sound = match observation {
            Observation::Sound(sound) => sound,
            Observation::Heard(heard) => {
                self.listen(heard, now);
                return None;
            }
            // Nobody can be heard any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => return over(self.loud.end()),
            _ => return None,
        };
        let (may_count, above) = self.weigh(sound, now)?;
        let level = if sound.speech.is_some() { sound.lufs } else { sound.dbfs };
        self.usual = Some(level - above);
        let turn = if armed {
            let slack = if self.loud.is_flagged() { HYSTERESIS_DB } else { 0.0 };
            let is_loud = may_count
                && above >= self.over_baseline_db - slack
                && sound.dbfs.max(sound.lufs) >= self.min_level_dbfs - slack;
            let is_sure = self.is_sure(sound, is_loud, now);
            self.loud.look_at(
                is_loud,
                is_sure,
                now.minus(Duration::from_millis(u64::from(sound.window_ms))),
                now,
            )
        } else {
            self.loud.end()
        };
        let is_loudest = self.loud.is_rising()
            && may_count
            && self.loudest.is_none_or(|(level, _)| sound.dbfs > level + 0.05);
        if is_loudest {
            self.loudest = Some((sound.dbfs, above));
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

    fn gauges(&self) -> Vec<Gauge> {
        let Some(usual) = self.usual else { return Vec::new() };
        let loud_from = usual + self.over_baseline_db;
        let gauges = [(GaugeName::UsualLoudness, usual), (GaugeName::LoudFrom, loud_from)];
        gauges.into_iter().map(|(name, value)| Gauge { name, value }).collect()
    }
}

#[cfg(test)]
mod tests;
