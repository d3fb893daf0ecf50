//! Where a picture changed. Pure.
//!
//! The luma plane is averaged over a grid of 32 × 18 cells of 4 parts each; a part that differs
//! from its slowly following background by more than the noise counts, and a cell with such a part
//! has moved. The background follows at 5 % a picture, so that a moved chair is motion for some
//! seconds and then furniture. Where pictures are seconds apart, a part that differs from the picture before
//! counts too: whoever is gone in the next one leaves nothing but the background.

use std::time::Duration;

use super::{Cells, GRID_COLUMNS, GRID_ROWS};
use crate::libav::Luma;
use crate::model::Mono;

const PARTS: usize = 2;
const COLUMNS: usize = GRID_COLUMNS * PARTS;
const ROWS: usize = GRID_ROWS * PARTS;

/// How much of the difference the background takes over with each picture.
const FOLLOW: f32 = 0.05;

/// Differences below this many of 255 steps are noise of sensor and codec.
const NOISE: f32 = 12.0;

/// Pictures this far apart show nothing of how somebody left, and few who walk can be followed in them.
pub const SELDOM: Duration = Duration::from_millis(1500);

/// Remembers one camera's background.
#[derive(Debug, Clone, Default)]
pub struct Motion {
    background: Vec<f32>,
    before: Vec<f32>,
    at: Mono,
    size: (u32, u32),
}

impl Motion {
    /// Compares a picture of this moment with the background, and perhaps with the one before; `None` for the
    /// first of its size.
    pub fn see(&mut self, luma: &Luma<'_>, at: Mono) -> Option<Cells> {
        let parts = shrink(luma)?;
        let is_seldom = at.since(std::mem::replace(&mut self.at, at)) >= SELDOM;
        if self.background.len() != parts.len() || self.size != (luma.width, luma.height) {
            (self.background, self.before) = (parts.clone(), parts);
            self.size = (luma.width, luma.height);
            return None;
        }
        let mut moved = Cells::none();
        let known = self.background.iter_mut().zip(&self.before);
        for (at, (part, (background, before))) in parts.iter().zip(known).enumerate() {
            let difference = part - *background;
            if difference.abs() > NOISE || is_seldom && (part - before).abs() > NOISE {
                moved.insert(at % COLUMNS / PARTS, at / COLUMNS / PARTS);
            }
            *background += difference * FOLLOW;
        }
        self.before = parts;
        Some(moved)
    }
}

/// The mean luma of each part of the grid; `None` for a picture smaller than the grid.
fn shrink(luma: &Luma<'_>) -> Option<Vec<f32>> {
    let (width, height) = (usize::try_from(luma.width).ok()?, usize::try_from(luma.height).ok()?);
    if width < COLUMNS || height < ROWS {
        return None;
    }
    let mut parts = Vec::with_capacity(COLUMNS * ROWS);
    for row in 0..ROWS {
        let mut sums = [(0u32, 0u32); COLUMNS];
        // Every second line is enough for a mean.
        for y in (row * height / ROWS..(row + 1) * height / ROWS).step_by(2) {
            let line = luma.row(u32::try_from(y).ok()?)?;
            for (column, (sum, count)) in sums.iter_mut().enumerate() {
                let pixels = line.get(column * width / COLUMNS..(column + 1) * width / COLUMNS)?;
                *sum += pixels.iter().map(|p| u32::from(*p)).sum::<u32>();
                *count += u32::try_from(pixels.len()).unwrap_or(0);
            }
        }
        parts.extend(sums.iter().map(|(sum, count)| mean(*sum, *count)));
    }
    Some(parts)
}

#[expect(clippy::cast_precision_loss, reason = "sums of a few thousand bytes")]
fn mean(sum: u32, count: u32) -> f32 {
    sum as f32 / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(draw: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        (0..180).flat_map(|y| (0..320).map(move |x| (x, y))).map(|(x, y)| draw(x, y)).collect()
    }

    /// 200 ms after the picture before.
    fn see(motion: &mut Motion, data: &[u8]) -> Option<u32> {
        see_after(Duration::from_millis(200), motion, data)
    }

    fn see_after(gap: Duration, motion: &mut Motion, data: &[u8]) -> Option<u32> {
        let luma = Luma { width: 320, height: 180, stride: 320, data: data.into() };
        let at = motion.at.plus(gap);
        motion.see(&luma, at).map(|cells| cells.count())
    }

    #[test]
    fn a_still_picture_with_noise_does_not_move() {
        let mut motion = Motion::default();
        assert_eq!(see(&mut motion, &picture(|_, _| 100)), None, "the first picture has nothing before it");
        assert_eq!(see(&mut motion, &picture(|x, y| 97 + ((x * 7 + y * 13) % 7) as u8)), Some(0));
    }

    #[test]
    fn somebody_who_steps_in_moves_the_cells_they_cover() {
        let mut motion = Motion::default();
        see(&mut motion, &picture(|_, _| 100));
        let person = |x: usize, y: usize| (100..140).contains(&x) && (60..140).contains(&y);
        let moved = see(&mut motion, &picture(|x, y| if person(x, y) { 30 } else { 100 })).unwrap();
        assert!((28..=45).contains(&moved), "{moved} cells for an area of 32");
    }

    #[test]
    fn somebody_who_is_gone_in_the_next_of_seldom_pictures_has_moved() {
        let person = |x: usize, y: usize| (100..140).contains(&x) && (60..140).contains(&y);
        let (with, without) = (picture(|x, y| if person(x, y) { 30 } else { 100 }), picture(|_, _| 100));
        let moved = |gap_ms| {
            let (mut motion, gap) = (Motion::default(), Duration::from_millis(gap_ms));
            see(&mut motion, &without);
            [&with, &without, &without].map(|data| see_after(gap, &mut motion, data).unwrap() > 0)
        };
        assert_eq!(moved(2000), [true, true, false]);
        assert_eq!(moved(200), [true, false, false], "they are seen on their way out");
    }

    #[test]
    fn what_stays_becomes_background() {
        let mut motion = Motion::default();
        see(&mut motion, &picture(|_, _| 100));
        let chair = picture(|x, _| if x < 50 { 60 } else { 100 });
        assert!(see(&mut motion, &chair).unwrap() > 0);
        for _ in 0..40 {
            see(&mut motion, &chair);
        }
        assert_eq!(see(&mut motion, &chair), Some(0));
    }

    #[test]
    fn a_picture_of_another_size_begins_anew() {
        let mut motion = Motion::default();
        see(&mut motion, &picture(|_, _| 100));
        let small = vec![0u8; 160 * 90];
        assert_eq!(
            motion.see(
                &Luma { width: 160, height: 90, stride: 160, data: small.as_slice().into() },
                Mono::default()
            ),
            None
        );
    }
}
