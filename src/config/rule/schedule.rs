//! When a rule watches.

use super::Surroundings;
use super::usual::When;
use crate::config::hours::{Hours, read_plan};
use crate::config::reader::Table;
use crate::model::Wall;

/// When a rule watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// At all times.
    Always,
    /// While the centre is open.
    Open,
    /// While the centre is closed.
    Closed,
    /// While nobody has business in the centre: it is closed, but not for lunch only, nor within an hour of
    /// its hours ([`Hours::is_deserted`]).
    Deserted,
    /// At hours of its own. On the centre's special days it watches at the hours of that day.
    Own(Hours),
}

impl Schedule {
    /// Whether the rule watches at that moment, in a centre with these hours.
    pub fn is_in_force(&self, centre: &Hours, at: Wall) -> bool {
        match self {
            Schedule::Always => true,
            Schedule::Open => centre.is_open(at),
            Schedule::Closed => !centre.is_open(at),
            Schedule::Deserted => centre.is_deserted(at),
            Schedule::Own(hours) => hours.is_open(at),
        }
    }
}

/// Reads when a rule watches; by default as usual for its kind.
pub(super) fn read(table: &mut Table<'_>, usual: When, around: &Surroundings<'_>) -> Option<Schedule> {
    let usual = match usual {
        When::Always => Schedule::Always,
        When::Open => Schedule::Open,
        When::Deserted => Schedule::Deserted,
    };
    let schedule = table.or("schedule", usual, |value| {
        if !value.is_list() {
            return value.word(&[
                ("always", Schedule::Always),
                ("open", Schedule::Open),
                ("closed", Schedule::Closed),
                ("deserted", Schedule::Deserted),
            ]);
        }
        let mut own = around.hours.with_an_empty_week();
        match read_plan(&value, &mut own)? {
            0 => value.wrong("is empty: write hours, or enabled = false for a rule that never watches"),
            _ => Some(Schedule::Own(own)),
        }
    })?;
    let needs_hours = matches!(schedule, Schedule::Open | Schedule::Closed | Schedule::Deserted);
    if needs_hours && !around.has_hours {
        table.amiss(
            "it needs to know when the centre is open: \
             write hours = [\"mon-fri 07:30-11:30\"] under [centre], or schedule = \"always\" here",
        );
    }
    Some(schedule)
}
