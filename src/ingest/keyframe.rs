//! Whether decoding can begin with an access unit, and what follows it, from its NAL units. Pure.
//!
//! H.265 says it in the type of its slices: IDR, CRA and BLA. H.264 has IDR, and where a camera makes
//! open groups of pictures a *recovery point* message that promises a right picture at once. What
//! follows such a keyframe but is shown before it may need the group before; decoders that begin here
//! leave it out. A picture of I slices alone promises nothing: later ones may still look back over it.
//!
//! The bytes may be anything; a unit that cannot be read is no keyframe.

use h264_reader::rbsp::{BitRead, BitReader, decode_nal};

use crate::libav::VideoCodec;

/// A picture with which decoding can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyframe {
    /// All that follows can be decoded.
    Closed,
    /// What follows but is shown before it may need the group before.
    Open,
}

/// Which keyframe `unit` is, if any: NAL units, each behind its length in 4 bytes.
pub(super) fn keyframe(codec: VideoCodec, unit: &[u8]) -> Option<Keyframe> {
    match codec {
        VideoCodec::H264 => h264_keyframe(unit),
        VideoCodec::H265 => h265_keyframe(unit),
    }
}

/// ITU-T H.264, table 7-1. Nothing that follows an IDR is shown before it (7.4.1.2.4).
fn h264_keyframe(unit: &[u8]) -> Option<Keyframe> {
    let mut recovers = None;
    for nal in nals(unit) {
        match nal.first().map(|header| header & 0x1F) {
            Some(5) => return Some(Keyframe::Closed),
            Some(1..=4) => return recovers,
            Some(6) if recovers_at_once(nal) => recovers = Some(Keyframe::Open),
            _ => {}
        }
    }
    None
}

/// ITU-T H.265, table 7-1: 16 to 21 are the kinds of random access points, below 32 are slices. Only CRA and one kind of
/// BLA have pictures that may need the group before.
fn h265_keyframe(unit: &[u8]) -> Option<Keyframe> {
    let kinds = nals(unit).filter_map(|nal| nal.first()).map(|header| (header >> 1) & 0x3F);
    match kinds.into_iter().find(|kind| *kind < 32)? {
        17..=20 => Some(Keyframe::Closed),
        16 | 21 => Some(Keyframe::Open),
        _ => None,
    }
}

/// Whether a supplemental message (SEI) is a recovery point without pictures to wait for.
fn recovers_at_once(nal: &[u8]) -> bool {
    const RECOVERY_POINT: usize = 6;
    let Ok(rbsp) = decode_nal(nal) else { return false };
    let mut rest: &[u8] = &rbsp;
    while let Some((kind, after_kind)) = sei_number(rest)
        && let Some((size, body)) = sei_number(after_kind)
        && let Some((payload, after)) = body.split_at_checked(size)
    {
        if kind == RECOVERY_POINT {
            return BitReader::new(payload).read_ue("recovery_frame_cnt").is_ok_and(|count| count == 0);
        }
        rest = after;
    }
    false
}

/// A number as SEI has it: 255 for each byte of ones, then the rest.
fn sei_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let ones = bytes.iter().take_while(|byte| **byte == 0xFF).count();
    let (last, rest) = bytes.get(ones..)?.split_first()?;
    Some((ones.checked_mul(255)?.checked_add(usize::from(*last))?, rest))
}

/// The NAL units; ends where their lengths stop making sense.
fn nals(mut unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = unit.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (nal, rest) = rest.split_at_checked(length)?;
        unit = rest;
        Some(nal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libav::Track;
    use crate::libav::testing::{b_frame_footage, footage};
    use proptest::prelude::*;

    fn unit(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter()
            .flat_map(|nal| [&u32::try_from(nal.len()).unwrap().to_be_bytes(), *nal].concat())
            .collect()
    }

    fn h264(nals: &[&[u8]]) -> bool {
        keyframe(VideoCodec::H264, &unit(nals)).is_some()
    }

    #[test]
    fn an_idr_is_a_keyframe_also_behind_other_units() {
        assert!(
            h264(&[&[0x65, 0x88]]) && h264(&[&[0x09, 0xF0], &[0x06, 0x05, 0x01, 0x00, 0x80], &[0x25, 0x88]])
        );
        assert!(!h264(&[&[0x41, 0x9A]]) && !h264(&[]) && !h264(&[&[]]));
        // Also one with a recovery point before it.
        let both = unit(&[&[0x06, 0x06, 0x01, 0xC4, 0x80], &[0x65, 0x88]]);
        assert_eq!(keyframe(VideoCodec::H264, &both), Some(Keyframe::Closed));
    }

    #[test]
    fn a_recovery_point_counts_where_nothing_must_be_waited_for() {
        let slice: &[u8] = &[0x41, 0x9A];
        let recovers = unit(&[&[0x06, 0x06, 0x01, 0xC4, 0x80], slice]);
        assert_eq!(keyframe(VideoCodec::H264, &recovers), Some(Keyframe::Open));
        // Behind another message, and with numbers of more than a byte.
        assert!(h264(&[&[0x06, 0x05, 0x02, 0xAA, 0xBB, 0x06, 0x01, 0xC4, 0x80], slice]));
        let long = [&[0x06u8, 0xFF, 0x01, 0xFF, 0x05][..], &[7; 260], &[0x06, 0x01, 0x80]].concat();
        assert!(h264(&[&long, slice]));
        // Gradual refresh: right only some pictures later. And messages that end too soon.
        assert!(!h264(&[&[0x06, 0x06, 0x02, 0x05, 0x40, 0x80], slice]));
        assert!(!h264(&[&[0x06, 0x06, 0x09, 0xC4], slice]) && !h264(&[&[0x06, 0xFF, 0xFF], slice]));
        // It must stand before its picture.
        assert!(!h264(&[slice, &[0x06, 0x06, 0x01, 0xC4, 0x80]]));
    }

    #[test]
    fn the_random_access_points_of_h265_are_keyframes_and_their_leading_pictures_are_not() {
        for kind in 0..64u8 {
            let nals = [&[0x46, 0x01, 0x10][..], &[kind << 1, 0x01, 0x80]];
            let expected = match kind {
                16 | 21 => Some(Keyframe::Open),
                17..=20 => Some(Keyframe::Closed),
                _ => None,
            };
            assert_eq!(keyframe(VideoCodec::H265, &unit(&nals)), expected, "{kind}");
        }
    }

    #[test]
    fn real_streams_have_a_keyframe_a_group_open_or_closed() {
        for encoder in ["libx264", "libx265"] {
            for (made, group) in [(footage(encoder, 4), 25), (b_frame_footage(encoder, 4), 24)] {
                let pictures: Vec<_> = made.samples.iter().filter(|s| s.track == Track::Video).collect();
                let keys = pictures.iter().filter(|s| keyframe(made.video.codec, s.data()).is_some());
                let times: Vec<i64> = keys.map(|s| (s.pts - pictures[0].pts) / 3600).collect();
                let wanted: Vec<i64> = (0..100).step_by(group).collect();
                // An open group may end a B-frame or two early or late.
                assert_eq!(times.len(), wanted.len(), "{encoder} {times:?}");
                assert!(times.iter().zip(&wanted).all(|(t, w)| (t - w).abs() <= 4), "{encoder} {times:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for codec in [VideoCodec::H264, VideoCodec::H265] {
                let _ = keyframe(codec, &bytes);
                let _ = keyframe(codec, &unit(&[&bytes]));
                let _ = keyframe(codec, &unit(&[&[&[0x06][..], &bytes].concat(), &[0x41]]));
            }
        }
    }
}
