//! What goes next over the link and when it is done: a pure machine.
//!
//! - Events go before files, small files before clips, urgent before warning, old before new.
//!   So little of a file is unacknowledged, by time ([`pace`]), that an event soon overtakes it.
//! - A PUBACK frees a place in the window and nothing else. An item is done by the province's
//!   receipt of the right digest: `stored` delivers it, `refused` puts it into quarantine.
//! - What has no receipt is repeated with back-off, for ever; a `later` says when. An item that is
//!   never answered, or never taken, holds no place that those behind it need.
//! - A connection that ends forgets everything that was on its way: events are sent again, and of
//!   a file that was begun the province is asked what it has.
//! - While the province says nothing at all, little is kept in the air: a broker without its
//!   subscriber is not filled with repeats.

mod events;

mod files;

mod pace;

#[cfg(test)]
mod model_tests;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use super::item::Item;
use crate::backoff::{Backoff, spread};
use crate::model::{EventId, FileId, Mono, Now};
use crate::wire::{Outcome, Receipt, Subject};
use events::Events;
use files::Files;
pub use pace::Chunks;
use pace::{Meter, Pace, Sent};

/// Names one publish of one connection; never used twice by one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A row waits in the outbox.
    Added(Item),
    /// The broker took the connection.
    Connected {
        /// How many publishes it lets be unacknowledged.
        window: u16,
        /// The largest packet it takes, in bytes.
        max_packet: u32,
        /// How long a question and its answer took, where that is known.
        round_trip: Option<Duration>,
    },
    /// From now on files go at so many bytes a second at most.
    RateLimit(Option<u64>),
    /// The connection is gone, and with it every token.
    Disconnected,
    /// The broker has the publish.
    Acked(Token),
    /// The broker did not take the publish, or it could not be made just now.
    NotTaken(Token, String),
    /// What was to be published can never be made: the file is gone or is another one now.
    Unsendable(Token, String),
    /// The province answered; the signature was checked.
    Receipt(Receipt),
    /// The moment of [`Dispatch::next_wakeup`] has come.
    Tick,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Publish this; answer with the token.
    Publish {
        /// Names this publish.
        token: Token,
        /// What.
        what: What,
    },
    /// The province has it: write that down.
    Delivered(Item),
    /// The province will never have it: write that down, with the reason.
    Quarantine(Item, String),
    /// The broker has not acknowledged anything for long: give this connection up.
    Reconnect,
}

/// What to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An event.
    Event(EventId),
    /// The announcement of a file.
    Init(FileId),
    /// A piece of a file.
    Chunk {
        /// Whose.
        file: FileId,
        /// Where it begins, in bytes.
        offset: u64,
        /// Its length in bytes, never 0.
        len: u64,
    },
    /// The question for a file's receipt.
    Fin(FileId),
}

/// How much may be on its way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Unacknowledged publishes, also where the broker would take more.
    pub window: usize,
    /// The sizes of chunks, where the broker takes them.
    pub chunks: Chunks,
    /// Events without a receipt; an urgent one goes once even past this.
    pub events_in_air: usize,
    /// Files that were begun and have no receipt.
    pub files_in_air: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let chunks = Chunks { least: 8 * 1024, most: 256 * 1024 };
        Self { window: 64, chunks, events_in_air: 256, files_in_air: 4 }
    }
}

/// The same while the province is silent.
const QUIET: (usize, usize) = (16, 1);

/// The province is silent when nothing was heard of it for this long.
const SILENT_AFTER: Duration = Duration::from_secs(15);

/// A publish unacknowledged for this long means that the connection is dead.
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// A `later` is believed up to here.
const LONGEST_LATER: Duration = Duration::from_secs(3600);

/// Room for topic, properties and header in a packet.
const OVERHEAD: u64 = 1024;

/// And what they take as a rule.
const ENVELOPE: u64 = 300;

/// The wait before a repeat: 2 s doubling to 60 s, spread.
fn repeat_after(item: &Item, tries: u32) -> Duration {
    let backoff = Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(60) };
    backoff.after(tries, spread(&super::item::id_text(item.id), tries))
}

/// The wait after a publish that was not taken, for instance because the province is not subscribed
/// yet: 2 s doubling to 10 s. Nothing came of it, so it may be repeated more often.
fn retry_after(item: &Item, tries: u32) -> Duration {
    let backoff = Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(10) };
    backoff.after(tries, spread(&super::item::id_text(item.id), tries))
}

/// The wait that a `later` asks for.
fn later(retry_after_s: u64) -> Duration {
    Duration::from_secs(retry_after_s).clamp(Duration::from_secs(1), LONGEST_LATER)
}

