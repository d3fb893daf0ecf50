//! `after-hours`: something moves where nobody should be.
//!
//! Motion is the share of the watched cells that changed. It has to hold, because a headlight or a
//! lamp that is switched on changes everything for one picture only.

use std::time::Duration;

use super::sustained::{Sustained, Turn, UNSEEN};
use super::{Peak, Sign, Watch, measurement, over};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Cells, Observation};

const DIP: Duration = Duration::from_secs(3);
const OVER_AFTER: Duration = Duration::from_secs(15);

/// More than this of the watched cells at once is light, not a person.
const LIGHT_PERCENT: f64 = 85.0;

/// The rule for one camera's picture.
pub(super) struct AfterHours {
    watched: Cells,
    min_motion_percent: f64,
    moving: Sustained,
    most: f64,
    looked: Option<Now>,
}

impl AfterHours {
    pub fn new(watched: Cells, min_motion_percent: f64, hold: Duration) -> Self {
        Self {
            watched,
            min_motion_percent,
            moving: Sustained::new(hold, DIP, OVER_AFTER),
            most: 0.0,
            looked: None,
        }
    }

    fn peak(&self) -> Peak {
        [("moved_percent".to_owned(), measurement(self.most))].into_iter().collect()
    }
}

impl Watch for AfterHours {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        let moved = match observation {
            Observation::Motion(moved) => moved,
            // Nobody can be seen any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => {
                self.looked = None;
                return over(self.moving.end());
            }
            _ => return None,
        };
        // A look long ago says nothing of the time since.
        let before = self.looked.replace(now).filter(|before| now.mono.since(before.mono) < UNSEEN);
        let began = before.unwrap_or(now);
        let percent =
            f64::from(moved.and(&self.watched).count()) * 100.0 / f64::from(self.watched.count().max(1));
        let turn = if armed {
            let met = percent >= self.min_motion_percent && percent <= LIGHT_PERCENT;
            self.moving.look(met, began, now)
        } else {
            self.moving.end()
        };
        let is_most = self.moving.is_rising() && percent > self.most + 0.05 && percent <= LIGHT_PERCENT;
        if is_most {
            self.most = percent;
        } else if !self.moving.is_rising() {
            self.most = 0.0;
        }
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.peak() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing if is_most && self.moving.is_flagged() => Some(Sign::Stronger(self.peak())),
            Turn::Nothing => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.moving.wait(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(n: usize) -> Cells {
        let mut cells = Cells::none();
        (0..n).for_each(|i| cells.insert(i % 32, i / 32));
        cells
    }

    /// Looks five times a second at so many moved cells of 576.
    fn see(moved: &[(f64, usize)], armed: bool) -> Vec<(f64, Sign)> {
        let mut rule = AfterHours::new(Cells::all(), 1.0, Duration::from_secs(1));
        let (mut now, mut signs) = (Now::default(), Vec::new());
        for (seconds, n) in moved {
            for _ in 0..(seconds * 5.0) as usize {
                now = now.plus(Duration::from_millis(200));
                if let Some(sign) = rule.observe(&Observation::Motion(cells(*n)), armed, now) {
                    signs.push((now.mono.0.as_secs_f64(), sign));
                }
            }
        }
        signs
    }

    #[test]
    fn somebody_who_walks_through_is_flagged_and_the_incident_ends_when_they_are_gone() {
        let signs = see(&[(5.0, 0), (4.0, 12), (20.0, 0)], true);
        assert!(matches!(signs[0].1, Sign::Flagged { .. }) && (signs[0].0 - 6.0).abs() < 0.21, "{signs:?}");
        assert!(matches!(signs.last().unwrap().1, Sign::Ended(at) if at.as_millis() == 9000), "{signs:?}");
    }

    #[test]
    fn a_lamp_that_is_switched_on_is_not_a_person() {
        assert_eq!(see(&[(5.0, 0), (0.2, 576), (5.0, 0)], true), []);
        assert_eq!(see(&[(5.0, 0), (3.0, 570), (5.0, 0)], true), []);
    }

    #[test]
    fn an_insect_is_too_small() {
        assert_eq!(see(&[(5.0, 0), (10.0, 3)], true), []);
    }

    #[test]
    fn when_the_camera_is_lost_the_incident_is_over() {
        let mut rule = AfterHours::new(Cells::all(), 1.0, Duration::from_secs(1));
        let mut now = Now::default();
        for _ in 0..20 {
            now = now.plus(Duration::from_millis(200));
            rule.observe(&Observation::Motion(cells(30)), true, now);
        }
        let lost = Observation::Camera(CameraState::Lost);
        let sign = rule.observe(&lost, true, now.plus(Duration::from_secs(8)));
        assert_eq!(sign, Some(Sign::Ended(now.wall)));
    }

    #[test]
    fn when_nothing_is_seen_any_more_the_incident_is_over() {
        let mut rule = AfterHours::new(Cells::all(), 1.0, Duration::from_secs(1));
        let mut now = Now::default();
        for _ in 0..20 {
            now = now.plus(Duration::from_millis(200));
            rule.observe(&Observation::Motion(cells(30)), true, now);
        }
        assert_eq!(rule.tick(now.plus(Duration::from_secs(29))), None);
        assert_eq!(rule.tick(now.plus(Duration::from_secs(30))), Some(Sign::Ended(now.wall)));
    }

    #[test]
    fn during_opening_hours_nothing_is_flagged() {
        assert_eq!(see(&[(5.0, 0), (10.0, 40)], false), []);
    }
}
