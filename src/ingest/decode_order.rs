//! When each picture is decoded, from when it is shown: RTP carries only the latter. Pure.
//!
//! A camera with B-frames sends a picture before those that are shown ahead of it. Its decode times
//! are its presentation times in rising order, held back by the *depth*: the most pictures that may
//! overtake another. So decode time never passes presentation time, and it rises. Without B-frames
//! the depth is 0 and both are the same. No picture is held back for this.
//!
//! The depth is what the stream's header says, else 0 until a picture comes too early. The two or
//! three pictures that show it are then moved to just after those before them: the only ones of a
//! connection whose presentation time changes.
//!
//! Where a connection begins with an open group of pictures, those that are shown before its first
//! keyframe need pictures that were never received: they have no times and are left out. Behind a closed
//! one there are none: there a picture that seems to be shown before it comes from a clock that was set
//! back, as of a stream that just begins, and is kept.

use std::collections::VecDeque;

use super::Keyframe;
use crate::libav::{Times, VIDEO_TICKS};

/// No codec lets more pictures overtake another.
const DEEPEST: usize = 16;

/// A picture that more than these have overtaken is not a B-frame: the camera's clock was set back.
const DEEPEST_LEARNED: usize = 6;

/// Farther back than this is a leap of the camera's time stamps.
const LEAP_BACK: i64 = VIDEO_TICKS;

/// Farther on than this is a leap: twice the longest keyframe interval seen.
const LEAP_ON: i64 = 20 * VIDEO_TICKS;

/// From one decode time to the next ahead of the first picture, where no picture has shown it: small
/// enough that the deepest order begins less than a second before it.
const FIRST_STEP: i64 = VIDEO_TICKS / 25;

/// Decode times for one connection's pictures.
#[derive(Debug, Clone, Default)]
pub struct DecodeOrder {
    depth: usize,
    /// Presentation times that have not yet become a decode time, rising.
    unused: Vec<i64>,
    /// Presentation times of the last pictures, in the order of arrival.
    before: VecDeque<i64>,
    last: Option<i64>,
    moved: u64,
    start: Start,
}

/// How far the beginning of a connection has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Start {
    /// No keyframe yet.
    #[default]
    Nothing,
    /// An open keyframe at this time, and nothing that is shown after it.
    Open(i64),
    /// The same, closed.
    Closed(i64),
    /// All that comes can be decoded.
    Over,
}

impl DecodeOrder {
    /// What the stream's header says of how many pictures may overtake another; `None` if it says
    /// nothing, and what was learned stays.
    pub fn set_depth(&mut self, told: Option<usize>) {
        if let Some(depth) = told {
            self.depth = depth.min(DEEPEST);
        }
    }

    /// How many pictures may overtake another, as far as it is known: 0 without B-frames.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// How many pictures had to be moved because they came earlier than the depth allowed.
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// The times of the next picture, shown at `pts` (1/90000 s); `None` if it can never be decoded.
    /// Decode times rise strictly but where the time stamps leap.
    pub fn next(&mut self, pts: i64, key: Option<Keyframe>) -> Option<Times> {
        let is_before = |first: i64| (first.saturating_sub(LEAP_BACK)..first).contains(&pts);
        match (self.start, key) {
            (Start::Nothing, Some(Keyframe::Open)) => self.start = Start::Open(pts),
            (Start::Nothing, Some(Keyframe::Closed)) => self.start = Start::Closed(pts),
            (Start::Open(first), None) if is_before(first) => return None,
            // It is no B-frame either, of which the depth would be learned.
            (Start::Closed(first), None) if self.depth == 0 && (is_before(first) || pts == first) => {
                return Some(self.place(first.saturating_add(1)));
            }
            (Start::Open(_) | Start::Closed(_), _) => self.start = Start::Over,
            (Start::Nothing | Start::Over, _) => {}
        }
        Some(self.place(pts))
    }

