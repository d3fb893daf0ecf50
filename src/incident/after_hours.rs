//! `after-hours`: a person is where nobody should be.
//!
//! A person, not a shadow: the model has to be sure at two looks at least, and something has to move
//! where the person is (see [`Movers`]). A headlight moves, but is no person; a lamp that is
//! switched on moves everything at once and is not counted as movement. Once flagged, a weaker and
//! motionless sight keeps the incident up.

use std::time::Duration;

use super::movers::Movers;
use super::place::Place;
use super::sustained::{Sustained, Turn, UNSEEN, between};
use super::{Peak, Sign, Watch, measurement, over};
use crate::config::Zone;
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Cells, Observation, People};

/// For how long somebody may be missed by the model, or hidden behind something.
const DIP: Duration = Duration::from_secs(6);
const OVER_AFTER: Duration = Duration::from_secs(15);

/// And where pictures are further apart than that: so many of them.
const MISSED: u32 = 3;

/// A sight so much weaker counts where something moves.
const WEAKER: f64 = 0.6;

/// More than this share of the picture at once is light, not a person, in percent.
const LIGHT_PERCENT: u32 = 65;

/// The rule for one camera's picture, or one zone of it.
pub(super) struct AfterHours {
    place: Place,
    min_score: f64,
    there: Sustained,
    movers: Movers,
    looked: Option<Now>,
    /// The last picture, how far it was from the one before, and how far pictures are apart: the nearer of the
    /// last two, for a stream that stopped for once is not a slow one.
    pictured: Option<Now>,
    gap: Duration,
    pace: Duration,
    /// Where something moved since the last look.
    moved: Cells,
    peak: Strongest,
}

/// The strongest measurements so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Strongest {
    people: u32,
    score: f64,
}

impl AfterHours {
    pub fn new(zone: Option<&Zone>, min_score: f64, hold: Duration) -> Self {
        Self {
            place: Place::of(zone),
            min_score,
            there: Sustained::new(hold, DIP, OVER_AFTER),
            movers: Movers::default(),
            looked: None,
            pictured: None,
            gap: Duration::ZERO,
            pace: Duration::ZERO,
            moved: Cells::none(),
            peak: Strongest::default(),
        }
    }

    fn look(&mut self, people: &People, armed: bool, now: Now) -> Option<Sign> {
        let moved = std::mem::take(&mut self.moved);
        let before = self.looked.replace(now).filter(|before| now.mono.since(before.mono) < UNSEEN);
        let is_flagged = self.there.is_flagged();
        // What stands there by day is known for a thing at night.
        self.movers.see(people, &moved, self.min_score, is_flagged, self.pace, now);
        let missed = self.pace.saturating_mul(MISSED);
        self.there.forgive(DIP.max(missed), OVER_AFTER.max(missed));
        if !armed {
            return over(self.forget());
        }
        let (mut seen, mut score, mut is_believed) = (0u32, 0.0f64, false);
        for person in people.persons.iter().filter(|person| self.place.has(person)) {
            let sure = f64::from(person.score);
            let moves = moved.and(&Cells::in_frame(&person.frame)).count() > 0;
            let is_enough =
                sure >= self.min_score || (sure >= self.min_score * WEAKER && (moves || is_flagged));
            if is_enough && !self.movers.is_thing(person.track) {
                (seen, score) = (seen.saturating_add(1), score.max(sure));
                is_believed |= self.movers.is_believed(person.track);
            }
        }
        let turn = self.there.look_at(seen > 0, is_believed, between(before, now), now);
        let was = self.peak;
        self.peak = match self.there.is_rising() {
            true => Strongest { people: was.people.max(seen), score: was.score.max(score) },
            false => Strongest::default(),
        };
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.told() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing if self.there.is_flagged() && self.peak.people > was.people => {
                Some(Sign::Stronger(self.told()))
            }
            Turn::Nothing => None,
        }
    }

    fn forget(&mut self) -> Turn {
        self.peak = Strongest::default();
        self.there.end()
    }

    fn told(&self) -> Peak {
        let people = ("people".to_owned(), self.peak.people.into());
        [people, ("score_percent".to_owned(), measurement(self.peak.score * 100.0))].into_iter().collect()
    }
}

