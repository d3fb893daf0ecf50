//! The recorded files themselves, byte for byte, each under its own path: what the lists of the hours name.

use std::collections::BTreeMap;
use std::io;

use super::copying::copy;
use super::films::Place;
use crate::evidence::export::{LeftOut, ORIGINALS, PackedFile, PackedKind, Source};
use crate::model::{CameraId, Wall};
use crate::play::Recording;

/// What is known of a recorded file that a film was cut from.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    camera: CameraId,
    from: Wall,
    to: Wall,
    duration_ms: i64,
    sound: bool,
    is_growing: bool,
}

impl Recorded {
    pub(super) fn of(recording: &Recording) -> Self {
        let row = &recording.row;
        Self {
            camera: row.camera.clone(),
            from: row.start,
            to: row.end(),
            duration_ms: row.duration_ms,
            sound: row.sound.is_some(),
            is_growing: recording.is_growing,
        }
    }
}

/// Copies the sources of `films` into the package, each once. May block.
///
/// # Errors
/// If the disk is full, or nobody wants it any more.
pub(super) fn write(
    films: &[PackedFile],
    known: &BTreeMap<String, Recorded>,
    place: Place<'_>,
    left_out: &mut Vec<LeftOut>,
) -> io::Result<Vec<PackedFile>> {
    let sources: BTreeMap<&str, &Source> =
        films.iter().flat_map(|film| &film.sources).map(|source| (source.path.as_str(), source)).collect();
    let mut made = Vec::new();
    for (path, source) in sources {
        let Some(recorded) = known.get(path) else { continue };
        let name = format!("{ORIGINALS}/{path}");
        if recorded.is_growing {
            let why =
                "tệp còn đang ghi, hãy xuất lại sau / it is still being recorded: export it later".to_owned();
            left_out.push(LeftOut { name, why });
            continue;
        }
        match copy(&place.storage.join(path), &place.folder.join(&name), place.course) {
            Ok((size, sha256)) => made.push(PackedFile {
                name,
                kind: PackedKind::Original,
                camera: recorded.camera.clone(),
                media_type: "video/mp4".to_owned(),
                size,
                sources: vec![Source { sha256: Some(sha256.clone()), ..source.clone() }],
                sha256,
                from: recorded.from,
                to: recorded.to,
                duration_ms: recorded.duration_ms,
                sound: recorded.sound,
                h265: false,
                c2pa: false,
            }),
            Err(e) if matches!(e.kind(), io::ErrorKind::Interrupted | io::ErrorKind::StorageFull) => {
                return Err(e);
            }
            Err(e) => {
                // What of it was written is in no manifest.
                let _ = std::fs::remove_file(place.folder.join(&name));
                left_out
                    .push(LeftOut { name, why: format!("không đọc được / it cannot be read: {e}") });
            }
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::disk;
    use crate::export::Course;

    fn film(paths: &[&str]) -> PackedFile {
        let source =
            |path: &&str| Source { path: (*path).to_owned(), sha256: Some("ab".into()), hour: Some(7) };
        PackedFile {
            name: "a.mp4".into(),
            kind: PackedKind::Film,
            camera: CameraId::new("gate").unwrap(),
            media_type: "video/mp4".into(),
            size: 0,
            sha256: String::new(),
            from: Wall::default(),
            to: Wall::default(),
            duration_ms: 0,
            sound: true,
            h265: false,
            c2pa: false,
            sources: paths.iter().map(source).collect(),
        }
    }

    fn put(storage: &Path, path: &str, is_growing: bool) -> (String, Recorded) {
        let file = storage.join(path);
        disk::make_folder(file.parent().unwrap()).unwrap();
        disk::write_atomically(&file, path.as_bytes()).unwrap();
        let camera = CameraId::new("gate").unwrap();
        let (from, to) = (Wall::default(), Wall::default());
        (path.to_owned(), Recorded { camera, from, to, duration_ms: 0, sound: true, is_growing })
    }

    #[test]
    fn each_recorded_file_is_there_once_as_it_is_and_what_grows_or_went_is_told() {
        let (storage, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let names = ["video/gate/main/a.mp4", "video/gate/main/b.mp4", "video/gate/main/c.mp4"];
        let known = [
            put(storage.path(), names[0], false),
            put(storage.path(), names[1], true),
            put(storage.path(), names[2], false),
        ]
        .into();
        std::fs::remove_file(storage.path().join(names[2])).unwrap();
        let (zone, course) = (TimeZone::UTC, Course::default());
        let place = Place { storage: storage.path(), folder: folder.path(), zone: &zone, course: &course };
        let (films, mut left_out) = ([film(&names[..2]), film(&names)], Vec::new());
        let made = write(&films, &known, place, &mut left_out).unwrap();
        let [one] = &made[..] else { panic!("{made:?}") };
        assert_eq!((one.name.as_str(), one.sources[0].hour), ("originals/video/gate/main/a.mp4", Some(7)));
        assert_eq!(std::fs::read(folder.path().join(&one.name)).unwrap(), names[0].as_bytes());
        // What it is, not what a film's source was said to be: whoever checks compares with the list.
        assert_eq!(one.sources[0].sha256.as_ref(), Some(&one.sha256));
        let told: Vec<_> = left_out.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(told, ["originals/video/gate/main/b.mp4", "originals/video/gate/main/c.mp4"]);
        assert!(left_out[0].why.contains("still being recorded"), "{left_out:?}");
    }
}
