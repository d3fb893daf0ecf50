//! What a rule measures and compares with its threshold, as its incidents tell it in `peak`. Pure.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::{Condition, Rule};

/// The longest hold that a configuration may have, in s; of the kinds that wait for people, and of the others.
const LONGEST_WAIT_S: f64 = 8.0 * 3600.0;
const LONGEST_HOLD_S: f64 = 3600.0;

/// One measure of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Measure {
    /// Its name in `peak`.
    pub key: &'static str,
    /// What it is compared with, in its unit.
    pub threshold: f64,
    /// `dB`, `s`, `%`, `people`; nothing for a plain score.
    pub unit: &'static str,
    /// Whether a higher threshold flags less.
    pub raising: bool,
    /// What the configuration calls it.
    pub config_key: &'static str,
    /// So much of it is one in the configuration: a score there is a hundredth of its percent.
    pub config_scale: f64,
    /// How fine thresholds are worth to be.
    #[serde(skip)]
    pub step: f64,
    /// What a configuration takes.
    #[serde(skip)]
    pub range: (f64, f64),
}

impl Measure {
    /// What `rule` goes by; none where it is no single figure that its incidents tell.
    pub fn of(rule: &Rule) -> Option<Self> {
        let held = |key, longest| Some(Self::new(key, rule.hold.as_secs_f64(), "s", 1.0, 1.0..=longest));
        match rule.condition {
            Condition::CounterUnattended { .. } => held("unattended_s", LONGEST_WAIT_S),
            Condition::LongWait => held("longest_s", LONGEST_WAIT_S),
            Condition::PictureFrozen => held("still_s", LONGEST_HOLD_S),
            Condition::Crowding { min_people } => {
                Some(Self::new("people", f64::from(min_people), "people", 1.0, 2.0..=500.0))
            }
            Condition::AfterHours { min_score } => {
                Some(Self::new("score_percent", min_score * 100.0, "%", 0.1, 5.0..=100.0))
            }
            Condition::RaisedVoices { over_baseline_db, .. } => {
                Some(Self::new("over_baseline_db", over_baseline_db, "dB", 0.1, 3.0..=60.0))
            }
            Condition::Scream { min_score, .. } | Condition::SoundOf { min_score, .. } => {
                Some(Self::new("score", min_score, "", 0.001, 0.01..=1.0))
            }
            Condition::AudioLost
            | Condition::CameraCovered
            | Condition::CameraMoved
            | Condition::CameraBlurred
            | Condition::CameraLost => None,
        }
    }

    fn new(
        key: &'static str,
        threshold: f64,
        unit: &'static str,
        step: f64,
        range: RangeInclusive<f64>,
    ) -> Self {
        let (config_key, config_scale) = match key {
            "people" => ("min_people", 1.0),
            "score" => ("min_score", 1.0),
            "score_percent" => ("min_score", 0.01),
            "over_baseline_db" => ("over_baseline_db", 1.0),
            _ => ("hold", 1.0),
        };
        let range = range.into_inner();
        Self { key, threshold, unit, raising: true, config_key, config_scale, step, range }
    }

    /// Whether a configuration takes this threshold.
    pub fn takes(&self, threshold: f64) -> bool {
        let (least, most) = self.range;
        threshold >= least && threshold <= most
    }
}

/// `rule` with another threshold in the unit of its measure; none if it has no measure, or it does not take that.
pub(super) fn changed(rule: &Rule, threshold: f64) -> Option<Rule> {
    let measure = Measure::of(rule).filter(|measure| measure.takes(threshold))?;
    let mut rule = rule.clone();
    match &mut rule.condition {
        Condition::Crowding { min_people } => *min_people = people(threshold),
        Condition::AfterHours { min_score } => *min_score = threshold / 100.0,
        Condition::RaisedVoices { over_baseline_db, .. } => *over_baseline_db = threshold,
        Condition::Scream { min_score, .. } | Condition::SoundOf { min_score, .. } => *min_score = threshold,
        Condition::CounterUnattended { hold_with_citizen } => {
            rule.hold = Duration::from_secs_f64(threshold);
            *hold_with_citizen = rule.hold.min(*hold_with_citizen);
        }
        _ if measure.unit == "s" => rule.hold = Duration::from_secs_f64(threshold),
        _ => return None,
    }
    Some(rule)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within 2 and 500, as the range of the measure says"
)]
fn people(threshold: f64) -> u32 {
    threshold.clamp(2.0, 500.0).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judging::trial::tests::rules;

    #[test]
    fn every_rule_that_has_a_measure_takes_another_threshold_for_it() {
        for rule in rules() {
            let Some(measure) = Measure::of(&rule) else {
                assert_eq!(changed(&rule, 10.0), None, "{}", rule.name);
                continue;
            };
            assert!(measure.takes(measure.threshold), "{}", rule.name);
            let (least, most) = measure.range;
            for threshold in [least, most] {
                let other = changed(&rule, threshold).unwrap();
                let set = Measure::of(&other).unwrap().threshold;
                assert!((set - threshold).abs() < 1e-6, "{}: {threshold} became {set}", rule.name);
            }
            assert_eq!(changed(&rule, most + 1.0), None);
            assert_eq!(changed(&rule, f64::NAN), None);
        }
    }
}
