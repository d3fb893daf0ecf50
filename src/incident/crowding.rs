//! `crowding`: too many people at once.

use std::time::Duration;

use super::{Sign, Watch};
use crate::config::Zone;
use crate::model::Now;
use crate::perceive::Observation;

/// The rule for one zone.
pub(super) struct Crowding;

impl Crowding {
    pub fn new(_zone: Option<&Zone>, _min_people: u32, _hold: Duration) -> Self {
        Self
    }
}

impl Watch for Crowding {
    fn observe(&mut self, _observation: &Observation, _armed: bool, _now: Now) -> Option<Sign> {
        None
    }
}
