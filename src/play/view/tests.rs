use super::*;
use crate::libav::{Demuxer, PictureDecoder, Sample, Track, VIDEO_TICKS, testing};
use crate::model::CameraId;
use crate::play::{groups_to_cut, still};
use crate::record::{SegmentRow, salvage, test_row};

/// What was recorded, as the archive knows it.
struct Recorded {
    folder: tempfile::TempDir,
    recordings: Vec<Recording>,
    samples: Vec<Sample>,
}

fn at(ms: i64) -> Wall {
    Wall::from_millis(1_795_400_000_000 + ms)
}

fn record(footage: &testing::Footage, with_sound: bool) -> Recorded {
    let folder = tempfile::tempdir().unwrap();
    let files = testing::record(footage, folder.path(), "a", 2, with_sound);
    let zero = files[0].1;
    let recordings = (1i64..).zip(&files).map(|(n, (path, start))| {
        let scan = salvage::scan(path).unwrap().unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        Recording {
            row: SegmentRow {
                counter: n,
                n,
                path: name,
                media_start: *start,
                camera: CameraId::new("gate").unwrap(),
                ..test_row(n)
            },
            start: at((start - zero) / 90),
            fragments: scan.fragments,
            is_growing: false,
        }
    });
    Recorded { recordings: recordings.collect(), folder, samples: footage.samples.clone() }
}

impl Recorded {
    fn view(&self, from: i64, to: i64) -> Result<View, ViewError> {
        let groups = groups_to_cut(&self.recordings, at(from), at(to));
        View::make(self.folder.path(), &self.recordings, &groups, (at(from), at(to)))
    }

    fn written(&self, view: &View) -> PathBuf {
        let path = self.folder.path().join("view.mp4");
        let bytes = read(view, 0, view.bytes);
        assert_eq!(bytes.len() as u64, view.bytes);
        crate::disk::write_atomically(&path, &bytes).unwrap();
        path
    }
}

fn read(view: &View, at: u64, until: u64) -> Vec<u8> {
    let (mut reader, mut bytes) = (view.reader(at, until).unwrap(), Vec::new());
    loop {
        let piece = reader.read().unwrap();
        if piece.is_empty() {
            return bytes;
        }
        bytes.extend(piece);
    }
}

/// The times of the pictures that a player shows which honours the edit list, in ms.
fn shown(path: &Path, duration_ms: i64) -> Vec<i64> {
    let mut demuxer = Demuxer::open(path).unwrap();
    let (mut decoder, mut times) = (PictureDecoder::new(demuxer.video().unwrap()).unwrap(), Vec::new());
    let mut keep = |picture: &crate::libav::Picture<'_>| times.push(picture.pts() / 90);
    while let Some(sample) = demuxer.read().unwrap() {
        if sample.track == Track::Video {
            decoder.decode(sample.pts, sample.data(), &mut keep).unwrap();
        }
    }
    decoder.finish(&mut keep).unwrap();
    times.into_iter().filter(|ms| (0..duration_ms).contains(ms)).collect()
}

fn data(path: &Path, track: Track) -> Vec<(i64, Vec<u8>)> {
    let (mut demuxer, mut all) = (Demuxer::open(path).unwrap(), Vec::new());
    while let Some(sample) = demuxer.read().unwrap() {
        if sample.track == track {
            all.push((sample.pts, sample.data().to_vec()));
        }
    }
    all
}

#[test]
fn a_view_shows_the_pictures_of_its_range_and_no_other() {
    for (footage, name) in
        [(testing::footage("libx264", 8), "plain"), (testing::b_frame_footage("libx264", 8), "B-frames")]
    {
        let recorded = record(&footage, true);
        // Across a border of two files, neither end on a keyframe.
        let view = recorded.view(1520, 4400).unwrap();
        assert_eq!((view.duration_ms, view.has_sound), (2880, true), "{name}");
        let path = recorded.written(&view);
        assert_eq!(shown(&path, view.duration_ms), (0..72).map(|n| n * 40).collect::<Vec<_>>(), "{name}");
        // The first of them is the one that was recorded then.
        let zero = recorded.recordings[0].row.media_start;
        let wanted = recorded.samples.iter().find(|s| s.track == Track::Video && s.pts == zero + 1520 * 90);
        let first = data(&path, Track::Video).into_iter().find(|(pts, _)| *pts == 0).unwrap();
        assert_eq!(first.1, wanted.unwrap().data(), "{name}");
    }
}

