//! `storage-failed`: the disk refuses what is recorded, or is gone.

use std::time::Duration;

use super::lasting::Lasting;
use super::{BoxObservation, BoxWatch, Sign};
use crate::model::{CameraId, Now};
use crate::record::Health;

/// The rule.
pub(super) struct StorageFailed {
    failed: Lasting,
}

impl StorageFailed {
    pub fn new(hold: Duration) -> Self {
        Self { failed: Lasting::new(hold) }
    }
}

impl BoxWatch for StorageFailed {
    fn observe(&mut self, observation: &BoxObservation, now: Now) -> Vec<(Option<CameraId>, Sign)> {
        let BoxObservation::Storage(health) = observation else { return vec![] };
        let there = match health {
            Health::Failed { why } => {
                Some([("reason".to_owned(), why.as_str().into())].into_iter().collect())
            }
            Health::Well | Health::Full => None,
        };
        self.failed.look(there, now).map(|sign| (None, sign)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_refuses_is_flagged_with_its_words_and_a_full_one_is_not() {
        let mut rule = StorageFailed::new(Duration::ZERO);
        let now = Now::default();
        assert_eq!(rule.observe(&BoxObservation::Storage(Health::Full), now), []);
        let failed = BoxObservation::Storage(Health::Failed { why: "Read-only file system".into() });
        let told = rule.observe(&failed, now);
        let [(None, Sign::Flagged { peak, .. })] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(peak["reason"], "Read-only file system");
        assert_eq!(rule.observe(&failed, now), []);
        let told = rule.observe(&BoxObservation::Storage(Health::Well), now);
        assert_eq!(told, [(None, Sign::Ended(now.wall))]);
    }
}
