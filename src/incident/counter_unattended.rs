//! `counter-unattended`: nobody in a staff zone.

use std::time::Duration;

use super::{Sign, Watch};
use crate::config::{Camera, Zone};
use crate::model::Now;
use crate::perceive::Observation;

/// The rule for one zone.
pub(super) struct CounterUnattended;

impl CounterUnattended {
    pub fn new(
        _camera: &Camera,
        _zone: Option<&Zone>,
        _hold: Duration,
        _hold_with_citizen: Duration,
    ) -> Self {
        Self
    }
}

impl Watch for CounterUnattended {
    fn observe(&mut self, _observation: &Observation, _armed: bool, _now: Now) -> Option<Sign> {
        None
    }
}
