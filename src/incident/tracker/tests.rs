//! What becomes of observations, as sentences.

use super::*;
use std::time::Duration;

use crate::config::read_edge;
use crate::ingest::CameraState;
use crate::model::Mono;
use crate::perceive::{Cells, Frame, People, Person};
use crate::record::Health;

const HEAD: &str = r#"
[centre]
id = "xuan-lung"
name = "Xuân Lũng"
hours = ["mon-fri 07:30-11:30"]
default_rules = false
[storage]
path = "s"
keep = "30d"
purpose = "p"
[[camera]]
id = "gate"
main = "rtsp://10.0.0.1/1"
[[camera.zone]]
name = "Cửa"
purpose = "restricted"
polygon = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
[[camera]]
id = "counter-1"
main = "rtsp://10.0.0.2/1"
"#;

struct World {
    tracker: Tracker,
    now: Now,
}

impl World {
    fn new(rule: &str) -> Self {
        let text = format!("{HEAD}{rule}");
        let no_secrets = |_: &_| Err("none".into());
        let config = read_edge("edge.toml", std::path::Path::new("/"), &text, &no_secrets).unwrap();
        let tracker = Tracker::new(&config, 7);
        // A Wednesday, 09:00 in Vietnam.
        let wall = "2026-11-25T02:00:00Z".parse().unwrap();
        Self { tracker, now: Now { mono: Mono::default(), wall } }
    }

    fn wait(&mut self, seconds: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        for _ in 0..seconds {
            self.now = self.now.plus(Duration::from_secs(1));
            actions.extend(self.tracker.tick(self.now));
        }
        actions
    }

    fn camera(&mut self, id: &str, state: CameraState) -> Vec<Action> {
        self.tracker.observe(&CameraId::new(id).unwrap(), &Observation::Camera(state), self.now)
    }

    /// A camera that goes away and comes back a second later.
    fn flap(&mut self, id: &str) -> Vec<Action> {
        let mut actions = self.camera(id, CameraState::Lost);
        actions.extend(self.wait(1));
        actions.extend(self.camera(id, CameraState::Streaming));
        actions
    }
}

fn short(actions: &[Action]) -> Vec<(&'static str, u32)> {
    let told = |action: &Action| match action {
        Action::Opened(incident) => ("opened", incident.count),
        Action::Updated(incident) => ("updated", incident.count),
        Action::Closed(incident) => ("closed", incident.count),
    };
    actions.iter().map(told).collect()
}

#[test]
fn what_comes_again_within_the_cool_down_is_the_same_incident() {
    let mut world = World::new("[[rule]]\nkind = \"camera-lost\"\ncool_down = \"30s\"");
    assert_eq!(short(&world.flap("gate")), [("opened", 1)]);
    assert_eq!(short(&world.wait(20)), []);
    assert_eq!(short(&world.flap("gate")), [], "told with the next update, or at the end");
    let closed = world.wait(31);
    assert_eq!(short(&closed), [("closed", 2)]);
    let Action::Closed(incident) = &closed[0] else { panic!() };
    assert_eq!(
        incident.ended_at.unwrap().millis_since(incident.started_at),
        22_000,
        "when it ended, not when it cooled"
    );
    assert_eq!(short(&world.flap("gate")), [("opened", 1)], "later it is a new one");
}

#[test]
fn two_cameras_have_an_incident_each() {
    let mut world = World::new("[[rule]]\nkind = \"camera-lost\"");
    assert_eq!(short(&world.flap("gate")), [("opened", 1)]);
    assert_eq!(short(&world.flap("counter-1")), [("opened", 1)]);
}

