//! A thousand made-up packages: each holds as it is, and none with a single byte of it changed.

use std::path::{Path, PathBuf};

use super::made::{MadeHour, Making, digest, put, trust};
use super::verify;
use crate::evidence::export::PackedKind;
use crate::model::CameraId;

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

fn package(seed: u64) -> Making {
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
    let (trust, mut changed, mut kinds) = (trust(1), 0, std::collections::BTreeSet::new());
    for seed in 0..PACKAGES {
        let package = package(seed).sealed();
        let verdict = verify(package.path(), Some(&trust));
        assert!(verdict.holds(), "seed {seed}: {verdict:?}");
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
            let (mut bytes, place) = (whole.clone(), dice.throw(whole.len()));
            bytes[place] ^= 1 << dice.throw(8);
            put(path, &bytes);
            let verdict = verify(package.path(), Some(&trust));
            assert!(!verdict.is_intact, "seed {seed}, byte {place} of {}: {verdict:?}", path.display());
            put(path, &whole);
            changed += 1;
            kinds.extend(path.extension().map(|ending| ending.to_string_lossy().into_owned()));
        }
    }
    assert!(changed > 400, "{changed}");
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["html", "jpg", "json", "mp4", "sha256", "wav"]);
}
