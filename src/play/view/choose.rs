//! Which samples a view is made of, and when each is shown. Pure: is given the fragments' samples in the
//! order of the archive.
//!
//! A view shows the pictures that were shown within `[from, to)`. Before them it holds what is needed to
//! decode the first, from its keyframe on, and an edit list passes over that. Within a connection the
//! recorded times are kept, for picture and sound alike; where the time line leaps, what follows is put
//! right behind what was there.

use super::table::Table;
use crate::libav::VIDEO_TICKS;
use crate::record::samples::MediaSample;

/// Sound is taken from so long before the first picture that is shown: a decoder of AAC needs what is
/// before.
const SOUND_BEFORE: i64 = VIDEO_TICKS / 4;

/// One file as far as the view takes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    /// Which of the view's files.
    pub(super) file: usize,
    /// Where the range begins and ends by this file's time, 1/90000 s since the connection's zero.
    pub(super) from: i64,
    pub(super) to: i64,
    /// Ticks of sound in a second; 0 without sound.
    pub(super) sound_rate: i64,
}

/// Makes the tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Chooser {
    pub(super) video: Table,
    pub(super) audio: Table,
    /// Ticks of sound in a second.
    pub(super) sound_rate: i64,
    /// Added to a time of the connection to get the view's.
    shift: Option<i64>,
    /// The keyframe that a connection's part begins with is shown then, by the view's time.
    part_shown: i64,
    /// The first picture that is shown, and the end of the last, by the view's time.
    first_shown: Option<i64>,
    shown_until: i64,
    /// Pictures shown at or after the end that an earlier one may yet need.
    held: Vec<(usize, MediaSample)>,
    /// Whether the range has ended, for the pictures and for the sound.
    no_more_pictures: bool,
    no_more_sound: bool,
}

impl Chooser {
    /// Says that what follows does not go on where the samples before ended: it is put right behind them.
    pub(super) fn leap(&mut self) {
        self.shift = None;
        self.held.clear();
    }

    /// Takes a picture, in the order of decoding.
    pub(super) fn picture(&mut self, source: &Source, sample: &MediaSample) {
        let shift = match self.shift {
            Some(shift) => shift,
            // Nothing can be decoded before a keyframe.
            None if !sample.is_key => return,
            None => {
                let begins = if self.video.is_empty() { 0 } else { self.video.end() };
                let shift = begins.saturating_sub(sample.dts);
                self.part_shown = begins.saturating_add(sample.shown_after.into());
                *self.shift.insert(shift)
            }
        };
        let shown = sample.dts.saturating_add(sample.shown_after.into());
        // What is sent behind a keyframe but shown before it cannot be decoded from there.
        if shown.saturating_add(shift) < self.part_shown {
            return;
        }
        if sample.dts >= source.to {
            self.no_more_pictures = true;
            return;
        }
        if shown >= source.to {
            self.held.push((source.file, *sample));
            return;
        }
        for (file, held) in std::mem::take(&mut self.held) {
            self.video.push(file, held.dts.saturating_add(shift), &held);
        }
        self.video.push(source.file, sample.dts.saturating_add(shift), sample);
        if shown >= source.from {
            let at = shown.saturating_add(shift);
            self.first_shown = Some(self.first_shown.map_or(at, |first| first.min(at)));
            self.shown_until = self.shown_until.max(at.saturating_add(sample.duration.into()));
        }
    }

    /// Takes a piece of sound. Its fragment's pictures come first.
    pub(super) fn sound(&mut self, source: &Source, sample: &MediaSample) {
        let Some(shift) = self.shift else { return };
        let rate = source.sound_rate.max(1);
        let begins = rescale(sample.dts, VIDEO_TICKS, rate);
        let ends = rescale(sample.dts.saturating_add(sample.duration.into()), VIDEO_TICKS, rate);
        self.no_more_sound |= begins >= source.to;
        if ends <= source.from.saturating_sub(SOUND_BEFORE) || begins >= source.to {
            return;
        }
        let dts = sample.dts.saturating_add(rescale(shift, rate, VIDEO_TICKS));
        // What a connection brings before its first picture, or the one before it had beyond its last.
        let is_early = rescale(dts, VIDEO_TICKS, rate) < self.part_shown.saturating_sub(SOUND_BEFORE);
        let quarter = i64::from(sample.duration / 4);
        let overlaps = !self.audio.is_empty() && dts < self.audio.end().saturating_sub(quarter);
        if dts < 0 || is_early || overlaps {
            return;
        }
        self.sound_rate = rate;
        self.audio.push(
            source.file,
            dts.max(self.audio.last.saturating_add(i64::from(!self.audio.is_empty()))),
            sample,
        );
    }

