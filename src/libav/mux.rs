//! Packets in, MP4 out: the growing fragments of a recording, and the ordinary file of a clip.
//!
//! [`FragmentMuxer`] touches no file: it hands out bytes, always whole fragments (`moof` and
//! `mdat`), so that whoever writes them decides when they are on disk. A fragment ends at a keyframe
//! or after 0.5 s; a process that is killed loses at most that. Decode times are the caller's times
//! unchanged, so files of one connection run on and can be played as one stream.
//! [`FileMuxer`] writes an MP4 with its index in front, for people and browsers.
//!
//! A decode time that is not later than the one before by at most half a second is moved to just after
//! it (cameras repeat and swap stamps), and the presentation time is never before it; anything else
//! that cannot be in one file is [`LibavError::Time`].

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ff::format::context::{Output, StreamIo};
use ffmpeg_next as ff;

use super::raw::{self, Outgoing};
use super::{AudioFormat, LibavError, Times, Track, VIDEO_TICKS, VideoCodec, VideoFormat, quiet, tell};

/// What libavformat has written and nobody has taken yet. The lock is never contended: writer and
/// reader are the same muxer.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Makes fragmented MP4 of one camera connection's packets.
pub struct FragmentMuxer {
    tracks: Tracks,
    sink: Sink,
}

impl FragmentMuxer {
    /// Begins a file; its header is the first thing to [`take`](Self::take_bytes).
    ///
    /// # Errors
    /// [`LibavError::Unsupported`] if a format has no `avcC`, `hvcC` or AudioSpecificConfig.
    pub fn new(video: &VideoFormat, audio: Option<&AudioFormat>) -> Result<Self, LibavError> {
        quiet();
        let sink = Sink::default();
        let io = tell("making a muxer", StreamIo::from_write(sink.clone()))?;
        let output = tell("making a muxer", ff::format::output_to_stream(io, None, Some("mp4")))?;
        let options = [
            ("movflags", "frag_keyframe+empty_moov+default_base_moof+frag_discont"),
            ("frag_duration", "500000"),
            ("flush_packets", "1"),
            ("avoid_negative_ts", "disabled"),
            ("use_editlist", "0"),
            ("fflags", "-autobsf"),
        ];
        Ok(Self { tracks: Tracks::begin(output, video, audio, &options)?, sink })
    }

    /// Adds one packet, in the order of decoding: `times` and `duration` in the track's ticks from the
    /// connection's zero, `data` length-prefixed units or one raw AAC frame.
    ///
    /// # Errors
    /// [`LibavError::Time`] if the decode time cannot be in this file, [`LibavError::Unsupported`] if it has no
    /// such track. The muxer stays usable.
    pub fn write(
        &mut self,
        track: Track,
        times: Times,
        duration: i64,
        key: bool,
        data: &[u8],
    ) -> Result<(), LibavError> {
        self.tracks.write(track, times, duration, key, data)
    }

    /// The bytes that are ready for the file, often none: the header, then whole fragments.
    pub fn take_bytes(&mut self) -> Vec<u8> {
        self.sink.take()
    }

    /// Ends the file: the bytes that are still to be written.
    ///
    /// # Errors
    /// As libav says.
    pub fn finish(mut self) -> Result<Vec<u8>, LibavError> {
        tell("ending a file", self.tracks.output.write_trailer())?;
        Ok(self.sink.take())
    }
}

/// Writes an ordinary MP4 whose index stands before its media.
pub struct FileMuxer {
    tracks: Tracks,
}

impl FileMuxer {
    /// Begins the file at `path`, replacing what is there.
    ///
    /// # Errors
    /// As [`FragmentMuxer::new`], and as the file system says.
    pub fn create(path: &Path, video: &VideoFormat, audio: Option<&AudioFormat>) -> Result<Self, LibavError> {
        quiet();
        // The bindings take a path as text.
        let name = path.to_str().ok_or_else(|| LibavError::Unsupported(format!("the path {path:?}")))?;
        let output = tell("creating a file", ff::format::output_as(name, "mp4"))?;
        let options = [("movflags", "faststart"), ("fflags", "-autobsf")];
        Ok(Self { tracks: Tracks::begin(output, video, audio, &options)? })
    }

    /// As [`FragmentMuxer::write`]; times count from the file's zero.
    ///
    /// # Errors
    /// As [`FragmentMuxer::write`].
    pub fn write(
        &mut self,
        track: Track,
        times: Times,
        duration: i64,
        key: bool,
        data: &[u8],
    ) -> Result<(), LibavError> {
        self.tracks.write(track, times, duration, key, data)
    }

    /// Writes the index; without it the file cannot be played.
    ///
    /// # Errors
    /// As the file system says.
    pub fn finish(mut self) -> Result<(), LibavError> {
        tell("ending a file", self.tracks.output.write_trailer())
    }
}

