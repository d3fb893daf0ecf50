//! The files that have no receipt: which piece of which goes next.
//!
//! A file is idle until it is begun on this connection. Then it has work: its announcement, the
//! ranges to be sent, and `fin`, in this order; with no work left it waits for the receipt, and at
//! the end of that wait `fin` is its work again. A file begun on an earlier connection has no
//! ranges at first: the province is asked what is missing. Where it got nowhere, the announcement
//! goes again before the ranges.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::super::item::Rank;
use super::{Answer, Item, What, later, repeat_after, retry_after};
use crate::model::{FileId, Mono};

/// A file that was asked for or refused by the broker this often without progress holds no place.
const TRIES_THAT_HOLD: u32 = 4;

#[derive(Debug, Default)]
pub(super) struct Files {
    all: HashMap<FileId, Waiting>,
    idle: BTreeMap<Rank, FileId>,
    active: BTreeMap<Rank, FileId>,
}

#[derive(Debug)]
struct Waiting {
    item: Item,
    /// The province may hold a part of it.
    begun: bool,
    announce: bool,
    ranges: VecDeque<(u64, u64)>,
    ask: bool,
    /// All of it was sent on this connection.
    sent_whole: bool,
    /// `fin` went out and its answer is awaited.
    asked: bool,
    /// Nothing of it before this moment.
    hold: Option<Mono>,
    tries: u32,
    /// How often ranges were missing without any progress.
    rounds: u32,
    missing: u64,
}

impl Waiting {
    fn new(item: Item) -> Self {
        let begun = item.begun;
        Self {
            item,
            begun,
            announce: false,
            ranges: VecDeque::new(),
            ask: false,
            sent_whole: false,
            asked: false,
            hold: None,
            tries: 0,
            rounds: 0,
            missing: u64::MAX,
        }
    }

    fn begin(&mut self) {
        let whole = (!self.begun && self.item.size > 0).then_some((0, self.item.size));
        let ranges: VecDeque<_> = whole.into_iter().collect();
        let sent_whole = !ranges.is_empty();
        let fresh = Waiting::new(self.item.clone());
        *self = Waiting { begun: true, announce: true, ranges, sent_whole, ask: true, ..fresh };
    }

    fn has_work(&self) -> bool {
        self.hold.is_none() && (self.announce || self.ask || !self.ranges.is_empty())
    }

    /// Takes the next piece of its work.
    fn work(&mut self, file: FileId, chunk: u64) -> Option<(What, u64)> {
        if self.hold.is_some() {
            return None;
        }
        if std::mem::take(&mut self.announce) {
            return Some((What::Init(file), self.item.payload_size));
        }
        if let Some((from, to)) = self.ranges.pop_front() {
            let end = to.min(from.saturating_add(chunk.max(1)));
            if end < to {
                self.ranges.push_front((end, to));
            }
            return Some((What::Chunk { file, offset: from, len: end - from }, end - from));
        }
        if std::mem::take(&mut self.ask) {
            self.asked = true;
            self.tries = self.tries.saturating_add(1);
            return Some((What::Fin(file), 0));
        }
        None
    }
}

impl Files {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn item(&self, id: FileId) -> Option<&Item> {
        self.all.get(&id).map(|waiting| &waiting.item)
    }

    pub(super) fn add(&mut self, id: FileId, item: Item) {
        if self.all.contains_key(&id) {
            return;
        }
        self.idle.insert(item.rank(), id);
        self.all.insert(id, Waiting::new(item));
    }

    /// The next piece to send, with its size; `in_air` files may be begun.
    pub(super) fn next(&mut self, in_air: usize, chunk: u64) -> Option<(What, u64)> {
        let (rank, id, is_begun) = self.turn(in_air)?;
        if !is_begun {
            self.idle.remove(&rank);
            self.active.insert(rank, id);
            self.all.get_mut(&id)?.begin();
        }
        self.all.get_mut(&id)?.work(id, chunk)
    }

    /// Whether [`Files::next`] would give something.
    pub(super) fn has_next(&self, in_air: usize) -> bool {
        self.turn(in_air).is_some()
    }

    /// Whose turn it is, and whether it was begun on this connection.
    fn turn(&self, in_air: usize) -> Option<(Rank, FileId, bool)> {
        let going = self.active.iter().find(|(_, id)| self.all.get(id).is_some_and(Waiting::has_work));
        let going = going.map(|(rank, id)| (*rank, *id, true));
        let idle = self.idle.first_key_value().map(|(rank, id)| (*rank, *id, false));
        let idle = idle.filter(|(rank, ..)| going.is_none_or(|(other, ..)| *rank < other));
        // Only what goes before it can keep a file from its turn.
        idle.filter(|(rank, ..)| self.holding(*rank) < in_air).or(going)
    }

