//! `camera-moved`: a camera looks elsewhere.
//!
//! What it usually sees is gone or found elsewhere in the picture, and there are other edges in its
//! place that stay: a wall, furniture. People, however many, do not stay. Judged 20 s after
//! the start of the service; a camera that was moved while it was off is not noticed, a connection
//! that was lost in between does not matter.
//!
//! **After a move.** The incident goes on until the camera looks again where it did, or for a whole
//! day, after which the new view is the known one. Restarting the service does that at once.

use std::time::Duration;

use super::known_view::{KnownView, Likeness};
use super::sustained::{Sustained, Turn};
use super::{Gauge, GaugeName, Peak, Sign, Watch, measurement, over};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{OUTLINE_COLUMNS, Observation, View};

const DIP: Duration = Duration::from_secs(4);
const OVER_AFTER: Duration = Duration::from_secs(10);

/// A view of which less than this is kept, in so much of the picture, is another one; and one of which
/// hardly more is kept than chance keeps, in half of it.
const KEPT: f32 = 0.45;
const LOST: f32 = 0.65;
const HARDLY_KEPT: f32 = 0.35;
const HALF_LOST: f32 = 0.5;

/// The same when the light changed with it, as when the only lamp goes on.
const KEPT_IN_OTHER_LIGHT: f32 = 0.25;
const OTHER_LIGHT: f32 = 1.6;

/// Below this it may have moved a little: the edges are then looked for nearby.
const DOUBTFUL: f32 = 0.75;

/// A view of which less than this is kept is strange. A zoom may be no more than that for a while, until the
/// encoder has drawn the new view: a move began with it, if that is no longer ago than this. The hold counts
/// from there, but for this part of it at least the view has to be another one.
const STRANGE: f32 = 0.6;
const DOUBT: Duration = Duration::from_secs(120);
const SURE_FOR_ONE_OF: u32 = 3;

/// Less than this keeps a flag up (hysteresis).
const KEPT_STILL: f32 = 0.8;

/// So much of the picture hidden is a covered camera; fewer edges than this are a dark one.
const HIDDEN: f32 = 0.75;
const BARE: f32 = 0.35;

/// The rule for one camera.
pub(super) struct CameraMoved {
    known: KnownView,
    light: f32,
    kept: Option<f32>,
    moved: Sustained,
    sure_after: Duration,
    found: Option<Found>,
    /// Since when the view is strange, and since when it is another one.
    strange_since: Option<Now>,
    other_since: Option<Now>,
}

/// What is told of a move.
#[derive(Debug, Clone, Copy)]
struct Found {
    lost: f32,
    shift: Option<f32>,
}

impl CameraMoved {
    pub fn new(hold: Duration) -> Self {
        Self {
            known: KnownView::default(),
            light: 0.0,
            kept: None,
            moved: Sustained::new(hold, DIP, OVER_AFTER),
            sure_after: hold / SURE_FOR_ONE_OF,
            found: None,
            strange_since: None,
            other_since: None,
        }
    }

    /// Whether the view is another one, and what is to be told of it.
    #[expect(clippy::cast_precision_loss, reason = "a grid has few cells")]
    fn judge(&mut self, view: &View, like: Likeness) -> Option<Found> {
        let light = (view.brightness - 16.0).max(0.0) + 14.0;
        if like.kept >= DOUBTFUL {
            self.light = light;
            return None;
        }
        let is_other_light = (light / self.light.max(1.0)).ln().abs() > OTHER_LIGHT.ln();
        let limit = if is_other_light { KEPT_IN_OTHER_LIGHT } else { KEPT };
        let shift = self.known.edges().shift(&view.outline);
        let is_gone = like.kept < limit && like.lost >= LOST
            || !is_other_light && like.kept < HARDLY_KEPT && like.lost >= HALF_LOST;
        if !is_gone && shift.is_none() {
            return None;
        }
        Some(Found { lost: like.lost, shift: shift.map(|cells| cells * 100.0 / OUTLINE_COLUMNS as f32) })
    }

    fn peak(&self) -> Peak {
        let Some(found) = self.found else { return Peak::new() };
        let lost = Some(("changed_percent", 100.0 * found.lost));
        let shift = found.shift.map(|shift| ("shift_percent", shift));
        [lost, shift]
            .into_iter()
            .flatten()
            .map(|(name, v)| (name.to_owned(), measurement(f64::from(v))))
            .collect()
    }
}

