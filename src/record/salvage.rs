//! What of a recorded file is whole, and the cutting off of what is not.
//!
//! A recording is `ftyp moov (moof mdat)* [mfra]`. A process that was killed leaves the last
//! fragment torn; a crashed system may leave zeros behind it. The walk reads box headers, the `moov`
//! and each `moof`, never an `mdat`, so a 60 s file costs milliseconds. The bytes may be anything:
//! sizes are checked against the file before they are believed, nothing is nested deeper than the
//! format has it, and no more than 1 MiB is ever held. A fragment whose `moof` is damaged but whose
//! length holds is passed over, so that one bad sector does not cost what is behind it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::disk::{naming, sync_folder_of};
use crate::libav::VideoCodec;

use super::boxes::{self, Tracks};

/// A `moov` or `moof` over this is taken for damage: real ones have a few KiB.
const MAX_INDEX_BYTES: u64 = 1 << 20;

/// What a torn write can leave behind at most. A break further from the end is damage of another
/// kind, and cutting there would throw away what may still be read some day.
const MAX_TORN_BYTES: u64 = 32 << 20;

/// One whole `moof` with its `mdat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Where its `moof` begins in the file.
    pub offset: u64,
    /// Bytes to the end of its `mdat`.
    pub bytes: u64,
    /// Its first picture's time, 90 kHz ticks from the connection's zero; none if it has sound only.
    pub video_start: Option<i64>,
    /// Time from its first picture to the end of its last, 90 kHz ticks.
    pub video_duration: i64,
    /// Its pictures.
    pub frames: u32,
    /// Whether its first picture is a keyframe.
    pub keyframe: bool,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The end of the last whole fragment (or of the closing `mfra`): all before it can be played.
    pub keep_bytes: u64,
    /// The file's length when it was read.
    pub file_bytes: u64,
    /// Whether something follows `keep_bytes`: a fragment being written, a torn one, or garbage.
    pub torn: bool,
    /// The length of `ftyp` and `moov`: what a player is given before any fragment.
    pub init_bytes: u64,
    /// The whole fragments in the file's order.
    pub fragments: Vec<Fragment>,
    /// The first picture's time, 90 kHz ticks from the connection's zero.
    pub video_start: i64,
    /// Time from the first picture to the end of the last, 90 kHz ticks.
    pub video_duration: i64,
    /// How the picture is compressed.
    pub video: VideoCodec,
    /// Whether there is a sound track.
    pub has_sound: bool,
}

/// What [`salvage`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Salvaged {
    /// The file is whole; nothing was changed.
    Whole(Scan),
    /// A torn tail of so many bytes was cut off, and that is on disk.
    Cut(Scan, u64),
    /// The file breaks too far from its end for a torn write: nothing was changed, what is before
    /// the break can be used.
    Damaged(Scan),
    /// There is no whole fragment with a picture in it; nothing was changed.
    Nothing,
}

/// Reads what `path` holds; none if there is no whole fragment with a picture. The file may be
/// growing.
///
/// # Errors
/// As the file system says, with the path in the message; never because of the file's content.
pub fn scan(path: &Path) -> io::Result<Option<Scan>> {
    let read = || walk(&mut File::open(path)?);
    read().map_err(|e| naming(path, e))
}

/// Cuts a torn tail off the file at `path`, which nobody may be writing.
///
/// # Errors
/// As the file system says, with the path in the message.
pub fn salvage(path: &Path) -> io::Result<Salvaged> {
    let Some(mut scan) = scan(path)? else { return Ok(Salvaged::Nothing) };
    if !scan.torn {
        return Ok(Salvaged::Whole(scan));
    }
    let lost = scan.file_bytes.saturating_sub(scan.keep_bytes);
    if lost > MAX_TORN_BYTES {
        return Ok(Salvaged::Damaged(scan));
    }
    let cut = || {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(scan.keep_bytes)?;
        file.sync_all()
    };
    cut().map_err(|e| naming(path, e))?;
    sync_folder_of(path)?;
    scan.file_bytes = scan.keep_bytes;
    scan.torn = false;
    Ok(Salvaged::Cut(scan, lost))
}

