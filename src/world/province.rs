//! The province's end: its own decisions over a storage that commits, is full, fails, and forgets bytes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sha2::{Digest, Sha256};

use super::broker::{Broker, Message};
use super::centre::own_id;
use super::dice::Dice;
use crate::model::{EventId, FileId};
use crate::province::intake::{self, Check, EventDecision, RETRY_TROUBLE_S, Sequence, later, read_event};
use crate::province::ranges::Ranges;
use crate::province::transfer::{
    self, Capacity, ChunkDecision, FinDecision, Found, InitDecision, KnownFile, State, Verified,
};
use crate::wire::{Outcome, Receipt, Subject, Told, digest};

/// What a crash does not touch.
#[derive(Default, Clone)]
struct Stored {
    events: BTreeMap<EventId, String>,
    sequences: BTreeMap<String, Sequence>,
    files: BTreeMap<FileId, KnownFile>,
    bytes: BTreeMap<FileId, BTreeMap<u64, Vec<u8>>>,
}

#[derive(Default)]
pub(super) struct Province {
    stored: Stored,
    pub(super) inbox: VecDeque<Message>,
    /// Whole files that are to be read back.
    whole: VecDeque<FileId>,
    answers: Vec<Receipt>,
    pub(super) is_full: bool,
    pub(super) is_in_trouble: bool,
}

impl Province {
    /// The digest of what is stored under this id.
    pub(super) fn digest_of(&self, id: Subject) -> Option<String> {
        match id {
            Subject::Event(id) => self.stored.events.get(&id).cloned(),
            Subject::File(id) => {
                let known = self.stored.files.get(&id).filter(|known| known.state == State::Stored)?;
                let found = self.found(id)?;
                assert_eq!(found.sha256, known.checksum, "stored bytes are not what was announced");
                Some(format!("sha256:{}", known.checksum))
            }
        }
    }

    pub(super) fn stored_ids(&self) -> BTreeSet<String> {
        let events = self.stored.events.keys().map(EventId::to_string);
        let files = self.stored.files.iter().filter(|(_, known)| known.state == State::Stored);
        events.chain(files.map(|(id, _)| id.to_string())).collect()
    }

    pub(super) fn has_event(&self, event: EventId) -> bool {
        self.stored.events.contains_key(&event)
    }

    pub(super) fn missing_numbers(&self) -> i64 {
        self.stored.sequences.values().map(Sequence::missing).sum()
    }

    fn capacity(&self) -> Capacity {
        let free = if self.is_full { 0 } else { 1 << 40 };
        Capacity { files: 0, bytes: 0, most_files: 100, most_bytes: 1 << 40, free, reserve: 1 }
    }

    /// Takes a part of what came, commits it, and only then has receipts to send.
    pub(super) fn take_in(&mut self, dice: &mut Dice) {
        let n = usize::try_from(dice.below(4)).unwrap() + 1;
        let batch: Vec<_> = (0..n).filter_map(|_| self.inbox.pop_front()).collect();
        self.take(batch, dice.one_in(30));
    }

    pub(super) fn take_in_all(&mut self) -> bool {
        let batch: Vec<_> = self.inbox.drain(..).collect();
        let some = !batch.is_empty();
        self.take(batch, false);
        some
    }

    /// `dies` is whether it does so between the commit and the receipts.
    fn take(&mut self, batch: Vec<Message>, dies: bool) {
        let mut next = self.stored.clone();
        let (mut receipts, mut whole) = (vec![], vec![]);
        for message in batch {
            match message {
                Message::Event(id, payload) => receipts.push(self.event(&mut next, id, &payload)),
                Message::Init(..) | Message::Chunk { .. } if self.is_in_trouble => {}
                Message::Init(file, init) => {
                    match transfer::judge_init(&init, next.files.get(&file), &self.capacity()) {
                        InitDecision::Known => {}
                        InitDecision::Answer(outcome) => {
                            receipts.push(receipt(file, &init.checksum, outcome))
                        }
                        InitDecision::Take => {
                            let known = KnownFile {
                                size: init.size,
                                checksum: init.checksum.clone(),
                                state: State::Receiving,
                                have: Ranges::default(),
                                failures: 0,
                            };
                            next.files.insert(file, known);
                            next.bytes.remove(&file);
                        }
                    }
                }
                Message::Chunk { file, offset, bytes } => {
                    let sha256 = hex::encode(Sha256::digest(&bytes));
                    match transfer::judge_chunk(next.files.get(&file), offset, &sha256, &bytes) {
                        ChunkDecision::Write { to } => {
                            next.bytes.entry(file).or_default().insert(offset, bytes);
                            if let Some(known) = next.files.get_mut(&file) {
                                known.have.insert(offset, to);
                            }
                        }
                        ChunkDecision::Ignore(_) => {}
                        ChunkDecision::Reject(why) => panic!("a good piece was rejected: {why}"),
                    }
                }
                Message::Fin { file, sha256, .. } if self.is_in_trouble => {
                    receipts.push(receipt(file, &sha256, later(RETRY_TROUBLE_S, "the disk fails")));
                }
                Message::Fin { file, size, sha256 } => {
                    match transfer::judge_fin(next.files.get(&file), size, &sha256, &self.capacity()) {
                        FinDecision::Verify => whole.push(file),
                        FinDecision::Answer(outcome) => receipts.push(receipt(file, &sha256, outcome)),
                    }
                }
            }
        }
        self.stored = next;
        if !dies {
            self.whole.extend(whole);
            self.say(receipts);
        }
    }

