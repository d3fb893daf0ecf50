//! What a signed manifest of either kind lists.

use std::path::Path;

use super::names::Listed;
use crate::evidence::envelope::{is_as_sealed, payload_type};
use crate::evidence::export::{self, BesideFile, Package, PackedFile};
use crate::evidence::manifest::{FileFacts, MANIFEST_NAME, open};
use crate::ledger::Link;
use crate::model::{CameraId, CentreId, ClockState, IncidentId, Wall};
use crate::wire::{Malformed, PublicKey};

/// No manifest is larger than this, in bytes: that of a month of original files of eight cameras has 100 MB.
const MOST: u64 = 512 << 20;

/// What a manifest lists, and who signed it.
pub(super) struct Listing {
    /// What it is of, in words.
    pub(super) what: String,
    pub(super) incident: Option<IncidentId>,
    /// All of it, if it is that of a package.
    pub(super) package: Option<Package>,
    pub(super) files: Vec<Listed>,
    pub(super) key: PublicKey,
    pub(super) centre: CentreId,
    pub(super) made_at: Wall,
    /// How far the clock could be believed then.
    pub(super) clock: ClockState,
    /// Its place in the centre's chain, if it has one.
    pub(super) link: Option<Link>,
}

/// Reads the manifest in `folder`.
///
/// # Errors
/// In words, if there is none or it is none.
pub(super) fn listing(folder: &Path) -> Result<Listing, String> {
    let path = folder.join(MANIFEST_NAME);
    let read = std::fs::metadata(&path).and_then(|about| match about.len() > MOST {
        true => Err(std::io::Error::other("it is too large for a manifest")),
        false => std::fs::read(&path),
    });
    let bytes = read.map_err(|e| format!("{}: there is no manifest to check by: {e}", path.display()))?;
    let listing = opened(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    match is_as_sealed(&bytes) {
        true => Ok(listing),
        false => Err(format!("{}: it was changed beside what is signed in it", path.display())),
    }
}

fn opened(bytes: &[u8]) -> Result<Listing, Malformed> {
    if payload_type(bytes).as_deref() == Some(export::PAYLOAD_TYPE) {
        return Package::open(bytes).map(of_package);
    }
    let opened = open(bytes)?;
    let manifest = opened.manifest;
    let listed = |file: FileFacts| Listed { name: file.name, size: file.size, sha256: file.sha256 };
    Ok(Listing {
        what: format!("{} of centre {}", manifest.incident.kind, manifest.centre),
        centre: manifest.centre,
        made_at: manifest.made_at,
        clock: manifest.clock,
        link: manifest.link,
        incident: Some(manifest.incident.id),
        package: None,
        files: manifest.files.into_iter().map(listed).collect(),
        key: opened.key,
    })
}

fn of_package((package, key): (Package, PublicKey)) -> Listing {
    let cameras: Vec<&str> = package.cameras.iter().map(CameraId::as_str).collect();
    let (centre, cameras, gaps) = (&package.centre, cameras.join(" "), package.gaps.len());
    let what = format!(
        "footage of centre {centre}, {cameras}, {} to {}, {gaps} gaps, exported at {} by {:?} because {:?}",
        package.from, package.to, package.made_at, package.by, package.reason
    );
    let packed = |file: &PackedFile| (file.name.clone(), file.size, file.sha256.clone());
    let beside = |file: &BesideFile| (file.name.clone(), file.size, file.sha256.clone());
    let files = package.files.iter().map(packed).chain(package.beside.iter().map(beside));
    let files = files.map(|(name, size, sha256)| Listed { name, size, sha256 }).collect();
    let (centre, made_at, clock) = (package.centre.clone(), package.made_at, package.clock);
    let link = package.link.clone();
    Listing { what, incident: None, package: Some(package), files, key, centre, made_at, clock, link }
}
