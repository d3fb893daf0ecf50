//! A package as one ZIP file, made while it is read: nothing is compressed, because pictures and sound are already.
//!
//! A thread reads the files and writes what becomes of them into a bounded channel; a reader that does not take
//! anything for [`PATIENCE`] is given up. Files of any length (ZIP64); names as they are in the manifest.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

/// So much is read and handed on at once.
const PIECE: usize = 256 << 10;

/// So many pieces wait for the reader.
const AHEAD: usize = 8;

/// A reader that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(120);

type Piece = io::Result<Bytes>;

/// The package in `folder` as a ZIP file, piece by piece; the last piece is an error if it did not come to its end.
/// `permit` is given back when the work is over. Must be called within a runtime.
pub fn zipped(folder: &Path, permit: OwnedSemaphorePermit) -> mpsc::Receiver<Piece> {
    let (pieces, taken) = mpsc::channel(AHEAD);
    let (folder, runtime) = (folder.to_owned(), Handle::current());
    tokio::task::spawn_blocking(move || {
        let is_broken = Rc::new(Cell::new(false));
        let waiting = Vec::with_capacity(PIECE);
        let mut out = Out { pieces, runtime, waiting, is_broken: is_broken.clone() };
        let written = write(&folder, ZipWriter::new_stream(&mut out), &is_broken);
        if let Err(e) = written.and_then(|()| out.hand_on()) {
            tracing::warn!("{} could not be handed out: {e}", folder.display());
            // A reader that is there learns that this is not all.
            let _ = out.send(Err(e));
        }
        drop(permit);
    });
    taken
}

fn write(
    folder: &Path,
    mut zip: ZipWriter<StreamWriter<&mut Out>>,
    is_broken: &Cell<bool>,
) -> io::Result<()> {
    let filled = fill(folder, &mut zip);
    // What is dropped half written tries to make an end of itself.
    is_broken.set(filled.is_err());
    filled?;
    zip.finish()?;
    Ok(())
}

fn fill(folder: &Path, zip: &mut ZipWriter<StreamWriter<&mut Out>>) -> io::Result<()> {
    let mut names = Vec::new();
    names_below(folder, "", &mut names)?;
    names.sort();
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o644)
        .large_file(true);
    let mut buffer = vec![0u8; PIECE];
    for name in names {
        let mut file = File::open(folder.join(&name))?;
        zip.start_file(name, options)?;
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            zip.write_all(buffer.get(..n).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// The names of the files in a folder, and in those below it.
fn names_below(folder: &Path, below: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            names_below(folder, &format!("{name}/"), names)?;
        } else if kind.is_file() {
            names.push(name);
        } else {
            return Err(io::Error::other(format!("{name}: it is not an ordinary file")));
        }
    }
    Ok(())
}

/// Where the ZIP file goes.
struct Out {
    pieces: mpsc::Sender<Piece>,
    runtime: Handle,
    waiting: Vec<u8>,
    /// Nothing goes on any more.
    is_broken: Rc<Cell<bool>>,
}

impl Out {
    fn hand_on(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.waiting, Vec::with_capacity(PIECE));
        self.send(Ok(piece.into()))
    }

    fn send(&self, piece: Piece) -> io::Result<()> {
        let sending = self.pieces.send(piece);
        match self.runtime.block_on(async { tokio::time::timeout(PATIENCE, sending).await }) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the reader went away")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the reader takes nothing any more")),
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_broken.get() {
            return Ok(bytes.len());
        }
        let room = PIECE.saturating_sub(self.waiting.len());
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.waiting.extend_from_slice(taken);
        if self.waiting.len() >= PIECE {
            self.hand_on()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;
    use crate::disk;

    fn permit(all: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        all.clone().try_acquire_owned().unwrap()
    }

    #[tokio::test]
    async fn every_file_is_in_it_under_its_own_name_byte_by_byte() {
        let (folder, all) = (tempfile::tempdir().unwrap(), Arc::new(Semaphore::new(1)));
        let clip: Vec<u8> = (0..700_000u32).flat_map(|n| n.to_le_bytes()).collect();
        disk::write_atomically(&folder.path().join("gate_2026-11-23_08-00-00.mp4"), &clip).unwrap();
        disk::write_atomically(&folder.path().join("manifest.json"), b"{}").unwrap();
        disk::make_folder(&folder.path().join("incidents/1/closing")).unwrap();
        disk::write_atomically(&folder.path().join("incidents/1/closing/still.jpg"), b"").unwrap();
        let mut pieces = zipped(folder.path(), permit(&all));
        let mut whole = Vec::new();
        while let Some(piece) = pieces.recv().await {
            whole.extend_from_slice(&piece.unwrap());
        }
        let mut zip = zip::ZipArchive::new(io::Cursor::new(whole)).unwrap();
        assert_eq!(zip.len(), 3);
        let mut read = |name: &str| {
            let mut bytes = Vec::new();
            zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(read("gate_2026-11-23_08-00-00.mp4"), clip);
        assert_eq!(read("manifest.json"), b"{}");
        assert_eq!(read("incidents/1/closing/still.jpg"), b"");
        drop(all.acquire().await.unwrap());
    }

    #[tokio::test]
    async fn what_does_not_come_to_its_end_says_so_and_who_does_not_read_on_ends_it() {
        let (folder, all) = (tempfile::tempdir().unwrap(), Arc::new(Semaphore::new(1)));
        disk::write_atomically(&folder.path().join("a.mp4"), &vec![7; 4 << 20]).unwrap();
        let b = folder.path().join("b.mp4");
        disk::write_atomically(&b, b"b").unwrap();
        let mut pieces = zipped(folder.path(), permit(&all));
        // What waits for the reader is less than the first file, so that the second is not open yet.
        let mut last = pieces.recv().await;
        std::fs::remove_file(&b).unwrap();
        while let Some(piece) = pieces.recv().await {
            last = Some(piece);
        }
        assert!(last.unwrap().is_err());
        drop(all.acquire().await.unwrap());
        std::os::unix::fs::symlink("/etc/hostname", &b).unwrap();
        let mut pieces = zipped(folder.path(), permit(&all));
        assert!(pieces.recv().await.unwrap().is_err(), "a link is not followed");
        drop(all.acquire().await.unwrap());
        std::fs::remove_file(&b).unwrap();
        let mut pieces = zipped(folder.path(), permit(&all));
        pieces.recv().await.unwrap().unwrap();
        drop(pieces);
        drop(all.acquire().await.unwrap());
    }
}
