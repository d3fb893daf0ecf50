use super::*;
use crate::evidence::{inspect::inspect, sound::excerpt, still::still};
use crate::libav::testing::{self, Footage};

/// The wall time of the first run's zero.
const START: i64 = 1_790_000_000_000;

fn wall(ms: i64) -> Wall {
    Wall::from_millis(START + ms)
}

/// Four seconds recorded in files of two, the run's zero at `begins` ms.
fn recorded(footage: &Footage, folder: &Path, run: u64, begins: i64, sound: bool) -> Vec<ClipPart> {
    testing::record(footage, folder, &format!("run{run}"), 2, sound)
        .into_iter()
        .map(|(path, media_start)| {
            let start = wall(begins + media_start / 90);
            ClipPart { path, run, start, media_start }
        })
        .collect()
}

/// When the 1 kHz beeps of a clip begin, in ms.
fn beeps(clip: &Path) -> Vec<i64> {
    let wav = clip.with_extension("wav");
    let report = excerpt(clip, 0, 600_000, &wav).unwrap();
    let samples: Vec<i32> = hound::WavReader::open(&wav).unwrap().samples().map(Result::unwrap).collect();
    assert_eq!(samples.len() as u64, report.samples);
    let step = report.sample_rate as usize / 200;
    let loud = |block: &[i32]| block.iter().any(|s| s.abs() > 6000);
    let blocks: Vec<bool> = samples.chunks(step).map(loud).collect();
    let onset = |i: &usize| blocks[*i] && !blocks[i.saturating_sub(4)..*i].iter().any(|b| *b);
    (0..blocks.len()).filter(onset).map(|i| report.from_ms + i as i64 * 5).collect()
}

#[test]
fn a_clip_begins_at_the_keyframe_before_and_ends_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, true);
    assert_eq!(parts.len(), 2);
    let out = folder.path().join("clip.mp4");
    let clip = cut(&parts, wall(1300), wall(3500), &out).unwrap();
    assert_eq!((clip.from, clip.to), (wall(1000), wall(3520)));
    // Pictures at 1.00, 1.04 … 3.48: over the border of the two files none is missing.
    assert_eq!((clip.frames, clip.duration_ms, clip.cut_short), (63, 2520, None));
    assert_eq!(clip.bytes, std::fs::metadata(&out).unwrap().len());
    let found = inspect(&out).unwrap();
    assert_eq!((found.video_frames, found.picture_ms, found.sample_rate), (63, 2520, 48_000));
    assert!((found.sound_ms - 2500).abs() <= 45, "{found:?}");
    assert!(!folder.path().join("clip.mp4.part").exists());
    // The index stands before the media.
    let bytes = std::fs::read(&out).unwrap();
    let at = |kind: &[u8]| bytes.windows(4).position(|four| four == kind).unwrap();
    assert!(at(b"moov") < at(b"mdat"));
}

#[test]
fn sound_stays_with_the_picture_to_within_a_frame() {
    let folder = tempfile::tempdir().unwrap();
    let parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, true);
    let out = folder.path().join("clip.mp4");
    cut(&parts, wall(1500), wall(3900), &out).unwrap();
    // The clip's zero is 1.0 s, where a beep begins; the first sound packet may begin up to a frame
    // later than that.
    let heard = beeps(&out);
    assert_eq!(heard.len(), 3, "{heard:?}");
    for (heard, wanted) in heard.iter().zip([0, 1000, 2000]) {
        assert!((heard - wanted).abs() <= 22, "{heard} is not {wanted}");
    }
}

#[test]
fn a_file_that_is_still_being_written_gives_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, true);
    let whole = std::fs::read(&parts[1].path).unwrap();
    let scan = salvage::scan(&parts[1].path).unwrap().unwrap();
    // The second fragment is half there.
    let second = &scan.fragments[1];
    let torn = usize::try_from(second.offset + second.bytes / 2).unwrap();
    parts[1].path = folder.path().join("growing.mp4");
    crate::disk::write_atomically(&parts[1].path, &whole[..torn]).unwrap();
    let out = folder.path().join("clip.mp4");
    let clip = cut(&parts, wall(1000), wall(4000), &out).unwrap();
    let kept = scan.fragments[0].frames;
    assert_eq!((clip.frames, clip.cut_short), (25 + kept, None));
    assert_eq!(inspect(&out).unwrap().video_frames, u64::from(25 + kept));
}

