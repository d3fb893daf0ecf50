//! What is told of the box itself.

use crate::model::Wall;
use crate::record::{Doubt, Health, Shortage, StreamName};

/// One thing that was noticed of the box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoxObservation {
    /// The storage is in a new state, or still in it.
    Storage(Health),
    /// The disk is too small for what is to be kept.
    Shortage(Shortage),
    /// Why the wall clock is not believed now, or that it is.
    Clock(Option<Doubt>),
    /// The wall clock was set.
    ClockSet {
        /// By how much, positive is forward.
        by_ms: i64,
    },
    /// The service runs again after it had died, or the power had failed.
    Restarted {
        /// The end of what was recorded before, where it is known.
        last_recorded: Option<Wall>,
    },
    /// Footage is missing, and nobody knows why.
    Gap {
        /// Whose.
        stream: StreamName,
        /// The moment after the last picture before it.
        from: Wall,
        /// The first picture after it.
        to: Wall,
    },
}