#[test]
fn past_the_cap_one_rolling_incident_counts_until_the_hour_has_room() {
    let mut world = World::new("[[rule]]\nkind = \"camera-lost\"\ncool_down = \"1s\"\nmax_per_hour = 3");
    let mut opened = 0;
    for _ in 0..20 {
        let actions = [world.flap("gate"), world.wait(10)].concat();
        opened += short(&actions).iter().filter(|(what, _)| *what == "opened").count();
    }
    assert_eq!(opened, 4, "three, and one that rolls");
    let later = world.wait(3600);
    let closed = short(&later).into_iter().filter(|(what, _)| *what == "closed").collect::<Vec<_>>();
    assert_eq!(closed, [("closed", 17)], "it stands for all the others");
    assert_eq!(short(&world.flap("gate")), [("opened", 1)]);
}

#[test]
fn the_rolling_incident_is_not_over_while_a_camera_is_still_away() {
    let mut world = World::new("[[rule]]\nkind = \"camera-lost\"\ncool_down = \"1s\"\nmax_per_hour = 1");
    world.flap("counter-1");
    world.wait(10);
    assert_eq!(short(&world.camera("gate", CameraState::Lost)), [("opened", 1)]);
    let later = world.wait(2 * 3600);
    assert!(short(&later).iter().all(|(what, _)| *what == "updated"), "{:?}", short(&later));
    world.camera("gate", CameraState::Streaming);
    assert_eq!(short(&world.wait(2)), [("closed", 1)]);
}

#[test]
fn what_is_new_has_an_incident_of_its_own_once_the_hour_has_room_again() {
    let mut world = World::new("[[rule]]\nkind = \"camera-lost\"\ncool_down = \"1s\"\nmax_per_hour = 1");
    world.flap("counter-1");
    world.wait(10);
    assert_eq!(
        short(&world.camera("gate", CameraState::Lost)),
        [("opened", 1)],
        "it rolls, for days perhaps"
    );
    world.wait(2 * 3600);
    assert_eq!(short(&world.flap("counter-1")), [("opened", 1)]);
}

#[test]
fn rules_that_go_by_hours_rest_while_the_clock_cannot_be_right() {
    for (doubt, flagged) in [
        (None, 1),
        (Some(Doubt::NotSynchronised), 1),
        (Some(Doubt::BeforeFootage { by_ms: 1500 }), 1),
        (Some(Doubt::BeforeRelease), 0),
        (Some(Doubt::BeforeFootage { by_ms: 3 * 3_600_000 }), 0),
    ] {
        let mut world = night("");
        world.tracker.observe_box(&BoxObservation::Clock(doubt), world.now);
        world.walk(5, &[]);
        assert_eq!(short(&world.walk(10, &["gate"])).len(), flagged, "{doubt:?}");
    }
}

#[test]
fn a_person_who_stays_is_told_every_three_minutes_and_a_lost_camera_every_hour() {
    let mut world = night("");
    world.walk(5, &[]);
    assert_eq!(short(&world.walk(600, &["gate"])), [vec![("opened", 1)], vec![("updated", 1); 3]].concat());
    let mut world = World::new("[[rule]]\nkind = \"camera-lost\"");
    world.camera("gate", CameraState::Lost);
    assert_eq!(short(&world.wait(2 * 3600)), [("updated", 1); 2]);
}

