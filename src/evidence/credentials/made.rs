//! Films with credentials, cut from recordings as exports cut them, for the tests.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Credentials, Facts, Sealing};
use crate::libav::testing;
use crate::model::{CameraId, CentreId, Wall};
use crate::play::{Recording, View, groups_to_cut};
use crate::record::{SegmentRow, salvage, test_row};

pub(crate) fn centre() -> CentreId {
    CentreId::new("xuan-lung").unwrap()
}

/// Of four seconds.
pub(crate) fn facts() -> Facts {
    Facts {
        centre: centre(),
        camera: CameraId::new("gate").unwrap(),
        from: Wall::from_millis(1_795_400_000_000),
        to: Wall::from_millis(1_795_400_004_000),
        package: "0193b3c4-0000-7000-8000-0000000000aa".into(),
    }
}

/// Writes a film, with credentials or without.
pub(crate) fn film(
    (folder, name): (&Path, &str),
    facts: &Facts,
    credentials: Option<&Credentials>,
) -> PathBuf {
    let recorded = tempfile::tempdir().unwrap();
    let files = testing::record(&testing::footage("libx264", 4), recorded.path(), "a", 2, true);
    let recordings: Vec<Recording> = (1i64..)
        .zip(&files)
        .map(|(n, (path, start))| {
            let scan = salvage::scan(path).unwrap().unwrap();
            let path = path.file_name().unwrap().to_string_lossy().into_owned();
            let row = SegmentRow { counter: n, n, path, media_start: *start, ..test_row(n) };
            let start = facts.from.plus_millis((start - files[0].1) / 90);
            Recording { row, start, fragments: scan.fragments, is_growing: false }
        })
        .collect();
    let range = (facts.from, facts.to);
    let groups = groups_to_cut(&recordings, range.0, range.1);
    let room = |media| credentials.map_or(0, |credentials| Sealing::room(media, credentials));
    let view = View::make_with_room(recorded.path(), &recordings, &groups, range, &room).unwrap();
    let path = folder.join(name);
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    let mut sealing = credentials.map(|own| Sealing::begin(facts, name, own.clone()).unwrap());
    let (mut reader, mut written) = (view.reader(0, view.bytes).unwrap(), 0);
    loop {
        let bytes = reader.read().unwrap();
        if bytes.is_empty() {
            break;
        }
        file.write_all(&bytes).unwrap();
        if let Some(sealing) = sealing.as_mut().filter(|_| written >= view.media_at()) {
            sealing.media(&bytes).unwrap();
        }
        written += bytes.len() as u64;
    }
    if let Some(sealing) = sealing {
        sealing.put(&mut file, &view.room).unwrap();
    }
    assert_eq!(file.metadata().unwrap().len(), view.bytes, "nothing of it moved");
    path
}
