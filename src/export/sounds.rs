//! The sound of a film as a WAV file beside it, for whoever is to listen, measure or have it transcribed.

use std::io;
use std::path::Path;

use super::films::{Place, WINDOW_MS};
use crate::disk;
use crate::evidence::export::{LeftOut, PackedFile, PackedKind};
use crate::evidence::sound::{ExcerptError, whole};

/// A film is of one window at most, so that its sound, mono and of 16 bits, is less than the 4 GiB that a WAV file can
/// have: at 96 kHz, more than any camera sends, too.
const _: () = assert!(WINDOW_MS / 1000 * 96_000 * 2 < u32::MAX as i64);

/// Writes the sound of a film that is in the package. What has none is told.
///
/// # Errors
/// If the disk refuses, or nobody wants it any more.
pub(super) fn write(
    film: &PackedFile,
    place: Place<'_>,
    left_out: &mut Vec<LeftOut>,
) -> io::Result<Option<PackedFile>> {
    let name = Path::new(&film.name).with_extension("wav").to_string_lossy().into_owned();
    let path = place.folder.join(&name);
    let mut wrote = |bytes| {
        place.course.did(bytes);
        place.course.goes_on()
    };
    let report = match whole(&place.folder.join(&film.name), &path, &mut wrote) {
        Ok(report) => report,
        Err(ExcerptError::Write(e)) => return Err(disk::naming(&path, e)),
        Err(ExcerptError::Wav(hound::Error::IoError(e))) => return Err(disk::naming(&path, e)),
        Err(e) => {
            left_out.push(LeftOut {
                name,
                why: format!("không lấy được tiếng / its sound cannot be decoded: {e}"),
            });
            return Ok(None);
        }
    };
    let (size, digest) = disk::measure(&path)?;
    Ok(Some(PackedFile {
        name,
        kind: PackedKind::Sound,
        camera: film.camera.clone(),
        media_type: "audio/wav".to_owned(),
        size,
        sha256: hex::encode(digest),
        from: film.from.plus_millis(report.from_ms),
        to: film.from.plus_millis(report.to_ms),
        duration_ms: report.to_ms.saturating_sub(report.from_ms),
        sound: true,
        h265: false,
        c2pa: false,
        sources: Vec::new(),
    }))
}