#[test]
fn a_failed_storage_is_an_incident_of_no_camera_without_any_rule_in_the_file() {
    let mut world = World::new("");
    let failed = BoxObservation::Storage(Health::Failed { why: "read-only".into() });
    let told = world.tracker.observe_box(&failed, world.now);
    let [Action::Opened(incident)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((incident.kind, incident.severity), (Kind::StorageFailed, Severity::Urgent));
    assert_eq!((&incident.camera, incident.rule.as_str()), (&None, "storage-failed"));
    assert_eq!(short(&world.wait(1800)), [], "it may last for weeks, and is told every hour");
    assert_eq!(short(&world.wait(1800)), [("updated", 1)]);
    assert_eq!(world.tracker.observe_box(&BoxObservation::Storage(Health::Well), world.now), []);
    assert_eq!(short(&world.wait(61)), [("closed", 1)]);
}

#[test]
fn a_clock_that_is_set_again_is_told_again_soon_and_one_that_flaps_ever_more_seldom() {
    let mut world = World::new("");
    let set =
        |world: &mut World, by_ms| world.tracker.observe_box(&BoxObservation::ClockSet { by_ms }, world.now);
    assert_eq!(short(&set(&mut world, 2000)), [("opened", 1)]);
    world.wait(2);
    assert_eq!(short(&set(&mut world, -3_600_000)), []);
    let told = world.wait(10);
    let [Action::Updated(incident)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(incident.peak["set_by_ms"], -3_600_000);
    let mut told = 0;
    for _ in 0..3600 {
        told += set(&mut world, 2000).len() + world.wait(1).len();
    }
    assert!((5..12).contains(&told), "{told} times in an hour");
}

#[test]
fn a_rule_in_the_file_changes_how_the_storage_is_told() {
    let rule = "[[rule]]\nkind = \"storage-failed\"\nseverity = \"warning\"\nhold = \"5s\"";
    let mut world = World::new(rule);
    let failed = BoxObservation::Storage(Health::Failed { why: "read-only".into() });
    assert_eq!(world.tracker.observe_box(&failed, world.now), []);
    world.wait(5);
    let told = world.tracker.observe_box(&failed, world.now);
    assert!(matches!(told.as_slice(), [Action::Opened(i)] if i.severity == Severity::Warning));
}

/// Somebody who moves, with their foot at `x` of the width.
fn somebody(x: f32) -> (Observation, Observation) {
    let frame = Frame { left: x - 0.05, top: 0.3, right: x + 0.05, bottom: 0.7 };
    let persons = vec![Person { track: 1, frame, score: 0.9 }];
    (Observation::Motion(Cells::in_frame(&frame)), Observation::People(People { persons }))
}

#[test]
fn a_rule_for_closed_hours_watches_its_zone_only_then() {
    let rule = "[[rule]]\nkind = \"after-hours\"\ncameras = [\"gate\"]\nzones = [\"Cửa\"]";
    let gate = CameraId::new("gate").unwrap();
    for (hours_later, x, expected) in [(0, 0.2, 0), (5, 0.2, 1), (5, 0.8, 0)] {
        let mut world = World::new(rule);
        world.now = world.now.plus(Duration::from_secs(hours_later * 3600));
        let mut actions = Vec::new();
        for _ in 0..5 {
            world.now = world.now.plus(Duration::from_secs(1));
            let (moved, seen) = somebody(x);
            actions.extend(world.tracker.observe(&gate, &moved, world.now));
            actions.extend(world.tracker.observe(&gate, &seen, world.now));
        }
        assert_eq!(actions.len(), expected, "{hours_later} h after nine");
        if let Some(Action::Opened(incident)) = actions.first() {
            assert_eq!(incident.zone.as_deref(), Some("Cửa"));
        }
    }
}

/// Two cameras that both watch an empty hall at night.
fn night(more: &str) -> World {
    let mut world = World::new(&format!("[[rule]]\nkind = \"after-hours\"\ncool_down = \"30s\"\n{more}"));
    world.now = world.now.plus(Duration::from_secs(5 * 3600));
    world
}

impl World {
    /// Somebody walks before these cameras for so long.
    fn walk(&mut self, seconds: u32, cameras: &[&str]) -> Vec<Action> {
        let mut actions = Vec::new();
        for _ in 0..seconds {
            self.now = self.now.plus(Duration::from_secs(1));
            for camera in ["gate", "counter-1"] {
                let id = CameraId::new(camera).unwrap();
                let (moved, seen) = match cameras.contains(&camera) {
                    true => somebody(0.2),
                    false => (Observation::Motion(Cells::none()), Observation::People(People::default())),
                };
                actions.extend(self.tracker.observe(&id, &moved, self.now));
                actions.extend(self.tracker.observe(&id, &seen, self.now));
            }
            actions.extend(self.tracker.tick(self.now));
        }
        actions
    }
}

fn last(actions: &[Action]) -> &Incident {
    match actions.last().unwrap() {
        Action::Opened(incident) | Action::Updated(incident) | Action::Closed(incident) => incident,
    }
}

#[test]
fn what_two_cameras_see_within_a_few_seconds_is_one_incident_that_ends_with_the_last_of_them() {
    let mut world = night("");
    world.walk(5, &[]);
    assert_eq!(short(&world.walk(3, &["gate"])), [("opened", 1)]);
    let joined = world.walk(3, &["gate", "counter-1"]);
    assert_eq!(short(&joined), [("updated", 1)]);
    assert_eq!(last(&joined).also, [CameraId::new("counter-1").unwrap()]);
    assert_eq!(short(&world.walk(40, &["counter-1"])), [], "one of them still sees it");
    let closed = world.walk(60, &[]);
    assert_eq!(short(&closed), [("closed", 1)]);
    let lasted = last(&closed).ended_at.unwrap().millis_since(last(&closed).started_at);
    assert_eq!(lasted, 45_500, "until the last sight on the second camera");
}

#[test]
fn what_another_camera_sees_half_a_minute_later_is_another_incident() {
    let mut world = night("");
    world.walk(5, &[]);
    assert_eq!(short(&world.walk(30, &["gate"])), [("opened", 1)]);
    assert_eq!(short(&world.walk(10, &["gate", "counter-1"])), [("opened", 1)]);
}

#[test]
fn what_comes_again_on_either_camera_within_the_cool_down_is_the_same_incident() {
    let mut world = night("");
    world.walk(5, &[]);
    let opened = world.walk(10, &["gate"]);
    world.walk(20, &[]);
    let joined = world.walk(5, &["counter-1"]);
    assert_eq!(short(&joined), [("updated", 1)], "who leaves one camera's picture comes into another's");
    assert_eq!(last(&joined).id, last(&opened).id);
    world.walk(20, &[]);
    assert_eq!(short(&world.walk(5, &["gate"])), [], "told with the next update, or at the end");
    let closed = world.walk(60, &[]);
    assert_eq!((short(&closed), last(&closed).id), (vec![("closed", 2)], last(&opened).id));
}

#[test]
fn two_lost_cameras_are_two_incidents_however_close() {
    let mut world = World::new("[[rule]]\nkind = \"camera-lost\"");
    let both = [world.camera("gate", CameraState::Lost), world.camera("counter-1", CameraState::Lost)];
    assert_eq!(both.iter().flat_map(|actions| short(actions)).collect::<Vec<_>>(), [("opened", 1); 2]);
}

#[test]
fn a_second_scream_in_another_room_is_another_incident_although_the_first_has_only_just_ended() {
    let mut world = World::new("[[rule]]\nkind = \"scream\"");
    let scream = |world: &mut World, id: &str| {
        let mut actions = vec![];
        for score in [0.0, 0.0, 0.9, 0.9, 0.0, 0.0] {
            world.now = world.now.plus(Duration::from_millis(480));
            let heard = crate::perceive::Heard {
                scores: vec![("scream", score)],
                shrill: 0.8,
                hop_ms: 480,
                ..crate::perceive::Heard::default()
            };
            let camera = CameraId::new(id).unwrap();
            let loud = crate::perceive::Loudness {
                dbfs: if score > 0.0 { -10.0 } else { -50.0 },
                lufs: if score > 0.0 { -10.0 } else { -50.0 },
                speech: Some(0.0),
                is_flat: false,
                window_ms: 480,
            };
            actions.extend(world.tracker.observe(&camera, &Observation::Sound(loud), world.now));
            actions.extend(world.tracker.observe(&camera, &Observation::Heard(heard), world.now));
        }
        actions
    };
    let first = scream(&mut world, "gate");
    assert_eq!(short(&first), [("opened", 1)]);
    world.wait(20);
    assert_eq!(short(&scream(&mut world, "counter-1")), [("opened", 1)]);
}
