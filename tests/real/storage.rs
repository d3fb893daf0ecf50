//! A disk that fails, goes away or is not there: told aloud, and never filled by mistake.

use std::path::{Path, PathBuf};
use std::process::Command;

use quaywatch::model::StreamKind;
use serde_json::Value;

use crate::support::{CameraSpec, Hall, Process, get_json, recorded, root, wait_for};

/// The disk in the status that the province last had of the centre.
fn disk_at_province(hall: &Hall) -> Value {
    let centres = get_json(hall.province_port, "/api/centres");
    centres["centres"][0]["status"]["disk"].clone()
}

fn wait_for_disk(hall: &Hall, state: &str) -> Value {
    wait_for(&format!("the province to know that the disk is {state}"), 30, || {
        Some(disk_at_province(hall)).filter(|disk| disk["state"] == state)
    })
}

const READ_ONLY: i32 = 30;
const BROKEN: i32 = 5;

/// A centre whose disk can fail with this error number: while the file that is returned is there.
fn start_on_sick_disk(hall: &Hall, errno: i32) -> (Process, PathBuf) {
    let (library, flag) = (hall.path("sick_disk.so"), hall.path("sick"));
    let source = root().join("tests/real/support/sick_disk.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(built.unwrap().success());
    let config = hall.write_edge_config();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
    command.args(["--log-format", "json", "edge", "--config", config.to_str().unwrap()]);
    command.env("LD_PRELOAD", library).env("SICK_DISK_ROOT", hall.storage()).env("SICK_DISK_FLAG", &flag);
    command.env("SICK_DISK_ERRNO", errno.to_string());
    (Process::spawn("edge", command, hall.folder.path()), flag)
}

#[test]
fn a_disk_that_turns_read_only_is_told_to_the_province_and_recording_goes_on_when_it_is_well() {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    hall.rules = String::new();
    let _province = hall.start_province();
    let (centre, flag) = start_on_sick_disk(&hall, READ_ONLY);
    centre.wait_for_log("\"state\":\"streaming\"", 20);
    wait_for_disk(&hall, "well");
    std::fs::write(&flag, "").unwrap();
    let disk = wait_for_disk(&hall, "failed");
    assert!(disk["reason"].as_str().unwrap().contains("Read-only file system"), "{disk}");
    centre.wait_for_log("KHÔNG GHI ĐƯỢC lên ổ đĩa", 1);
    std::fs::remove_file(&flag).unwrap();
    wait_for_disk(&hall, "well");
    let incident = hall.wait_for_incident("storage-failed", 20);
    assert_eq!((&incident["severity"], &incident["camera"]), (&"urgent".into(), &Value::Null));
    assert!(incident.to_string().contains("Read-only file system"), "{incident}");
    let (until, _) = hall.cameras.last_frame("/counter-1/main", i64::MAX);
    wait_for("more frames", 10, || {
        (hall.cameras.last_frame("/counter-1/main", i64::MAX).0 > until + 30).then_some(())
    });
    assert!(centre.stop().success());
    let found = recorded(&hall.storage(), "counter-1", StreamKind::Main);
    let numbers: Vec<u64> = found.stamps.iter().map(|(n, _)| *n).collect();
    assert!(*numbers.last().unwrap() > until, "recording goes on");
    let whole: Vec<u64> = (numbers[0]..=*numbers.last().unwrap()).collect();
    assert_eq!(numbers, whole, "the camera waited, and nothing is missing");
}

/// A camera cannot wait for ever: what it drops meanwhile is missing because of the disk.
#[test]
fn what_is_missing_after_a_long_failure_is_missing_because_the_storage_failed() {
    let mut hall = Hall::new(&[CameraSpec { kbps: 6000, ..CameraSpec::new("counter-1").calm() }]);
    hall.rules = String::new();
    let (centre, flag) = start_on_sick_disk(&hall, BROKEN);
    centre.wait_for_log("\"state\":\"streaming\"", 20);
    let sent = || hall.cameras.last_frame("/counter-1/main", i64::MAX);
    let (from, from_ms) = sent();
    std::fs::write(&flag, "").unwrap();
    wait_for("a long failure", 60, || (crate::support::now_ms() >= from_ms + 40_000).then_some(()));
    std::fs::remove_file(&flag).unwrap();
    wait_for("ten seconds after it", 60, || (sent().1 >= from_ms + 50_000).then_some(()));
    assert!(centre.stop().success());
    let found = recorded(&hall.storage(), "counter-1", StreamKind::Main);
    let pairs = found.stamps.windows(2);
    let holes: Vec<i64> = pairs.map(|pair| pair[1].1 - pair[0].1).filter(|ms| *ms > 1500).collect();
    let reasons: Vec<_> =
        found.rows.iter().filter_map(|row| row.gap_before).map(|gap| gap.as_str()).collect();
    assert!(
        !holes.is_empty() && found.stamps.last().unwrap().0 > from,
        "holes {holes:?}, reasons {reasons:?}"
    );
    assert_eq!(reasons[0], "first");
    assert!(
        reasons.len() > 1 && reasons[1..].iter().all(|reason| *reason == "storage-failed"),
        "{reasons:?}"
    );
    assert_eq!(reasons.len() - 1, holes.len(), "holes {holes:?}, reasons {reasons:?}");
}

/// Runs `script` in a name space of mounts of its own, as `edge`. `$STORAGE` is the storage path.
fn in_own_mounts(hall: &Hall, script: &str) -> Process {
    let config = hall.write_edge_config();
    std::fs::create_dir_all(hall.storage()).unwrap();
    let mut command = Command::new("unshare");
    if rustix::process::geteuid().is_root() {
        command.args(["--propagation", "unchanged"]);
    } else {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "sh", "-c", script]);
    command.env("STORAGE", hall.storage()).env("CONFIG", config).env("FOLDER", hall.folder.path());
    command.env("QUAYWATCH", env!("CARGO_BIN_EXE_quaywatch"));
    Process::spawn("edge", command, hall.folder.path())
}

