//! One ordinary MP4 of any range, without making it: a header of its own, then ranges of the recorded files.
//!
//! The header is made from the fragments' sample lists, which are read from the files; the media are read when
//! they are sent. So its length is known before the first byte, and any range of it can be asked for.

mod body;

mod choose;

mod header;

mod table;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use body::Reader;

use super::files::header_of;
use super::fragment::{read_samples, read_table};
use super::{Group, Recording};
use crate::model::Wall;
use crate::record::header::{FileHeader, TrackHeader};
use crate::record::salvage::Fragment;
use crate::record::sample_table::Both;
use choose::{Chooser, Source};
use header::Header;

/// Bytes that stand one behind the other in a file and in the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    /// Where they begin in the view.
    at: u64,
    file: usize,
    offset: u64,
    bytes: u64,
}

/// A part of the range that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The first moment of it.
    pub from: Wall,
    /// The moment after it.
    pub to: Wall,
}

/// One MP4, ready to be read.
#[derive(Debug, Clone)]
pub struct View {
    header: Vec<u8>,
    /// Where it has a `free` box for what is put there later, behind `ftyp`; empty if none was asked for.
    pub room: Range<u64>,
    media: Vec<Stretch>,
    files: Vec<PathBuf>,
    /// How long the whole is.
    pub bytes: u64,
    /// The first picture that is shown.
    pub from: Wall,
    /// The end of the last.
    pub to: Wall,
    /// How long it plays, in ms.
    pub duration_ms: i64,
    /// Whether it has sound.
    pub has_sound: bool,
    /// Whether its picture is H.265, which not every player can show.
    pub is_h265: bool,
    /// What of the range is damaged and left out.
    pub missing: Vec<Missing>,
    /// Names exactly these bytes.
    pub etag: String,
}

/// Why there is no view.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// No picture of the range is recorded.
    #[error("nothing is recorded in this range")]
    Nothing,
    /// One file has one way of coding.
    #[error(
        "the camera's {what} format changes at {at}: ask for what is before and what is behind that apart"
    )]
    Changes {
        /// `picture` or `sound`.
        what: &'static str,
        /// The first picture in the new format.
        at: Wall,
    },
}

/// A file that is read.
struct Opened {
    file: File,
    header: FileHeader,
    /// The samples of its fragments, if they stand at its end.
    table: Option<Vec<Both>>,
}

impl Opened {
    fn samples(&self, n: usize, fragment: &Fragment) -> Option<Cow<'_, Both>> {
        match self.table.as_ref().and_then(|table| table.get(n)) {
            Some(both) => Some(Cow::Borrowed(both)),
            None => read_samples(&self.file, fragment, &self.header).map(Cow::Owned),
        }
    }
}

/// What is known while a view is made.
#[derive(Default)]
struct Making {
    chosen: Chooser,
    video: Option<TrackHeader>,
    audio: Option<TrackHeader>,
    files: Vec<PathBuf>,
    missing: Vec<Missing>,
    from: Option<Wall>,
    to: Option<Wall>,
    /// Whether what follows does not go on where the samples before ended.
    leaps: bool,
}

impl View {
    /// Makes the header for what was shown within `[from, to)`: `groups` of `recordings`
    /// ([`super::groups_to_cut`]), which lie below `storage`. Reads from the files, so it may block.
    ///
    /// # Errors
    /// [`ViewError`]; what is damaged is none, it is told in [`View::missing`].
    pub fn make(
        storage: &Path,
        recordings: &[Recording],
        groups: &[Group],
        range: (Wall, Wall),
    ) -> Result<Self, ViewError> {
        Self::make_with_room(storage, recordings, groups, range, &|_| 0)
    }

    /// The same with room in the header ([`View::room`]): `room` says how many bytes of it, given those of the media.
    ///
    /// # Errors
    /// As [`View::make`].
    pub fn make_with_room(
        storage: &Path,
        recordings: &[Recording],
        groups: &[Group],
        (from, to): (Wall, Wall),
        room: &dyn Fn(u64) -> u64,
    ) -> Result<Self, ViewError> {
        let mut making = Making::default();
        let mut open: Option<(usize, Opened)> = None;
        for group in groups {
            let Some(recording) = recordings.get(group.recording) else { continue };
            if open.as_ref().is_none_or(|(at, ..)| *at != group.recording) {
                let path = storage.join(&recording.row.path);
                open = match (File::open(&path), header_of(&path)) {
                    (Ok(file), Ok(header)) => {
                        making.begin(group, path, &header)?;
                        let table = match recording.is_growing {
                            true => None,
                            false => read_table(&file, &recording.fragments),
                        };
                        Some((group.recording, Opened { file, header, table }))
                    }
                    _ => None,
                };
            }
            let Some((_, opened)) = &open else {
                making.misses(group.wall, group.wall_end.min(to));
                continue;
            };
            making.take(recording, group, opened, (from, to));
            if making.chosen.is_full(opened.header.audio.is_some()) {
                break;
            }
        }
        making.finish(room)
    }

    /// Where the media begin: what stands before is the header.
    pub fn media_at(&self) -> u64 {
        self.header.len() as u64
    }

