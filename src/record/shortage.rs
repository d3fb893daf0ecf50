//! When the disk is too small for what is to be kept. Pure.

use std::time::Duration;

use super::{Kept, StreamName};
use crate::model::Wall;

/// A sign that the disk is too small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortage {
    /// Footage had to go before its time.
    Early {
        /// Whose.
        stream: StreamName,
        /// How old it was: for so long footage fits.
        age: Duration,
        /// How long it was to be kept.
        keep: Duration,
    },
    /// The reserve of free space cannot be reached: nothing is left that may go.
    NothingMayGo {
        /// What is free.
        free_bytes: u64,
        /// What is to stay free.
        reserve_bytes: u64,
    },
}

impl Shortage {
    /// What it says that `row`, which is to be kept for `keep`, goes at `now` because newer footage
    /// needs its space; nothing, if it is old enough. Nobody can tell the age of what lies in the
    /// future of a clock that is wrong.
    pub fn early(row: &Kept, keep: Duration, now: Wall) -> Option<Self> {
        let age = Duration::from_millis(u64::try_from(now.millis_since(row.end)).ok()?);
        let stream = StreamName { camera: row.camera.clone(), stream: row.stream };
        (age < keep).then_some(Shortage::Early { stream, age, keep })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CameraId, StreamKind};

    const DAY: Duration = Duration::from_secs(86_400);

    fn row_until(day: i64) -> Kept {
        Kept {
            counter: 1,
            camera: CameraId::new("gate").unwrap(),
            stream: StreamKind::Main,
            start: Wall::from_millis(day * 86_400_000 - 60_000),
            end: Wall::from_millis(day * 86_400_000),
            bytes: 1,
            is_dated: true,
            is_open: false,
            path: String::new(),
        }
    }

    #[test]
    fn footage_younger_than_it_is_kept_goes_before_its_time_and_its_age_is_what_fits() {
        let now = Wall::from_millis(30 * 86_400_000);
        let told = Shortage::early(&row_until(10), DAY * 30, now).unwrap();
        assert!(matches!(told, Shortage::Early { age, .. } if age == DAY * 20), "{told:?}");
        assert_eq!(Shortage::early(&row_until(10), DAY * 20, now), None, "its time was over");
        assert_eq!(Shortage::early(&row_until(40), DAY * 30, now), None, "the clock was set back");
    }
}
