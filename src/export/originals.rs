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
