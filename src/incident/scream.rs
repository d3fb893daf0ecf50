//! `scream`: somebody screams, told by a mean score that may be low and by what the sound is like.
//!
//! In a room that reverberates, and through G.711, the model gives a scream low scores and takes it for
//! somebody who cries, or for an animal. So what is heard besides decides more:
//!
//! | needed | because |
//! |---|---|
//! | the mean of a second scores, and crying with it | a syllable or a chair that squeaks scores once |
//! | 18 dB over the room, and `min_level_dbfs` | nobody screams softly, not in a silent room either |
//! | as loud as it gets for 0.65 s of 1.5 s | a hinge creaks in jerks, and a blow rings off |
//! | a third of the stretch is shrill | speech, calls and doors are lower; applause and chairs are no voice |
//! | it is not twice as likely laughter, music or an alarm | children laugh shrilly |
//! | nor a crowd, unless half of the stretch is shrill | who screams for long is heard as cheering first, but a crowd is low |
//! | no alarm in the last 3 s | a siren wails as a throat does |
//!
//! A hold of zero is no hold: a scream is flagged at once. With a hold, a third of what is heard in it has
//! to be one.

use std::collections::VecDeque;
use std::time::Duration;

use super::listen::Listen;
use super::mean_score::MeanScore;
use super::moment::Moment;
use super::strongest::Strongest;
use super::sustained::Sustained;
use super::{Gauge, GaugeName, Sign};
use crate::model::Now;
use crate::perceive::{Heard, sounds};

/// What it must not be instead; it counts from half of their score on, because people speak and murmur
/// while somebody screams.
const OTHERS: [&str; 3] = [sounds::LAUGHTER, sounds::MUSIC, sounds::ALARM];
const SHARE_OF_OTHERS: f64 = 0.5;

/// What is shrill for so much of the stretch is no crowd.
const TOO_SHRILL_FOR_A_CROWD: f64 = 0.5;

/// How much a score of crying adds; it doubles the score at most, for crying alone is no scream.
const CRYING: f64 = 0.5;

/// How far it stands out of the room.
const OVER_ROOM_DB: f64 = 18.0;

/// It lasts: within so many dB of its loudest for so long, of the last one and a half seconds.
const NEAR_LOUDEST_DB: f64 = 6.0;
const LASTS: Duration = Duration::from_millis(650);

/// This share of the stretch is shrill: three windows of ten, for a short scream begins within one.
const SHRILL: f64 = 0.3;

/// The mean is taken over this.
const MEAN_OVER: Duration = Duration::from_secs(1);

/// It began with the first stretch of that time that scores this share of what the mean has to be.
const WEAK: f64 = 0.25;

/// An alarm that scores as much has sounded so long before it may be taken for a scream no more.
const ALARM: f64 = 0.5;
const AFTER_ALARM: Duration = Duration::from_secs(3);

/// A scream that has to last is one at one stretch of so many.
const ONE_OF: u32 = 3;

/// Whoever screams takes breath.
const DIP: Duration = Duration::from_millis(2500);
const OVER_AFTER: Duration = Duration::from_secs(4);

/// What begins is in the later half of the stretch that tells it first.
const HALF_A_STRETCH: Duration = Duration::from_millis(480);

/// The rule for one camera.
pub(super) struct Scream {
    min_score: f64,
    min_level_dbfs: f64,
    needs_hold: bool,
    moment: Moment,
    mean: MeanScore,
    /// When stretches counted in the last second, oldest first, with where their sound began.
    counted: VecDeque<(Now, Now)>,
    alarm: Option<Now>,
    lasting: Sustained,
    strongest: Strongest,
}

impl Scream {
    pub fn new(min_score: f64, min_level_dbfs: f64, hold: Duration) -> Self {
        Self {
            min_score,
            min_level_dbfs,
            needs_hold: !hold.is_zero(),
            moment: Moment::default(),
            mean: MeanScore::new(MEAN_OVER),
            counted: VecDeque::new(),
            alarm: None,
            lasting: Sustained::new(hold, DIP, OVER_AFTER).met_at_one_of(ONE_OF),
            strongest: Strongest::default(),
        }
    }

    /// The score of a stretch; 0 if it does not stand out or is rather something else.
    fn counting(&mut self, heard: &Heard, now: Now) -> f64 {
        if heard.score(sounds::ALARM) >= ALARM {
            self.alarm = Some(now);
        }
        let is_alarm = self.alarm.is_some_and(|at| now.mono.since(at.mono) < AFTER_ALARM);
        let crowd = if heard.shrill < TOO_SHRILL_FOR_A_CROWD { heard.score(sounds::CROWD) } else { 0.0 };
        let other = OTHERS.iter().map(|group| heard.score(group)).fold(crowd, f64::max);
        let screaming = heard.score(sounds::SCREAM);
        let score = (screaming + (heard.score(sounds::CRYING) * CRYING).min(screaming)).min(1.0);
        let counts = !is_alarm
            && heard.shrill >= SHRILL
            && self.moment.over_room_db() >= OVER_ROOM_DB
            && self.moment.loudest_dbfs() >= self.min_level_dbfs
            && score > other * SHARE_OF_OTHERS;
        if counts { score } else { 0.0 }
    }

    /// When what is screamed in the last second began.
    fn began(&mut self, score: f64, now: Now) -> Now {
        while self.counted.front().is_some_and(|(at, _)| now.mono.since(at.mono) >= MEAN_OVER) {
            self.counted.pop_front();
        }
        if score >= self.min_score * WEAK {
            self.counted.push_back((now, self.moment.onset().unwrap_or(now)));
        }
        self.counted.front().map_or(now, |(_, began)| *began)
    }
}

impl Listen for Scream {
    fn moment(&mut self) -> &mut Moment {
        &mut self.moment
    }

    fn lasting(&mut self) -> &mut Sustained {
        &mut self.lasting
    }

    fn listen(&mut self, heard: &Heard, now: Now) -> Option<Sign> {
        let score = self.counting(heard, now);
        self.mean.take(score, now);
        let mean = self.mean.of_all();
        let lasts = self.moment.loud_for(NEAR_LOUDEST_DB) >= LASTS;
        let is_told = score > 0.0 && mean >= self.min_score && lasts;
        let began = self.began(score, now);
        let turn = if self.needs_hold {
            self.lasting.look(is_told, now.minus(HALF_A_STRETCH), now)
        } else if self.lasting.is_flagged() || !is_told {
            self.lasting.look(is_told, began, now)
        } else {
            self.lasting.look_confirmed(began, now)
        };
        let measured = is_told.then(|| (mean, self.moment.loudest_dbfs()));
        self.strongest.sign(turn, &self.lasting, measured)
    }

    fn forget(&mut self) {
        self.mean.clear();
        self.counted.clear();
    }

    fn shown(&self) -> Vec<Gauge> {
        vec![Gauge { name: GaugeName::ScreamScore, value: self.mean.of_all() }]
    }
}

#[cfg(test)]
mod tests;
