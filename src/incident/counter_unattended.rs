//! `counter-unattended`: nobody is behind the counter during opening hours.
//!
//! Staff who sit still are missed at many looks: one sight soon after they were last seen is enough
//! to say that they are there, and it takes two to say that somebody has come back. Patience is
//! shorter for a citizen who stands at the counter all the while. Time in which nobody looks does
//! not count, and after a long pause it begins anew: nothing is said of what was not seen.

use std::time::Duration;

use super::place::Place;
use super::sustained::{UNSEEN, between};
use super::{Peak, Sign, Watch};
use crate::config::{Camera, Zone, ZonePurpose};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Observation, People};

/// Somebody who is seen again so soon had not been away.
const MISSED: Duration = Duration::from_secs(10);

/// Two sights so far apart say that somebody is back.
const BACK_AFTER: Duration = Duration::from_secs(1);

/// The second has to come within this.
const BACK_WITHIN: Duration = Duration::from_secs(30);

/// For so long a citizen at the counter may be missed or hidden.
const CITIZEN_DIP: Duration = Duration::from_secs(20);

/// After a longer pause without looks nothing is known of before.
const FORGET_AFTER: Duration = Duration::from_secs(300);

/// The rule for one staff zone.
pub(super) struct CounterUnattended {
    staff: Place,
    citizen: Option<Place>,
    hold: Duration,
    hold_with_citizen: Duration,
    in_force_since: Option<Now>,
    looked: Option<Now>,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// Nobody has looked.
    Unknown,
    /// Staff were seen at the last look.
    Staffed,
    /// Nobody is there.
    Empty(Empty),
}

#[derive(Debug, Clone)]
struct Empty {
    since: Now,
    /// For how long of that somebody looked.
    watched: Duration,
    /// When somebody was seen again, once.
    back: Option<Now>,
    visit: Option<Visit>,
    /// The most citizens at once.
    citizens: u32,
    is_flagged: bool,
}

/// A citizen stands at the counter.
#[derive(Debug, Clone, Copy)]
struct Visit {
    last: Now,
    watched: Duration,
}

impl CounterUnattended {
    /// `zone` is the staff zone of `camera`; without one, its whole picture.
    pub fn new(camera: &Camera, zone: Option<&Zone>, hold: Duration, hold_with_citizen: Duration) -> Self {
        let citizen = zone.and_then(|zone| nearest_citizen_zone(camera, zone));
        Self {
            staff: Place::of(zone),
            citizen: citizen.map(|zone| Place::of(Some(zone))),
            hold,
            hold_with_citizen,
            in_force_since: None,
            looked: None,
            state: State::Unknown,
        }
    }

    fn look(&mut self, people: &People, now: Now, opened: Now) -> Option<Sign> {
        let gap = self.looked.map(|before| now.mono.since(before.mono));
        let before = self.looked.replace(now).filter(|_| gap.is_some_and(|gap| gap < UNSEEN));
        if gap.is_some_and(|gap| gap >= FORGET_AFTER) {
            self.state = State::Unknown;
        }
        let watched = if before.is_some() { gap.unwrap_or_default() } else { Duration::ZERO };
        let is_staffed = people.persons.iter().any(|person| self.staff.has(person));
        let citizens = self
            .citizen
            .as_ref()
            .map_or(0, |place| people.persons.iter().filter(|person| place.has(person)).count());
        if is_staffed && self.state.is_seen_again(now) {
            let back = self.state.back().unwrap_or(now);
            let was_flagged = self.state.is_flagged();
            self.state = State::Staffed;
            return was_flagged.then_some(Sign::Ended(back.wall));
        }
        match &mut self.state {
            State::Empty(empty) => {
                empty.watched = empty.watched.saturating_add(watched);
                if is_staffed {
                    empty.see_somebody(now);
                }
                let is_stronger = empty.attend(citizens, watched, now);
                let is_due = empty.watched >= self.hold
                    || (empty.watched >= self.hold_with_citizen
                        && empty.visit.is_some_and(|visit| visit.watched >= self.hold_with_citizen));
                if empty.is_flagged {
                    return is_stronger.then(|| Sign::Stronger(empty.peak(now)));
                }
                // Whoever is in the zone at this very look may be back.
                empty.is_flagged = is_due && !is_staffed;
                let (started_at, peak) = (empty.since.wall, empty.peak(now));
                empty.is_flagged.then_some(Sign::Flagged { started_at, peak })
            }
            State::Staffed | State::Unknown => {
                // At opening the clock begins, if somebody looked then.
                let left = match &self.state {
                    State::Staffed => between(before, now),
                    _ => before.map_or(now, |_| opened),
                };
                let since = if left.mono < opened.mono { opened } else { left };
                self.state = State::Empty(Empty::new(since, now));
                if let State::Empty(empty) = &mut self.state {
                    empty.attend(citizens, Duration::ZERO, now);
                }
                None
            }
        }
    }

