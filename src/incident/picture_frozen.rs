//! `picture-frozen`: the camera sends, and it is the same picture again and again.
//!
//! A quiet hall is the same bit by bit too, from one keyframe to the next, because encoders leave out
//! what hardly changes. So standing still is no proof. Two things are:
//! - exact blocks of former pictures come back after others were there in between (see
//!   `perceive`): noise of a living sensor never does that;
//! - not one bit changes for several times longer than this camera ever goes between keyframes;
//!   before any of them was seen, for two minutes.
//!
//! Either counts only while nothing moves (a clock that is written into the picture does not). A
//! black or bare picture cannot be judged. Nothing has to be learned, so it is judged from the start.
//!
//! It froze when one picture became more like the next than a living camera's are (`alikeness`).

use std::time::Duration;

use super::alikeness::Alikeness;
use super::{Peak, Sign, Watch, measurement};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Observation, View};

/// So many parts of the picture (of 512 that count) that changed are movement.
const MOVES: u32 = 3;

/// The share of blocks that came back. Noise too weak to pass a coarse quantiser reaches 0.3.
const COMES_BACK: f32 = 0.45;

/// The last return is not longer ago than two slow keyframes.
const RECENT: Duration = Duration::from_secs(25);

/// Without a single change: times the longest pause between changes, and where none is known.
const PAUSES: u32 = 4;
const UNKNOWN_PAUSE: Duration = Duration::from_secs(120);

/// Encoders settle on a quantiser within this long: where nothing else tells when it froze, a return this
/// soon after something moved means that it froze when it stopped moving. In a hall where nothing had
/// moved, the first picture that came back has to do for the beginning.
const SETTLING: Duration = Duration::from_secs(90);

/// A living camera shows within this long, by movement or by not coming back; sooner ([`RECENT`]) where one
/// picture is also no more like the next than before.
const ALIVE_AFTER: Duration = Duration::from_secs(60);

/// The rule for one camera.
pub(super) struct PictureFrozen {
    hold: Duration,
    /// Since when nothing moved, and whether that began with movement.
    still: Option<Now>,
    /// The last return since then, and the earliest picture that came back.
    returns: Option<(Now, Now)>,
    /// When it was last known to stand.
    stood: Option<Now>,
    pause: Option<Duration>,
    unchanged: Option<(Now, Now)>,
    alikeness: Alikeness,
    flagged: Option<Now>,
    last: Option<Now>,
}

impl PictureFrozen {
    pub fn new(hold: Duration) -> Self {
        Self {
            hold,
            still: None,
            returns: None,
            stood: None,
            pause: None,
            unchanged: None,
            alikeness: Alikeness::default(),
            flagged: None,
            last: None,
        }
    }

    fn learn(&mut self, view: &View, now: Now) {
        self.alikeness.learn(view);
        if view.moved >= MOVES || self.still.is_none() {
            (self.still, self.returns) = (Some(now), None);
        }
        if let Some(repeat) = view.repeat.filter(|repeat| repeat.share >= COMES_BACK) {
            let (_, of) = self.returns.unwrap_or((now, repeat.of));
            self.stood = Some(now);
            self.returns = Some((now, if repeat.of.mono < of.mono { repeat.of } else { of }));
        }
        match (self.unchanged, view.unchanged_since) {
            // The pause is over: it was one of a living camera, unless that is what was flagged.
            (Some((since, until)), Some(new)) if new.mono != since.mono && self.flagged.is_none() => {
                let pause = until.mono.since(since.mono);
                self.pause = Some(self.pause.map_or(pause, |known| known.max(pause)));
            }
            _ => {}
        }
        self.unchanged = view.unchanged_since.map(|since| (since, now));
        if self.unchanged.is_some_and(|(since, _)| now.mono.since(since.mono) >= RECENT) {
            self.stood = Some(now);
        }
    }

