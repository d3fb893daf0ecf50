//! What becomes of looks at a counter, as sentences.

use super::*;
use crate::incident::place::testing::{camera, person, whole};
use crate::model::Wall;

const STAFF: (f64, f64) = (0.2, 0.4);
const CITIZEN: (f64, f64) = (0.2, 0.8);
const FAR_CITIZEN: (f64, f64) = (0.9, 0.8);

/// A counter that is watched: staff behind it, its citizens before it, those of another beside it.
struct Counter {
    rule: CounterUnattended,
    now: Now,
    every: Duration,
    signs: Vec<(u64, Sign)>,
}

impl Counter {
    fn new(every_ms: u64) -> Self {
        let staff = whole("Sau quầy", (0.0, 0.0), (0.4, 0.5));
        let mut zones =
            vec![whole("Quầy bên", (0.7, 0.5), (1.0, 1.0)), whole("Trước quầy", (0.0, 0.5), (0.4, 1.0))];
        zones.iter_mut().for_each(|zone| zone.purpose = ZonePurpose::Citizen);
        zones.push(staff.clone());
        let (hold, with) = (Duration::from_secs(600), Duration::from_secs(180));
        let rule = CounterUnattended::new(&camera(zones), Some(&staff), hold, with);
        Self { rule, now: Now::default(), every: Duration::from_millis(every_ms), signs: vec![] }
    }

    /// Looks for so long at people with their feet there.
    fn look(&mut self, seconds: u64, feet: &[(f64, f64)]) -> &mut Self {
        self.look_when(seconds, true, |_| feet.to_vec())
    }

    fn look_when(&mut self, seconds: u64, armed: bool, feet: impl Fn(u32) -> Vec<(f64, f64)>) -> &mut Self {
        let until = self.now.plus(Duration::from_secs(seconds));
        for i in 0.. {
            if self.now.mono >= until.mono {
                break;
            }
            self.now = self.now.plus(self.every);
            let persons = feet(i).into_iter().map(|foot| person(1, foot, 0.7)).collect();
            let sign = self.rule.observe(&Observation::People(People { persons }), armed, self.now);
            let sign = sign.or(self.rule.tick(self.now));
            self.signs.extend(sign.map(|sign| (self.now.mono.0.as_secs(), sign)));
        }
        self
    }

    fn pause(&mut self, seconds: u64) -> &mut Self {
        for _ in 0..seconds {
            self.now = self.now.plus(Duration::from_secs(1));
            let sign = self.rule.tick(self.now);
            self.signs.extend(sign.map(|sign| (self.now.mono.0.as_secs(), sign)));
        }
        self
    }

    /// When it was flagged and since when; when it was over and since when.
    fn told(&self) -> Vec<(&'static str, u64, u64)> {
        let seconds = |at: Wall| u64::try_from(at.as_millis()).unwrap() / 1000;
        let told = self.signs.iter().filter_map(|(at, sign)| match sign {
            Sign::Flagged { started_at, .. } => Some(("flagged", *at, seconds(*started_at))),
            Sign::Ended(since) => Some(("ended", *at, seconds(*since))),
            Sign::Stronger(_) => None,
        });
        told.collect()
    }
}

#[test]
fn an_empty_counter_is_flagged_after_ten_minutes_and_dated_to_when_staff_left() {
    let mut counter = Counter::new(1000);
    counter.look(60, &[STAFF]).look(700, &[]).look(5, &[STAFF]);
    assert_eq!(counter.told(), [("flagged", 661, 60), ("ended", 762, 761)]);
    let Sign::Flagged { peak, .. } = &counter.signs[0].1 else { panic!() };
    assert_eq!((&peak["unattended_s"], &peak["citizens"]), (&600.into(), &0.into()));
}

#[test]
fn a_citizen_who_stands_there_all_the_while_shortens_patience_to_three_minutes() {
    let mut counter = Counter::new(500);
    counter.look(60, &[STAFF, CITIZEN]).look(300, &[CITIZEN]);
    assert_eq!(counter.told(), [("flagged", 240, 60)]);
    let Sign::Flagged { peak, .. } = &counter.signs[0].1 else { panic!() };
    assert_eq!(peak["citizens"], 1);
}

