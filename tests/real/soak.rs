//! The short form of `make soak`: disturbed cameras, a killed service, and every frame looked for.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::root;

#[test]
fn every_frame_of_disturbed_cameras_is_recorded_or_its_absence_explained() {
    let done = Command::new("/usr/bin/python3")
        .arg(root().join("tests/bench/soak.py"))
        .args(["--minutes", "1", "--cameras", "4", "--seed", "11"])
        .args(["--binary", env!("CARGO_BIN_EXE_quaywatch")])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    let out = String::from_utf8_lossy(&done.stdout);
    let last = out.lines().last().unwrap_or_default();
    let figures: Value =
        serde_json::from_str(last).unwrap_or_else(|_| panic!("the soak ended without figures:\n{said}"));
    let none = |name: &str| assert_eq!(figures[name].as_f64(), Some(0.0), "{name} in {figures}\n{said}");
    for name in
        ["unexplained_s", "excess_gap_s", "gaps_without_reason", "frames_doubled", "frames_out_of_order"]
    {
        none(name);
    }
    assert_eq!(figures["kills"], 1, "{figures}");
    let count = |name: &str| figures[name].as_f64().unwrap();
    assert!(count("frames_recorded") > 0.7 * count("frames_sent"), "{figures}");
    assert!(done.status.success(), "{said}");
}
