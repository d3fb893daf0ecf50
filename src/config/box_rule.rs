//! The rules about the box itself. They hold without a line in the file; a `[[rule]]` of such a
//! kind only changes how its incidents are told.

use std::time::Duration;

use super::reader::Table;
use super::value::Taken;
use crate::model::{Kind, Severity};

const HOUR: Duration = Duration::from_secs(3600);

/// A rule about the box; there is exactly one of each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxRule {
    /// What it watches for.
    pub kind: Kind,
    /// How much its incidents matter.
    pub severity: Severity,
    /// For how long the condition must hold before it is an incident.
    pub hold: Duration,
    /// For how long after an incident no new one begins.
    pub cool_down: Duration,
    /// How many incidents an hour; past it, one rolling incident with a count.
    pub max_per_hour: u32,
}

/// Their kinds.
pub(super) const BOX_KINDS: [Kind; 5] =
    [Kind::StorageFailed, Kind::DiskLow, Kind::ClockOff, Kind::Restarted, Kind::RecordingGap];

impl BoxRule {
    /// The rule of this kind as it holds without a line in the file.
    pub(super) fn unwritten(kind: Kind) -> Self {
        let severity = match kind {
            Kind::StorageFailed => Severity::Urgent,
            Kind::Restarted => Severity::Notice,
            _ => Severity::Warning,
        };
        let cool_down = Duration::from_secs(60);
        Self { kind, severity, hold: Duration::ZERO, cool_down, max_per_hour: 12 }
    }
}

/// Whether its condition lasts, so that it can be waited for.
fn lasts(kind: Kind) -> bool {
    !matches!(kind, Kind::Restarted | Kind::RecordingGap)
}

/// Reads a `[[rule]]` of such a kind.
pub(super) fn box_rule(mut table: Table<'_>, kind: Kind, taken: &mut Taken) -> Option<BoxRule> {
    table.refuse("enabled", &format!("{kind} concerns the box and cannot be switched off: take it out"));
    for key in ["cameras", "schedule"] {
        table.refuse(key, &format!("{key} is for rules over cameras, {kind} concerns the box: take it out"));
    }
    if !lasts(kind) {
        table.refuse("hold", &format!("{kind} is over when it is noticed, there is no hold: take it out"));
    }
    let unwritten = BoxRule::unwritten(kind);
    let severities = [Severity::Notice, Severity::Warning, Severity::Urgent].map(|s| (s.as_str(), s));
    let severity = table.or("severity", unwritten.severity, |value| value.word(&severities));
    let hold = match lasts(kind) {
        true => table.or("hold", unwritten.hold, |value| value.duration(Duration::ZERO..=HOUR)),
        false => Some(unwritten.hold),
    };
    let cool_down = table.or("cool_down", unwritten.cool_down, |v| v.duration(Duration::ZERO..=24 * HOUR));
    let max_per_hour = table.or("max_per_hour", unwritten.max_per_hour, |value| value.count(1..=1000));
    if let Err((_, line)) = table.take(taken, kind.as_str()) {
        table.amiss(&format!("there is one rule of this kind, and line {line} has it already: take one out"));
    }
    table.finish();
    let (severity, hold) = (severity?, hold?);
    Some(BoxRule { kind, severity, hold, cool_down: cool_down?, max_per_hour: max_per_hour? })
}