#[test]
fn two_connections_stand_apart_by_the_wall_clock() {
    let folder = tempfile::tempdir().unwrap();
    let footage = testing::footage("libx264", 4);
    let mut parts = recorded(&footage, folder.path(), 1, 0, true);
    // The camera was away for 1.5 s.
    parts.extend(recorded(&footage, folder.path(), 2, 5500, true));
    let out = folder.path().join("clip.mp4");
    let clip = cut(&parts, wall(3000), wall(7400), &out).unwrap();
    assert_eq!((clip.from, clip.frames, clip.duration_ms), (wall(3000), 25 + 48, 4420));
    let found = inspect(&out).unwrap();
    assert_eq!(found.video_frames, 73);
    // Beeps at 3.0, then at 5.5 and 6.5 by the wall.
    let heard = beeps(&out);
    assert_eq!(heard.len(), 3, "{heard:?}");
    for (heard, wanted) in heard.iter().zip([0, 2500, 3500]) {
        assert!((heard - wanted).abs() <= 22, "{heard} is not {wanted}");
    }
}

#[test]
fn a_clip_asked_from_within_a_gap_begins_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let footage = testing::footage("libx264", 4);
    let mut parts = recorded(&footage, folder.path(), 1, 0, true);
    parts.extend(recorded(&footage, folder.path(), 2, 60_000, true));
    let out = folder.path().join("clip.mp4");
    let clip = cut(&parts, wall(30_000), wall(62_000), &out).unwrap();
    assert_eq!((clip.from, clip.frames, clip.cut_short), (wall(60_000), 50, None));
    assert!(cut(&parts, wall(30_000), wall(50_000), &out).is_err());
}

#[test]
fn connections_whose_clock_stepped_back_do_not_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let footage = testing::footage("libx264", 4);
    let mut parts = recorded(&footage, folder.path(), 1, 0, false);
    parts.extend(recorded(&footage, folder.path(), 2, 2000, false));
    let out = folder.path().join("clip.mp4");
    let clip = cut(&parts, wall(0), wall(4000), &out).unwrap();
    assert_eq!((clip.frames, clip.duration_ms), (150, 6000));
    assert_eq!(inspect(&out).unwrap().video_frames, 150);
}

#[test]
fn a_clip_ends_where_the_camera_changes_its_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, true);
    let other = testing::sized_footage("libx264", 2, "640x360");
    parts.extend(recorded(&other, folder.path(), 2, 4000, true));
    let clip = cut(&parts, wall(3000), wall(5000), &folder.path().join("clip.mp4")).unwrap();
    assert_eq!(clip.frames, 25);
    let why = clip.cut_short.unwrap();
    assert!(why.contains("picture format changes"), "{why}");
}

#[test]
fn a_clip_without_sound_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, false);
    let out = folder.path().join("clip.mp4");
    let clip = cut(&parts, wall(0), wall(4000), &out).unwrap();
    assert_eq!((clip.frames, clip.has_sound), (100, false));
    assert_eq!(inspect(&out).unwrap().sample_rate, 0);
    assert!(excerpt(&out, 0, 1000, &folder.path().join("none.wav")).is_err());
}

#[test]
fn h265_is_cut_as_hvc1_and_decodes() {
    let folder = tempfile::tempdir().unwrap();
    let parts = recorded(&testing::footage("libx265", 4), folder.path(), 1, 0, true);
    let out = folder.path().join("clip.mp4");
    let clip = cut(&parts, wall(1999), wall(4000), &out).unwrap();
    assert_eq!((clip.from, clip.frames), (wall(1000), 75));
    assert_eq!(inspect(&out).unwrap().video_frames, 75);
    assert!(std::fs::read(&out).unwrap().windows(4).any(|four| four == b"hvc1"));
    assert!(still(&out, 500).unwrap().starts_with(&[0xFF, 0xD8]));
}

#[test]
fn a_clip_that_grows_too_large_ends_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, true);
    let out = folder.path().join("clip.mp4");
    let clip = cut_within(&parts, wall(0), wall(4000), &out, 100_000).unwrap();
    assert!(clip.frames < 100 && clip.bytes <= 100_000, "{clip:?}");
    assert!(clip.cut_short.unwrap().contains("at most"));
    assert_eq!(inspect(&out).unwrap().video_frames, u64::from(clip.frames));
}

