//! `crowding`: many people at once in a zone, for a while.
//!
//! In a crowd the model misses one or the other from look to look: dips are forgiven, and once
//! flagged one person fewer keeps the incident up.

use std::time::Duration;

use super::place::Place;
use super::sustained::{Sustained, Turn, UNSEEN, between};
use super::{Peak, Sign, Watch, over};
use crate::config::Zone;
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Observation, People};

const DIP: Duration = Duration::from_secs(10);
const OVER_AFTER: Duration = Duration::from_secs(30);

/// The rule for one zone, or the whole picture.
pub(super) struct Crowding {
    place: Place,
    min_people: u32,
    crowd: Sustained,
    looked: Option<Now>,
    most: u32,
}

impl Crowding {
    pub fn new(zone: Option<&Zone>, min_people: u32, hold: Duration) -> Self {
        let crowd = Sustained::new(hold, DIP, OVER_AFTER);
        Self { place: Place::of(zone), min_people, crowd, looked: None, most: 0 }
    }

    fn look(&mut self, people: &People, armed: bool, now: Now) -> Option<Sign> {
        let before = self.looked.replace(now).filter(|before| now.mono.since(before.mono) < UNSEEN);
        if !armed {
            return over(self.crowd.end());
        }
        let there = people.persons.iter().filter(|person| self.place.has(person)).count();
        let there = u32::try_from(there).unwrap_or(u32::MAX);
        let slack = u32::from(self.crowd.is_flagged());
        let met = there >= self.min_people.saturating_sub(slack);
        let turn = self.crowd.look(met, between(before, now), now);
        let was = self.most;
        self.most = if self.crowd.is_rising() { was.max(there) } else { 0 };
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.peak() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing if self.crowd.is_flagged() && self.most > was => Some(Sign::Stronger(self.peak())),
            Turn::Nothing => None,
        }
    }

    fn peak(&self) -> Peak {
        [("people".to_owned(), self.most.into())].into_iter().collect()
    }
}

impl Watch for Crowding {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        match observation {
            Observation::People(people) => self.look(people, armed, now),
            // Nobody can be seen any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => over(self.crowd.end()),
            Observation::Camera(_) if !armed => over(self.crowd.end()),
            _ => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.crowd.wait(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::place::testing::{person, whole};

    /// Looks every `every_ms` at so many people in the right half, and 20 in the left one.
    fn see(every_ms: u64, counts: &[(usize, usize)]) -> Vec<(f64, Sign)> {
        let zone = whole("Ghế chờ", (0.5, 0.0), (1.0, 1.0));
        let mut rule = Crowding::new(Some(&zone), 8, Duration::from_secs(30));
        let (mut now, mut signs) = (Now::default(), Vec::new());
        for count in counts.iter().flat_map(|(looks, count)| std::iter::repeat_n(*count, *looks)) {
            now = now.plus(Duration::from_millis(every_ms));
            let here = (0..count as u64).map(|i| person(i, (0.7, 0.9), 0.6));
            let others = (100..120).map(|i| person(i, (0.2, 0.9), 0.6));
            let people = People { persons: here.chain(others).collect() };
            let sign = rule.observe(&Observation::People(people), true, now);
            signs.extend(sign.map(|sign| (now.mono.0.as_secs_f64(), sign)));
        }
        signs
    }

    #[test]
    fn eight_people_for_half_a_minute_are_a_crowd_and_seven_are_none() {
        let signs = see(500, &[(20, 2), (100, 8), (100, 2)]);
        let Sign::Flagged { started_at, peak } = &signs[0].1 else { panic!("{signs:?}") };
        assert!((signs[0].0 - 40.5).abs() < 0.6, "{signs:?}");
        assert_eq!((started_at.as_millis(), &peak["people"]), (10_250, &8.into()));
        assert!(matches!(signs[1], (90.0, Sign::Ended(at)) if at.as_millis() == 60_000), "{signs:?}");
        assert_eq!(see(500, &[(20, 2), (1000, 7)]), []);
    }

    #[test]
    fn people_whom_the_model_misses_now_and_then_are_still_there() {
        let flickering: Vec<_> = (0..60).map(|i| (1, if i % 3 == 0 { 6 } else { 8 })).collect();
        assert_eq!(see(1000, &[vec![(10, 0)], flickering].concat()).len(), 1);
    }

    #[test]
    fn a_group_that_walks_through_is_no_crowd() {
        assert_eq!(see(1000, &[(10, 0), (20, 12), (60, 3), (20, 12), (60, 3)]), []);
    }

    #[test]
    fn once_flagged_one_fewer_keeps_it_up_and_more_are_told() {
        let signs = see(1000, &[(5, 0), (40, 8), (300, 7), (5, 11)]);
        assert_eq!(signs.len(), 2, "{signs:?}");
        assert!(matches!(&signs[1].1, Sign::Stronger(peak) if peak["people"] == 11));
    }

    #[test]
    fn looks_every_five_seconds_are_enough() {
        let signs = see(5000, &[(3, 1), (10, 9)]);
        let Sign::Flagged { started_at, .. } = &signs[0].1 else { panic!("{signs:?}") };
        assert_eq!(started_at.as_millis(), 19_000, "no more than a second before it was seen");
    }
}
