//! The header of a view: `ftyp`, `moov`, and the beginning of its one `mdat`. Pure.

use std::ops::Range;

use mp4_atom::{Atom, Co64, Elst, ElstEntry, Encode, Mdhd, Mvhd, Tkhd};

use super::choose::{Chooser, rescale};
use super::table::{Chunk, Table};
use crate::libav::VIDEO_TICKS;
use crate::record::header::TrackHeader;

/// Ticks of the whole file in a second: the picture's, so that the edit list is exact.
const MOVIE_TICKS: i64 = VIDEO_TICKS;

/// A 64-bit `mdat` header, whatever its size.
const MDAT_HEADER: u64 = 16;

/// The smallest box.
const BOX_HEADER: u64 = 8;

/// The media of a view in the order in which they stand in it.
pub(super) fn order(video: &Table, audio: &Table) -> Vec<(bool, Chunk)> {
    let mut all: Vec<(bool, Chunk)> = video.chunks.iter().map(|chunk| (false, *chunk)).collect();
    all.extend(audio.chunks.iter().map(|chunk| (true, *chunk)));
    all.sort_by_key(|(_, chunk)| (chunk.file, chunk.offset));
    all
}

/// All before the media.
pub(super) struct Header {
    pub(super) bytes: Vec<u8>,
    /// Where in it is a `free` box; empty if there is none.
    pub(super) room: Range<u64>,
}

/// The header, given how the tracks are coded, with `room` bytes of a `free` box behind `ftyp`, for what is put there
/// later. None if a table does not fit its format, or nothing is shown.
pub(super) fn header(
    mut chosen: Chooser,
    media: &[(bool, Chunk)],
    video: &TrackHeader,
    audio: Option<&TrackHeader>,
    room: u64,
) -> Option<Header> {
    let (shown_from, shown_until) = chosen.shown()?;
    chosen.video.close();
    chosen.audio.close();
    let media_bytes = bytes(media);
    let (mut picture_places, mut sound_places) = (Vec::new(), Vec::new());
    let mut at = 0u64;
    for (is_sound, chunk) in media {
        let places = if *is_sound { &mut sound_places } else { &mut picture_places };
        places.push(at);
        at = at.checked_add(chunk.bytes)?;
    }
    let duration = shown_until.saturating_sub(shown_from);
    let rate = chosen.sound_rate;
    let audio = audio.filter(|_| !chosen.audio.is_empty());
    let traks = |base: u64, chosen: &mut Chooser| -> Option<Vec<u8>> {
        let moved = |places: &[u64]| places.iter().map(|at| at.saturating_add(base)).collect();
        let shown = edits(shown_from.saturating_sub(chosen.video.first), duration, VIDEO_TICKS);
        let mut both =
            trak(&mut chosen.video, video, shown, (duration, VIDEO_TICKS), moved(&picture_places))?;
        if let Some(audio) = audio {
            let from = rescale(shown_from, rate, VIDEO_TICKS).saturating_sub(chosen.audio.first);
            let heard = edits(from, duration, rate);
            both.extend(trak(&mut chosen.audio, audio, heard, (duration, rate), moved(&sound_places))?);
        }
        Some(both)
    };
    let movie = Mvhd {
        timescale: u32::try_from(MOVIE_TICKS).ok()?,
        duration: duration.try_into().ok()?,
        rate: 1u16.into(),
        volume: 1u8.into(),
        next_track_id: 3,
        ..Mvhd::default()
    };
    let mut head = boxed(b"ftyp", &[b"isom\0\0\x02\0isomiso2avc1mp41"]);
    let room_from = head.len() as u64;
    if let Some(free) = room.checked_sub(BOX_HEADER) {
        head.extend(boxed(b"free", &[&vec![0; usize::try_from(free).ok()?]]));
    }
    let room = room_from..head.len() as u64;
    // The places depend on the header's length, which does not depend on them: made twice, counted once.
    let length = {
        let traks = traks(0, &mut chosen.clone())?;
        head.len() + boxed(b"moov", &[&encoded(&movie)?, &traks]).len()
    };
    let base = (length as u64).checked_add(MDAT_HEADER)?;
    head.extend(boxed(b"moov", &[&encoded(&movie)?, &traks(base, &mut chosen)?]));
    head.extend_from_slice(&1u32.to_be_bytes());
    head.extend_from_slice(b"mdat");
    head.extend_from_slice(&media_bytes.checked_add(MDAT_HEADER)?.to_be_bytes());
    Some(Header { bytes: head, room })
}

/// How many bytes the media are.
pub(super) fn bytes(media: &[(bool, Chunk)]) -> u64 {
    media.iter().map(|(_, chunk)| chunk.bytes).sum()
}

/// What is shown of a track: from `skip` of its ticks on, for as long as the file lasts. Sound may begin later
/// than the picture: nothing is heard until then.
fn edits(skip: i64, duration: i64, rate: i64) -> Elst {
    if skip >= 0 {
        return Elst { entries: vec![edit(Some(skip), duration)] };
    }
    let late = rescale(skip.saturating_neg(), MOVIE_TICKS, rate).min(duration);
    Elst { entries: vec![edit(None, late), edit(Some(0), duration.saturating_sub(late))] }
}

fn edit(media_time: Option<i64>, duration: i64) -> ElstEntry {
    let media_time = media_time.map(|at| u64::try_from(at).unwrap_or(0));
    ElstEntry { segment_duration: u64::try_from(duration).unwrap_or(0), media_time, media_rate: 1i16.into() }
}

fn trak(
    table: &mut Table,
    of: &TrackHeader,
    edits: Elst,
    (duration, ticks): (i64, i64),
    places: Vec<u64>,
) -> Option<Vec<u8>> {
    let mut tkhd: Tkhd = decoded(&of.tkhd)?;
    (tkhd.duration, tkhd.enabled, tkhd.in_movie) = (duration.try_into().ok()?, true, true);
    let mut mdhd: Mdhd = decoded(&of.mdhd)?;
    mdhd.timescale = ticks.try_into().ok()?;
    mdhd.duration = table.end().saturating_sub(table.first).try_into().ok()?;
    let is_picture = of.media_header.get(4..8) == Some(b"vmhd");
    let mut tables = of.stsd.to_vec();
    tables.extend(encoded(&table.stts())?);
    if let Some(ctts) = table.ctts() {
        tables.extend(encoded(&ctts)?);
    }
    if is_picture {
        tables.extend(encoded(&table.stss())?);
    }
    tables.extend(encoded(&table.stsc())?);
    tables.extend(encoded(&table.stsz())?);
    tables.extend(encoded(&Co64 { entries: places })?);
    let minf = boxed(b"minf", &[&of.media_header, &of.dinf, &boxed(b"stbl", &[&tables])]);
    let mdia = boxed(b"mdia", &[&encoded(&mdhd)?, &of.hdlr, &minf]);
    Some(boxed(b"trak", &[&encoded(&tkhd)?, &boxed(b"edts", &[&encoded(&edits)?]), &mdia]))
}

fn encoded(atom: &impl Encode) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    atom.encode(&mut bytes).ok()?;
    Some(bytes)
}

/// Reads one whole box.
fn decoded<T: Atom>(bytes: &[u8]) -> Option<T> {
    let mut body = bytes.get(8..)?;
    T::decode_body(&mut body).ok()
}

fn boxed(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let size = content.iter().map(|part| part.len()).sum::<usize>().saturating_add(8);
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(kind);
    content.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}
