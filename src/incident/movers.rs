//! Which of those that the model takes for people are people, and which are things. Pure.
//!
//! A coat on a chair, a poster, a plant: at night the model may be sure of them for hours. A person
//! comes from somewhere. So whoever is followed is believed once the model was sure at two looks
//! and something moved there in the first seconds, or once they have walked. Whatever has done
//! neither by then is a thing until it walks. So is, after a while, what was believed and has not
//! stirred since: whoever took off the coat has gone, and the coat has been taken for them.
//!
//! Where a camera gives keyframes only, 2 to 10 s apart, hardly anybody can be followed across the hall: who is
//! seen surely, and moving, is believed if somebody was so half a minute before, whoever that was. There are few
//! looks to be sure at, too: who is followed all the same, has gone some way and moved at several, is believed
//! without.

use std::collections::BTreeMap;
use std::time::Duration;

use super::sustained::UNSEEN;
use crate::model::Now;
use crate::perceive::{Cells, Frame, People, SELDOM};

/// So often the model has to be sure, and something has to move.
const LOOKS: u32 = 2;

/// How long there is time for that.
const PROBATION: Duration = Duration::from_secs(10);

/// In pictures that are seldom, as many of them are given to stir.
const SELDOM_LOOKS: u32 = 5;

/// Who moved at so many of them, and is as far from where they began as half their height, is believed though
/// no look was sure. A box that wavers is not.
const WALKING_LOOKS: u32 = 4;
const GONE: f32 = 0.5;

/// And for whoever is new while somebody is flagged, who may have been lost and found again.
const FLAGGED_PROBATION: Duration = Duration::from_secs(120);

/// Nobody, even asleep, keeps still for so long.
const STILL: Duration = Duration::from_secs(600);

/// Whose outline has moved by this share of its height has walked, or bent down.
const WALKED: f32 = 0.25;

/// Everybody who is followed.
#[derive(Debug, Clone, Default)]
pub(super) struct Movers {
    tracks: BTreeMap<u64, Track>,
    /// When somebody was last seen surely, and moving.
    stranger: Option<Now>,
}

#[derive(Debug, Clone)]
struct Track {
    first: Now,
    last: Now,
    frame: Frame,
    sure_looks: u32,
    moving_looks: u32,
    moved: Now,
    is_believed: bool,
    is_thing: bool,
}

impl Movers {
    /// Takes a look: `moved` is where something moved since the one before, `pace` how far pictures are
    /// apart. While `is_flagged`, whoever is new is not taken for a thing as soon: it may be a person who is
    /// lost and found again.
    pub fn see(
        &mut self,
        people: &People,
        moved: &Cells,
        min_score: f64,
        is_flagged: bool,
        pace: Duration,
        now: Now,
    ) {
        let is_seldom = pace >= SELDOM;
        let had_stranger = self.stranger.is_some_and(|at| now.mono.since(at.mono) <= UNSEEN);
        for person in &people.persons {
            let track = self.tracks.entry(person.track).or_insert_with(|| Track::new(person.frame, now));
            track.last = now;
            track.sure_looks =
                track.sure_looks.saturating_add(u32::from(f64::from(person.score) >= min_score));
            let age = now.mono.since(track.first.mono);
            let moves = moved.and(&Cells::in_frame(&person.frame)).count() > 0;
            if moves {
                track.moved = now;
            }
            let probation = match is_flagged {
                true => FLAGGED_PROBATION,
                false => PROBATION.max(pace.saturating_mul(SELDOM_LOOKS)),
            };
            if moves && age <= probation {
                track.moving_looks = track.moving_looks.saturating_add(1);
            }
            let is_stranger = moves && !track.is_thing && f64::from(person.score) >= min_score;
            if is_stranger {
                self.stranger = Some(now);
            }
            let has_walked = track.has_walked_to(&person.frame);
            let came_back = is_seldom && is_stranger && had_stranger;
            let walks_on = is_seldom
                && !track.is_thing
                && track.moving_looks >= WALKING_LOOKS
                && track.has_gone_to(&person.frame);
            if came_back
                || walks_on
                || track.sure_looks >= LOOKS
                    && (has_walked || (track.moving_looks >= LOOKS && !track.is_thing))
            {
                (track.is_believed, track.is_thing) = (true, false);
            } else if !track.is_believed && age > probation {
                track.is_thing = true;
            }
            if track.is_believed && now.mono.since(track.moved.mono) > STILL {
                // To walk is to leave the place where it has been still.
                (track.is_believed, track.is_thing, track.frame) = (false, true, person.frame);
            }
        }
        self.tracks.retain(|_, track| now.mono.since(track.last.mono) < UNSEEN);
    }

    /// Whether this is a person.
    pub fn is_believed(&self, track: u64) -> bool {
        self.tracks.get(&track).is_some_and(|track| track.is_believed)
    }

    /// Whether this is a thing.
    pub fn is_thing(&self, track: u64) -> bool {
        self.tracks.get(&track).is_some_and(|track| track.is_thing)
    }
}

