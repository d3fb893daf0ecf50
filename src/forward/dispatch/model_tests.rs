//! A small world around the machine: a broker that loses, doubles and reorders, connections that
//! break, a province that is full, refuses or hears half, a machine that is killed and starts from
//! the rows. Whatever the order: every item ends once, and never delivered without being stored.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::item;
use super::*;
use crate::forward::Class;
use crate::model::{Severity, Wall};

const CHUNKS: Chunks = Chunks { least: 5, most: 10 };
const LIMITS: Limits = Limits { window: 16, chunks: CHUNKS, events_in_air: 256, files_in_air: 4 };

#[derive(Debug, Clone)]
enum Step {
    Add,
    Connect { window: u16 },
    Disconnect,
    Restart,
    Arrive(usize),
    ArriveTwice(usize),
    LoseOnTheWay(usize),
    Ack(usize),
    NotTaken(usize),
    Answer(usize),
    AnswerTwice(usize),
    LoseAnswer(usize),
    Forge(usize),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Add),
        2 => (1u16..30).prop_map(|window| Step::Connect { window }),
        1 => Just(Step::Disconnect),
        1 => Just(Step::Restart),
        8 => any::<usize>().prop_map(Step::Arrive),
        1 => any::<usize>().prop_map(Step::ArriveTwice),
        1 => any::<usize>().prop_map(Step::LoseOnTheWay),
        8 => any::<usize>().prop_map(Step::Ack),
        1 => any::<usize>().prop_map(Step::NotTaken),
        8 => any::<usize>().prop_map(Step::Answer),
        1 => any::<usize>().prop_map(Step::AnswerTwice),
        1 => any::<usize>().prop_map(Step::LoseAnswer),
        1 => any::<usize>().prop_map(Step::Forge),
        4 => (0u16..20_000).prop_map(Step::Wait),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Nature {
    file: bool,
    urgent: bool,
    size: u64,
    poison: bool,
    /// So often the province says `later` before it takes it.
    full: u8,
}

fn nature() -> impl Strategy<Value = Nature> {
    (any::<bool>(), any::<bool>(), 0u64..120, 0u8..8, 0u8..8).prop_map(
        |(file, urgent, size, poison, full)| Nature {
            file,
            urgent,
            size,
            poison: poison == 0,
            full: full.saturating_sub(5),
        },
    )
}

#[derive(Default)]
struct World {
    machine: Dispatch,
    now: Now,
    to_add: Vec<(Item, Nature)>,
    /// The rows: what the machine is given again after a restart.
    rows: BTreeMap<i64, (Item, Nature)>,
    ended: BTreeSet<i64>,
    connected: Option<usize>,
    unacked: BTreeMap<Token, What>,
    on_the_way: Vec<What>,
    answers: Vec<Receipt>,
    heard: BTreeMap<i64, BTreeSet<u64>>,
    stored: BTreeSet<i64>,
    refused: BTreeSet<i64>,
    sent_here: BTreeSet<i64>,
}

fn number_of(subject: Subject) -> i64 {
    match subject {
        Subject::Event(EventId(id)) | Subject::File(FileId(id)) => i64::try_from(id.as_u128()).unwrap(),
    }
}

impl World {
    fn new(natures: &[Nature]) -> Self {
        let made = |(number, nature): (usize, &Nature)| {
            let class = match (nature.file, nature.size % 2) {
                (false, _) => Class::Event,
                (true, 0) => Class::Small,
                (true, _) => Class::Clip,
            };
            let severity = if nature.urgent { Severity::Urgent } else { Severity::Warning };
            (item(number as i64 + 1, class, severity, nature.size), *nature)
        };
        let mut to_add: Vec<_> = natures.iter().enumerate().map(made).collect();
        to_add.reverse();
        Self { machine: Dispatch::new(LIMITS), to_add, ..Self::default() }
    }

