//! The films of a camera: an MP4 for each stretch of a window of time that was recorded without a break, and from which
//! recorded files it was cut. May block.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::tz::TimeZone;

use super::Course;
use super::ahead::{Ahead, Begins};
use super::copying::{Measured, write_view};
use super::pieces::{Piece, pieces};
use super::seal::{Seal, Written};
use crate::evidence::export::{LeftOut, PackedFile, PackedGap, PackedKind, Source};
use crate::model::{CameraId, Wall};
use crate::play::{Group, Missing, Recording, View, ViewError};

/// So much of a camera is looked at together, and is in one film at most.
pub(super) const WINDOW_MS: i64 = 6 * 3_600_000;

/// What a camera recorded within one window of the range.
pub(super) struct Found {
    pub(super) camera: CameraId,
    pub(super) recordings: Vec<Recording>,
    pub(super) groups: Vec<Group>,
    pub(super) from: Wall,
    pub(super) to: Wall,
}

/// Where it goes, and by which clock it is named.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) storage: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) zone: &'a TimeZone,
    pub(super) course: &'a Course,
}

/// A film, and what could not be read for it.
pub(super) struct Film {
    pub(super) file: PackedFile,
    /// What it was made from.
    pub(super) groups: Vec<Group>,
    pub(super) missing: Vec<Missing>,
}

/// Of recorded files that were read; none of one that cannot be.
type Digests = BTreeMap<String, Option<String>>;

/// The films of a window.
#[derive(Default)]
pub(super) struct Films {
    pub(super) films: Vec<Film>,
    pub(super) left_out: Vec<LeftOut>,
}

/// Why nothing is there.
pub(super) fn packed_gap(camera: &CameraId, from: Wall, to: Wall, reason: Option<&'static str>) -> PackedGap {
    PackedGap { camera: camera.clone(), from, to, reason: reason.unwrap_or("unknown").to_owned() }
}

/// The beginning of a file's name: camera and moment, by the clock of the centre.
pub(super) fn stem(camera: &CameraId, at: Wall, zone: &TimeZone) -> String {
    format!("{camera}_{}", zone.to_datetime(at.timestamp()).strftime("%Y-%m-%d_%H-%M-%S"))
}

/// A name that is not there yet: `stem` and `ending`, between them a number where it must be.
pub(super) fn free_name(folder: &Path, stem: &str, ending: &str) -> String {
    let mut name = format!("{stem}{ending}");
    let mut more = 1;
    while folder.join(&name).exists() {
        more += 1;
        name = format!("{stem}_{more}{ending}");
    }
    name
}

impl Found {
    /// Writes the films.
    ///
    /// # Errors
    /// If the disk refuses, or nobody wants them any more.
    pub(super) fn write(&self, place: Place<'_>, seal: Option<&Seal>) -> io::Result<Films> {
        let room = |media| seal.map_or(0, |seal| seal.room(media));
        let mut waiting: Vec<Piece> = pieces(&self.groups, self.from, self.to);
        waiting.reverse();
        let (mut made, mut digests) = (Films::default(), Digests::new());
        while let Some(piece) = waiting.pop() {
            let range = (piece.from, piece.to);
            match View::make_with_room(place.storage, &self.recordings, &piece.groups, range, &room) {
                Ok(view) => {
                    let file = self.film(&view, place, seal, (&mut digests, &mut made.left_out))?;
                    made.films.push(Film { file, groups: piece.groups, missing: view.missing });
                }
                // The index does not know all that can change: one more file.
                Err(ViewError::Changes { at, .. }) => waiting.extend(parted(piece, at)),
                Err(ViewError::Nothing) => {}
            }
        }
        Ok(made)
    }

