//! The edges of a picture, and how constant they are. Pure.
//!
//! Each cell of the outline's grid remembers the direction of its edge as a vector of the doubled
//! angle, whose length says how constant it is: furniture and walls stay, people do not.

use crate::perceive::{DIRECTIONS, OUTLINE_COLUMNS, OUTLINE_ROWS, Outline};

/// A cell's edge stays when its vector is this long.
const STAYS: f32 = 0.5;

/// An edge has the known direction when they are less than about 30° apart (cosine of double that).
const SAME: f32 = 0.5;

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

    /// How many outlines were learned.
    pub fn views(&self) -> u16 {
        self.views
    }

    /// How many edges stay.
    pub fn count(&self) -> usize {
        self.cells.iter().filter(|cell| stays(cell)).count()
    }

    /// The share of the known edges that are there, and of the areas that are lost.
    pub fn compare(&self, outline: &Outline) -> (f32, f32) {
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

#[cfg(test)]
mod tests {
    use super::super::known_view::halls::{hall, view};
    use super::*;

    #[test]
    fn edges_that_stay_are_found_beside_where_they_were_when_the_camera_turned_a_little() {
        let mut edges = Edges::default();
        for second in 0..25 {
            edges.learn(&view(second, 0.7, hall).0.outline, 0.0);
        }
        let (turned, _) = view(30, 0.7, |x, y| hall(x + 4, y + 3));
        assert_eq!(edges.shift(&turned.outline), Some(5.0));
        assert_eq!(edges.shift(&view(30, 0.7, hall).0.outline), None);
    }
}
