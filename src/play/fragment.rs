//! The samples of fragments, read from their file: all at once from the table at its end, or one by one.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::record::header::FileHeader;
use crate::record::salvage::Fragment;
use crate::record::sample_table::{self, Both};
use crate::record::samples::samples;

/// A `moof` mostly fits into this, and is read at once.
const USUAL_MOOF: u64 = 4 << 10;

/// A larger one is damage.
const MOST_MOOF: u64 = 1 << 20;

/// The table at a file's end, and what stands around it, are not larger; they have some 10 KiB.
const MOST_END: u64 = 4 << 20;

/// The samples of all fragments of a complete file; none if it has no table that fits.
pub(super) fn read_table(file: &File, fragments: &[Fragment]) -> Option<Vec<Both>> {
    let last = fragments.last()?;
    let behind = last.offset.checked_add(last.bytes)?;
    let length = file.metadata().ok()?.len().checked_sub(behind).filter(|length| *length <= MOST_END)?;
    let mut end = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut end, behind).ok()?;
    let mut rest = end.as_slice();
    loop {
        let size = usize::try_from(u32::from_be_bytes(rest.get(..4)?.try_into().ok()?)).ok()?;
        let (this, after) = rest.split_at_checked(size.max(8))?;
        if this.get(4..8)? == b"uuid"
            && let Some(all) = sample_table::read(this.get(8..)?, fragments)
        {
            return Some(all);
        }
        rest = after;
    }
}

/// The pictures and the sounds of a fragment; none if it is damaged.
pub(super) fn read_samples(file: &File, fragment: &Fragment, header: &FileHeader) -> Option<Both> {
    let end = fragment.offset.checked_add(fragment.bytes)?;
    let mut bytes = vec![0; usize::try_from(USUAL_MOOF.min(fragment.bytes)).ok()?];
    file.read_exact_at(&mut bytes, fragment.offset).ok()?;
    let size = u64::from(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?));
    if bytes.get(4..8)? != b"moof" || size < 8 || size > MOST_MOOF.min(fragment.bytes) {
        return None;
    }
    let size = usize::try_from(size).ok()?;
    if size > bytes.len() {
        bytes.resize(size, 0);
        file.read_exact_at(&mut bytes, fragment.offset).ok()?;
    }
    let (mut pictures, mut sounds) = (Vec::new(), Vec::new());
    let mdat = fragment.offset.checked_add(size as u64)?..end;
    let audio = header.audio.as_ref().map(|audio| audio.id);
    samples(bytes.get(8..size)?, fragment.offset, &mdat, |track, sample| {
        if track == header.video.id {
            pictures.push(sample);
        } else if Some(track) == audio {
            sounds.push(sample);
        }
    })?;
    Some((pictures, sounds))
}
