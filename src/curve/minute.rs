//! A minute of levels and counts, and curves made of many. Pure.
//!
//! ```text
//! 60 bytes  the loudest level of each second: 0 unknown, else dBFS + 121 (1 is −120 dBFS, 121 is 0)
//! 60 bytes  the most people of each second: 0 unknown, else people + 1
//! ```

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Wall;

/// The length of a minute in bytes.
pub const MINUTE_BYTES: usize = 120;

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measured {
    /// A level in dBFS.
    Level(f64),
    /// So many people were seen at once.
    People(usize),
}

/// What was measured within one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minute([u8; MINUTE_BYTES]);

impl Default for Minute {
    fn default() -> Self {
        Self([0; MINUTE_BYTES])
    }
}

impl Minute {
    /// Reads what [`Minute::bytes`] gave; what has another length is none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// As it is kept.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds a measurement of the `second` (0 to 59).
    pub fn take(&mut self, second: usize, measured: Measured) {
        let (at, code) = match measured {
            Measured::Level(dbfs) => (second, level_code(dbfs)),
            Measured::People(count) => {
                (second.saturating_add(60), u8::try_from(count.saturating_add(1)).unwrap_or(u8::MAX))
            }
        };
        if let Some(slot) = self.0.get_mut(at).filter(|_| second < 60) {
            *slot = (*slot).max(code);
        }
    }

    /// Adds what was measured of the same minute elsewhere.
    pub fn merge(&mut self, other: &Minute) {
        self.0.iter_mut().zip(other.0).for_each(|(slot, code)| *slot = (*slot).max(code));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 1 and 121")]
fn level_code(dbfs: f64) -> u8 {
    (dbfs.clamp(-120.0, 0.0) + 121.0).round() as u8
}

/// Levels and counts over a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Curve {
    /// When the first step begins.
    pub from: Wall,
    /// The length of a step.
    pub step_ms: i64,
    /// The loudest of each step in dBFS, where anything was measured.
    pub level_dbfs: Vec<Option<i32>>,
    /// The most people of each step, where anybody looked.
    pub people: Vec<Option<u32>>,
}

/// The curve of `[from, to)` in at most `points` steps, of whole seconds, from minutes by their number since
/// 1970.
pub fn curve<'m>(
    minutes: impl IntoIterator<Item = (i64, &'m Minute)>,
    (from, to): (Wall, Wall),
    points: usize,
) -> Curve {
    let from_s = from.as_millis().div_euclid(1000);
    let length_s =
        to.as_millis().saturating_sub(from_s.saturating_mul(1000)).div_euclid(1000).saturating_add(1);
    let points = i64::try_from(points.max(1)).unwrap_or(i64::MAX);
    let step_s = length_s.saturating_add(points - 1).div_euclid(points).max(1);
    let steps = usize::try_from(length_s.saturating_add(step_s - 1).div_euclid(step_s)).unwrap_or(0);
    let (mut levels, mut people) = (vec![0u8; steps], vec![0u8; steps]);
    for (number, minute) in minutes {
        let begins = number.saturating_mul(60).saturating_sub(from_s);
        for (second, codes) in (0i64..60).zip(minute.0.iter().zip(minute.0.iter().skip(60))) {
            let step = begins.saturating_add(second).div_euclid(step_s);
            let Ok(step) = usize::try_from(step) else { continue };
            let (Some(level), Some(count)) = (levels.get_mut(step), people.get_mut(step)) else { continue };
            (*level, *count) = ((*level).max(*codes.0), (*count).max(*codes.1));
        }
    }
    Curve {
        from: Wall::from_millis(from_s.saturating_mul(1000)),
        step_ms: step_s.saturating_mul(1000),
        level_dbfs: levels.into_iter().map(|code| (code > 0).then(|| i32::from(code) - 121)).collect(),
        people: people.into_iter().map(|code| (code > 0).then(|| u32::from(code) - 1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Wall {
        Wall::from_millis(s * 1000)
    }

    #[test]
    fn the_loudest_and_the_most_of_each_second_are_kept() {
        let mut minute = Minute::default();
        for dbfs in [-40.0, -12.4, -90.0] {
            minute.take(3, Measured::Level(dbfs));
        }
        minute.take(3, Measured::People(0));
        minute.take(4, Measured::People(7));
        minute.take(60, Measured::People(9));
        let kept = Minute::from_bytes(minute.bytes()).unwrap();
        let curve = curve([(10, &kept)], (at(602), at(606)), 100);
        assert_eq!((curve.from, curve.step_ms), (at(602), 1000));
        assert_eq!(curve.level_dbfs[..4], [None, Some(-12), None, None]);
        assert_eq!(curve.people[..4], [None, Some(0), Some(7), None]);
    }

    #[test]
    fn a_long_range_shows_the_highest_of_each_step() {
        let mut loud = Minute::default();
        loud.take(59, Measured::Level(-5.0));
        let minutes: Vec<Minute> =
            (0..60).map(|n| if n == 7 { loud.clone() } else { Minute::default() }).collect();
        let minutes = (0..).zip(&minutes);
        let curve = curve(minutes, (at(0), at(3600)), 60);
        assert!(curve.level_dbfs.len() <= 60 && curve.step_ms == 61_000, "{}", curve.step_ms);
        assert_eq!(curve.level_dbfs.iter().flatten().collect::<Vec<_>>(), [&-5]);
    }

    #[test]
    fn what_was_measured_before_a_restart_is_not_lost() {
        let (mut first, mut second) = (Minute::default(), Minute::default());
        first.take(1, Measured::Level(-20.0));
        second.take(2, Measured::People(3));
        second.merge(&first);
        let curve = curve([(0, &second)], (at(0), at(3)), 10);
        assert_eq!((curve.level_dbfs[1], curve.people[2]), (Some(-20), Some(3)));
    }
}
