//! The samples of a complete file, all in one place at its end, so that an MP4 of any range needs one read a
//! file and not one for each half second: on a spinning disk that is the difference between a tenth of a
//! second and ten.
//!
//! A `uuid` box ([`super::label`]) before the last one, of about 7 KiB a minute. A file that was cut off has
//! none; then the fragments themselves are read.
//!
//! ```text
//! 1 byte   version, 1
//! then for each fragment, in the file's order:
//!   varint   runs: samples of one track that stand and are decoded one behind the other
//!   for each run:
//!     varint   flags: 1 sound, 2 shown later than decoded, 4 durations differ, 8 each says whether it is a key,
//!              16 the first is a key, 32 the others are
//!     varint   samples
//!     varint   where the first stands, from the fragment's beginning
//!     varint   when it is decoded after the track's sample before it ended, zigzag, ticks of the track
//!     varint   the duration of each, unless they differ
//!     for each sample:
//!       varint   bytes; times two and one more if a key, where each says so
//!       varint   duration, where they differ
//!       varint   shown so much later, zigzag, where that is so
//! ```

use super::fragments::{get, put, unzigzag, zigzag};
use super::salvage::Fragment;
use super::samples::MediaSample;

/// The user type of the box.
pub(super) const SAMPLES: [u8; 16] = *b"quaywatch:smpl:1";

const VERSION: u8 = 1;
const SOUND: u64 = 1;
const SHIFTED: u64 = 2;
const UNEVEN: u64 = 4;
const KEYED: u64 = 8;
const FIRST_KEY: u64 = 16;
const REST_KEYS: u64 = 32;

/// More in one file is damage.
const MOST_SAMPLES: u64 = 1_000_000;

/// The pictures and the sounds of one fragment.
pub type Both = (Vec<MediaSample>, Vec<MediaSample>);

/// Makes the table while a file grows.
#[derive(Debug, Clone)]
pub(super) struct TableMaker {
    bytes: Vec<u8>,
    /// When the last sample of each track ends.
    ends: [i64; 2],
    /// Whether a fragment could not be listed: then there is no table.
    is_broken: bool,
}

impl Default for TableMaker {
    fn default() -> Self {
        Self { bytes: vec![VERSION], ends: [0; 2], is_broken: false }
    }
}

impl TableMaker {
    /// Adds a fragment; none if its samples cannot be read.
    pub(super) fn add(&mut self, offset: u64, both: Option<&Both>) {
        let Some((pictures, sounds)) = both else {
            self.is_broken = true;
            return;
        };
        let runs: Vec<(bool, &[MediaSample])> = runs(pictures)
            .into_iter()
            .map(|run| (false, run))
            .chain(runs(sounds).into_iter().map(|run| (true, run)))
            .collect();
        put(&mut self.bytes, runs.len() as u64);
        for (is_sound, run) in runs {
            self.run(offset, is_sound, run);
        }
    }

    fn run(&mut self, offset: u64, is_sound: bool, run: &[MediaSample]) {
        let Some((first, rest)) = run.split_first() else { return };
        let is_uneven = rest.iter().any(|sample| sample.duration != first.duration);
        let is_shifted = run.iter().any(|sample| sample.shown_after != 0);
        let rest_are_keys = rest.first().is_some_and(|sample| sample.is_key);
        let is_keyed = rest.iter().any(|sample| sample.is_key != rest_are_keys);
        let flag = |is_set: bool, flag: u64| if is_set { flag } else { 0 };
        let flags = flag(is_sound, SOUND)
            | flag(is_shifted, SHIFTED)
            | flag(is_uneven, UNEVEN)
            | flag(is_keyed, KEYED)
            | flag(first.is_key, FIRST_KEY)
            | flag(rest_are_keys, REST_KEYS);
        let out = &mut self.bytes;
        put(out, flags);
        put(out, run.len() as u64);
        put(out, first.offset.wrapping_sub(offset));
        let [picture_end, sound_end] = &mut self.ends;
        let end = if is_sound { sound_end } else { picture_end };
        put(out, zigzag(first.dts.wrapping_sub(*end)));
        *end = first.dts;
        if !is_uneven {
            put(out, first.duration.into());
        }
        for sample in run {
            let size = u64::from(sample.size);
            put(out, if is_keyed { size << 1 | u64::from(sample.is_key) } else { size });
            if is_uneven {
                put(out, sample.duration.into());
            }
            if is_shifted {
                put(out, zigzag(sample.shown_after.into()));
            }
            *end = end.wrapping_add(sample.duration.into());
        }
    }

    /// The whole box; none if a fragment could not be listed.
    pub(super) fn to_box(&self) -> Option<Vec<u8>> {
        let size = u32::try_from(self.bytes.len().checked_add(24)?).ok().filter(|_| !self.is_broken)?;
        Some([&size.to_be_bytes()[..], b"uuid", &SAMPLES, &self.bytes].concat())
    }
}

