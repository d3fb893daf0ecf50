//! What a camera usually sees: the edges that stay, learned from its own pictures. Pure.
//!
//! Each cell of the outline's grid remembers the direction of its edge as a vector of the doubled
//! angle, whose length says how constant it is: furniture and walls stay, people do not. The
//! first 20 s are taken as they are; after that it follows in minutes, so that a moved chair or
//! the sun becomes part of it, and stands still while a picture does not look like it at all.
//! It is in memory: every start of the service learns anew.

use std::time::Duration;

use crate::model::Now;
use crate::perceive::{DIRECTIONS, OUTLINE_COLUMNS, OUTLINE_ROWS, Outline, View};

/// How long a picture has to be seen before anything is compared with it.
const FIRST_LOOK: Duration = Duration::from_secs(20);

/// How much of a new picture is taken over for each second of it, after that.
const PACE: f32 = 1.0 / 600.0;

/// A cell's edge stays when its vector is this long.
const STAYS: f32 = 0.5;

/// An edge has the known direction when they are less than about 30° apart (cosine of double that).
const SAME: f32 = 0.5;

/// Fewer edges than this share of all cells are too few to know a view by.
const FEWEST: f32 = 0.02;

/// The picture in areas, and how many known edges an area has to have to count.
const AREA_COLUMNS: usize = 12;
const AREA_ROWS: usize = 9;
const AREAS_ACROSS: usize = OUTLINE_COLUMNS / AREA_COLUMNS;
const AREAS: usize = AREAS_ACROSS * (OUTLINE_ROWS / AREA_ROWS);
const AREA_EDGES: f32 = 8.0;

/// An area that keeps less of its edges than this is lost: by chance it keeps about a tenth.
const LOST: f32 = 0.35;

/// How many edges of a quarter of the picture are looked for elsewhere; a quarter with fewer cannot be.
const LOOKED_FOR: usize = 60;

/// Found is at least this share of them, so many times more than in their own place, so many cells
/// away.
const FOUND: f32 = 0.45;
const BETTER: f32 = 1.25;
const FAR_ENOUGH: f32 = 1.4;

/// A picture that keeps less than this of what it usually keeps is not learned from.
const STRANGE: f32 = 0.6;

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
    usually_kept: f32,
    density: f32,
}

impl KnownView {
    /// Compares a picture and learns from it; `None` while there is nothing to compare with.
    pub fn see(&mut self, view: &View, now: Now) -> Option<Likeness> {
        if self.size != view.size {
            *self = Self { size: view.size, ..Self::default() };
        }
        let density = view.outline.density();
        let is_learned =
            self.first.is_some_and(|first| now.mono.since(first.mono) >= FIRST_LOOK) && self.known.views >= 8;
        if !is_learned {
            // A covered or dark picture is nothing to begin with.
            if density >= FEWEST {
                self.first.get_or_insert(now);
                self.known.learn(&view.outline, 0.0);
                let (kept, _) = self.known.compare(&view.outline);
                let share = 1.0 / f32::from(self.known.views);
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
        if likeness.kept >= STRANGE {
            let seconds = now.mono.since(view.began.mono).as_secs_f32().clamp(1.0, 10.0);
            let pace = (seconds * PACE).min(0.1);
            self.known.learn(&view.outline, pace);
            self.usually_kept += (kept - self.usually_kept) * pace;
            self.density += (density - self.density) * pace;
        }
        Some(likeness)
    }

    /// The edges that stay.
    pub fn edges(&self) -> &Edges {
        &self.known
    }

    /// Takes other edges for the known ones from now on.
    pub fn become_used_to(&mut self, edges: &Edges, density: f32) {
        self.known = edges.clone();
        (self.usually_kept, self.density) = (0.8, density);
    }
}

/// Edges and how constant they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    cells: Vec<(f32, f32)>,
    views: u16,
}

impl Edges {
    /// Learns an outline: at most `pace` of it, more while there were few before.
    pub fn learn(&mut self, outline: &Outline, pace: f32) {
        self.views = self.views.saturating_add(1);
        let pace = if self.views <= 20 { pace.max(1.0 / f32::from(self.views)) } else { pace };
        self.cells.resize(outline.cells().len(), (0.0, 0.0));
        for ((x, y), code) in self.cells.iter_mut().zip(outline.cells()) {
            let (to_x, to_y) = vector(*code);
            *x += (to_x - *x) * pace;
            *y += (to_y - *y) * pace;
        }
    }

    /// How many edges stay.
    pub fn count(&self) -> usize {
        self.cells.iter().filter(|cell| stays(cell)).count()
    }

    /// The share of the known edges that are there, and of the areas that are lost.
    fn compare(&self, outline: &Outline) -> (f32, f32) {
        let mut areas = [(0f32, 0f32); AREAS];
        for (at, (cell, code)) in self.cells.iter().zip(outline.cells()).enumerate() {
            if stays(cell) {
                let (column, row) = (at % OUTLINE_COLUMNS / AREA_COLUMNS, at / OUTLINE_COLUMNS / AREA_ROWS);
                if let Some((all, kept)) = areas.get_mut(row * AREAS_ACROSS + column) {
                    *all += 1.0;
                    *kept += f32::from(u8::from(is_same(cell, *code)));
                }
            }
        }
        let sum = |each: fn(&(f32, f32)) -> f32| areas.iter().map(each).sum::<f32>();
        let bearing = sum(|(all, _)| f32::from(u8::from(*all >= AREA_EDGES)));
        let lost = sum(|(all, kept)| f32::from(u8::from(*all >= AREA_EDGES && *kept < LOST * all)));
        (sum(|(_, kept)| *kept) / sum(|(all, _)| *all).max(1.0), lost / bearing.max(1.0))
    }