    /// The recorded files that something of it is read from, in their order, each with where in it that begins.
    pub fn sources(&self) -> Vec<(u64, &Path)> {
        let (mut sources, mut known) = (Vec::new(), BTreeSet::new());
        for stretch in &self.media {
            if let Some(path) = self.files.get(stretch.file)
                && known.insert(path.as_path())
            {
                sources.push((stretch.at, path.as_path()));
            }
        }
        sources
    }

    /// Opens the files, to read from the byte `at` on.
    ///
    /// # Errors
    /// As the file system says, with the path in the message.
    pub fn reader(&self, at: u64, until: u64) -> std::io::Result<Reader> {
        Reader::open(self, at, until)
    }
}

impl Making {
    /// A file begins.
    fn begin(&mut self, group: &Group, path: PathBuf, header: &FileHeader) -> Result<(), ViewError> {
        match &self.video {
            Some(video) if video.stsd != header.video.stsd => {
                return Err(ViewError::Changes { what: "picture", at: group.wall });
            }
            Some(_) => {}
            None => self.video = Some(header.video.clone()),
        }
        match (&self.audio, &header.audio) {
            (Some(known), Some(new)) if known.stsd != new.stsd => {
                return Err(ViewError::Changes { what: "sound", at: group.wall });
            }
            (None, Some(new)) => self.audio = Some(new.clone()),
            _ => {}
        }
        self.files.push(path);
        Ok(())
    }

    fn take(&mut self, recording: &Recording, group: &Group, opened: &Opened, (from, to): (Wall, Wall)) {
        let header = &opened.header;
        let ticks = |wall: Wall| {
            recording.row.media_start.saturating_add(wall.millis_since(recording.start).saturating_mul(90))
        };
        let source = Source {
            file: self.files.len().saturating_sub(1),
            from: ticks(from),
            to: ticks(to),
            sound_rate: header.audio.as_ref().map_or(0, |audio| i64::from(audio.timescale)),
        };
        if group.leaps || std::mem::take(&mut self.leaps) {
            self.chosen.leap();
        }
        let before = self.chosen.shown();
        let mut read_until = group.wall;
        for n in group.fragments.clone() {
            let Some(fragment) = recording.fragments.get(n) else { break };
            let Some(both) = opened.samples(n, fragment) else {
                self.misses(read_until, group.wall_end.min(to));
                break;
            };
            both.0.iter().for_each(|sample| self.chosen.picture(&source, sample));
            both.1.iter().for_each(|sample| self.chosen.sound(&source, sample));
            if self.chosen.is_full(header.audio.is_some()) {
                break;
            }
            if let Some(start) = fragment.video_start {
                read_until = recording.wall(start.saturating_add(fragment.video_duration));
            }
        }
        if let Some((first, until)) = self.chosen.shown().filter(|after| Some(*after) != before) {
            // What is new in it was shown by this file's own time.
            let wall = |at: i64| recording.wall(self.chosen.recorded(at));
            self.from = self.from.or_else(|| Some(wall(first)));
            self.to = Some(wall(until));
        }
    }

    /// What cannot be read is left out; what follows is put behind what was before.
    fn misses(&mut self, from: Wall, to: Wall) {
        self.leaps = true;
        if from < to {
            self.missing.push(Missing { from, to });
        }
    }

    fn finish(self, room: &dyn Fn(u64) -> u64) -> Result<View, ViewError> {
        let (Some(video), Some((shown_from, shown_until))) = (&self.video, self.chosen.shown()) else {
            return Err(ViewError::Nothing);
        };
        let has_sound = !self.chosen.audio.is_empty();
        let order = header::order(&self.chosen.video, &self.chosen.audio);
        let room = room(header::bytes(&order));
        let header = header::header(self.chosen, &order, video, self.audio.as_ref(), room);
        let Header { bytes: header, room } = header.ok_or(ViewError::Nothing)?;
        let (mut media, mut at): (Vec<Stretch>, u64) = (Vec::new(), header.len() as u64);
        for (_, chunk) in order {
            let follows = |last: &&mut Stretch| {
                last.file == chunk.file && last.offset.saturating_add(last.bytes) == chunk.offset
            };
            match media.last_mut().filter(follows) {
                Some(last) => last.bytes = last.bytes.saturating_add(chunk.bytes),
                None => {
                    media.push(Stretch { at, file: chunk.file, offset: chunk.offset, bytes: chunk.bytes })
                }
            }
            at = at.saturating_add(chunk.bytes);
        }
        let mut hash = Sha256::new();
        hash.update(&header);
        for file in &self.files {
            hash.update(file.as_os_str().as_encoded_bytes());
        }
        for stretch in &media {
            hash.update(stretch.offset.to_be_bytes());
        }
        let etag = hex::encode(hash.finalize()).split_off(32);
        Ok(View {
            header,
            room,
            media,
            files: self.files,
            bytes: at,
            from: self.from.unwrap_or_default(),
            to: self.to.unwrap_or_default(),
            duration_ms: shown_until.saturating_sub(shown_from) / 90,
            has_sound,
            is_h265: matches!(video.stsd.get(20..24), Some(b"hvc1" | b"hev1")),
            missing: self.missing,
            etag: format!("\"{etag}\""),
        })
    }
}

#[cfg(test)]
mod tests;
