//! The archive after the service was killed again and again, and after its index was lost.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use quaywatch::model::StreamKind;
use quaywatch::record::{GapReason, SegmentRow, SegmentState, gaps, salvage};

use crate::support::{CameraSpec, Hall, now_ms, recorded, recorded_rows, wait_for};

const STREAMS: [(&str, StreamKind); 3] =
    [("counter-1", StreamKind::Main), ("counter-1", StreamKind::Sub), ("gate", StreamKind::Main)];

fn hall() -> Hall {
    let mut hall = Hall::new(&[
        CameraSpec { has_sub: true, kbps: 400, ..CameraSpec::new("counter-1").calm() },
        CameraSpec { audio: "aac", kbps: 400, ..CameraSpec::new("gate").calm() },
    ]);
    hall.rules = String::new();
    // Files of a second, so that there is always an entry of the index under way.
    hall.segment = "1s";
    hall
}

fn all_stream(centre: &crate::support::Process, seconds: u64) {
    for (camera, stream) in STREAMS {
        centre.wait_for_log(&format!("\"stream\":\"{camera}/{stream}\",\"state\":\"streaming\""), seconds);
    }
}

/// A row means a playable file, and every file is a row.
fn rows_and_files_agree(storage: &Path) -> Vec<SegmentRow> {
    let rows = recorded_rows(storage);
    for row in &rows {
        assert_ne!(row.state, SegmentState::Open, "{}", row.path);
        let scan = salvage::scan(&storage.join(&row.path)).unwrap();
        let scan = scan.unwrap_or_else(|| panic!("{} cannot be played", row.path));
        assert!(!scan.torn && scan.file_bytes == row.bytes.unsigned_abs(), "{}", row.path);
    }
    let mut known: Vec<String> = rows.iter().map(|row| row.path.clone()).collect();
    let mut files = files_below(storage, &storage.join("video"));
    known.sort();
    files.sort();
    assert_eq!(known, files);
    rows
}

fn files_below(storage: &Path, folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(storage, &entry.path()));
        } else {
            files.push(entry.path().strip_prefix(storage).unwrap().to_str().unwrap().to_owned());
        }
    }
    files
}

#[test]
fn a_centre_killed_ten_times_has_whole_databases_and_misses_less_than_a_second_each_time() {
    let hall = hall();
    let mut kills = Vec::new();
    for n in 0..10u64 {
        let centre = hall.start_centre();
        all_stream(&centre, 30);
        // At another point of its second each time: between 1 and 2 s of recording.
        let until = now_ms() + 1000 + (n * 618) as i64 % 1000;
        wait_for("the moment of the kill", 5, || (now_ms() >= until).then_some(()));
        let killed_at = now_ms();
        centre.kill();
        kills.push(killed_at);
    }
    let last = hall.start_centre();
    all_stream(&last, 30);
    last.wait_for_log("files and index agree", 30);
    assert!(last.stop().success());

    let rows = rows_and_files_agree(&hall.storage());
    for database in ["index.sqlite", "centre.sqlite"] {
        assert_eq!(integrity(&hall.storage().join(database)), "ok", "{database}");
    }
    for (camera, stream) in STREAMS {
        let found = recorded(&hall.storage(), camera, stream);
        let mount = format!("/{camera}/{stream}");
        for killed_at in &kills {
            let (_, sent) = hall.cameras.last_frame(&mount, *killed_at);
            let kept = found.stamps.iter().map(|(_, ms)| *ms).filter(|ms| *ms <= *killed_at).max().unwrap();
            assert!(sent - kept <= 1000, "{mount}: {} ms before the kill are missing", sent - kept);
        }
        let of_stream = rows.iter().filter(|row| row.camera.as_str() == camera && row.stream == stream);
        let reasons: Vec<_> = gaps(of_stream).iter().map(|gap| gap.reason).collect();
        assert!(reasons.iter().all(|reason| *reason == Some(GapReason::ProcessDied)), "{reasons:?}");
    }
}

fn integrity(database: &Path) -> String {
    let asked = std::process::Command::new("/usr/bin/python3")
        .args(["-c", "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])"])
        .arg(database)
        .output()
        .unwrap();
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_damaged_index_is_made_again_from_the_files_while_recording_goes_on() {
    let hall = hall();
    let centre = hall.start_centre();
    all_stream(&centre, 30);
    wait_for("some files", 30, || {
        (files_below(&hall.storage(), &hall.storage().join("video")).len() > 15).then_some(())
    });
    assert!(centre.stop().success());

    for (damage, how) in
        [("no database", 0u64), ("pages of garbage", 1), ("cut in half", 2), ("rows lost", 3)]
    {
        let before = recorded_rows(&hall.storage());
        spoil(&hall.storage().join("index.sqlite"), how);
        let centre = hall.start_centre();
        all_stream(&centre, 30);
        centre.wait_for_log("it is set aside and made again from the files", 30);
        centre.wait_for_log("files and index agree", 30);
        // Meanwhile it records.
        wait_for("new footage", 20, || {
            let newest = files_below(&hall.storage(), &hall.storage().join("video"));
            (newest.len() > before.len() + 4).then_some(())
        });
        assert!(centre.stop().success());

        let after = rows_and_files_agree(&hall.storage());
        let last = before.iter().map(|row| row.counter).max().unwrap();
        let (old, new): (Vec<_>, Vec<_>) = after.into_iter().partition(|row| row.counter <= last);
        assert_eq!(old, before, "{damage}");
        let epoch = before.iter().map(|row| row.clock_epoch).max().unwrap();
        let goes_on = |row: &SegmentRow| row.run > 1 && row.clock_epoch > epoch;
        assert!(new.len() > 3 && new.iter().all(goes_on), "{damage}: counters, runs and epochs go on");
    }
    let aside = std::fs::read_dir(hall.storage()).unwrap().map(|entry| entry.unwrap().file_name());
    let aside = aside.filter(|name| name.to_string_lossy().starts_with("index.damaged-"));
    assert!(aside.count() >= 4, "what was damaged is kept");
}

fn spoil(database: &Path, how: u64) {
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(database).unwrap();
    let length = file.metadata().unwrap().len();
    match how {
        0 => file.write_all(&[b'x'; 4096]).unwrap(),
        1 => {
            // Every page but the first two, which tell what tables there are.
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            bytes[8192..].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5A);
            file.seek(SeekFrom::Start(0)).unwrap();
            file.write_all(&bytes).unwrap();
        }
        2 => file.set_len(length / 2).unwrap(),
        _ => {
            // The leaves of the table (type 13) alone: what answers from indexes still does.
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            let holds_rows = |page: &[u8]| page[0] == 13 && page.windows(6).any(|part| part == b"video/");
            let leaves = bytes.chunks_mut(4096).filter(|page| holds_rows(page));
            assert!(leaves.map(|page| page[1..].fill(0xFF)).count() > 0);
            file.seek(SeekFrom::Start(0)).unwrap();
            file.write_all(&bytes).unwrap();
        }
    }
}
