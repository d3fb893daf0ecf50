//! What of a recorded file is whole, and the cutting off of what is not.
//!
//! A recording is `ftyp moov uuid (moof mdat)* [mfra] [uuid]` ([`super::label`]). A process that was
//! killed leaves the last fragment torn; a power cut may leave holes of zeros in what was not synced.
//! The walk reads box headers, labels, the `moov` and each `moof`, so a 60 s file costs milliseconds;
//! only [`salvage`] looks into the `mdat`s, of the last 16 MiB of a file that was never closed. The
//! bytes may be anything: sizes are checked against the file before they are believed, nothing is
//! nested deeper than the format has it, and no more than 1 MiB is ever held. A fragment whose `moof`
//! is damaged but whose length holds is passed over, so that one bad sector does not cost what is
//! behind it.

use std::io::{self, Read, SeekFrom};
use std::path::Path;

use crate::disk::naming;
use crate::libav::VideoCodec;

use super::boxes::{self, Tracks};
use super::files::{Files, ReadSeek, RealFiles};
use super::label::{self, Head, Label, Tail};

/// A `moov` or `moof` over this is taken for damage: real ones have a few KiB.
const MAX_INDEX_BYTES: u64 = 1 << 20;

/// What a torn write can leave behind at most. A break further from the end is damage of another
/// kind, and cutting there would throw away what may still be read some day.
const MAX_TORN_BYTES: u64 = 32 << 20;

/// As much of a file's end may be unsynced: what 4 s of the largest streams have, and more.
const MAX_UNSYNCED_BYTES: u64 = 16 << 20;

/// The unit in which a disk forgets. So many zeros stand in no coded picture: three in a row are
/// never in a NAL unit (H.264 7.4.1, H.265 7.4.2), and a frame of AAC is shorter.
const SECTOR: usize = 512;

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
    /// Whether it has sound.
    pub has_sound: bool,
    /// Whether packets were lost in it; known while recording, not from the file.
    pub is_lossy: bool,
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
    /// What the file said of itself when it was begun.
    pub head: Option<Head>,
    /// What it said when it was closed; none if it never was.
    pub tail: Option<Tail>,
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
    scan_on(&RealFiles, path)
}

/// As [`scan`], on any disk.
pub(super) fn scan_on(files: &dyn Files, path: &Path) -> io::Result<Option<Scan>> {
    walk(&mut *files.read(path)?).map_err(|e| naming(path, e))
}

/// What a file said of itself when it was begun, whether or not anything in it can be played.
///
/// # Errors
/// As the disk says, with the path in the message.
pub(super) fn head_of(files: &dyn Files, path: &Path) -> io::Result<Option<Head>> {
    let read = || -> io::Result<Option<Head>> {
        let file = &mut *files.read(path)?;
        let (file_bytes, mut at) = (file.seek(SeekFrom::End(0))?, 0u64);
        while let Some(header) = read_header(file, at, file_bytes)? {
            let (body, end) = (at.saturating_add(header.head), at.saturating_add(header.total));
            match &header.kind {
                b"uuid" if header.total <= label::MAX_LABEL_BYTES => {
                    if let Some(Label::Head(head)) =
                        read_body(file, body, end)?.as_deref().and_then(label::read)
                    {
                        return Ok(Some(*head));
                    }
                }
                b"ftyp" | b"moov" | b"free" => {}
                _ => break,
            }
            at = end;
        }
        Ok(None)
    };
    read().map_err(|e| naming(path, e))
}

/// Cuts a torn tail off the file at `path`, which nobody may be writing, and syncs what is left: a
/// process that was killed may have written it without.
///
/// # Errors
/// As the file system says, with the path in the message.
pub fn salvage(files: &dyn Files, path: &Path) -> io::Result<Salvaged> {
    let mut reader = files.read(path)?;
    let Some(mut scan) = walk(&mut *reader).map_err(|e| naming(path, e))? else {
        return Ok(Salvaged::Nothing);
    };
    if scan.tail.is_none() {
        drop_holes(&mut *reader, &mut scan).map_err(|e| naming(path, e))?;
    }
    drop(reader);
    if scan.fragments.is_empty() {
        return Ok(Salvaged::Nothing);
    }
    let lost = scan.file_bytes.saturating_sub(scan.keep_bytes);
    if scan.torn && lost <= MAX_TORN_BYTES {
        files.cut(path, scan.keep_bytes)?;
    }
    files.sync(path)?;
    if !scan.torn {
        return Ok(Salvaged::Whole(scan));
    }
    if lost > MAX_TORN_BYTES {
        return Ok(Salvaged::Damaged(scan));
    }
    scan.file_bytes = scan.keep_bytes;
    scan.torn = false;
    Ok(Salvaged::Cut(scan, lost))
}

