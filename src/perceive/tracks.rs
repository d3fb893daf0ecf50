//! Who is who from look to look: boxes of persons to persons who keep a number. Pure.
//!
//! Boxes go to the persons whose expected places they fit best, all together: by distance in heights of the
//! person, because people walk further than their own width between two looks, and by overlap. A person
//! begins with one sure box or with two in a row, and goes on with less sure ones, so that a score that
//! wavers makes no new person. Whoever is not found is taken for being there as long as nothing moved where
//! they were: nobody leaves without moving. Else they are shown for one more look, if they stood, and known
//! again for a while, in case somebody only walked in front of them.
//!
//! The numbers were chosen on seconds 0 to 40 of the PETS clip at one look a second.

use std::time::Duration;

use super::assign::assign;
use super::models::Found;
use super::{Cells, Frame, Person};
use crate::model::Mono;

/// A score that goes on with a person who is known.
pub const GOES_ON: f32 = 0.3;

/// A score that begins a person, if the next look finds them too.
const BEGINS: f32 = 0.45;

/// A score that begins a person at once.
const SURE: f32 = 0.6;

/// For how long somebody who stood and was not found, though something moved, is still shown.
const SHOWN_FOR: Duration = Duration::from_millis(1500);

/// For how long, if nothing moved there.
const SHOWN_STILL_FOR: Duration = Duration::from_secs(60);

/// For how long somebody is known again.
const KNOWN_FOR: Duration = Duration::from_secs(8);

/// In heights a second: whoever is slower stands.
const STANDS: f32 = 0.25;

/// Which share of the cells below somebody has to move for them to have left.
const MOVED_SHARE: f32 = 0.1;

/// The most persons that are followed at a time; a crowd in a hall is some dozens.
const MOST: usize = 100;

/// The persons of one camera.
#[derive(Debug, Clone)]
pub struct Tracks {
    next: u64,
    known: Vec<Track>,
}

#[derive(Debug, Clone)]
struct Track {
    /// The number, once it is sure that this is a person.
    number: Option<u64>,
    frame: Frame,
    score: f32,
    /// Of the middle, in parts of the picture a second; `None` before they were found twice.
    speed: Option<(f32, f32)>,
    /// When they were last found.
    found: Mono,
    /// Whether something moved where they are, since then.
    has_moved: bool,
}

impl Tracks {
    /// Nobody yet. The first person gets the number `next`.
    pub fn new(next: u64) -> Self {
        Self { next, known: Vec::new() }
    }

    /// The number that the next new person gets.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Whether a look left somebody of whom it is not sure that they are a person.
    pub fn is_unsure(&self) -> bool {
        self.known.iter().any(|track| track.number.is_none())
    }

    /// Takes what a look found, and where the picture moved since the look before. Gives everyone who
    /// is there. Looks must be given in the order of their times.
    pub fn look(&mut self, found: &[Found], moved: &Cells, at: Mono) -> Vec<Person> {
        let mut found: Vec<_> = found.iter().copied().filter(is_usable).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(MOST);
        let left = self.go_on(&found, at);
        for track in &mut self.known {
            track.has_moved = track.found != at && (track.has_moved || moves_in(moved, &track.frame));
        }
        self.known.retain(|track| track.is_known(at));
        for one in left {
            self.begin(one, at);
        }
        let shown = self.known.iter().filter(|track| track.is_shown(at));
        shown.filter_map(Track::person).collect()
    }

    /// Gives each known person the box that fits best; gives the boxes that are left.
    fn go_on(&mut self, found: &[Found], at: Mono) -> Vec<Found> {
        let mut fits: Vec<(f32, usize, usize)> = Vec::new();
        for (t, track) in self.known.iter().enumerate() {
            for (s, one) in found.iter().enumerate() {
                fits.extend(track.fit(one, at).map(|fit| (fit, t, s)));
            }
        }
        let mut boxes_done = vec![false; found.len()];
        for (t, s) in assign(&fits, self.known.len(), found.len()) {
            let (Some(track), Some(one)) = (self.known.get_mut(t), found.get(s)) else { continue };
            track.take(one, at);
            if track.number.is_none() {
                track.number = Some(self.next);
                self.next += 1;
            }
            boxes_done.get_mut(s).into_iter().for_each(|done| *done = true);
        }
        let left = found.iter().zip(boxes_done).filter(|(_, is_done)| !is_done);
        left.map(|(one, _)| *one).collect()
    }

    /// Somebody new, unless it is a second box around somebody who was just found.
    fn begin(&mut self, one: Found, at: Mono) {
        let is_double = |track: &Track| track.found == at && overlap(&track.frame, &one.frame) > 0.45;
        if one.score < BEGINS || self.known.len() >= MOST || self.known.iter().any(is_double) {
            return;
        }
        let number = (one.score >= SURE).then_some(self.next);
        self.next += u64::from(number.is_some());
        let Found { frame, score } = one;
        self.known.push(Track { number, frame, score, speed: None, found: at, has_moved: false });
    }
}

