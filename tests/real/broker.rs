//! The broker dies in the middle of a clip and comes back.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{CameraSpec, Hall, wait_for};

#[test]
fn a_broker_killed_in_the_middle_of_a_clip_loses_and_doubles_nothing() {
    let mut hall = Hall::new(&[CameraSpec { kbps: 6000, ..CameraSpec::new("counter-1") }]);
    let _province = hall.start_province();
    let centre = hall.start_centre();
    let id = hall.wait_for_incident("raised-voices", 30)["id"].as_str().unwrap().to_owned();

    let half_way = until_half_way(&hall, &id);
    hall.broker.kill();
    let clip = clip_of(&hall, &id);
    assert_eq!(clip["state"], "receiving", "the broker died {half_way} bytes into the clip");
    centre.wait_for_log("next try in", 20);
    hall.broker.restart();

    hall.wait_for_file(&id, "clip", 60);
    let incident = hall.incident(&id);
    hall.has_each_event_once(&incident);
    let clips = incident["files"].as_array().unwrap().iter().filter(|file| file["role"] == "clip").count();
    assert_eq!(clips, 1);
    assert!(centre.stop().success());
}

/// Waits until the province has a part of the clip; gives how much.
pub fn until_half_way(hall: &Hall, id: &str) -> i64 {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let clip = clip_of(hall, id);
        if clip["state"] == "receiving" && clip["received"].as_i64().unwrap_or(0) > 0 {
            return clip["received"].as_i64().unwrap();
        }
        assert!(clip["state"] != "stored", "the clip was too quick for this test");
        assert!(Instant::now() < deadline, "no clip came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn clip_of(hall: &Hall, id: &str) -> Value {
    let files = hall.incident(id)["files"].as_array().cloned().unwrap_or_default();
    files.into_iter().find(|file| file["role"] == "clip").unwrap_or(Value::Null)
}

#[test]
fn a_centre_that_starts_without_a_broker_records_and_delivers_when_it_comes() {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1")]);
    hall.broker.kill();
    let centre = hall.start_centre();
    centre.wait_for_log("\"what\":\"flagged\"", 40);
    assert!(!centre.log().contains("\"what\":\"stored\""));
    hall.broker.restart();
    let _province = hall.start_province();
    let id = hall.wait_for_incident("raised-voices", 90)["id"].as_str().unwrap().to_owned();
    hall.wait_for_file(&id, "clip", 60);
    wait_for("the centre to have its receipt", 10, || {
        centre.log().contains("\"class\":\"clip\"").then_some(())
    });
    assert!(centre.stop().success());
}
