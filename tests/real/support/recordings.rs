//! What a centre has recorded: its index, and the stamps in its pictures.

use std::path::Path;

use quaywatch::libav::{Demuxer, Picture, PictureDecoder, Track, VideoFormat};
use quaywatch::model::{CameraId, StreamKind};
use quaywatch::record::{Index, SegmentRow};

use super::stamp;

/// Everything recorded of one stream.
#[derive(Default)]
pub struct Recorded {
    pub rows: Vec<SegmentRow>,
    /// The number and send time of each picture, in the archive's order.
    pub stamps: Vec<(u64, i64)>,
    /// Coded pieces of sound.
    pub sounds: usize,
    /// Pictures whose stamp could not be read.
    pub unread: usize,
}

/// Every row of a centre's index. The centre must have stopped.
pub fn recorded_rows(storage: &Path) -> Vec<SegmentRow> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let index = Index::open(storage).await.unwrap();
        let rows = index.all().await.unwrap();
        index.close().await;
        rows
    })
}

/// Decodes everything that the centre at `storage` has recorded of a stream. The centre must have
/// stopped.
pub fn recorded(storage: &Path, camera: &str, stream: StreamKind) -> Recorded {
    let rows = recorded_rows(storage);
    let camera = CameraId::new(camera).unwrap();
    let rows: Vec<SegmentRow> =
        rows.into_iter().filter(|r| r.camera == camera && r.stream == stream).collect();
    let mut found = Recorded::default();
    for row in &rows {
        decode(&storage.join(&row.path), &mut found);
    }
    found.rows = rows;
    found
}

/// The stamps in one file.
pub fn decode(path: &Path, found: &mut Recorded) {
    let mut file = Demuxer::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut decoder = PictureDecoder::new(&file.video().expect("no picture").clone()).unwrap();
    let mut see = |picture: &quaywatch::libav::Picture<'_>| match stamp::read(&picture.luma().unwrap()) {
        Some(stamp) => found.stamps.push(stamp),
        None => found.unread += 1,
    };
    while let Some(sample) = file.read().unwrap() {
        match sample.track {
            Track::Video => decoder.decode(sample.pts, sample.data(), &mut see).unwrap(),
            Track::Audio => found.sounds += 1,
        }
    }
    decoder.finish(&mut see).unwrap();
}

/// What one decoder shows that reads all files of a stream as they follow each other.
#[derive(Default)]
pub struct Across {
    pub rows: Vec<SegmentRow>,
    /// The media time, number and send time of each picture, in the order in which it is shown.
    pub shown: Vec<(i64, u64, i64)>,
    /// Pictures in the files.
    pub pictures: usize,
    /// From when to when each piece of sound lasts, in ms of media time.
    pub sounds: Vec<(i64, i64)>,
    /// The sample rate of each file with sound.
    pub sound_rates: Vec<u32>,
}

/// Reads everything recorded of a stream across the borders of its files, and sees that each file can be
/// begun with. The centre must have stopped.
pub fn across(storage: &Path, camera: &str) -> Across {
    let camera = CameraId::new(camera).unwrap();
    let mut found = Across::default();
    let mut decoder: Option<(VideoFormat, PictureDecoder)> = None;
    for row in recorded_rows(storage).into_iter().filter(|row| row.camera == camera) {
        let path = storage.join(&row.path);
        let mut file = Demuxer::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let format = file.video().expect("no picture").clone();
        let mut alone = PictureDecoder::new(&format).unwrap();
        let mut first = None;
        let rate = file.audio().map(|audio| audio.sample_rate);
        found.sound_rates.extend(rate);
        let mut see = |picture: &Picture<'_>| {
            let stamp = stamp::read(&picture.luma().unwrap());
            let (number, ms) = stamp.unwrap_or_else(|| panic!("{camera}: no stamp at {}", picture.pts()));
            found.shown.push((picture.pts(), number, ms));
        };
        if decoder.as_ref().is_none_or(|(known, _)| *known != format)
            && let Some((_, old)) = decoder.replace((format.clone(), PictureDecoder::new(&format).unwrap()))
        {
            old.finish(&mut see).unwrap();
        }
        let (_, running) = decoder.as_mut().unwrap();
        let mut last = -1;
        while let Some(sample) = file.read().unwrap() {
            if sample.track == Track::Audio {
                let ms = |ticks: i64| ticks * 1000 / i64::from(rate.unwrap());
                found.sounds.push((ms(sample.pts), ms(sample.pts + sample.duration)));
                continue;
            }
            assert!(last >= 0 || sample.key, "{} does not begin with a keyframe", row.path);
            assert!(sample.dts > last && sample.dts <= sample.pts, "{}", row.path);
            last = sample.dts;
            found.pictures += 1;
            alone
                .decode(sample.pts, sample.data(), |picture| {
                    first.get_or_insert(picture.pts());
                })
                .unwrap();
            running.decode(sample.pts, sample.data(), &mut see).unwrap();
        }
        alone
            .finish(|picture| {
                first.get_or_insert(picture.pts());
            })
            .unwrap();
        assert_eq!(first, Some(row.media_start), "{} shows another picture first", row.path);
        found.rows.push(row);
    }
    if let Some((_, last)) = decoder {
        last.finish(|picture| {
            let (number, ms) = stamp::read(&picture.luma().unwrap()).expect("no stamp");
            found.shown.push((picture.pts(), number, ms));
        })
        .unwrap();
    }
    found
}