    fn place(&mut self, pts: i64) -> Times {
        let newest = self.before.iter().copied().max();
        let has_leapt = self.last.is_some_and(|last| pts < last.saturating_sub(LEAP_BACK))
            || newest.is_some_and(|newest| pts > newest.saturating_add(LEAP_ON));
        if has_leapt {
            self.unused.clear();
            self.before.clear();
            self.last = None;
        }
        let overtaken_by = self.before.iter().filter(|before| **before > pts).count();
        if overtaken_by > self.depth && overtaken_by <= DEEPEST_LEARNED {
            self.depth = overtaken_by;
        } else if overtaken_by > self.depth {
            self.before.clear();
        }
        if self.before.len() == DEEPEST {
            self.before.pop_front();
        }
        self.before.push_back(pts);

        let place = self.unused.partition_point(|unused| *unused <= pts);
        self.unused.insert(place, pts);
        let wanted = self.depth.saturating_add(1);
        let missing = wanted.saturating_sub(self.unused.len());
        let fill = (1..).take(missing).map(|n: i64| match self.last {
            // Each becomes the moment right after the one before it.
            Some(last) => last,
            None => pts.saturating_sub(n.saturating_mul(FIRST_STEP)),
        });
        let fill: Vec<i64> = fill.collect();
        self.unused.splice(0..0, fill.into_iter().rev());
        let surplus = self.unused.len().saturating_sub(wanted);
        let smallest = self.unused.drain(..=surplus).next_back().unwrap_or(pts);
        let dts = self.last.map_or(smallest, |last| smallest.max(last.saturating_add(1)));
        self.last = Some(dts);
        self.moved = self.moved.saturating_add(u64::from(dts > pts && overtaken_by > 0));
        Times { pts: pts.max(dts), dts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Frame numbers, in the order of arrival, as x264 sends them with three B-frames in a pyramid.
    const PYRAMID: [i64; 13] = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11];
    const FRAME: i64 = 3600;

    fn all(order: &mut DecodeOrder, frames: impl IntoIterator<Item = i64>) -> Vec<Times> {
        let key = |frame| (frame % 4 == 0).then_some(Keyframe::Open);
        frames.into_iter().filter_map(|frame| order.next(90_000 + frame * FRAME, key(frame))).collect()
    }

    #[test]
    fn without_b_frames_a_picture_is_decoded_when_it_is_shown() {
        for told in [None, Some(0)] {
            let mut order = DecodeOrder::default();
            order.set_depth(told);
            assert!(all(&mut order, 0..100).iter().all(|times| times.pts == times.dts));
            assert_eq!((order.depth(), order.moved()), (0, 0));
        }
    }

    #[test]
    fn a_told_depth_holds_decode_times_back_and_moves_no_picture() {
        let mut order = DecodeOrder::default();
        order.set_depth(Some(2));
        let times = all(&mut order, PYRAMID);
        let shown: Vec<i64> = times.iter().map(|t| (t.pts - 90_000) / FRAME).collect();
        let decoded: Vec<i64> = times.iter().map(|t| (t.dts - 90_000) / FRAME).collect();
        assert_eq!(shown, PYRAMID);
        assert_eq!(decoded, (-2..11).collect::<Vec<_>>());
        assert_eq!(order.moved(), 0);
    }

    #[test]
    fn an_untold_depth_is_learned_from_the_first_pictures_and_then_holds() {
        let mut order = DecodeOrder::default();
        let first = all(&mut order, PYRAMID);
        assert_eq!((order.depth(), order.moved()), (2, 3), "only the first three B-frames are moved");
        assert!(first.windows(2).all(|two| two[1].dts > two[0].dts));
        let later = all(&mut order, PYRAMID.map(|frame| 16 + frame));
        assert_eq!(later.map_frames(), PYRAMID.map(|frame| 16 + frame));
        assert_eq!(order.moved(), 3);
    }

    #[test]
    fn what_is_shown_before_the_first_keyframe_is_left_out_and_no_later_picture_is() {
        let mut order = DecodeOrder::default();
        order.set_depth(Some(2));
        let times = all(&mut order, [8, 6, 5, 7, 12, 10, 9, 11, 16, 14, 13, 15]);
        assert_eq!(times.map_frames(), [8, 12, 10, 9, 11, 16, 14, 13, 15]);
        assert_eq!(order.moved(), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_right_behind_a_closed_keyframe_costs_no_picture() {
        let mut order = DecodeOrder::default();
        let first = order.next(90_000, Some(Keyframe::Closed)).unwrap();
        let times: Vec<Times> = (1..7).filter_map(|n| order.next(90_000 + (n - 3) * FRAME, None)).collect();
        assert_eq!(times.len(), 6);
        assert!(times.iter().all(|times| times.dts > first.dts && times.pts >= times.dts));
        assert!(times.windows(2).all(|two| two[1].dts > two[0].dts));
        assert_eq!((times[5], order.depth(), order.moved()), (Times::at(90_000 + 3 * FRAME), 0, 0));
    }

    #[test]
    fn what_is_shown_before_a_closed_keyframe_and_can_be_decoded_keeps_its_time() {
        let mut order = DecodeOrder::default();
        order.set_depth(Some(1));
        let first = order.next(90_000, Some(Keyframe::Closed)).unwrap();
        let leading = order.next(90_000 - FRAME / 2, None).unwrap();
        assert_eq!((first.pts, leading.pts), (90_000, 90_000 - FRAME / 2));
        assert!(first.dts < leading.dts && leading.dts <= leading.pts);
    }

    trait Frames {
        fn map_frames(&self) -> Vec<i64>;
    }

    impl Frames for Vec<Times> {
        fn map_frames(&self) -> Vec<i64> {
            self.iter().map(|t| (t.pts - 90_000) / FRAME).collect()
        }
    }

    #[test]
    fn a_repeated_stamp_is_moved_to_just_after_and_is_no_b_frame() {
        let mut order = DecodeOrder::default();
        let times: Vec<Times> = [0, 3600, 3600, 7200].map(|pts| order.next(pts, None).unwrap()).into();
        assert_eq!(times[2], Times { pts: 3601, dts: 3601 });
        assert_eq!((times[3], order.depth()), (Times::at(7200), 0));
    }

    #[test]
    fn a_clock_that_is_set_back_a_little_is_no_b_frame() {
        let mut order = DecodeOrder::default();
        all(&mut order, 0..50);
        let times = all(&mut order, 40..60);
        assert_eq!(order.depth(), 0);
        assert_eq!(times[19], Times::at(90_000 + 59 * FRAME), "it has caught up");
    }

    #[test]
    fn a_leap_begins_anew_in_either_direction() {
        let mut order = DecodeOrder::default();
        order.set_depth(Some(2));
        all(&mut order, PYRAMID);
        for leap in [1_000_000, -1_000_000] {
            let times = all(&mut order, PYRAMID.map(|frame| frame + leap));
            assert_eq!(times.map_frames(), PYRAMID.map(|frame| frame + leap));
            assert_eq!(times[0].dts, times[0].pts - 2 * FIRST_STEP);
        }
    }

    #[test]
    fn a_new_header_changes_the_depth_in_mid_stream() {
        let mut order = DecodeOrder::default();
        order.set_depth(Some(2));
        all(&mut order, PYRAMID);
        order.set_depth(Some(0));
        let times = all(&mut order, 13..30);
        assert!(times.iter().all(|times| times.pts == times.dts));
        order.set_depth(Some(2));
        let times = all(&mut order, PYRAMID.map(|frame| 30 + frame));
        assert_eq!(order.moved(), 0);
        assert_eq!(times.map_frames(), PYRAMID.map(|frame| 30 + frame));
    }

    proptest! {
        #[test]
        fn whatever_comes_decode_times_rise_but_at_leaps_and_never_pass_presentation(
            steps in proptest::collection::vec((-400_000i64..400_000, prop_oneof![4 => Just(None), 1 => (0usize..20).prop_map(Some)]), 1..200)
        ) {
            let (mut order, mut last, mut at) = (DecodeOrder::default(), None::<i64>, 0i64);
            for (step, told) in steps {
                at += step / 40 + if step % 97 == 0 { step * 10 } else { 0 };
                order.set_depth(told);
                let Some(times) = order.next(at, told.map(|_| Keyframe::Open)) else { continue };
                prop_assert!(times.dts <= times.pts && times.pts >= at);
                if let Some(last) = last {
                    prop_assert!(times.dts > last || at < last - LEAP_BACK);
                }
                last = Some(times.dts);
            }
        }

        #[test]
        fn any_order_within_its_depth_keeps_every_presentation_time(
            depth in 0usize..6, picks in proptest::collection::vec(0usize..6, 1..200), frame in 1500i64..90_000
        ) {
            // Pictures wait in a pool of `depth` + 1 and leave it in any order, but none is overtaken by
            // more than `depth`: what a codec may do.
            let mut order = DecodeOrder::default();
            order.set_depth(Some(depth));
            let mut waiting: Vec<(i64, usize)> = Vec::new();
            let (mut next, mut last) = (0i64, i64::MIN);
            for pick in picks {
                let is_first = next == 0;
                while waiting.len() <= depth {
                    waiting.push((next, 0));
                    next += 1;
                }
                let due = waiting.iter().position(|(_, overtaken)| *overtaken >= depth);
                // A connection begins with a keyframe.
                let chosen = if is_first { 0 } else { due.unwrap_or(pick % waiting.len()) };
                let (number, _) = waiting.remove(chosen);
                waiting.iter_mut().filter(|(n, _)| *n < number).for_each(|(_, overtaken)| *overtaken += 1);
                let times = order.next(number * frame, is_first.then_some(Keyframe::Open)).unwrap();
                prop_assert_eq!(times.pts, number * frame);
                prop_assert!(times.dts > last && times.dts <= times.pts);
                last = times.dts;
            }
        }
    }
}
