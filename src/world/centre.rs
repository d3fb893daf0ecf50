//! The centre's end: rows that last, and the machine that a crash forgets.

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::broker::{Broker, Message};
use super::dice::Dice;
use super::province::Province;
use crate::forward::dispatch::{Action, Chunks, Dispatch, Input, Limits, Token, What};
use crate::forward::fixtures::{centre, event, incident};
use crate::forward::{Bounds, Candidate, Class, Item, sacrifice};
use crate::model::{Epoch, EventId, FileId, Ids, Mono, Now, Severity, Wall};
use crate::wire::{FileInit, Receipt, Role, Subject, UserData};

/// Small ones, so that a file has some of them.
const LIMITS: Limits =
    Limits { window: 20, chunks: Chunks { least: 10, most: 40 }, events_in_air: 16, files_in_air: 3 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Delivered,
    Quarantined,
    GivenUp,
}

/// A row of the outbox, which a crash does not touch.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) item: Item,
    state: State,
    /// The event that says that it was given up.
    pub(super) given_up_by: Option<EventId>,
    payload: Vec<u8>,
    content: Option<(FileInit, Vec<u8>)>,
    made_at: Wall,
}

impl Row {
    pub(super) fn is_file(&self) -> bool {
        self.content.is_some()
    }
}

pub(super) struct Centre {
    rows: Vec<Row>,
    ids: Ids,
    epoch: Epoch,
    sequence: u64,
    bound: u64,
    window: u16,
    machine: Dispatch,
    /// What ended and is not committed.
    ended: Vec<(Subject, State)>,
}

