//! `scream`, `breaking-glass`: a sudden sound that the model knows, and something that confirms it.
//!
//! | kind | flagged when |
//! |---|---|
//! | scream | one stretch scores, or two score moderately within 1.2 s; and it is loud for the room |
//! | breaking glass | the same; and it begins sharply and is bright, as no door is |
//!
//! The model scores low in a room that reverberates and through G.711, but what is neither and as loud it
//! scores lower still: hence the low default scores, and a second thing that has to be true.
//!
//! A sound that the model takes rather for something else (laughter, a door, a siren) does not count. A hold
//! of zero is no hold: a scream is flagged at once. With a hold, a third of what is heard in it has to score.

use std::collections::VecDeque;
use std::time::Duration;

use super::moment::Moment;
use super::sustained::{Sustained, Turn};
use super::{Peak, Sign, Watch, measurement, over};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Heard, Observation, sounds};

/// A moderate score is this share of the one that is enough alone.
const MODERATE: f64 = 0.6;

/// Moderate scores within this time confirm each other: three stretches.
const TOGETHER: Duration = Duration::from_millis(1200);

/// A sound that has to last scores at one stretch of so many.
const ONE_OF: u32 = 3;

/// Whoever screams takes breath.
const DIP: Duration = Duration::from_millis(2500);
const OVER_AFTER: Duration = Duration::from_secs(4);

/// What begins is in the later half of the stretch that tells it first.
const HALF_A_STRETCH: Duration = Duration::from_millis(480);

/// How one kind of sound is told.
#[derive(Debug, Clone, Copy)]
struct Manner {
    group: &'static str,
    /// What it must not be instead.
    others: &'static [&'static str],
    /// It counts from this share of their score on: people speak and murmur while somebody screams.
    share_of_others: f64,
    over_room_db: f64,
    rise_db: f64,
    /// The mean frequency of its loudest moment is at least this.
    bright_hz: f64,
}

const SCREAM: Manner = Manner {
    group: sounds::SCREAM,
    others: &[sounds::LAUGHTER, sounds::MUSIC, sounds::CROWD, sounds::ALARM],
    share_of_others: 0.5,
    over_room_db: 18.0,
    rise_db: 0.0,
    bright_hz: 0.0,
};

const GLASS: Manner = Manner {
    group: sounds::GLASS,
    others: &[sounds::TELEPHONE, sounds::DOOR, sounds::IMPACT],
    share_of_others: 1.0,
    over_room_db: 25.0,
    rise_db: 15.0,
    bright_hz: 1300.0,
};

/// The rule for one sound of one camera.
pub(super) struct SoundOf {
    manner: Manner,
    min_score: f64,
    moment: Moment,
    /// When moderate scores were, newest last, with where their sound began.
    moderate: VecDeque<(Now, Now)>,
    lasting: Sustained,
    needs_hold: bool,
    best: Option<(f64, f64)>,
}

impl SoundOf {
    /// The rule for a scream.
    pub fn scream(min_score: f64, hold: Duration) -> Self {
        Self::new(SCREAM, min_score, hold)
    }

    /// The rule for breaking glass.
    pub fn breaking_glass(min_score: f64, hold: Duration) -> Self {
        Self::new(GLASS, min_score, hold)
    }

    fn new(manner: Manner, min_score: f64, hold: Duration) -> Self {
        Self {
            manner,
            min_score,
            moment: Moment::default(),
            moderate: VecDeque::new(),
            lasting: Sustained::new(hold, DIP, OVER_AFTER).met_at_one_of(ONE_OF),
            needs_hold: !hold.is_zero(),
            best: None,
        }
    }

    fn listen(&mut self, heard: &Heard, armed: bool, now: Now) -> Option<Sign> {
        let score = heard.score(self.manner.group);
        let other = self.manner.others.iter().map(|group| heard.score(group)).fold(0.0, f64::max);
        let stands_out = self.moment.over_room_db() >= self.manner.over_room_db
            && self.moment.rise_db() >= self.manner.rise_db
            && heard.brightness_hz >= self.manner.bright_hz;
        let counts = armed && stands_out && score > other * self.manner.share_of_others;
        let turn = match (armed, self.needs_hold) {
            (false, _) => self.lasting.end(),
            (true, true) => {
                self.lasting.look(counts && score >= self.min_score, now.minus(HALF_A_STRETCH), now)
            }
            (true, false) => self.judge_sudden(score, counts, now),
        };
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

    fn judge_sudden(&mut self, score: f64, counts: bool, now: Now) -> Turn {
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
        self.confirm(began, now)
    }

    /// It has been there since then: what confirms it stands for the second look that holding takes.
    fn confirm(&mut self, began: Now, now: Now) -> Turn {
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