fn walk(file: &mut File) -> io::Result<Option<Scan>> {
    let file_bytes = file.metadata()?.len();
    let (mut at, mut keep_bytes, mut init_bytes) = (0u64, 0u64, 0u64);
    let mut tracks: Option<Tracks> = None;
    let mut open: Option<Fragment> = None;
    let mut passing_over = false;
    let mut fragments = Vec::new();
    while let Some(header) = read_header(file, at, file_bytes)? {
        let (body, end) = (at.saturating_add(header.head), at.saturating_add(header.total));
        match (&header.kind, &tracks) {
            (b"ftyp" | b"styp" | b"free" | b"skip" | b"sidx", _) => {}
            (b"moov", None) => {
                let Some(found) = read_body(file, body, end)?.as_deref().and_then(boxes::tracks) else {
                    break;
                };
                tracks = Some(found);
                init_bytes = end;
            }
            (b"moof", Some(known)) if open.is_none() => {
                let bytes = read_body(file, body, end)?;
                let moof = bytes.as_deref().and_then(|b| boxes::moof(b, known));
                passing_over = moof.is_none();
                open = Some(fragment(at, moof));
            }
            (b"mdat", Some(_)) => {
                let Some(mut fragment) = open.take() else { break };
                let promised = fragment.bytes;
                if promised > header.total.saturating_sub(header.head) {
                    passing_over = true;
                }
                if !std::mem::take(&mut passing_over) {
                    fragment.bytes = end.saturating_sub(fragment.offset);
                    fragments.push(fragment);
                    keep_bytes = end;
                }
            }
            (b"mfra", Some(_)) if open.is_none() && !fragments.is_empty() => keep_bytes = end,
            _ => break,
        }
        at = end;
    }
    let Some(tracks) = tracks else { return Ok(None) };
    let pictures = || fragments.iter().filter_map(|f| Some((f.video_start?, f.video_duration)));
    let Some((video_start, _)) = pictures().next() else { return Ok(None) };
    let video_end = pictures().map(|(start, duration)| start.saturating_add(duration)).max();
    let video_duration = video_end.map_or(0, |end| end.saturating_sub(video_start));
    let (video, has_sound) = (tracks.codec, tracks.audio.is_some());
    let torn = keep_bytes < file_bytes;
    Ok(Some(Scan {
        keep_bytes,
        file_bytes,
        torn,
        init_bytes,
        fragments,
        video_start,
        video_duration,
        video,
        has_sound,
    }))
}

/// The fragment that begins at `offset`; until its `mdat` is seen, `bytes` is what it promises.
fn fragment(offset: u64, moof: Option<boxes::Moof>) -> Fragment {
    let moof = moof.unwrap_or_default();
    Fragment {
        offset,
        bytes: moof.sample_bytes,
        video_start: moof.video_start,
        video_duration: moof.video_duration,
        frames: moof.frames,
        keyframe: moof.keyframe,
    }
}

struct BoxHeader {
    kind: [u8; 4],
    /// Bytes of the header itself.
    head: u64,
    /// Bytes with the header.
    total: u64,
}

/// The box at `at`, if it lies whole within the file.
fn read_header(file: &mut File, at: u64, file_bytes: u64) -> io::Result<Option<BoxHeader>> {
    let left = file_bytes.saturating_sub(at);
    let mut bytes = Vec::with_capacity(16);
    file.seek(SeekFrom::Start(at))?;
    file.take(left.min(16)).read_to_end(&mut bytes)?;
    let Some((kind, head, Some(body))) = boxes::header(&bytes) else { return Ok(None) };
    let Some(total) = head.checked_add(body) else { return Ok(None) };
    Ok((total <= left).then_some(BoxHeader { kind, head, total }))
}

