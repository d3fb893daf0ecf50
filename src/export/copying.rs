//! Bytes into a package: hashed and counted on the way, synced at the end, given up when nobody wants them any more.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Course;
use crate::disk;
use crate::play::View;

/// As much is read at once.
const PIECE: usize = 256 << 10;

/// Length and SHA-256 (hexadecimal) of what was read.
pub(super) type Measured = (u64, String);

/// Writes the view to a new file.
///
/// # Errors
/// As the file system says, with the path in the message; [`io::ErrorKind::Interrupted`] if nobody wants it any more.
pub(super) fn write_view(view: &View, path: &Path, course: &Course) -> io::Result<Measured> {
    let write = || {
        let (mut reader, mut file, mut hash) =
            (view.reader(0, view.bytes)?, File::create_new(path)?, Hash::default());
        loop {
            let bytes = reader.read()?;
            if bytes.is_empty() {
                break;
            }
            hash.take(&bytes, course)?;
            file.write_all(&bytes)?;
        }
        file.sync_all()?;
        Ok(hash.finish())
    };
    write().map_err(|e| disk::naming(path, e))
}

/// Copies a file to a new one, whose folders are made.
///
/// # Errors
/// As [`write_view`].
pub(super) fn copy(from: &Path, to: &Path, course: &Course) -> io::Result<Measured> {
    if let Some(folder) = to.parent() {
        disk::make_folder(folder)?;
    }
    let copy = || {
        let mut file = File::create_new(to)?;
        let measured = read(from, course, |bytes| file.write_all(bytes))?;
        file.sync_all()?;
        Ok(measured)
    };
    copy().map_err(|e| disk::naming(to, e))
}

/// Reads a file for its length and digest alone.
///
/// # Errors
/// As [`write_view`].
pub(super) fn measure(path: &Path, course: &Course) -> io::Result<Measured> {
    read(path, course, |_| Ok(())).map_err(|e| disk::naming(path, e))
}

fn read(path: &Path, course: &Course, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<Measured> {
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Hash::default(), vec![0u8; PIECE]);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(hash.finish());
        }
        let bytes = buffer.get(..n).unwrap_or_default();
        hash.take(bytes, course)?;
        take(bytes)?;
    }
}

#[derive(Default)]
struct Hash {
    hash: Sha256,
    bytes: u64,
}

impl Hash {
    fn take(&mut self, bytes: &[u8], course: &Course) -> io::Result<()> {
        course.goes_on()?;
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        course.did(bytes.len());
        Ok(())
    }

    fn finish(self) -> Measured {
        (self.bytes, hex::encode(self.hash.finalize()))
    }
}

/// Makes the names in a folder, and in all below it, last through a power cut.
///
/// # Errors
/// As the file system says, with the folder in the message.
pub(super) fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder).map_err(|e| disk::naming(folder, e))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| disk::naming(folder, e))
}