impl Track {
    /// How well a box fits, the more the better; `None` if it cannot be this person.
    fn fit(&self, one: &Found, at: Mono) -> Option<f32> {
        let seconds = at.since(self.found).as_secs_f32().min(KNOWN_FOR.as_secs_f32());
        // Nobody goes straight on for long.
        let ahead = seconds.min(1.5);
        let speed = self.speed.unwrap_or_default();
        let expected = moved_by(&self.frame, speed.0 * ahead, speed.1 * ahead);
        let larger = (size(&expected).1 / size(&one.frame).1).max(size(&one.frame).1 / size(&expected).1);
        let distance = distance(&expected, &one.frame);
        let reach = (0.35 + 0.6 * seconds).min(1.3);
        if distance > reach || larger > 2.0 {
            return None;
        }
        let near = 1.0 - distance / reach;
        // Who was found a moment ago comes before who has been away.
        Some(near + 0.5 * overlap(&expected, &one.frame) - 0.2 * (larger - 1.0) - 0.05 * seconds)
    }

    fn take(&mut self, one: &Found, at: Mono) {
        let seconds = at.since(self.found).as_secs_f32();
        if seconds > 0.0 && seconds < 3.0 {
            let (from, to) = (middle(&self.frame), middle(&one.frame));
            let now = ((to.0 - from.0) / seconds, (to.1 - from.1) / seconds);
            // Some of it is the box that wavers.
            let before = self.speed.unwrap_or(now);
            self.speed = Some((0.3 * before.0 + 0.7 * now.0, 0.3 * before.1 + 0.7 * now.1));
        } else {
            self.speed = None;
        }
        (self.frame, self.score, self.found, self.has_moved) = (one.frame, one.score, at, false);
    }

    fn is_known(&self, at: Mono) -> bool {
        let missed_for = at.since(self.found);
        match self.number {
            // Nobody was sure of them, and they were not found again.
            None => missed_for == Duration::ZERO,
            Some(_) => missed_for < KNOWN_FOR || self.is_shown(at),
        }
    }

    fn is_shown(&self, at: Mono) -> bool {
        let missed_for = at.since(self.found);
        match self.has_moved {
            false => missed_for < SHOWN_STILL_FOR,
            true => self.stands() && missed_for < SHOWN_FOR,
        }
    }

    fn stands(&self) -> bool {
        let speed = self.speed.unwrap_or_default();
        distance(&self.frame, &moved_by(&self.frame, speed.0, speed.1)) < STANDS
    }

    fn person(&self) -> Option<Person> {
        Some(Person { track: self.number?, frame: self.frame, score: self.score })
    }
}

fn is_usable(one: &Found) -> bool {
    let Frame { left, top, right, bottom } = one.frame;
    let is_box = [left, top, right, bottom].iter().all(|edge| edge.is_finite())
        && right - left > 0.001
        && bottom - top > 0.001;
    is_box && one.score >= GOES_ON
}

fn size(frame: &Frame) -> (f32, f32) {
    (frame.right - frame.left, frame.bottom - frame.top)
}

fn middle(frame: &Frame) -> (f32, f32) {
    ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0)
}

/// How far two boxes are apart, in heights of a person, who is about four times as high as the part of the
/// box's width that does not waver.
fn distance(a: &Frame, b: &Frame) -> f32 {
    let (of_a, of_b) = (size(a), size(b));
    let (here, there) = (middle(a), middle(b));
    let across = (here.0 - there.0) / (2.0 * (of_a.0 + of_b.0));
    across.hypot((here.1 - there.1) / ((of_a.1 + of_b.1) / 2.0))
}

fn moved_by(frame: &Frame, x: f32, y: f32) -> Frame {
    Frame { left: frame.left + x, top: frame.top + y, right: frame.right + x, bottom: frame.bottom + y }
}

/// What two boxes share, as a part of what they cover together.
fn overlap(a: &Frame, b: &Frame) -> f32 {
    let across = (a.right.min(b.right) - a.left.max(b.left)).max(0.0);
    let down = (a.bottom.min(b.bottom) - a.top.max(b.top)).max(0.0);
    let (a, b) = (size(a), size(b));
    let together = a.0 * a.1 + b.0 * b.1 - across * down;
    if together > 0.0 { across * down / together } else { 0.0 }
}

/// Whether enough of the cells that a box covers moved.
fn moves_in(moved: &Cells, frame: &Frame) -> bool {
    let covered = Cells::in_frame(frame);
    let (covered, moved) = (covered.count(), covered.and(moved).count());
    // Somebody smaller than a cell: whatever moves may be them.
    covered == 0 || share(moved, covered) >= MOVED_SHARE
}

#[expect(clippy::cast_precision_loss, reason = "a grid has few cells")]
fn share(part: u32, whole: u32) -> f32 {
    part as f32 / whole as f32
}

#[cfg(test)]
#[path = "tracks_tests.rs"]
mod tests;
