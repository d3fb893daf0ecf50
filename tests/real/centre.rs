//! The centre is killed, started again, started twice.

use quaywatch::model::StreamKind;

use crate::broker::until_half_way;
use crate::support::{CameraSpec, Hall, Process, now_ms, recorded, wait_for};

#[test]
fn a_centre_killed_while_recording_and_sending_loses_less_than_a_second_and_resumes() {
    let hall = Hall::new(&[CameraSpec { kbps: 6000, ..CameraSpec::new("counter-1") }]);
    let _province = hall.start_province();
    let centre = hall.start_centre();
    let id = hall.wait_for_incident("raised-voices", 30)["id"].as_str().unwrap().to_owned();
    until_half_way(&hall, &id);
    let before = hall.incident(&id);
    let killed_at = now_ms();
    centre.kill();
    let files = files_of_main(&hall);
    let (_, last_sent) = hall.cameras.last_frame("/counter-1/main", killed_at);

    let again = hall.start_centre();
    again.wait_for_log("the archive was brought in order", 10);
    again.wait_for_log("\"kind\":\"restarted\"", 10);
    hall.wait_for_file(&id, "clip", 60);
    let after = hall.incident(&id);
    for kind in ["events", "files"] {
        let ids = |incident: &serde_json::Value| -> Vec<String> {
            let name = if kind == "events" { "id" } else { "file_id" };
            incident[kind].as_array().unwrap().iter().map(|item| item[name].to_string()).collect()
        };
        let (old, new) = (ids(&before), ids(&after));
        assert!(old.iter().all(|id| new.contains(id)), "{kind}: the ids stay: {old:?} {new:?}");
    }
    // What is left of the clip may be there before the camera has sent a keyframe.
    wait_for("the camera to be recorded again", 20, || (files_of_main(&hall) > files).then_some(()));
    // A notice stays here.
    assert_eq!(hall.incidents().len(), 1, "no second incident for the same quarrel");
    assert!(again.stop().success());
    let third = hall.start_centre();
    third.wait_for_log("the centre runs", 20);
    assert!(third.stop().success());
    let told = quaywatch_logs(&hall).matches("\"kind\":\"restarted\"").count();
    assert_eq!(told, 1, "after an ordered stop nothing is told");

    let found = recorded(&hall.storage(), "counter-1", StreamKind::Main);
    let kept = found.stamps.iter().map(|(_, ms)| *ms).filter(|ms| *ms <= killed_at).max().unwrap();
    assert!(
        last_sent - kept <= 1000,
        "the last frame kept is {} ms older than the last sent",
        last_sent - kept
    );
    let reasons: Vec<_> =
        found.rows.iter().filter_map(|row| row.gap_before).map(|gap| gap.as_str()).collect();
    assert_eq!(reasons, ["first", "process-died"]);
}

#[test]
fn a_second_centre_on_the_same_storage_is_told_who_has_it() {
    let hall = Hall::new(&[CameraSpec::new("counter-1")]);
    let first = hall.start_centre();
    first.wait_for_log("the centre runs", 20);
    let config = hall.write_edge_config();
    let mut second =
        Process::start("second", &["edge", "--config", config.to_str().unwrap()], hall.folder.path());
    assert_eq!(second.wait(10).code(), Some(2));
    assert!(second.log().contains("is in use by quaywatch edge, process "), "{}", second.log());
    assert!(first.stop().success());
}

#[test]
fn a_centre_without_the_provinces_keys_records_and_delivers_once_they_are_there() {
    let hall = Hall::new(&[CameraSpec::new("counter-1")]);
    let _province = hall.start_province();
    let keys = quaywatch::keys::public_path(&hall.province_key());
    let aside = hall.path("aside.pem");
    std::fs::rename(&keys, &aside).unwrap();
    let centre = hall.start_centre();
    centre.wait_for_log("nothing can be delivered: the province's public keys", 20);
    centre.wait_for_log("\"what\":\"flagged\"", 40);
    assert!(hall.incidents().is_empty());
    std::fs::rename(&aside, &keys).unwrap();
    hall.wait_for_incident("raised-voices", 60);
    assert!(centre.stop().success());
}

/// How many files of the camera's main stream were begun, on any day.
fn files_of_main(hall: &Hall) -> usize {
    let days = std::fs::read_dir(hall.storage().join("video/counter-1/main")).unwrap();
    days.map(|day| std::fs::read_dir(day.unwrap().path()).unwrap().count()).sum()
}

/// All that the centre logged, over all its starts.
fn quaywatch_logs(hall: &Hall) -> String {
    let files = std::fs::read_dir(hall.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let ours = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("edge-"));
    ours.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}
