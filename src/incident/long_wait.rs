//! `long-wait`: one person has been in a zone for too long.
//!
//! A visit belongs to a person who is followed. Those who are followed get lost now and then: whoever appears
//! out of nothing where another had vanished just before takes the visit over. Whoever walks in
//! from elsewhere does not, so that the next in the queue starts anew.

use std::collections::BTreeSet;
use std::time::Duration;

use super::place::Place;
use super::sustained::{UNSEEN, between};
use super::{Peak, Sign, Watch};
use crate::config::Zone;
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Frame, Observation, People, Person};

/// A visit goes on if its person is found again, or comes back, within this.
const BRIDGE: Duration = Duration::from_secs(30);

/// The longest wait is told again when it has grown by so much.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// The rule for one zone, or the whole picture.
pub(super) struct LongWait {
    place: Place,
    hold: Duration,
    visits: Vec<Visit>,
    /// Who was in the picture at the last look.
    known: BTreeSet<u64>,
    looked: Option<Now>,
    flagged: Option<Told>,
}

/// What was told last.
#[derive(Debug, Clone, Copy)]
struct Told {
    people: usize,
    longest: Duration,
    last: Now,
}

#[derive(Debug, Clone, Copy)]
struct Visit {
    track: u64,
    began: Now,
    last: Now,
    frame: Frame,
}

impl LongWait {
    pub fn new(zone: Option<&Zone>, hold: Duration) -> Self {
        let place = Place::of(zone);
        Self { place, hold, visits: vec![], known: BTreeSet::new(), looked: None, flagged: None }
    }

    fn look(&mut self, people: &People, now: Now) -> Option<Sign> {
        let before = self.looked.replace(now).filter(|before| now.mono.since(before.mono) < UNSEEN);
        if before.is_none() {
            self.visits.clear();
        }
        let present: BTreeSet<u64> = people.persons.iter().map(|person| person.track).collect();
        let (place, visits, known) = (&self.place, &mut self.visits, &self.known);
        for person in people.persons.iter().filter(|person| place.has(person)) {
            let is_new = before.is_some() && !known.contains(&person.track);
            let mine = visits.iter().position(|visit| visit.track == person.track);
            let mine = mine.or_else(|| is_new.then(|| vanished_near(visits, person, &present))?);
            match mine.and_then(|at| visits.get_mut(at)) {
                Some(visit) => (visit.track, visit.last, visit.frame) = (person.track, now, person.frame),
                None => visits.push(Visit {
                    track: person.track,
                    began: between(before, now),
                    last: now,
                    frame: person.frame,
                }),
            }
        }
        visits.retain(|visit| now.mono.since(visit.last.mono) < BRIDGE);
        self.known = present;
        self.judge()
    }

    fn judge(&mut self) -> Option<Sign> {
        let long = self.visits.iter().filter(|visit| visit.waited() >= self.hold);
        let longest = long.clone().max_by_key(|visit| visit.waited());
        let (people, longest) = match (longest, &mut self.flagged) {
            (Some(longest), _) => (long.count(), *longest),
            (None, flagged) => return flagged.take().map(|told| Sign::Ended(told.last.wall)),
        };
        let told = Told { people, longest: longest.waited(), last: longest.last };
        let peak: Peak = [("people", people as u64), ("longest_s", told.longest.as_secs())]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        match &mut self.flagged {
            None => {
                self.flagged = Some(told);
                Some(Sign::Flagged { started_at: longest.began.wall, peak })
            }
            Some(before) => {
                before.last = told.last;
                let has_grown = told.longest >= before.longest.saturating_add(TOLD_EVERY);
                let is_news = told.people > before.people || has_grown;
                if is_news {
                    *before = told;
                }
                is_news.then_some(Sign::Stronger(peak))
            }
        }
    }

    fn end(&mut self) -> Option<Sign> {
        self.visits.clear();
        self.flagged.take().map(|told| Sign::Ended(told.last.wall))
    }
}

impl Visit {
    fn waited(&self) -> Duration {
        self.last.mono.since(self.began.mono)
    }
}

