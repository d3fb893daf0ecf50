//! `scream`, `breaking-glass`, `alarm-sound`: a sound that the model knows, and something that confirms it.
//!
//! | kind | flagged when |
//! |---|---|
//! | scream | one stretch scores, or two score moderately within 1.2 s; and it is loud for the room |
//! | breaking glass | the same; and it begins sharply and is bright, as no door is |
//! | alarm | the mean score over twice the hold is enough, the pauses of a fire alarm's pattern (1.5 s) forgiven, and it is no hum; or it is one loud tone without a pause for 2 s longer than the hold |
//!
//! The model scores low in a room that reverberates and through G.711, but what is none of the three and as
//! loud it scores lower still: hence the low default scores, and a second thing that has to be true.
//! It knows a bell or a siren now and then only, and mixes up what else rings: so an alarm is judged by
//! the mean, less what it might be instead.
//!
//! A sound that the model takes rather for something else (laughter, a door, a telephone, a motorcycle) does
//! not count. A hold of zero is no hold: a scream is flagged at once.

use std::collections::VecDeque;
use std::time::Duration;

use super::mean_score::MeanScore;
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

/// A sound that lasts is there in each stretch that scores this share of what its mean has to be.
const WEAK: f64 = 0.25;

/// The mean of a sound that lasts is taken over twice the hold, but not over less.
const SHORTEST_MEAN: Duration = Duration::from_secs(1);

/// The pause of a fire alarm's pattern, and a stretch that is half in it.
const DIP: Duration = Duration::from_millis(2500);
const OVER_AFTER: Duration = Duration::from_secs(4);

/// A stretch is a tone if this share of it is.
const TONE: f64 = 0.9;

/// How far a tone stands out of the room, so that music is none.
const TONE_OVER_ROOM_DB: f64 = 7.0;

/// A tone lasts this much longer than the hold, without a pause: a telephone has some.
const TONE_LASTS_LONGER: Duration = Duration::from_secs(2);

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
    needs_hold: bool,
    /// Whether a loud tone is one too, whatever the model says.
    may_be_tone: bool,
}

const SCREAM: Manner = Manner {
    group: sounds::SCREAM,
    others: &[sounds::LAUGHTER, sounds::MUSIC, sounds::CROWD, sounds::ALARM],
    share_of_others: 0.5,
    over_room_db: 18.0,
    rise_db: 0.0,
    bright_hz: 0.0,
    needs_hold: false,
    may_be_tone: false,
};

const GLASS: Manner = Manner {
    group: sounds::GLASS,
    others: &[sounds::TELEPHONE, sounds::DOOR, sounds::IMPACT],
    share_of_others: 1.0,
    over_room_db: 25.0,
    rise_db: 15.0,
    bright_hz: 1300.0,
    needs_hold: false,
    may_be_tone: false,
};

const ALARM: Manner = Manner {
    group: sounds::ALARM,
    others: &[sounds::TELEPHONE, sounds::ENGINE],
    share_of_others: 1.3,
    over_room_db: 10.0,
    rise_db: 0.0,
    // A motor hums below, what is made to be heard is above.
    bright_hz: 700.0,
    needs_hold: true,
    may_be_tone: true,
};

/// The rule for one sound of one camera.
pub(super) struct SoundOf {
    manner: Manner,
    min_score: f64,
    moment: Moment,
    /// When moderate scores were, newest last, with where their sound began.
    moderate: VecDeque<(Now, Now)>,
    lasting: Sustained,
    mean: MeanScore,
    hold: Duration,
    tone_since: Option<Now>,
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
            // How much of the time it is there the mean says.
            lasting: Sustained::new(hold, DIP, OVER_AFTER)
                .met_at_one_of(u32::MAX)
                .held_in_pauses_of(HALF_A_STRETCH),
            mean: MeanScore::new(hold.saturating_mul(2).max(SHORTEST_MEAN)),
            hold,
            tone_since: None,
            best: None,
        }
    }

    fn listen(&mut self, heard: &Heard, armed: bool, now: Now) -> Option<Sign> {
        let score = heard.score(self.manner.group);
        let other = self.manner.others.iter().map(|group| heard.score(group)).fold(0.0, f64::max);
        let stands_out = self.moment.over_room_db() >= self.manner.over_room_db
            && self.moment.rise_db() >= self.manner.rise_db
            && heard.brightness_hz >= self.manner.bright_hz;
        let surplus = score - other * self.manner.share_of_others;
        let counts = armed && stands_out && surplus > 0.0;
        self.mean.take(if counts { surplus } else { 0.0 }, now);
        let strength = if self.manner.needs_hold { self.mean.of_all() } else { score };
        let turn = match (armed, self.manner.needs_hold) {
            (false, _) => self.lasting.end(),
            (true, true) => self.judge_lasting(heard, if counts { surplus } else { 0.0 }, now),
            (true, false) => self.judge_sudden(score, counts, now),
        };
        let level = self.moment.loudest_dbfs();
        let is_best =
            counts && self.lasting.is_rising() && self.best.is_none_or(|(best, _)| strength > best + 0.01);
        if is_best {
            self.best = Some((strength, level));
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

    fn judge_lasting(&mut self, heard: &Heard, surplus: f64, now: Now) -> Turn {
        let is_tone =
            self.manner.may_be_tone && heard.tone >= TONE && self.moment.over_room_db() >= TONE_OVER_ROOM_DB;
        let began = now.minus(HALF_A_STRETCH);
        self.tone_since = is_tone.then_some(self.tone_since.unwrap_or(began));
        let met = surplus >= self.min_score * WEAK || is_tone && self.lasting.is_flagged();
        let lasts = self.hold.saturating_add(TONE_LASTS_LONGER);
        match self.tone_since {
            Some(since) if !self.lasting.is_flagged() && now.mono.since(since.mono) >= lasts => {
                self.confirm(since, now)
            }
            _ => self.lasting.look_at(met, self.mean.of_all() >= self.min_score, began, now),
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
        let (score, level) = self.best.unwrap_or((0.0, self.moment.loudest_dbfs()));
        // A tone is flagged for what it is, not for its score.
        let score = Some(score).filter(|score| *score >= self.min_score * MODERATE);
        let score = score.and_then(|score| serde_json::Number::from_f64((score * 100.0).round() / 100.0));
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