#[test]
fn sound_stays_with_the_picture_to_the_sample() {
    let recorded = record(&testing::footage("libx264", 8), true);
    let path = recorded.written(&recorded.view(3000, 6000).unwrap());
    let zero = recorded.recordings[0].row.media_start;
    let sounds = data(&path, Track::Audio);
    assert!(sounds.len() > 135, "{}", sounds.len());
    for (pts, bytes) in sounds {
        let recorded_at = pts + (zero + 3000 * 90) * 48_000 / VIDEO_TICKS;
        let wanted = recorded.samples.iter().find(|s| s.track == Track::Audio && s.pts == recorded_at);
        assert_eq!(wanted.map(Sample::data), Some(&bytes[..]), "at {pts}");
    }
}

#[test]
fn any_range_of_a_view_is_the_same_bytes() {
    let recorded = record(&testing::footage("libx264", 4), true);
    let view = recorded.view(0, 4000).unwrap();
    let whole = read(&view, 0, view.bytes);
    for (at, until) in [(0, 1), (10, 5000), (1, view.bytes), (view.bytes - 1, view.bytes), (40_000, 60_001)] {
        assert_eq!(read(&view, at, until), &whole[at as usize..until as usize], "{at} to {until}");
    }
    assert_eq!(view.etag, recorded.view(0, 4000).unwrap().etag);
    assert_ne!(view.etag, recorded.view(0, 3000).unwrap().etag);
}

#[test]
fn a_gap_is_closed_and_what_follows_it_is_in_step() {
    let mut recorded = record(&testing::footage("libx264", 8), true);
    // The second file is gone.
    recorded.recordings.remove(1);
    let view = recorded.view(1000, 5000).unwrap();
    assert_eq!(view.duration_ms, 2000);
    let path = recorded.written(&view);
    assert_eq!(shown(&path, 2000), (0..50).map(|n| n * 40).collect::<Vec<_>>());
    let sounds = data(&path, Track::Audio);
    let heard = sounds.iter().filter(|(pts, _)| *pts >= 0).count();
    assert!((91..=95).contains(&heard), "{heard} of about 93 frames of sound");
    // Some of what belongs to the first pictures behind the gap was in the file that is gone.
    let apart = sounds.windows(2).map(|two| two[1].0 - two[0].0);
    let (least, most) = (apart.clone().min().unwrap(), apart.max().unwrap());
    assert!(least >= 1000 && most < 4800, "{least} to {most} samples apart");
}

#[test]
fn another_format_is_refused_with_its_moment() {
    let mut recorded = record(&testing::footage("libx264", 4), true);
    let other = record(&testing::sized_footage("libx264", 2, "640x360"), true);
    std::fs::copy(
        other.folder.path().join(&other.recordings[0].row.path),
        recorded.folder.path().join("other.mp4"),
    )
    .unwrap();
    let mut changed = other.recordings[0].clone();
    (changed.row.path, changed.row.run, changed.start) = ("other.mp4".into(), 2, at(4000));
    recorded.recordings.push(changed);
    let refused = recorded.view(0, 6000).unwrap_err();
    assert!(
        matches!(refused, ViewError::Changes { what: "picture", at: moment } if moment == at(4000)),
        "{refused}"
    );
    assert!(recorded.view(0, 4000).is_ok());
    assert!(matches!(recorded.view(20_000, 30_000), Err(ViewError::Nothing)));
}

#[test]
fn what_is_damaged_is_left_out_and_told() {
    let recorded = record(&testing::footage("libx264", 8), true);
    let (first, second) = (&recorded.recordings[0], &recorded.recordings[1]);
    let path = recorded.folder.path().join(&first.row.path);
    // A sector within the third half second: its list of samples.
    let file = File::options().write(true).open(path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xFF; 64], first.fragments[2].offset + 40).unwrap();
    let view = recorded.view(0, 4000).unwrap();
    assert_eq!(view.missing, [Missing { from: at(1000), to: second.start }]);
    assert_eq!(shown(&recorded.written(&view), 60_000).len(), 75, "a second, and the second file");
}