    /// Writes a film, and meanwhile reads the recorded files behind it whose digest is not known yet.
    fn film(
        &self,
        view: &View,
        place: Place<'_>,
        seal: Option<&Seal>,
        (digests, left_out): (&mut Digests, &mut Vec<LeftOut>),
    ) -> io::Result<PackedFile> {
        let name = free_name(place.folder, &stem(&self.camera, view.from, place.zone), ".mp4");
        let unread = self.unread(view, place.storage, digests);
        let (written, read) = std::thread::scope(|scope| {
            let mut ahead = Ahead::begin(scope, unread, place.course);
            let path = place.folder.join(&name);
            let at = |at| ahead.comes_to(at);
            let written = match seal {
                Some(seal) => seal.write(view, &self.camera, &path, place.course, at),
                None => write_view(view, &path, place.course, at)
                    .map(|measured| Written { measured, unsealed: None }),
            };
            written.map(|written| (written, ahead.finish()))
        })?;
        for (path, read) in read {
            let below = below(&path, place.storage);
            let digest = digest_of(read, &below, left_out)?;
            digests.insert(below, digest);
        }
        let Written { measured: (size, sha256), unsealed } = written;
        let c2pa = seal.is_some() && unsealed.is_none();
        left_out.extend(unsealed.map(|why| LeftOut {
            name: name.clone(),
            why: format!(
                "không gắn được thông tin nguồn gốc C2PA / it has no content credentials (C2PA): {why}"
            ),
        }));
        let source = |path: &Path| {
            let path = below(path, place.storage);
            Source { sha256: digests.get(&path).cloned().flatten(), path, hour: None }
        };
        Ok(PackedFile {
            name,
            kind: PackedKind::Film,
            camera: self.camera.clone(),
            media_type: "video/mp4".to_owned(),
            size,
            sha256,
            from: view.from,
            to: view.to,
            duration_ms: view.duration_ms,
            sound: view.has_sound,
            h265: view.is_h265,
            c2pa,
            sources: view.sources().into_iter().map(|(_, path)| source(path)).collect(),
        })
    }

    /// The recorded files behind a film that are to be read: those that grow have no digest, and some were read for the
    /// film before.
    fn unread(&self, view: &View, storage: &Path, digests: &Digests) -> Vec<Begins> {
        let grows = |path: &str| {
            self.recordings.iter().any(|recording| recording.is_growing && recording.row.path == path)
        };
        let unread = view.sources().into_iter().filter(|(_, path)| {
            let path = below(path, storage);
            !digests.contains_key(&path) && !grows(&path)
        });
        unread.map(|(at, path)| Begins { at, path: path.to_owned() }).collect()
    }
}

/// The path of a recorded file below the storage.
fn below(path: &Path, storage: &Path) -> String {
    path.strip_prefix(storage).unwrap_or(path).to_string_lossy().into_owned()
}

/// The digest of a recorded file as it is now: whether it is still what was recorded is for whoever compares. None of one
/// that cannot be read, which is told.
fn digest_of(
    read: io::Result<Measured>,
    below: &str,
    left_out: &mut Vec<LeftOut>,
) -> io::Result<Option<String>> {
    match read {
        Ok((_, digest)) => Ok(Some(digest)),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
        Err(e) => {
            let why = format!("không đọc lại được tệp gốc / the recorded file cannot be read again: {e}");
            left_out.push(LeftOut { name: below.to_owned(), why });
            Ok(None)
        }
    }
}

/// The two parts of a piece on either side of the group that begins at `at`, the later one first.
fn parted(piece: Piece, at: Wall) -> Vec<Piece> {
    let place = piece.groups.iter().position(|group| group.wall >= at).unwrap_or(0).max(1);
    let (before, behind) = piece.groups.split_at(place.min(piece.groups.len()));
    let middle = behind.first().map_or(piece.to, |group| group.wall);
    let behind = Piece { groups: behind.to_vec(), from: middle, to: piece.to };
    let before = Piece { groups: before.to_vec(), from: piece.from, to: middle };
    [behind, before].into_iter().filter(|piece| !piece.groups.is_empty()).collect()
}
