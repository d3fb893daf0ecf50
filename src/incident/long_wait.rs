//! `long-wait`: somebody waits too long.

use std::time::Duration;

use super::{Sign, Watch};
use crate::config::Zone;
use crate::model::Now;
use crate::perceive::Observation;

/// The rule for one zone.
pub(super) struct LongWait;

impl LongWait {
    pub fn new(_zone: Option<&Zone>, _hold: Duration) -> Self {
        Self
    }
}

impl Watch for LongWait {
    fn observe(&mut self, _observation: &Observation, _armed: bool, _now: Now) -> Option<Sign> {
        None
    }
}
