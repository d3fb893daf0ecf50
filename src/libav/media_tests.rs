//! Media files of many kinds, whole, damaged and made to do harm.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// Makes a file of 3 s: black, white for the half second from 1 s, and a tone at the same time.
fn made(folder: &Path, name: &str, args: &str) -> PathBuf {
    let path = folder.join(name);
    let picture = "color=black:s=320x240:r=25:d=3,drawbox=c=white:t=fill:enable='between(t,0.99,1.49)'";
    let sound = "aevalsrc=exprs='0.5*sin(2*PI*1000*t)*between(t,1,1.5)':s=16000:d=3";
    let has = |what: &str| args.split_whitespace().any(|word| word == what);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    if !has("-vn") {
        command.args(["-f", "lavfi", "-i", picture]);
    }
    if !has("-an") {
        command.args(["-f", "lavfi", "-i", sound]);
    }
    let made = command.args(args.split_whitespace()).arg(&path).status().unwrap();
    assert!(made.success(), "{name}");
    path
}

fn pictures(path: &Path) -> Vec<(i64, u8)> {
    let Some(mut reader) = PictureReader::open(vec![MediaFile::whole(path)], false).unwrap() else {
        return Vec::new();
    };
    let mut seen = Vec::new();
    while let Some(taken) = reader.next_picture() {
        let luma = taken.picture.look().luma().unwrap().row(120).unwrap()[160];
        seen.push((taken.at, luma));
    }
    seen
}

fn sounds(path: &Path) -> Vec<Sounding> {
    let Some(mut reader) = SoundReader::open(vec![MediaFile::whole(path)]).unwrap() else {
        return Vec::new();
    };
    std::iter::from_fn(|| reader.next_piece()).collect()
}

/// From when to when, in ms.
type Span = (i64, i64);

/// When the picture is white, and when the tone is heard, in ms since the first picture or sound.
fn flash(path: &Path) -> (Option<Span>, Option<Span>) {
    let (seen, heard) = (pictures(path), sounds(path));
    let zero = seen.first().map(|(at, _)| *at).into_iter().chain(heard.first().map(|s| s.at)).min().unwrap();
    let span = |times: Vec<i64>| Some(((times.first()? - zero) / 1000, (times.last()? - zero) / 1000));
    let white = seen.iter().filter(|(_, luma)| *luma > 128).map(|(at, _)| *at).collect();
    let loud = heard.iter().flat_map(|piece| {
        let step = 1_000_000 / i64::from(piece.rate);
        let loud = piece.samples.iter().enumerate().filter(|(_, s)| s.abs() > 0.2);
        loud.map(move |(i, _)| piece.at + i as i64 * step)
    });
    (span(white), span(loud.collect()))
}

#[test]
fn every_kind_of_file_shows_and_sounds_at_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [
        ("a.mp4", "-c:v libx264 -bf 2 -pix_fmt yuv420p -c:a aac"),
        ("a.mkv", "-c:v libx265 -x265-params log-level=error -pix_fmt yuv420p -c:a libopus"),
        ("a.avi", "-c:v mjpeg -c:a pcm_s16le"),
        ("b.avi", "-c:v mpeg4 -c:a libmp3lame"),
        ("c.avi", "-c:v rawvideo -pix_fmt bgr24 -c:a pcm_u8"),
        ("a.ts", "-c:v mpeg2video -c:a mp2"),
        ("b.ts", "-c:v libx264 -pix_fmt yuv420p -c:a ac3 -output_ts_offset 95000"),
        ("a.webm", "-c:v libvpx -c:a libvorbis"),
        ("a.mov", "-c:v prores -c:a pcm_s24le"),
    ];
    for (name, args) in kinds {
        let (white, loud) = flash(&made(folder.path(), name, args));
        let (white, loud) = (white.expect(name), loud.expect(name));
        // AVI only knows when a picture is decoded, which is up to two pictures off, and nothing of what
        // MP3 puts before the first sample.
        assert!((white.0 - 1000).abs() <= 90 && (white.1 - 1480).abs() <= 90, "{name}: white {white:?}");
        assert!((loud.0 - 1000).abs() <= 90 && (loud.1 - 1500).abs() <= 90, "{name}: loud {loud:?}");
    }
}