    fn event(&self, next: &mut Stored, id: EventId, payload: &[u8]) -> Receipt {
        let own = digest(payload);
        let answer = |outcome| Receipt::new(Subject::Event(id), Some(own.clone()), outcome);
        if self.is_in_trouble {
            return answer(later(RETRY_TROUBLE_S, "the disk fails"));
        }
        let event = match read_event(&own_id(), payload, &Check::Good) {
            Ok(Told::Incident(event)) => event,
            Ok(Told::Links(_)) => panic!("this world signs nothing to last"),
            Err(turned) => panic!("a good event was turned away: {turned:?}"),
        };
        let stored = next.events.get(&id).map(String::as_str);
        match intake::judge_event(&own_id(), &own, stored, None) {
            EventDecision::Store => {
                assert!(next.events.insert(id, own.clone()).is_none(), "stored twice");
                let (epoch, number) = (event.epoch.to_string(), event.sequence.parse().unwrap());
                let counted = Sequence::with(next.sequences.get(&epoch).copied(), number);
                next.sequences.insert(epoch, counted);
                answer(Outcome::Stored)
            }
            EventDecision::Duplicate => answer(Outcome::Stored),
            EventDecision::Refuse(reason) => panic!("a good event was refused: {reason}"),
        }
    }

    /// Reads a whole file back and commits what was found.
    pub(super) fn read_back(&mut self) -> bool {
        let Some(file) = self.whole.pop_front() else { return false };
        let found = self.found(file);
        let Some(known) = self.stored.files.get_mut(&file) else { return true };
        if known.state != State::Receiving {
            return true;
        }
        let checksum = known.checksum.clone();
        let outcome = match transfer::judge_whole(known, found.as_ref()) {
            Verified::Store => {
                known.state = State::Stored;
                Outcome::Stored
            }
            Verified::Again { outcome, failures } => {
                (known.failures, known.have) = (failures, Ranges::default());
                self.stored.bytes.remove(&file);
                outcome
            }
            Verified::Refuse(reason) => {
                known.state = State::Refused(reason.clone());
                Outcome::Refused { reason }
            }
        };
        self.say(vec![receipt(file, &checksum, outcome)]);
        true
    }

    fn found(&self, file: FileId) -> Option<Found> {
        let pieces = self.stored.bytes.get(&file)?;
        let mut whole = vec![];
        for (offset, bytes) in pieces {
            let offset = usize::try_from(*offset).unwrap();
            if whole.len() < offset + bytes.len() {
                whole.resize(offset + bytes.len(), 0);
            }
            whole[offset..offset + bytes.len()].copy_from_slice(bytes);
        }
        Some(Found { size: whole.len() as u64, sha256: hex::encode(Sha256::digest(&whole)) })
    }

    /// Receipts are said only of what is committed.
    fn say(&mut self, receipts: Vec<Receipt>) {
        for receipt in receipts {
            if receipt.outcome == Outcome::Stored {
                let subject = receipt.subject().expect("it is about something");
                assert_eq!(self.digest_of(subject), receipt.digest, "a receipt before its commit");
            }
            self.answers.push(receipt);
        }
    }

    pub(super) fn answer(&mut self, broker: &mut Broker) -> bool {
        let some = !self.answers.is_empty();
        broker.receipts(std::mem::take(&mut self.answers));
        some
    }

    /// It dies: what was not committed is forgotten, and a power cut takes bytes whose range was committed.
    pub(super) fn crash(&mut self, dice: &mut Dice) {
        self.inbox.clear();
        self.whole.clear();
        self.answers.clear();
        let receiving: Vec<_> =
            self.stored.files.iter().filter(|(_, known)| known.state == State::Receiving).collect();
        let torn = dice.index(receiving.len()).map(|n| *receiving[n].0);
        if let Some(pieces) =
            torn.filter(|_| dice.one_in(2)).and_then(|file| self.stored.bytes.get_mut(&file))
        {
            pieces.pop_last();
        }
    }
}

fn receipt(file: FileId, checksum: &str, outcome: Outcome) -> Receipt {
    Receipt::new(Subject::File(file), Some(format!("sha256:{checksum}")), outcome)
}
