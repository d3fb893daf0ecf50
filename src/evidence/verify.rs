//! Whether evidence is what its signed manifest says, in words.

use std::collections::HashSet;
use std::path::Path;

use super::envelope::payload_type;
use super::export::{self, BesideFile, Package, PackedFile};
use super::manifest::{FileFacts, MANIFEST_NAME, open};
use crate::disk;
use crate::enrol::Believed;
use crate::model::{CameraId, CentreId, IncidentId, Wall};
use crate::wire::{Malformed, PublicKey, Trust};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Everything is there, unchanged, and fits the signature.
    pub is_intact: bool,
    /// The signature is by a trusted key.
    pub is_trusted: bool,
    /// The incident that the manifest is of, if there is one that can be read.
    pub incident: Option<IncidentId>,
    /// A line for each thing worth saying.
    pub lines: Vec<String>,
}

impl Verdict {
    /// Whether it proves anything: intact, and signed by a trusted key.
    pub fn holds(&self) -> bool {
        self.is_intact && self.is_trusted
    }
}

/// The certificate of the key that signed a package, beside its manifest.
pub const CERTIFICATE_NAME: &str = "certificate.pem";

/// No certificate is larger than this, in bytes.
const MOST_CERTIFICATE: u64 = 64 * 1024;

/// Checks the evidence in the folder `path`, or in the folder of the file `path`, against its
/// manifest. `trust` holds the keys that count.
pub fn verify(path: &Path, trust: Option<&Trust>) -> Verdict {
    verify_by(path, &trust.cloned().map(Believed::from).unwrap_or_default())
}

/// The same, where authorities count too: a key that one of them certified, in [`CERTIFICATE_NAME`], is trusted.
pub fn verify_by(path: &Path, believed: &Believed) -> Verdict {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let manifest_path = folder.join(MANIFEST_NAME);
    let listing = match std::fs::read(&manifest_path) {
        Ok(bytes) => read(&bytes),
        Err(e) => {
            return broken(format!("{}: there is no manifest to check by: {e}", manifest_path.display()));
        }
    };
    let listing = match listing {
        Ok(listing) => listing,
        Err(e) => return broken(format!("{}: {e}", manifest_path.display())),
    };
    let mut lines = Vec::new();
    let mut is_intact = true;
    let mut listed: HashSet<&str> = [MANIFEST_NAME].into();
    for file in &listing.files {
        listed.insert(&file.name);
        if let Some(problem) = problem(folder, file) {
            is_intact = false;
            lines.push(format!("{}: {problem}", file.name));
        }
    }
    let mut is_trusted = believed.knows(&listing.key.kid());
    if !is_trusted && listed.contains(CERTIFICATE_NAME) {
        match certified(folder, &listing, believed) {
            Ok(()) => is_trusted = true,
            Err(why) => lines.push(format!("{CERTIFICATE_NAME}: {why}")),
        }
    }
    for name in unlisted(folder, &listed) {
        let part = folder.join(&name);
        if listing.incident.is_some() && part.join(MANIFEST_NAME).is_file() {
            // More evidence of the same incident, with a manifest of its own.
            let verdict = verify_by(&part, believed);
            is_intact &= verdict.is_intact;
            if verdict.incident.is_some_and(|incident| listing.incident != Some(incident)) {
                is_intact = false;
                lines.push(format!("{name}/ it is the evidence of another incident"));
            }
            is_trusted &= verdict.is_trusted;
            lines.extend(verdict.lines.into_iter().map(|line| format!("{name}/ {line}")));
        } else {
            is_intact = false;
            lines.push(format!("{name}: it is not in the manifest"));
        }
    }
    let what =
        format!("{}, {} files, signed by key {}", listing.what, listing.files.len(), listing.key.kid());
    lines.push(match (is_intact, is_trusted) {
        (true, true) => format!("intact, and the signer is trusted: {what}"),
        (true, false) => format!("intact, signer not confirmed: {what}"),
        (false, _) => format!("NOT intact: {what}"),
    });
    Verdict { is_intact, is_trusted, incident: listing.incident, lines }
}

