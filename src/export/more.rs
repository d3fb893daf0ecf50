//! Small files that belong into a package beside what was recorded, and how they get there.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::sources;
use crate::centre_db::CentreDb;
use crate::disk;
use crate::evidence::export::BesideFile;
use crate::model::IncidentId;

/// A small file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoreFile {
    /// Its name beside the manifest, which may lead into folders.
    pub name: String,
    /// Such as `application/json`.
    pub media_type: &'static str,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// The documents that belong into a package with the evidence of these incidents and recorded files that these hours
/// name: one after the other, each under a name of its own. Whatever else vouches for them is to be added here.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn more(
    db: &CentreDb,
    _incidents: &[IncidentId],
    hours: &BTreeSet<i64>,
) -> Result<Vec<MoreFile>, sqlx::Error> {
    let mut files = Vec::new();
    for hour in hours {
        files.extend(sources::document(db, *hour).await?);
    }
    Ok(files)
}

/// Writes a file into the package that is made in `folder`; gives what the manifest says of it.
///
/// # Errors
/// As the file system says, with the path in the message.
pub(super) fn put(folder: &Path, file: &MoreFile) -> io::Result<BesideFile> {
    let path = folder.join(&file.name);
    if let Some(above) = path.parent() {
        disk::make_folder(above)?;
    }
    disk::write_atomically(&path, &file.bytes)?;
    Ok(BesideFile {
        name: file.name.clone(),
        media_type: file.media_type.to_owned(),
        size: u64::try_from(file.bytes.len()).unwrap_or(u64::MAX),
        sha256: hex::encode(Sha256::digest(&file.bytes)),
    })
}
