//! What a stream does in its midst: its sound stops and comes again, its clock drifts and leaps.

use quaywatch::model::StreamKind;
use quaywatch::record::{GapReason, SegmentRow, TimeFrom, gaps, salvage};
use serde_json::json;

use crate::support::{CameraSpec, Hall, Recorded, decode, recorded, wait_for};

fn small(id: &'static str, audio: &'static str) -> CameraSpec {
    CameraSpec { audio, sound: "tone".into(), kbps: 200, size: [256, 144], ..CameraSpec::new(id) }
}

/// Waits until a camera has sent so many frames more, of 10 a second.
fn run_for(hall: &Hall, camera: &str, frames: u64) {
    let mount = format!("/{camera}/main");
    let (began, _) = hall.cameras.last_frame(&mount, i64::MAX);
    wait_for(&format!("{frames} frames of {camera}"), 90, || {
        (hall.cameras.last_frame(&mount, i64::MAX).0 >= began + frames).then_some(())
    });
}

fn numbers(found: &Recorded) -> Vec<u64> {
    found.stamps.iter().map(|(number, _)| *number).collect()
}

fn silent_fragments(hall: &Hall, row: &SegmentRow) -> usize {
    let scan = salvage::scan(&hall.storage().join(&row.path)).unwrap().unwrap();
    scan.fragments.iter().filter(|fragment| !fragment.has_sound).count()
}

#[test]
fn sound_that_stops_and_comes_again_costs_no_picture_and_is_where_the_index_says() {
    let specs = [
        small("talks", "aac"),
        small("phone", "pcma"),
        CameraSpec { audio_use: Some("level"), ..small("measured", "aac") },
        CameraSpec { audio_use: Some("off"), ..small("deaf", "pcma") },
    ];
    let mut hall = Hall::new(&specs);
    hall.segment = "60s";
    let centre = hall.start_centre();
    for spec in &specs {
        centre.wait_for_log(&format!("\"stream\":\"{}/main\",\"state\":\"streaming\"", spec.id), 45);
    }
    run_for(&hall, "talks", 50);
    for order in ["sound-stop", "sound-start"] {
        for camera in ["talks", "phone"] {
            hall.cameras.control(json!({"do": order, "mount": format!("/{camera}/main")}));
        }
        run_for(&hall, "talks", 80);
    }
    assert!(centre.stop().success());

    for spec in &specs {
        let found = recorded(&hall.storage(), spec.id, StreamKind::Main);
        let numbers = numbers(&found);
        let whole: Vec<u64> = (numbers[0]..=*numbers.last().unwrap()).collect();
        assert_eq!(numbers, whole, "{}: no picture is missing", spec.id);
        if ["talks", "phone"].contains(&spec.id) {
            // A file each: with sound, without but for its end, and with it again.
            let silent: Vec<usize> = found.rows.iter().map(|row| silent_fragments(&hall, row)).collect();
            let [first, second, third] = silent[..] else { panic!("{}: {silent:?}", spec.id) };
            assert!((5..=10).contains(&first), "{}: three seconds and a keyframe: {silent:?}", spec.id);
            assert!(second >= 5 && third <= 1, "{}: {silent:?}", spec.id);
        } else {
            assert_eq!((found.rows.len(), found.sounds), (1, 0), "{}: no sound is kept", spec.id);
            assert_eq!(found.rows[0].sound, None);
        }
        assert_eq!(gaps(&found.rows), [], "{}", spec.id);
    }
}

/// How far the index's start of each file is from the moment that its first picture was sent, in ms.
fn off_ms(hall: &Hall, found: &Recorded) -> Vec<i64> {
    let first_sent = |row: &SegmentRow| {
        let mut file = Recorded::default();
        decode(&hall.storage().join(&row.path), &mut file);
        file.stamps[0].1
    };
    found.rows.iter().map(|row| row.start.as_millis() - first_sent(row)).collect()
}

#[test]
fn files_have_the_time_of_their_pictures_whatever_the_cameras_clocks_do() {
    let specs = [
        small("right", "aac"),
        CameraSpec { clock_off_s: -3 * 3600, ..small("hours-off", "none") },
        CameraSpec { drift_ppm: 2000, ..small("drifts", "pcma") },
        small("leaps", "aac"),
    ];
    let mut hall = Hall::new(&specs);
    hall.segment = "5s";
    let centre = hall.start_centre();
    for spec in &specs {
        centre.wait_for_log(&format!("\"stream\":\"{}/main\",\"state\":\"streaming\"", spec.id), 45);
    }
    run_for(&hall, "leaps", 120);
    for seconds in [40, -90] {
        hall.cameras.control(json!({"do": "clock-jump", "mount": "/leaps/main", "s": seconds}));
        run_for(&hall, "leaps", 80);
    }
    assert!(centre.stop().success());

    for spec in &specs {
        let found = recorded(&hall.storage(), spec.id, StreamKind::Main);
        let off = off_ms(&hall, &found);
        let follows: Vec<TimeFrom> = found.rows.iter().map(|row| row.time_from).collect();
        // By its arrival a picture is no more than the link's delay late, which is small here; while
        // the machine is busy it is a little more.
        assert!(off.iter().all(|off| (-150..=500).contains(off)), "{}: {off:?} ms off", spec.id);
        let numbers = numbers(&found);
        match spec.id {
            "right" => assert!(follows.ends_with(&[TimeFrom::Camera; 3]), "{follows:?}"),
            "hours-off" => assert!(!follows.contains(&TimeFrom::Camera), "{follows:?}"),
            _ => {}
        }
        if spec.id == "leaps" {
            // Up to the next keyframe, a second, nothing says what the time is.
            let missing = numbers.windows(2).map(|two| two[1] - two[0] - 1).sum::<u64>();
            assert!(missing <= 20, "{missing} pictures are missing");
            let leapt = found.rows.iter().filter(|row| row.gap_before == Some(GapReason::StreamJumped));
            assert_eq!(leapt.map(|row| row.n).collect::<Vec<_>>(), [1, 1], "each begins a run");
        } else {
            let whole: Vec<u64> = (numbers[0]..=*numbers.last().unwrap()).collect();
            assert_eq!(numbers, whole, "{}", spec.id);
            assert_eq!(gaps(&found.rows), [], "{}", spec.id);
        }
        assert!(found.rows.windows(2).all(|two| two[0].start < two[1].start), "{}: in order", spec.id);
    }
}