/// What a manifest of either kind lists.
struct Listing {
    /// What it is of, in words.
    what: String,
    incident: Option<IncidentId>,
    files: Vec<Listed>,
    key: PublicKey,
    centre: CentreId,
    made_at: Wall,
}

struct Listed {
    name: String,
    size: u64,
    sha256: String,
}

fn read(bytes: &[u8]) -> Result<Listing, Malformed> {
    if payload_type(bytes).as_deref() != Some(export::PAYLOAD_TYPE) {
        let opened = open(bytes)?;
        let manifest = opened.manifest;
        let listed = |file: FileFacts| Listed { name: file.name, size: file.size, sha256: file.sha256 };
        return Ok(Listing {
            what: format!("{} of centre {}", manifest.incident.kind, manifest.centre),
            centre: manifest.centre,
            made_at: manifest.made_at,
            incident: Some(manifest.incident.id),
            files: manifest.files.into_iter().map(listed).collect(),
            key: opened.key,
        });
    }
    let (package, key) = Package::open(bytes)?;
    let cameras: Vec<&str> = package.cameras.iter().map(CameraId::as_str).collect();
    let (centre, cameras, gaps) = (&package.centre, cameras.join(" "), package.gaps.len());
    let what = format!(
        "footage of centre {centre}, {cameras}, {} to {}, {gaps} gaps, exported at {} by {:?} because {:?}",
        package.from, package.to, package.made_at, package.by, package.reason
    );
    let made_at = package.made_at;
    let packed = |file: PackedFile| Listed { name: file.name, size: file.size, sha256: file.sha256 };
    let beside = |file: BesideFile| Listed { name: file.name, size: file.size, sha256: file.sha256 };
    let files = package.files.into_iter().map(packed).chain(package.beside.into_iter().map(beside)).collect();
    Ok(Listing { what, incident: None, files, key, centre: package.centre, made_at })
}

/// Whether the certificate beside the manifest makes its key the centre's.
fn certified(folder: &Path, listing: &Listing, believed: &Believed) -> Result<(), String> {
    let path = folder.join(CERTIFICATE_NAME);
    let is_large = std::fs::metadata(&path).map_err(|e| e.to_string())?.len() > MOST_CERTIFICATE;
    if is_large {
        return Err("it is too large for a certificate".to_owned());
    }
    let pem = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
    believed.certify(&pem, &listing.key, &listing.centre, listing.made_at).map_err(|e| e.to_string())
}

/// What is wrong with a listed file, if anything is.
fn problem(folder: &Path, file: &Listed) -> Option<String> {
    let is_plain = !file.name.is_empty() && !file.name.contains(['/', '\\']) && !file.name.starts_with('.');
    if !is_plain {
        return Some("its name leads elsewhere".to_owned());
    }
    match disk::measure(&folder.join(&file.name)) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Some("it is missing".into()),
        Err(e) => Some(format!("it cannot be read: {e}")),
        Ok((_, digest)) if hex::encode(digest) == file.sha256 => None,
        Ok((size, _)) if size != file.size => {
            Some(format!("it has {size} bytes and should have {}", file.size))
        }
        Ok(_) => Some("its content was changed".into()),
    }
}

fn broken(line: String) -> Verdict {
    Verdict { is_intact: false, is_trusted: false, incident: None, lines: vec![line] }
}

fn unlisted(folder: &Path, listed: &HashSet<&str>) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut others: Vec<String> = names.filter(|name| !listed.contains(name.as_str())).collect();
    others.sort();
    others
}

#[cfg(test)]
mod tests {
    use super::super::manifest::{FileFacts, tests::manifest};
    use super::*;
    use crate::wire::{Role, Signer};

    struct Package {
        folder: tempfile::TempDir,
        trust: Trust,
    }

