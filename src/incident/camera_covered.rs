//! `camera-covered`: a hand, a cloth, paint, or nothing but black.
//!
//! A camera is covered when what it usually sees is gone from nearly the whole picture and nothing
//! with edges of its own has taken its place: people who stand close bring their own edges, and
//! a cloth before the lens is out of focus. Before anything is learned (20 s), and for a camera that
//! is covered when the service starts, a picture without any edges counts; a cloth with a pattern
//! is known by what it hides only, so it is not noticed if it was there from the start.
//!
//! **Dark.** A black cloth and a hall whose lights went out are the same picture. While the centre
//! is open its hall is lit, so black is covered, once it was lit: whoever opens may come late, and
//! whoever closes may switch the lights off a little early. At all other times black is night. A
//! cover that comes at night is noticed where the camera has infrared light of its own, else an
//! hour after the centre opened.

use std::time::Duration;

use super::known_view::{KnownView, Likeness};
use super::sustained::{Sustained, Turn, between};
use super::{Gauge, GaugeName, Peak, Sign, Watch, measurement, over};
use crate::config::Hours;
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Observation, View};

const DIP: Duration = Duration::from_secs(3);
const OVER_AFTER: Duration = Duration::from_secs(6);

/// A picture with fewer edges than this share of its cells shows nothing.
const NOTHING: f32 = 0.012;
const NOTHING_STILL: f32 = 0.02;

/// So much of the picture has to be lost; less keeps a flag up (hysteresis).
const LOST: f32 = 0.8;
const LOST_STILL: f32 = 0.6;

/// Darker than this (black is 16) and without edges is black.
const BLACK: f32 = 42.0;

/// A hall that nobody has lit so long after it opened has covered cameras, or is closed.
const LIT_BY: Duration = Duration::from_secs(3600);

/// So long before the end of the hours the lights may go out.
const CLOSING_MS: i64 = 15 * 60_000;

/// The rule for one camera.
pub(super) struct CameraCovered {
    day: Day,
    known: KnownView,
    covered: Sustained,
    /// When the look before this one began: a stretch that is covered in part is not taken for covered.
    before: Option<Now>,
    most: f32,
    lost: Option<f32>,
}

impl CameraCovered {
    pub fn new(hold: Duration, hours: Hours) -> Self {
        let covered = Sustained::new(hold, DIP, OVER_AFTER);
        let day = Day { hours, open_since: None, was_lit: false };
        Self { day, known: KnownView::default(), covered, before: None, most: 0.0, lost: None }
    }

    fn is_covered(&mut self, view: &View, likeness: Option<Likeness>, now: Now) -> bool {
        let still = self.covered.is_flagged();
        let density = view.outline.density();
        let shows_nothing = density < if still { NOTHING_STILL } else { NOTHING };
        let share = if still { LOST_STILL } else { LOST };
        let is_hidden = likeness.is_some_and(|like| like.is_hidden(view, share));
        let is_black = view.brightness < BLACK;
        let is_lit_now = self.day.is_to_be_lit(!is_black, still, now);
        (shows_nothing || is_hidden) && (!is_black || is_lit_now)
    }

    fn peak(&self) -> Peak {
        [("covered_percent".to_owned(), measurement(f64::from(self.most)))].into_iter().collect()
    }
}

/// When the hall is lit.
struct Day {
    hours: Hours,
    open_since: Option<Now>,
    was_lit: bool,
}

impl Day {
    /// Whether black cannot be darkness now. What is already told of goes on to the end of the hours.
    fn is_to_be_lit(&mut self, is_lit: bool, is_told: bool, now: Now) -> bool {
        if !self.hours.is_open(now.wall) {
            (self.open_since, self.was_lit) = (None, false);
            return false;
        }
        self.was_lit |= is_lit;
        let opened = self.open_since.get_or_insert(now);
        let has_begun = self.was_lit || now.mono.since(opened.mono) >= LIT_BY;
        is_told || (has_begun && self.hours.is_open(now.wall.plus_millis(CLOSING_MS)))
    }
}

