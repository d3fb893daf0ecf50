//! `disk-low`: the disk is too small for what is to be kept.
//!
//! Footage goes for space a file a minute, at night as by day: an hour without is an end.

use std::time::Duration;

use super::lasting::Lasting;
use super::spans::span;
use super::{BoxObservation, BoxWatch, Peak, Sign, measurement};
use crate::model::{CameraId, Now};
use crate::record::{Health, Shortage};

const OVER_AFTER: Duration = Duration::from_secs(3600);

/// The rule.
pub(super) struct DiskLow {
    low: Lasting,
    last: Option<(Now, Peak)>,
    is_full: bool,
}

impl DiskLow {
    pub fn new(hold: Duration) -> Self {
        Self { low: Lasting::new(hold), last: None, is_full: false }
    }

    fn look(&mut self, now: Now) -> Option<Sign> {
        let last = self.last.take_if(|(at, _)| !self.is_full && now.mono.since(at.mono) >= OVER_AFTER);
        let ended_at = last.map(|(at, _)| at.wall);
        let there = self.last.as_ref().map(|(_, peak)| peak.clone());
        match (self.low.look(there, now), ended_at) {
            (Some(Sign::Ended(_)), Some(at)) => Some(Sign::Ended(at)),
            (sign, _) => sign,
        }
    }
}

impl BoxWatch for DiskLow {
    fn observe(&mut self, observation: &BoxObservation, now: Now) -> Vec<(Option<CameraId>, Sign)> {
        let peak = match observation {
            BoxObservation::Shortage(shortage) => words(shortage),
            BoxObservation::Storage(health) => {
                self.is_full = *health == Health::Full;
                if !self.is_full {
                    return vec![];
                }
                full()
            }
            _ => return vec![],
        };
        self.last = Some((now, peak.clone()));
        let sign = match self.look(now) {
            None if self.low.is_flagged() => Some(Sign::Stronger(peak)),
            sign => sign,
        };
        sign.map(|sign| (None, sign)).into_iter().collect()
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        self.look(now)
    }
}

fn full() -> Peak {
    let reason = "ổ đĩa đã đầy và không còn gì được phép xóa; việc ghi hình đang chờ / \
                  the disk is full and nothing may be deleted; recording waits";
    [("reason".to_owned(), reason.into())].into_iter().collect()
}

fn words(shortage: &Shortage) -> Peak {
    let entries = match shortage {
        Shortage::Early { stream, age, keep } => {
            let ms = |duration: &Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            let ((age_vi, age_en), (keep_vi, keep_en)) = (span(ms(age)), span(ms(keep)));
            let reason = format!(
                "ổ đĩa không đủ chỗ: hình của {stream} chỉ giữ được {age_vi} thay vì {keep_vi}; hãy thêm dung lượng \
                 hoặc giảm keep / the disk is too small: footage of {stream} fits for {age_en} instead of \
                 {keep_en}; add space or lower keep"
            );
            let days = |duration: &Duration| measurement(duration.as_secs_f64() / 86_400.0);
            vec![("fits_days", days(age)), ("keep_days", days(keep)), ("reason", reason.into())]
        }
        Shortage::NothingMayGo { free_bytes, reserve_bytes } => {
            let reason = "không giữ được mức dự trữ: phần còn lại đang được giữ cho các sự việc hoặc không phải của \
                          dịch vụ này / the reserve cannot be kept free: what is left is held for incidents, or is \
                          not this service's";
            vec![
                ("free_bytes", (*free_bytes).into()),
                ("reserve_bytes", (*reserve_bytes).into()),
                ("reason", reason.into()),
            ]
        }
    };
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StreamKind;
    use crate::record::StreamName;

    fn early(days: u64) -> BoxObservation {
        let day = Duration::from_secs(86_400);
        let days = u32::try_from(days).unwrap();
        let stream = StreamName { camera: CameraId::new("gate").unwrap(), stream: StreamKind::Main };
        BoxObservation::Shortage(Shortage::Early { stream, age: day * days, keep: day * 30 })
    }

    #[test]
    fn footage_that_goes_early_is_flagged_with_the_days_that_fit_and_over_after_an_hour_without() {
        let mut rule = DiskLow::new(Duration::ZERO);
        let at = |s| Now::default().plus(Duration::from_secs(s));
        let told = rule.observe(&early(20), at(0));
        let [(None, Sign::Flagged { peak, .. })] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((&peak["fits_days"], &peak["keep_days"]), (&20.0.into(), &30.0.into()));
        assert!(peak["reason"].as_str().unwrap().contains("fits for 20 days instead of 30 days"), "{peak:?}");
        assert!(matches!(rule.observe(&early(19), at(1800)).as_slice(), [(None, Sign::Stronger(_))]));
        assert_eq!(rule.tick(at(5000)), None);
        assert_eq!(rule.tick(at(5400)), Some(Sign::Ended(at(1800).wall)));
    }

    #[test]
    fn a_disk_that_stays_full_stays_low() {
        let mut rule = DiskLow::new(Duration::ZERO);
        let at = |s| Now::default().plus(Duration::from_secs(s));
        let (full, well) = (BoxObservation::Storage(Health::Full), BoxObservation::Storage(Health::Well));
        assert_eq!(rule.observe(&full, at(0)).len(), 1);
        assert_eq!(rule.tick(at(9000)), None);
        assert_eq!(rule.observe(&well, at(9001)), []);
        assert!(rule.tick(at(9002)).is_some());
    }
}
