//! The main job: cameras, recording, an incident, its clip, the province.

use std::path::Path;
use std::process::Command;

use quaywatch::evidence::inspect::inspect;
use quaywatch::evidence::{self, manifest};
use quaywatch::keys;
use quaywatch::model::StreamKind;
use serde_json::Value;

use crate::support::{CameraSpec, Hall, LOUD_RULE, get_json, get_with, now_ms, recorded, wait_for};

#[test]
fn a_quarrel_reaches_the_province_with_a_clip_that_plays_and_a_manifest_that_holds() {
    let counter_2 = CameraSpec { audio: "aac", codec: "h265", has_sub: true, ..CameraSpec::new("counter-2") };
    let mut hall = Hall::new(&[CameraSpec::new("counter-1"), counter_2]);
    // A rule each, because both hear the same quarrel: with one rule it would be one incident.
    let rule = |camera: &str| format!("{LOUD_RULE}cameras = [\"{camera}\"]\n");
    hall.rules = rule("counter-1") + &rule("counter-2");
    let _province = hall.start_province();
    let centre = hall.start_centre();
    let onset = hall.cameras.wait_for_onset("/counter-1/main", 30);

    let incidents = wait_for("an incident of each counter", 15, || {
        let found = hall.incidents();
        let cameras: std::collections::BTreeSet<String> =
            found.iter().map(|i| i["camera"].to_string()).collect();
        (cameras.len() == 2).then_some(found)
    });
    let ours = incidents.iter().find(|i| i["camera"] == "counter-1").unwrap();
    assert_eq!(ours["kind"], "raised-voices");
    let started: quaywatch::model::Wall = ours["started_at"].as_str().unwrap().parse().unwrap();
    assert!((started.as_millis() - onset).abs() < 1000, "onset {onset}, told {started}");

    for incident in &incidents {
        let id = incident["id"].as_str().unwrap();
        let clip = hall.wait_for_file(id, "clip", 60);
        for role in ["still", "sound", "manifest"] {
            hall.wait_for_file(id, role, 10);
        }
        let answer =
            get_with(hall.province_port, &format!("/api/incidents/{id}/clip.mp4"), "Range: bytes=0-99\r\n")
                .unwrap();
        assert_eq!((answer.status, answer.body.len()), (206, 100), "{}", answer.head);
        proves(&hall, id, &clip);
    }
    let (last_before_stop, _) = hall.cameras.last_frame("/counter-1/main", now_ms() - 100);
    assert!(centre.stop().success(), "SIGTERM ends it well");
    wait_for("the centre to be offline at the province", 10, || {
        let centres = get_json(hall.province_port, "/api/centres");
        centres.to_string().contains("offline").then_some(())
    });

    for (camera, stream) in
        [("counter-1", StreamKind::Main), ("counter-2", StreamKind::Main), ("counter-2", StreamKind::Sub)]
    {
        let found = recorded(&hall.storage(), camera, stream);
        let numbers: Vec<u64> = found.stamps.iter().map(|(n, _)| *n).collect();
        assert!(
            numbers.len() > 100 && found.unread == 0,
            "{camera}/{stream}: {} read, {} not",
            numbers.len(),
            found.unread
        );
        let whole: Vec<u64> = (numbers[0]..=*numbers.last().unwrap()).collect();
        assert_eq!(numbers, whole, "{camera}/{stream}: every frame once, in order");
        if (camera, stream) == ("counter-1", StreamKind::Main) {
            assert!(*numbers.last().unwrap() >= last_before_stop, "SIGTERM loses nothing");
        }
        assert_eq!(found.sounds > 0, stream == StreamKind::Main);
    }
}