    /// A time of the view as one of the connection that is being taken.
    pub(super) fn recorded(&self, at: i64) -> i64 {
        at.saturating_sub(self.shift.unwrap_or(0))
    }

    /// Whether nothing that follows is of the range.
    pub(super) fn is_full(&self, has_sound: bool) -> bool {
        self.no_more_pictures && (self.no_more_sound || !has_sound)
    }

    /// The first picture that is shown and the end of the last, 1/90000 s of the view; none if there is none.
    pub(super) fn shown(&self) -> Option<(i64, i64)> {
        self.first_shown.map(|first| (first, self.shown_until))
    }
}

/// `value × up / down`, to the nearest.
pub(super) fn rescale(value: i64, up: i64, down: i64) -> i64 {
    let down = i128::from(down.max(1));
    let scaled = i128::from(value).saturating_mul(i128::from(up)).saturating_add(down / 2);
    i64::try_from(scaled.div_euclid(down)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: i64 = 3600;

    fn source(from: i64, to: i64) -> Source {
        Source { file: 0, from: from * FRAME, to: to * FRAME, sound_rate: 8000 }
    }

    fn frame(dts: i64, shown_after: i64, is_key: bool) -> MediaSample {
        MediaSample {
            offset: dts.unsigned_abs() * 100,
            size: 100,
            dts: dts * FRAME,
            shown_after: (shown_after * FRAME) as i32,
            duration: FRAME as u32,
            is_key,
        }
    }

    fn frames(of: &Chooser) -> usize {
        of.video.clone().stsz_count()
    }

    impl Table {
        fn stsz_count(&mut self) -> usize {
            match self.stsz().samples {
                mp4_atom::StszSamples::Different { sizes } => sizes.len(),
                mp4_atom::StszSamples::Identical { count, .. } => count as usize,
            }
        }
    }

    #[test]
    fn a_view_holds_the_keyframe_and_shows_from_the_first_picture_of_the_range_to_its_last() {
        let (mut chooser, source) = (Chooser::default(), source(13, 17));
        for n in 10..30 {
            chooser.picture(&source, &frame(n, 0, n % 10 == 0));
        }
        assert_eq!(frames(&chooser), 7, "10 to 16");
        assert_eq!(chooser.shown(), Some((3 * FRAME, 7 * FRAME)));
        assert!(chooser.is_full(false) && !chooser.is_full(true));
    }

    #[test]
    fn with_b_frames_what_the_last_picture_needs_is_in_it_and_not_shown() {
        // Decoded I P B B P B B, shown I B B P B B P, from 10 on.
        let (mut chooser, source) = (Chooser::default(), source(0, 15));
        for (dts, after) in [(10, 1), (11, 3), (12, 0), (13, 0), (14, 3), (15, 0), (16, 0)] {
            chooser.picture(&source, &frame(dts, after, dts == 10));
        }
        // 14 is decoded before 15 and shown at 17: nothing before the end needs it but what is decoded later.
        assert_eq!(chooser.shown(), Some((FRAME, 5 * FRAME)));
        assert_eq!(frames(&chooser), 4);
    }

    #[test]
    fn a_leap_is_closed_for_picture_and_sound_alike() {
        let mut chooser = Chooser::default();
        let piece = |n: i64| MediaSample { dts: n * 320, duration: 320, ..frame(n, 0, true) };
        for n in 0..10 {
            chooser.picture(&source(0, 1000), &frame(n, 0, n == 0));
            chooser.sound(&source(0, 1000), &piece(n));
        }
        chooser.leap();
        chooser.picture(&source(0, 1000), &frame(499, 0, false));
        for n in 500..510 {
            chooser.picture(&source(0, 1000), &frame(n, 0, n == 500));
            chooser.sound(&source(0, 1000), &piece(n));
        }
        assert_eq!(frames(&chooser), 20);
        assert_eq!(chooser.shown(), Some((0, 20 * FRAME)));
        assert_eq!((chooser.audio.first, chooser.audio.end()), (0, 20 * 320));
    }

    #[test]
    fn a_range_without_a_picture_shows_nothing() {
        let mut chooser = Chooser::default();
        chooser.picture(&source(20, 30), &frame(10, 0, true));
        assert_eq!(chooser.shown(), None);
    }
}
