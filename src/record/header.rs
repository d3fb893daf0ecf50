//! What the header of a recorded file (`ftyp` and `moov`) says: the boxes that another file of the same
//! samples needs, and what a decoder must know.
//!
//! The bytes may be anything. Nothing is nested deeper than the format has it, and a box that is missing or
//! wrong makes the whole header none.

use bytes::Bytes;
use mp4_atom::{Hdlr, Mdhd, Tkhd};

use super::boxes::{child, children, header, leaf};
use crate::libav::{VIDEO_TICKS, VideoCodec, VideoFormat};

/// A header over this is taken for damage: real ones have one or two KiB.
pub const MAX_HEADER_BYTES: u64 = 1 << 20;

/// Bytes of a `VisualSampleEntry` before its boxes (ISO/IEC 14496-12, 12.1.3).
const VISUAL_ENTRY: usize = 78;

/// One track's own boxes, whole, as they stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackHeader {
    /// Its number in the file.
    pub id: u32,
    /// Ticks in a second.
    pub timescale: u32,
    /// `tkhd`.
    pub tkhd: Bytes,
    /// `mdhd`.
    pub mdhd: Bytes,
    /// `hdlr`.
    pub hdlr: Bytes,
    /// `vmhd` or `smhd`.
    pub media_header: Bytes,
    /// `dinf`.
    pub dinf: Bytes,
    /// `stsd`: how its samples are coded. Two files whose `stsd` are equal can be one.
    pub stsd: Bytes,
}

/// A file's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHeader {
    /// The picture.
    pub video: TrackHeader,
    /// What its decoder must know.
    pub format: VideoFormat,
    /// The sound, if the file has a track for it.
    pub audio: Option<TrackHeader>,
}

impl FileHeader {
    /// Reads the first bytes of a file, up to its first fragment; none if there is no picture of ours.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let moov = child(bytes, b"moov")?;
        let (mut video, mut audio) = (None, None);
        for (_, trak) in children(moov).filter(|(kind, _)| kind == b"trak") {
            let mdia = child(trak, b"mdia")?;
            let handler = leaf::<Hdlr>(child(mdia, b"hdlr")?)?.handler;
            match handler.as_ref() {
                b"vide" if video.is_none() => video = Some(track(trak, mdia, b"vmhd")?),
                b"soun" if audio.is_none() => audio = Some(track(trak, mdia, b"smhd")?),
                _ => {}
            }
        }
        let video = video.filter(|video| i64::from(video.timescale) == VIDEO_TICKS)?;
        let format = video_format(&video.stsd)?;
        Some(Self { video, format, audio: audio.filter(|audio| audio.timescale > 0) })
    }

    /// The codecs as RFC 6381 writes them, such as `avc1.64001f,mp4a.40.2`: what a browser is asked with.
    pub fn codecs(&self, with_sound: bool) -> String {
        let picture = match self.format.codec {
            VideoCodec::H264 => avc1(&self.format.extradata),
            VideoCodec::H265 => hvc1(&self.format.extradata),
        };
        match &self.audio {
            Some(_) if with_sound => format!("{picture},mp4a.40.2"),
            _ => picture,
        }
    }
}

fn track(trak: &[u8], mdia: &[u8], media_header: &[u8; 4]) -> Option<TrackHeader> {
    let minf = child(mdia, b"minf")?;
    Some(TrackHeader {
        id: leaf::<Tkhd>(child(trak, b"tkhd")?)?.track_id,
        timescale: leaf::<Mdhd>(child(mdia, b"mdhd")?)?.timescale,
        tkhd: whole(trak, b"tkhd")?,
        mdhd: whole(mdia, b"mdhd")?,
        hdlr: whole(mdia, b"hdlr")?,
        media_header: whole(minf, media_header)?,
        dinf: whole(minf, b"dinf")?,
        stsd: whole(child(minf, b"stbl")?, b"stsd")?,
    })
}

/// The first box of a kind, its own header included.
fn whole(bytes: &[u8], kind: &[u8; 4]) -> Option<Bytes> {
    let mut rest = bytes;
    loop {
        let (found, head, body) = header(rest)?;
        let total = usize::try_from(head.checked_add(body?)?).ok()?;
        let (this, after) = rest.split_at_checked(total)?;
        if &found == kind {
            return Some(Bytes::copy_from_slice(this));
        }
        rest = after;
    }
}

fn video_format(stsd: &[u8]) -> Option<VideoFormat> {
    // Behind the box's header, version, flags and count.
    let (kind, entry) = children(stsd.get(16..)?).next()?;
    let number = |at: usize| Some(u32::from(u16::from_be_bytes(entry.get(at..at + 2)?.try_into().ok()?)));
    let (codec, configuration) = match &kind {
        b"avc1" | b"avc3" => (VideoCodec::H264, b"avcC"),
        b"hvc1" | b"hev1" => (VideoCodec::H265, b"hvcC"),
        _ => return None,
    };
    let extradata = Bytes::copy_from_slice(child(entry.get(VISUAL_ENTRY..)?, configuration)?);
    Some(VideoFormat { codec, width: number(24)?, height: number(26)?, extradata })
}

/// Profile, constraints and level of an `avcC` (ISO/IEC 14496-15, 5.3.3).
fn avc1(configuration: &[u8]) -> String {
    format!("avc1.{}", hex::encode(configuration.get(1..4).unwrap_or_default()))
}

