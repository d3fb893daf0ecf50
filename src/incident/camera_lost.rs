//! `camera-lost`: a camera sends nothing, or does not let us in.

use std::time::Duration;

use super::{Observation, Peak, Sign, Watch};
use crate::ingest::CameraState;
use crate::model::Now;

/// The rule for one camera.
pub(super) struct CameraLost {
    hold: Duration,
    lost: Option<(Now, bool)>,
}

impl CameraLost {
    pub fn new(hold: Duration) -> Self {
        Self { hold, lost: None }
    }
}

impl Watch for CameraLost {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        let Observation::Camera(state) = observation else { return None };
        let is_lost = armed && matches!(state, CameraState::Lost | CameraState::Refused);
        let is_back = !armed || *state == CameraState::Streaming;
        match &mut self.lost {
            None if is_lost => {
                self.lost = Some((now, false));
                self.flag(now)
            }
            Some((_, is_flagged)) if is_back => {
                let was_flagged = *is_flagged;
                self.lost = None;
                was_flagged.then_some(Sign::Ended(now.wall))
            }
            _ => self.flag(now),
        }
    }
}

impl CameraLost {
    fn flag(&mut self, now: Now) -> Option<Sign> {
        let (since, is_flagged) = self.lost.as_mut()?;
        if *is_flagged || now.mono.since(since.mono) < self.hold {
            return None;
        }
        *is_flagged = true;
        Some(Sign::Flagged { started_at: since.wall, peak: Peak::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Wall;

    fn signs(states: &[(u64, CameraState)], hold_s: u64) -> Vec<(u64, Sign)> {
        let mut rule = CameraLost::new(Duration::from_secs(hold_s));
        let mut told = Vec::new();
        for (second, state) in states {
            let now = Now::default().plus(Duration::from_secs(*second));
            told.extend(rule.observe(&Observation::Camera(*state), true, now).map(|sign| (*second, sign)));
        }
        told
    }

    #[test]
    fn a_lost_camera_is_flagged_once_and_ends_with_its_first_picture() {
        use CameraState::{Lost, Stalled, Streaming};
        let told = signs(&[(0, Streaming), (5, Stalled), (10, Lost), (20, Lost), (30, Streaming)], 0);
        let flagged = Sign::Flagged { started_at: Wall::from_millis(10_000), peak: Peak::new() };
        assert_eq!(told, [(10, flagged), (30, Sign::Ended(Wall::from_millis(30_000)))]);
    }

    #[test]
    fn a_camera_that_refuses_us_is_lost_too_and_a_hold_is_waited_for() {
        let told =
            signs(&[(0, CameraState::Refused), (10, CameraState::Refused), (60, CameraState::Refused)], 30);
        assert_eq!(told, [(60, Sign::Flagged { started_at: Wall::from_millis(0), peak: Peak::new() })]);
    }
}
