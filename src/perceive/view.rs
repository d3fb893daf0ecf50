//! What a picture says of the camera that took it, about once a second. Pure.
//!
//! Every picture is averaged over the outline's grid and compared block by block with former ones;
//! after each stretch of a second the averages, which noise and people who walk by hardly touch,
//! give the outline. Of a stream with fewer pictures than that each is a stretch of its own.
//! A picture of 640 × 360 takes well under 0.2 ms.

use std::sync::Arc;
use std::time::Duration;

use super::outline::{OUTLINE_COLUMNS, OUTLINE_ROWS, Outline};
use super::repeats::{Repeat, Repeats};
use super::sharpness::sharpness;
use super::{GRID_COLUMNS, View};
use crate::libav::Luma;
use crate::model::Now;

/// The length of a stretch, from its first picture to its last; five pictures a second fill it.
const STRETCH: Duration = Duration::from_millis(790);

/// A part (a ninth of the outline's grid) whose mean differs this much of 255 steps from a stretch to
/// the next has moved: the popping of keyframes stays below.
const MOVED: f32 = 9.0;

/// Outline cells a part is wide and high.
const PART: usize = OUTLINE_COLUMNS / GRID_COLUMNS;

/// Rows of parts, above and below, where cameras write clocks and names: what changes there says
/// nothing.
const WRITTEN: usize = 2;

/// Watches one camera's pictures.
#[derive(Debug, Clone, Default)]
pub struct Viewer {
    size: (u32, u32),
    sums: Vec<f32>,
    pictures: u16,
    begun: Option<Now>,
    last: Option<Now>,
    before: Vec<f32>,
    repeats: Repeats,
    repeat: Option<Repeat>,
    alike: Option<f32>,
}

impl Viewer {
    /// Takes the next picture; tells of a stretch when one is full. `None` also for a picture that is
    /// smaller than the grid.
    pub fn see(&mut self, luma: &Luma<'_>, at: Now) -> Option<View> {
        if self.size != (luma.width, luma.height) {
            *self = Self { size: (luma.width, luma.height), ..Self::default() };
        }
        let seen = self.repeats.see(luma, at)?;
        if seen.repeat.is_some_and(|new| self.repeat.is_none_or(|old| new.share > old.share)) {
            self.repeat = seen.repeat;
        }
        self.alike = self.alike.into_iter().chain(seen.alike).reduce(f32::max);
        add_means(luma, &mut self.sums)?;
        self.pictures += 1;
        let is_slow = self.last.is_some_and(|last| at.mono.since(last.mono) >= STRETCH);
        self.last = Some(at);
        let begun = *self.begun.get_or_insert(at);
        if at.mono.since(begun.mono) < STRETCH && !is_slow {
            return None;
        }
        let pictures = f32::from(self.pictures);
        let means: Vec<f32> = self.sums.drain(..).map(|sum| sum / pictures).collect();
        (self.pictures, self.begun) = (0, None);
        let brightness = mean(&means);
        let view = View {
            size: self.size,
            began: begun,
            brightness,
            spread: mean(&means.iter().map(|m| (m - brightness).powi(2)).collect::<Vec<_>>()).sqrt(),
            sharpness: sharpness(luma),
            outline: Arc::new(Outline::of(&means)),
            moved: moved(&means, &self.before),
            repeat: self.repeat.take(),
            alike: self.alike.take(),
            unchanged_since: seen.unchanged_since,
        };
        self.before = means;
        Some(view)
    }
}

/// Adds the mean brightness of each cell of the outline's grid to `sums`.
fn add_means(luma: &Luma<'_>, sums: &mut Vec<f32>) -> Option<()> {
    let (width, height) = (usize::try_from(luma.width).ok()?, usize::try_from(luma.height).ok()?);
    if width < OUTLINE_COLUMNS || height < OUTLINE_ROWS {
        return None;
    }
    sums.resize(OUTLINE_COLUMNS * OUTLINE_ROWS, 0.0);
    let mut columns = vec![0u16; width];
    for (row, sums) in sums.chunks_exact_mut(OUTLINE_COLUMNS).enumerate() {
        let (top, bottom) = (row * height / OUTLINE_ROWS, (row + 1) * height / OUTLINE_ROWS);
        // Some rows of a cell are enough for a mean, and 64 of them fit 16 bits.
        let every = (bottom - top).div_ceil(8).max(1);
        columns.fill(0);
        let mut rows = 0u16;
        for y in (top..bottom).step_by(every) {
            let pixels = luma.row(u32::try_from(y).ok()?)?;
            columns.iter_mut().zip(pixels).for_each(|(sum, pixel)| *sum += u16::from(*pixel));
            rows += 1;
        }
        for (column, sum) in sums.iter_mut().enumerate() {
            let (left, right) = (column * width / OUTLINE_COLUMNS, (column + 1) * width / OUTLINE_COLUMNS);
            let cell = columns.get(left..right)?;
            let total: u32 = cell.iter().map(|sum| u32::from(*sum)).sum();
            *sum += quotient(total, cell.len()) / f32::from(rows.max(1));
        }
    }
    Some(())
}

#[expect(clippy::cast_precision_loss, reason = "sums of a few thousand bytes")]
fn quotient(sum: u32, of: usize) -> f32 {
    sum as f32 / of.max(1) as f32
}

#[expect(clippy::cast_precision_loss, reason = "a grid has few cells")]
fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

