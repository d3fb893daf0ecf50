//! A thousand made-up packages, with certificates, receipts and real films with credentials among them: each holds as it
//! is, and none with a single byte of it changed.

use std::path::{Path, PathBuf};

use super::made::{MadeHour, Making, digest, hour_of, papers, put};
use super::{CERTIFICATE_NAME, verify_by};
use crate::clock;
use crate::enrol::Believed;
use crate::evidence::credentials::{Credentials, Facts, made};
use crate::evidence::export::PackedKind;
use crate::model::CameraId;
use crate::wire::Signer;

/// So many packages are made, of which every `CHANGED`-th is changed as well, at `TIMES` places one after the other.
const PACKAGES: u64 = 1000;
const CHANGED: u64 = 5;
const TIMES: usize = 3;

/// The same numbers for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `sides`.
    fn throw(&mut self, sides: usize) -> usize {
        (self.next() % sides as u64) as usize
    }

    /// Often nothing, a byte, or much.
    fn bytes(&mut self) -> Vec<u8> {
        let length = match self.throw(5) {
            0 => 0,
            1 => 1,
            2 => 5000,
            _ => self.throw(200),
        };
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// What packages are made with: two real films with content credentials, and the certificate of the key.
struct Kit {
    films: Vec<(Facts, Vec<u8>)>,
    papers: String,
    believed: Believed,
}

impl Kit {
    /// Whom the checks believe: the province's authority, and the key of its receipts.
    fn make() -> Self {
        let (papers, authority) = papers(1, "xuan-lung");
        let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::from_secret([1; 32]));
        let now = clock::now().wall.plus_millis(-60_000);
        let film = |camera: &str| {
            let facts = Facts { camera: CameraId::new(camera).unwrap(), ..made::facts() };
            let credentials = Credentials::of(&signer, None, &facts.centre, now).unwrap();
            let path = made::film((folder.path(), "a.mp4"), &facts, Some(&credentials));
            (facts, std::fs::read(path).unwrap())
        };
        let films = vec![film("gate"), film("counter-1")];
        let receipts = Signer::from_secret([9; 32]).public().to_pem().unwrap();
        let believed = Believed::from_pem(&format!("{authority}{receipts}")).unwrap();
        Self { films, papers, believed }
    }

    /// Puts one of the films into the package.
    fn film(&self, which: usize, name: &str, making: &mut Making) {
        let (facts, bytes) = &self.films[which];
        making.file((name, facts.camera.as_str()), PackedKind::Film, bytes, vec![]);
        let film = making.package.files.last_mut().unwrap();
        (film.from, film.to, film.c2pa) = (facts.from, facts.to, true);
    }
}

fn package(seed: u64, kit: &Kit) -> Making {
    let (mut dice, mut making) = (Dice(seed), Making::new(1));
    let cameras = ["gate", "counter-1", "0", "hall-of-the-commune-where-people-wait-and-sit-1"];
    let stems = ["film", "Quầy số 1, sáng", "a b", "x.y", "2026-11-23_08-00-00"];
    let (mut recorded, mut known) = (Vec::new(), Vec::new());
    for n in 0..dice.throw(6) {
        let camera = cameras[dice.throw(cameras.len())];
        recorded.push((camera, format!("video/{camera}/main/2026-11-23/{n}.mp4"), dice.bytes()));
    }
    let mut number = 1;
    for (camera, path, bytes) in &recorded {
        number += dice.throw(2) as i64;
        // The last ones are not signed yet.
        if dice.throw(4) > 0 {
            known.push((number, CameraId::new(camera).unwrap(), path.clone(), digest(bytes)));
        }
    }
    for (number, camera, path, digest) in known {
        if making.hours.last().is_none_or(|hour| hour.number != number) {
            making.hours.push(MadeHour { number, files: vec![], previous: "00".repeat(32) });
        }
        making.hours.last_mut().unwrap().files.push((camera, path, digest));
    }
    for n in 0..dice.throw(4) {
        let (camera, stem) = (cameras[dice.throw(cameras.len())], stems[dice.throw(stems.len())]);
        let of_camera = recorded.iter().filter(|(of, ..)| *of == camera);
        let sources = of_camera.map(|(_, path, _)| making.source(camera, path)).collect();
        making.file((&format!("{stem}_{n}.mp4"), camera), PackedKind::Film, &dice.bytes(), sources);
        if dice.throw(2) == 0 {
            making.file(
                (&format!("stills/{stem}_{n}.jpg"), camera),
                PackedKind::Still,
                &dice.bytes(),
                vec![],
            );
            making.file((&format!("{stem}_{n}.wav"), camera), PackedKind::Sound, &dice.bytes(), vec![]);
        }
    }
    for (camera, path, bytes) in &recorded {
        if dice.throw(3) == 0 && making.source(camera, path).hour.is_some() {
            making.original(camera, path, bytes);
        }
    }
    for number in 0..dice.throw(3) as u8 {
        making.incident(number, cameras[dice.throw(cameras.len())]);
    }
    // Each of them has a certificate: nothing else says whose key it is.
    making.text(CERTIFICATE_NAME, kit.papers.as_bytes());
    if dice.throw(8) == 0 {
        kit.film(dice.throw(kit.films.len()), "sealed.mp4", &mut making);
    }
    making.text("index.html", &dice.bytes());
    if dice.throw(2) == 0 {
        making.receipted();
    }
    making
}