    /// How far, in cells, the known edges are from where they are found now, if they are found better
    /// elsewhere: in (nearly) each quarter of the picture by itself, because a camera that is rolled or
    /// zoomed moves each another way.
    pub fn shift(&self, outline: &Outline) -> Option<f32> {
        let mut quarters: [Vec<Sought>; 4] = Default::default();
        for (at, cell) in self.cells.iter().enumerate().filter(|(_, cell)| stays(cell)) {
            let (x, y) = (at % OUTLINE_COLUMNS, at / OUTLINE_COLUMNS);
            let quarter = usize::from(x >= OUTLINE_COLUMNS / 2) + 2 * usize::from(y >= OUTLINE_ROWS / 2);
            if let Some(quarter) = quarters.get_mut(quarter) {
                quarter.push((signed(x), signed(y), *cell));
            }
        }
        let bearing = quarters.iter().filter(|quarter| quarter.len() >= LOOKED_FOR);
        let (all, shifts) = bearing.fold((0, Vec::new()), |(all, mut shifts), quarter| {
            shifts.extend(find(quarter, outline));
            (all + 1, shifts)
        });
        let distance = |at: usize| shifts.get(at).copied();
        (shifts.len() >= 2 && shifts.len() + 1 >= all)
            .then(|| (0..shifts.len()).filter_map(distance).fold(0.0, f32::max))
    }
}

/// A known edge: column, row, direction.
type Sought = (isize, isize, (f32, f32));

fn signed(n: usize) -> isize {
    isize::try_from(n).unwrap_or(0)
}

/// How far away, within a sixth of the picture, these edges are found much better than in their place.
#[expect(clippy::cast_precision_loss, reason = "a grid has few cells")]
fn find(edges: &[Sought], outline: &Outline) -> Option<f32> {
    let (columns, rows) = (signed(OUTLINE_COLUMNS), signed(OUTLINE_ROWS));
    // Some of them are enough.
    let every = (edges.len() / LOOKED_FOR).max(1);
    let share = |right: isize, down: isize| {
        let (mut inside, mut found) = (0usize, 0usize);
        for (x, y, cell) in edges.iter().step_by(every) {
            let (x, y) = (x + right, y + down);
            if (1..columns - 1).contains(&x) && (1..rows - 1).contains(&y) {
                let code = usize::try_from(y * columns + x).ok().and_then(|at| outline.cells().get(at));
                inside += 1;
                found += usize::from(code.is_some_and(|code| is_same(cell, *code)));
            }
        }
        if inside * every * 2 < edges.len() { 0.0 } else { found as f32 / inside.max(1) as f32 }
    };
    let shifts = (-rows / 6..=rows / 6).flat_map(|y| (-columns / 6..=columns / 6).map(move |x| (x, y)));
    let best = shifts.map(|(x, y)| (share(x, y), (x as f32).hypot(y as f32)));
    let (best, distance) = best.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (distance >= FAR_ENOUGH && best >= FOUND && best >= BETTER * share(0, 0)).then_some(distance)
}

fn stays((x, y): &(f32, f32)) -> bool {
    x * x + y * y >= STAYS * STAYS
}

fn is_same((x, y): &(f32, f32), code: u8) -> bool {
    let (to_x, to_y) = vector(code);
    code != 0 && x * to_x + y * to_y >= SAME * x.hypot(*y)
}

/// The doubled angle of a direction as a vector; none without an edge.
fn vector(code: u8) -> (f32, f32) {
    VECTORS.get(usize::from(code)).copied().unwrap_or_default()
}

const DIAGONAL: f32 = std::f32::consts::FRAC_1_SQRT_2;
const VECTORS: [(f32, f32); 1 + DIRECTIONS as usize] = [
    (0.0, 0.0),
    (1.0, 0.0),
    (DIAGONAL, DIAGONAL),
    (0.0, 1.0),
    (-DIAGONAL, DIAGONAL),
    (-1.0, 0.0),
    (-DIAGONAL, -DIAGONAL),
    (0.0, -1.0),
    (DIAGONAL, -DIAGONAL),
];

/// Views of made-up halls, for the tests of the rules that go by them.
#[cfg(test)]
pub(super) mod halls {
    use std::sync::Arc;

    use super::*;

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
            known.see(&view, now);
        }
        known
    }

    fn seen(light: impl Fn(usize, usize) -> f32) -> Likeness {
        let (view, now) = view(30, 0.7, light);
        learned().see(&view, now).unwrap()
    }

    #[test]
    fn nothing_is_compared_in_the_first_20_s() {
        let mut known = KnownView::default();
        let mut looks = (0..22).map(|second| view(second, 0.7, hall));
        assert!(looks.by_ref().take(20).all(|(view, now)| known.see(&view, now).is_none()));
        assert!(looks.all(|(view, now)| known.see(&view, now).is_some()));
    }

    #[test]
    fn the_same_hall_in_half_the_light_is_the_same_and_another_one_is_not() {
        let dim = seen(|x, y| 16.0 + (hall(x, y) - 16.0) / 2.0);
        assert!(dim.kept > 0.9 && dim.lost == 0.0, "{dim:?}");
        let other = seen(|x, y| hall(y + 3, x));
        assert!(other.kept < 0.4 && other.lost > 0.6, "{other:?}");
    }

    #[test]
    fn a_camera_that_turned_a_little_is_found_beside_where_it_was() {
        let (view, _) = view(30, 0.7, |x, y| hall(x + 4, y + 3));
        assert_eq!(learned().edges().shift(&view.outline), Some(5.0));
        assert_eq!(learned().edges().shift(&super::halls::view(30, 0.7, hall).0.outline), None);
    }
}
