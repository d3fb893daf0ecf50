//! The strongest that was measured of a sound while it lasts, and the sign that tells it. Pure.

use super::sustained::{Sustained, Turn};
use super::{Peak, Sign, measurement};

/// What is told again is stronger by at least this score.
const STRONGER: f64 = 0.005;

/// The highest score of what lasts, and how loud it was then.
#[derive(Debug, Clone, Default)]
pub(super) struct Strongest {
    /// Score (0 to 1) and level (dBFS).
    best: Option<(f64, f64)>,
    /// Lower scores are not told: something else has decided.
    told_from: f64,
}

impl Strongest {
    /// The same, if scores are told from `least` on only.
    pub fn told_from(least: f64) -> Self {
        Self { best: None, told_from: least }
    }

    /// The sign of what became of `lasting`; `measured` are the score and the level of what was just
    /// heard, if it belongs to that.
    pub fn sign(&mut self, turn: Turn, lasting: &Sustained, measured: Option<(f64, f64)>) -> Option<Sign> {
        if !lasting.is_rising() {
            self.best = None;
        }
        let is_more = |(score, _): &(f64, f64)| self.best.is_none_or(|(best, _)| *score > best + STRONGER);
        let stronger = measured.filter(|_| lasting.is_rising()).filter(is_more);
        self.best = stronger.or(self.best);
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.peak() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing if stronger.is_some() && lasting.is_flagged() => Some(Sign::Stronger(self.peak())),
            Turn::Nothing => None,
        }
    }

    fn peak(&self) -> Peak {
        let mut peak = Peak::new();
        let Some((score, level)) = self.best else { return peak };
        peak.insert("level_dbfs".to_owned(), measurement(level));
        let told = (score >= self.told_from)
            .then(|| serde_json::Number::from_f64((score * 1000.0).round() / 1000.0));
        peak.extend(told.flatten().map(|score| ("score".to_owned(), score.into())));
        peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Now;
    use std::time::Duration;

    #[test]
    fn a_higher_score_is_told_and_a_lower_one_is_not_until_it_begins_anew() {
        let mut lasting = Sustained::new(Duration::ZERO, Duration::from_secs(1), Duration::from_secs(1));
        let mut strongest = Strongest::told_from(0.1);
        let mut tell = |met: bool, score: f64, second: u64| {
            let now = Now::default().plus(Duration::from_secs(second));
            let turn = lasting.look(met, now, now);
            strongest.sign(turn, &lasting, met.then_some((score, -20.0)))
        };
        assert_eq!(tell(true, 0.4, 0), None, "one look is not enough");
        assert!(matches!(tell(true, 0.3, 1), Some(Sign::Flagged { peak, .. }) if peak["score"] == 0.4));
        assert_eq!(tell(true, 0.404, 1), None);
        assert!(matches!(tell(true, 0.6, 1), Some(Sign::Stronger(peak)) if peak["score"] == 0.6));
        assert!(matches!(tell(false, 0.0, 3), Some(Sign::Ended(_))));
        assert_eq!(tell(true, 0.05, 10), None);
        assert!(
            matches!(tell(true, 0.05, 10), Some(Sign::Flagged { peak, .. }) if !peak.contains_key("score"))
        );
    }
}
