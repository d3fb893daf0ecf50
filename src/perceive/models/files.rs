//! Where the model files are, and that they are the right ones.
//!
//! Set-up builds them from registry packages, the same bytes every time. Decoding their answers
//! depends on every number in them, so that only exactly those bytes are taken.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::ModelError;

/// Where a package puts the models of the whole machine.
const SYSTEM_FOLDER: &str = "/usr/share/quaywatch/models";

/// How many folders above the program's own are looked into.
const LEVELS_ABOVE: usize = 2;

/// No model is larger; what is is not read.
const MAX_BYTES: u64 = 64 << 20;

/// A file that set-up makes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// NanoDet-g.
    People,
    /// Silero VAD.
    Speech,
    /// YAMNet.
    Sounds,
    /// What its 521 answers are called.
    SoundNames,
}

impl Kind {
    /// The file's name and its SHA-256.
    pub(super) fn pinned(self) -> (&'static str, &'static str) {
        match self {
            Kind::People => {
                ("nanodet-g.onnx", "a5cb5817a178dcc6f3a0be382d7fc0bb0bb8beaff9411ae8fa6e9e78bb73b1ab")
            }
            Kind::Speech => {
                ("silero_vad_16k.onnx", "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85")
            }
            Kind::Sounds => {
                ("yamnet.onnx", "a16544685e583ddead19e3a95581c8ea030fa596ee617d06b4411b5d83799920")
            }
            Kind::SoundNames => {
                ("yamnet_class_map.csv", "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2")
            }
        }
    }
}

/// The folder of the models, if there is one.
#[derive(Debug)]
pub(super) struct Folder(Result<PathBuf, Vec<PathBuf>>);

impl Folder {
    /// The one that the config names, whatever it holds; else the first that exists of those near the
    /// program and the machine's own.
    pub(super) fn find(named: Option<&Path>) -> Self {
        if let Some(named) = named {
            return Self(Ok(named.to_owned()));
        }
        let program = std::env::current_exe().unwrap_or_default();
        let above = program.ancestors().skip(1).take(LEVELS_ABOVE + 1);
        let mut places: Vec<_> = above.map(|folder| folder.join("models")).collect();
        places.push(SYSTEM_FOLDER.into());
        Self(places.iter().find(|place| place.is_dir()).cloned().ok_or(places))
    }

    /// One of its files; whether it is there and right is seen when it is read.
    pub(super) fn file(&self, kind: Kind) -> Result<ModelFile, ModelError> {
        let folder = self.0.as_ref();
        let folder = folder.map_err(|looked_in| ModelError::NoFolder { looked_in: looked_in.clone() })?;
        let (name, sha256) = kind.pinned();
        Ok(ModelFile { path: folder.join(name), sha256 })
    }
}

/// A file of a model, known by its digest.
#[derive(Debug, Clone)]
pub(super) struct ModelFile {
    path: PathBuf,
    sha256: &'static str,
}

impl ModelFile {
    /// Its bytes, which are the right ones.
    pub(super) fn read(&self) -> Result<Vec<u8>, ModelError> {
        let unreadable =
            |e: std::io::Error| ModelError::Unreadable { file: self.path.clone(), why: e.to_string() };
        let mut bytes = Vec::new();
        let opened = File::open(&self.path).map_err(unreadable)?;
        opened.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
        if hex::encode(Sha256::digest(&bytes)) != self.sha256 {
            return Err(ModelError::Damaged { file: self.path.clone() });
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PINNED: &str = include_str!("../../../deploy/models/pinned.py");

    #[test]
    fn the_files_that_are_taken_are_those_that_set_up_makes() {
        for kind in [Kind::People, Kind::Speech, Kind::Sounds, Kind::SoundNames] {
            let (name, sha256) = kind.pinned();
            assert!(PINNED.contains(name) && PINNED.contains(sha256), "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_named_is_the_only_one_and_else_those_near_the_program_come_first() {
        let named = Folder::find(Some(Path::new("/named")));
        assert_eq!(named.file(Kind::People).unwrap().path, Path::new("/named/nanodet-g.onnx"));
        // A test runs in target/debug/deps, near which there are no models.
        let Err(places) = Folder::find(None).0 else { return };
        let program = std::env::current_exe().unwrap();
        assert_eq!(places[0], program.parent().unwrap().join("models"));
        assert_eq!(places[2], program.ancestors().nth(3).unwrap().join("models"));
        assert_eq!(places[3], Path::new(SYSTEM_FOLDER));
        assert_eq!(places.len(), 4);
    }
}
