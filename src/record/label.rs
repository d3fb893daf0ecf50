//! What a recorded file says of itself, so that a lost index can be made again from the files.
//!
//! Two `uuid` boxes (ISO/IEC 14496-12, 11.1), which players pass over: one behind `moov`, written
//! with the first bytes, and one at the very end, written when the file is closed. Their content is
//! JSON behind the 16 bytes of [`HEAD`] or [`TAIL`]; fields that are not known are passed over. A
//! file without a tail was never closed. The box of samples is [`super::sample_table`]'s.
//!
//! ```text
//! ftyp moov uuid{HEAD}  (moof mdat)*  [mfra] [uuid{samples}] [uuid{TAIL}]
//! ```

use serde::{Deserialize, Serialize};

use super::row::Hole;
use crate::model::{CameraId, StreamKind};

/// The user type of the first box.
const HEAD: [u8; 16] = *b"quaywatch:head:1";

/// The user type of the last box.
const TAIL: [u8; 16] = *b"quaywatch:tail:1";

/// A label over this is damage.
pub(super) const MAX_LABEL_BYTES: u64 = 8 * 1024;

/// What is known when a file is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its place in the archive's order.
    pub counter: i64,
    /// Which camera.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// The camera's connection.
    pub run: i64,
    /// The file's number in it.
    pub n: i64,
    /// The clock epoch that its times are of.
    pub clock_epoch: i64,
    /// The wall clock at the first picture, ms since 1970, as it was known then.
    pub start_ms: i64,
    /// Whether the clock could be believed.
    pub is_dated: bool,
    /// Such as `h264 1920x1080`.
    pub video: String,
    /// Such as `aac 8000`, if the camera said it would send sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
    /// Why there is nothing right before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_before: Option<String>,
}

/// What is known when a file is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// The wall clock at the first picture, ms since 1970, as well as it is known at the end.
    pub start_ms: i64,
    /// What that time follows: the camera's clock, or the arrival of its packets.
    pub time_from: String,
    /// RTP packets lost in it.
    pub lost_packets: i64,
    /// Whether any sound is in it.
    pub has_sound: bool,
    /// Where pictures are missing in it, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<Hole>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// The first.
    Head(Box<Head>),
    /// The last.
    Tail(Tail),
}

impl Head {
    /// The whole box.
    pub fn to_box(&self) -> Vec<u8> {
        boxed(&HEAD, self)
    }
}

impl Tail {
    /// The whole box.
    pub fn to_box(&self) -> Vec<u8> {
        boxed(&TAIL, self)
    }
}

/// Reads the body of a `uuid` box; none if it is somebody else's or damaged.
pub(super) fn read(body: &[u8]) -> Option<Label> {
    let (user_type, json) = body.split_at_checked(16)?;
    if user_type == HEAD {
        serde_json::from_slice(json).ok().map(|head| Label::Head(Box::new(head)))
    } else if user_type == TAIL {
        serde_json::from_slice(json).ok().map(Label::Tail)
    } else {
        None
    }
}

fn boxed(user_type: &[u8; 16], what: &impl Serialize) -> Vec<u8> {
    // Plain structures of text and numbers always have a JSON form.
    let json = serde_json::to_vec(what).unwrap_or_default();
    let size = u32::try_from(json.len().saturating_add(24)).unwrap_or(u32::MAX);
    [&size.to_be_bytes()[..], b"uuid", user_type, &json].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_label_reads_back_from_its_box() {
        let head = Head {
            counter: 7,
            camera: CameraId::new("counter-1").unwrap(),
            stream: StreamKind::Main,
            run: 3,
            n: 12,
            clock_epoch: 2,
            start_ms: 1_795_400_107_120,
            is_dated: true,
            video: "h264 1920x1080".into(),
            sound: Some("aac 8000".into()),
            gap_before: Some("camera-away".into()),
        };
        let bytes = head.to_box();
        assert_eq!(u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize, bytes.len());
        assert_eq!(&bytes[4..8], b"uuid");
        assert_eq!(read(&bytes[8..]), Some(Label::Head(Box::new(head))));
        let tail = Tail {
            start_ms: -1,
            time_from: "camera".into(),
            lost_packets: 3,
            has_sound: false,
            holes: vec![],
        };
        assert_eq!(read(&tail.to_box()[8..]), Some(Label::Tail(tail)));
    }

    #[test]
    fn a_box_of_somebody_else_is_passed_over() {
        assert_eq!(read(b"0123456789abcdef{}"), None);
        assert_eq!(read(b"short"), None);
        assert_eq!(read(b"quaywatch:head:1{\"counter\":"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = read(&[&HEAD[..], &bytes].concat());
        }
    }
}
