//! What goes next, why and when, as things are now. Pure.

use std::collections::HashMap;

use super::facts::NextFact;
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::{DeleteReason, Kept, Policy, Rate, Tally};

/// When and why files go, as things are now.
pub(super) struct Forecast<'a> {
    pub(super) policy: &'a Policy,
    pub(super) rate: &'a Rate,
    pub(super) sums: &'a HashMap<(CameraId, StreamKind), Tally>,
    pub(super) free: u64,
    pub(super) now: Wall,
    pub(super) age_runs: bool,
}

impl Forecast<'_> {
    /// Of the first file of each stream that may go: those that will, by when.
    pub(super) fn next(&self, candidates: &[Kept]) -> Vec<NextFact> {
        let first = |camera: Option<&CameraId>| {
            let of_it = candidates.iter().filter(|file| camera.is_none_or(|camera| file.camera == *camera));
            of_it.map(|file| file.counter).min()
        };
        let mut next: Vec<NextFact> = candidates
            .iter()
            .filter_map(|file| {
                let by_age = self.by_age(file).map(|at| (at, DeleteReason::Age));
                let is_first_of_camera = first(Some(&file.camera)) == Some(file.counter);
                let by_size = self.by_size(&file.camera).filter(|_| is_first_of_camera);
                let is_first = first(None) == Some(file.counter);
                let by_space =
                    self.when(self.free.saturating_sub(self.policy.reserve_bytes), self.rate.bytes_per_day());
                let by_size = by_size.map(|at| (at, DeleteReason::Size));
                let by_space = by_space.filter(|_| is_first).map(|at| (at, DeleteReason::Space));
                let (at, reason) =
                    [by_age, by_size, by_space].into_iter().flatten().min_by_key(|(at, _)| *at)?;
                Some(NextFact {
                    camera: file.camera.clone(),
                    stream: file.stream,
                    from: file.start,
                    to: file.end,
                    bytes: file.bytes,
                    reason: reason.as_str(),
                    at: at.max(self.now),
                })
            })
            .collect();
        next.sort_by_key(|fact| fact.at);
        next
    }

    fn by_age(&self, file: &Kept) -> Option<Wall> {
        let keep = self.policy.of(&file.camera).of(file.stream);
        let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        (self.age_runs && file.is_dated).then(|| file.end.plus_millis(keep_ms))
    }

    fn by_size(&self, camera: &CameraId) -> Option<Wall> {
        let most = self.policy.of(camera).most_bytes?;
        let own = self.sums.iter().filter(|((id, _), _)| id == camera);
        let taken = own.fold(0u64, |sum, (_, tally)| sum.saturating_add(tally.bytes));
        self.when(most.saturating_sub(taken), self.rate.of_camera(camera))
    }

    /// When so many more bytes are recorded.
    fn when(&self, bytes: u64, per_day: u64) -> Option<Wall> {
        let ms = u128::from(bytes) * 86_400_000 / u128::from(per_day.max(1));
        (per_day > 0).then(|| self.now.plus_millis(i64::try_from(ms).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Keep;
    use std::time::Duration;

    const DAY_MS: i64 = 86_400_000;

    fn file(counter: i64, who: &str, day: i64, is_dated: bool) -> Kept {
        let start = Wall::from_millis(day * DAY_MS);
        Kept {
            counter,
            camera: CameraId::new(who).unwrap(),
            stream: StreamKind::Main,
            start,
            end: start.plus_millis(60_000),
            bytes: 10,
            is_dated,
            is_open: false,
            path: String::new(),
        }
    }

    #[test]
    fn what_goes_next_is_told_with_the_reason_that_comes_first() {
        let day = Duration::from_secs(86_400);
        let gate = CameraId::new("gate").unwrap();
        let usual = Keep { main: day * 30, sub: day * 7, most_bytes: None };
        let policy = Policy {
            usual,
            cameras: [(gate.clone(), Keep { most_bytes: Some(1000), ..usual })].into(),
            reserve_bytes: 100,
            pin_share: 0.3,
        };
        let per_day = |who: &str| ((CameraId::new(who).unwrap(), StreamKind::Main), 100);
        let rate =
            Rate { streams: [per_day("gate"), per_day("hall"), per_day("door")].into(), measured_ms: 1 };
        let sums = [((gate, StreamKind::Main), Tally { bytes: 800, ..Tally::default() })].into();
        let now = Wall::from_millis(100 * DAY_MS);
        let forecast =
            Forecast { policy: &policy, rate: &rate, sums: &sums, free: 1300, now, age_runs: true };
        let files = [file(5, "gate", 99, true), file(2, "hall", 71, true), file(9, "door", 50, false)];
        let told: Vec<_> = forecast
            .next(&files)
            .into_iter()
            .map(|next| (next.camera.to_string(), next.reason, next.at.millis_since(now) / DAY_MS))
            .collect();
        assert_eq!(told, [("hall".to_owned(), "age", 1), ("gate".to_owned(), "size", 2)]);
        let unsure = Forecast { age_runs: false, ..forecast };
        let told: Vec<_> = unsure.next(&files).iter().map(|next| (next.reason, next.at)).collect();
        assert_eq!(
            told,
            [("size", now.plus_millis(2 * DAY_MS)), ("space", now.plus_millis(4 * DAY_MS))],
            "by age nothing goes while the clock is not believed"
        );
    }
}