/// A box's content, none if it is larger than any real one.
fn read_body(file: &mut File, body: u64, end: u64) -> io::Result<Option<Vec<u8>>> {
    let size = end.saturating_sub(body);
    if size > MAX_INDEX_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(body))?;
    file.take(size).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::libav::testing;

    struct Made {
        folder: tempfile::TempDir,
        bytes: Vec<u8>,
    }

    /// Two seconds at 25 pictures a second with sound; one made for all cases of a test.
    fn made() -> Made {
        let folder = tempfile::tempdir().unwrap();
        let files = testing::record(&testing::footage("libx264", 2), folder.path(), "a", 2, true);
        let bytes = std::fs::read(&files[0].0).unwrap();
        Made { folder, bytes }
    }

    impl Made {
        fn with(&self, bytes: &[u8]) -> std::path::PathBuf {
            let path = self.folder.path().join("case.mp4");
            crate::disk::write_atomically(&path, bytes).unwrap();
            path
        }
    }

    #[test]
    fn a_whole_file_is_described_and_left_alone() {
        let made = made();
        let Salvaged::Whole(scan) = salvage(&made.with(&made.bytes)).unwrap() else { panic!() };
        assert_eq!((scan.keep_bytes, scan.torn), (made.bytes.len() as u64, false));
        assert_eq!((scan.video_start, scan.video_duration), (0, 180_000));
        assert_eq!((scan.video, scan.has_sound), (VideoCodec::H264, true));
        assert_eq!(scan.fragments.iter().map(|f| f.frames).sum::<u32>(), 50);
        // A keyframe at 0 and 1 s, and a fragment every half a second.
        let keys: Vec<_> = scan.fragments.iter().filter(|f| f.keyframe).map(|f| f.video_start).collect();
        assert_eq!(keys, [Some(0), Some(90_000)]);
        assert!(scan.fragments.iter().all(|f| f.video_duration <= 45_000 + 3600), "{scan:?}");
        assert_eq!(scan.fragments[0].offset, scan.init_bytes);
    }

    #[test]
    fn a_file_cut_anywhere_keeps_exactly_its_whole_fragments() {
        let made = made();
        let whole = scan(&made.with(&made.bytes)).unwrap().unwrap();
        let ends: Vec<u64> = whole.fragments.iter().map(|f| f.offset + f.bytes).collect();
        let borders = ends.iter().flat_map(|end| (end - 20)..(end + 20));
        let places = (0..made.bytes.len() as u64).step_by(997).chain(borders);
        for place in places.filter(|place| *place < made.bytes.len() as u64) {
            let path = made.with(&made.bytes[..usize::try_from(place).unwrap()]);
            let kept = ends.iter().copied().filter(|end| *end <= place).max();
            match (salvage(&path).unwrap(), kept) {
                (Salvaged::Nothing, None) => {}
                (Salvaged::Whole(_), Some(kept)) => assert_eq!(kept, place),
                (Salvaged::Cut(scan, lost), Some(kept)) => {
                    assert_eq!((scan.keep_bytes, lost), (kept, place - kept));
                    assert_eq!(std::fs::metadata(&path).unwrap().len(), kept);
                    assert!(matches!(salvage(&path).unwrap(), Salvaged::Whole(_)));
                }
                (other, kept) => panic!("cut at {place}, {kept:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn zeros_behind_a_crash_are_cut_off() {
        let made = made();
        let zeros = [&made.bytes[..], &[0; 5000]].concat();
        assert!(matches!(salvage(&made.with(&zeros)).unwrap(), Salvaged::Cut(_, 5000)));
    }

    #[test]
    fn a_break_far_from_the_end_is_not_cut() {
        let made = made();
        let scan = scan(&made.with(&made.bytes)).unwrap().unwrap();
        let mut bytes = made.bytes.clone();
        let at = usize::try_from(scan.fragments[1].offset).unwrap();
        bytes[at + 4..at + 8].copy_from_slice(b"????");
        bytes.resize(bytes.len() + (33 << 20), 7);
        let path = made.with(&bytes);
        assert!(matches!(salvage(&path).unwrap(), Salvaged::Damaged(scan) if scan.fragments.len() == 1));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes.len() as u64);
    }

    #[test]
    fn a_fragment_with_a_damaged_index_is_passed_over() {
        let made = made();
        let whole = scan(&made.with(&made.bytes)).unwrap().unwrap();
        let mut bytes = made.bytes.clone();
        // The first child of the second `moof` claims more than there is.
        let at = usize::try_from(whole.fragments[1].offset).unwrap();
        bytes[at + 8..at + 12].copy_from_slice(&[0xFF; 4]);
        bytes[at + 12..at + 16].copy_from_slice(b"traf");
        let found = scan(&made.with(&bytes)).unwrap().unwrap();
        assert!(!found.torn && found.fragments.len() >= whole.fragments.len() - 1);
    }

    #[test]
    fn what_is_no_recording_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let made = Made { folder, bytes: Vec::new() };
        let nested = b"\0\0\0\x08moov".repeat(1000);
        for bytes in [&b""[..], b"short", &[0; 4096], &[0xFF; 4096], &nested] {
            assert_eq!(salvage(&made.with(bytes)).unwrap(), Salvaged::Nothing);
        }
        assert!(salvage(&made.folder.path().join("none.mp4")).is_err());
    }

    #[test]
    fn any_damage_gives_an_answer_and_never_more_than_the_file_has() {
        let made = made();
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(300));
        let length = made.bytes.len();
        let index = scan(&made.with(&made.bytes)).unwrap().unwrap().init_bytes as usize + 400;
        // Half of the flips hit the header and the first `moof`, where they hurt most.
        let place = prop_oneof![0..index, 0..length];
        let flips = prop::collection::vec((place, any::<u8>()), 1..12);
        runner
            .run(&(flips, 0..=length), |(flips, end)| {
                let mut bytes = made.bytes.clone();
                flips.iter().for_each(|(at, to)| bytes[*at] = *to);
                bytes.truncate(end.max(index));
                let path = made.with(&bytes);
                if let Some(scan) = scan(&path).unwrap() {
                    prop_assert!(scan.keep_bytes <= bytes.len() as u64);
                    prop_assert!(scan.fragments.iter().all(|f| f.offset + f.bytes <= scan.keep_bytes));
                }
                // The readers behind it must bear the same.
                let _ = crate::evidence::inspect::inspect(&path);
                Ok(())
            })
            .unwrap();
    }
}
