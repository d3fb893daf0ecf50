//! Small files that belong into a package beside what was recorded, and how they get there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::sources;
use crate::centre_db::CentreDb;
use crate::disk;
use crate::evidence::export::{BesideFile, RECEIPT, TOLD};
use crate::evidence::receipted::SignedMessage;
use crate::forward::SignedReceipts;
use crate::wire::Signature;

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

/// The documents that belong into a package with files of incidents of these digests (SHA-256, hexadecimal) and recorded
/// files that these hours name, and the province's receipts for all of them: one after the other, each under a name of
/// its own.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn more(
    db: &CentreDb,
    incidents: &[String],
    hours: &BTreeSet<i64>,
) -> Result<Vec<MoreFile>, sqlx::Error> {
    let mut files = Vec::new();
    let mut receipts: BTreeMap<i64, SignedReceipts> = BTreeMap::new();
    // One message tells of several hours.
    let mut told: BTreeMap<Vec<u8>, (i64, Signature)> = BTreeMap::new();
    for hour in hours {
        files.extend(sources::document(db, *hour).await?);
        if let Some(kept) = db.receipt_of_link(*hour).await? {
            receipts.insert(kept.number, kept.signed);
            told.extend(kept.told.map(|(payload, signature)| (payload, (kept.number, signature))));
        }
    }
    let of_files = db.receipts_for(incidents).await?;
    receipts.extend(of_files.into_iter().map(|kept| (kept.number, kept.signed)));
    for (number, SignedReceipts { payload, signature, .. }) in receipts {
        files.push(message(format!("{RECEIPT}{number}.json"), payload, signature));
    }
    for (place, (payload, (number, signature))) in (1..).zip(told) {
        let place: u32 = place;
        files.push(message(format!("{TOLD}{number}-{place}.json"), payload, signature));
    }
    Ok(files)
}

/// A message as it went over the link.
fn message(name: String, payload: Vec<u8>, signature: Signature) -> MoreFile {
    let bytes = SignedMessage { payload, signature }.to_bytes();
    MoreFile { name, media_type: "application/json", bytes }
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
