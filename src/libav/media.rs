//! Reads one track of media files of any kind that FFmpeg knows, packet by packet.
//!
//! Such a file may come from anywhere and may be damaged or made to do harm: nothing that it names
//! is opened, a damaged place is passed over, and where nothing more can be read it ends. Pictures
//! and sound are read by a reader each ([`super::PictureReader`], [`super::SoundReader`]), so that no
//! file has to hold them side by side.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;

use ff::codec::Parameters;
use ff::format::context::{Input, StreamIo};
use ff::media::Type;
use ffmpeg_next as ff;

use super::demux::{Limited, rescale};
use super::{LibavError, quiet, raw, tell};

/// So many refusals in a row, and there is nothing more to be read.
const REFUSALS: u32 = 200;

/// Microseconds in a second: the ticks of all times here.
const MICROS: i64 = 1_000_000;

/// A file to be read, or its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// Where it is.
    pub path: PathBuf,
    /// It is read as if it ended after so many bytes: for one that is still being written.
    pub bytes: u64,
}

impl MediaFile {
    /// The whole file.
    pub fn whole(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), bytes: u64::MAX }
    }
}

/// One track of one open file.
pub(super) struct OpenTrack {
    input: Input,
    index: usize,
    base: ff::Rational,
    refusals: u32,
    pub(super) parameters: Parameters,
    /// The usual time from a picture to the next, µs.
    pub(super) step: i64,
}

impl OpenTrack {
    /// Opens the first track of this kind that can be decoded; none if the file has no such track.
    fn open(file: &MediaFile, kind: Type) -> Result<Option<Self>, LibavError> {
        quiet();
        let doing = "opening a media file";
        let naming =
            |cause: String| LibavError::Failed { doing, cause: format!("{}: {cause}", file.path.display()) };
        let opened = File::open(&file.path).map_err(|e| naming(e.to_string()))?;
        let about = opened.metadata().map_err(|e| naming(e.to_string()))?;
        if !about.is_file() {
            return Err(naming("not a file".into()));
        }
        let limited = Limited { file: opened, at: 0, len: about.len().min(file.bytes) };
        let io = tell(doing, StreamIo::from_read_seek(limited))?;
        // A file that is a list of others would have them opened: of no kind may anything be opened.
        let mut options = ff::Dictionary::new();
        options.set("protocol_whitelist", "none");
        let input = ff::format::input_from_stream(io, Some(&name_for(file)), Some(options));
        let mut input = input.map_err(|e| naming(e.to_string()))?;
        let wanted = |stream: &ff::Stream<'_>| {
            let parameters = stream.parameters();
            parameters.medium() == kind
                && !stream.disposition().contains(ff::format::stream::Disposition::ATTACHED_PIC)
                && ff::decoder::find(parameters.id()).is_some()
        };
        let Some(stream) = input.streams().find(wanted) else { return Ok(None) };
        let (index, base, parameters) = (stream.index(), stream.time_base(), stream.parameters());
        let rate = stream.avg_frame_rate();
        let step = match (i64::from(rate.numerator()), i64::from(rate.denominator())) {
            (num @ 1.., den @ 1..) => MICROS.saturating_mul(den) / num,
            _ => MICROS / 25,
        };
        raw::read_only(&mut input, index);
        Ok(Some(Self { input, index, base, refusals: 0, parameters, step: step.clamp(1, MICROS) }))
    }

    /// The next packet; none when nothing more can be read.
    fn next(&mut self, damaged: &mut u64) -> Option<ff::Packet> {
        while self.refusals < REFUSALS {
            let mut packet = ff::Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() == self.index => {
                    self.refusals = 0;
                    return Some(packet);
                }
                Ok(()) => {}
                Err(ff::Error::Eof) => return None,
                Err(_) => {
                    self.refusals += 1;
                    *damaged = damaged.saturating_add(1);
                }
            }
        }
        None
    }

    /// A stamp of this track in µs.
    pub(super) fn micros(&self, stamp: i64) -> i64 {
        rescale(stamp, self.base, MICROS)
    }

    pub(super) fn base(&self) -> ff::Rational {
        self.base
    }
}

/// libav may look at how a file is called when its bytes do not tell what it is.
fn name_for(file: &MediaFile) -> String {
    let ending = file.path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_plain = (1..=8).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_plain { format!("media.{ending}") } else { "media".to_owned() }
}

/// What is next in a list of files.
pub(super) enum Next {
    /// A packet of the open file.
    Packet(ff::Packet),
    /// Another file was opened.
    File,
    /// There is nothing more.
    End,
}

/// One track through files that follow each other.
pub(super) struct Tracks {
    kind: Type,
    files: VecDeque<MediaFile>,
    /// The file that is read, or was last.
    pub(super) open: OpenTrack,
    /// Which of the files that is, counted from 0.
    pub(super) at: usize,
    /// Places where nothing could be read or decoded.
    pub(super) damaged: u64,
}

impl Tracks {
    /// Opens the first file that has such a track; `None` if none has.
    ///
    /// # Errors
    /// If not one of the files can be opened.
    pub(super) fn open(files: Vec<MediaFile>, kind: Type) -> Result<Option<Self>, LibavError> {
        let (mut files, mut at, mut refused, mut was_opened) = (VecDeque::from(files), 0, None, false);
        while let Some(file) = files.pop_front() {
            match OpenTrack::open(&file, kind) {
                Ok(Some(open)) => {
                    let damaged = u64::from(refused.is_some());
                    return Ok(Some(Self { kind, files, open, at, damaged }));
                }
                Ok(None) => was_opened = true,
                Err(e) => refused = Some(e),
            }
            at += 1;
        }
        match refused {
            Some(e) if !was_opened => Err(e),
            _ => Ok(None),
        }
    }

    pub(super) fn next(&mut self) -> Next {
        if let Some(packet) = self.open.next(&mut self.damaged) {
            return Next::Packet(packet);
        }
        while let Some(file) = self.files.pop_front() {
            self.at += 1;
            match OpenTrack::open(&file, self.kind) {
                Ok(Some(open)) => {
                    self.open = open;
                    return Next::File;
                }
                Ok(None) => {}
                Err(_) => self.damaged = self.damaged.saturating_add(1),
            }
        }
        Next::End
    }
}