/// The visit of somebody who has vanished nearest to where this new person is.
fn vanished_near(visits: &[Visit], person: &Person, present: &BTreeSet<u64>) -> Option<usize> {
    let gone = visits.iter().enumerate().filter(|(_, visit)| !present.contains(&visit.track));
    let near = gone.filter_map(|(at, visit)| Some((at, apart(&visit.frame, &person.frame)?)));
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

/// How far apart two outlines are, if they can be the same person.
fn apart(a: &Frame, b: &Frame) -> Option<f64> {
    let width = f64::from((a.right - a.left).max(b.right - b.left));
    let height = f64::from((a.bottom - a.top).max(b.bottom - b.top));
    let ((ax, ay), (bx, by)) = (a.foot(), b.foot());
    let (dx, dy) = ((ax - bx).abs(), (ay - by).abs());
    (dx <= width && dy <= height * 0.4).then(|| dx.hypot(dy))
}

impl Watch for LongWait {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        match observation {
            _ if !armed => self.end(),
            Observation::People(people) => self.look(people, now),
            // Nobody can be seen any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => self.end(),
            _ => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        let last = self.looked?;
        if now.mono.since(last.mono) >= UNSEEN { self.end() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::place::testing::{person, whole};

    const SEAT: (f64, f64) = (0.3, 0.6);
    const DOOR: (f64, f64) = (0.9, 0.6);

    struct World {
        rule: LongWait,
        now: Now,
        signs: Vec<(u64, Sign)>,
    }

    impl World {
        fn new() -> Self {
            let zone = whole("Ghế chờ", (0.0, 0.0), (0.6, 1.0));
            let rule = LongWait::new(Some(&zone), Duration::from_secs(1200));
            Self { rule, now: Now::default(), signs: vec![] }
        }

        /// Looks once a second at people: which track, and where.
        fn look(&mut self, seconds: u64, people: &[(u64, (f64, f64))]) -> &mut Self {
            for _ in 0..seconds {
                self.now = self.now.plus(Duration::from_secs(1));
                let persons = people.iter().map(|(track, foot)| person(*track, *foot, 0.7)).collect();
                let sign = self.rule.observe(&Observation::People(People { persons }), true, self.now);
                self.signs.extend(sign.map(|sign| (self.now.mono.0.as_secs(), sign)));
            }
            self
        }

        fn told(&self) -> Vec<(&'static str, u64, u64)> {
            let told = self.signs.iter().filter_map(|(at, sign)| match sign {
                Sign::Flagged { started_at, .. } => Some(("flagged", *at, *started_at)),
                Sign::Ended(since) => Some(("ended", *at, *since)),
                Sign::Stronger(_) => None,
            });
            told.map(|(what, at, since)| (what, at, since.as_millis() as u64 / 1000)).collect()
        }
    }

    #[test]
    fn who_waits_for_twenty_minutes_is_flagged_since_they_came_and_it_ends_when_they_go() {
        let mut world = World::new();
        world.look(10, &[]).look(1300, &[(1, SEAT)]).look(60, &[(1, DOOR)]);
        assert_eq!(world.told(), [("flagged", 1211, 10), ("ended", 1340, 1310)]);
    }

    #[test]
    fn many_who_come_and_go_are_no_long_wait() {
        let mut world = World::new();
        for track in 0..10 {
            world.look(600, &[(track, SEAT)]).look(2, &[(track, DOOR), (track + 1, DOOR)]);
        }
        assert_eq!(world.told(), []);
    }

    #[test]
    fn who_is_lost_and_found_again_at_the_same_place_is_the_same_person() {
        let mut world = World::new();
        world.look(5, &[]);
        for track in 0..10 {
            world.look(120, &[(track, SEAT)]).look(10, &[]);
        }
        assert_eq!(world.told(), [("flagged", 1206, 5)]);
    }

    #[test]
    fn who_is_found_elsewhere_or_much_later_or_walked_in_is_another() {
        for (second, after) in [(10, (0.55, 0.6)), (35, SEAT)] {
            let mut world = World::new();
            world.look(5, &[]).look(1000, &[(1, SEAT)]).look(second, &[]).look(1000, &[(2, after)]);
            assert_eq!(world.told(), [], "after {second} s at {after:?}");
        }
        let mut world = World::new();
        world.look(5, &[]).look(1000, &[(1, SEAT)]).look(5, &[(2, DOOR)]).look(1000, &[(2, SEAT)]);
        assert_eq!(world.told(), []);
    }

    #[test]
    fn two_who_wait_are_one_incident_that_lasts_until_both_are_gone() {
        let mut world = World::new();
        let other = (0.5, 0.9);
        world.look(5, &[]).look(600, &[(1, SEAT)]).look(1250, &[(1, SEAT), (2, other)]);
        world.look(600, &[(2, other)]).look(60, &[]);
        assert_eq!(world.told(), [("flagged", 1206, 5), ("ended", 2485, 2455)]);
        let most = world.signs.iter().filter_map(|(_, sign)| match sign {
            Sign::Stronger(peak) => peak["people"].as_u64(),
            _ => None,
        });
        assert_eq!(most.max(), Some(2));
    }

    #[test]
    fn who_has_not_waited_for_long_is_no_part_of_it() {
        let mut world = World::new();
        world.look(5, &[]).look(600, &[(1, SEAT)]).look(800, &[(1, SEAT), (2, (0.5, 0.9))]);
        world.look(100, &[(2, (0.5, 0.9))]);
        assert_eq!(world.told(), [("flagged", 1206, 5), ("ended", 1435, 1405)]);
    }

    #[test]
    fn closing_a_lost_camera_and_a_long_pause_end_it() {
        let people = Observation::People(People { persons: vec![person(1, SEAT, 0.7)] });
        let lost = Observation::Camera(CameraState::Lost);
        for (what, armed) in [(Some(&lost), true), (Some(&people), false), (None, true)] {
            let mut world = World::new();
            world.look(1300, &[(1, SEAT)]);
            let later = world.now.plus(UNSEEN);
            let sign = match what {
                Some(what) => world.rule.observe(what, armed, later),
                None => world.rule.tick(later),
            };
            assert_eq!(sign, Some(Sign::Ended(world.now.wall)));
        }
    }
}