/// Asks the script to do its next step.
fn step(hall: &Hall, n: u32) {
    std::fs::write(hall.path(&format!("step-{n}")), "").unwrap();
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

const RUN: &str = "\"$QUAYWATCH\" --log-format json edge --config \"$CONFIG\" & pid=$!; \
    trap 'kill -TERM $pid' TERM; \
    step() { while ! [ -e \"$FOLDER/step-$1\" ]; do kill -0 $pid 2>/dev/null || break; sleep 0.1; done; }; \
    result() { wait $pid; code=$?; [ $code -le 128 ] || { wait $pid; code=$?; }; }; ";

#[test]
fn a_disk_that_is_unmounted_is_waited_for_and_what_lies_below_is_not_filled() {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    hall.rules = String::new();
    let _province = hall.start_province();
    let disk = hall.path("disk");
    std::fs::create_dir_all(&disk).unwrap();
    // The same disk is mounted a second time elsewhere, so that it can come back.
    let script = format!(
        "mount -t tmpfs none '{disk}' && mount --bind '{disk}' \"$STORAGE\" || exit 9; {RUN}\
         step 1; umount -l \"$STORAGE\"; step 2; ls -A \"$STORAGE\" > \"$FOLDER/below\"; \
         mount --bind '{disk}' \"$STORAGE\"; result; cp -r \"$STORAGE\" \"$FOLDER/kept\"; exit $code",
        disk = disk.display()
    );
    let centre = in_own_mounts(&hall, &script);
    centre.wait_for_log("\"state\":\"streaming\"", 20);
    wait_for_disk(&hall, "well");
    step(&hall, 1);
    let disk = wait_for_disk(&hall, "failed");
    assert!(disk["reason"].as_str().unwrap().contains("is no longer mounted"), "{disk}");
    assert_eq!(disk["free_bytes"], 0);
    hall.wait_for_incident("storage-failed", 20);
    // Files are cut after 10 s: a new one would have been made meanwhile.
    centre.wait_for_log("it is tried again every second", 20);
    step(&hall, 2);
    wait_for_disk(&hall, "well");
    let (until, _) = hall.cameras.last_frame("/counter-1/main", i64::MAX);
    wait_for("more frames", 10, || {
        (hall.cameras.last_frame("/counter-1/main", i64::MAX).0 > until + 30).then_some(())
    });
    assert!(centre.stop().success());
    assert_eq!(std::fs::read_to_string(hall.path("below")).unwrap(), "", "nothing on the disk below");
    let found = recorded(&hall.path("kept"), "counter-1", StreamKind::Main);
    assert!(found.stamps.iter().any(|(n, _)| *n > until), "recording goes on on the disk that came back");
}

#[test]
fn another_disk_in_the_place_ends_the_service_so_that_it_starts_afresh_on_it() {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    hall.rules = String::new();
    let script = format!(
        "mount -t tmpfs none \"$STORAGE\" || exit 9; {RUN}\
         step 1; umount -l \"$STORAGE\"; mount -t tmpfs none \"$STORAGE\"; result; exit $code"
    );
    let mut centre = in_own_mounts(&hall, &script);
    centre.wait_for_log("\"state\":\"streaming\"", 20);
    step(&hall, 1);
    assert_eq!(centre.wait(30).code(), Some(1));
    assert!(centre.log().contains("another disk was mounted at"), "{}", centre.log());
    assert!(is_empty(&hall.storage()));
}

#[test]
fn an_empty_mount_point_is_not_filled_at_the_start_and_check_says_it_too() {
    let hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    let config = hall.write_edge_config();
    let text = std::fs::read_to_string(&config).unwrap();
    let mount = format!("keep = \"30d\"\nmount = \"{}\"", hall.storage().display());
    std::fs::write(&config, text.replace("keep = \"30d\"", &mount)).unwrap();
    for (command, told_in) in [("edge", "stderr"), ("check", "stdout")] {
        let output = Command::new(env!("CARGO_BIN_EXE_quaywatch"))
            .args([command, "--config", config.to_str().unwrap()])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let told =
            String::from_utf8(if told_in == "stderr" { output.stderr } else { output.stdout }).unwrap();
        assert!(told.contains("chưa được gắn (mount)"), "{told}");
        assert!(told.contains("Nothing is mounted at"), "{told}");
    }
    assert!(!hall.storage().exists(), "not even the folder is made");
}

#[test]
fn an_empty_mount_point_that_fstab_names_is_not_filled_at_the_start() {
    let hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    // An /etc of its own, with nothing but the table.
    let script = "mkdir \"$FOLDER/etc\" && echo \"UUID=0 $STORAGE ext4 nofail 0 2\" > \"$FOLDER/etc/fstab\" && \
                  mount --bind \"$FOLDER/etc\" /etc || exit 9; \
                  \"$QUAYWATCH\" edge --config \"$CONFIG\"; exit $?";
    let mut centre = in_own_mounts(&hall, script);
    assert_eq!(centre.wait(20).code(), Some(1), "{}", centre.log());
    assert!(centre.log().contains("/etc/fstab có ghi điểm gắn này"), "{}", centre.log());
    assert!(is_empty(&hall.storage()), "nothing is made");
}