/// Ends the file before the first of its last fragments that the disk has forgotten a part of.
fn drop_holes(file: &mut dyn ReadSeek, scan: &mut Scan) -> io::Result<()> {
    let safe = scan.file_bytes.saturating_sub(MAX_UNSYNCED_BYTES);
    let mut broken = None;
    for (n, fragment) in scan.fragments.iter().enumerate() {
        let end = fragment.offset.saturating_add(fragment.bytes);
        if end > safe && has_hole(file, fragment.offset, end)? {
            broken = Some((n, fragment.offset));
            break;
        }
    }
    if let Some((n, offset)) = broken {
        scan.fragments.truncate(n);
        (scan.keep_bytes, scan.torn) = (offset, true);
        scan.video_duration = duration_of(&scan.fragments, scan.video_start);
        if scan.fragments.iter().all(|f| f.video_start.is_none()) {
            scan.fragments.clear();
        }
    }
    Ok(())
}

/// Whether a whole sector between two places is zero.
fn has_hole(file: &mut dyn ReadSeek, from: u64, to: u64) -> io::Result<bool> {
    let first = from.next_multiple_of(SECTOR as u64);
    file.seek(SeekFrom::Start(first))?;
    let mut rest = file.take(to.saturating_sub(first));
    let mut sectors = vec![0u8; 256 * SECTOR];
    loop {
        let mut filled = 0;
        while filled < sectors.len() {
            match rest.read(sectors.get_mut(filled..).unwrap_or_default())? {
                0 => break,
                n => filled += n,
            }
        }
        let whole = sectors.get(..filled).unwrap_or_default().chunks_exact(SECTOR);
        if whole.into_iter().any(|sector| sector.iter().all(|byte| *byte == 0)) {
            return Ok(true);
        }
        if filled < sectors.len() {
            return Ok(false);
        }
    }
}

fn walk(file: &mut dyn ReadSeek) -> io::Result<Option<Scan>> {
    let file_bytes = file.seek(SeekFrom::End(0))?;
    let (mut at, mut keep_bytes, mut init_bytes) = (0u64, 0u64, 0u64);
    let mut tracks: Option<Tracks> = None;
    let mut open: Option<Fragment> = None;
    let mut passing_over = false;
    // Fragments that cannot be read, held back until one that can follows: the list has no hole.
    let (mut fragments, mut passed_over) = (Vec::new(), Vec::new());
    let (mut head, mut tail) = (None, None);
    while let Some(header) = read_header(file, at, file_bytes)? {
        let (body, end) = (at.saturating_add(header.head), at.saturating_add(header.total));
        match (&header.kind, &tracks) {
            (b"ftyp" | b"styp" | b"free" | b"skip" | b"sidx", _) => {}
            (b"uuid", Some(_)) if open.is_none() => {
                let is_label = header.total <= label::MAX_LABEL_BYTES;
                let bytes = if is_label { read_body(file, body, end)? } else { None };
                match bytes.as_deref().and_then(label::read) {
                    Some(Label::Head(found)) => head = Some(*found),
                    Some(Label::Tail(found)) => (tail, keep_bytes) = (Some(found), end),
                    None => {}
                }
            }
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
                fragment.bytes = end.saturating_sub(fragment.offset);
                if std::mem::take(&mut passing_over) {
                    passed_over.push(unreadable(&fragment));
                } else {
                    fragments.append(&mut passed_over);
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
    let Some(video_start) = fragments.iter().find_map(|f| f.video_start) else { return Ok(None) };
    let video_duration = duration_of(&fragments, video_start);
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
        head,
        tail,
    }))
}

