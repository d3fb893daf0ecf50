//! `breaking-glass`: a pane breaks, told by a score that may be low and by what the sound is like.
//!
//! | needed | because |
//! |---|---|
//! | one stretch scores, or two score moderately within 1.2 s | the model scores low in a room that reverberates |
//! | 25 dB over the room; 20 dB where it scores high | a pane is the loudest thing of the day |
//! | it begins sharply | a fan that is switched on swells |
//! | it is bright | a door is dull |
//! | it is not twice as likely a door, a blow or a telephone | doors have panes |
//!
//! A hold of zero is no hold: it is flagged at once. With a hold, a third of what is heard in it has to score.

use std::collections::VecDeque;
use std::time::Duration;

use super::Sign;
use super::listen::Listen;
use super::moment::Moment;
use super::strongest::Strongest;
use super::sustained::{Sustained, Turn};
use crate::model::Now;
use crate::perceive::{Heard, sounds};

/// A moderate score is this share of the one that is enough alone.
const MODERATE: f64 = 0.6;

/// Moderate scores within this time confirm each other: three stretches.
const TOGETHER: Duration = Duration::from_millis(1200);

/// What it must not be instead; it counts from this share of their score on.
const OTHERS: [&str; 3] = [sounds::TELEPHONE, sounds::DOOR, sounds::IMPACT];
const SHARE_OF_OTHERS: f64 = 0.5;

/// How far it stands out of the room, and how far from this score on.
const OVER_ROOM_DB: f64 = 25.0;
const SURE: f64 = 0.4;
const SURE_OVER_ROOM_DB: f64 = 20.0;

/// It rises by this at once.
const RISE_DB: f64 = 8.0;

/// The mean frequency of its loudest moment is at least this.
const BRIGHT_HZ: f64 = 1300.0;

/// A sound that has to last scores at one stretch of so many.
const ONE_OF: u32 = 3;

/// Shards fall after the pane.
const DIP: Duration = Duration::from_millis(2500);
const OVER_AFTER: Duration = Duration::from_secs(4);

/// What begins is in the later half of the stretch that tells it first.
const HALF_A_STRETCH: Duration = Duration::from_millis(480);

/// The rule for one camera.
pub(super) struct BreakingGlass {
    min_score: f64,
    needs_hold: bool,
    moment: Moment,
    /// When moderate scores were, oldest first, with where their sound began.
    moderate: VecDeque<(Now, Now)>,
    lasting: Sustained,
    strongest: Strongest,
}

impl BreakingGlass {
    pub fn new(min_score: f64, hold: Duration) -> Self {
        Self {
            min_score,
            needs_hold: !hold.is_zero(),
            moment: Moment::default(),
            moderate: VecDeque::new(),
            lasting: Sustained::new(hold, DIP, OVER_AFTER).met_at_one_of(ONE_OF),
            strongest: Strongest::default(),
        }
    }

    fn counts(&self, heard: &Heard, score: f64) -> bool {
        let other = OTHERS.iter().map(|group| heard.score(group)).fold(0.0, f64::max);
        let over_room_db = if score >= SURE { SURE_OVER_ROOM_DB } else { OVER_ROOM_DB };
        self.moment.over_room_db() >= over_room_db
            && self.moment.rise_db() >= RISE_DB
            && heard.brightness_hz >= BRIGHT_HZ
            && score > other * SHARE_OF_OTHERS
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
        self.lasting.look_confirmed(began, now)
    }
}

impl Listen for BreakingGlass {
    fn moment(&mut self) -> &mut Moment {
        &mut self.moment
    }

    fn lasting(&mut self) -> &mut Sustained {
        &mut self.lasting
    }

    fn listen(&mut self, heard: &Heard, now: Now) -> Option<Sign> {
        let score = heard.score(sounds::GLASS);
        let counts = self.counts(heard, score);
        let turn = if self.needs_hold {
            self.lasting.look(counts && score >= self.min_score, now.minus(HALF_A_STRETCH), now)
        } else {
            self.judge_sudden(score, counts, now)
        };
        let measured = counts.then(|| (score, self.moment.loudest_dbfs()));
        self.strongest.sign(turn, &self.lasting, measured)
    }

    fn forget(&mut self) {
        self.moderate.clear();
    }
}

#[cfg(test)]
mod tests;
