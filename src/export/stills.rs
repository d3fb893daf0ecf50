//! The stills of a film: its first picture, what was on the screen when an incident was flagged, and the moments that
//! somebody asked for. One at a time is decoded.

use std::collections::BTreeMap;
use std::io;

use super::copying::Measured;
use super::films::{Film, Place, free_name, stem};
use crate::disk;
use crate::evidence::export::{LeftOut, PackedFile, PackedKind};
use crate::evidence::still::still;
use crate::model::Wall;
use crate::play::Missing;

/// Their folder in a package.
const FOLDER: &str = "stills";

/// The moments of which the film has a still, and where in the film each is, in ms. Pure.
pub(super) fn moments(film: &Film, wanted: &[Wall]) -> BTreeMap<Wall, i64> {
    let (from, to) = (film.file.from, film.file.to);
    let within = wanted.iter().filter(|at| (from..to).contains(*at));
    let shown = within.filter_map(|at| Some((*at, place_of(*at, from, &film.missing)?)));
    shown.chain([(from, 0)]).collect()
}

/// Where in a film from `from` on a moment is: what could not be read was left out, and the rest moved together. None
/// within what was left out.
fn place_of(at: Wall, from: Wall, missing: &[Missing]) -> Option<i64> {
    let mut place = at.millis_since(from);
    for part in missing {
        if (part.from..part.to).contains(&at) {
            return None;
        }
        if part.to <= at {
            place = place.saturating_sub(part.to.millis_since(part.from.max(from)).max(0));
        }
    }
    Some(place)
}

/// Makes the stills of a film that is in the package; those that cannot be made are told.
///
/// # Errors
/// If the disk refuses, or nobody wants them any more.
pub(super) fn write(
    film: &Film,
    wanted: &[Wall],
    place: Place<'_>,
    left_out: &mut Vec<LeftOut>,
) -> io::Result<Vec<PackedFile>> {
    let folder = place.folder.join(FOLDER);
    disk::make_folder(&folder)?;
    let mut made = Vec::new();
    for (at, at_ms) in moments(film, wanted) {
        place.course.goes_on()?;
        let camera = &film.file.camera;
        let name = format!("{FOLDER}/{}", free_name(&folder, &stem(camera, at, place.zone), ".jpg"));
        let jpeg = match still(&place.folder.join(&film.file.name), at_ms) {
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
        Film { file, missing }
    }

    #[test]
    fn a_film_has_a_still_of_its_first_picture_and_of_each_moment_within_it_once() {
        let wanted = [at(-1), at(5), at(0), at(5), at(59), at(60)];
        let all: Vec<_> = moments(&film(vec![]), &wanted).into_iter().collect();
        assert_eq!(all, [(at(0), 0), (at(5), 5000), (at(59), 59_000)]);
    }

    #[test]
    fn what_could_not_be_read_moves_the_moments_behind_it_and_has_no_still() {
        let damaged = vec![Missing { from: at(10), to: at(14) }, Missing { from: at(30), to: at(31) }];
        let all: Vec<_> = moments(&film(damaged), &[at(9), at(12), at(14), at(40)]).into_iter().collect();
        assert_eq!(all, [(at(0), 0), (at(9), 9000), (at(14), 10_000), (at(40), 35_000)]);
    }
}
