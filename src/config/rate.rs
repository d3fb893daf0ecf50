//! How fast files may go to the province, by the hour: where the line is shared with the counters,
//! clips wait for the evening. Events are never held up by it.

use super::hours::{Hours, Span, weekly};
use super::units;
use super::value::{Value, quoted};
use crate::model::Wall;

/// The slowest rate that can be chosen: below it a clip would take days. Bytes a second.
const SLOWEST: u64 = 2_000;

/// What a rate may be at which hours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RatePlan {
    /// The first whose hours hold counts; one without hours always holds.
    steps: Vec<(Option<Hours>, u64)>,
}

impl RatePlan {
    /// The limit at that moment in bytes a second; none if files may take the whole link.
    pub fn at(&self, at: Wall) -> Option<u64> {
        let holds = |hours: &Option<Hours>| hours.as_ref().is_none_or(|hours| hours.is_open(at));
        self.steps.iter().find(|(hours, _)| holds(hours)).map(|(_, rate)| *rate)
    }

    /// In the words of the file; `None` if nothing is limited.
    pub fn shown(&self) -> Option<String> {
        let step = |(hours, rate): &(Option<Hours>, u64)| {
            let rate = units::show_rate(*rate);
            hours.as_ref().map_or(rate.clone(), |hours| format!("{rate} {}", hours.plan()))
        };
        let steps: Vec<_> = self.steps.iter().map(step).collect();
        (!steps.is_empty()).then(|| steps.join(", else "))
    }
}

/// Reads `"2Mbit/s"`, or a list of `"mon-fri 07:00-17:30 512kbit/s"` with at most one entry without hours.
pub(super) fn rate_plan(value: &Value<'_>, centre: &Hours) -> Option<RatePlan> {
    if !value.is_list() {
        return Some(RatePlan { steps: vec![(None, rate(value, value.text()?)?)] });
    }
    let (mut own, mut other) = (vec![], None);
    // One plan over all entries, so that two that overlap are found.
    let mut all = centre.with_an_empty_week();
    let items = value.list()?;
    if items.is_empty() {
        return value.wrong("is empty: write for example \"2Mbit/s\"");
    }
    for item in items {
        let Some(text) = item.text() else { continue };
        let Some((days, written)) = text.trim().rsplit_once(' ') else {
            let rate = rate(&item, text);
            if other.is_some() {
                item.wrong::<()>(format!("= {} is a second entry without hours", quoted(text)));
            }
            other = other.or(rate);
            continue;
        };
        let planned = weekly(days).and_then(|(days, span): (Vec<_>, Span)| {
            all.add_weekly(&days, span)?;
            let mut hours = centre.with_an_empty_week();
            hours.add_weekly(&days, span)?;
            Ok(hours)
        });
        match planned {
            Ok(hours) => own.extend(rate(&item, written).map(|rate| (Some(hours), rate))),
            Err(why) => {
                item.wrong::<()>(format!("= {} {why}", quoted(text)));
            }
        }
    }
    own.extend(other.map(|rate| (None, rate)));
    (!own.is_empty()).then_some(RatePlan { steps: own })
}

fn rate(value: &Value<'_>, text: &str) -> Option<u64> {
    match units::rate(text) {
        Ok(rate) if rate >= SLOWEST => Some(rate),
        Ok(_) => value.wrong(format!("= {} is less than {}", quoted(text), units::show_rate(SLOWEST))),
        Err(why) => value.wrong(format!("= {} {why}", quoted(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hours_that_hold_give_the_rate_and_an_entry_without_hours_the_rest() {
        let day = Hours::of_a_test(&["mon-fri 07:00-17:30"]);
        let at = |text: &str| Wall::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let mut plan = RatePlan { steps: vec![(Some(day), 64_000)] };
        // 2026-11-23 is a Monday; Hanoi is seven hours ahead.
        let (noon, night) = (at("2026-11-23T05:00:00Z"), at("2026-11-23T15:00:00Z"));
        assert_eq!((plan.at(noon), plan.at(night)), (Some(64_000), None));
        plan.steps.push((None, 500_000));
        assert_eq!((plan.at(noon), plan.at(night)), (Some(64_000), Some(500_000)));
        assert_eq!(plan.shown().unwrap(), "512kbit/s mon-fri 07:00-17:30, else 4Mbit/s");
        assert_eq!(RatePlan::default().at(noon), None);
    }
}
