//! Parts of a recorded file for a player: whole boxes, checked, with or without the sound track.
//!
//! A player gives up on a stream whose boxes or units do not fit together, so they are looked at before
//! they are given out: where one is damaged the part ends before it, and what is behind is another part's.
//! The coded pictures themselves are not looked into.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::libav::{VideoCodec, VideoFormat};
use crate::record::header::{FileHeader, without_sound};
use crate::record::samples::samples;

/// No part is larger: 10 s of the largest streams have less.
pub const MOST_PART_BYTES: u64 = 32 << 20;

/// As much of a file is read for its header, which has one or two KiB.
const HEADER_BYTES: u64 = 16 << 10;

/// The unit in which a disk forgets.
const SECTOR: usize = 512;

/// Whether a part keeps its sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// As it was recorded.
    Kept,
    /// Its boxes are renamed `free`, so that nothing moves.
    Left,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// From the beginning of the range that was asked for.
    pub bytes: Vec<u8>,
    /// Whether it ends before the range does, because the file is damaged there.
    pub is_short: bool,
    /// The file's length.
    pub file_bytes: u64,
}

/// Why a part cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file has no such range.
    #[error("the file has {0} bytes: there is no such range in it")]
    NoSuchRange(u64),
    /// The range is longer than a part may be.
    #[error("ask for at most {} MiB at once", MOST_PART_BYTES >> 20)]
    TooLong,
    /// Not one whole box of ours begins there.
    #[error("the recording is damaged here")]
    Damaged,
    /// The file system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the bytes `range` of a recording, which begin with its header or with a fragment. May block.
///
/// # Errors
/// [`Unreadable`]; damage behind the first fragment is none, it shortens the part.
pub fn part(path: &Path, range: Range<u64>, sound: Sound) -> Result<Part, Unreadable> {
    let file = File::open(path)?;
    let file_bytes = file.metadata()?.len();
    if range.is_empty() || range.end > file_bytes {
        return Err(Unreadable::NoSuchRange(file_bytes));
    }
    if range.end - range.start > MOST_PART_BYTES {
        return Err(Unreadable::TooLong);
    }
    let header = header(&file, file_bytes)?;
    let mut bytes = read(&file, &range)?;
    let whole = whole(&bytes, range.start, &header);
    if whole == 0 {
        return Err(Unreadable::Damaged);
    }
    let is_short = whole < bytes.len();
    bytes.truncate(whole);
    if let (Sound::Left, Some(audio)) = (sound, &header.audio)
        && !without_sound(&mut bytes, audio.id)
    {
        return Err(Unreadable::Damaged);
    }
    Ok(Part { bytes, is_short, file_bytes })
}

/// What the header of a recording says. May block.
///
/// # Errors
/// [`Unreadable::Damaged`] if it cannot be read as one, else as the file system says.
pub fn header_of(path: &Path) -> Result<FileHeader, Unreadable> {
    let file = File::open(path)?;
    let file_bytes = file.metadata()?.len();
    header(&file, file_bytes)
}

fn header(file: &File, file_bytes: u64) -> Result<FileHeader, Unreadable> {
    let bytes = read(file, &(0..HEADER_BYTES.min(file_bytes)))?;
    FileHeader::read(&bytes).ok_or(Unreadable::Damaged)
}

fn read(file: &File, range: &Range<u64>) -> io::Result<Vec<u8>> {
    let length = usize::try_from(range.end.saturating_sub(range.start)).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes)
}

/// How much of `bytes`, which stand at `offset` in the file, is whole.
fn whole(bytes: &[u8], offset: u64, header: &FileHeader) -> usize {
    let (mut keep, mut at) = (0, 0);
    let mut moof: Option<(usize, Range<usize>)> = None;
    while let Some((kind, body)) = box_at(bytes, at) {
        match (&kind, moof.take()) {
            (b"ftyp" | b"moov" | b"uuid" | b"mfra" | b"free", None) => keep = body.end,
            (b"moof", None) => moof = Some((at, body.clone())),
            (b"mdat", Some((start, moof))) => {
                if !fits(bytes, offset, start, moof, &body, header) {
                    break;
                }
                keep = body.end;
            }
            _ => break,
        }
        at = body.end;
    }
    keep
}

/// The kind and the body of the box at `at`, if all of it is there.
fn box_at(bytes: &[u8], at: usize) -> Option<([u8; 4], Range<usize>)> {
    let head: [u8; 8] = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    let [a, b, c, d, kind @ ..] = head;
    let (size, head) = match u32::from_be_bytes([a, b, c, d]) {
        1 => (u64::from_be_bytes(bytes.get(at + 8..at + 16)?.try_into().ok()?), 16),
        size => (u64::from(size), 8),
    };
    let end = at.checked_add(usize::try_from(size).ok()?)?;
    (end >= at + head && end <= bytes.len()).then_some((kind, at + head..end))
}