    fn handle(&mut self, input: Input) {
        let actions = self.machine.handle(input, self.now);
        let mut reconnect = false;
        for action in actions {
            match action {
                Action::Publish { token, what } => self.publish(token, what),
                Action::Delivered(item) => {
                    let number = item.number;
                    assert!(self.stored.contains(&number), "delivered without being stored");
                    self.end(number);
                }
                Action::Quarantine(item, _) => {
                    let number = item.number;
                    assert!(self.refused.contains(&number), "quarantined without a reason");
                    self.end(number);
                }
                Action::Reconnect => reconnect = true,
            }
        }
        assert!(self.machine.next_wakeup().is_none_or(|at| at > self.now.mono), "it would spin");
        if reconnect {
            self.disconnect();
            self.connect(20);
        }
    }

    fn end(&mut self, number: i64) {
        assert!(self.ended.insert(number), "item {number} ended twice");
        if let Some((item, _)) = self.rows.remove(&number) {
            assert_eq!(number, item.number);
        }
    }

    fn publish(&mut self, token: Token, what: What) {
        let window = self.connected.expect("published without a connection");
        assert!(self.unacked.insert(token, what).is_none(), "a token is used once");
        assert!(self.unacked.len() <= window.min(LIMITS.window), "the window is exceeded");
        let number = number_of(subject_of(what));
        if let What::Event(_) = what {
            self.sent_here.insert(number);
        } else {
            let starved = self
                .rows
                .values()
                .find(|(row, _)| row.class == Class::Event && !self.sent_here.contains(&row.number));
            assert!(starved.is_none(), "a file went before {starved:?}");
            let row = &mut self.rows.get_mut(&number).expect("only what waits is sent").0;
            row.begun = true;
            if let What::Chunk { offset, len, .. } = what {
                assert!(len > 0 && len <= LIMITS.chunks.most && offset + len <= row.size);
            }
        }
        self.on_the_way.push(what);
    }

    fn connect(&mut self, window: u16) {
        if self.connected.is_none() {
            self.connected = Some(usize::from(window));
            self.sent_here.clear();
            self.handle(Input::Connected { window, max_packet: 1 << 20, round_trip: None });
        }
    }

    fn disconnect(&mut self) {
        self.connected = None;
        self.unacked.clear();
        self.handle(Input::Disconnected);
    }

    fn restart(&mut self) {
        self.connected = None;
        self.unacked.clear();
        self.machine = Dispatch::new(LIMITS);
        let rows: Vec<_> = self.rows.values().map(|(item, _)| item.clone()).collect();
        for row in rows {
            self.handle(Input::Added(row));
        }
    }

    /// The province hears `what`.
    fn arrive(&mut self, what: What) {
        let number = number_of(subject_of(what));
        // What ended is answered as before, which the doubled answers stand for.
        let Some((item, mut nature)) = self.rows.get(&number).cloned() else { return };
        match what {
            What::Init(_) => {
                self.heard.entry(number).or_default();
            }
            What::Chunk { offset, len, .. } => {
                // It keeps chunks only of what was announced.
                if let Some(heard) = self.heard.get_mut(&number) {
                    heard.extend(offset..offset + len);
                }
            }
            What::Event(_) | What::Fin(_) => {
                let outcome = if self.stored.contains(&number) {
                    Outcome::Stored
                } else if nature.poison {
                    self.refused.insert(number);
                    Outcome::Refused { reason: "poison".into() }
                } else if nature.full > 0 {
                    nature.full -= 1;
                    if let Some((_, kept)) = self.rows.get_mut(&number) {
                        *kept = nature;
                    }
                    Outcome::Later { retry_after_s: 30, reason: None, missing: vec![] }
                } else {
                    let heard = self.heard.get(&number);
                    let absent = |byte: &u64| !heard.is_some_and(|heard| heard.contains(byte));
                    let size = if nature.file { item.size } else { 0 };
                    let missing: Vec<_> = (0..size).filter(absent).map(|byte| (byte, byte + 1)).collect();
                    if missing.is_empty() && (heard.is_some() || !nature.file) {
                        self.stored.insert(number);
                        Outcome::Stored
                    } else {
                        Outcome::Later { retry_after_s: 1, reason: None, missing }
                    }
                };
                self.answers.push(Receipt::new(item.id, Some(item.wire_digest()), outcome));
            }
        }
    }