/// Profile, compatibility, tier, level and constraints of an `hvcC` (ISO/IEC 14496-15, E.3).
fn hvc1(configuration: &[u8]) -> String {
    let byte = |at: usize| configuration.get(at).copied().unwrap_or(0);
    let space = ["", "A", "B", "C"].get(usize::from(byte(1) >> 6)).copied().unwrap_or_default();
    let compatibility = u32::from_be_bytes([byte(2), byte(3), byte(4), byte(5)]).reverse_bits();
    let tier = if byte(1) & 0x20 == 0 { 'L' } else { 'H' };
    let mut text = format!("hvc1.{space}{}.{compatibility:X}.{tier}{}", byte(1) & 0x1F, byte(12));
    let constraints = configuration.get(6..12).unwrap_or_default();
    let last = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    for constraint in constraints.iter().take(last) {
        text += &format!(".{constraint:X}");
    }
    text
}

/// The same file without its sound: each box of the sound track is renamed `free`, so that no place in the
/// file changes. `bytes` are whole boxes, from the file's beginning or from a fragment's. Gives whether
/// they were: what is damaged is left as it is from there on.
pub fn without_sound(bytes: &mut [u8], audio: u32) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let Some((kind, start, end)) = extent(bytes, at) else { return false };
        match &kind {
            b"moov" | b"moof" => free_tracks(bytes, start, end, audio),
            _ => {}
        }
        at = end;
    }
    true
}

fn free_tracks(bytes: &mut [u8], mut at: usize, until: usize, audio: u32) {
    while at < until {
        let Some((kind, start, end)) = extent(bytes, at) else { return };
        let body = bytes.get(start..end).unwrap_or_default();
        let number =
            |skip: usize, body: &[u8]| Some(u32::from_be_bytes(body.get(skip..skip + 4)?.try_into().ok()?));
        let of = match &kind {
            b"trak" => child(body, b"tkhd").and_then(leaf::<Tkhd>).map(|tkhd| tkhd.track_id),
            b"traf" => child(body, b"tfhd").and_then(|tfhd| number(4, tfhd)),
            b"trex" => number(4, body),
            b"mvex" => {
                free_tracks(bytes, start, end, audio);
                None
            }
            _ => None,
        };
        if of == Some(audio)
            && let Some(name) = bytes.get_mut(at + 4..at + 8)
        {
            name.copy_from_slice(b"free");
        }
        at = end;
    }
}

/// Kind, beginning of the body and end of the box at `at`.
fn extent(bytes: &[u8], at: usize) -> Option<([u8; 4], usize, usize)> {
    let (kind, head, body) = header(bytes.get(at..)?)?;
    let start = at.checked_add(usize::try_from(head).ok()?)?;
    let end = start.checked_add(usize::try_from(body?).ok()?)?;
    (end <= bytes.len()).then_some((kind, start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libav::{Demuxer, Track, testing};
    use crate::record::salvage;

    fn recorded(encoder: &str, with_sound: bool) -> (tempfile::TempDir, std::path::PathBuf, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let files = testing::record(&testing::footage(encoder, 2), folder.path(), "a", 2, with_sound);
        let (path, bytes) = (files[0].0.clone(), std::fs::read(&files[0].0).unwrap());
        (folder, path, bytes)
    }

    #[test]
    fn a_header_says_what_libav_reads_of_the_file() {
        for encoder in ["libx264", "libx265"] {
            let (_folder, path, bytes) = recorded(encoder, true);
            let header = FileHeader::read(&bytes).unwrap();
            let demuxer = Demuxer::open(&path).unwrap();
            assert_eq!(Some(&header.format), demuxer.video());
            assert_eq!(header.audio.unwrap().timescale, demuxer.audio().unwrap().sample_rate);
        }
    }

    #[test]
    fn codecs_are_named_as_browsers_ask_for_them() {
        let (_folder, _, bytes) = recorded("libx264", true);
        let header = FileHeader::read(&bytes).unwrap();
        let profile = hex::encode(&header.format.extradata[1..4]);
        assert_eq!(header.codecs(true), format!("avc1.{profile},mp4a.40.2"));
        assert_eq!(header.codecs(false), format!("avc1.{profile}"));
        // Main profile, level 3.1, progressive: as it stands in most examples.
        let configuration = [1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93];
        assert_eq!(hvc1(&configuration), "hvc1.1.6.L93.90");
    }

    #[test]
    fn a_file_without_its_sound_is_as_long_and_its_picture_the_same() {
        let (folder, path, bytes) = recorded("libx264", true);
        let mut silent = bytes.clone();
        assert!(without_sound(&mut silent, FileHeader::read(&bytes).unwrap().audio.unwrap().id));
        assert_eq!(silent.len(), bytes.len());
        let silent_path = folder.path().join("silent.mp4");
        crate::disk::write_atomically(&silent_path, &silent).unwrap();
        let pictures = |path: &std::path::Path| {
            let (mut demuxer, mut all) = (Demuxer::open(path).unwrap(), Vec::new());
            while let Some(sample) = demuxer.read().unwrap() {
                if sample.track == Track::Video {
                    all.push((sample.pts, sample.dts, sample.data().to_vec()));
                }
            }
            all
        };
        assert!(Demuxer::open(&silent_path).unwrap().audio().is_none());
        assert_eq!(pictures(&silent_path), pictures(&path));
        let scan = salvage::scan(&silent_path).unwrap().unwrap();
        assert!(!scan.has_sound && scan.fragments.iter().all(|fragment| !fragment.has_sound));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_an_answer(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = FileHeader::read(&bytes);
            without_sound(&mut bytes, 2);
        }
    }
}
