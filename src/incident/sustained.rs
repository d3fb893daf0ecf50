//! A condition that has to hold for a while, with dips forgiven. Pure.
//!
//! Voices dip between words and people stop between steps: a condition that comes and goes within
//! `dip` counts as one, if it is there for at least half of the time (or another share that the rule
//! names) and was seen at least twice.

use std::time::Duration;

use crate::model::{Now, Wall};

/// Keyframes may be 10 s apart; nothing that is looked at is unseen for longer than this.
pub(super) const UNSEEN: Duration = Duration::from_secs(30);

/// How long a condition holds, and when it is over.
#[derive(Debug, Clone)]
pub(super) struct Sustained {
    hold: Duration,
    dip: Duration,
    over_after: Duration,
    /// It has to be met at one look of so many.
    one_of: u32,
    /// It may hold in a pause of no more than this.
    held_in_pauses_of: Duration,
    since: Option<Since>,
}

#[derive(Debug, Clone, Copy)]
struct Since {
    began: Now,
    last_met: Now,
    looked: Now,
    met: u32,
    seen: u32,
    is_flagged: bool,
}

/// What became of the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing to tell.
    Nothing,
    /// It has held long enough, since then.
    Held(Wall),
    /// It is over, since then.
    Over(Wall),
}

impl Sustained {
    /// Holds after `hold`, forgiving pauses up to `dip`; once held, over after `over_after` without.
    pub fn new(hold: Duration, dip: Duration, over_after: Duration) -> Self {
        Self { hold, dip, over_after, one_of: 2, held_in_pauses_of: Duration::ZERO, since: None }
    }

    /// The same, if it is met at one look of `one_of` at least, instead of at half of them.
    pub fn met_at_one_of(self, one_of: u32) -> Self {
        Self { one_of, ..self }
    }

    /// The same, if it may be told as held in a pause of up to `pause`, not only while it is met.
    pub fn held_in_pauses_of(self, pause: Duration) -> Self {
        Self { held_in_pauses_of: pause, ..self }
    }

    /// From now on forgives pauses up to `dip`, and is over after `over_after` without.
    pub fn forgive(&mut self, dip: Duration, over_after: Duration) {
        (self.dip, self.over_after) = (dip, over_after);
    }

    /// Whether it has held and is not over.
    pub fn is_flagged(&self) -> bool {
        self.since.is_some_and(|since| since.is_flagged)
    }

    /// Whether it is met, if perhaps not yet for long enough.
    pub fn is_rising(&self) -> bool {
        self.since.is_some()
    }

    /// Takes one look: was it met in the time from `began` to `now`?
    pub fn look(&mut self, met: bool, began: Now, now: Now) -> Turn {
        self.look_at(met, true, began, now)
    }

    /// The same, of a condition that only holds once something else has confirmed it.
    pub fn look_at(&mut self, met: bool, is_confirmed: bool, began: Now, now: Now) -> Turn {
        let Some(since) = &mut self.since else {
            if !met {
                return Turn::Nothing;
            }
            self.since =
                Some(Since { began, last_met: now, looked: now, met: 1, seen: 1, is_flagged: false });
            return self.judge(is_confirmed, now);
        };
        since.looked = now;
        since.seen = since.seen.saturating_add(1);
        if met {
            since.met = since.met.saturating_add(1);
            since.last_met = now;
        }
        self.judge(is_confirmed, now)
    }

    /// Holds since `began` at this one look, if that is as long ago as it has to be: something else than a
    /// second look has confirmed it. For what has not held yet.
    pub fn look_confirmed(&mut self, began: Now, now: Now) -> Turn {
        self.since = Some(Since { began, last_met: now, looked: now, met: 2, seen: 2, is_flagged: false });
        self.judge(true, now)
    }

    /// Time has passed without a look; over if that has been for too long.
    pub fn wait(&mut self, now: Now) -> Turn {
        match self.since {
            Some(since) if now.mono.since(since.looked.mono) >= self.over_after.max(UNSEEN) => self.end(),
            _ => Turn::Nothing,
        }
    }

