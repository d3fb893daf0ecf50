//! How long to wait before the next try: doubling, capped, and spread so that many do not come
//! back in the same moment. Pure: the caller brings the randomness.

use std::time::Duration;

/// A doubling wait. [`Backoff::after`] gives the wait after the n-th failure in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure, before the spread.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after `failures` failures in a row, for a `spread` in `0.0..1.0`: between half of
    /// the nominal wait and the whole of it, and never under `first` ("equal jitter", Marc Brooker,
    /// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    pub fn after(&self, failures: u32, spread: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let nominal = self.first.saturating_mul(1 << doublings).min(self.longest);
        let spread = if spread.is_finite() { spread.clamp(0.0, 1.0) } else { 1.0 };
        nominal.mul_f64(0.5 + 0.5 * spread).max(self.first)
    }
}

/// A number in `0.0..1.0` that differs from one failure and one key to the next without a random
/// source: enough to spread retries, and the same in every run of a test.
pub fn spread(key: &str, failures: u32) -> f64 {
    // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in key.bytes().chain(failures.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let top = u32::try_from(hash >> 32).unwrap_or(0);
    f64::from(top) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_is_between_the_first_and_the_longest(failures in 0u32..1000, spread in 0.0f64..1.0) {
            let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };
            let wait = backoff.after(failures, spread);
            prop_assert!(wait >= backoff.first && wait <= backoff.longest, "{wait:?}");
        }

        #[test]
        fn a_spread_is_a_share(key in ".{0,20}", failures in any::<u32>()) {
            prop_assert!((0.0..1.0).contains(&spread(&key, failures)));
        }
    }

    #[test]
    fn waits_double_until_the_longest() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };
        let waits: Vec<_> = (1..=6).map(|n| backoff.after(n, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn many_centres_do_not_come_back_together() {
        let spreads: std::collections::BTreeSet<u64> =
            (0..148).map(|n| (spread(&format!("centre-{n}"), 3) * 100.0) as u64).collect();
        assert!(spreads.len() > 60, "only {} different hundredths", spreads.len());
    }
}
