//! How fast the archive grows: measured from what was recorded in the last 24 hours.
//!
//! A stream's rate is its bytes over its recorded time, not over the time that passed: a camera that
//! was away for half a day does not make the disk look larger than it is.

use std::collections::HashMap;
use std::sync::PoisonError;

use super::{Archive, Index, Ranges};
use crate::model::{CameraId, StreamKind, Wall};

const DAY_MS: i64 = 86_400_000;
/// Less than this says nothing of a day.
const LEAST_MS: u64 = 10_000;

/// How fast the archive grows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rate {
    /// Bytes a day of each stream that was recorded lately.
    pub streams: HashMap<(CameraId, StreamKind), u64>,
    /// How many milliseconds of recording this was measured from: of the stream that has the most.
    pub measured_ms: u64,
}

impl Rate {
    /// Bytes a day of all streams.
    pub fn bytes_per_day(&self) -> u64 {
        self.streams.values().fold(0, |sum, more| sum.saturating_add(*more))
    }

    /// Bytes a day of both streams of a camera.
    pub fn of_camera(&self, camera: &CameraId) -> u64 {
        let own = self.streams.iter().filter(|((id, _), _)| id == camera);
        own.fold(0, |sum, (_, more)| sum.saturating_add(*more))
    }

    /// Measures it.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn measure(index: &Index, now: Wall) -> Result<Rate, sqlx::Error> {
        let mut rate = Rate::default();
        for (name, _) in index.tallies() {
            // Files that began within the day, and none from a time that has not come yet.
            let (bytes, ms) =
                index.recorded_within(&name.0, name.1, now.plus_millis(-DAY_MS), now.plus_millis(1)).await?;
            if ms >= LEAST_MS {
                rate.streams.insert(name, per_day(bytes, ms));
                rate.measured_ms = rate.measured_ms.max(ms);
            }
        }
        Ok(rate)
    }
}

fn per_day(bytes: u64, ms: u64) -> u64 {
    let bytes = u128::from(bytes) * 86_400_000 / u128::from(ms.max(1));
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// What is known of the archive's growth, for the status.
#[derive(Debug, Clone, Default)]
pub(super) struct Measured {
    rate: Rate,
    protected_bytes: u64,
}

impl Archive {
    /// Measures how fast the archive grows and how much of it is protected: now and then, because
    /// nobody needs it to the second.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn measure(&self, now: Wall) -> Result<(), sqlx::Error> {
        let rate = Rate::measure(&self.index, now).await?;
        let protected_bytes = bytes_of(&self.index, &self.protection.now().0).await?;
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        *measured = Measured { rate, protected_bytes };
        Ok(())
    }

    /// For how many days of recording the disk is large enough at today's rate, when so many bytes
    /// are free; `None` while nobody knows the rate.
    pub fn days_left(&self, free: u64) -> Option<f64> {
        let taken = self.index.tallies().iter().fold(0u64, |sum, (_, tally)| sum.saturating_add(tally.bytes));
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        days_that_fit(
            free,
            taken,
            measured.protected_bytes,
            self.policy.reserve_bytes,
            measured.rate.bytes_per_day(),
        )
    }
}

/// For how many days the disk is large enough: what is free and what may be deleted, less the
/// reserve.
pub fn days_that_fit(free: u64, taken: u64, protected: u64, reserve: u64, bytes_per_day: u64) -> Option<f64> {
    let room = free.saturating_add(taken.saturating_sub(protected)).saturating_sub(reserve);
    #[expect(clippy::cast_precision_loss, reason = "a tenth of a day is shown")]
    let days = room as f64 / bytes_per_day as f64;
    (bytes_per_day > 0).then(|| (days * 10.0).round() / 10.0)
}

/// The bytes of all files that these ranges hold. A file on the border of two ranges counts twice.
///
/// # Errors
/// If the index cannot be read.
pub async fn bytes_of(index: &Index, ranges: &Ranges) -> Result<u64, sqlx::Error> {
    let mut sum = 0u64;
    for (camera, from, to) in ranges.iter() {
        for stream in [StreamKind::Main, StreamKind::Sub] {
            sum = sum.saturating_add(index.bytes_within(camera, stream, from, to).await?);
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_goes_by_recorded_time() {
        assert_eq!(per_day(1_000_000, 43_200_000), 2_000_000);
        assert_eq!(per_day(5, 0), 432_000_000);
    }

    #[test]
    fn days_are_what_is_free_and_what_may_go_less_the_reserve() {
        assert_eq!(days_that_fit(100, 250, 50, 100, 10), Some(20.0));
        assert_eq!(days_that_fit(10, 0, 0, 100, 10), Some(0.0));
        assert_eq!(days_that_fit(100, 250, 50, 100, 0), None, "nothing was recorded yet");
    }
}