    fn package() -> Package {
        let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::from_secret([1; 32]));
        let files = [("clip.mp4", Role::Clip), ("still.jpg", Role::Still)].map(|(name, role)| {
            let path = folder.path().join(name);
            disk::write_atomically(&path, name.repeat(50).as_bytes()).unwrap();
            let (size, digest) = disk::measure(&path).unwrap();
            FileFacts {
                name: name.into(),
                role,
                media_type: "video/mp4".into(),
                size,
                sha256: hex::encode(digest),
                from: Default::default(),
                to: Default::default(),
                duration_ms: 0,
                cut_short: None,
            }
        });
        let sealed = manifest(&signer, files.to_vec()).seal(&signer);
        disk::write_atomically(&folder.path().join(MANIFEST_NAME), &sealed).unwrap();
        let mut trust = Trust::default();
        trust.add(signer.public());
        Package { folder, trust }
    }

    #[test]
    fn an_untouched_package_holds_by_its_folder_and_by_its_clip() {
        let package = package();
        assert!(verify(package.folder.path(), Some(&package.trust)).holds());
        assert!(verify(&package.folder.path().join("clip.mp4"), Some(&package.trust)).holds());
    }

    #[test]
    fn evidence_that_came_later_is_checked_with_the_first() {
        let (first, later) = (package(), package());
        let closing = first.folder.path().join("closing");
        std::fs::create_dir(&closing).unwrap();
        for name in [MANIFEST_NAME, "clip.mp4", "still.jpg"] {
            std::fs::copy(later.folder.path().join(name), closing.join(name)).unwrap();
        }
        assert!(verify(first.folder.path(), Some(&first.trust)).holds());
        std::fs::remove_file(closing.join("still.jpg")).unwrap();
        let verdict = verify(first.folder.path(), Some(&first.trust));
        assert!(!verdict.holds());
        assert_eq!(verdict.lines[0], "closing/ still.jpg: it is missing");
    }

    #[test]
    fn evidence_of_another_incident_does_not_pass_as_later_evidence() {
        let first = package();
        let closing = first.folder.path().join("closing");
        std::fs::create_dir(&closing).unwrap();
        let signer = Signer::from_secret([1; 32]);
        let mut other = manifest(&signer, vec![]);
        other.incident.id = "0193b3c4-0000-7000-8000-0000000000ff".parse().unwrap();
        disk::write_atomically(&closing.join(MANIFEST_NAME), &other.seal(&signer)).unwrap();
        let verdict = verify(first.folder.path(), Some(&first.trust));
        assert!(!verdict.holds());
        assert_eq!(verdict.lines[0], "closing/ it is the evidence of another incident");
    }

    #[test]
    fn an_intact_package_of_an_unknown_signer_does_not_hold() {
        let package = package();
        let verdict = verify(package.folder.path(), None);
        assert!(verdict.is_intact && !verdict.holds());
        assert!(verdict.lines[0].starts_with("intact, signer not confirmed"), "{verdict:?}");
    }

    #[test]
    fn what_was_changed_missing_or_added_is_named() {
        type Harm = fn(&Path);
        let harms: [(&str, Harm); 4] = [
            ("clip.mp4: its content was changed", |folder| {
                let mut bytes = std::fs::read(folder.join("clip.mp4")).unwrap();
                bytes[7] ^= 1;
                disk::write_atomically(&folder.join("clip.mp4"), &bytes).unwrap();
            }),
            ("clip.mp4: it has 3 bytes and should have 400", |folder| {
                disk::write_atomically(&folder.join("clip.mp4"), b"abc").unwrap();
            }),
            ("still.jpg: it is missing", |folder| std::fs::remove_file(folder.join("still.jpg")).unwrap()),
            ("extra.txt: it is not in the manifest", |folder| {
                disk::write_atomically(&folder.join("extra.txt"), b"").unwrap();
            }),
        ];
        for (told, harm) in harms {
            let package = package();
            harm(package.folder.path());
            let verdict = verify(package.folder.path(), Some(&package.trust));
            assert!(!verdict.holds());
            assert_eq!(verdict.lines[0], told);
        }
    }
}
