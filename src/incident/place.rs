//! Where a rule looks: one zone of a picture, or all of it. Pure.

use crate::config::Zone;
use crate::perceive::{Person, contains};

/// A zone or the whole picture.
#[derive(Debug, Clone)]
pub(super) struct Place(Option<Vec<(f64, f64)>>);

impl Place {
    /// That zone; without one, the whole picture.
    pub fn of(zone: Option<&Zone>) -> Self {
        Self(zone.map(|zone| zone.polygon.clone()))
    }

    /// Whether this person stands there.
    pub fn has(&self, person: &Person) -> bool {
        let (x, y) = person.frame.foot();
        // A foot on the very edge of the picture belongs to what is drawn to the edge.
        self.0.as_ref().is_none_or(|polygon| contains(polygon, x, y.min(NEARLY_ONE)))
    }
}

/// The lowest line that lies inside a zone drawn to the lower edge.
const NEARLY_ONE: f64 = 0.999;

#[cfg(test)]
pub(super) mod testing {
    //! People and zones for the tests of rules.

    use std::time::Duration;

    use crate::config::{AudioUse, Camera, Zone, ZonePurpose};
    use crate::model::CameraId;
    use crate::perceive::{Frame, Person};

    /// Somebody whose foot is at `foot`, a third of the picture tall.
    pub fn person(track: u64, foot: (f64, f64), score: f32) -> Person {
        let (x, y) = (foot.0 as f32, foot.1 as f32);
        Person { track, frame: Frame { left: x - 0.05, top: y - 0.33, right: x + 0.05, bottom: y }, score }
    }

    /// A camera with these zones.
    pub fn camera(zones: Vec<Zone>) -> Camera {
        Camera {
            id: CameraId::new("counter-1").unwrap(),
            name: "Quầy 1".to_owned(),
            main: "rtsp://10.0.0.1/1".parse().unwrap(),
            sub: None,
            user: None,
            password: None,
            asked: true,
            audio: AudioUse::Off,
            keep: Duration::MAX,
            sub_keep: Duration::MAX,
            keep_size: None,
            zones,
        }
    }

    /// A rectangular zone.
    pub fn whole(name: &str, from: (f64, f64), to: (f64, f64)) -> Zone {
        let polygon = vec![from, (to.0, from.1), to, (from.0, to.1)];
        Zone { name: name.to_owned(), purpose: ZonePurpose::Waiting, polygon }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{person, whole};
    use super::*;

    #[test]
    fn somebody_whose_feet_are_cut_off_stands_in_the_zone_that_is_drawn_to_the_edge() {
        let place = Place::of(Some(&whole("z", (0.0, 0.5), (1.0, 1.0))));
        assert!(place.has(&person(1, (0.5, 1.0), 0.9)));
        assert!(!place.has(&person(1, (0.5, 0.4), 0.9)));
        assert!(Place::of(None).has(&person(1, (0.5, 0.4), 0.9)));
    }
}
