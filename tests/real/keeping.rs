//! What the archive keeps, said and held beside a running centre.

use std::process::{Command, Output};

use quaywatch::model::StreamKind;
use serde_json::Value;

use crate::disk::start_on_small_disk;
use crate::support::{CameraSpec, Hall, Process, free_port, get, get_json, recorded_rows, wait_for};

/// `quaywatch storage …` as a person types it.
fn storage(hall: &Hall, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
    command.args(["storage", "--config", hall.path("edge.toml").to_str().unwrap()]).args(args);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn facts(hall: &Hall) -> Value {
    let output = storage(hall, &["--json"]);
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A hall whose centre serves pages on this port.
fn hall_with_pages(port: u16) -> Hall {
    let mut hall = Hall::new(&[CameraSpec { has_sub: true, ..CameraSpec::new("counter-1").calm() }]);
    hall.rules = format!("\n[web]\nlisten = \"127.0.0.1:{port}\"\n");
    hall
}

fn timeline(port: u16, stream: &str) -> Value {
    get_json(
        port,
        &format!("/api/cameras/counter-1/timeline?from={}&to={}&stream={stream}", minutes(-10), minutes(10)),
    )
}

/// A moment so many minutes from now.
fn minutes(n: i64) -> String {
    quaywatch::model::Wall::from_millis(crate::support::now_ms() + n * 60_000).to_string()
}

#[test]
fn the_storage_is_told_beside_a_running_centre_by_its_pages_and_after_it_stopped() {
    let port = free_port();
    let hall = hall_with_pages(port);
    let early = storage(&hall, &["--json"]);
    assert_eq!(early.status.code(), Some(2), "without a configuration: {}", said(&early));
    hall.write_edge_config();
    let early = storage(&hall, &[]);
    assert_eq!(early.status.code(), Some(1), "before the first start: {}", said(&early));
    assert!(said(&early).contains("chưa có kho lưu trữ"), "{}", said(&early));

    let centre = hall.start_centre();
    wait_for("the pages", 20, || get(port, "/healthz").ok().filter(|answer| answer.status == 200));
    assert_eq!(get(port, "/readyz").unwrap().status, 200);
    wait_for("a complete file of each stream", 60, || {
        let facts = facts(&hall);
        let streams = facts["streams"].as_array().unwrap().clone();
        (streams.len() == 2 && streams.iter().all(|s| s["files"].as_u64() >= Some(1))).then_some(())
    });
    let (by_command, by_page) = (facts(&hall), get_json(port, "/api/storage"));
    for facts in [&by_command, &by_page] {
        assert_eq!(facts["purpose"], "thử nghiệm");
        assert_eq!(facts["streams"][0]["camera"], "counter-1");
        assert!(facts["days_left"].as_f64() > Some(0.0), "{facts}");
        assert!(facts["rate"]["bytes_per_day"].as_u64() > Some(0), "{facts}");
        assert_eq!(facts["gaps"][0]["reason"], "first", "{facts}");
    }
    let keys = |facts: &Value| facts.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&by_command), keys(&by_page), "both say the same");

    let camera = get_json(port, "/api/cameras")["cameras"][0].clone();
    assert_eq!((&camera["id"], &camera["state"]), (&"counter-1".into(), &"streaming".into()));
    assert_eq!(camera["streams"], serde_json::json!(["main", "sub"]));
    let main = timeline(port, "main");
    assert_eq!(main["spans"].as_array().unwrap().len(), 1, "files that follow each other: {main}");
    assert_eq!((&main["spans"][0]["sound"], &main["spans"][0]["lost_packets"]), (&true.into(), &0.into()));
    assert_eq!(main["gaps"].as_array().unwrap().len(), 1, "{main}");
    assert_eq!(main["gaps"][0]["reason"], "first");
    assert_eq!(timeline(port, "sub")["spans"][0]["sound"], false);
    for (path, status) in [
        ("/api/cameras/counter-9/timeline?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", 404),
        ("/api/cameras/counter-1/timeline?from=2026-01-01T00:00:00Z&to=2026-03-02T00:00:00Z", 400),
        ("/api/cameras/counter-1/timeline", 400),
        ("/api/nothing", 404),
    ] {
        let answer = get(port, path).unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
    }

    assert!(centre.stop().success());
    let text = said(&storage(&hall, &[]));
    assert!(text.contains("Đang giữ / Kept:") && text.contains("counter-1 main (Quầy counter-1)"), "{text}");
    assert_eq!(facts(&hall)["streams"].as_array().unwrap().len(), 2);
}