/// How many parts of the picture changed between two stretches.
fn moved(means: &[f32], before: &[f32]) -> u32 {
    let parts = OUTLINE_ROWS / PART;
    let rows = means.chunks_exact(OUTLINE_COLUMNS * PART).zip(before.chunks_exact(OUTLINE_COLUMNS * PART));
    let mut moved = 0;
    for (now, then) in rows.take(parts - WRITTEN).skip(WRITTEN) {
        let mut changes = [0f32; GRID_COLUMNS];
        for (now, then) in now.chunks_exact(OUTLINE_COLUMNS).zip(then.chunks_exact(OUTLINE_COLUMNS)) {
            let parts = now.chunks_exact(PART).zip(then.chunks_exact(PART));
            for (change, (now, then)) in changes.iter_mut().zip(parts) {
                *change += now.iter().sum::<f32>() - then.iter().sum::<f32>();
            }
        }
        let cells = quotient(u32::try_from(PART * PART).unwrap_or(1), 1);
        moved +=
            u32::try_from(changes.iter().filter(|change| change.abs() >= MOVED * cells).count()).unwrap_or(0);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(light: impl Fn(usize, usize) -> u8) -> Luma<'static> {
        let data: Vec<u8> = (0..320 * 192).map(|i| light(i % 320, i / 320)).collect();
        Luma { width: 320, height: 192, stride: 320, data: data.into() }
    }

    fn scene(x: usize, y: usize) -> u8 {
        if (x / 20 + y / 15).is_multiple_of(3) { 180 } else { 60 }
    }

    /// Shows pictures `every` ms; gives the views with the picture's number.
    fn show(every: u64, pictures: impl Iterator<Item = Luma<'static>>) -> Vec<(usize, View)> {
        let mut viewer = Viewer::default();
        let at = |i: usize| Now::default().plus(Duration::from_millis(every * i as u64));
        pictures.enumerate().filter_map(|(i, luma)| Some((i, viewer.see(&luma, at(i))?))).collect()
    }

    #[test]
    fn five_pictures_a_second_give_a_view_a_second() {
        let views = show(200, (0..20).map(|_| picture(scene)));
        assert_eq!(views.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [4, 9, 14, 19]);
        let view = &views[1].1;
        assert!((view.brightness - 100.0).abs() < 5.0 && view.spread > 40.0, "{view:?}");
        assert!(view.sharpness.unwrap() > 0.95 && view.outline.density() > 0.2 && view.moved == 0);
        assert_eq!(view.began.mono.0, Duration::from_secs(1));
    }

    #[test]
    fn keyframes_every_two_seconds_give_a_view_each() {
        assert_eq!(show(2000, (0..6).map(|_| picture(scene))).len(), 5);
    }

    #[test]
    fn somebody_who_steps_in_has_moved_and_the_clock_in_the_corner_has_not() {
        let of = |second: fn(usize, usize) -> u8| {
            show(200, (0..10).map(|i| if i < 5 { picture(scene) } else { picture(second) }))[1].1.moved
        };
        assert!(of(|x, y| if (100..140).contains(&x) && y > 80 { 20 } else { scene(x, y) }) >= 20);
        assert_eq!(of(|x, y| if x < 100 && y < 16 { 255 } else { scene(x, y) }), 0);
    }

    /// `seed` stands for the noise of one keyframe.
    fn noisy(seed: usize) -> Luma<'static> {
        picture(move |x, y| {
            scene(x, y) + (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729) ^ (seed * 31)) as u8 % 3
        })
    }

    #[test]
    fn keyframes_of_a_living_sensor_never_come_again_and_those_of_a_frozen_one_do() {
        let living = show(200, (0..100).map(|i| noisy(i / 10)));
        assert!(living.iter().all(|(_, view)| view.repeat.is_none_or(|r| r.share < 0.05)), "{living:?}");
        // The encoder begins each group with a coarse picture and makes it finer with the next.
        let frozen = show(200, (0..100).map(|i| noisy(usize::from(i % 10 != 0))));
        let last = frozen.last().unwrap().1.repeat.or(frozen[frozen.len() - 2].1.repeat).unwrap();
        assert!(last.share > 0.95, "{last:?}");
    }

    #[test]
    fn a_picture_that_never_changes_says_since_when() {
        let views = show(200, (0..60).map(|i| if i < 20 { noisy(i) } else { noisy(20) }));
        assert_eq!(views.last().unwrap().1.unchanged_since.unwrap().mono.0, Duration::from_secs(4));
    }

    #[test]
    fn a_view_says_how_much_its_most_alike_pictures_are() {
        let views = show(200, (0..20).map(|i| noisy(if i < 12 { i } else { 12 + i / 4 })));
        let alike: Vec<f32> = views.iter().map(|(_, view)| view.alike.unwrap()).collect();
        assert!(alike[..2].iter().all(|alike| *alike < 0.05) && alike[2..] == [1.0, 1.0], "{alike:?}");
    }

    #[test]
    fn nothing_is_said_of_the_blocks_of_a_black_picture() {
        let views = show(200, (0..60).map(|_| picture(|_, _| 16)));
        let view = &views.last().unwrap().1;
        assert_eq!((view.repeat, view.unchanged_since, view.sharpness), (None, None, None));
        assert_eq!(view.alike, None);
        assert_eq!(view.outline.density(), 0.0);
    }
}