impl Watch for AfterHours {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        match observation {
            Observation::People(people) => self.look(people, armed, now),
            Observation::Motion(cells) => {
                let gap = self.pictured.replace(now).map_or(Duration::ZERO, |at| now.mono.since(at.mono));
                self.pace = gap.min(std::mem::replace(&mut self.gap, gap)).min(UNSEEN);
                if cells.count() * 100 <= LIGHT_PERCENT * Cells::all().count() {
                    self.moved = self.moved.or(cells);
                }
                None
            }
            // Nobody can be seen any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => {
                self.looked = None;
                over(self.forget())
            }
            // It closes the books at the end of its hours, also while nobody looks.
            Observation::Camera(_) if !armed => over(self.forget()),
            _ => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.there.wait(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::place::testing::{person, whole};

    const AT: (f64, f64) = (0.5, 0.6);

    /// What a look shows: how sure the model is of somebody, and whether something moves there.
    type Sight = Option<(f32, bool)>;

    /// Looks once a second at each; gives each sign with its second.
    fn see(sights: &[(usize, Sight)], armed: bool) -> Vec<(u64, Sign)> {
        let mut rule = AfterHours::new(None, 0.5, Duration::from_secs(2));
        let (mut now, mut signs) = (Now::default(), Vec::new());
        for sight in sights.iter().flat_map(|(seconds, sight)| std::iter::repeat_n(*sight, *seconds)) {
            now = now.plus(Duration::from_secs(1));
            let persons: Vec<_> = sight.map(|(score, _)| person(1, AT, score)).into_iter().collect();
            if let Some((_, true)) = sight {
                let moved = Cells::in_frame(&persons[0].frame);
                assert_eq!(rule.observe(&Observation::Motion(moved), armed, now), None);
            }
            let told = rule.observe(&Observation::People(People { persons }), armed, now);
            signs.extend(told.map(|sign| (now.mono.0.as_secs(), sign)));
        }
        signs
    }

    #[test]
    fn somebody_who_walks_through_is_flagged_and_the_incident_ends_when_they_are_gone() {
        let signs = see(&[(5, None), (6, Some((0.7, true))), (20, None)], true);
        let Sign::Flagged { started_at, peak } = &signs[0].1 else { panic!("{signs:?}") };
        assert_eq!((signs[0].0, started_at.as_millis()), (8, 5500));
        assert_eq!((&peak["people"], &peak["score_percent"]), (&1.into(), &70.0.into()));
        assert!(matches!(signs[1].1, Sign::Ended(at) if at.as_millis() == 11_000), "{signs:?}");
    }

    #[test]
    fn a_coat_on_a_chair_does_not_move_and_is_not_a_person() {
        assert_eq!(see(&[(5, None), (600, Some((0.8, false)))], true), []);
    }

    #[test]
    fn a_shadow_or_a_headlight_that_the_model_takes_for_nobody_is_not_flagged() {
        assert_eq!(see(&[(5, None), (20, Some((0.2, true)))], true), []);
    }

    #[test]
    fn one_sure_look_among_weak_ones_is_not_enough_and_two_are() {
        let weak = Some((0.35, true));
        assert_eq!(see(&[(5, None), (3, weak), (1, Some((0.6, true))), (3, weak)], true), []);
        assert_eq!(see(&[(5, None), (3, weak), (2, Some((0.6, true))), (3, weak)], true).len(), 1);
    }

    #[test]
    fn whoever_sits_down_and_is_hardly_seen_any_more_is_still_there() {
        let signs = see(&[(5, None), (5, Some((0.7, true))), (300, Some((0.35, false)))], true);
        assert_eq!(signs.len(), 1, "{signs:?}");
    }

    #[test]
    fn a_lamp_that_is_switched_on_moves_everything_and_nobody() {
        let mut rule = AfterHours::new(None, 0.5, Duration::from_secs(2));
        let mut now = Now::default();
        for _ in 0..20 {
            now = now.plus(Duration::from_secs(1));
            assert_eq!(rule.observe(&Observation::Motion(Cells::all()), true, now), None);
            let people = People { persons: vec![person(1, AT, 0.9)] };
            assert_eq!(rule.observe(&Observation::People(people), true, now), None);
        }
    }

    /// Keyframes every 6 s, each with somebody else as far as can be told; whether they move; the signs.
    fn see_seldom(sights: &[Option<bool>]) -> Vec<(u64, Sign)> {
        let mut rule = AfterHours::new(None, 0.5, Duration::from_secs(2));
        let (mut now, mut signs) = (Now::default(), Vec::new());
        for (track, sight) in (1..).zip(sights) {
            now = now.plus(Duration::from_secs(6));
            let persons: Vec<_> = sight.map(|_| person(track, AT, 0.7)).into_iter().collect();
            let moved = if *sight == Some(true) { Cells::in_frame(&persons[0].frame) } else { Cells::none() };
            rule.observe(&Observation::Motion(moved), true, now);
            let told = rule.observe(&Observation::People(People { persons }), true, now);
            signs.extend(told.map(|sign| (now.mono.0.as_secs(), sign)));
        }
        signs
    }

    #[test]
    fn who_walks_through_between_seldom_keyframes_cannot_be_followed_and_is_flagged_all_the_same() {
        let signs = see_seldom(&[None, None, Some(true), None, Some(true), Some(true), None, None]);
        let [(30, Sign::Flagged { started_at, .. })] = signs.as_slice() else { panic!("{signs:?}") };
        assert_eq!(started_at.as_millis(), 17_000);
    }

    #[test]
    fn one_sight_between_seldom_keyframes_or_many_that_do_not_move_are_nobody() {
        assert_eq!(see_seldom(&[None, Some(true), None, None, None, None, None, Some(true), None]), []);
        assert_eq!(see_seldom(&[Some(false); 50]), []);
    }

    #[test]
    fn a_stream_that_stopped_for_once_is_not_a_slow_one() {
        let mut rule = AfterHours::new(None, 0.5, Duration::from_secs(2));
        let mut now = Now::default();
        for (track, seconds) in [(1, 1), (2, 1), (3, 10), (4, 1)] {
            now = now.plus(Duration::from_secs(seconds));
            let moved = Cells::in_frame(&person(track, AT, 0.7).frame);
            rule.observe(&Observation::Motion(moved), true, now);
            let people = People { persons: vec![person(track, AT, 0.7)] };
            assert_eq!(rule.observe(&Observation::People(people), true, now), None, "{seconds}");
        }
    }

    #[test]
    fn only_those_in_the_zone_count() {
        let zone = |left| Some(whole("Cửa", (left, 0.0), (left + 0.5, 1.0)));
        for (left, flagged) in [(0.3, 1), (0.0, 0)] {
            let mut rule = AfterHours::new(zone(left).as_ref(), 0.5, Duration::from_secs(2));
            let (mut now, mut signs) = (Now::default(), 0);
            for _ in 0..5 {
                now = now.plus(Duration::from_secs(1));
                rule.observe(&Observation::Motion(Cells::in_frame(&person(1, AT, 0.9).frame)), true, now);
                let people = People { persons: vec![person(1, (0.55, 0.6), 0.9)] };
                signs += usize::from(rule.observe(&Observation::People(people), true, now).is_some());
            }
            assert_eq!(signs, flagged, "zone from {left}");
        }
    }

    #[test]
    fn when_the_camera_is_lost_or_the_centre_opens_the_incident_is_over() {
        for (state, armed) in [(CameraState::Lost, true), (CameraState::Streaming, false)] {
            let mut rule = AfterHours::new(None, 0.5, Duration::from_secs(2));
            let mut now = Now::default();
            for _ in 0..5 {
                now = now.plus(Duration::from_secs(1));
                rule.observe(&Observation::Motion(Cells::in_frame(&person(1, AT, 0.9).frame)), true, now);
                rule.observe(&Observation::People(People { persons: vec![person(1, AT, 0.9)] }), true, now);
            }
            let sign = rule.observe(&Observation::Camera(state), armed, now.plus(Duration::from_secs(8)));
            assert_eq!(sign, Some(Sign::Ended(now.wall)));
        }
    }

    #[test]
    fn during_opening_hours_nothing_is_flagged() {
        assert_eq!(see(&[(5, None), (10, Some((0.9, true)))], false), []);
    }
}