impl Watch for CameraMoved {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        let view = match observation {
            Observation::View(view) => view,
            // Nothing can be seen any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => return over(self.moved.end()),
            _ => return None,
        };
        let still = self.moved.is_flagged();
        let like = self.known.see(view, still, now);
        self.kept = like.map(|like| like.kept);
        let like = like?;
        let met = if like.edges < BARE || like.is_hidden(view, HIDDEN) {
            // Nothing can be said: it goes on as it was.
            self.strange_since = None;
            still
        } else if still {
            like.kept < KEPT_STILL
        } else {
            let found = self.judge(view, like);
            self.found = found.or(self.found);
            if like.kept >= STRANGE {
                self.strange_since = None;
            } else {
                self.strange_since.get_or_insert(view.began);
            }
            found.is_some()
        };
        let other_since = *self.other_since.get_or_insert(view.began);
        // What has taken its place has to be something that stays.
        let is_sure = self.known.is_other() && now.mono.since(other_since.mono) >= self.sure_after;
        let doubted = self.strange_since.filter(|since| now.mono.since(since.mono) <= DOUBT);
        let began = doubted.unwrap_or(view.began);
        let turn = if armed { self.moved.look_at(met, is_sure, began, now) } else { self.moved.end() };
        if !self.moved.is_rising() {
            self.other_since = None;
            if turn == Turn::Nothing {
                self.found = None;
            }
        }
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.peak() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.moved.wait(now))
    }

    fn gauges(&self) -> Vec<Gauge> {
        let kept = self.kept.map(|kept| Gauge { name: GaugeName::ViewKept, value: f64::from(kept).min(1.0) });
        kept.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::known_view::halls::{hall, view};
    use super::*;

    type Light = fn(u64, usize, usize) -> f32;

    const STILL: Light = |_, x, y| hall(x, y);
    const TURNED: Light = |_, x, y| hall(x + 5, y + 3);
    const ELSEWHERE: Light = |_, x, y| hall(y + 3, x);

    /// Shows so many seconds of each; gives each sign with its second.
    fn see(stretches: &[(u64, Light)]) -> Vec<(u64, Sign)> {
        let mut rule = CameraMoved::new(Duration::from_secs(30));
        let shown = stretches.iter().flat_map(|(seconds, light)| (0..*seconds).map(move |_| *light));
        let mut signs = Vec::new();
        for (second, light) in shown.enumerate() {
            let second = second as u64;
            let (view, now) = view(second, 0.7, |x, y| light(second, x, y));
            signs.extend(rule.observe(&Observation::View(view), true, now).map(|sign| (second, sign)));
        }
        signs
    }

    #[test]
    fn a_camera_that_was_turned_is_flagged_until_it_is_turned_back() {
        for turned in [TURNED, ELSEWHERE] {
            let signs = see(&[(40, STILL), (40, turned), (30, STILL)]);
            assert!(
                matches!(&signs[0], (70, Sign::Flagged { started_at, .. }) if started_at.as_millis() == 40_000)
            );
            assert!(matches!(&signs[1], (_, Sign::Ended(at)) if at.as_millis() / 1000 == 79), "{signs:?}");
        }
    }

    #[test]
    fn a_move_that_is_doubtful_at_first_is_dated_to_when_the_view_was_strange() {
        // Nearly half of the edges are where they were, for a while.
        let doubtful: Light = |_, x, y| if x % 12 < 5 { hall(x, y) } else { hall(y + 3, x) };
        let signs = see(&[(40, STILL), (20, doubtful), (50, ELSEWHERE)]);
        assert!(
            matches!(&signs[..], [(70, Sign::Flagged { started_at, .. })] if started_at.as_millis() == 40_000),
            "{signs:?}"
        );
        let signs = see(&[(40, STILL), (50, doubtful), (50, ELSEWHERE)]);
        assert!(
            matches!(&signs[..], [(100, Sign::Flagged { started_at, .. })] if started_at.as_millis() == 40_000),
            "another view for a third of the hold: {signs:?}"
        );
    }

    #[test]
    fn a_camera_turned_in_the_dark_is_dated_to_the_light() {
        const DARK: Light = |_, _, _| 16.0;
        let signs = see(&[(40, STILL), (60, DARK), (50, ELSEWHERE)]);
        assert!(
            matches!(&signs[..], [(130, Sign::Flagged { started_at, .. })] if started_at.as_millis() == 100_000),
            "{signs:?}"
        );
    }

    #[test]
    fn a_view_that_stayed_for_a_day_is_the_known_one_and_what_comes_after_is_compared_with_it() {
        let mut rule = CameraMoved::new(Duration::from_secs(30));
        let mut see = |second: u64, light: Light| {
            let (view, now) = view(second, 0.7, |x, y| light(second, x, y));
            rule.observe(&Observation::View(view), true, now)
        };
        assert!((0..40).all(|second| see(second, STILL).is_none()));
        assert_eq!((40..80).filter_map(|second| see(second, TURNED)).count(), 1);
        let mut later = (80..90_000).step_by(400).filter_map(|second| see(second, TURNED));
        assert!(matches!(later.next(), Some(Sign::Ended(_))) && later.next().is_none());
        assert_eq!((90_000..90_040).filter_map(|second| see(second, STILL)).count(), 1);
    }

    #[test]
    fn a_view_of_which_hardly_anything_is_kept_is_another_one() {
        // Three of eight areas keep half of their edges, the others none but by chance.
        let zoomed: Light = |_, x, y| if x < 36 && x % 12 < 6 { hall(x, y) } else { hall(y + 3, x) };
        let signs = see(&[(40, STILL), (40, zoomed)]);
        assert!(matches!(signs.as_slice(), [(70, Sign::Flagged { .. })]), "{signs:?}");
    }

    #[test]
    fn a_crowd_that_fills_the_picture_is_no_move() {
        let crowd: Light = |second, x, y| {
            if y < 8 { hall(x, y) } else { hall(y + second as usize * 5, x * 2 + second as usize * 3) }
        };
        assert_eq!(see(&[(40, STILL), (90, crowd), (30, STILL)]), []);
    }

    #[test]
    fn lights_that_go_out_and_on_are_no_move() {
        let dark: Light = |_, x, y| 16.0 + (hall(x, y) - 16.0) / 40.0;
        assert_eq!(see(&[(40, STILL), (90, dark), (90, STILL)]), []);
    }

    #[test]
    fn a_table_that_is_moved_becomes_part_of_the_view() {
        let table: Light = |_, x, y| if x < 30 && y > 25 { hall(y + 2, x) } else { hall(x, y) };
        assert_eq!(see(&[(40, STILL), (300, table)]), []);
    }
}
