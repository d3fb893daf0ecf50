//! What perception tells the rules.

use crate::ingest::CameraState;

/// Columns of the motion grid.
pub const GRID_COLUMNS: usize = 32;

/// Rows of the motion grid.
pub const GRID_ROWS: usize = 18;

const WORDS: usize = (GRID_COLUMNS * GRID_ROWS).div_ceil(64);

/// One thing that was seen or heard of one camera.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// How loud a window of sound was.
    Level {
        /// RMS over the window, in dB relative to full scale; digital silence is −120.
        dbfs: f64,
        /// The length of the window.
        window_ms: u32,
    },
    /// Where the picture changed since the one before.
    Motion(Cells),
    /// The camera's main stream is in a new state, or still in it.
    Camera(CameraState),
}

/// A set of cells of the motion grid, which lies over the whole picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cells([u64; WORDS]);

impl Cells {
    /// No cell.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every cell.
    pub fn all() -> Self {
        let mut cells = Self::default();
        (0..GRID_ROWS).for_each(|row| (0..GRID_COLUMNS).for_each(|column| cells.insert(column, row)));
        cells
    }

    /// The cells whose middle lies in `polygon`, corners in 0..1 of the whole picture, origin top
    /// left (even-odd rule).
    pub fn inside(polygon: &[(f64, f64)]) -> Self {
        let mut cells = Self::default();
        for row in 0..GRID_ROWS {
            for column in 0..GRID_COLUMNS {
                if contains(polygon, middle(column, GRID_COLUMNS), middle(row, GRID_ROWS)) {
                    cells.insert(column, row);
                }
            }
        }
        cells
    }

    /// Adds a cell; one outside the grid is left out.
    pub fn insert(&mut self, column: usize, row: usize) {
        if column < GRID_COLUMNS && row < GRID_ROWS {
            let at = row * GRID_COLUMNS + column;
            if let Some(word) = self.0.get_mut(at / 64) {
                *word |= 1 << (at % 64);
            }
        }
    }

    /// How many cells.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The cells in both sets.
    pub fn and(&self, other: &Cells) -> Cells {
        self.zip(other, |a, b| a & b)
    }

    /// The cells in either set.
    pub fn or(&self, other: &Cells) -> Cells {
        self.zip(other, |a, b| a | b)
    }

    fn zip(&self, other: &Cells, join: impl Fn(u64, u64) -> u64) -> Cells {
        let mut joined = Cells::default();
        for (into, (a, b)) in joined.0.iter_mut().zip(self.0.iter().zip(&other.0)) {
            *into = join(*a, *b);
        }
        joined
    }
}

#[expect(clippy::cast_precision_loss, reason = "a grid has few cells")]
fn middle(cell: usize, of: usize) -> f64 {
    (cell as f64 + 0.5) / of as f64
}

fn contains(polygon: &[(f64, f64)], x: f64, y: f64) -> bool {
    let mut inside = false;
    let edges = polygon.iter().zip(polygon.iter().cycle().skip(1));
    for ((x1, y1), (x2, y2)) in edges {
        if (*y1 > y) != (*y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1 {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polygon_over_the_left_half_holds_half_the_cells() {
        let left = Cells::inside(&[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]);
        assert_eq!(left.count(), 32 * 18 / 2);
        assert_eq!(left.and(&Cells::all()), left);
        assert_eq!(Cells::all().count(), 32 * 18);
    }
}
