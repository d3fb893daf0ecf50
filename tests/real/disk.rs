//! A disk that is full while cameras record.

use std::process::Command;

use quaywatch::model::StreamKind;
use serde_json::Value;

use crate::support::{CameraSpec, Hall, Process, recorded, wait_for};

/// A centre whose storage is a file system of `megabytes` of its own, seen by it alone.
pub fn start_on_small_disk(hall: &Hall, megabytes: u32) -> Process {
    let config = hall.write_edge_config();
    let storage = hall.storage();
    std::fs::create_dir_all(&storage).unwrap();
    let script = format!(
        "mount -t tmpfs -o size={megabytes}m none '{storage}' || exit 9; \
         '{binary}' --log-format json edge --config '{config}' & echo $! > '{pid}'; wait $!; \
         code=$?; cp -r '{storage}' '{kept}'; umount '{storage}'; exit $code",
        storage = storage.display(),
        binary = env!("CARGO_BIN_EXE_quaywatch"),
        config = config.display(),
        pid = hall.path("edge.pid").display(),
        kept = hall.path("kept").display(),
    );
    let mut command = Command::new("unshare");
    // Whoever is root needs no user namespace, and in a chroot could have none, nor change how
    // mounts spread.
    if rustix::process::geteuid().is_root() {
        command.args(["--propagation", "unchanged"]);
    } else {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "sh", "-c", &script]);
    Process::spawn("edge", command, hall.folder.path())
}

#[test]
fn on_a_full_disk_the_oldest_footage_makes_room_and_recording_goes_on() {
    let mut hall = Hall::new(&[CameraSpec { kbps: 6000, ..CameraSpec::new("counter-1").calm() }]);
    hall.rules = String::new();
    let _province = hall.start_province();
    // The reserve is as small as it may be: what is tested is the disk that is really full.
    let centre = start_on_small_disk(&hall, 24);
    centre.wait_for_log("\"state\":\"streaming\"", 20);
    wait_for("footage to be deleted for space", 90, || {
        let log = centre.log();
        (log.matches("footage deleted").count() >= 3).then_some(())
    });
    let incident = hall.wait_for_incident("disk-low", 20);
    assert_eq!((&incident["severity"], &incident["camera"]), (&"warning".into(), &Value::Null));
    let told = hall.incident(incident["id"].as_str().unwrap()).to_string();
    assert!(told.contains("instead of 30 days"), "it says how much fits: {told}");
    let pid = std::fs::read_to_string(hall.path("edge.pid")).unwrap();
    assert!(Command::new("kill").args(["-TERM", pid.trim()]).status().unwrap().success());
    let mut centre = centre;
    assert!(centre.wait(20).success(), "{}", centre.log());

    let found = recorded(&hall.path("kept"), "counter-1", StreamKind::Main);
    let numbers: Vec<u64> = found.stamps.iter().map(|(n, _)| *n).collect();
    let whole: Vec<u64> = (numbers[0]..=*numbers.last().unwrap()).collect();
    assert_eq!(numbers, whole, "what is kept has no hole");
    assert!(found.rows.iter().all(|row| row.counter > 3), "the oldest went");
}