impl Watch for CameraCovered {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        let view = match observation {
            Observation::View(view) => view,
            // Nothing can be seen any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => return over(self.covered.end()),
            _ => return None,
        };
        let likeness = self.known.see(view, self.covered.is_flagged(), now);
        self.lost = likeness.map(|like| like.lost);
        let met = self.is_covered(view, likeness, now);
        let began = between(self.before.replace(view.began), view.began);
        let turn = if armed { self.covered.look(met, began, now) } else { self.covered.end() };
        let percent = 100.0 * likeness.filter(|_| view.outline.density() >= NOTHING).map_or(1.0, |l| l.lost);
        let is_most = met && percent > self.most + 0.5;
        if !self.covered.is_rising() {
            self.most = 0.0;
        } else if is_most {
            self.most = percent;
        }
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.peak() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing if is_most && self.covered.is_flagged() => Some(Sign::Stronger(self.peak())),
            Turn::Nothing => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.covered.wait(now))
    }

    fn gauges(&self) -> Vec<Gauge> {
        let lost = self.lost.map(|lost| Gauge { name: GaugeName::ViewLost, value: f64::from(lost) });
        lost.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::known_view::halls::{hall, view};
    use super::*;
    use crate::model::Wall;

    const BARE_CLOTH: fn(usize, usize) -> f32 = |_, _| 120.0;
    const BLACK_CLOTH: fn(usize, usize) -> f32 = |_, _| 17.0;

    type Light = fn(usize, usize) -> f32;

    /// Shows so many seconds of each; gives each sign with its second.
    fn see(stretches: &[(u64, Light)], hours: Hours) -> Vec<(u64, Sign)> {
        let mut rule = CameraCovered::new(Duration::from_secs(10), hours);
        let shown = stretches.iter().flat_map(|(seconds, light)| (0..*seconds).map(move |_| *light));
        let mut signs = Vec::new();
        for (second, light) in shown.enumerate() {
            let (view, now) = view(second as u64, 0.7, light);
            signs.extend(rule.observe(&Observation::View(view), true, now).map(|sign| (second as u64, sign)));
        }
        signs
    }

    fn always_open() -> Hours {
        Hours::of_a_test(&["mon-sun 00:00-24:00"])
    }

    fn never_open() -> Hours {
        Hours::of_a_test(&[])
    }

    #[test]
    fn a_cloth_is_flagged_after_the_hold_and_its_end_is_told() {
        let signs = see(&[(30, hall), (20, BARE_CLOTH), (20, hall)], never_open());
        assert!(
            matches!(&signs[0], (39, Sign::Flagged { started_at, .. }) if started_at.as_millis() == 29_500),
            "it came at some time in the second before: {signs:?}"
        );
        assert!(
            matches!(signs[1], (_, Sign::Ended(at)) if (49_000..51_000).contains(&at.as_millis())),
            "{signs:?}"
        );
    }

    #[test]
    fn a_camera_that_is_covered_at_the_start_is_flagged_too() {
        let signs = see(&[(12, BARE_CLOTH)], never_open());
        assert!(
            matches!(&signs[0], (10, Sign::Flagged { started_at, .. }) if *started_at == Wall::default())
        );
    }

    #[test]
    fn black_is_covered_while_the_centre_is_open_and_night_else() {
        assert_eq!(see(&[(30, hall), (20, BLACK_CLOTH)], always_open()).len(), 1);
        assert_eq!(see(&[(30, hall), (20, BLACK_CLOTH)], never_open()), []);
    }

    #[test]
    fn light_that_is_switched_is_no_cover() {
        let dim: Light = |x, y| 16.0 + (hall(x, y) - 16.0) / 4.0;
        assert_eq!(see(&[(30, hall), (30, dim), (30, hall)], always_open()), []);
    }

    #[test]
    fn somebody_who_stands_before_the_camera_for_a_moment_is_no_cover() {
        let passing = [(30, hall as Light), (8, BARE_CLOTH), (30, hall)];
        assert_eq!(see(&passing, always_open()), []);
    }

    #[test]
    fn a_hall_that_is_still_dark_when_it_opens_is_not_covered_until_an_hour_has_passed() {
        assert_eq!(see(&[(3590, BLACK_CLOTH), (30, hall)], always_open()), []);
        assert_eq!(see(&[(3620, BLACK_CLOTH)], always_open()).len(), 1);
    }

    #[test]
    fn lights_that_go_out_a_little_before_the_end_of_the_hours_are_no_cover() {
        let until = |end: &str| Hours::of_a_test(&[&format!("mon-sun 00:00-{end}")]);
        // The clock of the tests begins at 08:00 of Saigon (in 1970 that was UTC+8).
        assert_eq!(see(&[(30, hall), (20, BLACK_CLOTH)], until("08:10")), []);
        assert_eq!(see(&[(30, hall), (20, BLACK_CLOTH)], until("08:30")).len(), 1);
    }
}
