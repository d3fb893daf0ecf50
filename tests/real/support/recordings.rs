//! What a centre has recorded: its index, and the stamps in its pictures.

use std::path::Path;

use quaywatch::libav::{Demuxer, PictureDecoder, Track};
use quaywatch::model::{CameraId, StreamKind};
use quaywatch::record::{Index, SegmentRow};

use super::stamp;

/// Everything recorded of one stream.
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
    let mut found = Recorded { rows: Vec::new(), stamps: Vec::new(), sounds: 0, unread: 0 };
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
