//! `alarm-sound`: a fire alarm, a siren, a bell that goes on.
//!
//! The model of sounds knows a bell or a siren now and then only, and mixes up whatever rings. So it is not
//! one score that tells an alarm but the mean over twice the hold, of each stretch that stands out of the
//! room: its score less what it might be instead (a telephone, an engine). The pauses of a fire alarm's
//! pattern (1.5 s, ISO 8201) are forgiven. A motor that hums is none: what is made to be heard is brighter.
//!
//! Or it is one steady tone without a pause, for 1.25 s longer than the hold, whatever the model says: a
//! telephone has pauses, and music is not as steady.

use std::time::Duration;

use super::listen::Listen;
use super::mean_score::MeanScore;
use super::moment::Moment;
use super::strongest::Strongest;
use super::sustained::{Sustained, Turn};
use super::{Gauge, GaugeName, Sign};
use crate::model::{Now, Wall};
use crate::perceive::{Heard, sounds};

/// What it must not be instead, and how much of that is taken off.
const OTHERS: [&str; 2] = [sounds::TELEPHONE, sounds::ENGINE];
const SHARE_OF_OTHERS: f64 = 1.3;

/// How far it stands out of the room, and how loud it is at least: an alarm is no softer than speech.
const OVER_ROOM_DB: f64 = 10.0;
const LOUD_DBFS: f64 = -35.0;

/// A motor hums below this mean frequency, unless what is loudest is somebody who speaks.
const BRIGHT_HZ: f64 = 700.0;
const SPOKEN: f64 = 0.3;

/// It is there in each stretch that scores this share of what its mean has to be; once flagged, while the
/// mean is this share of that.
const WEAK: f64 = 0.25;
const STILL: f64 = 0.5;

/// The mean is taken over no less and no more.
const SHORTEST_MEAN: Duration = Duration::from_secs(1);
const LONGEST_MEAN: Duration = Duration::from_secs(30);

/// The pause of a fire alarm's pattern, and a stretch that is half in it.
const DIP: Duration = Duration::from_millis(2500);
const OVER_AFTER: Duration = Duration::from_secs(4);

/// A stretch may have passed since it was there, and arrive late.
const A_STRETCH: Duration = Duration::from_millis(600);

/// A stretch is a tone if this share of it is.
const TONE: f64 = 0.9;

/// How far a tone stands out of the room, so that music is none.
const TONE_OVER_ROOM_DB: f64 = 7.0;

/// A tone lasts this much longer than the hold, without a pause: a telephone has some.
const TONE_LASTS_LONGER: Duration = Duration::from_millis(1250);

/// What was not listened to for this long has a pause.
const UNHEARD: Duration = Duration::from_millis(2500);

/// What begins is in the later half of the stretch that tells it first.
const HALF_A_STRETCH: Duration = Duration::from_millis(480);

/// The rule for one camera.
pub(super) struct AlarmSound {
    min_score: f64,
    hold: Duration,
    mean_over: Duration,
    mean: MeanScore,
    moment: Moment,
    lasting: Sustained,
    tone_since: Option<Now>,
    heard: Option<Now>,
    /// The highest mean. A tone is flagged for what it is, not for its score.
    strongest: Strongest,
}

impl AlarmSound {
    pub fn new(min_score: f64, hold: Duration) -> Self {
        let mean_over = hold.saturating_mul(2).clamp(SHORTEST_MEAN, LONGEST_MEAN);
        // How much of the time it is there the mean says.
        let lasting = Sustained::new(hold, DIP, OVER_AFTER).met_at_one_of(u32::MAX);
        Self {
            min_score,
            hold,
            mean_over,
            mean: MeanScore::new(mean_over),
            moment: Moment::default(),
            lasting: lasting.held_in_pauses_of(A_STRETCH),
            tone_since: None,
            heard: None,
            strongest: Strongest::told_from(min_score),
        }
    }

    /// The score of a stretch, less what it might be instead.
    fn surplus(&self, heard: &Heard) -> f64 {
        let other = OTHERS.iter().map(|group| heard.score(group)).fold(0.0, f64::max);
        let is_spoken = heard.score(sounds::SPEECH).max(heard.score(sounds::SHOUT)) >= SPOKEN;
        let is_hum = heard.brightness_hz < BRIGHT_HZ && !is_spoken;
        let stands_out =
            self.moment.over_room_db() >= OVER_ROOM_DB && self.moment.loudest_dbfs() >= LOUD_DBFS;
        if !stands_out || is_hum {
            return 0.0;
        }
        (heard.score(sounds::ALARM) - other * SHARE_OF_OTHERS).max(0.0)
    }

    fn judge(&mut self, heard: &Heard, surplus: f64, mean: f64, now: Now) -> Turn {
        let is_tone = heard.tone >= TONE && self.moment.over_room_db() >= TONE_OVER_ROOM_DB;
        let began = now.minus(HALF_A_STRETCH);
        self.tone_since = is_tone.then_some(self.tone_since.unwrap_or(began));
        if self.lasting.is_flagged() {
            return self.lasting.look(is_tone || mean >= self.min_score * STILL, began, now);
        }
        let lasts = self.hold.saturating_add(TONE_LASTS_LONGER);
        if let Some(since) = self.tone_since.filter(|since| now.mono.since(since.mono) >= lasts) {
            return self.lasting.look_confirmed(since, now);
        }
        let turn = self.lasting.look_at(surplus >= self.min_score * WEAK, mean >= self.min_score, began, now);
        match turn {
            // What hardly scored long before is not its beginning.
            Turn::Held(started) => Turn::Held(later(started, now.minus(self.mean_over).wall)),
            turn => turn,
        }
    }
}

fn later(one: Wall, other: Wall) -> Wall {
    if one.as_millis() >= other.as_millis() { one } else { other }
}

impl Listen for AlarmSound {
    fn moment(&mut self) -> &mut Moment {
        &mut self.moment
    }

    fn lasting(&mut self) -> &mut Sustained {
        &mut self.lasting
    }

    fn listen(&mut self, heard: &Heard, now: Now) -> Option<Sign> {
        if self.heard.replace(now).is_none_or(|before| now.mono.since(before.mono) > UNHEARD) {
            self.tone_since = None;
        }
        let surplus = self.surplus(heard);
        self.mean.take(surplus, now);
        let mean = self.mean.of_all();
        let turn = self.judge(heard, surplus, mean, now);
        self.strongest.sign(turn, &self.lasting, Some((mean, self.moment.loudest_dbfs())))
    }

    fn forget(&mut self) {
        self.mean.clear();
        self.tone_since = None;
    }

    fn shown(&self) -> Vec<Gauge> {
        vec![Gauge { name: GaugeName::AlarmScore, value: self.mean.of_all() }]
    }
}

#[cfg(test)]
mod tests;
