//! What the index knows of one recorded file.

use serde::{Deserialize, Serialize};

use super::GapReason;
use crate::model::{CameraId, StreamKind, Wall};

/// How complete a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentState {
    /// Being written, or left by a process that died.
    Open,
    /// Complete.
    Closed,
    /// Cut back to its last whole fragment after the process had died over it.
    Salvaged,
}

impl SegmentState {
    /// The word in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            SegmentState::Open => "open",
            SegmentState::Closed => "closed",
            SegmentState::Salvaged => "salvaged",
        }
    }

    /// The reverse of [`SegmentState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [SegmentState::Open, SegmentState::Closed, SegmentState::Salvaged]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What a file's time follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeFrom {
    /// The arrival of the packets, because the camera's clock says nothing or something else.
    Arrival,
    /// The camera's sender reports (RFC 3550, 6.4.1), which agree with our clock.
    Camera,
}

impl TimeFrom {
    /// The word in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            TimeFrom::Arrival => "arrival",
            TimeFrom::Camera => "camera",
        }
    }

    /// The reverse of [`TimeFrom::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [TimeFrom::Arrival, TimeFrom::Camera].into_iter().find(|from| from.as_str() == text)
    }
}

/// Where pictures are missing within a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole(
    /// From, in ms since the file's start.
    pub i64,
    /// To, in ms since the file's start.
    pub i64,
    /// Why, in the index's word.
    pub String,
);

/// A SHA-256.
pub type Sha256Bytes = [u8; 32];

/// A complete file, as far as the signed chain needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    /// Its place in the archive's order.
    pub counter: i64,
    /// Which camera.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// Below the storage path.
    pub path: String,
    /// Its first picture.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
    /// Its bytes.
    pub bytes: u64,
    /// Its digest, if it is known from the writing.
    pub sha256: Option<Sha256Bytes>,
}

/// One recorded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRow {
    /// Its place in the archive's order.
    pub counter: i64,
    /// Which camera.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// The camera's connection.
    pub run: i64,
    /// The file's number in that connection.
    pub n: i64,
    /// Below the storage path.
    pub path: String,
    /// The wall clock at the first picture.
    pub start: Wall,
    /// Which clock that was: a new epoch begins when the clock is set and at every start. Times of
    /// different epochs cannot be compared; `counter` always can.
    pub clock_epoch: i64,
    /// What `start` follows.
    pub time_from: TimeFrom,
    /// The first picture's media time, 1/90000 s since the connection's zero.
    pub media_start: i64,
    /// How long it lasts by the media's own clock; 0 while open.
    pub duration_ms: i64,
    /// Its size; 0 while open.
    pub bytes: i64,
    /// Such as `h264 1920x1080`.
    pub video: String,
    /// Such as `aac 8000`; `None` without sound. While open, what the camera said it would send.
    pub sound: Option<String>,
    /// RTP packets lost in it.
    pub lost_packets: i64,
    /// How complete it is.
    pub state: SegmentState,
    /// Why there is nothing right before it.
    pub gap_before: Option<GapReason>,
    /// Where pictures are missing in it, a second or more.
    pub holes: Vec<Hole>,
    /// Whether the clock could be trusted when it was begun.
    pub is_dated: bool,
}

impl SegmentRow {
    /// The wall clock after the last picture.
    pub fn end(&self) -> Wall {
        self.start.plus_millis(self.duration_ms)
    }
}

/// A row for tests: a minute of main, the `n`-th of the camera `gate`.
#[cfg(test)]
pub(crate) fn test_row(n: i64) -> SegmentRow {
    SegmentRow {
        counter: 0,
        camera: CameraId::new("gate").unwrap(),
        stream: StreamKind::Main,
        run: 1,
        n,
        path: format!("video/gate/main/1970-01-01/{n}.mp4"),
        start: Wall::from_millis(n * 60_000),
        clock_epoch: 1,
        time_from: TimeFrom::Arrival,
        media_start: n * 5_400_000,
        duration_ms: 60_000,
        bytes: 10,
        video: "h264 640x360".into(),
        sound: None,
        lost_packets: 0,
        state: SegmentState::Closed,
        gap_before: None,
        holes: Vec::new(),
        is_dated: true,
    }
}