#[test]
fn a_citizen_who_comes_later_waits_three_minutes_and_the_date_is_when_staff_left() {
    let mut counter = Counter::new(1000);
    counter.look(60, &[STAFF]).look(240, &[]).look(200, &[CITIZEN]);
    assert_eq!(counter.told(), [("flagged", 481, 60)]);
}

#[test]
fn a_citizen_at_another_counter_or_one_who_passes_shortens_nothing() {
    let mut counter = Counter::new(1000);
    counter.look(60, &[STAFF]).look(300, &[FAR_CITIZEN]).look(10, &[CITIZEN]).look(250, &[FAR_CITIZEN]);
    assert_eq!(counter.told(), []);
}

#[test]
fn a_short_dash_away_is_nothing() {
    let mut counter = Counter::new(1000);
    for _ in 0..20 {
        counter.look(100, &[STAFF]).look(170, &[CITIZEN]);
    }
    assert_eq!(counter.told(), []);
}

#[test]
fn staff_whom_the_model_finds_at_one_look_in_six_are_there() {
    let mut counter = Counter::new(2000);
    counter.look_when(3600, true, |i| if i % 6 == 0 { vec![STAFF] } else { vec![CITIZEN] });
    assert_eq!(counter.told(), []);
}

#[test]
fn one_wrong_sight_in_an_empty_zone_neither_resets_the_clock_nor_ends_the_incident() {
    let mut counter = Counter::new(1000);
    counter.look(60, &[STAFF]).look(300, &[]).look(1, &[STAFF]).look(400, &[]).look(1, &[STAFF]);
    counter.look(60, &[]);
    assert_eq!(counter.told(), [("flagged", 661, 60)]);
}

#[test]
fn before_any_look_nothing_is_said_and_the_clock_begins_with_the_first() {
    let mut counter = Counter::new(1000);
    counter.pause(3600).look(610, &[]);
    assert_eq!(counter.told(), [("flagged", 4201, 3601)]);
}

#[test]
fn opening_begins_the_clock_and_closing_ends_the_incident() {
    let mut counter = Counter::new(1000);
    counter.look_when(3600, false, |_| vec![]).look(650, &[]);
    assert_eq!(counter.told(), [("flagged", 4201, 3601)]);
    counter.look_when(60, false, |_| vec![]);
    assert_eq!(counter.told()[1..], [("ended", 4251, 4251)]);
}

#[test]
fn time_without_looks_does_not_count_and_after_a_long_pause_it_begins_anew() {
    let mut counter = Counter::new(1000);
    counter.look(60, &[STAFF]).look(300, &[]).pause(120).look(290, &[]);
    assert_eq!(counter.told(), []);
    counter.look(20, &[]);
    assert_eq!(counter.told().len(), 1);

    let mut counter = Counter::new(1000);
    counter.look(60, &[STAFF]).look(500, &[]).pause(400).look(590, &[]);
    assert_eq!(counter.told(), []);
}

#[test]
fn when_nobody_looks_any_more_the_incident_is_over_since_the_last_look() {
    let mut counter = Counter::new(1000);
    counter.look(700, &[]).pause(60);
    assert_eq!(counter.told()[1..], [("ended", 730, 700)]);
    let mut counter = Counter::new(1000);
    counter.look(700, &[]);
    let lost = Observation::Camera(CameraState::Lost);
    let sign = counter.rule.observe(&lost, true, counter.now.plus(Duration::from_secs(8)));
    assert_eq!(sign, Some(Sign::Ended(counter.now.wall)));
}

#[test]
fn looks_every_five_seconds_say_the_same() {
    let mut counter = Counter::new(5000);
    counter.look(60, &[STAFF]).look(700, &[]).look(20, &[STAFF]);
    assert_eq!(counter.told(), [("flagged", 665, 64), ("ended", 770, 765)]);
}
