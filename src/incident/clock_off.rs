//! `clock-off`: the wall clock was set, or shows what cannot be.
//!
//! A clock that nobody vouches for is no incident: every event says so. A step is one at once, and
//! over with it; what cannot be lasts until it is corrected.

use std::time::Duration;

use super::lasting::Lasting;
use super::spans::span;
use super::{BoxObservation, BoxWatch, Peak, Sign};
use crate::model::{CameraId, Now};
use crate::record::Doubt;

/// Less than this behind the newest footage is a small step of a time service.
const SMALL_MS: i64 = 1000;

/// The rule.
pub(super) struct ClockOff {
    off: Lasting,
}

impl ClockOff {
    pub fn new(hold: Duration) -> Self {
        Self { off: Lasting::new(hold) }
    }
}

impl BoxWatch for ClockOff {
    fn observe(&mut self, observation: &BoxObservation, now: Now) -> Vec<(Option<CameraId>, Sign)> {
        let signs = match observation {
            BoxObservation::ClockSet { by_ms } => {
                let flagged = Sign::Flagged { started_at: now.wall, peak: was_set(*by_ms) };
                if self.off.is_flagged() { vec![flagged] } else { vec![flagged, Sign::Ended(now.wall)] }
            }
            BoxObservation::Clock(doubt) => {
                self.off.look(doubt.and_then(cannot_be), now).into_iter().collect()
            }
            _ => vec![],
        };
        signs.into_iter().map(|sign| (None, sign)).collect()
    }
}

fn was_set(by_ms: i64) -> Peak {
    let (vi, en) = span(by_ms);
    let reason = if by_ms < 0 {
        format!("đồng hồ bị chỉnh lùi {vi} / the clock was set back by {en}")
    } else {
        format!("đồng hồ bị chỉnh tiến {vi} / the clock was set forward by {en}")
    };
    [("set_by_ms".to_owned(), by_ms.into()), ("reason".to_owned(), reason.into())].into_iter().collect()
}

/// What is wrong, if something is.
fn cannot_be(doubt: Doubt) -> Option<Peak> {
    let (name, by_ms, reason) = match doubt {
        Doubt::NotSynchronised => return None,
        Doubt::BeforeFootage { by_ms } if by_ms <= SMALL_MS => return None,
        Doubt::BeforeRelease => (
            "before_release",
            None,
            "đồng hồ chỉ thời điểm trước năm 2026: hãy kiểm tra pin đồng hồ của máy và kết nối tới máy chủ thời gian / \
             the clock shows a moment before 2026: check the box's clock battery and the way to a time server"
                .to_owned(),
        ),
        Doubt::BeforeFootage { by_ms } => {
            let (vi, en) = span(by_ms);
            let reason = format!(
                "đồng hồ chậm hơn đoạn ghi mới nhất {vi}: đồng hồ bị chỉnh lùi, hoặc trước đó đã chạy sai; chưa xóa gì \
                 theo thời hạn / the clock is {en} before the newest footage: it was set back, or was wrong before; \
                 nothing is deleted for its age"
            );
            ("behind_footage_ms", Some(by_ms), reason)
        }
        Doubt::Leapt { by_ms } => {
            let (vi, en) = span(by_ms);
            let reason = format!(
                "đồng hồ đi trước đoạn ghi mới nhất {vi}: hoặc máy đã tắt lâu, hoặc đồng hồ sai, hãy kiểm tra ngày; chưa \
                 xóa gì theo thời hạn trong 7 ngày / the clock is {en} after the newest footage: either the box was \
                 off for long or the clock is wrong, check the date; nothing is deleted for its age for 7 days"
            );
            ("ahead_of_footage_ms", Some(by_ms), reason)
        }
    };
    let mut peak: Peak = [("reason".to_owned(), reason.into())].into_iter().collect();
    peak.insert(name.to_owned(), by_ms.map_or(true.into(), Into::into));
    Some(peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn signs(rule: &mut ClockOff, observation: BoxObservation) -> Vec<Sign> {
        rule.observe(&observation, Now::default()).into_iter().map(|(_, sign)| sign).collect()
    }

    fn reason(sign: &Sign) -> &str {
        let Sign::Flagged { peak, .. } = sign else { panic!("{sign:?}") };
        peak["reason"].as_str().unwrap()
    }

    #[test]
    fn a_clock_that_was_set_says_by_how_much_and_in_which_direction() {
        let mut rule = ClockOff::new(Duration::ZERO);
        let told = signs(&mut rule, BoxObservation::ClockSet { by_ms: -HOUR_MS });
        assert_eq!(reason(&told[0]), "đồng hồ bị chỉnh lùi 1 giờ / the clock was set back by 1 hour");
        assert!(matches!(told[1], Sign::Ended(_)), "it happened, and that is over");
        let told = signs(&mut rule, BoxObservation::ClockSet { by_ms: 87_600 * HOUR_MS });
        assert!(reason(&told[0]).contains("set forward by 10 years"), "{told:?}");
    }

    #[test]
    fn what_cannot_be_lasts_until_it_is_corrected_and_a_step_meanwhile_does_not_end_it() {
        let mut rule = ClockOff::new(Duration::ZERO);
        let told = signs(&mut rule, BoxObservation::Clock(Some(Doubt::BeforeRelease)));
        assert!(reason(&told[0]).contains("before 2026"));
        let told = signs(&mut rule, BoxObservation::ClockSet { by_ms: 5000 });
        assert!(matches!(told.as_slice(), [Sign::Flagged { .. }]));
        assert_eq!(signs(&mut rule, BoxObservation::Clock(Some(Doubt::NotSynchronised))).len(), 1);
        assert_eq!(signs(&mut rule, BoxObservation::Clock(None)), []);
    }

    #[test]
    fn a_clock_that_nobody_vouches_for_is_no_incident_nor_is_a_small_step() {
        let mut rule = ClockOff::new(Duration::ZERO);
        for doubt in [Doubt::NotSynchronised, Doubt::BeforeFootage { by_ms: 300 }] {
            assert_eq!(signs(&mut rule, BoxObservation::Clock(Some(doubt))), []);
        }
    }
}
