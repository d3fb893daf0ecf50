//! `audio-lost`: the microphone is dead.

use std::time::Duration;

use super::{Sign, Watch};
use crate::model::Now;
use crate::perceive::Observation;

/// The rule for one camera.
pub(super) struct AudioLost;

impl AudioLost {
    pub fn new(_hold: Duration) -> Self {
        Self
    }
}

impl Watch for AudioLost {
    fn observe(&mut self, _observation: &Observation, _armed: bool, _now: Now) -> Option<Sign> {
        None
    }
}
