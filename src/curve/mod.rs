//! How loud it was and how many people were seen, second by second: what a time line shows beside the
//! footage, so that a quarrel or a crowd is found by eye.
//!
//! Kept in `curves.sqlite`, 120 bytes a camera and minute, for as long as the footage. It can be lost, and
//! never makes perception or recording wait.

mod collector;

mod minute;

mod store;

pub use collector::{Collector, Finished, Tap};
pub use minute::{Curve, Measured, Minute, curve};
pub use store::{CurveDb, collect};
