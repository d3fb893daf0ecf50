//! `picture-frozen`: the same picture comes again and again.

use std::time::Duration;

use super::{Sign, Watch};
use crate::model::Now;
use crate::perceive::Observation;

/// The rule for one camera.
pub(super) struct PictureFrozen;

impl PictureFrozen {
    pub fn new(_hold: Duration) -> Self {
        Self
    }
}

impl Watch for PictureFrozen {
    fn observe(&mut self, _observation: &Observation, _armed: bool, _now: Now) -> Option<Sign> {
        None
    }
}