    /// Files that were begun, go before `rank` and are not stuck.
    fn holding(&self, rank: Rank) -> usize {
        let before = self.active.range(..rank).filter_map(|(_, id)| self.all.get(id));
        before.filter(|waiting| waiting.tries < TRIES_THAT_HOLD && waiting.rounds < TRIES_THAT_HOLD).count()
    }

    pub(super) fn answered(&mut self, id: FileId, what: What, answer: Answer, now: Mono) {
        let Some(waiting) = self.all.get_mut(&id) else { return };
        match (answer, what) {
            (Answer::Acked, What::Fin(_)) if waiting.asked => {
                waiting.ask = true;
                waiting.hold = Some(now.plus(repeat_after(&waiting.item, waiting.tries)));
            }
            (Answer::Acked, _) => {}
            (Answer::NotTaken, what) => {
                match what {
                    What::Init(_) => waiting.announce = true,
                    What::Chunk { offset, len, .. } => waiting.ranges.push_front((offset, offset + len)),
                    What::Fin(_) | What::Event(_) => {
                        waiting.asked = false;
                    }
                }
                waiting.ask = true;
                waiting.tries = waiting.tries.saturating_add(1);
                waiting.hold = Some(now.plus(retry_after(&waiting.item, waiting.tries)));
            }
        }
    }

    /// The province wants the file later, or ranges of it again.
    pub(super) fn later(&mut self, id: FileId, missing: &[(u64, u64)], retry_after_s: u64, now: Mono) {
        let Some(waiting) = self.all.get_mut(&id) else { return };
        // While ranges or the announcement are still to go, it answers a question of the past.
        if !waiting.asked || waiting.announce || !waiting.ranges.is_empty() {
            return;
        }
        let missing = merged(missing, waiting.item.size);
        waiting.asked = false;
        waiting.ask = true;
        if missing.is_empty() {
            // It may be the announcement that it lacks: a broker drops what it acknowledged when
            // its queue for an absent subscriber is full.
            waiting.announce = true;
            waiting.hold = Some(now.plus(later(retry_after_s)));
            return;
        }
        let bytes = missing.iter().map(|(from, to)| to - from).sum();
        waiting.rounds = if bytes < waiting.missing { 0 } else { waiting.rounds.saturating_add(1) };
        waiting.announce = waiting.rounds > 0 || bytes == waiting.item.size;
        // At once the first time, unless nothing was kept of what was just sent: that province is
        // not ready.
        let kept_nothing = waiting.sent_whole && bytes == waiting.item.size;
        let at_once = waiting.missing == u64::MAX && !kept_nothing;
        waiting.missing = bytes;
        waiting.tries = 0;
        waiting.hold = match (at_once, waiting.rounds) {
            (true, _) => None,
            (false, 0) => Some(now.plus(later(retry_after_s))),
            (false, rounds) => Some(now.plus(later(retry_after_s).max(repeat_after(&waiting.item, rounds)))),
        };
        waiting.ranges = missing.into();
    }

    pub(super) fn remove(&mut self, id: FileId) -> Option<Item> {
        let waiting = self.all.remove(&id)?;
        self.idle.remove(&waiting.item.rank());
        self.active.remove(&waiting.item.rank());
        Some(waiting.item)
    }

    /// Every wait is over.
    pub(super) fn hurry(&mut self) {
        for id in self.active.values() {
            if let Some(waiting) = self.all.get_mut(id) {
                waiting.hold = None;
            }
        }
    }

    /// Nothing is on its way any more.
    pub(super) fn restart(&mut self) {
        self.idle.append(&mut self.active);
    }

    pub(super) fn wake(&mut self, now: Mono) {
        for id in self.active.values() {
            if let Some(waiting) = self.all.get_mut(id) {
                waiting.hold = waiting.hold.filter(|until| *until > now);
            }
        }
    }

    pub(super) fn next_wakeup(&self) -> Option<Mono> {
        self.active.values().filter_map(|id| self.all.get(id)?.hold).min()
    }
}

/// Ranges within `0..size`, in order and without overlap.
fn merged(ranges: &[(u64, u64)], size: u64) -> Vec<(u64, u64)> {
    let mut ranges: Vec<_> = ranges.iter().map(|(from, to)| (*from, *to.min(&size))).collect();
    ranges.retain(|(from, to)| from < to);
    ranges.sort_unstable();
    let mut out: Vec<(u64, u64)> = vec![];
    for (from, to) in ranges {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn missing_ranges_are_put_in_order_and_cut_to_the_file() {
        assert_eq!(merged(&[(5, 9), (0, 2), (8, 20), (2, 3), (4, 4), (30, 40)], 12), [(0, 3), (5, 12)]);
        assert_eq!(merged(&[(9, 3), (u64::MAX, u64::MAX)], 12), []);
    }
}