#[test]
fn sound_files_of_every_sample_format_are_as_loud_as_they_were_made() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [
        ("a.wav", "-vn -c:a pcm_s16le"),
        ("b.wav", "-vn -c:a pcm_u8"),
        ("c.wav", "-vn -c:a pcm_s24le"),
        ("d.wav", "-vn -c:a pcm_f32le"),
        ("e.wav", "-vn -c:a pcm_f64le"),
        ("f.wav", "-vn -c:a pcm_alaw -ar 8000"),
        ("g.wav", "-vn -c:a pcm_s16le -ac 2"),
        ("a.flac", "-vn -c:a flac"),
        ("a.mka", "-vn -c:a pcm_mulaw -ar 8000"),
        ("a.ogg", "-vn -c:a libvorbis -ac 2"),
        ("a.m4a", "-vn -c:a aac -ar 48000"),
    ];
    for (name, args) in kinds {
        let path = made(folder.path(), name, args);
        let (white, loud) = flash(&path);
        let loud = loud.expect(name);
        assert_eq!(white, None, "{name}");
        assert!((loud.0 - 1000).abs() <= 60 && (loud.1 - 1500).abs() <= 60, "{name}: {loud:?}");
        let heard = sounds(&path);
        let (count, peak) = heard.iter().fold((0, 0f32), |(count, peak), piece| {
            (count + piece.samples.len(), piece.samples.iter().fold(peak, |peak, s| peak.max(s.abs())))
        });
        let lasted = count as f64 / f64::from(heard[0].rate);
        assert!((lasted - 3.0).abs() < 0.15, "{name}: {lasted} s");
        // Two channels of one source each have the level at which ffmpeg spreads it.
        assert!((0.33..0.6).contains(&peak), "{name}: {peak}");
        assert!(heard.windows(2).all(|pair| pair[1].at - pair[0].end() <= 1), "{name} has gaps");
    }
}

#[test]
fn the_same_file_gives_the_same_pieces_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "a.mkv", "-c:v libx264 -pix_fmt yuv420p -c:a aac");
    assert_eq!(pictures(&path), pictures(&path));
    assert_eq!(sounds(&path), sounds(&path));
}

#[test]
fn files_that_follow_each_other_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let made = testing::footage("libx264", 4);
    let files = testing::record(&made, folder.path(), "a", 2, true);
    let list = || files.iter().map(|(path, _)| MediaFile::whole(path)).collect::<Vec<_>>();
    let mut reader = PictureReader::open(list(), false).unwrap().unwrap();
    let shown: Vec<_> = std::iter::from_fn(|| reader.next_picture()).map(|t| (t.at / 1000, t.file)).collect();
    assert_eq!(shown.len(), 100);
    assert_eq!((shown[0], shown[99]), ((0, 0), (3960, 1)));
    let mut reader = SoundReader::open(list()).unwrap().unwrap();
    let heard: Vec<_> = std::iter::from_fn(|| reader.next_piece()).collect();
    assert!(heard.windows(2).all(|pair| pair[1].at - pair[0].end() <= 1), "a gap between two files");
    let mut keyframes = PictureReader::open(list(), true).unwrap().unwrap();
    let shown: Vec<_> = std::iter::from_fn(|| keyframes.next_picture()).map(|t| t.at / 1000).collect();
    assert_eq!(shown, [0, 1000, 2000, 3000]);
}

/// The next number of a simple generator.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn a_damaged_file_goes_on_behind_the_damage() {
    let folder = tempfile::tempdir().unwrap();
    for (name, args) in [
        ("a.ts", "-c:v libx264 -g 12 -pix_fmt yuv420p -c:a mp2"),
        ("a.avi", "-c:v mjpeg -c:a pcm_s16le"),
        ("a.mkv", "-c:v libx264 -g 12 -pix_fmt yuv420p -c:a libopus"),
    ] {
        let path = made(folder.path(), name, args);
        let mut bytes = std::fs::read(&path).unwrap();
        // A fifth of the file, from its middle on, is noise.
        let (from, mut state) = (bytes.len() / 2, 7);
        let until = from + bytes.len() / 5;
        bytes[from..until].fill_with(|| next(&mut state) as u8);
        let path = folder.path().join(format!("damaged-{name}"));
        disk_write(&path, &bytes);
        let seen = pictures(&path);
        let last = seen.last().unwrap().0 - seen[0].0;
        assert!(seen.len() > 30 && last > 2_000_000, "{name}: {} pictures, the last at {last}", seen.len());
        assert!(seen.is_sorted_by_key(|(at, _)| *at));
        let heard = sounds(&path);
        assert!(heard.last().unwrap().end() - heard[0].at > 2_000_000, "{name}");
    }
}

