//! A wall clock that is wrong and is set while the centre records.

use std::path::{Path, PathBuf};
use std::process::Command;

use quaywatch::model::StreamKind;
use quaywatch::record::SegmentRow;
use serde_json::Value;

use crate::support::{CameraSpec, Hall, Process, recorded, wait_for};

const YEAR_S: i64 = 365 * 86_400;

/// A centre that sees the wall clock moved by libfaketime, and a time service that is a file.
struct Faked {
    hall: Hall,
    offset: PathBuf,
    service: PathBuf,
}

impl Faked {
    fn new() -> Self {
        let mut hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
        hall.rules = String::new();
        let (offset, service) = (hall.path("offset"), hall.path("synchronised"));
        let folder = hall.path("bin");
        std::fs::create_dir_all(&folder).unwrap();
        let script = format!("#!/bin/sh\ncat '{}'\n", service.display());
        let program = folder.join("timedatectl");
        std::fs::write(&program, script).unwrap();
        assert!(Command::new("chmod").arg("+x").arg(&program).status().unwrap().success());
        let it = Self { hall, offset, service };
        it.says_synchronised(true);
        it
    }

    fn says_synchronised(&self, yes: bool) {
        self.put(&self.service, if yes { "yes\n" } else { "no\n" });
    }

    /// Moves the centre's wall clock by this from the true one.
    fn set(&self, offset_s: i64) {
        self.put(&self.offset, &format!("{offset_s:+}\n"));
    }

    /// The reader sees the old text or the new.
    fn put(&self, path: &Path, text: &str) {
        quaywatch::disk::write_atomically(path, text.as_bytes()).unwrap();
    }

    fn start(&self) -> Process {
        let config = self.hall.write_edge_config();
        let text = std::fs::read_to_string(&config).unwrap();
        // Kept as short as it may be: a wrong clock that were believed would delete.
        std::fs::write(&config, text.replace("keep = \"30d\"", "keep = \"1h\"")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
        command.args(["--log-format", "json", "edge", "--config", config.to_str().unwrap()]);
        command.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", &self.offset);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.hall.path("bin").display()));
        let centre = Process::spawn("edge", command, self.hall.folder.path());
        centre.wait_for_log("\"state\":\"streaming\"", 20);
        centre
    }

    /// Waits until the cameras have sent for so long.
    fn record_for(&self, seconds: u64) {
        let (began, _) = self.hall.cameras.last_frame("/counter-1/main", i64::MAX);
        wait_for("frames", seconds + 20, || {
            let (now, _) = self.hall.cameras.last_frame("/counter-1/main", i64::MAX);
            (now >= began + 10 * seconds).then_some(())
        });
    }

    /// Waits for a clock-off incident at the province whose reason has these words.
    fn wait_for_clock_off(&self, words: &str) -> Value {
        wait_for(&format!("clock-off with {words:?} at the province"), 30, || {
            let all = self.hall.incidents().into_iter().filter(|incident| incident["kind"] == "clock-off");
            all.map(|i| self.hall.incident(i["id"].as_str().unwrap())).find(|i| i.to_string().contains(words))
        })
    }

    /// Stops it and sees that every frame is there once, in the archive's order, and nothing went.
    fn all_is_there(&self, centre: Process) -> Vec<SegmentRow> {
        assert!(!centre.log().contains("footage deleted"), "{}", centre.log());
        assert!(centre.stop().success());
        let found = recorded(&self.hall.storage(), "counter-1", StreamKind::Main);
        let numbers: Vec<u64> = found.stamps.iter().map(|(n, _)| *n).collect();
        let whole: Vec<u64> = (numbers[0]..=*numbers.last().unwrap()).collect();
        assert_eq!(numbers, whole, "every frame once, in the order of the counter");
        found.rows
    }
}

fn library() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let paths = found.map(|entry| entry.path().join("faketime/libfaketime.so.1"));
    paths.filter(|path| path.exists()).last().expect("the package faketime is missing: run `make test`")
}

fn years(rows: &[SegmentRow]) -> Vec<String> {
    let mut years: Vec<String> = rows.iter().map(|row| row.start.to_string()[..4].to_owned()).collect();
    years.dedup();
    years
}

#[test]
fn a_box_that_boots_in_1970_and_is_corrected_keeps_everything_in_order() {
    let it = Faked::new();
    let _province = it.hall.start_province();
    let since_1970 = crate::support::now_ms() / 1000;
    it.says_synchronised(false);
    it.set(60 - since_1970);
    let centre = it.start();
    it.wait_for_clock_off("before 2026");
    it.record_for(3);
    it.set(0);
    it.wait_for_clock_off("set forward by");
    it.says_synchronised(true);
    // A file that is begun once the clock is believed can be deleted for its age one day.
    centre.wait_for_log("\"doubt\":\"None\"", 20);
    it.record_for(15);
    let rows = it.all_is_there(centre);
    assert_eq!(years(&rows).first().map(String::as_str), Some("1970"));
    assert_eq!(years(&rows).len(), 2, "{:?}", years(&rows));
    assert!(!rows[0].is_dated && rows.last().unwrap().is_dated);
}

#[test]
fn a_clock_that_leaps_ten_years_and_one_that_goes_back_an_hour_delete_nothing_and_are_told() {
    let it = Faked::new();
    let _province = it.hall.start_province();
    it.set(0);
    let centre = it.start();
    it.record_for(3);
    // The time service vouches for the leap: a wrong server does.
    it.set(10 * YEAR_S);
    it.wait_for_clock_off("set forward by 10 years");
    it.record_for(3);
    // Housekeeping looks every 30 s.
    it.record_for(30);
    it.set(-3600);
    it.wait_for_clock_off("set back by 10 years");
    it.record_for(3);
    let rows = it.all_is_there(centre);
    assert!(rows.len() >= 3);
    let this_year = years(&rows)[0].clone();
    assert_eq!(years(&rows).len(), 3, "{:?}", years(&rows));
    assert_eq!(years(&rows)[2], this_year);
    for row in &rows {
        let is_right = row.start.to_string().starts_with(&this_year) && row.counter == 1;
        assert!(is_right || !row.is_dated, "what a wrong clock dated is never deleted for its age: {row:?}");
    }

    // After a restart the clock is an hour behind what was recorded.
    it.set(-7200);
    let again = it.start();
    it.wait_for_clock_off("before the newest footage");
    assert!(!again.log().contains("footage deleted"));
    assert!(again.stop().success());
}
