//! The pictures, or the sound, of a replay, in the order of the replay's time.

use std::collections::VecDeque;

use crate::libav::{LibavError, MediaFile, PictureReader, SoundReader, Sounding, TakenPicture};

/// What lies further back than this, µs, was recorded by a clock that was set back: it is left out.
const BACK_US: i64 = 1_000_000;

/// Where a moment of a file's time line lies in the replay, both in µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Anchor {
    /// In the file.
    pub media: i64,
    /// In the replay.
    pub at: i64,
}

/// Files that share one time line, with an anchor each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stretch {
    /// The files, in their order.
    pub files: Vec<MediaFile>,
    /// Their anchors; the last one also holds for files without.
    pub anchors: Vec<Anchor>,
}

/// Something that reads a track piece by piece.
pub(super) trait Reader: Sized {
    /// What it gives.
    type Piece;
    /// The next piece: when it is complete (µs of the files' time line), and of which file.
    fn next(&mut self) -> Option<(i64, usize, Self::Piece)>;
    /// How many places could not be read so far.
    fn damaged(&self) -> u64;
}

impl Reader for PictureReader {
    type Piece = TakenPicture;

    fn next(&mut self) -> Option<(i64, usize, TakenPicture)> {
        self.next_picture().map(|taken| (taken.at, taken.file, taken.picture))
    }

    fn damaged(&self) -> u64 {
        PictureReader::damaged(self)
    }
}

impl Reader for SoundReader {
    type Piece = Sounding;

    fn next(&mut self) -> Option<(i64, usize, Sounding)> {
        self.next_piece().map(|piece| (piece.end(), piece.file, piece))
    }

    fn damaged(&self) -> u64 {
        SoundReader::damaged(self)
    }
}

/// How a stretch is opened.
pub(super) type Open<R> = fn(Vec<MediaFile>) -> Result<Option<R>, LibavError>;

/// One track through all its stretches.
pub(super) struct Lane<R: Reader> {
    open: Open<R>,
    stretches: VecDeque<Stretch>,
    reader: Option<(R, Vec<Anchor>)>,
    next: Option<(i64, R::Piece)>,
    last: i64,
    damaged: u64,
}

impl<R: Reader> Lane<R> {
    pub(super) fn new(stretches: Vec<Stretch>, open: Open<R>) -> Self {
        let stretches = stretches.into();
        Self { open, stretches, reader: None, next: None, last: i64::MIN, damaged: 0 }
    }

    /// A lane that goes on with what was opened already.
    pub(super) fn over(reader: Option<R>, open: Open<R>) -> Self {
        Self { reader: reader.map(|reader| (reader, Vec::new())), ..Self::new(Vec::new(), open) }
    }

    /// When the next piece is complete, in µs of the replay; none at the end.
    pub(super) fn peek(&mut self) -> Option<i64> {
        if self.next.is_none() {
            self.next = self.find();
        }
        self.next.as_ref().map(|(at, _)| *at)
    }

    /// The next piece.
    pub(super) fn take(&mut self) -> Option<(i64, R::Piece)> {
        self.peek()?;
        self.next.take()
    }

    /// Moves everything from here on.
    pub(super) fn shift(&mut self, by: i64) {
        if let Some((_, anchors)) = &mut self.reader {
            anchors.push(Anchor { media: 0, at: by });
        }
        if let Some((at, _)) = &mut self.next {
            *at = at.saturating_add(by);
            self.last = *at;
        }
    }

    /// How many places could not be read so far.
    pub(super) fn damaged(&self) -> u64 {
        let now = self.reader.as_ref().map_or(0, |(reader, _)| reader.damaged());
        self.damaged.saturating_add(now)
    }

    fn find(&mut self) -> Option<(i64, R::Piece)> {
        loop {
            let Some((reader, anchors)) = &mut self.reader else {
                let stretch = self.stretches.pop_front()?;
                match (self.open)(stretch.files) {
                    Ok(reader) => self.reader = reader.map(|reader| (reader, stretch.anchors)),
                    Err(_) => self.damaged = self.damaged.saturating_add(1),
                }
                continue;
            };
            let Some((media, file, piece)) = reader.next() else {
                self.damaged = self.damaged.saturating_add(reader.damaged());
                self.reader = None;
                continue;
            };
            let anchor = anchors.get(file).or(anchors.last()).copied().unwrap_or_default();
            let at = media.saturating_sub(anchor.media).saturating_add(anchor.at);
            if self.last != i64::MIN && at < self.last.saturating_sub(BACK_US) {
                continue;
            }
            self.last = at.max(self.last);
            return Some((self.last, piece));
        }
    }
}

impl Lane<SoundReader> {
    /// When its first sound begins: before its first piece is complete.
    pub(super) fn begins(&mut self) -> Option<i64> {
        self.peek()?;
        self.next.as_ref().map(|(_, piece)| piece.at)
    }
}
