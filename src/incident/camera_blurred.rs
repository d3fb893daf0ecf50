//! `camera-blurred`: out of focus, sprayed, or a lens that has steamed up.
//!
//! Sharpness is compared with what this camera usually has in this light (lenses are softer under
//! infrared light and at full aperture), learned in the first 20 s of each light and followed in
//! minutes. In a light that is new to it, it may be a good deal softer than in the others. A camera
//! that is blurred when the service starts is not noticed; one that gets better is soon expected to
//! stay so. Where the view itself is gone, it is covered, not blurred. Nothing is learned while it is
//! blurred: the incident goes on until the picture is sharp again or the service starts anew.

use std::time::Duration;

use super::known_view::KnownView;
use super::sustained::{Sustained, Turn};
use super::{Gauge, GaugeName, Peak, Sign, Watch, measurement, over};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Observation, View};

const DIP: Duration = Duration::from_secs(6);
const OVER_AFTER: Duration = Duration::from_secs(15);

/// Sharpness relative to the usual one that is blurred; up to the second keeps a flag up.
const BLURRED: f32 = 0.66;
const BLURRED_STILL: f32 = 0.78;

/// Below this, relative to the usual one, nothing is learned.
const STRANGE: f32 = 0.8;

/// The view has to be there still: covered otherwise.
const GONE: f32 = 0.85;

/// How much of the sharpness in other lights is expected in a new one.
const IN_NEW_LIGHT: f32 = 0.75;

/// Views it takes to know the sharpness in one light, and its pace after that.
const FIRST_VIEWS: u16 = 20;
const PACE: f32 = 1.0 / 300.0;

/// Where one light ends and the next begins, as mean brightness: night, dim, day.
const LIGHTS: [f32; 2] = [55.0, 95.0];

/// The rule for one camera.
pub(super) struct CameraBlurred {
    known: KnownView,
    usual: [Usual; LIGHTS.len() + 1],
    size: (u32, u32),
    blurred: Sustained,
    least: Option<f32>,
    /// The sharpness that the newest view was compared with.
    expected: Option<f32>,
}

/// What a camera usually has in one light.
#[derive(Debug, Clone, Copy, Default)]
struct Usual {
    sharpness: f32,
    spread: f32,
    views: u16,
}

impl CameraBlurred {
    pub fn new(hold: Duration) -> Self {
        Self {
            known: KnownView::default(),
            usual: Default::default(),
            size: (0, 0),
            blurred: Sustained::new(hold, DIP, OVER_AFTER),
            least: None,
            expected: None,
        }
    }

    /// Sharpness relative to the usual one; `None` if that cannot be said. Learns.
    fn relative(&mut self, view: &View) -> Option<f32> {
        let light = LIGHTS.iter().filter(|end| view.brightness >= **end).count();
        // In a light that is new, the softest of the others has to do.
        let others = self.usual.iter().filter(|usual| usual.views >= FIRST_VIEWS);
        let softest = others.map(|usual| usual.sharpness).fold(f32::INFINITY, f32::min);
        let usual = self.usual.get_mut(light)?;
        let Some(sharpness) = view.sharpness else {
            // So blurred that no edge is left, though as much is bright and dark as before.
            let is_known = usual.views >= FIRST_VIEWS && view.spread >= 0.6 * usual.spread;
            return is_known.then_some(0.0);
        };
        let is_known = usual.views >= FIRST_VIEWS;
        let expected = if is_known { usual.sharpness } else { IN_NEW_LIGHT * softest };
        self.expected = Some(expected).filter(|expected| expected.is_finite());
        let relative = if expected.is_finite() { sharpness / expected } else { 1.0 };
        if relative >= if is_known { STRANGE } else { BLURRED } {
            usual.views = usual.views.saturating_add(1);
            let pace = (1.0 / f32::from(usual.views)).max(if relative > 1.1 { 0.05 } else { PACE });
            usual.sharpness += (sharpness - usual.sharpness) * pace;
            usual.spread += (view.spread - usual.spread) * pace;
        }
        expected.is_finite().then_some(relative)
    }

