//! The stills of a film: its first picture, what was on the screen when an incident was flagged, and the moments that
//! somebody asked for. One at a time is decoded.

use std::collections::BTreeSet;
use std::io;

use super::copying::Measured;
use super::films::{Film, Found, Place, free_name, stem};
use crate::disk;
use crate::evidence::export::{LeftOut, PackedFile, PackedKind};
use crate::model::Wall;
use crate::play::still;

/// Their folder in a package.
const FOLDER: &str = "stills";

/// The moments of which a film has a still: what could not be read was left out of it. Pure.
pub(super) fn moments(film: &Film, wanted: &[Wall]) -> BTreeSet<Wall> {
    let (from, to) = (film.file.from, film.file.to);
    let is_shown = |at: &Wall| !film.missing.iter().any(|part| (part.from..part.to).contains(at));
    let within = wanted.iter().copied().filter(|at| (from..to).contains(at));
    within.filter(is_shown).chain([from]).collect()
}

/// Makes the stills of a film that is in the package, from the same recorded pictures: that a film of hours is opened
/// again for each would take memory for all of it. Those that cannot be made are told.
///
/// # Errors
/// If the disk refuses, or nobody wants them any more.
pub(super) fn write(
    (film, found): (&Film, &Found),
    wanted: &[Wall],
    place: Place<'_>,
    left_out: &mut Vec<LeftOut>,
) -> io::Result<Vec<PackedFile>> {
    let folder = place.folder.join(FOLDER);
    disk::make_folder(&folder)?;
    let mut made = Vec::new();
    for at in moments(film, wanted) {
        place.course.goes_on()?;
        let camera = &film.file.camera;
        let name = format!("{FOLDER}/{}", free_name(&folder, &stem(camera, at, place.zone), ".jpg"));
        let jpeg = match still(place.storage, &found.recordings, &film.groups, at) {
            Ok(jpeg) => jpeg,
            Err(e) => {
                let why =
                    format!("không lấy được ảnh từ / no still could be made of {}: {e}", film.file.name);
                left_out.push(LeftOut { name, why });
                continue;
            }
        };
        let path = place.folder.join(&name);
        disk::write_atomically(&path, &jpeg)?;
        place.course.did(jpeg.len());
        let (size, sha256) = of(&jpeg);
        made.push(PackedFile {
            name,
            kind: PackedKind::Still,
            camera: camera.clone(),
            media_type: "image/jpeg".to_owned(),
            size,
            sha256,
            from: at,
            to: at,
            duration_ms: 0,
            sound: false,
            h265: false,
            c2pa: false,
            sources: Vec::new(),
        });
    }
    Ok(made)
}

fn of(bytes: &[u8]) -> Measured {
    use sha2::{Digest, Sha256};
    (u64::try_from(bytes.len()).unwrap_or(u64::MAX), hex::encode(Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CameraId;
    use crate::play::Missing;

    fn at(s: i64) -> Wall {
        Wall::from_millis(1_795_400_100_000 + s * 1000)
    }

    fn film(missing: Vec<Missing>) -> Film {
        let file = PackedFile {
            name: "a.mp4".into(),
            kind: PackedKind::Film,
            camera: CameraId::new("gate").unwrap(),
            media_type: "video/mp4".into(),
            size: 0,
            sha256: String::new(),
            from: at(0),
            to: at(60),
            duration_ms: 60_000,
            sound: true,
            h265: false,
            c2pa: false,
            sources: vec![],
        };
        Film { file, groups: vec![], missing }
    }

    #[test]
    fn a_film_has_a_still_of_its_first_picture_and_of_each_moment_within_it_once() {
        let wanted = [at(-1), at(5), at(0), at(5), at(59), at(60)];
        let all: Vec<_> = moments(&film(vec![]), &wanted).into_iter().collect();
        assert_eq!(all, [at(0), at(5), at(59)]);
    }

    #[test]
    fn what_could_not_be_read_has_no_still() {
        let damaged = vec![Missing { from: at(10), to: at(14) }, Missing { from: at(30), to: at(31) }];
        let all: Vec<_> = moments(&film(damaged), &[at(9), at(12), at(14), at(40)]).into_iter().collect();
        assert_eq!(all, [at(0), at(9), at(14), at(40)]);
    }
}