/// Time from the first picture to the end of the last.
fn duration_of(fragments: &[Fragment], video_start: i64) -> i64 {
    let ends = fragments.iter().filter_map(|f| Some(f.video_start?.saturating_add(f.video_duration)));
    ends.max().map_or(0, |end| end.saturating_sub(video_start))
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
        has_sound: moof.has_sound,
        is_lossy: false,
    }
}

/// A fragment of which only the place is known.
fn unreadable(fragment: &Fragment) -> Fragment {
    Fragment {
        video_start: None,
        video_duration: 0,
        frames: 0,
        keyframe: false,
        has_sound: false,
        is_lossy: true,
        ..fragment.clone()
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
fn read_header(file: &mut dyn ReadSeek, at: u64, file_bytes: u64) -> io::Result<Option<BoxHeader>> {
    let left = file_bytes.saturating_sub(at);
    let mut bytes = Vec::with_capacity(16);
    file.seek(SeekFrom::Start(at))?;
    file.take(left.min(16)).read_to_end(&mut bytes)?;
    let Some((kind, head, Some(body))) = boxes::header(&bytes) else { return Ok(None) };
    let Some(total) = head.checked_add(body) else { return Ok(None) };
    Ok((total <= left).then_some(BoxHeader { kind, head, total }))
}

/// A box's content, none if it is larger than any real one.
fn read_body(file: &mut dyn ReadSeek, body: u64, end: u64) -> io::Result<Option<Vec<u8>>> {
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
        let Salvaged::Whole(scan) = salvage(&RealFiles, &made.with(&made.bytes)).unwrap() else { panic!() };
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
            match (salvage(&RealFiles, &path).unwrap(), kept) {
                (Salvaged::Nothing, None) => {}
                (Salvaged::Whole(_), Some(kept)) => assert_eq!(kept, place),
                (Salvaged::Cut(scan, lost), Some(kept)) => {
                    assert_eq!((scan.keep_bytes, lost), (kept, place - kept));
                    assert_eq!(std::fs::metadata(&path).unwrap().len(), kept);
                    assert!(matches!(salvage(&RealFiles, &path).unwrap(), Salvaged::Whole(_)));
                }
                (other, kept) => panic!("cut at {place}, {kept:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn zeros_behind_a_crash_are_cut_off() {
        let made = made();
        let zeros = [&made.bytes[..], &[0; 5000]].concat();
        assert!(matches!(salvage(&RealFiles, &made.with(&zeros)).unwrap(), Salvaged::Cut(_, 5000)));
    }

    #[test]
    fn a_hole_that_a_power_cut_left_ends_the_file_before_it() {
        let made = made();
        let whole = scan(&made.with(&made.bytes)).unwrap().unwrap();
        let third = &whole.fragments[2];
        let mut bytes = made.bytes.clone();
        let hole = usize::try_from((third.offset + 1500).next_multiple_of(512)).unwrap();
        bytes[hole..hole + 512].fill(0);
        let path = made.with(&bytes);
        let Salvaged::Cut(scan, _) = salvage(&RealFiles, &path).unwrap() else { panic!() };
        assert_eq!((scan.fragments.len(), scan.keep_bytes), (2, third.offset));
        assert!(matches!(salvage(&RealFiles, &path).unwrap(), Salvaged::Whole(again) if again == scan));
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
        assert!(
            matches!(salvage(&RealFiles, &path).unwrap(), Salvaged::Damaged(scan) if scan.fragments.len() == 1)
        );
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
        let pictures = |scan: &Scan| scan.fragments.iter().filter(|f| f.video_start.is_some()).count();
        assert!(!found.torn && found.fragments.len() == whole.fragments.len());
        assert_eq!(pictures(&found), pictures(&whole) - 1);
    }

    #[test]
    fn what_is_no_recording_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let made = Made { folder, bytes: Vec::new() };
        let nested = b"\0\0\0\x08moov".repeat(1000);
        for bytes in [&b""[..], b"short", &[0; 4096], &[0xFF; 4096], &nested] {
            assert_eq!(salvage(&RealFiles, &made.with(bytes)).unwrap(), Salvaged::Nothing);
        }
        assert!(salvage(&RealFiles, &made.folder.path().join("none.mp4")).is_err());
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