#[test]
fn missing_and_damaged_parts_shorten_a_clip_and_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, true);
    crate::disk::write_atomically(&parts[0].path, b"no video at all, and never was").unwrap();
    let out = folder.path().join("clip.mp4");
    let clip = cut(&parts, wall(500), wall(4000), &out).unwrap();
    assert_eq!((clip.from, clip.frames), (wall(2000), 50));
    assert!(clip.cut_short.unwrap().contains("run1-0.mp4"));
    std::fs::remove_file(&parts[0].path).unwrap();
    parts.truncate(1);
    let told = cut(&parts, wall(500), wall(4000), &out).unwrap_err().to_string();
    assert!(told.starts_with("nothing is recorded from") && told.contains("run1-0.mp4"), "{told}");
}

#[test]
fn nothing_recorded_is_an_error_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("clip.mp4");
    assert!(matches!(cut(&[], wall(0), wall(1), &out), Err(ClipError::Nothing { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_still_is_the_picture_shown_at_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, true);
    let out = folder.path().join("clip.mp4");
    cut(&parts, wall(0), wall(4000), &out).unwrap();
    let at = |ms| still(&out, ms).unwrap();
    // One picture a 40 ms: the same from 1000 to 1039, another at 1040; clamped at both ends.
    assert_eq!(at(1000), at(1039));
    assert_ne!(at(1000), at(1040));
    assert_eq!(at(-5), at(0));
    assert_eq!(at(3960), at(1_000_000));
}

#[test]
fn an_excerpt_has_exactly_the_samples_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let parts = recorded(&testing::footage("libx264", 4), folder.path(), 1, 0, true);
    let (out, wav) = (folder.path().join("clip.mp4"), folder.path().join("sound.wav"));
    cut(&parts, wall(0), wall(4000), &out).unwrap();
    let report = excerpt(&out, 900, 2400, &wav).unwrap();
    assert_eq!((report.samples, report.from_ms, report.to_ms), (72_000, 900, 2400));
    let reader = hound::WavReader::open(&wav).unwrap();
    assert_eq!((reader.spec().channels, reader.spec().sample_rate, reader.len()), (1, 48_000, 72_000));
}

#[test]
fn a_clip_of_b_frames_shows_every_picture_once_in_order_with_decode_times_that_rise_from_zero() {
    for encoder in ["libx264", "libx265"] {
        let folder = tempfile::tempdir().unwrap();
        // Groups of 0.96 s from 1 s on the connection's time line, which is the wall's here.
        let parts = recorded(&testing::b_frame_footage(encoder, 5), folder.path(), 1, 0, true);
        let out = folder.path().join("clip.mp4");
        let clip = cut(&parts, wall(2100), wall(4500), &out).unwrap();
        assert_eq!(clip.from, wall(1960), "{encoder}");
        assert!((wall(4500)..=wall(4600)).contains(&clip.to), "{encoder}: {clip:?}");
        let mut demuxer = Demuxer::open(&out).unwrap();
        let mut decoder = crate::libav::PictureDecoder::new(demuxer.video().unwrap()).unwrap();
        let (mut shown, mut last) = (Vec::new(), -1);
        while let Some(sample) = demuxer.read().unwrap() {
            if sample.track == Track::Video {
                assert!(sample.dts > last && sample.dts <= sample.pts, "{encoder}");
                last = sample.dts;
                decoder.decode(sample.pts, sample.data(), |picture| shown.push(picture.pts())).unwrap();
            }
        }
        decoder.finish(|picture| shown.push(picture.pts())).unwrap();
        assert_eq!(shown, (0..i64::from(clip.frames)).map(|n| n * 3600).collect::<Vec<_>>(), "{encoder}");
        let found = inspect(&out).unwrap();
        assert_eq!(
            (found.picture_ms, found.video_frames),
            (clip.duration_ms, clip.frames.into()),
            "{encoder}"
        );
        for (heard, wanted) in beeps(&out).iter().zip([40, 1040, 2040]) {
            assert!((heard - wanted).abs() <= 22, "{encoder}: {heard} is not {wanted}");
        }
        let at = |ms| still(&out, ms).unwrap();
        assert_eq!(at(1000), at(1039), "{encoder}");
        assert_ne!(at(1000), at(1040), "{encoder}");
    }
}