fn files(below: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files(&entry, into) } else { into.push(entry) }
    }
}

#[test]
fn a_thousand_untouched_packages_hold_and_a_changed_byte_anywhere_is_seen() {
    let (kit, mut changed, mut sealed) = (Kit::make(), 0, 0);
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..PACKAGES {
        let package = package(seed, &kit).sealed();
        let verdict = verify_by(package.path(), &kit.believed);
        assert!(verdict.holds(), "seed {seed}: {verdict:?}");
        sealed += usize::from(package.path().join("sealed.mp4").exists());
        if seed % CHANGED != 0 {
            continue;
        }
        let (mut dice, mut all) = (Dice(!seed), Vec::new());
        files(package.path(), &mut all);
        all.sort();
        for _ in 0..TIMES {
            let path = &all[dice.throw(all.len())];
            let whole = std::fs::read(path).unwrap();
            if whole.is_empty() {
                continue;
            }
            let (place, bit) = (dice.throw(whole.len()), dice.throw(8));
            is_seen((package.path(), path), (&whole, place, bit), &kit);
            changed += 1;
            kinds.extend(path.extension().map(|ending| ending.to_string_lossy().into_owned()));
        }
    }
    assert!(changed > 400 && sealed > 80, "{changed} and {sealed}");
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["html", "jpg", "json", "mp4", "pem", "sha256", "wav"]);
}

/// Changes a bit of a file, checks that it shows, and puts the file back.
fn is_seen((folder, path): (&Path, &Path), (whole, place, bit): (&[u8], usize, usize), kit: &Kit) {
    let mut bytes = whole.to_vec();
    bytes[place] ^= 1 << bit;
    put(path, &bytes);
    let verdict = verify_by(folder, &kit.believed);
    assert!(!verdict.is_intact, "byte {place} of {}: {verdict:?}", path.display());
    put(path, whole);
}

#[test]
fn each_byte_of_a_package_that_is_another_is_seen() {
    let kit = Kit::make();
    let mut making = Making::new(1);
    making.package.link.as_mut().unwrap().number = 30;
    making.hours = vec![hour_of(7, &[("gate", "video/gate/main/a.mp4", b"first")])];
    making.film("gate_1.mp4", "gate", &["video/gate/main/a.mp4"]);
    making.still("stills/gate_1.jpg", "gate");
    making.sound("gate_1.wav", "gate");
    making.original("gate", "video/gate/main/a.mp4", b"first");
    making.incident(1, "gate");
    making.text(CERTIFICATE_NAME, kit.papers.as_bytes());
    making.text("index.html", b"<!doctype html>");
    making.receipted();
    let package = making.sealed();
    assert!(verify_by(package.path(), &kit.believed).holds());
    let (mut all, mut changed) = (Vec::new(), 0usize);
    files(package.path(), &mut all);
    for path in &all {
        let whole = std::fs::read(path).unwrap();
        for place in 0..whole.len() {
            // One bit of each, a different one from byte to byte.
            is_seen((package.path(), path), (&whole, place, changed % 8), &kit);
            changed += 1;
        }
    }
    assert!(all.len() > 14 && changed > 15_000, "{} files, {changed} bytes", all.len());
}
