//! Bytes into a package: hashed and counted on the way, synced at the end, given up when nobody wants them any more.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::sync_channel;

use sha2::{Digest, Sha256};

use super::Course;
use crate::disk;
use crate::play::View;

/// As much is read at once.
const PIECE: usize = 256 << 10;

/// As much is written before the disk is asked to take it.
const SYNCED_EVERY: u64 = 32 << 20;

/// Length and SHA-256 (hexadecimal) of what was read.
pub(super) type Measured = (u64, String);

/// Writes the view to a new file; `at` is told before each piece where that begins.
///
/// # Errors
/// As the file system says, with the path in the message; [`io::ErrorKind::Interrupted`] if nobody wants it any more.
pub(super) fn write_view(
    view: &View,
    path: &Path,
    course: &Course,
    mut at: impl FnMut(u64),
) -> io::Result<Measured> {
    let mut write = || {
        let (file, mut hash) = (File::create_new(path)?, Hash::default());
        copy_view(view, &file, |from, bytes| {
            at(from);
            hash.take(bytes, course)
        })?;
        file.sync_all()?;
        Ok(hash.finish())
    };
    write().map_err(|e| disk::naming(path, e))
}

/// Writes the view to an open file; `take` has each piece, with where it begins, before it is written. Meanwhile what is
/// written goes to the disk: all of it at once at the end would hold up whoever records beside.
///
/// # Errors
/// As the file system says, or `take`.
pub(super) fn copy_view(
    view: &View,
    file: &File,
    mut take: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (mut reader, mut out) = (view.reader(0, view.bytes)?, file);
    std::thread::scope(|scope| {
        let (tell, told) = sync_channel::<()>(1);
        let syncing = scope.spawn(move || told.iter().try_for_each(|()| file.sync_data()));
        let (mut at, mut unsynced) = (0u64, 0u64);
        let mut copy = || {
            loop {
                let bytes = reader.read()?;
                if bytes.is_empty() {
                    return Ok(());
                }
                take(at, &bytes)?;
                out.write_all(&bytes)?;
                at = at.saturating_add(bytes.len() as u64);
                unsynced = unsynced.saturating_add(bytes.len() as u64);
                if unsynced >= SYNCED_EVERY {
                    unsynced = 0;
                    // If it is still at the last one, the next will do.
                    let _ = tell.try_send(());
                }
            }
        };
        let copied = copy();
        drop(tell);
        // What a sync failed on, the one at the end does not tell again.
        let synced = syncing.join().unwrap_or_else(|_| Err(io::Error::other("the sync failed")));
        copied.and(synced)
    })
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
