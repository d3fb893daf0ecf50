//! A camera's perception and rules over media files and its own recordings.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use quaywatch::model::{StreamKind, Wall};
use serde_json::Value;

use crate::support::{CameraSpec, Hall, media, wait_for};

fn replay(config: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
    command.args(["replay", "--config", config.to_str().unwrap(), "--camera", "counter-1"]).args(args);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn flags(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A configuration of one camera; its password is on another machine.
fn configured(folder: &Path) -> PathBuf {
    let path = folder.join("edge.toml");
    let text = r#"
[centre]
id = "xuan-lung"
name = "Xuân Lũng"
hours = ["mon-fri 07:30-11:30"]
[storage]
path = "archive"
keep = "30d"
purpose = "thử nghiệm"
[[camera]]
id = "counter-1"
main = "rtsp://192.168.1.20/stream1"
sub = "rtsp://192.168.1.20/stream2"
user = "viewer"
password_file = "elsewhere"
"#;
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_quarrel_in_a_media_file_is_flagged_at_its_moment_the_same_way_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let config = configured(folder.path());
    let speech = media("speech.wav");
    let first = replay(&config, &["--json", speech.to_str().unwrap()]);
    let flagged = flags(&first);
    let [flag] = flagged.as_slice() else { panic!("{}", said(&first)) };
    assert_eq!((&flag["kind"], &flag["camera"]), (&"raised-voices".into(), &"counter-1".into()));
    assert!((flag["start_s"].as_f64().unwrap() - 20.0).abs() < 2.0, "{flag}");
    assert!((flag["flagged_s"].as_f64().unwrap() - 23.0).abs() < 2.0, "{flag}");
    assert!((flag["end_s"].as_f64().unwrap() - 25.0).abs() < 2.0, "{flag}");
    assert!(flag["zone"].is_null() && flag["peak"]["over_baseline_db"].as_f64() > Some(12.0), "{flag}");
    assert_eq!(replay(&config, &["--json", speech.to_str().unwrap()]).stdout, first.stdout);
    assert_eq!(flags(&replay(&config, &["--json", media("calm.wav").to_str().unwrap()])), [] as [Value; 0]);

    let table = said(&replay(&config, &[speech.to_str().unwrap()]));
    assert!(table.contains("to tiếng / raised voices") && table.contains("0:00:20"), "{table}");

    let report = folder.path().join("report");
    let made = replay(&config, &[speech.to_str().unwrap(), "--report", report.to_str().unwrap()]);
    assert!(made.status.success(), "{}", said(&made));
    let page = std::fs::read_to_string(report.join("index.html")).unwrap();
    assert!(page.contains("to tiếng") && page.contains("0:00:20"));
}

#[test]
fn people_after_hours_are_flagged_with_a_still_and_every_picture_gives_its_boxes() {
    let folder = tempfile::tempdir().unwrap();
    let config = configured(folder.path());
    let clip = folder.path().join("clip.mkv");
    let cut = ["-v", "error", "-t", "6", "-i", media("vtest.avi").to_str().unwrap(), "-c", "copy"]
        .map(str::to_owned);
    assert!(Command::new("ffmpeg").args(cut).arg(&clip).status().unwrap().success());
    let (boxes, report) = (folder.path().join("boxes.txt"), folder.path().join("report"));
    let asked = [
        clip.to_str().unwrap(),
        "--json",
        "--start",
        "2026-01-05T20:00",
        "--boxes",
        boxes.to_str().unwrap(),
        "--report",
        report.to_str().unwrap(),
    ];
    let flagged = flags(&replay(&config, &asked));
    let after_hours = flagged.iter().find(|flag| flag["kind"] == "after-hours");
    assert!(after_hours.is_some_and(|flag| flag["flagged_s"].as_f64() < Some(5.0)), "{flagged:?}");
    let lines = std::fs::read_to_string(&boxes).unwrap();
    let fields: Vec<Vec<f64>> =
        lines.lines().map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect();
    assert!(fields.iter().all(|of| of.len() == 10 && of[4] > 0.0 && of[5] > 0.0));
    let frames: std::collections::BTreeSet<u64> = fields.iter().map(|of| of[0] as u64).collect();
    assert!(frames.len() >= 55 && frames.first() == Some(&1), "{} frames", frames.len());
    let still = std::fs::read(report.join("flag-001.jpg")).unwrap();
    assert!(still.starts_with(&[0xFF, 0xD8]));
}

#[test]
fn a_file_that_is_none_or_is_broken_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let config = configured(folder.path());
    let broken = folder.path().join("broken.mp4");
    std::fs::write(&broken, [0x42; 5000]).unwrap();
    let missing = folder.path().join("missing.mp4");
    for (file, word) in [(&broken, "broken.mp4"), (&missing, "missing.mp4"), (&config, "edge.toml")] {
        let told = replay(&config, &["--json", file.to_str().unwrap()]);
        assert_eq!(told.status.code(), Some(1), "{}", said(&told));
        assert!(told.stdout.is_empty() && said(&told).contains(word), "{}", said(&told));
    }
    // Half a recording is replayed as far as it goes.
    let half = folder.path().join("half.avi");
    let whole = std::fs::read(media("vtest.avi")).unwrap();
    std::fs::write(&half, &whole[..whole.len() / 8]).unwrap();
    assert_eq!(replay(&config, &["--json", half.to_str().unwrap()]).status.code(), Some(0));
    for wrong in [
        vec![],
        vec!["--from", "2026-01-05T08:00"],
        vec!["--from", "2026-01-05T08:00", "--to", "2026-01-05T07:00"],
        vec!["half.avi", "--start", "hôm qua"],
    ] {
        assert_eq!(replay(&config, &wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn the_recordings_of_a_camera_give_the_flag_that_it_gave_live_beside_the_running_centre() {
    let mut hall = Hall::new(&[CameraSpec { has_sub: true, ..CameraSpec::new("counter-1") }]);
    hall.segment = "5s";
    let config = hall.write_edge_config();
    let early = replay(&config, &["--from", "2026-01-05T08:00", "--to", "2026-01-05T09:00"]);
    assert_eq!(early.status.code(), Some(1), "{}", said(&early));
    let centre = hall.start_centre();
    let onset = hall.cameras.wait_for_onset("/counter-1/main", 30);
    wait_for("the quarrel and what comes after it to be recorded", 60, || {
        (crate::support::now_ms() > onset + 16_000).then_some(())
    });
    let moment = |ms: i64| Wall::from_millis(ms).to_string();
    let (from, to) = (onset - 30_000, onset + 15_000);
    let asked = ["--json", "--from", &moment(from), "--to", &moment(to)];
    let output = replay(&config, &asked);
    let flagged = flags(&output);
    let [flag] = flagged.as_slice() else { panic!("{}", said(&output)) };
    assert_eq!(flag["kind"], "raised-voices");
    let began = from as f64 + flag["start_s"].as_f64().unwrap() * 1000.0;
    assert!((began - onset as f64).abs() < 2000.0, "onset {onset}, replayed {began}");
    assert!(flag["end_s"].as_f64().is_some(), "{flag}");
    assert!(centre.stop().success());
    let again = flags(&replay(&config, &asked));
    assert_eq!(again[0]["start_s"], flag["start_s"], "what was still being written is complete now");
    let live = crate::support::recorded(&hall.storage(), "counter-1", StreamKind::Sub);
    assert!(!live.rows.is_empty(), "the sub stream was there to be looked at");
}
