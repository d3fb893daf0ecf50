//! What the link does when something happened. Nothing here waits, but the good-bye.

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt;
use tokio::sync::watch;

use super::{Ended, Happened, KEEP_ALIVE, Link, STATUS_APART, STATUS_EVERY, STATUS_TOKEN};
use super::{PAGE, REPLIES, REPLY_TOKEN, reconnect_after};
use crate::broker::{BrokerError, Connection, Message, Notice, Options, Received};
use crate::centre_db::CentreDb;
use crate::clock;
use crate::forward::dispatch::{Action, Input, Token, What};
use crate::forward::item::{Item, id_text};
use crate::forward::receipts::SignedReceipts;
use crate::forward::sending::NotMade;
use crate::forward::status::{self, StatusInput};
use crate::wire::{Answer, Command, Outcome, Receipts, Reply, Subject};

/// What we take in one packet: receipts are the largest.
const MAX_PACKET: u32 = 2 * 1024 * 1024;

const RECEIVE_MAXIMUM: u16 = 64;

impl Link {
    /// Takes what happened. Never waits.
    pub(super) fn apply(&mut self, happened: Happened, status: &watch::Receiver<StatusInput>) {
        match happened {
            Happened::Stop => {}
            Happened::Broker(Ok(notice)) => self.notice(notice),
            Happened::Broker(Err(error)) => self.lost(&error),
            Happened::Made { token, what, message: Ok(message) } => {
                self.made.push_back((token, what, message))
            }
            Happened::Made { token, message: Err(NotMade::Now(why)), .. } => {
                tracing::warn!(target: "forward", "something cannot be sent now: {why}");
                self.work(Input::NotTaken(token, why));
            }
            Happened::Made { token, message: Err(NotMade::Ever(why)), .. } => {
                self.work(Input::Unsendable(token, why));
            }
            Happened::RowsWereAdded => self.load(),
            Happened::Loaded(Ok(rows)) => self.loaded(rows),
            Happened::Loaded(Err(error)) => {
                // The next status, or the next nudge, tries again.
                tracing::warn!(target: "forward", "the outbox cannot be read: {error}");
            }
            Happened::Committed(ended) => ended.iter().for_each(report),
            Happened::StatusChanged => {
                if status.borrow().differs(&self.status_said) {
                    self.status_at = self.status_at.min(clock::now().mono.plus(STATUS_APART));
                }
            }
            Happened::AccessChanged => {
                let now = clock::now().mono;
                (self.reconnect_at, self.status_at) = (now, now);
            }
            Happened::Replied(reply) => self.reply(&reply),
            Happened::StatusMade(message) => self.status_made = Some(message),
            Happened::Due => {
                self.work(Input::Tick);
            }
        }
        self.reconnect();
        self.keep_to_rate();
        self.say_status(status);
        self.commit();
        self.publish();
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Connected { receive_maximum, max_packet, session_present } => {
                tracing::debug!(target: "forward", receive_maximum, ?max_packet, session_present, "connected");
                let Some(connection) = self.connection.as_mut() else { return };
                if let Err(error) =
                    connection.subscribe(&[self.receipt_topic.clone(), self.command_topic.clone()])
                {
                    return self.lost(&error);
                }
                self.max_packet = max_packet.unwrap_or(u32::MAX);
                self.asked_at = clock::now().mono;
            }
            Notice::Subscribed { refused } => {
                if refused > 0 {
                    tracing::warn!(
                        target: "forward",
                        "the broker does not let the province's commands through (its access list lacks {} for us): \
                         what is flagged is delivered all the same", self.command_topic
                    );
                }
                tracing::info!(target: "forward", broker = %self.settings.address, "the link is up");
                (self.failures, self.subscribed) = (0, true);
                self.settings.connected.send_if_modified(|known| known.turn(true, clock::now()));
                self.last_error.clear();
                let now = clock::now().mono;
                self.status_at = now;
                // One place is the status's, one a reply's.
                let room = self.connection.as_ref().map_or(0, Connection::room).saturating_sub(2).max(1);
                let window = u16::try_from(room).unwrap_or(u16::MAX);
                let round_trip = Some(now.since(self.asked_at));
                self.work(Input::Connected { window, max_packet: self.max_packet, round_trip });
            }
            Notice::Acked { token } => {
                if token != STATUS_TOKEN && token != REPLY_TOKEN {
                    self.work(Input::Acked(Token(token)));
                }
            }
            Notice::NotTaken { token, reason } => {
                // A status that nobody hears now is kept by the broker all the same.
                if token != STATUS_TOKEN && token != REPLY_TOKEN {
                    tracing::debug!(target: "forward", token, reason, "not taken");
                    self.work(Input::NotTaken(Token(token), reason));
                }
            }
            Notice::Received(received) => self.received(&received),
        }
    }

    fn received(&mut self, received: &Received) {
        let is_command = received.topic == self.command_topic;
        if received.topic != self.receipt_topic && !is_command {
            return;
        }
        let Some(trust) = self.settings.access.borrow().as_ref().map(|access| access.trust.clone()) else {
            return;
        };
        if let Err(error) = trust.verify(&received.payload, received.signature.as_ref()) {
            let what = if is_command { "command" } else { "receipt" };
            tracing::warn!(target: "forward", "a {what} that is not the province's is ignored: {error}");
            return;
        }
        if is_command {
            return self.command(&received.payload);
        }
        match Receipts::from_bytes(&received.payload) {
            Ok(receipts) => {
                self.receipt = received.signature.clone().map(|signature| {
                    let payload = received.payload.to_vec();
                    Arc::new(SignedReceipts { at: receipts.at, payload, signature })
                });
                for receipt in receipts.receipts {
                    if let Outcome::Later { reason: Some(reason), retry_after_s, .. } = &receipt.outcome {
                        tracing::info!(target: "forward", retry_after_s, "the province asks to wait: {reason}");
                        self.settings.asked_to_wait.send_replace(Some(clock::now().mono));
                    }
                    self.work(Input::Receipt(receipt));
                }
                self.receipt = None;
            }
            Err(error) => tracing::warn!(target: "forward", "{error}"),
        }
    }

    fn command(&mut self, payload: &[u8]) {
        match Command::from_bytes(payload) {
            Ok(command) => {
                let id = command.id;
                if self.commands.try_send(command).is_err() {
                    tracing::warn!(target: "forward", command = %id, "too many commands wait: it must come again");
                }
            }
            Err(error) => {
                tracing::warn!(target: "forward", "{error}");
                if let Some(id) = Command::peek_id(payload) {
                    self.reply(&Reply { id, answer: Answer::Refused { reason: error.to_string() } });
                }
            }
        }
    }

    /// Keeps a reply until there is room for it on the link.
    fn reply(&mut self, reply: &Reply) {
        let payload = reply.to_bytes();
        let signature = Some(self.source.signer.sign(&payload));
        let topic = self.source.topics.reply(&self.source.centre);
        if matches!(reply.answer, Answer::Picture { .. }) {
            // Of a look-in only what is fresh is worth sending.
            if !self.subscribed {
                return;
            }
            self.replies.retain(|(_, is_picture)| !is_picture);
        }
        if self.replies.len() >= REPLIES {
            self.replies.pop_front();
        }
        let message = Message { topic, payload: payload.into(), retain: false, signature };
        self.replies.push_back((message, matches!(reply.answer, Answer::Picture { .. })));
    }

    /// Hands `input` to the machine and does what it says.
    fn work(&mut self, input: Input) {
        for action in self.dispatch.handle(input, clock::now()) {
            match action {
                Action::Publish { token, what } => self.make(token, what),
                Action::Delivered(item) => self.end(item, None),
                Action::Quarantine(item, reason) => self.end(item, Some(reason)),
                Action::Reconnect => self.lost(&BrokerError::Silent(KEEP_ALIVE)),
            }
        }
    }

    /// New rows, which the machine is to know; the rest of them is asked for.
    pub(super) fn loaded(&mut self, rows: Vec<Item>) {
        let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= PAGE);
        for item in rows {
            self.last_row = self.last_row.max(item.number);
            self.work(Input::Added(item));
        }
        if std::mem::take(&mut self.load_again) || is_full {
            self.load();
        }
    }

    /// Asks for rows that were added; once more afterwards if it is being done already.
    fn load(&mut self) {
        if self.loading.is_some() {
            self.load_again = true;
            return;
        }
        let (db, after) = (self.source.db.clone(), self.last_row);
        self.loading = Some(async move { db.waiting_after(after, PAGE).await }.boxed());
    }

    fn make(&mut self, token: Token, what: What) {
        let (subject, queue) = match what {
            What::Event(id) => (Subject::Event(id), &mut self.making_events),
            What::Init(id) | What::Chunk { file: id, .. } | What::Fin(id) => {
                (Subject::File(id), &mut self.making_files)
            }
        };
        // The machine publishes nothing of an item that it does not hold.
        let Some(item) = self.dispatch.item(subject).cloned() else { return };
        let making = self.files.make(&self.source, what, item);
        queue.push_back(making.map(move |message| (token, what, message)).boxed());
    }

    fn end(&mut self, item: Item, reason: Option<String>) {
        if let Subject::File(file) = item.id {
            self.files.close(file);
        }
        self.ended.push(Ended { item, reason, receipt: self.receipt.clone() });
    }

    /// Publishes what is made, as far as there is room.
    fn publish(&mut self) {
        let Some(connection) = self.connection.as_mut().filter(|_| self.subscribed) else { return };
        if connection.room() > 0
            && let Some(message) = self.status_made.take()
            && let Err(error) = connection.publish(STATUS_TOKEN, message)
        {
            tracing::warn!(target: "forward", "the status cannot be sent: {error}");
        }
        while connection.room() > 0 {
            let Some((message, _)) = self.replies.pop_front() else { break };
            if let Err(error) = connection.publish(REPLY_TOKEN, message) {
                tracing::warn!(target: "forward", "a reply cannot be sent: {error}");
            }
        }
        let mut refused = vec![];
        while connection.room() > 0 {
            let Some((token, what, message)) = self.made.pop_front() else { break };
            match connection.publish(token.0, message) {
                Ok(()) => {
                    let subject = match what {
                        What::Event(id) => Some(Subject::Event(id)),
                        What::Fin(id) => Some(Subject::File(id)),
                        What::Init(_) | What::Chunk { .. } => None,
                    };
                    if let Some(item) = subject.and_then(|id| self.dispatch.item(id)) {
                        let (id, incident) = (id_text(item.id), incident_text(item));
                        tracing::info!(target: "forward", item = %id, incident, what = "sent");
                    }
                }
                Err(error) if error.keeps_connection() => {
                    refused.push(Input::Unsendable(token, error.to_string()));
                }
                Err(error) => return self.lost(&error),
            }
        }
        for input in refused {
            self.work(input);
        }
    }

    /// Begins to write down what ended, unless that is being done.
    fn commit(&mut self) {
        if self.committing.is_none() && !self.ended.is_empty() {
            let (db, ended) = (self.source.db.clone(), std::mem::take(&mut self.ended));
            self.committing = Some(commit(db, ended).boxed());
        }
    }

    /// The connection is of no use any more.
    fn lost(&mut self, error: &BrokerError) {
        self.failures = self.failures.saturating_add(1);
        let wait = reconnect_after(&self.settings.centre, self.failures);
        self.reconnect_at = clock::now().mono.plus(wait);
        // The same words again and again tell nothing new.
        let told = error.to_string();
        if told == self.last_error {
            tracing::debug!(target: "forward", "{told}; next try in {:.1} s", wait.as_secs_f64());
        } else {
            tracing::warn!(target: "forward", "{told}; next try in {:.1} s", wait.as_secs_f64());
            self.last_error = told;
        }
        (self.connection, self.subscribed, self.status_made) = (None, false, None);
        self.settings.connected.send_if_modified(|known| known.turn(false, clock::now()));
        self.making_events.clear();
        self.making_files.clear();
        self.made.clear();
        self.files.clear();
        self.work(Input::Disconnected);
    }

    fn reconnect(&mut self) {
        let now = clock::now();
        if self.connection.is_some() || now.mono < self.reconnect_at {
            return;
        }
        let Some(tls) = self.settings.access.borrow().as_ref().map(|access| access.tls.clone()) else {
            return;
        };
        self.connection = Some(Connection::open(&Options {
            tls,
            address: self.settings.address.clone(),
            client_id: format!("centre-{}", self.settings.centre),
            keep_alive: KEEP_ALIVE,
            // Nothing hangs on the broker's memory: what has no receipt is asked for again.
            clean: true,
            will: Some(status::offline(&self.source, self.settings.boot, now)),
            manual_acks: false,
            max_packet: MAX_PACKET,
            receive_maximum: RECEIVE_MAXIMUM,
        }));
    }

    /// Tells the machine when another rate begins to hold; asked at least once a minute.
    fn keep_to_rate(&mut self) {
        let limit = self.settings.rate.at(clock::now().wall);
        if limit != self.rate_limit {
            self.rate_limit = limit;
            tracing::info!(target: "forward", bytes_per_s = limit, "files go at another rate from now on");
            self.work(Input::RateLimit(limit));
        }
    }

    /// Begins to make a status when its time has come.
    fn say_status(&mut self, input: &watch::Receiver<StatusInput>) {
        let now = clock::now();
        if !self.subscribed || self.making_status.is_some() || now.mono < self.status_at {
            return;
        }
        self.status_at = now.mono.plus(STATUS_EVERY);
        self.status_said = input.borrow().clone();
        let (source, boot, said) = (self.source.clone(), self.settings.boot, self.status_said.clone());
        let access = self.settings.access.borrow().clone();
        let made = async move {
            let backlog = source.db.backlog().await.ok();
            status::online(&source, boot, said, backlog, access.as_ref(), clock::now())
        };
        self.making_status = Some(made.boxed());
        // Whoever added rows may have died before the nudge.
        self.load();
    }

    /// Writes down what ended, leaves word that we are gone, and disconnects.
    pub(super) async fn say_good_bye(mut self) {
        let committing = self.committing.take();
        let rest = commit(self.source.db.clone(), std::mem::take(&mut self.ended));
        let written = async {
            let mut ended = match committing {
                Some(committing) => committing.await,
                None => vec![],
            };
            ended.extend(rest.await);
            ended.iter().for_each(report);
        };
        let Some(mut connection) = self.connection.take().filter(|_| self.subscribed) else {
            return written.await;
        };
        let last_word = status::offline(&self.source, self.settings.boot, clock::now());
        let said = async {
            while connection.room() == 0 {
                connection.next().await?;
            }
            connection.publish(STATUS_TOKEN, last_word)?;
            connection.close(Duration::from_secs(2)).await;
            Ok::<(), BrokerError>(())
        };
        let ((), said) = tokio::join!(written, said);
        if let Err(error) = said {
            tracing::warn!(target: "forward", "the province was not told that we stop: {error}");
        }
    }
}

