//! Which threshold would have avoided most false alarms and kept every real one. Pure.

use serde::Serialize;
use utoipa::ToSchema;

use super::Measure;

/// An incident that people judged: what it measured at its strongest, and whether it was real.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The measure.
    pub value: f64,
    /// Whether it was real.
    pub is_real: bool,
}

/// A threshold that would have been better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Suggestion {
    /// The threshold, in the unit of the measure.
    pub threshold: f64,
    /// So many false alarms it would have avoided.
    pub avoids: usize,
    /// Of so many.
    pub false_alarms: usize,
    /// So many real ones it would have kept: all.
    pub keeps: usize,
    /// Of so many.
    pub real: usize,
}

/// The threshold that avoids most false alarms and keeps all real ones, half way between the strongest alarm that it
/// avoids and the weakest that it keeps, so that it errs to neither side. Without any real one to go by, a tenth
/// beyond the strongest false one: nothing says how far it may go. None, if no false alarm can be avoided.
pub fn suggest(points: &[Point], measure: &Measure) -> Option<Suggestion> {
    // Where a lower threshold flags less, everything is the same upside down.
    let sign = if measure.raising { 1.0 } else { -1.0 };
    let now = measure.threshold * sign;
    let points: Vec<Point> = points
        .iter()
        .filter(|point| point.value.is_finite())
        .map(|point| Point { value: point.value * sign, ..*point })
        .collect();
    let values =
        |is_real: bool| points.iter().filter(move |point| point.is_real == is_real).map(|point| point.value);
    let weakest_real = values(true).min_by(f64::total_cmp);
    let beyond = |value: f64| weakest_real.is_none_or(|real| value < real);
    let strongest_false =
        values(false).filter(|value| *value >= now && beyond(*value)).max_by(f64::total_cmp)?;
    let exact = match weakest_real {
        Some(real) => strongest_false + (real - strongest_false) / 2.0,
        None => strongest_false + ((strongest_false - now) / 10.0).max(measure.step),
    };
    let round = (exact / measure.step).ceil() * measure.step;
    let is_between = |value: f64| value > strongest_false && weakest_real.is_none_or(|real| value <= real);
    let threshold = [round, exact].into_iter().find(|value| is_between(*value))?;
    let suggestion = Suggestion {
        threshold: threshold * sign,
        avoids: values(false).filter(|value| *value < threshold).count(),
        false_alarms: values(false).count(),
        keeps: values(true).filter(|value| *value >= threshold).count(),
        real: values(true).count(),
    };
    measure.takes(suggestion.threshold).then_some(suggestion)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn measure(threshold: f64, step: f64) -> Measure {
        Measure {
            key: "over_baseline_db",
            threshold,
            unit: "dB",
            raising: true,
            config_key: "over_baseline_db",
            config_scale: 1.0,
            step,
            range: (3.0, 60.0),
        }
    }

    fn points(reals: &[f64], false_ones: &[f64]) -> Vec<Point> {
        let point = |is_real| move |value: &f64| Point { value: *value, is_real };
        reals.iter().map(point(true)).chain(false_ones.iter().map(point(false))).collect()
    }

    #[test]
    fn it_lies_half_way_between_what_it_avoids_and_what_it_keeps() {
        let told = suggest(&points(&[18.0, 21.0], &[12.4, 14.0, 19.5]), &measure(12.0, 0.1)).unwrap();
        assert!((told.threshold - 16.0).abs() < 1e-9, "{told:?}");
        assert_eq!((told.avoids, told.false_alarms, told.keeps, told.real), (2, 3, 2, 2));
    }

    #[test]
    fn a_number_of_people_is_a_whole_one() {
        let told = suggest(&points(&[11.0], &[8.0]), &measure(8.0, 1.0)).unwrap();
        assert!((told.threshold - 10.0).abs() < 1e-9, "{told:?}");
        assert_eq!(suggest(&points(&[9.0], &[9.0]), &measure(8.0, 1.0)), None, "they cannot be told apart");
    }

    #[test]
    fn without_a_real_one_it_goes_a_little_beyond_the_false_ones() {
        let told = suggest(&points(&[], &[13.0, 22.0]), &measure(12.0, 0.1)).unwrap();
        assert!((told.threshold - 23.0).abs() < 1e-9, "{told:?}");
        assert_eq!((told.avoids, told.keeps), (2, 0));
        assert_eq!(suggest(&points(&[], &[59.9]), &measure(12.0, 0.1)), None, "no configuration takes it");
        assert_eq!(suggest(&points(&[20.0], &[]), &measure(12.0, 0.1)), None, "nothing cries wolf");
    }

    proptest! {
        #[test]
        fn a_suggestion_never_loses_a_real_alarm_and_always_avoids_a_false_one(
            reals in prop::collection::vec(0.0..70.0f64, 0..12),
            false_ones in prop::collection::vec(0.0..70.0f64, 0..12),
            threshold in 3.0..60.0f64,
            step in prop::sample::select(vec![0.001, 0.1, 1.0]),
            raising: bool,
        ) {
            let sign = if raising { 1.0 } else { -1.0 };
            let all = points(&reals, &false_ones).into_iter().map(|p| Point { value: p.value * sign, ..p });
            let measure = Measure {
                raising,
                threshold: threshold * sign,
                range: (-100.0, 100.0),
                ..measure(threshold, step)
            };
            if let Some(told) = suggest(&all.collect::<Vec<_>>(), &measure) {
                let set = told.threshold * sign;
                prop_assert!(set > threshold, "it flags less than now");
                prop_assert_eq!(reals.iter().filter(|value| **value >= set).count(), reals.len());
                prop_assert_eq!((told.keeps, told.real), (reals.len(), reals.len()));
                prop_assert_eq!(told.avoids, false_ones.iter().filter(|value| **value < set).count());
                prop_assert!(told.avoids >= 1);
            }
        }
    }
}