#[test]
fn a_port_that_is_taken_is_told_and_recording_goes_on() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hall = hall_with_pages(taken.local_addr().unwrap().port());
    let centre = hall.start_centre();
    centre.wait_for_log("the centre's pages cannot be served on 127.0.0.1", 20);
    wait_for("a complete file", 60, || {
        let output = storage(&hall, &["--json"]);
        let facts: Value = serde_json::from_slice(&output.stdout).ok()?;
        (facts["streams"][0]["files"].as_u64() >= Some(1)).then_some(())
    });
    assert!(centre.stop().success());
}

/// Runs `quaywatch storage` where the small disk is seen.
fn storage_inside(hall: &Hall, args: &[&str]) -> Output {
    let pid = std::fs::read_to_string(hall.path("edge.pid")).unwrap();
    let mut command = Command::new("nsenter");
    command.args(["--target", pid.trim(), "--mount"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--preserve-credentials"]);
    }
    command.arg(env!("CARGO_BIN_EXE_quaywatch"));
    command.args(["storage", "--config", hall.path("edge.toml").to_str().unwrap()]).args(args);
    command.output().unwrap()
}

#[test]
fn footage_under_a_hold_made_while_the_centre_runs_outlives_a_full_disk() {
    let mut hall = Hall::new(&[CameraSpec { kbps: 6000, ..CameraSpec::new("counter-1").calm() }]);
    hall.rules = String::new();
    let centre = start_on_small_disk(&hall, 32);
    centre.wait_for_log("\"state\":\"streaming\"", 20);
    let held = wait_for("a complete file", 60, || {
        let facts: Value = serde_json::from_slice(&storage_inside(&hall, &["--json"]).stdout).ok()?;
        (facts["streams"][0]["files"].as_u64() == Some(1)).then(|| facts["streams"][0].clone())
    });
    let (from, to) = (held["from"].as_str().unwrap(), held["to"].as_str().unwrap());
    let range = ["hold", "--camera", "counter-1", "--from", from, "--to", to, "--reason", "Công văn 12/CA"];
    let made = storage_inside(&hall, &range);
    assert!(made.status.success(), "{}", said(&made));
    assert!(said(&made).contains("Đã giữ / Held"), "{}", said(&made));

    let all =
        ["hold", "--camera", "counter-1", "--from", from, "--to", &minutes(600), "--reason", "quá nhiều"];
    let refused = storage_inside(&hall, &all);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("Không thể giữ thêm"), "{}", said(&refused));
    for wrong in [&range[..7], &["hold", "--camera", "x", "--from", from, "--to", to, "--reason", "r"]] {
        assert_eq!(storage_inside(&hall, wrong).status.code(), Some(2));
    }

    wait_for("footage to be deleted for space", 120, || {
        (centre.log().matches("footage deleted").count() >= 3).then_some(())
    });
    let told: Value = serde_json::from_slice(&storage_inside(&hall, &["--json"]).stdout).unwrap();
    assert_eq!(told["holds"][0]["reason"], "Công văn 12/CA");
    assert_eq!(told["streams"][0]["from"], from, "the held file is the oldest that is left: {told}");
    assert_ne!(told["next"][0]["from"], from, "and not the next to go: {told}");
    assert!(centre.log().contains("a legal hold keeps its footage from now on"), "the centre saw it");

    let id = told["holds"][0]["id"].as_str().unwrap();
    let released = storage_inside(&hall, &["release", id, "--reason", "đã xong"]);
    assert!(released.status.success(), "{}", said(&released));
    assert_eq!(storage_inside(&hall, &["release", id, "--reason", "đã xong"]).status.code(), Some(1));
    assert!(said(&storage_inside(&hall, &["holds"])).contains("đã hủy / released"));
    wait_for("the released file to go", 60, || {
        centre.log().contains(&format!("\"from\":\"{from}\",\"to\":\"{to}\",\"bytes\"")).then_some(())
    });
    stop(&hall, centre);
    let rows = recorded_rows(&hall.path("kept"));
    assert!(rows.iter().all(|row| row.stream == StreamKind::Main && row.start.to_string() != from));
}

fn stop(hall: &Hall, mut centre: Process) {
    let pid = std::fs::read_to_string(hall.path("edge.pid")).unwrap();
    assert!(Command::new("kill").args(["-TERM", pid.trim()]).status().unwrap().success());
    assert!(centre.wait(20).success(), "{}", centre.log());
}
