//! On films that are cut from recordings as exports cut them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use c2pa::ValidationState;
use rcgen::{KeyPair, PublicKeyData};

use super::made::{centre, facts, film};
use super::*;
use crate::enrol::{Authority, Papers, Request};
use crate::wire::Signer;

struct Made {
    folder: tempfile::TempDir,
    credentials: Credentials,
    signer: Signer,
    /// Whom to trust for it, PEM.
    anchors: Option<String>,
}

fn at(ms: i64) -> Wall {
    crate::clock::now().wall.plus_millis(ms - 60_000)
}

impl Made {
    /// A centre that is not enrolled.
    fn alone() -> Self {
        let signer = Signer::from_secret([1; 32]);
        let credentials = Credentials::of(&signer, None, &centre(), at(0)).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), credentials, signer, anchors: None }
    }

    fn enrolled() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open_or_make(&folder.path().join("ca"), "Phú Thọ", at(0)).unwrap();
        let (signer, tls) = (Signer::from_secret([1; 32]), KeyPair::generate().unwrap());
        let request = Request::make(&centre(), &tls, &signer, at(0)).unwrap();
        let receipts = [Signer::from_secret([9; 32]).public()];
        let papers = authority.sign(Request::read(&request).unwrap(), &receipts, at(0)).unwrap();
        let papers = Papers::read(&papers, &centre(), tls.der_bytes(), &signer.public()).unwrap();
        let credentials = Credentials::of(&signer, Some(&papers.certificates()), &centre(), at(0)).unwrap();
        let anchors = std::fs::read_to_string(folder.path().join("ca/ca.pem")).unwrap();
        Self { folder, credentials, signer, anchors: Some(anchors) }
    }

    /// A film, with credentials or without.
    fn film(&self, name: &str, is_sealed: bool) -> PathBuf {
        film((self.folder.path(), name), &facts(), is_sealed.then_some(&self.credentials))
    }

    fn read(&self, film: &Path) -> Said {
        read_back(film, self.anchors.as_deref()).unwrap().unwrap()
    }
}

/// Changes one byte of a file.
fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

/// Where the first box of this kind begins, and its length.
fn place_of(path: &Path, kind: &[u8; 4]) -> (u64, u64) {
    let bytes = std::fs::read(path).unwrap();
    let mut at = 0;
    loop {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let size = match size {
            1 => u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap()),
            size => size.into(),
        };
        if &bytes[at + 4..at + 8] == kind {
            return (at as u64, size);
        }
        at += size as usize;
    }
}

#[test]
fn a_film_of_an_enrolled_centre_is_trusted_by_whoever_trusts_the_province() {
    let made = Made::enrolled();
    let said = made.read(&made.film("a.mp4", true));
    assert_eq!((said.state, said.faults.as_slice()), (ValidationState::Trusted, &[][..]));
    assert_eq!(said.organisation.as_deref(), Some("Quaywatch Phú Thọ"));
    assert_eq!(said.key, Some(made.signer.public()));
    assert_eq!(said.facts, Some(facts()));
    let unknown = read_back(&made.folder.path().join("a.mp4"), None).unwrap().unwrap();
    assert_eq!((unknown.state, unknown.fits()), (ValidationState::Valid, true));
}

#[test]
fn a_film_of_a_centre_that_is_not_enrolled_is_intact_and_says_that_nobody_vouches() {
    let made = Made::alone();
    let said = made.read(&made.film("a.mp4", true));
    assert_eq!((said.state, said.fits()), (ValidationState::Valid, true), "{:?}", said.faults);
    assert_eq!(said.organisation.as_deref(), Some("Quaywatch (not enrolled)"));
    assert_eq!(said.key, Some(made.signer.public()));
}

#[test]
fn papers_that_are_older_than_content_credentials_are_not_used_for_them() {
    let signer = Signer::from_secret([1; 32]);
    let mut old = rcgen::CertificateParams::default();
    old.distinguished_name.push(rcgen::DnType::CommonName, "xuan-lung");
    let key = KeyPair::from_pem(&signer.to_pem().unwrap()).unwrap();
    let old = old.self_signed(&key).unwrap().pem();
    let made = Made {
        folder: tempfile::tempdir().unwrap(),
        credentials: Credentials::of(&signer, Some(&old), &centre(), at(0)).unwrap(),
        signer,
        anchors: None,
    };
    let said = made.read(&made.film("a.mp4", true));
    assert!(said.fits(), "{:?}", said.faults);
    assert_eq!(said.organisation.as_deref(), Some("Quaywatch (not enrolled)"));
}

#[test]
fn a_changed_byte_of_picture_sound_tables_or_manifest_shows() {
    let made = Made::enrolled();
    let film = made.film("a.mp4", true);
    let (mdat, media) = place_of(&film, b"mdat");
    let (moov, tables) = place_of(&film, b"moov");
    let (manifest, credentials) = place_of(&film, b"uuid");
    let shows = |at: u64| {
        flip(&film, at);
        let read = read_back(&film, None);
        flip(&film, at);
        !matches!(read, Ok(Some(said)) if said.fits())
    };
    for n in 0..20 {
        assert!(shows(mdat + 16 + n * (media - 17) / 19), "media {n}");
        assert!(shows(moov + 8 + n * (tables - 9) / 19), "tables {n}");
    }
    // In the manifest there is padding, which says nothing: most of its bytes show.
    let seen = (0..40).filter(|n| shows(manifest + 24 + n * (credentials - 25) / 39)).count();
    assert!(seen > 20, "{seen} of 40");
    assert!(read_back(&film, None).unwrap().unwrap().fits(), "it is as it was");
}

#[test]
fn a_film_without_credentials_and_a_file_that_is_no_film_have_none() {
    let made = Made::alone();
    assert!(read_back(&made.film("a.mp4", false), None).unwrap().is_none());
    let path = made.folder.path().join("b.mp4");
    for content in [&b""[..], b"hello", &[0; 100], &[0xff; 100]] {
        File::create(&path).unwrap().write_all(content).unwrap();
        let read = read_back(&path, None);
        assert!(matches!(read, Ok(None) | Err(_)), "{read:?}");
    }
    assert!(read_back(Path::new("/nowhere.mp4"), None).is_err());
}

#[test]
fn a_film_plays_alike_with_credentials_and_without() {
    let made = Made::enrolled();
    let samples = |path: &Path| {
        let mut demuxer = crate::libav::Demuxer::open(path).unwrap();
        let mut samples = Vec::new();
        while let Some(sample) = demuxer.read().unwrap() {
            samples.push((sample.track, sample.pts, sample.dts, sample.data().to_vec()));
        }
        samples
    };
    let (with, without) = (samples(&made.film("a.mp4", true)), samples(&made.film("b.mp4", false)));
    assert!(with.len() > 100);
    assert!(with == without, "the samples differ");
}

#[test]
fn room_that_is_too_small_leaves_the_film_as_it_was() {
    let made = Made::alone();
    let film = made.film("a.mp4", false);
    let mut sealing = Sealing::begin(&facts(), "a.mp4", made.credentials.clone()).unwrap();
    let before = std::fs::read(&film).unwrap();
    let (mdat, _) = place_of(&film, b"mdat");
    sealing.media(&before[mdat as usize + 16..]).unwrap();
    let mut file = OpenOptions::new().read(true).write(true).open(&film).unwrap();
    let refused = sealing.put(&mut file, &(28..36)).unwrap_err();
    assert!(refused.to_string().contains("do not fit into the room"), "{refused}");
    assert!(std::fs::read(&film).unwrap() == before, "it was changed");
}
