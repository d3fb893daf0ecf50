//! Whether two cameras can see the same thing. Pure.

use serde_json::Value;

use super::Peak;
use super::course::Subject;
use crate::model::Kind;

/// Whether an incident of `kind` on one camera can be the same on another.
///
/// A sound fills the room, and whoever walks through it is seen by all its cameras. Two counters
/// are two counters, unless both cameras look at the zone of one name. The state of a camera is its
/// own.
pub(super) fn can_be_same(kind: Kind, one: &Subject, other: &Subject) -> bool {
    let is_elsewhere = one.camera.is_some() && other.camera.is_some() && one.camera != other.camera;
    is_elsewhere
        && match kind {
            Kind::AfterHours | Kind::Crowding => true,
            Kind::CounterUnattended | Kind::LongWait => one.zone.is_some() && one.zone == other.zone,
            _ => kind.is_heard(),
        }
}

/// The stronger of each measurement.
pub(super) fn strongest(mut one: Peak, other: Peak) -> Peak {
    for (name, value) in other {
        let is_weaker = match (one.get(&name).and_then(Value::as_f64), value.as_f64()) {
            (Some(known), Some(new)) => known >= new,
            _ => false,
        };
        if !is_weaker {
            one.insert(name, value);
        }
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CameraId;

    fn subject(camera: &str, zone: Option<&str>) -> Subject {
        Subject { camera: Some(CameraId::new(camera).unwrap()), zone: zone.map(str::to_owned) }
    }

    #[test]
    fn a_sound_and_a_person_are_the_same_on_two_cameras_and_a_covered_lens_is_not() {
        let (one, other) = (subject("counter-1", None), subject("gate", None));
        for (kind, is_same) in [
            (Kind::Scream, true),
            (Kind::RaisedVoices, true),
            (Kind::AfterHours, true),
            (Kind::Crowding, true),
            (Kind::CameraCovered, false),
            (Kind::AudioLost, false),
            (Kind::LongWait, false),
        ] {
            assert_eq!(can_be_same(kind, &one, &other), is_same, "{kind}");
            assert!(!can_be_same(kind, &one, &one), "{kind}");
        }
    }

    #[test]
    fn a_counter_is_the_same_if_its_zone_has_the_same_name() {
        let (one, other) = (subject("counter-1", Some("Quầy 1")), subject("gate", Some("Quầy 1")));
        assert!(can_be_same(Kind::CounterUnattended, &one, &other));
        assert!(!can_be_same(Kind::CounterUnattended, &one, &subject("gate", Some("Quầy 2"))));
    }
}
