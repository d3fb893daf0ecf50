//! The evidence of incidents of the cameras in a package: each folder with all that its signed manifests name, as it
//! stands at the centre. What is missing, damaged or not made yet is told, and does not stop the package.

use std::io;
use std::path::Path;

use super::Order;
use super::copying::copy;
use super::films::Place;
use crate::centre_db::CentreDb;
use crate::evidence::export::{BesideFile, INCIDENTS, LeftOut, PackedIncident};
use crate::evidence::manifest::{MANIFEST_NAME, open};
use crate::evidence::{self, folder_of, is_plain};
use crate::forward::{Evidence, EvidenceGone, IncidentRow};
use crate::model::CameraId;

/// So many incidents of a camera are in a package at most.
const MOST: u32 = 10_000;

/// No more of what is wrong with one of them is told.
const TOLD: usize = 3;

/// What is in the package of them.
#[derive(Default)]
pub(super) struct Incidents {
    pub(super) incidents: Vec<PackedIncident>,
    pub(super) files: Vec<BesideFile>,
    pub(super) left_out: Vec<LeftOut>,
}

/// The incidents of the order's cameras of which something lies within its range, each with its camera. Those of other
/// cameras are not among them, even where one of these saw the same: their evidence shows the other one's picture.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn within(
    db: &CentreDb,
    order: &Order,
) -> Result<Vec<(CameraId, IncidentRow)>, sqlx::Error> {
    let mut all = Vec::new();
    for camera in &order.cameras {
        let rows = db.incidents_within(camera, (order.from, order.to), MOST).await?;
        let own = rows.into_iter().filter(|row| row.camera.as_ref() == Some(camera));
        all.extend(own.map(|row| (camera.clone(), row)));
    }
    Ok(all)
}

/// Copies their evidence into the package. May block.
///
/// # Errors
/// If the disk is full, or nobody wants it any more.
pub(super) fn write(rows: &[(CameraId, IncidentRow)], place: Place<'_>) -> io::Result<Incidents> {
    let mut made = Incidents::default();
    for (camera, row) in rows {
        let from = folder_of(place.storage, row.id);
        let name = format!("{INCIDENTS}/{}", row.id);
        let copied = match &row.evidence {
            _ if from.join(MANIFEST_NAME).is_file() => one(&from, &name, place),
            Evidence::Pending => Err(Fault::Told("chưa lập xong / it is not made yet".to_owned())),
            Evidence::Made => Err(Fault::Told("không còn trong kho / it is not there any more".to_owned())),
            Evidence::Impossible(why) if EvidenceGone::was_missing(why) => {
                Err(Fault::Told("không còn trong kho / it is not there any more".to_owned()))
            }
            Evidence::None | Evidence::Impossible(_) => continue,
        };
        match copied {
            Ok(files) => {
                made.files.extend(files);
                let (id, kind, flagged_at) = (row.id, row.kind, row.flagged_at);
                made.incidents.push(PackedIncident { id, kind, camera: camera.clone(), flagged_at });
            }
            Err(Fault::Ends(e)) => return Err(e),
            Err(Fault::Told(why)) => {
                remove(&place.folder.join(&name))?;
                made.left_out.push(LeftOut { name, why });
            }
        }
    }
    Ok(made)
}

/// Why the evidence of an incident is not in the package.
enum Fault {
    /// It is told, in both languages.
    Told(String),
    /// Nothing more can be written.
    Ends(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::Interrupted | io::ErrorKind::StorageFull => Self::Ends(error),
            _ => Self::Told(format!("không đọc được / it cannot be read: {error}")),
        }
    }
}

/// Copies the evidence in `from`, and what came later in folders below it, to the package's folder `name`.
fn one(from: &Path, name: &str, place: Place<'_>) -> Result<Vec<BesideFile>, Fault> {
    let mut files = part(from, name, place)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let is_part = entry.file_type()?.is_dir() && entry.path().join(MANIFEST_NAME).is_file();
        match entry.file_name().to_str() {
            Some(later) if is_part && is_plain(later) => {
                files.extend(part(&entry.path(), &format!("{name}/{later}"), place)?);
            }
            _ => {}
        }
    }
    let verdict = evidence::verify(&place.folder.join(name), None);
    if verdict.is_intact {
        return Ok(files);
    }
    let problems = verdict.lines.iter().filter(|line| !line.contains("intact")).take(TOLD);
    let problems: Vec<&str> = problems.map(String::as_str).collect();
    Err(Fault::Told(format!("không còn nguyên vẹn / it is not intact: {}", problems.join("; "))))
}

/// Copies what a manifest names, and the manifest.
fn part(from: &Path, name: &str, place: Place<'_>) -> Result<Vec<BesideFile>, Fault> {
    let sealed = std::fs::read(from.join(MANIFEST_NAME))?;
    let opened = open(&sealed)
        .map_err(|e| Fault::Told(format!("manifest không đúng / its manifest is wrong: {e}")))?;
    let named = opened.manifest.files.into_iter().map(|file| (file.name, file.media_type));
    let named = named.chain([(MANIFEST_NAME.to_owned(), "application/json".to_owned())]);
    let mut files = Vec::new();
    for (file, media_type) in named {
        let path = from.join(&file);
        // A manifest, or a link, must not have something else of this machine packed.
        if !is_plain(&file) || !std::fs::symlink_metadata(&path)?.is_file() {
            return Err(Fault::Told(format!("không phải tệp thường / it is not an ordinary file: {file}")));
        }
        let name = format!("{name}/{file}");
        let (size, sha256) = copy(&path, &place.folder.join(&name), place.course)?;
        files.push(BesideFile { name, media_type, size, sha256 });
    }
    Ok(files)
}

fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => {
            // The folder of all goes with the last one.
            let _ = folder.parent().map(std::fs::remove_dir);
            Ok(())
        }
    }
}

#[cfg(test)]
#[path = "incidents_tests.rs"]
mod tests;
