//! One loop that owns the broker connection: receives from every centre, stores, then receipts.
//!
//! Messages are acknowledged to the broker after their commit; what fails to be stored is
//! acknowledged too, because the centre holds it until it has a `stored`. Whole files are read back
//! beside the loop, so that an event never waits for a clip.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::answers::Answers;
use super::errands::{self, Errands};
use super::intake::{RETRY_TROUBLE_S, later};
use super::renewal::Renewal;
use super::store::{self, ReadBack, Unanswered, WholeFile};
use super::take::{Taken, Taker};
use crate::backoff::{self, Backoff};
use crate::broker::{BrokerError, Connection, Message, Notice, Options, Received};
use crate::clock;
use crate::model::{CentreId, FileId, Mono};
use crate::wire::{Presence, Receipt, Receipts, Signer, Subject};

/// One batch is committed together: so many messages, or so many bytes.
const BATCH_MESSAGES: usize = 64;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// So many files are read back at the same time; others wait.
const READ_BACK: usize = 2;

const HOUSEKEEPING: Duration = Duration::from_secs(60 * 60);
const STOP_FILES: Duration = Duration::from_secs(5);
const STOP_BROKER: Duration = Duration::from_secs(2);

/// What the health page asks of the receiver.
#[derive(Debug, Default)]
pub struct Health {
    /// Whether the broker is connected and subscribed.
    pub receiving: AtomicBool,
    /// Whether it ever was.
    pub has_received: AtomicBool,
    /// Whether the last batch could be stored.
    pub storing: AtomicBool,
}

/// The receiver.
pub struct Receiver {
    taker: Taker,
    signer: Arc<Signer>,
    options: Options,
    health: Arc<Health>,
    answers: Answers,
    reading: JoinSet<(WholeFile, std::io::Result<ReadBack>)>,
    waiting: VecDeque<WholeFile>,
    busy: HashSet<(CentreId, FileId)>,
    housekeeping: Mono,
    next_token: u64,
    /// The subscription stands since the last notice.
    subscribed: bool,
    errands: Errands,
    given: mpsc::Receiver<Unanswered>,
    away: BTreeSet<CentreId>,
    renewal: Option<Renewal>,
}

/// The work of commands, as far as the receiver does it.
pub struct Commands {
    /// What is given while it runs.
    pub given: mpsc::Receiver<Unanswered>,
    /// Who renews papers, if this province has an authority.
    pub renewal: Option<Renewal>,
}

enum Step {
    Stop,
    ReadBack(WholeFile, std::io::Result<ReadBack>),
    Notice(Notice),
    Answer,
    Errand(errands::Input),
    Housekeeping,
    Nothing,
}

impl Receiver {
    /// A receiver that has not connected yet.
    pub fn new(
        taker: Taker,
        signer: Arc<Signer>,
        options: Options,
        health: Arc<Health>,
        commands: Commands,
    ) -> Self {
        health.storing.store(true, Ordering::Relaxed);
        Self {
            taker,
            signer,
            options,
            health,
            answers: Answers::default(),
            reading: JoinSet::new(),
            waiting: VecDeque::new(),
            busy: HashSet::new(),
            housekeeping: clock::now().mono,
            next_token: 0,
            subscribed: false,
            errands: Errands::default(),
            given: commands.given,
            away: BTreeSet::new(),
            renewal: commands.renewal,
        }
    }

