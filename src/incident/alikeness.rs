//! Since when one picture is more like the next than a living camera's are. Pure.
//!
//! Even where nothing moves, the noise of a living sensor changes most blocks of a picture from one to
//! the next; how many, is up to the noise and the encoder, and to where between two keyframes it is. A
//! source that froze is still refined by the encoder for a while, but two pictures in a row that are much
//! more alike than any before come within 4 s, and again in every group of pictures.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Now;
use crate::perceive::View;

/// How much is remembered: what a living camera was like before the freeze has to be in it.
const MEMORY: Duration = Duration::from_secs(300);

/// Whole groups of pictures, of most cameras: the most alike ones of each are compared. One of which less
/// than this was seen is not whole.
const GROUP: Duration = Duration::from_secs(12);
const WHOLE: Duration = Duration::from_secs(8);

/// So few that are alive, where pictures are seldom, do not part those that are not.
const FEW: usize = 3;

/// Where living pictures are this much alike, the encoder leaves the noise out: nothing can be told.
const TOO_MUCH: f32 = 0.75;

/// What is this much nearer to "all the same" than anything of a living group is not alive.
const NEARER: f32 = 0.3;

/// The very first second of a freeze is already more alike than living ones are, if less so than later ones: what is
/// this much nearer to "all the same", so shortly before the first that is beyond doubt, is the beginning.
const BEGINS_NEARER: f32 = 0.15;
const BEGINS_WITHIN: Duration = Duration::from_secs(6);

/// Most freezes show in the second in which they begin, some a second or two later (20 freezes, x264 at 256 to
/// 512 kbit/s): dated this much before that second, they are off as far to either side.
const BEFORE_ITS_SECOND: Duration = Duration::from_millis(200);

/// How much alike the pictures of one camera were.
#[derive(Debug, Clone, Default)]
pub(super) struct Alikeness {
    /// Each second's most alike pair, with where the second began; oldest first.
    past: VecDeque<(Now, f32)>,
    size: (u32, u32),
}

impl Alikeness {
    /// Takes what was seen.
    pub fn learn(&mut self, view: &View) {
        if view.size != self.size {
            *self = Self { size: view.size, ..Self::default() };
        }
        let Some(alike) = view.alike else { return };
        self.past.push_back((view.began, alike));
        while self.past.front().is_some_and(|(at, _)| view.began.mono.since(at.mono) > MEMORY) {
            self.past.pop_front();
        }
    }

    /// Since when, without a group of living ones in between, but not before `earliest`, the pictures
    /// are too much alike; `None` where what living ones are like was not seen, or is no different.
    pub fn since(&self, earliest: Now) -> Option<Now> {
        let limit = self.limit(NEARER)?;
        let (mut began, mut living) = (None::<Now>, 0usize);
        for (at, alike) in self.past.iter().rev().take_while(|(at, _)| at.mono >= earliest.mono) {
            if *alike <= limit {
                living += 1;
            } else if living >= FEW && began.is_some_and(|began| began.mono.since(at.mono) > GROUP) {
                break;
            } else {
                (began, living) = (Some(*at), 0);
            }
        }
        let (sure, weaker) = (began?, self.limit(BEGINS_NEARER)?);
        let before = self.past.iter().filter(|(at, _)| at.mono >= earliest.mono && at.mono <= sure.mono);
        let mut before = before.filter(|(at, _)| sure.mono.since(at.mono) <= BEGINS_WITHIN);
        let (began, _) = before.find(|(_, alike)| *alike > weaker)?;
        let began = began.minus(BEFORE_ITS_SECOND);
        Some(if began.mono < earliest.mono { earliest } else { began })
    }

    /// Whether it is known what living pictures are like, and for `span` all were like that.
    pub fn is_living_for(&self, span: Duration) -> bool {
        let Some((limit, (newest, _))) = self.limit(NEARER).zip(self.past.back().copied()) else {
            return false;
        };
        let lately = self.past.iter().rev().take_while(|(at, _)| newest.mono.since(at.mono) < span);
        let spans_it = self.past.front().is_some_and(|(oldest, _)| newest.mono.since(oldest.mono) >= span);
        spans_it && lately.into_iter().all(|(_, alike)| *alike <= limit)
    }

    /// What is more alike than this, by so much nearer to "all the same", is not alive.
    fn limit(&self, nearer: f32) -> Option<f32> {
        let living = self.living().filter(|living| *living < TOO_MUCH)?;
        Some(living + nearer * (1.0 - living))
    }

