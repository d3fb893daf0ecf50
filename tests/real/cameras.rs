//! Cameras that hang, refuse, or have no sound; none disturbs another.

use quaywatch::model::StreamKind;
use quaywatch::record::{GapReason, gaps};
use serde_json::json;

use crate::support::{CameraSpec, Hall, recorded, recorded_rows, wait_for};

#[test]
fn a_bad_camera_is_told_tried_with_care_and_disturbs_no_other() {
    let specs = [
        CameraSpec::new("steady").calm(),
        CameraSpec::new("hangs").calm(),
        CameraSpec { audio: "none", ..CameraSpec::new("mute") },
        CameraSpec {
            login: Some(("quay", "right")),
            believed_login: Some(("quay", "wrong")),
            ..CameraSpec::new("locked").calm()
        },
        CameraSpec { audio: "opus", ..CameraSpec::new("opus").calm() },
    ];
    let mut hall = Hall::new(&specs);
    hall.rules = "\n[[rule]]\nkind = \"camera-lost\"\ncool_down = \"1s\"\n".to_owned();
    let _province = hall.start_province();
    let centre = hall.start_centre();
    for camera in ["steady", "hangs", "mute", "opus"] {
        centre.wait_for_log(&format!("\"stream\":\"{camera}/main\",\"state\":\"streaming\""), 45);
    }
    centre.wait_for_log("\"stream\":\"locked/main\",\"state\":\"refused\"", 10);

    hall.cameras.control(json!({"do": "hang", "mount": "/hangs/main"}));
    centre.wait_for_log("\"stream\":\"hangs/main\",\"state\":\"lost\"", 20);
    let lost = wait_for("the lost camera at the province", 10, || {
        hall.incidents().into_iter().find(|i| i["camera"] == "hangs")
    });
    assert_eq!(lost["kind"], "camera-lost");
    assert_eq!(lost["no_clip"], "the camera sent no picture");
    hall.cameras.control(json!({"do": "resume", "mount": "/hangs/main"}));
    wait_for("the camera to be back", 30, || {
        let log = centre.log();
        let (lost, back) = ("\"state\":\"lost\"", "\"stream\":\"hangs/main\",\"state\":\"streaming\"");
        log.rfind(back).zip(log.find(lost)).filter(|(back, lost)| back > lost).map(|_| ())
    });
    wait_for("the incident to be closed at the province", 20, || {
        hall.incidents().into_iter().find(|i| i["camera"] == "hangs" && i["state"] == "closed")
    });
    assert!(centre.stop().success());

    let asked = hall
        .cameras
        .log()
        .into_iter()
        .filter(|line| line["e"] == "client" && line["mount"] == "/locked/main");
    let described = asked.filter(|line| line["what"] == "describe").count();
    assert!(described <= 2, "one attempt, which Digest makes of two requests, but {described} came");
    let incident = hall.incidents().into_iter().find(|i| i["camera"] == "locked").unwrap();
    assert_eq!(incident["kind"], "camera-lost", "who is not let in sees nothing");

    let steady = recorded(&hall.storage(), "steady", StreamKind::Main);
    let numbers: Vec<u64> = steady.stamps.iter().map(|(n, _)| *n).collect();
    let whole: Vec<u64> = (numbers[0]..=*numbers.last().unwrap()).collect();
    assert_eq!(numbers, whole, "the others disturbed it");
    let hangs = recorded(&hall.storage(), "hangs", StreamKind::Main);
    let holes = gaps(&hangs.rows);
    assert_eq!(holes.iter().map(|gap| gap.reason).collect::<Vec<_>>(), [Some(GapReason::CameraAway)]);
    for silent in ["mute", "opus"] {
        let found = recorded(&hall.storage(), silent, StreamKind::Main);
        assert!(found.stamps.len() > 100 && found.sounds == 0, "{silent} is recorded, without sound");
    }
    assert!(centre_said_opus(&hall), "a sound that cannot be recorded is told");
}

fn centre_said_opus(hall: &Hall) -> bool {
    let logs = std::fs::read_dir(hall.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let edge = logs.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("edge-"));
    edge.map(|path| std::fs::read_to_string(path).unwrap())
        .any(|log| log.contains("only AAC, PCMA and PCMU can be recorded"))
}

#[test]
fn every_camera_frozen_with_its_machine_is_lost_and_comes_back() {
    let hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    let centre = hall.start_centre();
    centre.wait_for_log("\"state\":\"streaming\"", 20);
    hall.cameras.signal("STOP");
    centre.wait_for_log("\"state\":\"stalled\"", 10);
    centre.wait_for_log("\"state\":\"lost\"", 15);
    hall.cameras.signal("CONT");
    wait_for("the camera to be back", 30, || {
        let log = centre.log();
        log.rfind("\"state\":\"streaming\"")
            .zip(log.find("\"state\":\"lost\""))
            .filter(|(a, b)| a > b)
            .map(|_| ())
    });
    assert!(centre.stop().success());
}

#[test]
fn lost_packets_are_counted_and_recording_goes_on() {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    let centre = hall.start_centre();
    centre.wait_for_log("\"state\":\"streaming\"", 20);
    hall.cameras.control(json!({"do": "loss", "mount": "/counter-1/main", "share": 0.05}));
    // A file of 10 s is closed in the meantime, so that the index tells of it.
    let (began, _) = hall.cameras.last_frame("/counter-1/main", i64::MAX);
    wait_for("15 s of frames", 30, || {
        let (now, _) = hall.cameras.last_frame("/counter-1/main", i64::MAX);
        (now >= began + 150).then_some(())
    });
    assert!(centre.stop().success());
    let rows = recorded_rows(&hall.storage());
    let lost: i64 = rows.iter().map(|row| row.lost_packets).sum();
    let recorded_ms: i64 = rows.iter().map(|row| row.duration_ms).sum();
    assert!(lost > 0, "what was lost is marked");
    assert!(recorded_ms > 12_000, "only {recorded_ms} ms were recorded");
}
