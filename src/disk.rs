//! Files that are either whole or not there, the storage lock, and free space.
//!
//! A file is written beside its name, synced, renamed, and its folder synced: after a power cut
//! there is the old file or the new one, never half of one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Writes `bytes` to `path` so that a power cut leaves the old content or the new, never a part.
///
/// # Errors
/// As the file system says, with the path in the message.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, 0o640)
}

/// As [`write_atomically`], readable by the owner alone: for keys.
///
/// # Errors
/// As the file system says, with the path in the message.
pub fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, 0o600)
}

fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let part = beside(path, "part");
    let written = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode);
        options.open(&part)?.write_all(bytes)
    })();
    written.map_err(|e| naming(&part, e))?;
    publish(&part, path)
}

/// Gives the finished file `part` its name `path`: synced, renamed, and the folder synced.
///
/// # Errors
/// As the file system says, with the path in the message.
#[expect(clippy::disallowed_methods, reason = "the one place that renames, with its syncs")]
pub fn publish(part: &Path, path: &Path) -> io::Result<()> {
    File::open(part).and_then(|file| file.sync_all()).map_err(|e| naming(part, e))?;
    std::fs::rename(part, path).map_err(|e| naming(path, e))?;
    sync_folder_of(path)
}

/// Makes the names in the folder of `path` last through a power cut.
///
/// # Errors
/// As the file system says, with the folder in the message.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(|e| naming(folder, e))
}

/// Makes a folder and those above it.
///
/// # Errors
/// As the file system says, with the path in the message.
pub fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path).map_err(|e| naming(path, e))
}

/// `clip.mp4` → `clip.mp4.part`.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The same error, its message beginning with the path.
pub fn naming(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Length and SHA-256 of a file.
///
/// # Errors
/// As the file system says, with the path in the message.
pub fn measure(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let read = || {
        let mut file = File::open(path)?;
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0u64, vec![0u8; 256 * 1024]);
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                return Ok((size, hash.finalize().into()));
            }
            hash.update(buffer.get(..n).unwrap_or_default());
            size += n as u64;
        }
    };
    read().map_err(|e| naming(path, e))
}

/// Space on the file system of `path`, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What an ordinary user may still write.
    pub free: u64,
    /// The size of the whole file system.
    pub total: u64,
}

/// Asks the file system that holds `path`.
///
/// # Errors
/// As the file system says, with the path in the message.
pub fn space(path: &Path) -> io::Result<Space> {
    let stat = rustix::fs::statvfs(path).map_err(|e| naming(path, e.into()))?;
    Ok(Space { free: stat.f_bavail * stat.f_frsize, total: stat.f_blocks * stat.f_frsize })
}

/// The right to write to a storage path; given back when dropped or when the process ends.
#[derive(Debug)]
pub struct StorageLock {
    file: File,
    predecessor_died: bool,
}

impl StorageLock {
    /// Whether the process that had the storage before this one ended without giving it back: it
    /// was killed, failed, or the power did.
    pub fn predecessor_died(&self) -> bool {
        self.predecessor_died
    }

    /// Gives the storage back at an orderly end, so that the next process knows of it.
    pub fn give_back(self) {
        // If this fails the disk has failed too, and a restart that says so is right.
        let _ = self.file.set_len(0).and_then(|()| self.file.sync_all());
    }
}

/// Why a storage path cannot be owned.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{path} is in use by {holder}; stop that one first, or give this one another path")]
    Held {
        /// The storage path.
        path: String,
        /// What the other process said of itself.
        holder: String,
    },
    /// The lock file cannot be made.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Takes the storage at `folder` for this process. `role` is told to whoever comes second.
///
/// # Errors
/// [`LockError::Held`] if another process has it.
pub fn lock_storage(folder: &Path, role: &str) -> Result<StorageLock, LockError> {
    make_folder(folder)?;
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(|e| naming(&path, e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.take(200).read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
            let (path, holder) = (folder.display().to_string(), holder.to_owned());
            return Err(LockError::Held { path, holder });
        }
        Err(TryLockError::Error(e)) => return Err(LockError::Io(naming(&path, e))),
    }
    let predecessor_died = file.metadata()?.len() > 0;
    file.set_len(0)?;
    writeln!(file, "quaywatch {role}, process {}", std::process::id())?;
    // After a power cut the next process is to know that it was one.
    file.sync_all()?;
    Ok(StorageLock { file, predecessor_died })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_told_who_has_the_storage() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock_storage(folder.path(), "edge").unwrap();
        let told = lock_storage(folder.path(), "edge").unwrap_err().to_string();
        assert!(told.contains(&format!("quaywatch edge, process {}", std::process::id())), "{told}");
        drop(first);
        lock_storage(folder.path(), "edge").unwrap();
    }

    #[test]
    fn whoever_comes_after_a_process_that_did_not_end_in_order_knows_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock_storage(folder.path(), "edge").unwrap();
        assert!(!first.predecessor_died(), "there was none");
        drop(first);
        let second = lock_storage(folder.path(), "edge").unwrap();
        assert!(second.predecessor_died());
        second.give_back();
        assert!(!lock_storage(folder.path(), "edge").unwrap().predecessor_died());
    }

    #[test]
    fn a_written_file_replaces_the_old_one_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_error_names_the_path() {
        let told = write_atomically(Path::new("/nowhere/a.json"), b"").unwrap_err().to_string();
        assert!(told.starts_with("/nowhere/a.json.part: "), "{told}");
    }

    #[test]
    fn measuring_gives_length_and_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        write_atomically(&path, b"abc").unwrap();
        let (size, digest) = measure(&path).unwrap();
        assert_eq!(size, 3);
        assert!(hex::encode(digest).starts_with("ba7816bf"));
    }
}
