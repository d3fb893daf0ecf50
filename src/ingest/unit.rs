//! What a camera delivers, one access unit at a time.

use std::sync::Arc;

use bytes::Bytes;

use crate::libav::{SoundCodec, VideoFormat};
use crate::model::{Now, Wall};

/// One access unit of picture or sound, or a word about their time.
///
/// Both tracks count from one zero a connection, so that sound stays with its picture. It lies at
/// least a second before the first unit, so that nothing has a time below it: not the decode times of
/// the first pictures, nor what an AAC encoder puts before the first sound.
#[derive(Debug, Clone)]
pub enum Unit {
    /// A coded picture.
    Video(VideoUnit),
    /// A piece of coded sound.
    Sound(SoundUnit),
    /// What the camera's own clock says of the picture's time line: every few seconds, from cameras
    /// that tell it.
    Report(SenderReport),
}

/// The camera's wall clock at a moment of the picture's time line (RTCP, RFC 3550 6.4.1). Many
/// cameras' clocks are off by hours, and some have none: what it is worth is decided by who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    /// What the camera's clock showed.
    pub camera: Wall,
    /// When, in 1/90000 s since the connection's zero.
    pub pts: i64,
    /// When the report had arrived.
    pub arrived: Now,
}

/// One coded picture.
#[derive(Debug, Clone)]
pub struct VideoUnit {
    /// When it is shown, in 1/90000 s since the connection's zero.
    pub pts: i64,
    /// When it is decoded, in the same ticks: at most `pts`, and less only in a stream with B-frames.
    /// Rises strictly but where the camera's time stamps leap.
    pub dts: i64,
    /// Whether decoding can begin here.
    pub is_key: bool,
    /// RTP packets lost since the unit before.
    pub lost_packets: u32,
    /// The NAL units, each behind its length in 4 bytes, as MP4 holds them.
    pub data: Bytes,
    /// How the pictures from here on are coded; shared with the units before if unchanged.
    pub format: Arc<VideoFormat>,
    /// When it had arrived.
    pub arrived: Now,
}

/// One piece of coded sound: an AAC frame, or a packet's worth of G.711.
#[derive(Debug, Clone)]
pub struct SoundUnit {
    /// When it is heard, in samples since the connection's zero.
    pub pts: i64,
    /// How many samples it holds for each channel.
    pub samples: u32,
    /// RTP packets lost since the unit before.
    pub lost_packets: u32,
    /// The coded bytes.
    pub data: Bytes,
    /// How they are coded; shared by all units of a connection.
    pub format: Arc<SoundFormat>,
    /// When it had arrived.
    pub arrived: Now,
}

/// How a connection's sound is coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundFormat {
    /// The codec.
    pub codec: SoundCodec,
    /// Samples a second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u16,
}

/// What a connection carries, known when it is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tracks {
    /// The sound, if there is some that can be handled.
    pub sound: Option<Arc<SoundFormat>>,
    /// What the camera offers that is left alone, in words.
    pub left_out: Vec<String>,
}
