//! What is seen and heard: people and motion in the picture, levels, speech and other sounds.
//!
//! **Invariant:** perception never holds up recording. Its queues are bounded; what does not fit is
//! dropped and counted, and the count is told.

mod observation;

mod aside;

mod level;

mod ear;

mod counters;

mod seldom;

mod shift;

mod tap;

mod priority;

pub mod models;

mod hearing;

mod motion;

mod gate;

mod assign;

mod tracks;

mod eye;

mod turns;

mod lookers;

mod catching_up;

mod quiet;

mod outline;

mod repeats;

mod seeing;

mod sharpness;

mod view;

pub mod sounds;

mod timbre;

pub(crate) use aside::aside;
pub use counters::{Counters, Perception};
pub use ear::Ear;
pub use eye::{Eye, Look};
pub use hearing::Hearing;
pub use lookers::{Find, Lookers};
pub use models::Models;
pub use motion::{Motion, SELDOM};
pub use observation::{
    Cells, Frame, GRID_COLUMNS, GRID_ROWS, Heard, Loudness, Observation, People, Person, View, contains,
};
pub use outline::{DIRECTIONS, OUTLINE_COLUMNS, OUTLINE_ROWS, Outline};
pub use repeats::Repeat;
pub use seeing::Seeing;
pub use tap::{Tap, What};
pub use view::Viewer;

use priority::lower_priority;
use turns::Turns;

use crate::model::{CameraId, Now};

/// An observation on its way to the rules.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Whose.
    pub camera: CameraId,
    /// What.
    pub observation: Observation,
    /// When it was so.
    pub at: Now,
}