#[test]
fn six_hours_are_one_file_whose_every_byte_can_be_had() {
    let mut recorded = record(&testing::footage("libx264", 2), true);
    let one = recorded.recordings[0].clone();
    // The same two seconds again and again, each a connection of its own.
    let many = (0..10_800i64).map(|n| Recording {
        row: SegmentRow { counter: n + 1, run: n + 1, n: 1, ..one.row.clone() },
        start: at(n * 2000),
        ..one.clone()
    });
    recorded.recordings = many.collect();
    let view = recorded.view(0, 6 * 3_600_000).unwrap();
    assert_eq!((view.duration_ms, view.from, view.to), (21_600_000, at(0), at(21_600_000)));
    let file = std::fs::metadata(recorded.folder.path().join(&one.row.path)).unwrap().len();
    assert!(view.bytes > 10_800 * (file * 8 / 10), "{} bytes", view.bytes);
    let last = read(&view, view.bytes - 100_000, view.bytes);
    assert_eq!(last.len(), 100_000);
    assert_eq!(read(&view, view.bytes - 10, view.bytes), last[99_990..]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn any_range_shows_each_of_its_pictures_once(from in 0i64..7000, length in 100i64..5000, b_frames: bool) {
        let footage = match b_frames {
            true => testing::b_frame_footage("libx264", 8),
            false => testing::footage("libx264", 8),
        };
        let recorded = record(&footage, true);
        let to = (from + length).min(8000);
        let view = recorded.view(from, to).unwrap();
        // Pictures begin at every 40 ms.
        let (first, last) = ((from + 39) / 40, (to + 39) / 40);
        let wanted: Vec<i64> = (first..last).map(|n| (n - first) * 40).collect();
        proptest::prop_assert_eq!(view.duration_ms, (last - first) * 40);
        // To the picture, as a signed list says it.
        proptest::prop_assert_eq!((view.from, view.to), (at(first * 40), at(last * 40)));
        proptest::prop_assert_eq!(shown(&recorded.written(&view), view.duration_ms), wanted);
    }
}

#[test]
fn a_still_out_of_recorded_files_is_the_picture_that_their_film_shows() {
    for footage in [testing::footage("libx264", 8), testing::b_frame_footage("libx264", 8)] {
        let recorded = record(&footage, true);
        for (from, to) in [(0, 8000), (2345, 7000)] {
            let groups = groups_to_cut(&recorded.recordings, at(from), at(to));
            let view = recorded.view(from, to).unwrap();
            let film = recorded.written(&view);
            let moments = [0, 39, 40, 900, 1001, 2000, 2039, 3500, 3999];
            for moment in moments.map(|ms| view.from.plus_millis(ms)) {
                let made = still(recorded.folder.path(), &recorded.recordings, &groups, moment).unwrap();
                let shown = crate::evidence::still::still(&film, moment.millis_since(view.from)).unwrap();
                assert!(made == shown, "{moment} of {from} to {to}");
            }
        }
    }
}

#[test]
fn of_what_is_damaged_there_is_no_still_and_it_says_why() {
    let recorded = record(&testing::footage("libx264", 8), false);
    let groups = groups_to_cut(&recorded.recordings, at(0), at(8000));
    let path = recorded.folder.path().join(&recorded.recordings[0].row.path);
    let fragment = &recorded.recordings[0].fragments[0];
    let file = File::options().write(true).open(&path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0; 64], fragment.offset).unwrap();
    let of = |ms| still(recorded.folder.path(), &recorded.recordings, &groups, at(ms));
    assert_eq!(of(1).unwrap_err().to_string(), "the recording is damaged here");
    assert!(of(5000).is_ok(), "other files are not");
    // What is damaged behind it costs a picture nothing.
    let behind = &recorded.recordings[1].fragments[groups[3].fragments.start];
    let path_behind = recorded.folder.path().join(&recorded.recordings[1].row.path);
    let file = File::options().write(true).open(&path_behind).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0; 64], behind.offset).unwrap();
    let last = groups[3].wall.millis_since(at(0)) - 1;
    assert!(of(last).is_ok() && of(last + 1).is_err());
    std::fs::remove_file(&path).unwrap();
    assert!(of(1).unwrap_err().to_string().contains("No such file"));
    let none = still(recorded.folder.path(), &recorded.recordings, &[], at(1));
    assert_eq!(none.unwrap_err().to_string(), "no picture of that moment can be decoded");
}
