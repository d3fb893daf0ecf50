//! What perception tells the rules: measurements, not judgements.

use std::sync::Arc;

use super::{Outline, Repeat};
use crate::ingest::CameraState;
use crate::model::Now;

/// Columns of the motion grid.
pub const GRID_COLUMNS: usize = 32;

/// Rows of the motion grid.
pub const GRID_ROWS: usize = 18;

const WORDS: usize = (GRID_COLUMNS * GRID_ROWS).div_ceil(64);

/// One thing that was seen or heard of one camera.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// How loud a short window of sound was, and how likely it was speech; about 10 a second.
    Sound(Loudness),
    /// Which sounds were heard in the last second; about 2 a second, 4 while it is loud.
    Heard(Heard),
    /// Sound came that nobody listened to: the machine is too slow, or a model does not answer.
    Unheard,
    /// Where the picture changed since the one before; at most 5 a second.
    Motion(Cells),
    /// Who is in the picture; one or more a second while something moves, fewer when nothing does.
    People(People),
    /// How the picture itself is: what tells a covered, blurred, moved or frozen camera.
    View(View),
    /// The camera's main stream is in a new state, or still in it.
    Camera(CameraState),
}

/// How loud a window of sound was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// RMS over the window, in dB relative to full scale; digital silence is −120.
    pub dbfs: f64,
    /// Momentary loudness at the end of the window, in LUFS (ITU-R BS.1770, 400 ms); at least −120.
    pub lufs: f64,
    /// How likely it was speech, 0 to 1, the highest within the window; `None` where nobody judges it.
    pub speech: Option<f32>,
    /// Whether every sample is the same: a real microphone is never that quiet.
    pub is_flat: bool,
    /// The length of the window.
    pub window_ms: u32,
}

/// Which sounds were heard in a stretch of about a second.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// How likely, 0 to 1, each of the sounds is that matter here.
    pub scores: Vec<(&'static str, f32)>,
    /// The mean frequency of its loudest 0.3 s, in Hz: a door is dull, glass is bright.
    pub brightness_hz: f64,
    /// Which share of it is a tone of few lines, 0 to 1.
    pub tone: f64,
    /// Which share of it is shrill, 0 to 1: a voice that has hardly anything below 700 Hz.
    pub shrill: f64,
    /// From this stretch to the next, in ms.
    pub hop_ms: u32,
}

/// Who is in a picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct People {
    /// Everyone who is seen now.
    pub persons: Vec<Person>,
}

/// One person in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Person {
    /// The same for as long as this person is followed; never used again for another by this process.
    pub track: u64,
    /// Where.
    pub frame: Frame,
    /// How sure the model is, 0 to 1.
    pub score: f32,
}

/// A rectangle in 0..1 of the whole picture, origin top left.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Frame {
    /// The left edge.
    pub left: f32,
    /// The upper edge.
    pub top: f32,
    /// The right edge.
    pub right: f32,
    /// The lower edge.
    pub bottom: f32,
}

impl Frame {
    /// Where somebody stands: the middle of the lower edge, `(x, y)`.
    pub fn foot(&self) -> (f64, f64) {
        (f64::from(self.left + self.right) / 2.0, f64::from(self.bottom))
    }
}

/// What the pictures of about a second say of the camera that took them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// Pixels across and down.
    pub size: (u32, u32),
    /// When the first of these pictures was taken.
    pub began: Now,
    /// The mean brightness, 0 to 255; black is 16.
    pub brightness: f32,
    /// The standard deviation of brightness over the picture, in the same steps.
    pub spread: f32,
    /// How much of an edge its steepest step takes, 0 to 1: about 0.7 in focus, 0.3 blurred; `None`
    /// where there are too few edges.
    pub sharpness: Option<f32>,
    /// Where the edges lie.
    pub outline: Arc<Outline>,
    /// How many of the 32 × 18 parts of the picture changed since the pictures before.
    pub moved: u32,
    /// The former picture, if any, that came back most exactly, after others in between.
    pub repeat: Option<Repeat>,
    /// How much of what is not flat was the same, bit by bit, in the two pictures in a row that were
    /// most alike, 0 to 1; `None` where there is too little to compare.
    pub alike: Option<f32>,
    /// Since when all pictures are the same bit by bit; `None` where there is too little to compare.
    pub unchanged_since: Option<Now>,
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

    /// The cells whose middle lies in `frame`.
    pub fn in_frame(frame: &Frame) -> Self {
        let Frame { left, top, right, bottom } = *frame;
        let [left, top, right, bottom] = [left, top, right, bottom].map(f64::from);
        Self::inside(&[(left, top), (right, top), (right, bottom), (left, bottom)])
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

/// Whether a point lies in a polygon, both in 0..1 of the whole picture (even-odd rule).
pub fn contains(polygon: &[(f64, f64)], x: f64, y: f64) -> bool {
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