#[test]
fn any_damage_ends_in_time_and_without_harm() {
    let folder = tempfile::tempdir().unwrap();
    for (name, args) in [
        ("a.mp4", "-c:v libx264 -g 12 -pix_fmt yuv420p -c:a aac"),
        ("b.mp4", "-c:v libx264 -g 12 -pix_fmt yuv420p -c:a aac -movflags frag_keyframe+empty_moov"),
        ("a.ts", "-c:v libx264 -g 12 -pix_fmt yuv420p -c:a aac"),
        ("a.avi", "-c:v mpeg4 -c:a pcm_s16le"),
        ("a.mkv", "-c:v libx264 -pix_fmt yuv420p -c:a flac"),
        ("a.wav", "-vn -c:a pcm_s16le"),
    ] {
        let whole = std::fs::read(made(folder.path(), name, args)).unwrap();
        let path = folder.path().join(format!("hurt-{name}"));
        for seed in 0..24u64 {
            let (mut bytes, mut state) = (whole.clone(), seed * 977 + 1);
            match seed % 3 {
                0 => bytes.truncate(next(&mut state) as usize % bytes.len()),
                1 => (0..40).for_each(|_| {
                    let at = next(&mut state) as usize % bytes.len();
                    bytes[at] = next(&mut state) as u8;
                }),
                // The header is where the lengths and counts are.
                _ => (0..6).for_each(|_| {
                    let at = next(&mut state) as usize % bytes.len().min(1500);
                    bytes[at] = if next(&mut state).is_multiple_of(2) { 0xFF } else { 0 };
                }),
            }
            disk_write(&path, &bytes);
            if let Ok(Some(mut reader)) = PictureReader::open(vec![MediaFile::whole(&path)], false) {
                let shown = std::iter::from_fn(|| reader.next_picture()).take(2000).count();
                assert!(shown < 2000, "{name} {seed}: pictures without end");
            }
            if let Ok(Some(mut reader)) = SoundReader::open(vec![MediaFile::whole(&path)]) {
                let mut last = 0;
                for (n, piece) in std::iter::from_fn(|| reader.next_piece()).enumerate() {
                    assert!(n < 20_000, "{name} {seed}: sound without end");
                    assert!(piece.at >= last && piece.samples.len() <= 76_800, "{name} {seed}");
                    last = piece.at;
                }
            }
        }
    }
}

#[test]
fn what_is_no_media_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.mp4");
    for content in [&b""[..], b"hello", &[0; 100_000], &[0xFF; 100_000]] {
        disk_write(&path, content);
        let told = PictureReader::open(vec![MediaFile::whole(&path)], false);
        assert!(!matches!(told, Ok(Some(_))), "{} bytes", content.len());
    }
    for not_a_file in [folder.path().to_owned(), folder.path().join("missing"), "/dev/zero".into()] {
        let told = SoundReader::open(vec![MediaFile::whole(&not_a_file)]).err().unwrap().to_string();
        assert!(told.contains(not_a_file.to_str().unwrap()), "{told}");
    }
}

#[test]
fn a_file_that_names_others_does_not_have_them_opened() {
    let folder = tempfile::tempdir().unwrap();
    let secret = made(folder.path(), "secret.ts", "-c:v mpeg2video -an");
    let lists = [
        (
            "a.m3u8",
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{}\n#EXT-X-ENDLIST\n", secret.display()),
        ),
        ("b.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nsecret.ts\n#EXT-X-ENDLIST\n".to_owned()),
        ("a.ffconcat", "ffconcat version 1.0\nfile secret.ts\n".to_owned()),
        (
            "a.sdp",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 32\n"
                .to_owned(),
        ),
    ];
    for (name, text) in lists {
        let path = folder.path().join(name);
        disk_write(&path, text.as_bytes());
        let told = PictureReader::open(vec![MediaFile::whole(&path)], false);
        let shown =
            told.ok().flatten().map_or(0, |mut reader| std::iter::from_fn(|| reader.next_picture()).count());
        assert_eq!(shown, 0, "{name} opened another file");
    }
}

#[test]
fn the_cover_of_a_sound_file_is_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let sound = made(folder.path(), "a.flac", "-vn -c:a flac");
    let cover = folder.path().join("cover.png");
    let path = folder.path().join("with-cover.flac");
    let run = |args: &[&str]| assert!(Command::new("ffmpeg").args(args).status().unwrap().success());
    let (sound, cover_path, out) = (sound.to_str().unwrap(), cover.to_str().unwrap(), path.to_str().unwrap());
    run(&["-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", cover_path]);
    let map = ["-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "attached_pic"];
    run(&[&["-v", "error", "-i", sound, "-i", cover_path], &map[..], &[out]].concat());
    assert_eq!(pictures(&path).len(), 0);
    assert!(sounds(&path).len() > 20);
}

fn disk_write(path: &Path, bytes: &[u8]) {
    crate::disk::write_atomically(path, bytes).unwrap();
}