    /// Receives until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let usual = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };
        // A refused password is a person's business: no hurry.
        let refused = Backoff { first: Duration::from_secs(15), longest: Duration::from_secs(60) };
        let mut failures = 0;
        self.take_up_errands().await;
        while !stop.is_cancelled() {
            let error = match self.serve(&mut failures, &stop).await {
                Ok(()) => return,
                Err(error) => error,
            };
            self.health.receiving.store(false, Ordering::Relaxed);
            let now = clock::now();
            self.errands.handle(errands::Input::Disconnected, now.mono, now.wall);
            failures += 1;
            let policy = if matches!(error, BrokerError::Refused { .. }) { refused } else { usual };
            let wait = policy.after(failures, backoff::spread(&self.options.client_id, failures));
            tracing::warn!(%error, wait_s = wait.as_secs_f32(), "the broker is not there");
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock::sleep_until(clock::now().mono.plus(wait)) => {}
            }
        }
    }

    /// One connection, from its opening to its first error or to the stop.
    async fn serve(&mut self, failures: &mut u32, stop: &CancellationToken) -> Result<(), BrokerError> {
        let mut connection = Connection::open(&self.options);
        loop {
            match self.step(&mut connection, stop).await? {
                Step::Stop => {
                    self.stop(connection).await;
                    return Ok(());
                }
                Step::ReadBack(whole, result) => self.settle(whole, result).await,
                Step::Answer => self.answer(&mut connection)?,
                Step::Errand(input) => self.run_errands(&mut connection, input).await?,
                Step::Housekeeping => self.keep_house().await,
                Step::Nothing => {}
                Step::Notice(notice) => {
                    let mut batch = vec![];
                    self.notice(notice, &mut connection, &mut batch, failures)?;
                    self.gather(&mut connection, &mut batch, failures)?;
                    if !batch.is_empty() {
                        self.take(&mut connection, &batch).await?;
                    }
                    if std::mem::take(&mut self.subscribed) {
                        self.run_errands(&mut connection, errands::Input::Connected).await?;
                    }
                }
            }
        }
    }

    async fn step(
        &mut self,
        connection: &mut Connection,
        stop: &CancellationToken,
    ) -> Result<Step, BrokerError> {
        let due = self.answers.due().filter(|_| connection.room() > 0);
        let errand = self.errands.next_wakeup(clock::now().mono);
        let step = tokio::select! {
            biased;
            () = stop.cancelled() => Step::Stop,
            Some(done) = self.reading.join_next() => match done {
                Ok((whole, result)) => Step::ReadBack(whole, result),
                Err(error) => {
                    // It cannot say which file it was; they are all asked for again.
                    tracing::error!(%error, "a file could not be read back");
                    if self.reading.is_empty() { self.busy.clear(); self.waiting.clear(); }
                    Step::Nothing
                }
            },
            () = clock::sleep_until(due.unwrap_or_default()), if due.is_some() => Step::Answer,
            Some(given) = self.given.recv() => Step::Errand(added(given)),
            () = clock::sleep_until(errand.unwrap_or_default()), if errand.is_some() => {
                Step::Errand(errands::Input::Tick)
            }
            () = clock::sleep_until(self.housekeeping) => Step::Housekeeping,
            notice = connection.next() => Step::Notice(notice?),
        };
        Ok(step)
    }

    /// Adds what has arrived already, without waiting for more.
    fn gather(
        &mut self,
        connection: &mut Connection,
        batch: &mut Vec<Received>,
        failures: &mut u32,
    ) -> Result<(), BrokerError> {
        while batch.len() < BATCH_MESSAGES
            && batch.iter().map(|received| received.payload.len()).sum::<usize>() < BATCH_BYTES
        {
            let Some(notice) = connection.next().now_or_never() else { break };
            self.notice(notice?, connection, batch, failures)?;
        }
        Ok(())
    }

    fn notice(
        &mut self,
        notice: Notice,
        connection: &mut Connection,
        batch: &mut Vec<Received>,
        failures: &mut u32,
    ) -> Result<(), BrokerError> {
        match notice {
            Notice::Connected { session_present, receive_maximum, .. } => {
                tracing::info!(session_present, receive_maximum, "connected to the broker");
                connection.subscribe(&self.taker.topics.province_filters())?;
            }
            Notice::Subscribed { refused } if refused > 0 => {
                let reason = format!("{refused} of its topics");
                return Err(BrokerError::Refused { what: "the subscription", reason });
            }
            Notice::Subscribed { .. } => {
                *failures = 0;
                self.subscribed = true;
                self.health.receiving.store(true, Ordering::Relaxed);
                self.health.has_received.store(true, Ordering::Relaxed);
            }
            Notice::Received(received) => batch.push(received),
            Notice::Acked { .. } => {}
            // The centre asks again when it is back.
            Notice::NotTaken { reason, .. } => tracing::debug!(reason, "receipts were not taken"),
        }
        Ok(())
    }

    async fn take(&mut self, connection: &mut Connection, batch: &[Received]) -> Result<(), BrokerError> {
        let taken = self.taker.take(batch, &self.busy, clock::now()).await;
        for received in batch {
            connection.ack(received)?;
        }
        let Taken { receipts, whole, replied, heard, requests, trouble } = taken;
        self.health.storing.store(trouble.is_none(), Ordering::Relaxed);
        if let Some(error) = trouble {
            tracing::error!(%error, "something could not be stored; the centres are asked to repeat it");
        }
        for (centre, receipt) in receipts {
            self.add_receipt(&centre, receipt);
        }
        for whole in whole {
            self.busy.insert((whole.centre.clone(), whole.file));
            self.waiting.push_back(whole);
        }
        self.read_back();
        for command in replied {
            self.run_errands(connection, errands::Input::Replied(command)).await?;
        }
        for (centre, presence) in heard {
            match presence {
                Presence::Offline => drop(self.away.insert(centre)),
                Presence::Online if self.away.remove(&centre) => {
                    self.run_errands(connection, errands::Input::Heard(centre)).await?;
                }
                Presence::Online => {}
            }
        }
        if let Some(renewal) = &self.renewal {
            for (centre, request) in requests {
                renewal.answer(&centre, &request).await;
            }
        }
        Ok(())
    }

    /// Commands that a process before this one left without a reply.
    async fn take_up_errands(&mut self) {
        let now = clock::now();
        match self.taker.store.unanswered().await {
            Ok(all) => all.into_iter().for_each(|one| {
                self.errands.handle(added(one), now.mono, now.wall);
            }),
            Err(error) => tracing::error!(%error, "commands that wait cannot be read; they are not sent"),
        }
    }

    async fn run_errands(
        &mut self,
        connection: &mut Connection,
        input: errands::Input,
    ) -> Result<(), BrokerError> {
        let now = clock::now();
        for action in self.errands.handle(input, now.mono, now.wall) {
            let done = match action {
                errands::Action::Expire(id) => self.taker.store.expire_command(id).await,
                errands::Action::Send(id) => match self.taker.store.command_body(id).await {
                    Ok(Some((centre, body, signature))) if connection.room() > 0 => {
                        let topic = self.taker.topics.command(&centre);
                        let signature = Some(signature);
                        let message = Message { topic, payload: Bytes::from(body), retain: false, signature };
                        self.next_token += 1;
                        match connection.publish(self.next_token, message) {
                            Err(error) if error.keeps_connection() => {
                                tracing::error!(%centre, command = %id, %error, "a command cannot be sent");
                            }
                            sent => sent?,
                        }
                        Ok(())
                    }
                    // It comes again soon.
                    Ok(_) => Ok(()),
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = done {
                tracing::error!(%error, "a command could not be seen to");
            }
        }
        Ok(())
    }

    fn add_receipt(&mut self, centre: &CentreId, receipt: Receipt) {
        if !self.answers.add(centre, receipt, clock::now().mono) {
            tracing::warn!(%centre, "too many receipts wait; the centre will ask again");
        }
    }

    fn read_back(&mut self) {
        while self.reading.len() < READ_BACK
            && let Some(whole) = self.waiting.pop_front()
        {
            let trust = self.taker.trust.get(&whole.centre).cloned().unwrap_or_default();
            self.reading.spawn_blocking(move || {
                let result = store::read_back(&whole, &trust);
                (whole, result)
            });
        }
    }

    async fn settle(&mut self, whole: WholeFile, result: std::io::Result<ReadBack>) {
        let settled = match result {
            Ok(read) => self.taker.store.settle(&whole, &read, clock::now().wall).await,
            Err(error) => Err(error.into()),
        };
        let (centre, file) = (whole.centre, whole.file);
        let outcome = settled.unwrap_or_else(|error| {
            tracing::error!(%centre, %file, %error, "a file could not be stored; it will be asked for again");
            self.health.storing.store(false, Ordering::Relaxed);
            later(RETRY_TROUBLE_S, "the province cannot store it now")
        });
        tracing::info!(%centre, %file, ?outcome, "a file was read back");
        let digest = Some(format!("sha256:{}", whole.known.checksum));
        self.busy.remove(&(centre.clone(), file));
        self.add_receipt(&centre, Receipt::new(Subject::File(file), digest, outcome));
        self.read_back();
    }

    fn answer(&mut self, connection: &mut Connection) -> Result<(), BrokerError> {
        while connection.room() > 0
            && let Some((centre, receipts)) = self.answers.take()
        {
            let payload = Receipts { at: clock::now().wall, receipts }.to_bytes();
            let signature = Some(self.signer.sign(&payload));
            let topic = self.taker.topics.receipt(&centre);
            let message = Message { topic, payload: Bytes::from(payload), retain: false, signature };
            self.next_token += 1;
            match connection.publish(self.next_token, message) {
                Err(error) if error.keeps_connection() => {
                    tracing::warn!(%centre, %error, "receipts could not be sent; the centre will ask again");
                }
                sent => sent?,
            }
        }
        Ok(())
    }

    async fn keep_house(&mut self) {
        let now = clock::now();
        self.housekeeping = now.mono.plus(HOUSEKEEPING);
        match self.taker.store.forget_abandoned(&self.busy, now.wall).await {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "files that were announced and abandoned were forgotten"),
            Err(error) => tracing::warn!(%error, "abandoned files could not be forgotten"),
        }
    }

    /// Settles what is being read back, sends the receipts that wait, and says good-bye.
    async fn stop(&mut self, mut connection: Connection) {
        self.waiting.clear();
        let _ = tokio::time::timeout(STOP_FILES, async {
            while let Some(done) = self.reading.join_next().await {
                if let Ok((whole, result)) = done {
                    self.settle(whole, result).await;
                }
            }
        })
        .await;
        if self.answer(&mut connection).is_ok() {
            connection.close(STOP_BROKER).await;
        }
        self.health.receiving.store(false, Ordering::Relaxed);
    }
}

fn added(one: Unanswered) -> errands::Input {
    errands::Input::Added { command: one.id, centre: one.centre, expires_at: one.expires_at }
}
