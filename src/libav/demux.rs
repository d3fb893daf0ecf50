//! Reads the packets of an MP4 file, recorded or clipped, in the order of the file.
//!
//! Times come out in the module's ticks whatever the file's own are, with edit lists applied. Only
//! the first video and the first AAC track are read.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ff::format::context::{Input, StreamIo};
use ffmpeg_next as ff;

use super::{AudioFormat, LibavError, Times, Track, VIDEO_TICKS, VideoCodec, VideoFormat, quiet, raw, tell};

/// A second, as libav counts where to seek.
const SEEK_TICKS: i64 = 1_000_000;

/// A file as libav may see it: only its first `len` bytes.
pub(super) struct Limited {
    pub(super) file: File,
    pub(super) at: u64,
    pub(super) len: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let n = self.file.read(buffer.get_mut(..room).unwrap_or_default())?;
        self.at = self.at.saturating_add(n as u64);
        Ok(n)
    }
}

impl Seek for Limited {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let to = match to {
            SeekFrom::End(by) => SeekFrom::Start(self.len.saturating_add_signed(by)),
            SeekFrom::Current(by) => SeekFrom::Start(self.at.saturating_add_signed(by)),
            SeekFrom::Start(at) => SeekFrom::Start(at),
        };
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

/// One packet of a file.
#[derive(Clone)]
pub struct Sample {
    /// Which track it belongs to.
    pub track: Track,
    /// When it is shown or heard, in the track's ticks.
    pub pts: i64,
    /// When it is decoded, in the track's ticks; rising in the order of the file.
    pub dts: i64,
    /// For how long, in the track's ticks.
    pub duration: i64,
    /// Whether decoding can begin here.
    pub key: bool,
    packet: ff::Packet,
}

impl Sample {
    /// Both times, as a muxer takes them.
    pub fn times(&self) -> Times {
        Times { pts: self.pts, dts: self.dts }
    }

    /// Length-prefixed units, or one AAC frame.
    pub fn data(&self) -> &[u8] {
        self.packet.data().unwrap_or_default()
    }
}

/// An open MP4 file.
pub struct Demuxer {
    input: Input,
    video: Option<(usize, ff::Rational, VideoFormat)>,
    audio: Option<(usize, ff::Rational, AudioFormat)>,
}

impl Demuxer {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read or is no media file.
    pub fn open(path: &Path) -> Result<Self, LibavError> {
        Self::open_first(path, u64::MAX)
    }

    /// Opens a file as if it ended after `bytes`: for one that is still being written.
    ///
    /// # Errors
    /// As [`Demuxer::open`].
    pub fn open_first(path: &Path, bytes: u64) -> Result<Self, LibavError> {
        quiet();
        let failed = |e: std::io::Error| LibavError::Failed {
            doing: "opening a file",
            cause: format!("{}: {e}", path.display()),
        };
        let file = File::open(path).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len().min(bytes);
        let io = tell("opening a file", StreamIo::from_read_seek(Limited { file, at: 0, len }))?;
        // The name is all that makes libav expect MP4, so that nothing else is tried on our files.
        let input = tell("opening a file", ff::format::input_from_stream(io, Some("a.mp4"), None))?;
        let (mut video, mut audio) = (None, None);
        for stream in input.streams() {
            let (at, base, parameters) = (stream.index(), stream.time_base(), stream.parameters());
            let (extradata, width, height, channels) = raw::read_parameters(&parameters);
            let codec = match parameters.id() {
                ff::codec::Id::H264 => VideoCodec::H264,
                ff::codec::Id::HEVC => VideoCodec::H265,
                ff::codec::Id::AAC if audio.is_none() => {
                    let sample_rate = u32::try_from(base.denominator()).unwrap_or(0);
                    audio = Some((at, base, AudioFormat { sample_rate, channels, extradata }));
                    continue;
                }
                _ => continue,
            };
            if video.is_none() {
                video = Some((at, base, VideoFormat { codec, width, height, extradata }));
            }
        }
        Ok(Self { input, video, audio })
    }

    /// Opens a file, to be read from a keyframe that is decoded by `at_ms`; from its beginning where none can be found.
    ///
    /// # Errors
    /// As [`Demuxer::open`].
    pub fn open_at(path: &Path, at_ms: i64) -> Result<Self, LibavError> {
        let mut opened = Self::open(path)?;
        if at_ms <= 0 {
            return Ok(opened);
        }
        let at = at_ms.saturating_mul(SEEK_TICKS / 1000);
        // What could not seek may stand anywhere.
        if opened.input.seek(at, ..at).is_ok() { Ok(opened) } else { Self::open(path) }
    }

    /// What the video track needs to be decoded, if there is one.
    pub fn video(&self) -> Option<&VideoFormat> {
        self.video.as_ref().map(|(_, _, format)| format)
    }

    /// What the sound track needs to be decoded, if there is one.
    pub fn audio(&self) -> Option<&AudioFormat> {
        self.audio.as_ref().map(|(_, _, format)| format)
    }

    /// The next packet, none at the end of the file.
    ///
    /// # Errors
    /// If the file is damaged here; asking again may find what is behind the damage, or not.
    pub fn read(&mut self) -> Result<Option<Sample>, LibavError> {
        loop {
            let mut packet = ff::Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) => {}
                Err(ff::Error::Eof) => return Ok(None),
                Err(e) => return tell("reading a file", Err(e)),
            }
            let stream = packet.stream();
            let (track, base, ticks) = match (&self.video, &self.audio) {
                (Some((at, base, _)), _) if *at == stream => (Track::Video, *base, VIDEO_TICKS),
                (_, Some((at, base, format))) if *at == stream => {
                    (Track::Audio, *base, i64::from(format.sample_rate))
                }
                _ => continue,
            };
            let (Some(pts), false) = (packet.pts(), packet.is_corrupt()) else { continue };
            let dts = rescale(packet.dts().unwrap_or(pts), base, ticks);
            let (pts, duration) = (rescale(pts, base, ticks), rescale(packet.duration(), base, ticks));
            return Ok(Some(Sample { track, pts, dts, duration, key: packet.is_key(), packet }));
        }
    }
}

/// `time` in units of `base` as ticks, to the nearest.
pub(super) fn rescale(time: i64, base: ff::Rational, ticks: i64) -> i64 {
    let (num, den) = (i128::from(base.numerator()), i128::from(base.denominator()).max(1));
    let scaled = i128::from(time) * num * i128::from(ticks);
    i64::try_from((scaled + den / 2).div_euclid(den)).unwrap_or(i64::MAX)
}
