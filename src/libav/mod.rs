//! Packets to files and back, sound and picture to samples and pixels: our one door to FFmpeg's
//! libraries.
//!
//! Nothing outside this module sees a raw pointer or a libav type, and inside it only `raw` may use
//! `unsafe`. Times are ticks counted from one zero a camera connection: 1/90000 s for video
//! (`VIDEO_TICKS`), 1/sample rate for audio.
//! Errors come back as `LibavError`; libav's own log lines are silenced, because a broken stream
//! would write one for every packet.

mod raw;

mod mux;

mod demux;

mod mono;

mod steady;

mod media;

mod reader;

mod sound;

mod resample;

mod picture;

mod scaler;

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod media_tests;

use std::sync::Once;

use bytes::Bytes;
use ffmpeg_next as ff;

pub use demux::{Demuxer, Sample};
pub use media::MediaFile;
pub use mux::{FileMuxer, FragmentMuxer};
pub use picture::{Luma, Picture, PictureDecoder, TakenPicture};
pub use reader::{PictureReader, SoundReader, Sounding, Taken};
pub use resample::Resampler;
pub use scaler::{Canvas, Scaler};
pub use sound::{AAC_FRAME, AacEncoder, AacPacket, SoundCodec, SoundDecoder};

/// A picture with more pixels is not decoded: no camera has them, and each takes 100 MB.
const MOST_PIXELS: i64 = 64_000_000;

/// Video ticks in a second, as in RTP.
pub const VIDEO_TICKS: i64 = 90_000;

/// How a picture is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// H.264, called `avc1` in a file.
    H264,
    /// H.265, called `hvc1` in a file.
    H265,
}

impl VideoCodec {
    /// The word used in the index and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            VideoCodec::H264 => "h264",
            VideoCodec::H265 => "h265",
        }
    }

    fn id(self) -> ff::codec::Id {
        match self {
            VideoCodec::H264 => ff::codec::Id::H264,
            VideoCodec::H265 => ff::codec::Id::HEVC,
        }
    }
}

/// What a decoder must know before the first picture. Two equal formats can share a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoFormat {
    /// How the picture is compressed.
    pub codec: VideoCodec,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The body of an `avcC` or `hvcC` box; units in packets are length-prefixed to match.
    pub extradata: Bytes,
}

/// What a decoder must know before the first sound. Recorded sound is always AAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioFormat {
    /// Samples in a second; also the tick of audio times.
    pub sample_rate: u32,
    /// 1 or 2 in practice.
    pub channels: u16,
    /// The AudioSpecificConfig (ISO/IEC 14496-3).
    pub extradata: Bytes,
}

/// Which track of a file a packet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Track {
    /// The picture.
    Video,
    /// The sound.
    Audio,
}

/// When a packet is shown or heard, and when it is decoded: in its track's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The presentation time.
    pub pts: i64,
    /// The decode time, at most `pts`; less only where pictures come in another order than they are
    /// shown.
    pub dts: i64,
}

impl Times {
    /// Both at once: sound, and pictures of a stream without B-frames.
    pub fn at(time: i64) -> Self {
        Self { pts: time, dts: time }
    }
}

/// What went wrong in libav or was refused before it got there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LibavError {
    /// It cannot be handled, now or later.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The time cannot follow the one before it in this file: begin a new file.
    #[error("{track:?} decode time {dts} cannot follow {last}")]
    Time {
        /// The track.
        track: Track,
        /// The decode time that was asked for, in the track's ticks.
        dts: i64,
        /// The time of the packet before it, -1 if there is none.
        last: i64,
    },
    /// libav, or the disk under it, refused.
    #[error("{doing}: {cause}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What libav said.
        cause: String,
    },
}

/// `Ok`, or what libav said to an attempt at `doing`.
fn tell<T>(doing: &'static str, result: Result<T, ff::Error>) -> Result<T, LibavError> {
    result.map_err(|e| LibavError::Failed { doing, cause: e.to_string() })
}

/// Silences libav's own log lines; every constructor calls it.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| ff::log::set_level(ff::log::Level::Quiet));
}

/// Checked when compiled: what tasks hold may move between threads. The bindings declare this for
/// contexts and frames (libav ties none of them to a thread), `raw` does for the scaler.
const _: () = {
    const fn moves_between_threads<T: Send>() {}
    moves_between_threads::<FragmentMuxer>();
    moves_between_threads::<FileMuxer>();
    moves_between_threads::<Demuxer>();
    moves_between_threads::<AacEncoder>();
    moves_between_threads::<SoundDecoder>();
    moves_between_threads::<Resampler>();
    moves_between_threads::<PictureDecoder>();
    moves_between_threads::<Scaler>();
};