/// Whether a fragment's samples lie within it, and its pictures are made of whole units.
fn fits(
    bytes: &[u8],
    offset: u64,
    start: usize,
    moof: Range<usize>,
    mdat: &Range<usize>,
    header: &FileHeader,
) -> bool {
    let place = |at: usize| offset.saturating_add(at as u64);
    let (mut is_whole, lengths) = (true, length_bytes(&header.format));
    let moof = bytes.get(moof).unwrap_or_default();
    let read = samples(moof, place(start), &(place(mdat.start)..place(mdat.end)), |track, sample| {
        if is_whole && track == header.video.id {
            let begin = usize::try_from(sample.offset.saturating_sub(offset)).unwrap_or(usize::MAX);
            let data = bytes.get(begin..).and_then(|rest| rest.get(..usize::try_from(sample.size).ok()?));
            is_whole = data.is_some_and(|data| has_whole_units(data, lengths));
        }
    });
    read.is_some() && is_whole && !has_hole(bytes.get(mdat.clone()).unwrap_or_default(), place(mdat.start))
}

/// Whether a whole sector of the disk is zero, as one that it has forgotten: nothing coded looks like that
/// (see [`crate::record::salvage`]).
fn has_hole(media: &[u8], offset: u64) -> bool {
    let before = usize::try_from(offset.next_multiple_of(SECTOR as u64) - offset).unwrap_or(0);
    let mut sectors = media.get(before..).unwrap_or_default().chunks_exact(SECTOR);
    sectors.any(|sector| sector.iter().all(|byte| *byte == 0))
}

/// How many bytes tell the length of a unit (ISO/IEC 14496-15, `lengthSizeMinusOne`).
fn length_bytes(format: &VideoFormat) -> usize {
    let at = if format.codec == VideoCodec::H264 { 4 } else { 21 };
    usize::from(format.extradata.get(at).copied().unwrap_or(3) & 3) + 1
}

fn has_whole_units(mut data: &[u8], lengths: usize) -> bool {
    while !data.is_empty() {
        let Some((length, rest)) = data.split_at_checked(lengths) else { return false };
        let length = length.iter().fold(0usize, |n, byte| n << 8 | usize::from(*byte));
        match rest.split_at_checked(length) {
            Some((_, after)) if length > 0 => data = after,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libav::testing;
    use crate::record::salvage;

    struct Recorded {
        _folder: tempfile::TempDir,
        path: std::path::PathBuf,
        scan: salvage::Scan,
    }

    fn recorded() -> Recorded {
        let folder = tempfile::tempdir().unwrap();
        let files = testing::record(&testing::footage("libx264", 4), folder.path(), "a", 4, true);
        let path = files[0].0.clone();
        let scan = salvage::scan(&path).unwrap().unwrap();
        Recorded { _folder: folder, path, scan }
    }

    fn damage(path: &Path, at: u64, bytes: &[u8]) {
        std::fs::File::options().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
    }

    #[test]
    fn header_and_fragments_are_given_as_they_stand() {
        let Recorded { path, scan, .. } = &recorded();
        let file = std::fs::read(path).unwrap();
        let first = &scan.fragments[0];
        let header = part(path, 0..first.offset, Sound::Kept).unwrap();
        assert_eq!(header.bytes, &file[..first.offset as usize]);
        let all = part(path, first.offset..scan.keep_bytes, Sound::Kept).unwrap();
        assert_eq!((all.bytes.len() as u64, all.is_short), (scan.keep_bytes - first.offset, false));
        assert_eq!(header_of(path).unwrap().format.codec, VideoCodec::H264);
    }

    #[test]
    fn a_part_ends_before_the_damage_and_begins_again_behind_it() {
        let Recorded { path, scan, .. } = &recorded();
        let [first, second, third] = &scan.fragments[..3] else { panic!("{scan:?}") };
        // A sector that the disk has forgotten, then a box that is none.
        for at in [(second.offset + second.bytes / 2).next_multiple_of(512), second.offset] {
            damage(path, at, &[0; 512]);
            let cut = part(path, first.offset..third.offset, Sound::Kept).unwrap();
            assert_eq!((cut.bytes.len() as u64, cut.is_short), (first.bytes, true));
            assert!(!part(path, third.offset..scan.keep_bytes, Sound::Kept).unwrap().is_short);
        }
        let within = part(path, second.offset..third.offset, Sound::Kept);
        assert!(matches!(within, Err(Unreadable::Damaged)), "{within:?}");
    }

    #[test]
    fn what_is_not_there_and_what_is_too_much_is_refused() {
        let Recorded { path, scan, .. } = &recorded();
        let end = scan.file_bytes;
        assert!(matches!(part(path, 0..end + 1, Sound::Kept), Err(Unreadable::NoSuchRange(n)) if n == end));
        assert!(matches!(part(path, 9..9, Sound::Kept), Err(Unreadable::NoSuchRange(_))));
        std::fs::File::options().write(true).open(path).unwrap().set_len(MOST_PART_BYTES + 2).unwrap();
        assert!(matches!(part(path, 0..MOST_PART_BYTES + 1, Sound::Kept), Err(Unreadable::TooLong)));
        let gone = part(Path::new("/nowhere"), 0..1, Sound::Kept);
        assert!(matches!(gone, Err(Unreadable::Io(e)) if e.kind() == io::ErrorKind::NotFound));
    }
}
