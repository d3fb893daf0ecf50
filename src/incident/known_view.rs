//! What a camera usually sees: the edges that stay, learned from its own pictures. Pure.
//!
//! The first 20 s are taken as they are; after that it follows in minutes, so that a moved chair or
//! the sun becomes part of it, and stands still while a picture does not look like it at all. What
//! stays otherwise for a whole day becomes the known view: everybody on duty has seen it then.
//! It is in memory: every start of the service learns anew.

use std::time::Duration;

use super::edges::Edges;
use crate::model::Now;
use crate::perceive::View;

/// How long a picture has to be seen before anything is compared with it.
const FIRST_LOOK: Duration = Duration::from_secs(20);

/// How much of a new picture is taken over for each second of it, after that.
const PACE: f32 = 1.0 / 600.0;

/// Fewer edges than this share of all cells are too few to know a view by.
const FEWEST: f32 = 0.02;

/// A picture that keeps less than this of what it usually keeps is not learned from.
const STRANGE: f32 = 0.6;

/// After this long the new view is the known one.
const USED_TO_IT: Duration = Duration::from_secs(24 * 3600);

/// How fast what is there now is learned, a view; and how much of it, of what was there, has to stay.
const RECENT_PACE: f32 = 0.12;
const STAYING: f32 = 0.35;

/// A picture that keeps so much of what it usually keeps is the known view.
const AS_EVER: f32 = 0.8;

/// Edges relative to the usual ones: fewer are those of nothing that stands there.
const BARE: f32 = 0.45;

/// Sharpness below this is out of focus, whatever the lens.
const SOFT: f32 = 0.4;

/// How a picture compares with the known view.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Likeness {
    /// How much of the known edges is still there, relative to what usually is; 1 is as usual.
    pub kept: f32,
    /// How much of the picture, in areas that have edges at all, is not recognised; 0 to 1.
    pub lost: f32,
    /// How many edges of any kind there are, relative to the known ones.
    pub edges: f32,
}

impl Likeness {
    /// Whether something without edges of its own, or out of focus, is before so much of the picture.
    pub fn is_hidden(&self, view: &View, share: f32) -> bool {
        let is_soft = view.sharpness.is_none_or(|sharpness| sharpness < SOFT);
        self.lost >= share && (self.edges < BARE || is_soft)
    }
}

/// The learned view of one camera.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownView {
    size: (u32, u32),
    first: Option<Now>,
    known: Edges,
    recent: Edges,
    strange_since: Option<Now>,
    usually_kept: f32,
    density: f32,
}

impl KnownView {
    /// Compares a picture and learns from it, unless it `is_told_of` as wrong; `None` while there is
    /// nothing to compare with.
    pub fn see(&mut self, view: &View, is_told_of: bool, now: Now) -> Option<Likeness> {
        if self.size != view.size {
            *self = Self { size: view.size, ..Self::default() };
        }
        self.recent.learn(&view.outline, RECENT_PACE);
        let density = view.outline.density();
        let is_learned = self.first.is_some_and(|first| now.mono.since(first.mono) >= FIRST_LOOK)
            && self.known.views() >= 8;
        if !is_learned {
            // A covered or dark picture is nothing to begin with.
            if density >= FEWEST {
                self.first.get_or_insert(now);
                self.known.learn(&view.outline, 0.0);
                let (kept, _) = self.known.compare(&view.outline);
                let share = 1.0 / f32::from(self.known.views());
                self.usually_kept += (kept - self.usually_kept) * share.max(0.2);
                self.density += (density - self.density) * share;
            }
            return None;
        }
        let (kept, lost) = self.known.compare(&view.outline);
        let likeness = Likeness {
            kept: kept / self.usually_kept.max(0.3),
            lost,
            edges: density / self.density.max(FEWEST),
        };
        if likeness.kept >= STRANGE && !is_told_of {
            self.strange_since = None;
            let seconds = now.mono.since(view.began.mono).as_secs_f32().clamp(1.0, 10.0);
            let pace = (seconds * PACE).min(0.1);
            self.known.learn(&view.outline, pace);
            self.usually_kept += (kept - self.usually_kept) * pace;
            self.density += (density - self.density) * pace;
        } else if likeness.kept >= AS_EVER {
            self.strange_since = None;
        } else if now.mono.since(self.strange_since.get_or_insert(now).mono) >= USED_TO_IT && self.is_other()
        {
            self.known = self.recent.clone();
            (self.usually_kept, self.density, self.strange_since) = (0.8, density, None);
        }
        Some(likeness)
    }

