//! A machine that is far too slow for what is to be looked at: recording loses nothing.

use std::process::Command;

use quaywatch::model::StreamKind;
use serde_json::Value;

use crate::support::{CameraSpec, Hall, Process, free_port, get_json, recorded, root, wait_for};

const CAMERAS: [&str; 4] = ["counter-1", "counter-2", "hall", "gate"];

/// How many looks are waited for once the machine is starved.
const LOOKS: u64 = 12;

/// The first processor that this test may use.
fn processor() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    allowed.trim().split([',', '-']).next().unwrap().to_owned()
}

/// Leaves the centre a quarter of one processor: everything else is taken by work of the same priority.
fn starve(hall: &Hall, centre: &Process) -> Vec<Process> {
    let (one, pid) = (processor(), centre.id().to_string());
    assert!(Command::new("taskset").args(["-acp", &one, &pid]).output().unwrap().status.success());
    let busy = || {
        let mut command = Command::new("taskset");
        command.args(["-c", &one, "sh", "-c", "while :; do :; done"]);
        Process::spawn("busy", command, hall.folder.path())
    };
    (0..3).map(|_| busy()).collect()
}

/// What `/api/cameras` says of perception, camera by camera.
fn perception(port: u16, count: &str) -> Vec<u64> {
    let answer = get_json(port, "/api/cameras");
    let cameras = answer["cameras"].as_array().cloned().unwrap_or_default();
    let of = |camera: &Value| camera["perception"][count].as_u64().unwrap_or_else(|| panic!("{answer}"));
    cameras.iter().map(of).collect()
}

#[test]
fn a_starved_machine_records_every_frame_and_looks_at_all_cameras_alike() {
    let specs = CAMERAS.map(|id| CameraSpec { has_sub: true, kbps: 500, ..CameraSpec::new(id).calm() });
    let mut hall = Hall::new(&specs);
    let port = free_port();
    let models = root().join("models");
    hall.rules = format!(
        "\n[web]\nlisten = \"127.0.0.1:{port}\"\n[perceive]\nmodels = \"{}\"\nthreads = 1\n\
         [[rule]]\nkind = \"crowding\"\nmin_people = 400\nschedule = \"always\"\n",
        models.display()
    );
    let centre = hall.start_centre();
    for camera in CAMERAS {
        centre.wait_for_log(&format!("\"stream\":\"{camera}/sub\",\"state\":\"streaming\""), 45);
    }
    let busy = starve(&hall, &centre);
    let all = |counts: &[u64]| counts.len() == CAMERAS.len() && counts.iter().all(|count| *count > 0);
    wait_for("every camera to have lost a look", 90, || Some(perception(port, "dropped")).filter(|c| all(c)));
    let before = perception(port, "looks");
    let looked = || -> Vec<u64> {
        perception(port, "looks").iter().zip(&before).map(|(now, before)| now - before).collect()
    };
    let looked = wait_for("looks of a starved machine", 180, || {
        Some(looked()).filter(|looks| looks.iter().sum::<u64>() >= LOOKS)
    });
    let (least, most) = (looked.iter().min().unwrap(), looked.iter().max().unwrap());
    assert!(most - least <= 2, "rates fall alike: {looked:?}");
    assert!(centre.log().contains("some looks for people are dropped"), "it is said");
    assert!(perception(port, "people_ms").iter().all(|ms| *ms > 0));
    assert!(perception(port, "failed").iter().all(|failed| *failed == 0));
    busy.into_iter().for_each(Process::kill);
    assert!(centre.stop().success());

    for camera in CAMERAS {
        let main = recorded(&hall.storage(), camera, StreamKind::Main);
        let numbers: Vec<u64> = main.stamps.iter().map(|(number, _)| *number).collect();
        let whole: Vec<u64> = (numbers[0]..=*numbers.last().unwrap()).collect();
        assert_eq!(numbers, whole, "{camera}: frames are missing");
        assert!(numbers.len() > 100, "{camera}: {} frames", numbers.len());
        let holes = main.rows.iter().skip(1).filter(|row| row.gap_before.is_some()).count();
        assert_eq!((holes, main.rows.iter().map(|row| row.lost_packets).sum::<i64>()), (0, 0), "{camera}");
    }
}