    /// Forgets everything; what was flagged is over.
    fn end(&mut self, at: Now) -> Option<Sign> {
        let was_flagged = self.state.is_flagged();
        self.state = State::Unknown;
        was_flagged.then_some(Sign::Ended(at.wall))
    }
}

impl State {
    fn is_flagged(&self) -> bool {
        matches!(self, State::Empty(empty) if empty.is_flagged)
    }

    fn back(&self) -> Option<Now> {
        match self {
            State::Empty(empty) => empty.back,
            _ => None,
        }
    }

    /// Whether somebody who is seen now is there, and not only for this look.
    fn is_seen_again(&self, now: Now) -> bool {
        let State::Empty(empty) = self else { return true };
        let was_missed = !empty.is_flagged && now.mono.since(empty.since.mono) < MISSED;
        let is_back =
            empty.back.is_some_and(|back| (BACK_AFTER..BACK_WITHIN).contains(&now.mono.since(back.mono)));
        was_missed || is_back
    }
}

impl Empty {
    fn new(since: Now, now: Now) -> Self {
        let watched = now.mono.since(since.mono);
        Self { since, watched, back: None, visit: None, citizens: 0, is_flagged: false }
    }

    fn see_somebody(&mut self, now: Now) {
        let is_old = self.back.is_none_or(|back| now.mono.since(back.mono) >= BACK_WITHIN);
        if is_old {
            self.back = Some(now);
        }
    }

    /// Takes how many citizens stand there; gives whether there are more than before.
    fn attend(&mut self, citizens: usize, watched: Duration, now: Now) -> bool {
        let citizens = u32::try_from(citizens).unwrap_or(u32::MAX);
        self.visit = match self.visit {
            Some(visit) if now.mono.since(visit.last.mono) < CITIZEN_DIP.saturating_add(watched) => {
                Some(Visit {
                    last: if citizens > 0 { now } else { visit.last },
                    watched: visit.watched.saturating_add(watched),
                })
            }
            _ => (citizens > 0).then_some(Visit { last: now, watched: Duration::ZERO }),
        };
        let is_more = citizens > self.citizens;
        self.citizens = self.citizens.max(citizens);
        is_more
    }

    fn peak(&self, now: Now) -> Peak {
        let unattended_s = now.mono.since(self.since.mono).as_secs();
        let named = [("unattended_s", unattended_s), ("citizens", u64::from(self.citizens))];
        named.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }
}

impl Watch for CounterUnattended {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        if !armed {
            self.in_force_since = None;
            if matches!(observation, Observation::People(_)) {
                self.looked = Some(now);
            }
            return self.end(now);
        }
        let opened = *self.in_force_since.get_or_insert(now);
        match observation {
            Observation::People(people) => self.look(people, now, opened),
            Observation::Camera(CameraState::Lost | CameraState::Refused) if self.state.is_flagged() => {
                let last = self.looked.unwrap_or(now);
                self.end(last)
            }
            _ => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        let last = self.looked?;
        let is_unseen = now.mono.since(last.mono) >= UNSEEN;
        if is_unseen && self.state.is_flagged() { self.end(last) } else { None }
    }
}

/// The citizen zone of `camera` whose middle is the nearest to that of `staff`.
fn nearest_citizen_zone<'c>(camera: &'c Camera, staff: &Zone) -> Option<&'c Zone> {
    let from = staff.middle();
    let distance = |zone: &Zone| {
        let to = zone.middle();
        (to.0 - from.0).hypot(to.1 - from.1)
    };
    let citizen = camera.zones.iter().filter(|zone| zone.purpose == ZonePurpose::Citizen);
    citizen.min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

#[cfg(test)]
mod tests;