impl Centre {
    pub(super) fn new(seed: u64, bound: u64, window: u16) -> Self {
        let mut ids = Ids::new(seed);
        let epoch = Epoch(ids.next(Now::default()));
        Self {
            rows: vec![],
            ids,
            epoch,
            sequence: 0,
            bound,
            window,
            machine: Dispatch::new(LIMITS),
            ended: vec![],
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    pub(super) fn waiting(&self) -> usize {
        self.rows.iter().filter(|row| row.state == State::Waiting).count()
    }

    pub(super) fn quarantined(&self) -> usize {
        self.rows.iter().filter(|row| row.state == State::Quarantined).count()
    }

    pub(super) fn ids_among(&self, stored: &BTreeSet<String>) -> BTreeSet<String> {
        let ids = self.rows.iter().map(|row| id_text(row.item.id));
        ids.filter(|id| stored.contains(id)).collect()
    }

    pub(super) fn next_wakeup(&self) -> Option<Mono> {
        self.machine.next_wakeup()
    }

    /// An incident: its event, and perhaps a file with the event that lists it, in one commit.
    pub(super) fn flag(&mut self, dice: &mut Dice, now: Now) {
        let severity = if dice.one_in(4) { Severity::Urgent } else { Severity::Warning };
        let first = self.rows.len();
        self.add_event(severity, now);
        if dice.one_in(2) {
            let role = *dice.one_of(&[Role::Clip, Role::Still, Role::Preview]);
            let size = 1 + dice.below(120);
            let bytes: Vec<u8> = (0..size).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
            self.add_file(role, severity, bytes, now);
            self.add_event(severity, now);
        }
        for row in &self.rows[first..] {
            self.machine.handle(Input::Added(row.item.clone()), now);
        }
    }

    fn add_event(&mut self, severity: Severity, now: Now) -> EventId {
        self.sequence += 1;
        let id = EventId(self.ids.next(now));
        let payload = event(id, &incident(&mut self.ids, severity), self.sequence, self.epoch).to_bytes();
        let digest: [u8; 32] = Sha256::digest(&payload).into();
        let size = payload.len() as u64;
        let item = self.item(Subject::Event(id), Class::Event, severity, digest, digest, size, size);
        self.rows.push(Row {
            item,
            state: State::Waiting,
            given_up_by: None,
            payload,
            content: None,
            made_at: now.wall,
        });
        id
    }

    fn add_file(&mut self, role: Role, severity: Severity, bytes: Vec<u8>, now: Now) {
        let id = FileId(self.ids.next(now));
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let init = FileInit {
            name: "x".into(),
            size: bytes.len() as u64,
            checksum: hex::encode(digest),
            user_data: UserData {
                incident: crate::model::IncidentId(self.ids.next(now)),
                role,
                camera: None,
                from: now.wall,
                to: now.wall,
                media_type: "x".into(),
            },
        };
        let payload = init.to_bytes();
        let announced: [u8; 32] = Sha256::digest(&payload).into();
        let sizes = (bytes.len() as u64, payload.len() as u64);
        let item =
            self.item(Subject::File(id), Class::of(role), severity, digest, announced, sizes.0, sizes.1);
        self.rows.push(Row {
            item,
            state: State::Waiting,
            given_up_by: None,
            payload,
            content: Some((init, bytes)),
            made_at: now.wall,
        });
    }

    #[expect(clippy::too_many_arguments, reason = "each is one field of the item")]
    fn item(
        &self,
        id: Subject,
        class: Class,
        severity: Severity,
        digest: [u8; 32],
        payload_digest: [u8; 32],
        size: u64,
        payload_size: u64,
    ) -> Item {
        let number = i64::try_from(self.rows.len()).unwrap() + 1;
        let incident = crate::model::IncidentId(uuid::Uuid::nil());
        Item {
            id,
            incident: Some(incident),
            class,
            severity,
            number,
            digest,
            payload_digest,
            size,
            payload_size,
            begun: false,
        }
    }

    pub(super) fn connect(&mut self, broker: &mut Broker, now: Now) {
        if !broker.connected {
            broker.connected = true;
            let input = Input::Connected { window: self.window, max_packet: 1 << 20, round_trip: None };
            self.handle(broker, input, now);
        }
    }

    pub(super) fn cut(&mut self, broker: &mut Broker, now: Now) {
        broker.disconnect();
        self.handle(broker, Input::Disconnected, now);
    }

    /// The process dies: rows stay, what was not committed is forgotten.
    pub(super) fn crash(&mut self, broker: &mut Broker, now: Now) {
        broker.disconnect();
        self.ended.clear();
        self.machine = Dispatch::new(LIMITS);
        let waiting: Vec<Item> =
            self.rows.iter().filter(|row| row.state == State::Waiting).map(|row| row.item.clone()).collect();
        for item in waiting {
            self.handle(broker, Input::Added(item), now);
        }
    }

    pub(super) fn tick(&mut self, broker: &mut Broker, now: Now) {
        self.handle(broker, Input::Tick, now);
    }

    pub(super) fn acknowledged(&mut self, broker: &mut Broker, token: Token, is_taken: bool, now: Now) {
        let input = if is_taken { Input::Acked(token) } else { Input::NotTaken(token, "quota".into()) };
        self.handle(broker, input, now);
    }

    pub(super) fn receipt(&mut self, broker: &mut Broker, receipt: Receipt, now: Now) {
        self.handle(broker, Input::Receipt(receipt), now);
    }

    /// Writes down what ended. What is `delivered` here must be stored there.
    pub(super) fn commit(&mut self, province: &Province) -> bool {
        let some = !self.ended.is_empty();
        for (id, state) in std::mem::take(&mut self.ended) {
            let Some(row) = self.rows.iter_mut().find(|row| row.item.id == id) else { continue };
            if state == State::Delivered {
                assert_eq!(province.digest_of(id), Some(row.item.wire_digest()), "delivered and not stored");
            }
            // What was given up meanwhile has arrived all the same.
            if row.state == State::Waiting || (row.state == State::GivenUp && state == State::Delivered) {
                row.state = state;
                row.given_up_by = if state == State::Delivered { None } else { row.given_up_by };
            }
        }
        some
    }

    /// The outbox's bounds, as the centre's housekeeping keeps them: the rows and what tells it, in one commit.
    pub(super) fn keep_within_bounds(&mut self, now: Now) {
        let candidates = self.rows.iter().filter(|row| row.state == State::Waiting).filter_map(|row| {
            let (init, _) = row.content.as_ref()?;
            let Subject::File(id) = row.item.id else { return None };
            Some(Candidate {
                id,
                incident: init.user_data.incident,
                digest: init.checksum.clone(),
                role: init.user_data.role,
                severity: row.item.severity,
                is_closed: true,
                made_at: row.made_at,
                size: row.item.size,
            })
        });
        let bounds = Bounds { bytes: self.bound, keep: Duration::MAX };
        let chosen = sacrifice(candidates.collect(), &bounds, None);
        if chosen.is_empty() {
            return;
        }
        let event = self.add_event(Severity::Warning, now);
        for file in &chosen {
            let row = self.rows.iter_mut().find(|row| row.item.id == Subject::File(file.id)).unwrap();
            (row.state, row.given_up_by) = (State::GivenUp, Some(event));
        }
        let row = self.rows.last().unwrap().item.clone();
        self.machine.handle(Input::Added(row), now);
    }

    fn handle(&mut self, broker: &mut Broker, input: Input, now: Now) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for action in self.machine.handle(input, now) {
                match action {
                    Action::Publish { token, what } => match self.message(what) {
                        Some(message) => broker.publish(token, message),
                        // As the link finds it: the row does not wait any more.
                        None => {
                            inputs.push(Input::Unsendable(token, "it is not in the outbox any more".into()))
                        }
                    },
                    Action::Delivered(item) => self.ended.push((item.id, State::Delivered)),
                    Action::Quarantine(item, _) => self.ended.push((item.id, State::Quarantined)),
                    Action::Reconnect => {
                        broker.disconnect();
                        inputs.push(Input::Disconnected);
                    }
                }
            }
        }
    }

    /// What is published; announcing a file is written down first.
    fn message(&mut self, what: What) -> Option<Message> {
        let subject = match what {
            What::Event(id) => Subject::Event(id),
            What::Init(id) | What::Chunk { file: id, .. } | What::Fin(id) => Subject::File(id),
        };
        let row = self.rows.iter_mut().find(|row| row.item.id == subject)?;
        if row.state != State::Waiting && !matches!(what, What::Chunk { .. } | What::Fin(_)) {
            return None;
        }
        Some(match (what, &row.content) {
            (What::Event(id), _) => Message::Event(id, row.payload.clone()),
            (What::Init(id), Some((init, _))) => {
                row.item.begun = true;
                Message::Init(id, init.clone())
            }
            (What::Chunk { file, offset, len }, Some((_, bytes))) => {
                let range = usize::try_from(offset).unwrap()..usize::try_from(offset + len).unwrap();
                Message::Chunk { file, offset, bytes: bytes[range].to_vec() }
            }
            (What::Fin(file), Some((init, _))) => {
                Message::Fin { file, size: init.size, sha256: init.checksum.clone() }
            }
            _ => panic!("a file without content"),
        })
    }
}

pub(super) fn id_text(id: Subject) -> String {
    match id {
        Subject::Event(id) => id.to_string(),
        Subject::File(id) => id.to_string(),
    }
}

pub(super) fn own_id() -> crate::model::CentreId {
    centre()
}
