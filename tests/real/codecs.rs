//! Everything that cameras really send is recorded whole: each frame once, in its order and at its time,
//! also across the borders of files.

use std::collections::{BTreeMap, HashMap};

use quaywatch::record::GapReason;
use serde_json::json;

use crate::support::{CameraSpec, Hall, across, wait_for};

/// Small, so that a whole hall of encoders leaves the machine some time.
fn small(id: &'static str, codec: &'static str, audio: &'static str) -> CameraSpec {
    let base = CameraSpec::new(id);
    CameraSpec { codec, audio, sound: "tone".into(), kbps: 200, size: [256, 144], ..base }
}

#[test]
fn every_codec_b_frames_open_groups_rare_keyframes_and_a_new_size_are_recorded_whole() {
    let specs = [
        small("h264-aac", "h264", "aac"),
        small("h264-pcma", "h264", "pcma"),
        small("h264-pcmu", "h264", "pcmu"),
        small("h264-mute", "h264", "none"),
        small("h265-aac", "h265", "aac"),
        small("h265-pcma", "h265", "pcma"),
        small("h265-pcmu", "h265", "pcmu"),
        small("h265-mute", "h265", "none"),
        CameraSpec { bframes: 3, gop_s: 2.0, ..small("h264-b", "h264", "pcma") },
        CameraSpec { bframes: 3, gop_s: 2.0, open_gop: true, ..small("h264-open", "h264", "pcma") },
        CameraSpec { bframes: 3, gop_s: 2.0, open_gop: true, ..small("h265-open", "h265", "aac") },
        CameraSpec { gop_s: 10.0, ..small("h264-rare", "h264", "none") },
        small("h264-resized", "h264", "pcma"),
    ];
    let mut hall = Hall::new(&specs);
    let centre = hall.start_centre();
    for spec in &specs {
        centre.wait_for_log(&format!("\"stream\":\"{}/main\",\"state\":\"streaming\"", spec.id), 45);
    }
    let sent = |hall: &Hall, mount: &str| hall.cameras.last_frame(mount, i64::MAX).0;
    let began = sent(&hall, "/h264-resized/main");
    let so_far = |hall: &Hall, frames: u64| {
        wait_for(&format!("{frames} frames"), 60, || {
            (sent(hall, "/h264-resized/main") >= began + frames).then_some(())
        });
    };
    so_far(&hall, 60);
    hall.cameras.control(json!({"do": "params", "mount": "/h264-resized/main", "size": [320, 180]}));
    so_far(&hall, 240);
    assert!(centre.stop().success());

    // What left each camera's encoder: its number, and whether it was a keyframe.
    let mut sent: HashMap<String, BTreeMap<u64, bool>> = HashMap::new();
    for line in hall.cameras.log().into_iter().filter(|line| line["e"] == "frame") {
        let frames = sent.entry(line["mount"].as_str().unwrap().to_owned()).or_default();
        frames.insert(line["n"].as_u64().unwrap(), line["key"] == true);
    }
    for spec in &specs {
        let id = spec.id;
        let sent = &sent[&format!("/{id}/main")];
        let found = across(&hall.storage(), id);
        let numbers: Vec<u64> = found.shown.iter().map(|(_, number, _)| *number).collect();
        // Of the last B-frames some had not come yet.
        let (first, last) = (numbers[0], numbers.last().unwrap() - u64::from(spec.bframes + 1));
        let missing: Vec<u64> =
            sent.range(first..=last).map(|(n, _)| *n).filter(|n| !numbers.contains(n)).collect();
        assert!(
            missing.is_empty(),
            "{id}: {missing:?} were sent and are not there, but {:?}",
            &numbers[numbers.len() - 12..]
        );
        assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{id}: each once, in order: {numbers:?}");
        assert!(sent[&first], "{id} begins with a keyframe");
        assert_eq!(found.pictures, numbers.len(), "{id}: every recorded picture is shown");
        assert!(numbers.len() > 150, "{id}: only {} frames", numbers.len());
        // Each at its own time: the camera's moments are 100 ms apart, more where it was held up. While so
        // many encoders start, the simulator's media clock may stand still and leap.
        let settled = found.shown[0].0 + 6 * 90_000;
        let pairs = found.shown.windows(2).filter(|two| two[0].0 > settled);
        let steps = pairs.map(|two| (two[0].1, two[1].0 - two[0].0));
        let wrong: Vec<_> = steps.filter(|(_, step)| (step + 50) % 9000 > 100 || *step < 8950).collect();
        assert!(wrong.is_empty(), "{id}: after these frames, so many ticks: {wrong:?}");
        assert!(found.rows.len() >= 2, "{id}: {} files", found.rows.len());
        let begun = found.rows[0].start.plus_millis(6000);
        let gaps = found.rows.iter().filter(|row| row.start > begun).filter_map(|row| row.gap_before);
        assert_eq!(gaps.collect::<Vec<_>>(), [], "{id}");
        assert_eq!(found.rows[0].gap_before, Some(GapReason::First), "{id}");
        let recorded_ms: i64 = found.rows.iter().map(|row| row.duration_ms).sum();
        let shown_ms = (found.shown.last().unwrap().0 - found.shown[0].0) / 90 + 100;
        assert!(
            (recorded_ms - shown_ms).abs() <= 120,
            "{id}: {recorded_ms} ms in the index, {shown_ms} shown"
        );
        if spec.audio == "none" {
            assert!(found.sounds.is_empty(), "{id}");
        } else {
            // An encoder with B-frames holds its pictures back, not the sound.
            let (picture_end, sound_end) =
                (found.shown.last().unwrap().0 / 90, found.sounds.last().unwrap().1);
            assert!(
                (picture_end - sound_end).abs() < 2000,
                "{id}: picture to {picture_end}, sound to {sound_end}"
            );
            let pairs = found.sounds.windows(2).filter(|two| two[0].0 > settled / 90);
            let holes: Vec<_> = pairs.filter(|two| (two[1].0 - two[0].1).abs() > 2).collect();
            assert!(holes.is_empty(), "{id}: {holes:?} from {:?}", found.sounds[0]);
            let rate = if spec.audio == "aac" { 16_000 } else { 8000 };
            assert_eq!(found.sound_rates, vec![rate; found.rows.len()], "{id}");
        }
        let is_hvc1 = |row: &quaywatch::record::SegmentRow| {
            let bytes = std::fs::read(hall.storage().join(&row.path)).unwrap();
            bytes.windows(4).any(|four| four == b"hvc1")
        };
        assert!(spec.codec == "h264" || found.rows.iter().all(is_hvc1), "{id}");
        let sizes: Vec<&str> = found.rows.iter().filter_map(|row| row.video.split(' ').nth(1)).collect();
        assert_eq!(sizes.contains(&"320x180"), id == "h264-resized", "{id}: {sizes:?}");
    }
}
