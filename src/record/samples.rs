//! The samples of one fragment: where each stands in the file, and when it is decoded and shown.
//!
//! What [`super::boxes`] sums up is listed here one by one, for whoever makes another file of them.

use std::ops::Range;

use mp4_atom::{Tfdt, Tfhd, Trun};

use super::boxes::{NOT_A_KEYFRAME, child, children, leaf};

/// More in one fragment is damage: half a second of sound at 96 kHz has 50.
const MOST_SAMPLES: usize = 20_000;

/// One picture, or one piece of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaSample {
    /// Where its bytes begin in the file.
    pub offset: u64,
    /// How many they are.
    pub size: u32,
    /// When it is decoded, in its track's ticks since the connection's zero.
    pub dts: i64,
    /// How much later it is shown.
    pub shown_after: i32,
    /// Until the next one of the fragment is decoded.
    pub duration: u32,
    /// Whether decoding can begin here.
    pub is_key: bool,
}

/// Reads a `moof` that begins at `offset` of the file and calls `each` with the track's number and the
/// sample, track by track. `mdat` is where the fragment's media stand: no sample lies elsewhere.
///
/// None if the box is damaged; what was given before then does not count.
pub fn samples(
    moof: &[u8],
    offset: u64,
    mdat: &Range<u64>,
    mut each: impl FnMut(u32, MediaSample),
) -> Option<()> {
    for (_, traf) in children(moof).filter(|(kind, _)| kind == b"traf") {
        let tfhd: Tfhd = leaf(child(traf, b"tfhd")?)?;
        let mut dts = i64::try_from(leaf::<Tfdt>(child(traf, b"tfdt")?)?.base_media_decode_time).ok()?;
        let mut count = 0usize;
        for (_, body) in children(traf).filter(|(kind, _)| kind == b"trun") {
            let trun: Trun = leaf(body)?;
            count = count.checked_add(trun.samples.len())?;
            if count > MOST_SAMPLES {
                return None;
            }
            let mut at = offset.checked_add_signed(i64::from(trun.data_offset?))?;
            for own in trun.samples.iter() {
                let size = own.size.or(tfhd.default_sample_size)?;
                let duration = own.duration.or(tfhd.default_sample_duration).unwrap_or(0);
                let flags = own.flags.or(tfhd.default_sample_flags).unwrap_or(0);
                let end = at.checked_add(u64::from(size))?;
                if at < mdat.start || end > mdat.end {
                    return None;
                }
                let shown_after = i32::try_from(own.cts.unwrap_or(0)).ok()?;
                let is_key = flags & NOT_A_KEYFRAME == 0;
                each(tfhd.track_id, MediaSample { offset: at, size, dts, shown_after, duration, is_key });
                at = end;
                dts = dts.checked_add(i64::from(duration))?;
            }
        }
    }
    Some(())
}