    /// Since when the picture is frozen, if it is.
    fn frozen_since(&self, now: Now) -> Option<Now> {
        let still = self.still?;
        if now.mono.since(still.mono) < self.hold {
            return None;
        }
        if let Some((since, _)) = self.unchanged {
            let pause = self.pause.map_or(UNKNOWN_PAUSE, |pause| pause.saturating_mul(PAUSES));
            if now.mono.since(since.mono) >= self.hold.max(pause) {
                return Some(since);
            }
        }
        let (_, of) = self.returns.filter(|(last, _)| now.mono.since(last.mono) <= RECENT)?;
        let of = if of.mono < still.mono { still } else { of };
        let began = match self.alikeness.since(still) {
            Some(began) if began.mono < of.mono => began,
            Some(_) => of,
            None if of.mono.since(still.mono) <= SETTLING => still,
            None => of,
        };
        (now.mono.since(began.mono) >= self.hold).then_some(began)
    }

    /// When it came to life again, if it did: when something moved, or after the last sign of a freeze.
    fn alive_since(&self, view: &View, now: Now) -> Option<Now> {
        if view.moved >= MOVES {
            return Some(view.began);
        }
        let is_unchanged = self.unchanged.is_some_and(|(since, _)| now.mono.since(since.mono) >= RECENT);
        let last_sign = self.stood.unwrap_or(view.began);
        let silent_for = now.mono.since(last_sign.mono);
        let is_silent = self.returns.is_none()
            || silent_for >= ALIVE_AFTER
            || silent_for >= RECENT && self.alikeness.is_living_for(RECENT);
        (is_silent && !is_unchanged).then_some(last_sign)
    }

    fn end(&mut self, at: Now) -> Option<Sign> {
        (self.still, self.returns, self.stood) = (None, None, None);
        self.flagged.take().map(|_| Sign::Ended(at.wall))
    }
}

