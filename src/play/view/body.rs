//! Reads the bytes of a view: the header from memory, the media from the recorded files.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::{Stretch, View};
use crate::disk::naming;

/// As much is read at once.
const PIECE_BYTES: u64 = 256 << 10;

/// Reads a range of a view, piece by piece. The files are open from the beginning: what is deleted meanwhile
/// is still read to its end.
#[derive(Debug)]
pub struct Reader {
    /// Of the header, what is to be read.
    header: Vec<u8>,
    media: std::vec::IntoIter<Stretch>,
    now: Option<Stretch>,
    files: Vec<Option<File>>,
    at: u64,
    until: u64,
}

impl Reader {
    pub(super) fn open(view: &View, at: u64, until: u64) -> io::Result<Self> {
        let header = view.header.get(usize::try_from(at).unwrap_or(usize::MAX)..).unwrap_or_default();
        // The first stretch that reaches beyond the beginning.
        let first = view.media.partition_point(|stretch| stretch.at.saturating_add(stretch.bytes) <= at);
        let media: Vec<Stretch> = view.media.get(first..).unwrap_or_default().to_vec();
        let mut files: Vec<Option<File>> = Vec::new();
        files.resize_with(view.files.len(), || None);
        for stretch in media.iter().take_while(|stretch| stretch.at < until) {
            if let (Some(slot @ None), Some(path)) =
                (files.get_mut(stretch.file), view.files.get(stretch.file))
            {
                *slot = Some(File::open(path).map_err(|e| naming(path, e))?);
            }
        }
        Ok(Self { header: header.to_vec(), media: media.into_iter(), now: None, files, at, until })
    }

    /// The next bytes, none at the end of the range. May block.
    ///
    /// # Errors
    /// If a file ends before its media do, or cannot be read.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let left = self.until.saturating_sub(self.at);
        if left == 0 {
            return Ok(Vec::new());
        }
        if !self.header.is_empty() {
            let mut bytes = std::mem::take(&mut self.header);
            bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            self.at = self.at.saturating_add(bytes.len() as u64);
            return Ok(bytes);
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < PIECE_BYTES.min(left) {
            let Some(stretch) = self.now.take().or_else(|| self.media.next()) else { break };
            let passed = self.at.saturating_sub(stretch.at);
            let room = PIECE_BYTES.min(left).saturating_sub(bytes.len() as u64);
            let take = stretch.bytes.saturating_sub(passed).min(room);
            let begin = bytes.len();
            bytes.resize(begin + usize::try_from(take).map_err(io::Error::other)?, 0);
            let file =
                self.files.get(stretch.file).and_then(Option::as_ref).ok_or(io::ErrorKind::NotFound)?;
            let into = bytes.get_mut(begin..).unwrap_or_default();
            file.read_exact_at(into, stretch.offset.saturating_add(passed))?;
            self.at = self.at.saturating_add(take);
            if passed.saturating_add(take) < stretch.bytes {
                self.now = Some(stretch);
            }
        }
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}