/// Samples of one track parted where they do not follow each other.
fn runs(samples: &[MediaSample]) -> Vec<&[MediaSample]> {
    let follows = |before: &MediaSample, after: &MediaSample| {
        before.offset.checked_add(before.size.into()) == Some(after.offset)
            && before.dts.checked_add(before.duration.into()) == Some(after.dts)
    };
    samples.chunk_by(follows).collect()
}

/// Reads the body of the box, for the fragments of the file as the index lists them; none if it is none, is
/// damaged, or is of other fragments.
pub fn read(body: &[u8], fragments: &[Fragment]) -> Option<Vec<Both>> {
    let bytes = &mut body.strip_prefix(&SAMPLES)?.strip_prefix(&[VERSION])?;
    let (mut ends, mut count, mut all) = ([0i64; 2], 0u64, Vec::with_capacity(fragments.len()));
    for fragment in fragments {
        let end = fragment.offset.checked_add(fragment.bytes)?;
        let mut both: Both = (Vec::new(), Vec::new());
        for _ in 0..get(bytes)? {
            let (flags, samples) = (get(bytes)?, get(bytes)?);
            count = count.checked_add(samples).filter(|count| *count <= MOST_SAMPLES)?;
            let mut offset = fragment.offset.checked_add(get(bytes)?)?;
            let is = |flag: u64| flags & flag != 0;
            let [picture_end, sound_end] = &mut ends;
            let (track, dts) = match is(SOUND) {
                true => (&mut both.1, sound_end),
                false => (&mut both.0, picture_end),
            };
            *dts = dts.checked_add(unzigzag(get(bytes)?))?;
            let each = if is(UNEVEN) { None } else { Some(get(bytes)?) };
            for n in 0..samples {
                let size = get(bytes)?;
                let (size, is_key) = match (is(KEYED), n) {
                    (true, _) => (size >> 1, size & 1 == 1),
                    (false, 0) => (size, is(FIRST_KEY)),
                    (false, _) => (size, is(REST_KEYS)),
                };
                let duration = u32::try_from(each.map_or_else(|| get(bytes), Some)?).ok()?;
                let shown_after = if is(SHIFTED) { i32::try_from(unzigzag(get(bytes)?)).ok()? } else { 0 };
                let size = u32::try_from(size).ok()?;
                if offset.checked_add(size.into())? > end {
                    return None;
                }
                track.push(MediaSample { offset, size, dts: *dts, shown_after, duration, is_key });
                offset = offset.checked_add(size.into())?;
                *dts = dts.checked_add(duration.into())?;
            }
        }
        all.push(both);
    }
    bytes.is_empty().then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fragment(offset: u64, bytes: u64) -> Fragment {
        Fragment {
            offset,
            bytes,
            video_start: Some(0),
            video_duration: 1,
            frames: 1,
            keyframe: true,
            has_sound: true,
            is_lossy: false,
        }
    }

    fn any_track() -> impl Strategy<Value = Vec<(u32, u32, i32, bool, bool)>> {
        proptest::collection::vec((1u32..50, 0u32..5000, -9i32..9, any::<bool>(), any::<bool>()), 0..20)
    }

    proptest! {
        #[test]
        fn a_table_reads_back(fragments in proptest::collection::vec((any_track(), any_track()), 0..8)) {
            let (mut maker, mut list, mut all) = (TableMaker::default(), Vec::new(), Vec::new());
            let (mut offset, mut clock) = (100u64, 0i64);
            for tracks in &fragments {
                let begins = offset;
                offset += 50;
                let mut made = |track: &Vec<(u32, u32, i32, bool, bool)>| -> Vec<MediaSample> {
                    let each = track.iter().map(|(size, duration, shown_after, is_key, leaps)| {
                        // Now and then a sample does not follow the one before.
                        (offset, clock) = if *leaps { (offset + 3, clock + 7) } else { (offset, clock) };
                        let sample = MediaSample {
                            offset, size: *size, dts: clock, shown_after: *shown_after, duration: *duration,
                            is_key: *is_key,
                        };
                        (offset, clock) = (offset + u64::from(*size), clock + i64::from(*duration));
                        sample
                    });
                    each.collect()
                };
                let both = (made(&tracks.0), made(&tracks.1));
                maker.add(begins, Some(&both));
                list.push(fragment(begins, offset - begins));
                all.push(both);
            }
            let boxed = maker.to_box().unwrap();
            prop_assert_eq!(read(&boxed[8..], &list), Some(all));
            if let Some(last) = list.last_mut() {
                last.bytes = 49;
            }
            if fragments.last().is_some_and(|(pictures, sounds)| !pictures.is_empty() || !sounds.is_empty()) {
                prop_assert_eq!(read(&boxed[8..], &list), None, "of another file");
            }
        }

        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let list = [fragment(0, 1000), fragment(1000, 1000)];
            let _ = read(&[&SAMPLES[..], &[VERSION], &bytes].concat(), &list);
        }
    }

    #[test]
    fn a_fragment_that_cannot_be_listed_leaves_the_file_without_a_table() {
        let mut maker = TableMaker::default();
        maker.add(0, None);
        assert_eq!(maker.to_box(), None);
    }
}