    /// How much alike the most alike pictures of a group are, where three groups of four are more alike: a
    /// minute in which a cloud went by is not what the others are like.
    fn living(&self) -> Option<f32> {
        let groups = self.past.iter().enumerate().filter_map(|(first, (began, _))| {
            let group = self.past.iter().skip(first).take_while(|(at, _)| at.mono.since(began.mono) < GROUP);
            let (last, most) = group.fold((*began, 0.0), |(_, most), (at, alike)| (*at, alike.max(most)));
            (last.mono.since(began.mono) >= WHOLE).then_some(most)
        });
        let mut most: Vec<f32> = groups.collect();
        most.sort_by(f32::total_cmp);
        most.get(most.len() / 4).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Now {
        Now::default().plus(Duration::from_secs(second))
    }

    /// It showed in this second.
    fn shown_in(second: u64) -> Option<Now> {
        Some(at(second).minus(BEFORE_ITS_SECOND))
    }

    /// A second each, in groups of 4 s whose pictures become more alike until the next keyframe.
    fn seen(seconds: &[(u64, f32)]) -> Alikeness {
        let mut alikeness = Alikeness::default();
        let most = seconds.iter().flat_map(|(seconds, most)| (0..*seconds).map(move |_| *most));
        for (second, most) in (0u16..).zip(most) {
            let alike = Some(most * f32::from(second % 4) / 3.0);
            alikeness.learn(&View { began: at(second.into()), alike, ..View::default() });
        }
        alikeness
    }

    #[test]
    fn pictures_that_are_more_alike_than_any_before_tell_since_when() {
        let alikeness = seen(&[(61, 0.4), (40, 0.7)]);
        assert_eq!(alikeness.since(at(0)), shown_in(63));
    }

    #[test]
    fn it_lives_again_after_a_while_of_pictures_that_are_like_living_ones() {
        let span = Duration::from_secs(25);
        assert!(seen(&[(61, 0.4), (40, 0.7), (26, 0.4)]).is_living_for(span));
        assert!(!seen(&[(61, 0.4), (40, 0.7), (22, 0.4)]).is_living_for(span));
        assert!(!seen(&[(20, 0.4)]).is_living_for(span), "too short a time was seen");
        assert!(!seen(&[(100, 0.8)]).is_living_for(span));
    }

    #[test]
    fn what_was_before_something_moved_is_not_gone_into() {
        assert_eq!(seen(&[(61, 0.4), (40, 0.7)]).since(at(83)), Some(at(83)));
    }

    #[test]
    fn the_first_second_of_a_freeze_shows_it_less_and_is_its_beginning() {
        let freezes = |first: f32| seen(&[(60, 0.3), (1, 0.0), (1, 3.0 * first), (40, 0.8)]).since(at(0));
        assert_eq!(freezes(0.45), shown_in(61));
        assert_eq!(freezes(0.35), shown_in(62), "no more than living ones may be");
    }

    #[test]
    fn one_pair_that_was_alike_by_chance_long_before_is_no_begin() {
        let alikeness = seen(&[(20, 0.2), (4, 0.9), (37, 0.2), (40, 0.7)]);
        assert_eq!(alikeness.since(at(0)), shown_in(62));
    }

    #[test]
    fn a_lively_minute_is_not_what_living_pictures_are_like() {
        assert_eq!(seen(&[(20, 0.1), (240, 0.4), (40, 0.85)]).since(at(0)), shown_in(262));
    }

    #[test]
    fn pictures_ten_seconds_apart_are_compared_as_well() {
        let mut alikeness = Alikeness::default();
        for (i, alike) in [0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 0.2, 0.9, 0.2, 0.9].into_iter().enumerate() {
            alikeness.learn(&View { began: at(10 * i as u64), alike: Some(alike), ..View::default() });
        }
        assert_eq!(alikeness.since(at(0)), shown_in(50));
    }

    #[test]
    fn pictures_of_another_size_are_not_compared() {
        let mut alikeness = seen(&[(61, 0.4), (40, 0.7)]);
        alikeness.learn(&View { size: (640, 360), began: at(101), alike: Some(0.7), ..View::default() });
        assert_eq!(alikeness.since(at(0)), None);
    }

    #[test]
    fn nothing_is_told_where_no_living_picture_was_seen_or_the_encoder_leaves_the_noise_out() {
        assert_eq!(seen(&[(100, 0.8)]).since(at(0)), None);
        assert_eq!(seen(&[(60, 0.9), (40, 1.0)]).since(at(0)), None);
        assert_eq!(seen(&[(60, 0.3)]).since(at(0)), None);
        assert_eq!(Alikeness::default().since(at(0)), None);
    }
}