    /// Whether there are other edges that stay, in place of those that are known: a wall, furniture.
    #[expect(clippy::cast_precision_loss, reason = "a grid has few cells")]
    pub fn is_other(&self) -> bool {
        self.recent.count() as f32 >= STAYING * self.known.count() as f32
    }

    /// The edges that stay.
    pub fn edges(&self) -> &Edges {
        &self.known
    }
}

/// Views of made-up halls, for the tests of the rules that go by them.
#[cfg(test)]
pub(super) mod halls {
    use std::sync::Arc;

    use super::*;
    use crate::perceive::{OUTLINE_COLUMNS, OUTLINE_ROWS, Outline};

    /// A hall with walls and furniture: `light` of 255 for each cell.
    pub fn hall(x: usize, y: usize) -> f32 {
        let thing = ((x / 6) * 31 + (y / 5) * 17 + 5).wrapping_mul(2_654_435_761) >> 12;
        60.0 + 30.0 * (thing % 5) as f32
    }

    /// What a camera sees of `light` in the second from `second` on.
    pub fn view(second: u64, sharpness: f32, light: impl Fn(usize, usize) -> f32) -> (View, Now) {
        let cells = (0..OUTLINE_ROWS).flat_map(|y| (0..OUTLINE_COLUMNS).map(move |x| (x, y)));
        let means: Vec<f32> = cells.map(|(x, y)| light(x, y)).collect();
        let brightness = means.iter().sum::<f32>() / means.len() as f32;
        let spread = means.iter().map(|m| (m - brightness).powi(2)).sum::<f32>() / means.len() as f32;
        let began = Now::default().plus(Duration::from_secs(second));
        let view = View {
            size: (640, 360),
            began,
            brightness,
            spread: spread.sqrt(),
            sharpness: Some(sharpness),
            outline: Arc::new(Outline::of(&means)),
            ..View::default()
        };
        (view, began.plus(Duration::from_millis(800)))
    }
}

#[cfg(test)]
mod tests {
    use super::halls::{hall, view};
    use super::*;

    fn learned() -> KnownView {
        let mut known = KnownView::default();
        for second in 0..25 {
            let (view, now) = view(second, 0.7, hall);
            known.see(&view, false, now);
        }
        known
    }

    fn seen(light: impl Fn(usize, usize) -> f32) -> Likeness {
        let (view, now) = view(30, 0.7, light);
        learned().see(&view, false, now).unwrap()
    }

    #[test]
    fn nothing_is_compared_in_the_first_20_s() {
        let mut known = KnownView::default();
        let mut looks = (0..22).map(|second| view(second, 0.7, hall));
        assert!(looks.by_ref().take(20).all(|(view, now)| known.see(&view, false, now).is_none()));
        assert!(looks.all(|(view, now)| known.see(&view, false, now).is_some()));
    }

    #[test]
    fn the_same_hall_in_half_the_light_is_the_same_and_another_one_is_not() {
        let dim = seen(|x, y| 16.0 + (hall(x, y) - 16.0) / 2.0);
        assert!(dim.kept > 0.9 && dim.lost == 0.0, "{dim:?}");
        let other = seen(|x, y| hall(y + 3, x));
        assert!(other.kept < 0.4 && other.lost > 0.6, "{other:?}");
    }

    #[test]
    fn another_view_that_stays_for_a_day_is_the_known_one_and_black_never_is() {
        let other = |x: usize, y: usize| hall(y + 3, x);
        let black = |_: usize, _: usize| 17.0;
        for (light, is_known) in [(&other as &dyn Fn(usize, usize) -> f32, true), (&black, false)] {
            let mut known = learned();
            let mut look = |second| {
                let (view, now) = view(second, 0.7, light);
                known.see(&view, false, now).unwrap().kept
            };
            assert!((30..86_400).step_by(300).all(|second| look(second) < 0.4));
            assert_eq!((86_400..87_300).step_by(300).map(&mut look).last().unwrap() > 0.9, is_known);
        }
    }
}
