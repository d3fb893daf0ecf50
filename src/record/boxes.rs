//! The few MP4 boxes that say when a recorded fragment begins and how long it is.
//!
//! Containers are walked here, one level at a time, and only leaves are given to `mp4-atom`: bytes
//! of a damaged disk can then nest nothing inside itself. A box that is missing or wrong makes its
//! container none; nothing is guessed.

use mp4_atom::{Atom, DecodeMaybe, Hdlr, Header, Mdhd, Tfdt, Tfhd, Tkhd, Trun};

use crate::libav::{VIDEO_TICKS, VideoCodec};

/// A sample that cannot be decoded by itself carries this flag (ISO/IEC 14496-12, 8.8.3.1).
pub(super) const NOT_A_KEYFRAME: u32 = 0x0001_0000;

/// The tracks of a file.
pub(super) struct Tracks {
    pub(super) codec: VideoCodec,
    pub(super) video: u32,
    /// Ticks in a second of the video track.
    pub(super) timescale: u32,
    pub(super) audio: Option<u32>,
}

/// What one `moof` says.
#[derive(Default)]
pub(super) struct Moof {
    /// When its first picture is shown.
    pub(super) video_start: Option<i64>,
    /// From there to the end of the picture that is shown last.
    pub(super) video_duration: i64,
    pub(super) frames: u32,
    pub(super) keyframe: bool,
    /// Whether it has a piece of sound.
    pub(super) has_sound: bool,
    /// Bytes of all its samples: the `mdat` has at least these.
    pub(super) sample_bytes: u64,
}

/// Kind, header length and body length of the box that begins `bytes`; no body length if the box
/// runs to the end of the file.
pub(super) fn header(bytes: &[u8]) -> Option<([u8; 4], u64, Option<u64>)> {
    let mut rest = bytes;
    let header = Header::decode_maybe(&mut rest).ok()??;
    let head = bytes.len().checked_sub(rest.len())?;
    let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    Some((kind, u64::try_from(head).ok()?, header.size.and_then(|size| u64::try_from(size).ok())))
}

/// The children of a container; ends where they stop being boxes.
pub(super) fn children(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, head, body) = header(bytes)?;
        let (_, after) = bytes.split_at_checked(usize::try_from(head).ok()?)?;
        let (body, rest) = after.split_at_checked(usize::try_from(body?).ok()?)?;
        bytes = rest;
        Some((kind, body))
    })
}

pub(super) fn child<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(bytes).find(|(found, _)| found == kind).map(|(_, body)| body)
}

pub(super) fn leaf<T: Atom>(mut body: &[u8]) -> Option<T> {
    T::decode_body(&mut body).ok()
}

/// The tracks of a `moov`, none if it has no video of ours.
pub(super) fn tracks(moov: &[u8]) -> Option<Tracks> {
    let (mut video, mut audio) = (None, None);
    for (_, trak) in children(moov).filter(|(kind, _)| kind == b"trak") {
        let id = leaf::<Tkhd>(child(trak, b"tkhd")?)?.track_id;
        let mdia = child(trak, b"mdia")?;
        let timescale = leaf::<Mdhd>(child(mdia, b"mdhd")?)?.timescale;
        let handler = leaf::<Hdlr>(child(mdia, b"hdlr")?)?.handler;
        let stsd = child(child(child(mdia, b"minf")?, b"stbl")?, b"stsd")?;
        // Behind version, flags and count.
        let (entry, _) = children(stsd.get(8..)?).next()?;
        match (handler.as_ref(), &entry) {
            (b"vide", b"avc1" | b"avc3") => video = Some((id, timescale, VideoCodec::H264)),
            (b"vide", b"hvc1" | b"hev1") => video = Some((id, timescale, VideoCodec::H265)),
            (b"soun", _) => audio = Some(id),
            _ => {}
        }
    }
    let (video, timescale, codec) = video.filter(|(_, timescale, _)| *timescale > 0)?;
    Some(Tracks { codec, video, timescale, audio })
}

/// What a `moof` says of its fragment, none if it is damaged.
pub(super) fn moof(moof: &[u8], tracks: &Tracks) -> Option<Moof> {
    let mut found = Moof::default();
    for (_, traf) in children(moof).filter(|(kind, _)| kind == b"traf") {
        let tfhd: Tfhd = leaf(child(traf, b"tfhd")?)?;
        let (mut duration, mut first_shown, mut shown_until) = (0u64, 0u64, 0u64);
        for (_, body) in children(traf).filter(|(kind, _)| kind == b"trun") {
            let trun: Trun = leaf(body)?;
            let count = u32::try_from(trun.samples.len()).ok()?;
            let is_picture = tfhd.track_id == tracks.video;
            if let (true, 0, Some(first)) = (is_picture, found.frames, trun.samples.get(0)) {
                let flags = first.flags.or(tfhd.default_sample_flags).unwrap_or(0);
                found.keyframe = flags & NOT_A_KEYFRAME == 0;
                first_shown = u64::try_from(first.cts.unwrap_or(0)).unwrap_or(0);
            }
            // A run without fields of its own is a count alone, which damage can make four thousand
            // million: multiply, do not visit.
            let (each, size) = match &trun.samples {
                mp4_atom::TrunSamples::Inherited { .. } => {
                    let each = u64::from(tfhd.default_sample_duration.unwrap_or(0));
                    let size = u64::from(tfhd.default_sample_size.unwrap_or(0));
                    (each.checked_mul(count.into())?, size.checked_mul(count.into())?)
                }
                mp4_atom::TrunSamples::Explicit(samples) => {
                    let each =
                        |own: Option<u32>, default: Option<u32>| u64::from(own.or(default).unwrap_or(0));
                    samples.iter().fold((0u64, 0u64), |(durations, sizes), sample| {
                        let end =
                            durations.saturating_add(each(sample.duration, tfhd.default_sample_duration));
                        // With B-frames the last to be decoded is not the last to be shown.
                        let later = u64::try_from(sample.cts.unwrap_or(0)).unwrap_or(0);
                        shown_until = shown_until.max(duration.saturating_add(end).saturating_add(later));
                        let size = each(sample.size, tfhd.default_sample_size);
                        (end, sizes.saturating_add(size))
                    })
                }
            };
            duration = duration.checked_add(each)?;
            found.sample_bytes = found.sample_bytes.checked_add(size)?;
            if is_picture {
                found.frames = found.frames.checked_add(count)?;
            } else if count > 0 && Some(tfhd.track_id) == tracks.audio {
                found.has_sound = true;
            }
        }
        if tfhd.track_id == tracks.video && found.frames > 0 {
            let start = leaf::<Tfdt>(child(traf, b"tfdt")?)?.base_media_decode_time;
            found.video_start = Some(ticks(start.checked_add(first_shown)?, tracks.timescale)?);
            let shown_for = shown_until.max(duration).saturating_sub(first_shown);
            found.video_duration = ticks(shown_for, tracks.timescale)?;
        }
    }
    Some(found)
}

/// `time` of a track as 90 kHz ticks.
fn ticks(time: u64, timescale: u32) -> Option<i64> {
    let scaled = i128::from(time).checked_mul(i128::from(VIDEO_TICKS))? / i128::from(timescale.max(1));
    i64::try_from(scaled).ok()
}
