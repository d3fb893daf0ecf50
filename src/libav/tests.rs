//! What the parts do together, on real footage.

use super::testing::{b_frame_footage, footage, record};
use super::*;
use crate::record::salvage::scan;

#[test]
fn decode_times_run_on_from_file_to_file() {
    let folder = tempfile::tempdir().unwrap();
    let made = footage("libx264", 4);
    let files = record(&made, folder.path(), "a", 2, true);
    let scans: Vec<_> = files.iter().map(|(path, _)| scan(path).unwrap().unwrap()).collect();
    assert_eq!((scans[0].video_start, scans[1].video_start), (0, 180_000));
    // Read back, both tracks have every packet's own time, in both files.
    let mut read = Vec::new();
    for (path, _) in &files {
        let mut demuxer = Demuxer::open(path).unwrap();
        assert_eq!((demuxer.video(), demuxer.audio()), (Some(&made.video), Some(&made.audio)));
        while let Some(sample) = demuxer.read().unwrap() {
            read.push((sample.track, sample.pts, sample.duration, sample.key, sample.data().to_vec()));
        }
    }
    let mut written: Vec<_> =
        made.samples.iter().map(|s| (s.track, s.pts, s.duration, s.key, s.data().to_vec())).collect();
    let order = |(track, pts, ..): &(Track, i64, i64, bool, Vec<u8>)| (*track == Track::Audio, *pts);
    read.sort_by_key(order);
    written.sort_by_key(order);
    assert_eq!(read.len(), written.len());
    // The encoder calls its very last frame a short one; libav reads every frame as a full one.
    read.last_mut().unwrap().2 = 512;
    for (read, written) in read.iter().zip(&written) {
        assert_eq!((read.0, read.1, read.2, read.3), (written.0, written.1, written.2, written.3));
        assert!(read.4 == written.4, "the packet at {} changed on its way", read.1);
    }
}

#[test]
fn what_was_taken_before_a_kill_plays_up_to_the_last_fragment() {
    let made = footage("libx264", 4);
    let mut muxer = FragmentMuxer::new(&made.video, Some(&made.audio)).unwrap();
    let (mut bytes, mut frames) = (Vec::new(), 0);
    for sample in &made.samples {
        muxer.write(sample.track, sample.times(), sample.duration, sample.key, sample.data()).unwrap();
        bytes.extend(muxer.take_bytes());
        frames += u64::from(sample.track == Track::Video);
    }
    drop(muxer);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.mp4");
    crate::disk::write_atomically(&path, &bytes).unwrap();
    let scanned = scan(&path).unwrap().unwrap();
    assert!(!scanned.torn, "only whole fragments are handed out");
    let found = crate::evidence::inspect::inspect(&path).unwrap();
    assert!(found.video_frames + 14 >= frames, "{} of {frames}", found.video_frames);
    assert!(found.sound_ms >= 3400, "{found:?}");
}

#[test]
fn the_header_is_ready_at_once_and_fragments_come_twice_a_second() {
    let made = footage("libx264", 2);
    let mut muxer = FragmentMuxer::new(&made.video, Some(&made.audio)).unwrap();
    assert!(muxer.take_bytes().windows(4).any(|four| four == b"moov"));
    let mut taken = 0;
    for sample in &made.samples {
        muxer.write(sample.track, sample.times(), sample.duration, sample.key, sample.data()).unwrap();
        taken += u32::from(!muxer.take_bytes().is_empty());
    }
    assert!((3..=6).contains(&taken), "{taken} times");
}

#[test]
fn a_camera_that_stops_its_sound_does_not_hold_up_its_picture() {
    let made = footage("libx264", 4);
    let mut muxer = FragmentMuxer::new(&made.video, Some(&made.audio)).unwrap();
    let mut bytes = Vec::new();
    for sample in made.samples.iter().filter(|s| s.track == Track::Video) {
        muxer.write(sample.track, sample.times(), sample.duration, sample.key, sample.data()).unwrap();
        bytes.extend(muxer.take_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mute.mp4");
    crate::disk::write_atomically(&path, &bytes).unwrap();
    assert!(scan(&path).unwrap().unwrap().video_duration >= 90_000 * 3);
}

#[test]
fn times_that_cannot_follow_are_refused_and_small_slips_are_moved() {
    let made = footage("libx264", 2);
    let data = made.samples[0].data();
    let mut muxer = FragmentMuxer::new(&made.video, None).unwrap();
    let mut write = |at| muxer.write(Track::Video, Times::at(at), 3600, true, data);
    assert!(matches!(write(-1), Err(LibavError::Time { last: -1, .. })));
    write(90_000).unwrap();
    // The same again, then a little back: just after.
    write(90_000).unwrap();
    write(88_000).unwrap();
    assert!(matches!(write(1000), Err(LibavError::Time { dts: 1000, last: 90_002, .. })));
    assert!(write(i64::MAX).is_err() && write(i64::MIN).is_err());
    write(93_600).unwrap();
    assert!(muxer.write(Track::Audio, Times::at(0), 1024, true, data).is_err());
    assert!(!muxer.finish().unwrap().is_empty());
}

#[test]
fn formats_without_their_headers_are_refused() {
    let made = footage("libx264", 2);
    let annex_b =
        VideoFormat { extradata: Bytes::from_static(&[0, 0, 0, 1, 0x67, 0, 0, 0]), ..made.video.clone() };
    assert!(FragmentMuxer::new(&annex_b, None).is_err());
    let bare = AudioFormat { extradata: Bytes::new(), ..made.audio };
    assert!(FragmentMuxer::new(&made.video, Some(&bare)).is_err());
}

#[test]
fn pictures_have_brightness_and_can_be_jpegs() {
    let made = footage("libx264", 2);
    let mut decoder = PictureDecoder::new(&made.video).unwrap();
    let mut seen = Vec::new();
    for sample in made.samples.iter().filter(|s| s.track == Track::Video) {
        decoder
            .decode(sample.pts, sample.data(), |picture| {
                let luma = picture.luma().unwrap();
                assert_eq!((luma.width, luma.height), (320, 180));
                assert_eq!(luma.row(179).map(<[u8]>::len), Some(320));
                assert!(luma.row(180).is_none());
                if seen.is_empty() {
                    let jpeg = picture.jpeg().unwrap();
                    assert!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9]));
                }
                seen.push(picture.pts());
            })
            .unwrap();
    }
    // None is held back: what goes in comes out at once.
    assert_eq!(seen.len(), 50);
    assert!(seen.is_sorted());
}