/// The machine. See the module.
#[derive(Debug, Default)]
pub struct Dispatch {
    limits: Limits,
    link: Option<Link>,
    meter: Meter,
    /// A piece of a file waits for the chosen rate.
    held_until: Option<Mono>,
    last_token: u64,
    events: Events,
    files: Files,
}

/// A connection, as far as it matters here.
#[derive(Debug)]
struct Link {
    window: usize,
    max_packet: u64,
    heard: Mono,
    unacked: BTreeMap<Token, (What, Sent)>,
    pace: Pace,
    given_up: bool,
}

impl Link {
    /// How many publishes of files are on their way, and the bytes of them and of everything.
    fn on_the_way(&self) -> (usize, u64, u64) {
        self.unacked.values().fold((0, 0, 0), |(count, files, all), (what, sent)| match what {
            What::Event(_) => (count, files, all + sent.size),
            _ => (count + 1, files + sent.size, all + sent.size),
        })
    }

    fn is_silent(&self, now: Mono) -> bool {
        now >= self.heard.plus(SILENT_AFTER)
    }

    /// The largest payload that fits.
    fn room(&self) -> u64 {
        self.max_packet.saturating_sub(OVERHEAD)
    }
}

impl Dispatch {
    /// A machine with nothing to do.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes what happened and says what to do, in order.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Action> {
        let mut actions = vec![];
        match input {
            Input::Added(item) => match item.id {
                Subject::Event(id) => self.events.add(id, item),
                Subject::File(id) => self.files.add(id, item),
            },
            Input::Connected { window, max_packet, round_trip } => {
                self.forget_connection();
                self.link = Some(Link {
                    window: usize::from(window).clamp(1, self.limits.window.max(1)),
                    max_packet: u64::from(max_packet),
                    heard: now.mono,
                    unacked: BTreeMap::new(),
                    pace: Pace::new(self.limits.chunks, round_trip, now.mono),
                    given_up: false,
                });
            }
            Input::Disconnected => self.forget_connection(),
            Input::RateLimit(limit) => self.meter.limit(limit, now.mono),
            Input::Acked(token) => self.answered(token, now, Answer::Acked),
            Input::NotTaken(token, _) => self.answered(token, now, Answer::NotTaken),
            Input::Unsendable(token, reason) => {
                if let Some((what, _)) = self.take(token) {
                    let item = self.remove(subject_of(what));
                    actions.extend(item.map(|item| Action::Quarantine(item, reason)));
                }
            }
            Input::Receipt(receipt) => actions.extend(self.receipt(&receipt, now)),
            Input::Tick => {}
        }
        self.events.wake(now.mono);
        self.files.wake(now.mono);
        self.fill(now, &mut actions);
        if let Some(link) = self.link.as_mut() {
            let oldest = link.unacked.values().map(|(_, sent)| sent.at).min();
            if !link.given_up && oldest.is_some_and(|at| now.mono >= at.plus(DEAD_AFTER)) {
                link.given_up = true;
                actions.push(Action::Reconnect);
            }
        }
        actions
    }

    /// When to come back with a [`Input::Tick`] if nothing else happens; always after the last
    /// moment handled.
    pub fn next_wakeup(&self) -> Option<Mono> {
        let link = self.link.as_ref()?;
        let oldest = link.unacked.values().map(|(_, sent)| sent.at.plus(DEAD_AFTER)).min();
        let dead = oldest.filter(|_| !link.given_up);
        [self.events.next_wakeup(), self.files.next_wakeup(), dead, self.held_until]
            .into_iter()
            .flatten()
            .min()
    }

    /// How many items have no receipt yet.
    pub fn waiting(&self) -> usize {
        self.events.len() + self.files.len()
    }

    /// The item, while it waits.
    pub fn item(&self, id: Subject) -> Option<&Item> {
        match id {
            Subject::Event(id) => self.events.item(id),
            Subject::File(id) => self.files.item(id),
        }
    }

    fn forget_connection(&mut self) {
        self.link = None;
        self.events.restart();
        self.files.restart();
    }

    fn take(&mut self, token: Token) -> Option<(What, Sent)> {
        self.link.as_mut()?.unacked.remove(&token)
    }

    fn answered(&mut self, token: Token, now: Now, answer: Answer) {
        let Some((what, sent)) = self.take(token) else { return };
        if let (Answer::Acked, Some(link)) = (answer, self.link.as_mut()) {
            link.pace.acked(&sent, now.mono);
        }
        match what {
            What::Event(id) => self.events.answered(id, answer, now.mono),
            What::Init(id) | What::Chunk { file: id, .. } | What::Fin(id) => {
                self.files.answered(id, what, answer, now.mono);
            }
        }
    }

    fn receipt(&mut self, receipt: &Receipt, now: Now) -> Option<Action> {
        let subject = receipt.subject()?;
        let item = self.item(subject)?;
        let fits = match &receipt.digest {
            Some(digest) if *digest == item.wire_digest() => true,
            // It judged the announcement; that can refuse a file, but not store it.
            Some(digest) => {
                !matches!(receipt.outcome, Outcome::Stored) && *digest == item.wire_payload_digest()
            }
            // Without a digest nothing proves that these bytes are the ones that were stored, but
            // a file's receipt answers a `fin`, whose topic names its digest.
            None => match subject {
                Subject::Event(_) => !matches!(receipt.outcome, Outcome::Stored),
                Subject::File(_) => true,
            },
        };
        if !fits {
            return None;
        }
        if let Some(link) = self.link.as_mut() {
            if link.is_silent(now.mono) {
                // It is back: no back-off of before counts any more.
                self.events.hurry();
                self.files.hurry();
            }
            link.heard = now.mono;
        }
        match &receipt.outcome {
            Outcome::Stored => self.remove(subject).map(Action::Delivered),
            Outcome::Refused { reason } => {
                let reason = format!("the province refused it: {reason}");
                self.remove(subject).map(|item| Action::Quarantine(item, reason))
            }
            Outcome::Later { retry_after_s, missing, .. } => {
                match subject {
                    Subject::Event(id) => self.events.later(id, now.mono.plus(later(*retry_after_s))),
                    Subject::File(id) => self.files.later(id, missing, *retry_after_s, now.mono),
                }
                None
            }
        }
    }

    fn remove(&mut self, id: Subject) -> Option<Item> {
        match id {
            Subject::Event(id) => self.events.remove(id),
            Subject::File(id) => self.files.remove(id),
        }
    }

    /// Publishes as long as there is something to publish and room for it.
    fn fill(&mut self, now: Now, actions: &mut Vec<Action>) {
        self.held_until = None;
        let Some(link) = self.link.as_mut().filter(|link| !link.given_up) else { return };
        let (events, files) = if link.is_silent(now.mono) {
            (QUIET.0.min(self.limits.events_in_air), QUIET.1.min(self.limits.files_in_air))
        } else {
            (self.limits.events_in_air, self.limits.files_in_air)
        };
        // One place is always left to an event.
        let file_window = link.window.saturating_sub(1).max(1);
        while link.unacked.len() < link.window {
            let (of_files, file_bytes, bytes) = link.on_the_way();
            let (what, size) = if let Some((id, size)) = self.events.next(events) {
                if size > link.room() {
                    let item = self.events.remove(id);
                    actions.extend(item.map(|item| too_large(item, link.max_packet)));
                    continue;
                }
                self.events.sent(id);
                (What::Event(id), size)
            } else {
                let chunk =
                    link.pace.chunk().min(self.meter.chunk().max(self.limits.chunks.least)).min(link.room());
                let has_room = link.pace.has_room(file_bytes, chunk);
                if of_files >= file_window || chunk == 0 || !has_room {
                    return;
                }
                self.held_until = self.meter.held_until(now.mono).filter(|_| self.files.has_next(files));
                if self.held_until.is_some() {
                    return;
                }
                match self.files.next(files, chunk) {
                    Some((What::Init(id), size)) if size > link.room() => {
                        let item = self.files.remove(id);
                        actions.extend(item.map(|item| too_large(item, link.max_packet)));
                        continue;
                    }
                    Some(next) => next,
                    None => return,
                }
            };
            let size = size + ENVELOPE;
            self.meter.sent(size, now.mono);
            self.last_token += 1;
            let token = Token(self.last_token);
            link.unacked.insert(token, (what, link.pace.sent(size, bytes, now.mono)));
            actions.push(Action::Publish { token, what });
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Acked,
    NotTaken,
}

fn too_large(item: Item, max_packet: u64) -> Action {
    let size = item.payload_size;
    let reason = format!("its message of {size} bytes does not fit the broker's packets of {max_packet}");
    Action::Quarantine(item, reason)
}

fn subject_of(what: What) -> Subject {
    match what {
        What::Event(id) => Subject::Event(id),
        What::Init(id) | What::Chunk { file: id, .. } | What::Fin(id) => Subject::File(id),
    }
}
