//! The events that have no receipt: which goes next, and when one is repeated.
//!
//! An event is ready, on its way (published, no PUBACK), or waits for its receipt until a moment
//! at which it is ready again. Ready ones go by severity, then those tried least (so that one the
//! province never answers cannot hold up a new one), then by their sequence.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Answer, Item, repeat_after, retry_after};
use crate::model::{EventId, Mono, Severity};

/// More tries than these do not push an event further back.
const TRIES_THAT_COUNT: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Events {
    all: HashMap<EventId, Waiting>,
    ready: BTreeMap<Place, EventId>,
    timers: BTreeSet<(Mono, EventId)>,
}

type Place = (Reverse<Severity>, u32, i64);

#[derive(Debug)]
struct Waiting {
    item: Item,
    tries: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    OnItsWay,
    Until(Mono),
}

impl Waiting {
    fn place(&self) -> Place {
        (Reverse(self.item.severity), self.tries.min(TRIES_THAT_COUNT), self.item.number)
    }
}

impl Events {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn item(&self, id: EventId) -> Option<&Item> {
        self.all.get(&id).map(|waiting| &waiting.item)
    }

    pub(super) fn add(&mut self, id: EventId, item: Item) {
        if self.all.contains_key(&id) {
            return;
        }
        let waiting = Waiting { item, tries: 0, state: State::Ready };
        self.ready.insert(waiting.place(), id);
        self.all.insert(id, waiting);
    }

    /// The event that goes next and the size of its payload, if `in_air` leaves room for it.
    pub(super) fn next(&self, in_air: usize) -> Option<(EventId, u64)> {
        let (_, id) = self.ready.first_key_value()?;
        let waiting = self.all.get(id)?;
        let urgent_and_new = waiting.item.severity == Severity::Urgent && waiting.tries == 0;
        let room = self.all.len() - self.ready.len() < in_air;
        (room || urgent_and_new).then_some((*id, waiting.item.payload_size))
    }

    pub(super) fn sent(&mut self, id: EventId) {
        self.set(id, State::OnItsWay);
        if let Some(waiting) = self.all.get_mut(&id) {
            waiting.tries = waiting.tries.saturating_add(1);
        }
    }

    /// The broker answered, well or not: now the wait for the receipt, or for the next try, begins.
    pub(super) fn answered(&mut self, id: EventId, answer: Answer, now: Mono) {
        let Some(waiting) = self.all.get(&id).filter(|waiting| waiting.state == State::OnItsWay) else {
            return;
        };
        let wait = match answer {
            Answer::Acked => repeat_after(&waiting.item, waiting.tries),
            Answer::NotTaken => retry_after(&waiting.item, waiting.tries),
        };
        self.set(id, State::Until(now.plus(wait)));
    }

    /// Every wait is over.
    pub(super) fn hurry(&mut self) {
        while let Some((_, id)) = self.timers.first().copied() {
            self.set(id, State::Ready);
        }
    }

    pub(super) fn later(&mut self, id: EventId, until: Mono) {
        if self.all.contains_key(&id) {
            self.set(id, State::Until(until));
        }
    }

    pub(super) fn remove(&mut self, id: EventId) -> Option<Item> {
        let waiting = self.all.remove(&id)?;
        self.leave(id, &waiting);
        Some(waiting.item)
    }

    /// Nothing is on its way any more, and nobody has been asked.
    pub(super) fn restart(&mut self) {
        self.timers.clear();
        self.ready.clear();
        for (id, waiting) in &mut self.all {
            waiting.tries = 0;
            waiting.state = State::Ready;
            self.ready.insert(waiting.place(), *id);
        }
    }

    pub(super) fn wake(&mut self, now: Mono) {
        while let Some((_, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.set(id, State::Ready);
        }
    }

    pub(super) fn next_wakeup(&self) -> Option<Mono> {
        self.timers.first().map(|(at, _)| *at)
    }

    fn set(&mut self, id: EventId, state: State) {
        let Some(mut waiting) = self.all.remove(&id) else { return };
        self.leave(id, &waiting);
        waiting.state = state;
        match state {
            State::Ready => {
                self.ready.insert(waiting.place(), id);
            }
            State::Until(at) => {
                self.timers.insert((at, id));
            }
            State::OnItsWay => {}
        }
        self.all.insert(id, waiting);
    }

    fn leave(&mut self, id: EventId, waiting: &Waiting) {
        match waiting.state {
            State::Ready => {
                self.ready.remove(&waiting.place());
            }
            State::Until(at) => {
                self.timers.remove(&(at, id));
            }
            State::OnItsWay => {}
        }
    }
}