    /// Forgets the condition; over at once if it had held.
    pub fn end(&mut self) -> Turn {
        match self.since.take() {
            Some(since) if since.is_flagged => Turn::Over(since.last_met.wall),
            _ => Turn::Nothing,
        }
    }

    fn judge(&mut self, is_confirmed: bool, now: Now) -> Turn {
        let Some(since) = &mut self.since else { return Turn::Nothing };
        let pause = now.mono.since(since.last_met.mono);
        if since.is_flagged {
            if pause >= self.over_after {
                return self.end();
            }
        } else if pause > self.dip {
            self.since = None;
        } else if is_confirmed
            && pause <= self.held_in_pauses_of
            && now.mono.since(since.began.mono) >= self.hold
            && since.met.saturating_mul(self.one_of) >= since.seen
            && since.met >= 2
        {
            since.is_flagged = true;
            return Turn::Held(since.began.wall);
        }
        Turn::Nothing
    }
}

/// When something began that was not there at the look `before` and is there now: halfway, but no
/// more than a second ago, because movement is looked at within a second.
pub(super) fn between(before: Option<Now>, now: Now) -> Now {
    let since = before.map_or(Duration::ZERO, |before| now.mono.since(before.mono));
    now.minus((since / 2).min(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pattern: &str) -> Vec<(usize, Turn)> {
        let mut condition =
            Sustained::new(Duration::from_secs(1), Duration::from_millis(300), Duration::from_secs(2));
        let at = |i: usize| Now::default().plus(Duration::from_millis(100 * i as u64));
        let turns = pattern.chars().enumerate().map(|(i, c)| (i, condition.look(c == 'x', at(i), at(i + 1))));
        turns.filter(|(_, turn)| *turn != Turn::Nothing).collect()
    }

    #[test]
    fn it_holds_after_the_hold_and_is_dated_to_its_beginning() {
        assert_eq!(run("..xxxxxxxxxxxx"), [(11, Turn::Held(Wall::from_millis(200)))]);
    }

    #[test]
    fn short_dips_are_forgiven_and_long_ones_are_not() {
        assert_eq!(run("xxx..xxx.xxxx").len(), 1);
        assert_eq!(run("xxxx....xxxx....xxxx"), []);
    }

    #[test]
    fn single_bangs_do_not_add_up() {
        assert_eq!(run("x..x..x..x..x..x..x..x..x"), []);
    }

    #[test]
    fn it_may_hold_in_a_short_pause_if_that_is_said() {
        let turns = |pause_ms| {
            let second = Duration::from_secs(1);
            let condition = Sustained::new(second, second, second * 2);
            let mut condition = condition.held_in_pauses_of(Duration::from_millis(pause_ms));
            let at = |i: u32| Now::default().plus(second / 10 * i);
            (0..20).filter(|i| condition.look(*i < 9, at(*i), at(i + 1)) != Turn::Nothing).count()
        };
        assert_eq!((turns(0), turns(50), turns(100)), (0, 0, 1));
    }

    #[test]
    fn one_look_is_not_enough_however_long_ago_the_one_before_was() {
        let second = Duration::from_secs(1);
        let mut condition = Sustained::new(second, second * 30, second * 60);
        let at = |s: u32| Now::default().plus(second * s);
        assert_eq!(condition.look(true, at(0), at(10)), Turn::Nothing);
        assert_eq!(condition.look(true, at(10), at(20)), Turn::Held(Wall::from_millis(0)));
    }

    #[test]
    fn what_is_confirmed_holds_at_one_look_but_not_before_its_hold() {
        let second = Duration::from_secs(1);
        let mut condition = Sustained::new(second * 3, second, second);
        let at = |s: u32| Now::default().plus(second * s);
        assert_eq!(condition.look_confirmed(at(5), at(7)), Turn::Nothing);
        assert_eq!(condition.look_confirmed(at(5), at(8)), Turn::Held(Wall::from_millis(5000)));
    }

    #[test]
    fn it_is_over_after_a_while_without_and_dated_to_its_last_moment() {
        let turns = run("xxxxxxxxxx....................");
        assert_eq!(turns[1..], [(29, Turn::Over(Wall::from_millis(1000)))]);
    }
}