impl Track {
    fn new(frame: Frame, now: Now) -> Self {
        let (sure_looks, moving_looks) = (0, 0);
        let (is_believed, is_thing) = (false, false);
        Self { first: now, last: now, frame, sure_looks, moving_looks, moved: now, is_believed, is_thing }
    }

    /// Whether the middle is elsewhere.
    fn has_gone_to(&self, frame: &Frame) -> bool {
        let far = (self.frame.bottom - self.frame.top).abs() * GONE;
        let (was, is) = (&self.frame, frame);
        let across = (was.left + was.right - is.left - is.right) / 2.0;
        let down = (was.top + was.bottom - is.top - is.bottom) / 2.0;
        across.abs().max(down.abs()) > far
    }

    fn has_walked_to(&self, frame: &Frame) -> bool {
        let far = (self.frame.bottom - self.frame.top).abs() * WALKED;
        let (was, is) = (&self.frame, frame);
        // Somebody cut off by an edge of the picture grows as they come in: each side counts alone.
        let sides = [was.left - is.left, was.right - is.right, was.top - is.top, was.bottom - is.bottom];
        sides.iter().any(|side| side.abs() > far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::place::testing::person;

    struct World {
        movers: Movers,
        now: Now,
        is_flagged: bool,
        score: f32,
        pace: Duration,
    }

    impl World {
        fn new() -> Self {
            let (movers, now) = (Movers::default(), Now::default());
            Self { movers, now, is_flagged: false, score: 0.8, pace: Duration::from_secs(1) }
        }

        /// So many looks at somebody who is at `x` then.
        fn see(&mut self, looks: u32, x: impl Fn(u32) -> f64, moves: bool) {
            for i in 0..looks {
                self.now = self.now.plus(self.pace);
                let persons = vec![person(1, (x(i), 0.6), self.score)];
                let moved = if moves { Cells::in_frame(&persons[0].frame) } else { Cells::none() };
                self.movers.see(&People { persons }, &moved, 0.5, self.is_flagged, self.pace, self.now);
            }
        }
    }

    #[test]
    fn whoever_comes_in_is_believed_at_the_second_look() {
        let mut world = World::new();
        world.see(1, |_| 0.5, true);
        assert!(!world.movers.is_believed(1));
        world.see(1, |_| 0.5, true);
        assert!(world.movers.is_believed(1));
    }

    #[test]
    fn a_coat_is_a_thing_also_when_somebody_passes_it_later() {
        let mut world = World::new();
        world.see(20, |_| 0.5, false);
        assert!(world.movers.is_thing(1));
        world.see(20, |_| 0.5, true);
        assert!(world.movers.is_thing(1) && !world.movers.is_believed(1));
    }

    #[test]
    fn whoever_sat_still_for_long_is_believed_when_they_walk() {
        let mut world = World::new();
        world.see(60, |_| 0.5, false);
        world.see(5, |i| 0.5 + 0.03 * f64::from(i), true);
        assert!(world.movers.is_believed(1));
    }

    #[test]
    fn whoever_is_new_while_somebody_is_flagged_has_two_minutes_to_stir() {
        let mut world = World { is_flagged: true, ..World::new() };
        world.see(60, |_| 0.5, false);
        world.see(2, |_| 0.5, true);
        assert!(world.movers.is_believed(1));
        let mut world = World { is_flagged: true, ..World::new() };
        world.see(120, |_| 0.5, false);
        assert!(!world.movers.is_thing(1));
        world.see(2, |_| 0.5, false);
        assert!(world.movers.is_thing(1));
    }

    #[test]
    fn a_coat_that_somebody_left_where_they_sat_is_a_thing_after_ten_minutes() {
        let mut world = World { is_flagged: true, ..World::new() };
        world.see(5, |_| 0.5, true);
        world.see(600, |_| 0.5, false);
        assert!(world.movers.is_believed(1));
        world.see(2, |_| 0.5, false);
        assert!(world.movers.is_thing(1) && !world.movers.is_believed(1));
        world.see(5, |_| 0.5, true);
        assert!(world.movers.is_thing(1), "a passing cat is not the coat");
        world.see(5, |i| 0.5 + 0.03 * f64::from(i), true);
        assert!(world.movers.is_believed(1));
    }

    #[test]
    fn in_seldom_pictures_whoever_walks_on_is_believed_though_no_look_is_sure() {
        let walks = |i: u32| 0.3 + 0.1 * f64::from(i);
        let seldom = || World { score: 0.4, pace: Duration::from_secs(2), ..World::new() };
        let mut world = seldom();
        world.see(3, walks, true);
        assert!(!world.movers.is_believed(1), "it may be a shadow");
        world.see(1, |_| walks(3), true);
        assert!(world.movers.is_believed(1));
        let mut world = seldom();
        world.see(20, |i| 0.5 + if i % 3 == 0 { 0.03 } else { 0.0 }, true);
        assert!(!world.movers.is_believed(1), "a curtain moves, and stays where it is");
        let mut world = World { pace: Duration::from_secs(1), ..seldom() };
        world.see(8, walks, true);
        assert!(!world.movers.is_believed(1), "who is looked at often is seen surely");
    }
}