    fn peak(&self) -> Peak {
        let percent = f64::from(self.least.unwrap_or(1.0)) * 100.0;
        [("sharpness_percent".to_owned(), measurement(percent))].into_iter().collect()
    }
}

impl Watch for CameraBlurred {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        let view = match observation {
            Observation::View(view) => view,
            // Nothing can be seen any more, so nothing can be said to go on.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => return over(self.blurred.end()),
            _ => return None,
        };
        if self.size != view.size {
            (self.size, self.usual) = (view.size, Default::default());
        }
        let likeness = self.known.see(view, self.blurred.is_flagged(), now);
        let is_gone = likeness.is_some_and(|like| like.lost >= GONE);
        let relative = if is_gone { None } else { self.relative(view) };
        let still = self.blurred.is_flagged();
        // What cannot be said goes on as it was.
        let limit = if still { BLURRED_STILL } else { BLURRED };
        let met = relative.map_or(still, |relative| relative < limit);
        let turn = if armed { self.blurred.look(met, view.began, now) } else { self.blurred.end() };
        let is_least = relative.is_some_and(|now| self.least.is_none_or(|least| now < least - 0.005)) && met;
        if !self.blurred.is_rising() {
            self.least = None;
        } else if is_least {
            self.least = relative;
        }
        match turn {
            Turn::Held(started_at) => Some(Sign::Flagged { started_at, peak: self.peak() }),
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing if is_least && self.blurred.is_flagged() => Some(Sign::Stronger(self.peak())),
            Turn::Nothing => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.blurred.wait(now))
    }

    fn gauges(&self) -> Vec<Gauge> {
        let below = self.expected.map(|expected| f64::from(expected * BLURRED));
        below.map(|value| Gauge { name: GaugeName::BlurredBelow, value }).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::known_view::halls::{hall, view};
    use super::*;

    /// Shows `(seconds, sharpness, share of the light)`; gives each sign with its second.
    fn see(stretches: &[(u64, f32, f32)]) -> Vec<(u64, Sign)> {
        let mut rule = CameraBlurred::new(Duration::from_secs(60));
        let shown =
            stretches.iter().flat_map(|(seconds, sharp, light)| (0..*seconds).map(|_| (*sharp, *light)));
        let mut signs = Vec::new();
        for (second, (sharp, light)) in shown.enumerate() {
            let (view, now) = view(second as u64, sharp, |x, y| 16.0 + (hall(x, y) - 16.0) * light);
            signs.extend(rule.observe(&Observation::View(view), true, now).map(|sign| (second as u64, sign)));
        }
        signs
    }

    #[test]
    fn a_lens_that_goes_out_of_focus_is_flagged_after_the_hold_and_ends_when_it_is_sharp_again() {
        let signs = see(&[(30, 0.7, 1.0), (70, 0.35, 1.0), (30, 0.7, 1.0)]);
        assert!(
            matches!(&signs[0], (90, Sign::Flagged { started_at, .. }) if started_at.as_millis() == 30_000)
        );
        assert!(matches!(&signs[1], (_, Sign::Ended(at)) if at.as_millis() / 1000 == 99), "{signs:?}");
    }

    #[test]
    fn a_lens_that_is_softer_at_night_is_as_sharp_as_it_gets() {
        assert_eq!(see(&[(60, 0.7, 1.0), (120, 0.4, 0.3), (60, 0.7, 1.0), (120, 0.4, 0.3)]), []);
    }

    #[test]
    fn a_camera_that_is_blurred_from_the_start_is_not_known_to_be() {
        assert_eq!(see(&[(200, 0.35, 1.0)]), []);
    }

    #[test]
    fn a_lens_that_steams_up_when_the_light_changes_is_flagged_all_the_same() {
        assert_eq!(see(&[(60, 0.7, 1.0), (90, 0.3, 0.3)]).len(), 1);
    }
}