#[test]
fn a_jpeg_has_the_full_range_of_levels() {
    // testsrc has a pure white and a pure black field; in video they are 235 and 16.
    let made = footage("libx264", 2);
    let mut decoder = PictureDecoder::new(&made.video).unwrap();
    let mut jpeg = Vec::new();
    decoder.decode(0, made.samples[0].data(), |picture| jpeg = picture.jpeg().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("still.jpg");
    crate::disk::write_atomically(&path, &jpeg).unwrap();
    let gray = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&path)
        .args(["-pix_fmt", "gray", "-f", "rawvideo", "-"])
        .output()
        .unwrap()
        .stdout;
    assert_eq!(gray.len(), 320 * 180);
    let (min, max) = (gray.iter().min().unwrap(), gray.iter().max().unwrap());
    assert!(*min < 8 && *max > 247, "{min} to {max}");
}

#[test]
fn garbage_does_not_decode_and_does_no_harm() {
    let made = footage("libx264", 2);
    let mut pictures = PictureDecoder::new(&made.video).unwrap();
    let mut shown = 0;
    for size in [1usize, 5, 100, 5000] {
        let _ = pictures.decode(0, &vec![0x5A; size], |_| shown += 1);
    }
    pictures.decode(0, made.samples[0].data(), |_| shown += 1).unwrap();
    assert!(shown >= 1, "a keyframe makes all well again");
    let codec = SoundCodec::Aac { extradata: made.audio.extradata.clone() };
    let mut sounds = SoundDecoder::new(&codec, 48_000, 1).unwrap();
    let mut samples = Vec::new();
    let _ = sounds.decode(&[0xFF; 300], &mut samples);
    let sound = made.samples.iter().find(|s| s.track == Track::Audio).unwrap();
    sounds.decode(sound.data(), &mut samples).unwrap();
    assert!(samples.len() >= 1024);
}

#[test]
fn b_frames_keep_both_their_times_from_file_to_file_and_come_out_in_their_order() {
    for encoder in ["libx264", "libx265"] {
        let folder = tempfile::tempdir().unwrap();
        let made = b_frame_footage(encoder, 4);
        let files = record(&made, folder.path(), encoder, 2, false);
        assert!(files.len() >= 2, "{encoder}");
        let mut decoder = PictureDecoder::new(&made.video).unwrap();
        let (mut read, mut shown) = (Vec::new(), Vec::new());
        for (path, first) in &files {
            assert_eq!(scan(path).unwrap().unwrap().video_start, *first, "{encoder}");
            let mut demuxer = Demuxer::open(path).unwrap();
            while let Some(sample) = demuxer.read().unwrap() {
                read.push((sample.pts, sample.dts));
                decoder.decode(sample.pts, sample.data(), |picture| shown.push(picture.pts())).unwrap();
            }
        }
        decoder.finish(|picture| shown.push(picture.pts())).unwrap();
        let pictures = made.samples.iter().filter(|s| s.track == Track::Video);
        let written: Vec<_> = pictures.map(|s| (s.pts, s.dts)).collect();
        assert_eq!(read, written, "{encoder}");
        assert!(read.iter().any(|(pts, dts)| dts < pts), "{encoder} made no B-frames");
        assert_eq!(shown, (0..100).map(|n| 90_000 + n * 3600).collect::<Vec<_>>(), "{encoder}");
        let last = scan(&files.last().unwrap().0).unwrap().unwrap();
        assert_eq!(last.video_start + last.video_duration, 90_000 + 360_000, "{encoder}");
    }
}

#[test]
fn decode_times_made_from_presentation_times_are_as_good_as_the_encoders() {
    for encoder in ["libx264", "libx265"] {
        let made = b_frame_footage(encoder, 4);
        let mut order = crate::ingest::DecodeOrder::default();
        order.set_depth(Some(2));
        for sample in made.samples.iter().filter(|s| s.track == Track::Video) {
            let key = sample.key.then_some(crate::ingest::Keyframe::Closed);
            let times = order.next(sample.pts, key).unwrap();
            assert_eq!(times.pts, sample.pts, "{encoder}");
            assert!((times.dts - sample.dts).abs() <= 2 * 3600, "{encoder}: {times:?} {}", sample.dts);
        }
        assert_eq!(order.moved(), 0);
    }
}

#[test]
fn a_keyframe_decoded_alone_comes_out_at_once_also_where_there_are_b_frames() {
    for encoder in ["libx264", "libx265"] {
        let made = b_frame_footage(encoder, 4);
        let mut decoder = PictureDecoder::new(&made.video).unwrap();
        for key in made.samples.iter().filter(|s| s.track == Track::Video && s.key) {
            let mut shown = Vec::new();
            decoder.decode_alone(key.pts, key.data(), |picture| shown.push(picture.pts())).unwrap();
            assert_eq!(shown, [key.pts], "{encoder}");
        }
    }
}