    fn answer(&mut self, receipt: Receipt) {
        // An event of which the province said `later` is not starved, it waits as it was told.
        if let (Some(id), Outcome::Later { .. }) = (receipt.subject(), &receipt.outcome) {
            self.sent_here.insert(number_of(id));
        }
        self.handle(Input::Receipt(receipt));
    }

    fn step(&mut self, step: Step) {
        let pick = |n: usize, len: usize| n.checked_rem(len);
        match step {
            Step::Add => {
                if let Some((item, nature)) = self.to_add.pop() {
                    self.rows.insert(item.number, (item.clone(), nature));
                    self.handle(Input::Added(item));
                }
            }
            Step::Connect { window } => self.connect(window),
            Step::Disconnect => self.disconnect(),
            Step::Restart => self.restart(),
            Step::Arrive(n) => {
                if let Some(n) = pick(n, self.on_the_way.len()) {
                    let what = self.on_the_way.remove(n);
                    self.arrive(what);
                }
            }
            Step::ArriveTwice(n) => {
                if let Some(n) = pick(n, self.on_the_way.len()) {
                    self.arrive(self.on_the_way[n]);
                }
            }
            Step::LoseOnTheWay(n) => {
                if let Some(n) = pick(n, self.on_the_way.len()) {
                    self.on_the_way.remove(n);
                }
            }
            Step::Ack(n) | Step::NotTaken(n) => {
                if let Some(n) = pick(n, self.unacked.len()) {
                    let token = *self.unacked.keys().nth(n).unwrap();
                    self.unacked.remove(&token);
                    self.handle(match step {
                        Step::Ack(_) => Input::Acked(token),
                        _ => Input::NotTaken(token, "quota".into()),
                    });
                }
            }
            Step::Answer(n) => {
                if let Some(n) = pick(n, self.answers.len()) {
                    let receipt = self.answers.remove(n);
                    self.answer(receipt);
                }
            }
            Step::AnswerTwice(n) => {
                if let Some(n) = pick(n, self.answers.len()) {
                    self.answer(self.answers[n].clone());
                }
            }
            Step::LoseAnswer(n) => {
                if let Some(n) = pick(n, self.answers.len()) {
                    self.answers.remove(n);
                }
            }
            Step::Forge(n) => {
                if let Some(n) = pick(n, self.rows.len()) {
                    let id = self.rows.values().nth(n).unwrap().0.id;
                    let wrong = Some(crate::wire::digest(b"something else"));
                    self.handle(Input::Receipt(Receipt::new(id, wrong, Outcome::Stored)));
                }
            }
            Step::Wait(ms) => {
                self.now = self.now.plus(Duration::from_millis(ms.into()));
                self.handle(Input::Tick);
            }
        }
    }

    /// From here on nothing goes wrong.
    fn settle(&mut self) {
        while !self.to_add.is_empty() {
            self.step(Step::Add);
        }
        self.connect(20);
        for _ in 0..20_000 {
            if self.rows.is_empty() {
                return;
            }
            if !self.on_the_way.is_empty() {
                self.step(Step::Arrive(0));
            } else if !self.answers.is_empty() {
                self.step(Step::Answer(0));
            } else if !self.unacked.is_empty() {
                self.step(Step::Ack(0));
            } else {
                let due = self.machine.next_wakeup().expect("it waits for nothing");
                self.now = Now { mono: due, wall: Wall::default() };
                self.handle(Input::Tick);
            }
        }
        panic!("never done: {:?}", self.rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_item_ends_once_whatever_the_broker_and_the_province_do(
        natures in proptest::collection::vec(nature(), 1..14),
        steps in proptest::collection::vec(step(), 0..150),
    ) {
        let mut world = World::new(&natures);
        for step in steps {
            world.step(step);
        }
        world.settle();
        prop_assert_eq!(world.ended.len(), natures.len());
        prop_assert_eq!(world.machine.waiting(), 0);
        let poison = natures.iter().filter(|nature| nature.poison).count();
        prop_assert_eq!(world.stored.len(), natures.len() - poison);
    }
}
