//! When observations become an incident, when it ends, what it is called.
//!
//! **Invariant:** everything here is pure. It is given observations and the time and answers with
//! what follows; it reads no clock, no file and no socket, so that a rule is tested without a
//! camera and a recording replays to the same flags.

mod after_hours;

mod alarm_sound;

mod alikeness;

mod audio_lost;

mod baseline;

mod box_observation;

mod breaking_glass;

mod camera_blurred;

mod camera_covered;

mod camera_lost;

mod camera_moved;

mod clock_off;

mod counter_unattended;

mod course;

mod crowding;

mod disk_low;

mod edges;

mod happened;

mod known_view;

mod lasting;

mod listen;

mod long_wait;

mod manual;

mod movers;

#[cfg(test)]
mod on_real_pictures;

mod picture_frozen;

mod mean_score;

mod moment;

mod place;

mod quietest;

mod raised_voices;

mod same;

mod scream;

mod spans;

mod storage_failed;

mod strongest;

mod sustained;

mod tracker;

pub use baseline::Baseline;
pub use box_observation::BoxObservation;
pub use manual::Manual;
pub use spans::span;
pub use tracker::{Action, Incident, Tracker};

use serde_json::{Map, Value};

use crate::config::BoxRule;
use crate::model::{CameraId, Kind, Now, Wall};
use crate::perceive::Observation;

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

    /// What it has worked out and goes by now: for whoever wants to see why it flags.
    fn gauges(&self) -> Vec<Gauge> {
        Vec::new()
    }
}

/// A value that a rule goes by, which it has worked out itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gauge {
    /// What it is.
    pub name: GaugeName,
    /// In the unit of its name.
    pub value: f64,
}

/// What such a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GaugeName {
    /// How loud people usually speak in the room, in LUFS.
    UsualLoudness,
    /// How loud is loud there, in LUFS.
    LoudFrom,
    /// How much of what the camera usually sees is gone, 0 to 1.
    ViewLost,
    /// Which sharpness is blurred in this light, 0 to 1.
    BlurredBelow,
    /// The mean score of the last second that counts as a scream, 0 to 1.
    ScreamScore,
    /// The mean score over twice the hold that counts as an alarm, 0 to 1.
    AlarmScore,
    /// Which level is a dead microphone's, in dBFS.
    DeadBelow,
    /// How much of what the camera usually sees is still where it was; 1 is as usual.
    ViewKept,
}

/// What a rule makes of observations of the box itself. Each sign is of a camera where it is one
/// camera's footage that is missed.
trait BoxWatch: Send + Sync {
    /// Takes one observation.
    fn observe(&mut self, observation: &BoxObservation, now: Now) -> Vec<(Option<CameraId>, Sign)>;

    /// Time has passed.
    fn tick(&mut self, now: Now) -> Option<Sign> {
        let _ = now;
        None
    }
}

/// The watch of a rule about the box; `None` for a kind that is no such rule's.
fn box_watch(rule: &BoxRule) -> Option<Box<dyn BoxWatch>> {
    Some(match rule.kind {
        Kind::StorageFailed => Box::new(storage_failed::StorageFailed::new(rule.hold)),
        Kind::DiskLow => Box::new(disk_low::DiskLow::new(rule.hold)),
        Kind::ClockOff => Box::new(clock_off::ClockOff::new(rule.hold)),
        Kind::Restarted => Box::new(happened::Restarted),
        Kind::RecordingGap => Box::new(happened::RecordingGap),
        _ => return None,
    })
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