#[test]
fn a_quarrel_that_two_cameras_hear_is_one_incident_that_names_both() {
    let hall = Hall::new(&[CameraSpec::new("counter-1"), CameraSpec::new("counter-2")]);
    let _province = hall.start_province();
    let centre = hall.start_centre();
    let incident = wait_for("one incident of both", 40, || {
        hall.incidents()
            .into_iter()
            .find(|incident| incident["also"].as_array().is_some_and(|also| also.len() == 1))
    });
    let mut cameras = [incident["camera"].as_str().unwrap(), incident["also"][0].as_str().unwrap()];
    cameras.sort_unstable();
    assert_eq!(cameras, ["counter-1", "counter-2"]);
    assert_eq!(hall.incidents().len(), 1);
    hall.wait_for_file(incident["id"].as_str().unwrap(), "clip", 60);
    assert!(centre.stop().success());
}

/// A camera has few sessions: each is given back when the centre stops.
#[test]
fn a_centre_that_stops_gives_its_sessions_back() {
    let hall = Hall::new(&[CameraSpec { has_sub: true, ..CameraSpec::new("counter-1").calm() }]);
    let centre = hall.start_centre();
    for stream in ["main", "sub"] {
        centre.wait_for_log(&format!("\"stream\":\"counter-1/{stream}\",\"state\":\"streaming\""), 20);
    }
    assert!(centre.stop().success());
    let teardowns =
        hall.cameras.log().into_iter().filter(|line| line["e"] == "client" && line["what"] == "teardown");
    assert_eq!(teardowns.count(), 2);
}

/// The clip as the province stores it has the digest of the manifest and plays for its length, and
/// the centre's own folder passes `verify`.
fn proves(hall: &Hall, id: &str, clip: &Value) {
    let folder = hall.path("province/files/xuan-lung").join(id);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let of = |ending: &str| files.iter().find(|path| path.extension().is_some_and(|e| e == ending)).unwrap();
    let opened = manifest::open(&std::fs::read(of("json")).unwrap()).unwrap();
    let (_, digest) = quaywatch::disk::measure(of("mp4")).unwrap();
    let listed = opened.manifest.files.iter().find(|file| file.sha256 == hex::encode(digest)).unwrap();
    assert_eq!(clip["digest"], format!("sha256:{}", listed.sha256));
    let seen = inspect(of("mp4")).unwrap();
    assert!((seen.picture_ms - listed.duration_ms).abs() < 500, "{seen:?} for {} ms", listed.duration_ms);
    assert!((seen.sound_ms - listed.duration_ms).abs() < 500, "{seen:?} for {} ms", listed.duration_ms);
    assert!((20_000..=60_000).contains(&listed.duration_ms));

    let trust = keys::load_trust(&keys::public_path(&hall.centre_key())).unwrap();
    let evidence = hall.storage().join("evidence").join(id);
    let verdict = evidence::verify(&evidence, Some(&trust));
    assert!(verdict.holds(), "{verdict:?}");
    verify_answers_with_its_exit_code(hall, &evidence);
}

/// 0 only if intact and signed by a trusted key; else 1 and what is wrong.
fn verify_answers_with_its_exit_code(hall: &Hall, evidence: &Path) {
    let verify = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
        let output = command.arg("verify").arg(evidence).args(more).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let ours = keys::public_path(&hall.centre_key());
    let other = keys::public_path(&hall.province_key());
    let (code, told) = verify(&["--trust", ours.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}");
    for more in [vec![], vec!["--trust", other.to_str().unwrap()]] {
        let (code, told) = verify(&more);
        assert_eq!(code, Some(1));
        assert!(told.contains("intact, signer not confirmed"), "{told}");
    }
    assert_eq!(verify(&["--trust", "/nowhere.pem"]).0, Some(2));
    let clip = evidence.join("clip.mp4");
    let whole = std::fs::read(&clip).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    std::fs::write(&clip, changed).unwrap();
    let (code, told) = verify(&["--trust", ours.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(told.contains("clip.mp4: its content was changed"), "{told}");
    std::fs::write(&clip, whole).unwrap();
}