impl Watch for PictureFrozen {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        let view = match observation {
            Observation::View(view) => view,
            // Nothing is sent any more, so it is not the same again and again.
            Observation::Camera(CameraState::Lost | CameraState::Refused) => {
                self.alikeness = Alikeness::default();
                return self.end(now);
            }
            _ => return None,
        };
        self.last = Some(now);
        self.learn(view, now);
        if self.flagged.is_some() {
            let ended = if armed { self.alive_since(view, now) } else { Some(view.began) };
            return ended.and_then(|at| self.end(at));
        }
        let since = self.frozen_since(now).filter(|_| armed)?;
        self.flagged = Some(since);
        let seconds = now.mono.since(since.mono).as_secs_f64();
        let peak: Peak = [("still_s".to_owned(), measurement(seconds))].into_iter().collect();
        Some(Sign::Flagged { started_at: since.wall, peak })
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        let last = self.last?;
        if now.mono.since(last.mono) < super::sustained::UNSEEN {
            return None;
        }
        self.last = None;
        self.end(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perceive::Repeat;

    fn at(second: u64) -> Now {
        Now::default().plus(Duration::from_secs(second))
    }

    /// Shows a view a second; gives each sign with its second.
    fn see(seconds: u64, view: impl Fn(u64) -> View) -> Vec<(u64, Sign)> {
        let mut rule = PictureFrozen::new(Duration::from_secs(30));
        let views = (0..seconds).map(|second| (second, View { began: at(second), ..view(second) }));
        views
            .filter_map(|(second, view)| {
                Some((second, rule.observe(&Observation::View(view), true, at(second + 1))?))
            })
            .collect()
    }

    /// A hall with people until `until`; after that its keyframes, every 4 s, come back to this share.
    fn hall(until: u64, share: f32) -> impl Fn(u64) -> View {
        move |second| {
            let repeat =
                (second >= until + 8 && second % 4 == 0).then(|| Repeat { share, of: at(second - 4) });
            let moved = if second < until { 20 } else { 0 };
            View { moved, repeat, unchanged_since: Some(at(second - second % 4)), ..View::default() }
        }
    }

    #[test]
    fn a_picture_whose_keyframes_come_back_is_flagged_since_it_stopped() {
        let signs = see(120, hall(60, 0.9));
        let [(second, Sign::Flagged { started_at, .. })] = signs.as_slice() else { panic!("{signs:?}") };
        assert!((89..=91).contains(second) && started_at.as_millis() == 60_000, "{signs:?}");
    }

    #[test]
    fn a_quiet_hall_is_not_frozen_however_still_it_is_between_keyframes() {
        assert_eq!(see(3600, hall(60, 0.1)), []);
    }

    #[test]
    fn not_one_bit_for_many_times_a_keyframe_is_frozen() {
        let frozen = |second: u64| View {
            unchanged_since: Some(if second < 60 { at(second - second % 4) } else { at(60) }),
            ..View::default()
        };
        let signs = see(200, frozen);
        let [(89, Sign::Flagged { started_at, .. })] = signs.as_slice() else { panic!("{signs:?}") };
        assert_eq!(started_at.as_millis(), 60_000);
    }

    #[test]
    fn movement_ends_it() {
        let signs = see(160, |second| {
            if second < 130 { hall(60, 0.9)(second) } else { View { moved: 20, ..View::default() } }
        });
        assert!(matches!(signs[1], (130, Sign::Ended(at)) if at.as_millis() == 130_000), "{signs:?}");
    }

    #[test]
    fn where_nothing_moves_it_ended_when_a_former_picture_came_back_last() {
        let signs =
            see(300, |second| if second < 130 { hall(60, 0.9)(second) } else { hall(60, 0.1)(second) });
        assert!(matches!(signs[1], (188, Sign::Ended(at)) if at.as_millis() == 129_000), "{signs:?}");
    }

    #[test]
    fn what_did_not_change_for_hours_stood_until_it_changed() {
        let signs = see(4000, |second| {
            let stands = (60..3600).contains(&second);
            let repeat = (stands && second == 70).then(|| Repeat { share: 0.9, of: at(62) });
            let since = if second < 60 || !stands { at(second - second % 4) } else { at(71.min(second)) };
            let moved = if second < 55 { 20 } else { 0 };
            View { moved, repeat, unchanged_since: Some(since), ..View::default() }
        });
        assert!(matches!(signs[0].1, Sign::Flagged { .. }), "{signs:?}");
        assert!(matches!(signs[1].1, Sign::Ended(at) if at.as_millis() == 3_600_000), "{signs:?}");
    }

    #[test]
    fn a_freeze_between_slow_keyframes_is_flagged() {
        let signs = see(300, |second| {
            let frozen = second >= 100;
            let repeat = (frozen && second >= 130 && second % 20 == 0)
                .then(|| Repeat { share: 1.0, of: at(second - 20) });
            let alike = (second % 10 == 0).then_some(if frozen && second % 20 == 0 { 0.9 } else { 0.2 });
            View { repeat, alike, unchanged_since: Some(at(second - second % 10)), ..View::default() }
        });
        let Some((second, Sign::Flagged { .. })) = signs.first() else { panic!("{signs:?}") };
        assert!((139..=165).contains(second), "{signs:?}");
    }

    #[test]
    fn where_living_pictures_are_known_the_end_is_told_sooner() {
        let signs = see(300, |second| {
            let frozen = (60..130).contains(&second);
            let view = hall(60, if frozen { 0.9 } else { 0.1 })(second);
            View {
                alike: Some(if frozen { 0.8 } else { 0.3 }),
                moved: if second == 20 { 20 } else { 0 },
                ..view
            }
        });
        assert!(matches!(signs[1], (154, Sign::Ended(at)) if at.as_millis() == 129_000), "{signs:?}");
    }

    #[test]
    fn it_is_dated_to_when_pictures_became_more_alike_than_living_ones() {
        let signs = see(120, |second| View {
            alike: Some(if second < 63 { 0.3 } else { 0.8 }),
            ..hall(10, if second < 68 { 0.0 } else { 0.9 })(second)
        });
        let [(_, Sign::Flagged { started_at, .. })] = signs.as_slice() else { panic!("{signs:?}") };
        assert_eq!(started_at.as_millis(), 62_800);
    }

    #[test]
    fn a_black_picture_says_nothing() {
        assert_eq!(see(600, |_| View::default()), []);
    }
}
