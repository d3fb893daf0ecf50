//! `scream`, `breaking-glass`, `alarm-sound`: a sound that the model knows, and something that confirms it.
//!
//! | kind | flagged when |
//! |---|---|
//! | scream | one stretch scores, or two of three score moderately; and it stands out of the room |
//! | breaking glass | the same; and it begins sharply |
//! | alarm | it scores for the hold; the pauses of a fire alarm's pattern (1.5 s) are forgiven |
//!
//! A sound that the model takes for something else at least as surely (laughter, music, a telephone) does not
//! count. A hold of zero is no hold: a scream is flagged at once.

use std::collections::VecDeque;
use std::time::Duration;

use super::moment::Moment;
use super::sustained::{Sustained, Turn};
use super::{Peak, Sign, Watch, measurement, over};
use crate::ingest::CameraState;
use crate::model::{Kind, Now};
use crate::perceive::{Heard, Observation, sounds};

/// A moderate score is this share of the one that is enough alone.
const MODERATE: f64 = 0.6;

/// Moderate scores within this time confirm each other: three stretches.
const TOGETHER: Duration = Duration::from_millis(1200);

/// The pause of a fire alarm's pattern, and a stretch that is half in it.
const DIP: Duration = Duration::from_millis(2500);
const OVER_AFTER: Duration = Duration::from_secs(4);

/// What begins is in the later half of the stretch that tells it first.
const HALF_A_STRETCH: Duration = Duration::from_millis(480);

/// How one kind of sound is told.
#[derive(Debug, Clone, Copy)]
struct Manner {
    group: &'static str,
    /// What it must not be at least as surely.
    others: &'static [&'static str],
    over_room_db: f64,
    rise_db: f64,
    needs_hold: bool,
}

const SCREAM: Manner = Manner {
    group: sounds::SCREAM,
    others: &[sounds::LAUGHTER, sounds::MUSIC, sounds::CROWD],
    over_room_db: 6.0,
    rise_db: 0.0,
    needs_hold: false,
};

const GLASS: Manner = Manner {
    group: sounds::GLASS,
    others: &[sounds::MUSIC, sounds::SPEECH, sounds::TELEPHONE],
    over_room_db: 8.0,
    rise_db: 10.0,
    needs_hold: false,
};

const ALARM: Manner = Manner {
    group: sounds::ALARM,
    others: &[sounds::TELEPHONE, sounds::SPEECH],
    over_room_db: f64::NEG_INFINITY,
    rise_db: 0.0,
    needs_hold: true,
};

/// The rule for one sound of one camera.
pub(super) struct SoundOf {
    manner: Manner,
    min_score: f64,
    moment: Moment,
    /// When moderate scores were, newest last, with where their sound began.
    moderate: VecDeque<(Now, Now)>,
    lasting: Sustained,
    best: Option<(f64, f64)>,
}

impl SoundOf {
    /// The rule for `sound`: one of the three kinds; any other never sounds.
    pub fn new(sound: Kind, min_score: f64, hold: Duration) -> Self {
        let manner = match sound {
            Kind::Scream => SCREAM,
            Kind::BreakingGlass => GLASS,
            Kind::AlarmSound => ALARM,
            _ => Manner { group: "", ..ALARM },
        };
        Self {
            manner: Manner { needs_hold: manner.needs_hold || !hold.is_zero(), ..manner },
            min_score,
            moment: Moment::default(),
            moderate: VecDeque::new(),
            lasting: Sustained::new(hold, DIP, OVER_AFTER),
            best: None,
        }
    }

    fn listen(&mut self, heard: &Heard, armed: bool, now: Now) -> Option<Sign> {
        let score = heard.score(self.manner.group);
        let other = self.manner.others.iter().map(|group| heard.score(group)).fold(0.0, f64::max);
        let stands_out = self.moment.over_room_db() >= self.manner.over_room_db
            && self.moment.rise_db() >= self.manner.rise_db;
        let counts = armed && stands_out && score > other;
        let turn = if armed { self.judge(score, counts, now) } else { self.lasting.end() };
        let level = self.moment.loudest_dbfs();
        let is_best =
            counts && self.lasting.is_rising() && self.best.is_none_or(|(best, _)| score > best + 0.01);
        if is_best {
            self.best = Some((score, level));
        } else if !self.lasting.is_rising() {
            self.best = None;
        }
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.peak() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing if is_best && self.lasting.is_flagged() => Some(Sign::Stronger(self.peak())),
            Turn::Nothing => None,
        }
    }

    fn judge(&mut self, score: f64, counts: bool, now: Now) -> Turn {
        if self.manner.needs_hold {
            let met = counts && score >= self.min_score;
            return self.lasting.look(met, now.minus(HALF_A_STRETCH), now);
        }
        while self.moderate.front().is_some_and(|(at, _)| now.mono.since(at.mono) > TOGETHER) {
            self.moderate.pop_front();
        }
        let began = self.moment.onset().unwrap_or(now);
        if counts && score >= self.min_score * MODERATE {
            self.moderate.push_back((now, began));
        }
        let is_told = counts && score >= self.min_score || self.moderate.len() >= 2;
        let began = self.moderate.front().map_or(began, |(_, began)| *began);
        if self.lasting.is_flagged() || !is_told {
            return self.lasting.look(is_told, began, now);
        }
        // Whatever confirmed it stands for the second look that a held condition needs.
        self.lasting.end();
        match self.lasting.look(true, began, now) {
            Turn::Nothing => self.lasting.look(true, began, now),
            turn => turn,
        }
    }

    fn peak(&self) -> Peak {
        let (score, level) = self.best.unwrap_or_default();
        let score = serde_json::Number::from_f64((score * 100.0).round() / 100.0);
        let mut peak: Peak = [("level_dbfs".to_owned(), measurement(level))].into_iter().collect();
        peak.extend(score.map(|score| ("score".to_owned(), score.into())));
        peak
    }
}

impl Watch for SoundOf {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        match observation {
            Observation::Sound(sound) => {
                self.moment.take(sound, now);
                // Where it is quiet the model does not listen to every stretch.
                over(self.lasting.wait(now))
            }
            Observation::Heard(heard) => self.listen(heard, armed, now),
            // Nothing can be heard any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => over(self.lasting.end()),
            _ => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.lasting.wait(now))
    }
}

#[cfg(test)]
mod tests;
