//! The file calls of the archive, as a trait: so that a test can put a disk under it that tears
//! writes, forgets what was not synced, and refuses.
//!
//! **What is durable when.** A new folder's name is on the disk before the first file in it is made.
//! A new file's name and its bytes are on the disk after [`OpenFile::sync`], and not before. A file
//! that was removed may come back after a power cut until [`Files::sync_folder`].

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::{self, Space, naming};

/// What is read: bytes with a place.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
}

/// A file that is being recorded.
pub trait OpenFile: Debug + Send + Sync {
    /// Writes `bytes` at `offset`. After an error any part of them may be there.
    ///
    /// # Errors
    /// As the disk says, with the path in the message.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Returns when all bytes written so far, and the file's name, survive a power cut.
    ///
    /// # Errors
    /// As the disk says. What was written since the last sync may then be lost, whatever a later
    /// sync says (fsync(2) reports an error once).
    fn sync(&self) -> io::Result<()>;
}

/// The disk below the storage path. Every call may block.
pub trait Files: Debug + Send + Sync {
    /// Makes a new file, and its folders where they are missing.
    ///
    /// # Errors
    /// As the disk says, with the path in the message; also if the file is there already.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn OpenFile>>;

    /// Opens a file to be read; it may be growing.
    ///
    /// # Errors
    /// As the disk says, with the path in the message.
    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadSeek>>;

    /// Cuts a file to `bytes`.
    ///
    /// # Errors
    /// As the disk says, with the path in the message.
    fn cut(&self, path: &Path, bytes: u64) -> io::Result<()>;

    /// Returns when a whole file, and its name, survive a power cut.
    ///
    /// # Errors
    /// As the disk says, with the path in the message.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the disk says, with the path in the message.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder if nothing is in it; otherwise it stays.
    fn remove_empty(&self, folder: &Path);

    /// Whether there is a file.
    ///
    /// # Errors
    /// As the disk says, with the path in the message; a file that is not there is no error.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// What a folder holds, by name; nothing if it is not there.
    ///
    /// # Errors
    /// As the disk says, with the path in the message.
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>>;

    /// Returns when what was made and removed in a folder survives a power cut.
    ///
    /// # Errors
    /// As the disk says, with the path in the message.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// How large the disk is and how much of it is free.
    ///
    /// # Errors
    /// As the disk says, with the path in the message.
    fn space(&self, path: &Path) -> io::Result<Space>;
}

/// The real file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealFiles;

#[derive(Debug)]
struct RealFile {
    file: File,
    path: PathBuf,
    /// Whether its name was synced.
    is_named: AtomicBool,
}

impl OpenFile for RealFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let write = || {
            let mut file = &self.file;
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(bytes)
        };
        write().map_err(|e| naming(&self.path, e))
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data().map_err(|e| naming(&self.path, e))?;
        if !self.is_named.load(Ordering::Relaxed) {
            disk::sync_folder_of(&self.path)?;
            self.is_named.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Files for RealFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn OpenFile>> {
        if let Some(folder) = path.parent() {
            make_folders(folder)?;
        }
        let made = OpenOptions::new().write(true).create_new(true).open(path);
        let file = made.map_err(|e| naming(path, e))?;
        Ok(Arc::new(RealFile { file, path: path.to_owned(), is_named: AtomicBool::new(false) }))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadSeek>> {
        Ok(Box::new(File::open(path).map_err(|e| naming(path, e))?))
    }

    fn cut(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let cut = || OpenOptions::new().write(true).open(path)?.set_len(bytes);
        cut().map_err(|e| naming(path, e))
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path).and_then(|file| file.sync_all()).map_err(|e| naming(path, e))?;
        disk::sync_folder_of(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path).map_err(|e| naming(path, e))
    }

    fn remove_empty(&self, folder: &Path) {
        // What is not empty refuses, and that is all that is asked.
        let _ = std::fs::remove_dir(folder);
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists().map_err(|e| naming(path, e))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let entries = match std::fs::read_dir(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|e| naming(folder, e))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| naming(folder, e))?;
            // A name that is no text is none of ours.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_folder = entry.file_type().map_err(|e| naming(folder, e))?.is_dir();
            found.push(Entry { name, is_folder });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder).and_then(|dir| dir.sync_all()).map_err(|e| naming(folder, e))
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        disk::space(path)
    }
}

/// Makes a folder and those above it, each name synced: a file whose folder a power cut forgets
/// would be lost with all it holds.
fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.exists() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folders(above)?;
    }
    match std::fs::create_dir(folder) {
        Ok(()) => disk::sync_folder_of(folder),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(naming(folder, e)),
    }
}
