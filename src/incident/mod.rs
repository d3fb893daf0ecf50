//! When observations become an incident, when it ends, what it is called.
//!
//! **Invariant:** everything here is pure. It is given observations and the time and answers with
//! what follows; it reads no clock, no file and no socket, so that a rule is tested without a
//! camera and a recording replays to the same flags.

mod after_hours;

mod baseline;

mod camera_lost;

mod observation;

mod raised_voices;

mod sustained;

mod tracker;

pub use baseline::Baseline;
pub use observation::{Cells, GRID_COLUMNS, GRID_ROWS, Observation};
pub use tracker::{Action, Incident, Tracker};

use serde_json::{Map, Value};

use crate::model::{Now, Wall};

/// What a rule makes of one camera's observations.
trait Watch: Send + Sync {
    /// Takes one observation. `armed` is whether the rule's schedule is in force: a rule that is
    /// not still learns, and ends what it had flagged.
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign>;

    /// Time has passed. What nobody has observed for a while cannot be said to go on.
    fn tick(&mut self, now: Now) -> Option<Sign> {
        let _ = now;
        None
    }
}

/// A change that a rule reports.
#[derive(Debug, Clone, PartialEq)]
enum Sign {
    /// The condition has held long enough.
    Flagged {
        /// When it began.
        started_at: Wall,
        /// The strongest measurements so far.
        peak: Peak,
    },
    /// It goes on, and something about it is stronger than before.
    Stronger(Peak),
    /// It is over since then.
    Ended(Wall),
}

/// The strongest measurements of an incident, names with units.
type Peak = Map<String, Value>;

/// The sign of a condition that was ended from outside.
fn over(turn: sustained::Turn) -> Option<Sign> {
    match turn {
        sustained::Turn::Over(at) => Some(Sign::Ended(at)),
        _ => None,
    }
}

/// A measurement rounded to one decimal, as people read it.
fn measurement(value: f64) -> Value {
    serde_json::Number::from_f64((value * 10.0).round() / 10.0).map_or(Value::Null, Value::Number)
}
