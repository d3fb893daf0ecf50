//! The chain of what a centre signs, at a real centre: whole through a kill, and broken by whoever takes something away.

use std::path::{Path, PathBuf};
use std::process::Command;

use quaywatch::keys;
use quaywatch::model::Wall;
use serde_json::Value;

use crate::support::{CameraSpec, Hall, get_json, wait_for};

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

    // Whoever has nothing but a package sees what is not in the database any more.
    let (is_intact, told) = export(&hall, "whole");
    assert!(is_intact && told.contains("documents before it, since number 1 of"), "{told}");
    take_out(&hall, 2);
    let (is_intact, told) = export(&hall, "open");
    let told_missing = "sources/chain.json: document 2 is missing: signed between";
    assert!(!is_intact && told.contains(told_missing), "{told}");
}

/// Exports what was recorded from the first file to the last, and checks the package.
fn export(hall: &Hall, name: &str) -> (bool, String) {
    let files = recordings(&hall.storage().join("video"));
    let at = |file: &PathBuf, ms: i64| {
        let written = std::fs::metadata(file).unwrap().modified().unwrap();
        let ended = written.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        Wall::from_millis(i64::try_from(ended).unwrap() + ms).to_string()
    };
    let (from, to) = (at(files.iter().min().unwrap(), -4000), at(files.iter().max().unwrap(), 0));
    let (config, out) = (hall.path("edge.toml"), hall.path(name));
    let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
    command.arg("export").arg("--config").arg(config).args(["--camera", "counter-1", "--reason", "thử"]);
    let exported = command.args(["--from", &from, "--to", &to, "--out"]).arg(&out).output().unwrap();
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let key = keys::public_path(&hall.centre_key());
    let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
    let output = command.arg("verify").arg(&out).arg("--trust").arg(key).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Takes a document out of the database, which nobody uses, as somebody would who stops at nothing.
fn take_out(hall: &Hall, number: i64) {
    let script = format!(
        "import sqlite3,sys; db = sqlite3.connect(sys.argv[1]); db.executescript('DROP TRIGGER ledger_is_not_forgotten; \
         DELETE FROM ledger WHERE number = {number};')"
    );
    let path = hall.storage().join("centre.sqlite");
    assert!(Command::new("python3").arg("-c").arg(script).arg(path).status().unwrap().success());
}

/// How the province sees the centre's chain.
fn at_province(hall: &Hall) -> Value {
    get_json(hall.province_port, "/api/centres/xuan-lung")
}

/// Waits until the province has so many documents, none missing.
fn wait_for_whole(hall: &Hall, documents: i64) -> i64 {
    wait_for("a whole chain at the province", 60, || {
        let chain = &at_province(hall)["chain"];
        let found = chain["documents"].as_i64()?;
        (chain["state"] == "whole" && found >= documents).then_some(found)
    })
}

#[test]
fn the_province_follows_the_chain_through_a_kill_and_sees_a_centre_that_goes_back_behind_what_it_signed() {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1")]);
    (hall.segment, hall.archive) = ("5s", "seal_every = \"5s\"");
    let province = hall.start_province();
    let centre = hall.start_centre();
    let incident = hall.wait_for_incident("raised-voices", 60);
    hall.wait_for_file(incident["id"].as_str().unwrap(), "manifest", 60);
    let documents = wait_for_whole(&hall, 4);

    // What it signs while the province is away comes later, also what it signed before a kill.
    province.kill();
    let files = recordings(&hall.storage().join("video")).len();
    wait_for("more recordings", 60, || {
        (recordings(&hall.storage().join("video")).len() > files + 2).then_some(())
    });
    centre.kill();
    let copy = hall.path("centre-before.sqlite");
    copy_database(&hall.storage().join("centre.sqlite"), &copy);
    let _province = hall.start_province();
    let centre = hall.start_centre();
    centre.wait_for_log("the centre runs", 30);
    let documents = wait_for_whole(&hall, documents + 2);
    assert!(centre.stop().success());
    let receipts = rows(&hall, "SELECT count(*) FROM told_links JOIN receipted ON item = event");
    assert!(receipts >= 4, "{receipts} documents are receipted");
    an_export_carries_the_receipts(&hall, &incident);

    // A technician puts the copy of some time ago in its place: a new life begins, and says so.
    restore(&hall, &copy);
    let centre = hall.start_centre();
    let told = wait_for_restored(&hall, 2);
    let follows = &told["chain"]["follows"];
    let (number, lost) = (follows["number"].as_i64().unwrap(), follows["lost"].as_i64().unwrap());
    assert!(number >= 1 && lost >= 1 && number + lost >= documents, "{told}");
    assert_eq!(
        (told["chain_faults"].as_i64(), told["chains"].as_array().unwrap().len()),
        (Some(0), 2),
        "{told}"
    );
    assert_eq!(told["chains"][1]["epoch"], follows["epoch"], "{told}");
    let between = told["chains"][0]["epoch"].clone();
    assert!(centre.stop().success());
    let (_, told) = verify(&hall);
    assert!(told.contains("the database was restored from a copy"), "{told}");

    // The same copy once more: it knows nothing of the life between, and that was no forgery either.
    restore(&hall, &copy);
    let centre = hall.start_centre();
    let again = wait_for_restored(&hall, 3);
    assert_eq!(
        (again["chain_faults"].as_i64(), &again["chains"][1]["epoch"]),
        (Some(0), &between),
        "{again}"
    );
    assert_eq!(again["chain"]["follows"]["epoch"], again["chains"][2]["epoch"], "{again}");
    assert!(centre.stop().success());
    let (is_intact, told) = export(&hall, "twice");
    let lost = format!("that the database of its chain {} was lost: ", between.as_str().unwrap());
    assert!(is_intact && told.contains(&lost), "{told}");

    // The same by somebody who takes the note away as well, as if nothing had been signed since.
    restore(&hall, &copy);
    std::fs::remove_file(hall.storage().join("centre.mark.json")).unwrap();
    let _centre = hall.start_centre();
    let told = wait_for("a fault at the province", 60, || {
        let told = at_province(&hall);
        (told["chain_faults"].as_i64() > Some(0)).then_some(told)
    });
    let fault = &told["chain_broken"].as_array().unwrap().last().unwrap();
    assert_eq!(fault["fault"], "two-documents", "{told}");
    assert!(fault["number"].as_i64().unwrap() <= documents);
}

/// Waits until the province has a whole chain of the last of so many lives, and that it goes on from a copy.
fn wait_for_restored(hall: &Hall, lives: usize) -> Value {
    wait_for("the chain of the restored database", 60, || {
        let told = at_province(hall);
        let is_new = told["chains"].as_array()?.len() == lives;
        (is_new && told["chain"]["follows"].is_object() && told["chain"]["state"] == "whole").then_some(told)
    })
}

/// Exports half a minute around the incident and checks what the package proves, by the keys of both ends.
fn an_export_carries_the_receipts(hall: &Hall, incident: &Value) {
    let at = |ms: i64| Wall::from_millis(flagged(incident) + ms).to_string();
    let (config, out) = (hall.path("edge.toml"), hall.path("package"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
    command.arg("export").arg("--config").arg(config).args([
        "--camera",
        "counter-1",
        "--reason",
        "Công văn 12",
    ]);
    let exported =
        command.args(["--from", &at(-15_000), "--to", &at(15_000), "--out"]).arg(&out).output().unwrap();
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let verify = |keys: &[PathBuf]| {
        let trust = hall.path("trust.pem");
        let pem: String =
            keys.iter().map(|key| std::fs::read_to_string(keys::public_path(key)).unwrap()).collect();
        std::fs::write(&trust, pem).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
        let output = command.arg("verify").arg(&out).arg("--trust").arg(&trust).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (holds, told) = verify(&[hall.centre_key(), hall.province_key()]);
    assert!(holds && told.contains("receipts/ the province had"), "{told}");
    assert!(!told.contains("had 0 files") && !told.contains("of 0 hours"), "{told}");
    let (holds, told) = verify(&[hall.centre_key()]);
    assert!(holds && told.contains("which is not in --trust"), "{told}");
    let (holds, _) = verify(&[hall.province_key()]);
    assert!(!holds, "the province's key alone signs no package");
}

fn flagged(incident: &Value) -> i64 {
    let moment: Wall = incident["flagged_at"].as_str().unwrap().parse().unwrap();
    moment.as_millis()
}

fn rows(hall: &Hall, question: &str) -> i64 {
    let script = format!(
        "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute({question:?}).fetchone()[0])"
    );
    let path = hall.storage().join("centre.sqlite");
    let output = Command::new("python3").arg("-c").arg(script).arg(path).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

/// Puts a copy in the place of the centre's database, which nobody uses.
fn restore(hall: &Hall, copy: &Path) {
    for file in ["centre.sqlite", "centre.sqlite-wal", "centre.sqlite-shm"] {
        let _ = std::fs::remove_file(hall.storage().join(file));
    }
    std::fs::copy(copy, hall.storage().join("centre.sqlite")).unwrap();
}

/// A copy of a database that nobody uses, with what is still in its log.
fn copy_database(from: &Path, to: &Path) {
    let script = "import sqlite3,sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))";
    let done = Command::new("python3").arg("-c").arg(script).arg(from).arg(to).status().unwrap();
    assert!(done.success());
}
