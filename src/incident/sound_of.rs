//! `scream`, `breaking-glass`, `alarm-sound`: a sound that the model knows.

use std::time::Duration;

use super::{Sign, Watch};
use crate::model::{Kind, Now};
use crate::perceive::Observation;

/// The rule for one sound of one camera.
pub(super) struct SoundOf;

impl SoundOf {
    pub fn new(_sound: Kind, _min_score: f64, _hold: Duration) -> Self {
        Self
    }
}

impl Watch for SoundOf {
    fn observe(&mut self, _observation: &Observation, _armed: bool, _now: Now) -> Option<Sign> {
        None
    }
}