/// Writes down what ended, again and again until it is written.
async fn commit(db: CentreDb, ended: Vec<Ended>) -> Vec<Ended> {
    let stored: Vec<&Ended> = ended.iter().filter(|one| one.reason.is_none()).collect();
    loop {
        let written = async {
            // What one receipt told ended together.
            for of_one in stored.chunk_by(|one, next| one.receipt == next.receipt) {
                let items: Vec<_> = of_one.iter().map(|one| one.item.id).collect();
                let receipt = of_one.first().and_then(|one| one.receipt.as_deref());
                db.mark_delivered(&items, receipt, clock::now()).await?;
            }
            for one in &ended {
                if let Some(reason) = &one.reason {
                    db.quarantine(one.item.id, reason).await?;
                }
            }
            Ok::<(), sqlx::Error>(())
        };
        match written.await {
            Ok(()) => return ended,
            Err(error) => {
                tracing::warn!(target: "forward", "receipts cannot be written down: {error}");
                clock::sleep_until(clock::now().mono.plus(Duration::from_secs(1))).await;
            }
        }
    }
}

fn report(ended: &Ended) {
    let item = &ended.item;
    let (id, incident, class) = (id_text(item.id), incident_text(item), item.class.as_str());
    match &ended.reason {
        None => tracing::info!(target: "forward", item = %id, incident, class, what = "stored"),
        Some(reason) => {
            tracing::warn!(target: "forward", item = %id, incident, class, what = "quarantined", reason);
        }
    }
}

/// The incident in log lines; empty where the item belongs to none.
fn incident_text(item: &Item) -> String {
    item.incident.map_or_else(String::new, |incident| incident.to_string())
}
