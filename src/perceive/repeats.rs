//! Whether pictures come again bit by bit. Pure.
//!
//! A still scene is not enough to call a picture frozen: an encoder leaves out ("skips") whatever
//! did not change enough, so between keyframes a quiet hall is the same to the last bit. But each
//! keyframe is made anew, and the noise of a living sensor, however little passes the encoder,
//! makes it another one every time. A frozen source gives the same again, if not at once: while the
//! encoder still changes its quantiser, only some blocks come out alike.
//!
//! So: 16 × 16 pixels (the codec's own blocks) at up to 256 places are reduced to a number each.
//! Where many blocks of a picture, after having been different, are again exactly what they were
//! some seconds ago, the source repeats. Flat blocks say nothing (they are alike by chance).

use std::collections::VecDeque;
use std::time::Duration;

use crate::libav::Luma;
use crate::model::Now;

/// The width and height of a block.
const BLOCK: usize = 16;

/// The most places that are looked at.
const MOST_BLOCKS: usize = 256;

/// The range of brightness of a block that is not flat.
const TEXTURE: u8 = 24;

/// How many such blocks it takes to say anything.
const FEWEST: usize = 32;

/// A block can come back sooner out of the encoder's memory: up to 16 pictures.
const SOONEST: Duration = Duration::from_secs(4);

/// How long and how many pictures are remembered: several keyframes.
const MEMORY: Duration = Duration::from_secs(90);
const MOST_PICTURES: usize = 300;

/// A picture is another one when at most so many of 100 blocks are alike, and the same when at
/// least so many are (a clock in the picture goes on).
const ANOTHER: usize = 50;
const THE_SAME: usize = 94;

/// Exact blocks of a former picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeat {
    /// How many of the blocks that are not flat, 0 to 1.
    pub share: f32,
    /// When that picture was there.
    pub of: Now,
}

/// Remembers the blocks of one camera's last pictures.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats {
    past: VecDeque<(Now, Vec<u32>)>,
    unchanged_since: Option<Now>,
}

/// What one picture says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Seen {
    /// The former picture that most blocks come from.
    pub repeat: Option<Repeat>,
    /// Which share of the blocks is the same as in the picture before, 0 to 1; `None` if there is too
    /// little to compare.
    pub alike: Option<f32>,
    /// Since when all pictures were the same; `None` if there is too little to compare.
    pub unchanged_since: Option<Now>,
}

impl Repeats {
    /// Takes the next picture.
    pub fn see(&mut self, luma: &Luma<'_>, at: Now) -> Option<Seen> {
        let (blocks, textured) = blocks(luma)?;
        if self.past.back().is_some_and(|(_, last)| last.len() != blocks.len()) {
            self.past.clear();
        }
        let seen = if textured.len() < FEWEST {
            self.unchanged_since = None;
            Seen::default()
        } else {
            let last = self.past.back();
            let alike = last.map_or(0, |(_, last)| alike(&textured, &blocks, last));
            let is_same = alike * 100 >= textured.len() * THE_SAME;
            let since = self.unchanged_since.filter(|_| is_same).unwrap_or(at);
            self.unchanged_since = Some(since);
            let repeat = if is_same { None } else { self.repeat(&textured, &blocks, at) };
            let share = last.map(|_| share(alike, &textured));
            Seen { repeat, alike: share, unchanged_since: Some(since) }
        };
        self.past.push_back((at, blocks));
        while self.past.len() > MOST_PICTURES
            || self.past.front().is_some_and(|(then, _)| at.mono.since(then.mono) > MEMORY)
        {
            self.past.pop_front();
        }
        Some(seen)
    }

    fn repeat(&self, textured: &[usize], blocks: &[u32], at: Now) -> Option<Repeat> {
        let (mut was_another, mut best) = (false, None::<(usize, Now)>);
        for (then, past) in self.past.iter().rev() {
            let alike = alike(textured, blocks, past);
            if alike * 100 <= textured.len() * ANOTHER {
                was_another = true;
            }
            let is_better = best.is_none_or(|(most, _)| alike >= most);
            if was_another && is_better && at.mono.since(then.mono) >= SOONEST {
                best = Some((alike, *then));
            }
        }
        best.map(|(most, of)| Repeat { share: share(most, textured), of })
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most 256 blocks")]
fn share(alike: usize, textured: &[usize]) -> f32 {
    alike as f32 / textured.len().max(1) as f32
}

fn alike(textured: &[usize], these: &[u32], those: &[u32]) -> usize {
    textured.iter().filter(|at| these.get(**at) == those.get(**at)).count()
}

/// A number for each block that is looked at, and which of them are not flat.
fn blocks(luma: &Luma<'_>) -> Option<(Vec<u32>, Vec<usize>)> {
    let (across, down) =
        (usize::try_from(luma.width).ok()? / BLOCK, usize::try_from(luma.height).ok()? / BLOCK);
    // Every so many blocks, row after row, so that they lie all over the picture.
    let every = (across * down).div_ceil(MOST_BLOCKS).max(1);
    let mut numbers = Vec::with_capacity(MOST_BLOCKS);
    let mut textured = Vec::with_capacity(MOST_BLOCKS);
    for block in (0..across * down).step_by(every) {
        let (left, top) = (block % across * BLOCK, block / across * BLOCK);
        let (mut number, mut least, mut most) = (0u64, u8::MAX, u8::MIN);
        for y in top..top + BLOCK {
            let pixels = luma.row(u32::try_from(y).ok()?)?.get(left..left + BLOCK)?;
            let (left, right) = pixels.split_at(BLOCK / 2);
            // The halves are mixed the way FxHash does.
            for half in [left, right] {
                let half = u64::from_le_bytes(half.try_into().ok()?);
                number = (number.rotate_left(5) ^ half).wrapping_mul(0x517c_c1b7_2722_0a95);
            }
            (least, most) = pixels.iter().fold((least, most), |(l, m), p| (l.min(*p), m.max(*p)));
        }
        if most - least >= TEXTURE {
            textured.push(numbers.len());
        }
        numbers.push((number >> 32) as u32);
    }
    Some((numbers, textured))
}