/// An output whose header is written, and where each of its tracks stands.
struct Tracks {
    output: Output,
    video: Position,
    audio: Option<Position>,
}

struct Position {
    track: Track,
    stream: i32,
    ticks: i64,
    last: Option<i64>,
}

impl Tracks {
    fn begin(
        mut output: Output,
        video: &VideoFormat,
        audio: Option<&AudioFormat>,
        options: &[(&str, &str)],
    ) -> Result<Self, LibavError> {
        let (least, tag) = match video.codec {
            VideoCodec::H264 => (7, b"avc1"),
            VideoCodec::H265 => (23, b"hvc1"),
        };
        // Version 1 in the first byte tells avcC and hvcC from a start code, which libav would take
        // as a wish to have every packet rewritten.
        if video.extradata.len() < least || video.extradata.first() != Some(&1) {
            return Err(LibavError::Unsupported("video without avcC or hvcC".into()));
        }
        let parameters = raw::video_parameters(video)?;
        let video = Position::add(&mut output, Track::Video, &parameters, VIDEO_TICKS, Some(tag))?;
        let audio = match audio {
            None => None,
            Some(format) if format.extradata.len() < 2 || format.sample_rate == 0 => {
                return Err(LibavError::Unsupported("sound without an AudioSpecificConfig".into()));
            }
            Some(format) => {
                let parameters = raw::audio_parameters(ff::codec::Id::AAC, format)?;
                let rate = i64::from(format.sample_rate);
                Some(Position::add(&mut output, Track::Audio, &parameters, rate, None)?)
            }
        };
        let mut dictionary = ff::Dictionary::new();
        options.iter().for_each(|(name, value)| dictionary.set(name, value));
        let unknown = tell("writing a header", output.write_header_with(dictionary))?;
        if let Some((name, _)) = unknown.iter().next() {
            return Err(LibavError::Unsupported(format!("libavformat's option {name}")));
        }
        drop(unknown);
        for position in std::iter::once(&video).chain(&audio) {
            let index = usize::try_from(position.stream).unwrap_or_default();
            let base = output.stream(index).map(|stream| stream.time_base());
            if base.map(|b| (b.numerator(), i64::from(b.denominator()))) != Some((1, position.ticks)) {
                return Err(LibavError::Unsupported(format!("a clock of {} Hz", position.ticks)));
            }
        }
        Ok(Self { output, video, audio })
    }

    fn write(
        &mut self,
        track: Track,
        times: Times,
        duration: i64,
        key: bool,
        data: &[u8],
    ) -> Result<(), LibavError> {
        let position = match track {
            Track::Video => &mut self.video,
            Track::Audio => self
                .audio
                .as_mut()
                .ok_or_else(|| LibavError::Unsupported("sound in a file without a sound track".into()))?,
        };
        if data.is_empty() {
            return Ok(());
        }
        let times = position.place(times)?;
        let duration = duration.clamp(0, i64::from(i32::MAX));
        let packet = Outgoing { stream: position.stream, times, duration, key, data };
        tell("writing a packet", raw::write(&mut self.output, &packet))?;
        position.last = Some(times.dts);
        Ok(())
    }
}

impl Position {
    fn add(
        output: &mut Output,
        track: Track,
        parameters: &ff::codec::Parameters,
        ticks: i64,
        tag: Option<&[u8; 4]>,
    ) -> Result<Self, LibavError> {
        let den =
            i32::try_from(ticks).map_err(|_| LibavError::Unsupported(format!("a clock of {ticks} Hz")))?;
        let stream = raw::add_stream(output, parameters, den, tag)?;
        Ok(Self { track, stream, ticks, last: None })
    }

    /// Where a packet goes that asks for `times`. A sample's duration has 31 bits in a file and so has
    /// the distance of its two times: a leap over that cannot be written; neither can a time before zero.
    fn place(&self, times: Times) -> Result<Times, LibavError> {
        let refused =
            || LibavError::Time { track: self.track, dts: times.dts, last: self.last.unwrap_or(-1) };
        let is_apart = |later: i64, earlier: i64| later.saturating_sub(earlier) >= i64::from(i32::MAX);
        let dts = match self.last {
            None if times.dts < 0 => return Err(refused()),
            None => times.dts,
            Some(last) if times.dts > last => times.dts,
            Some(last) if last.saturating_sub(times.dts) <= self.ticks / 2 => last.saturating_add(1),
            Some(_) => return Err(refused()),
        };
        let pts = times.pts.max(dts);
        if is_apart(pts, dts) || self.last.is_some_and(|last| is_apart(dts, last)) {
            return Err(refused());
        }
        Ok(Times { pts, dts })
    }
}
