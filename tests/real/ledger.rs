//! The chain of what a centre signs, at a real centre: whole through a kill, and broken by whoever takes something away.

use std::path::{Path, PathBuf};
use std::process::Command;

use quaywatch::keys;

use crate::support::{CameraSpec, Hall, wait_for};

/// Checks the centre's whole storage, as its own key is trusted.
fn verify(hall: &Hall) -> (bool, String) {
    let key = keys::public_path(&hall.centre_key());
    let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
    let output = command.arg("verify").arg(hall.storage()).arg("--trust").arg(key).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How many recorded files the chain has.
fn recorded(told: &str) -> u64 {
    let (before, _) = told.split_once(" recorded files").unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Waits until the chain has more recorded files than that.
fn wait_for_more_than(hall: &Hall, files: u64) -> u64 {
    wait_for("more recorded files in the chain", 60, || {
        let (is_intact, told) = verify(hall);
        assert!(is_intact, "{told}");
        Some(recorded(&told)).filter(|found| *found > files)
    })
}

fn recordings(below: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { found.extend(recordings(&entry)) } else { found.push(entry) }
    }
    found.sort();
    found
}

#[test]
fn all_that_is_recorded_is_in_a_chain_that_outlives_a_kill_and_shows_what_was_taken_away() {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1")]);
    (hall.segment, hall.archive) = ("5s", "seal_every = \"5s\"");
    let centre = hall.start_centre();
    let evidence = hall.storage().join("evidence");
    wait_for("evidence of an incident", 90, || {
        let folders = std::fs::read_dir(&evidence).ok()?;
        folders.flatten().any(|folder| folder.path().join("manifest.json").exists()).then_some(())
    });
    let files = wait_for_more_than(&hall, 2);
    centre.kill();
    let (is_intact, told) = verify(&hall);
    assert!(is_intact, "after a kill: {told}");
    let centre = hall.start_centre();
    // What was open at the kill, and what came after it.
    wait_for_more_than(&hall, files + 2);
    assert!(centre.stop().success());
    let (is_intact, told) = verify(&hall);
    assert!(is_intact, "after a stop: {told}");

    let file = recordings(&hall.storage().join("video")).remove(1);
    let name = file.strip_prefix(hall.storage()).unwrap().display().to_string();
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    std::fs::write(&file, changed).unwrap();
    let (is_intact, told) = verify(&hall);
    assert!(!is_intact && told.contains(&format!("{name}: it is not what was recorded")), "{told}");
    std::fs::remove_file(&file).unwrap();
    let (is_intact, told) = verify(&hall);
    assert!(!is_intact && told.contains(&format!("{name}: it was recorded and is missing")), "{told}");
    std::fs::write(&file, whole).unwrap();
    assert!(verify(&hall).0);
    let incident = std::fs::read_dir(&evidence).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_dir_all(&incident).unwrap();
    let (is_intact, told) = verify(&hall);
    assert!(!is_intact && told.contains("it was signed and is missing"), "{told}");
}
