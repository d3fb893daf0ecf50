//! The link to the province: the one task that owns the broker connection and works the machine.
//!
//! One loop: wait for the next thing that happens, apply it without waiting. What takes time (a
//! commit, a read, making a message) runs beside the loop and comes back as a thing that happened.
//! Any error of the connection drops it whole; a new one is opened after 1 s, doubling to 60 s.
//! Nothing is forgotten by that: the machine knows what has no receipt, and the rows do.

mod apply;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use futures::future::{BoxFuture, pending};
use futures::stream::FuturesOrdered;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::connected::Connected;
use super::dispatch::{Dispatch, Limits, Token, What};
use super::item::Item;
use super::receipts::SignedReceipts;
use super::sending::{NotMade, OpenFiles, Source};
use super::status::StatusInput;
use crate::backoff::{Backoff, spread};
use crate::broker::{Address, BrokerError, Connection, Message, Notice};
use crate::centre_db::CentreDb;
use crate::clock;
use crate::config::RatePlan;
use crate::model::{BootId, CentreId, Mono};
use crate::wire::{Command, Reply, Signer, Topics};

/// The status is said again this often.
const STATUS_EVERY: Duration = Duration::from_secs(60);

/// Two statuses are at least so far apart.
const STATUS_APART: Duration = Duration::from_secs(1);

/// The broker is asked whether it is there after this much silence; half as much again without an
/// answer ends the connection. A full window on a slow link must fit into it.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Stopping takes no longer.
const STOP_WITHIN: Duration = Duration::from_millis(2800);

/// Which token a status has; the machine counts from 1.
const STATUS_TOKEN: u64 = 0;

/// Which token replies have. Whether one arrived, nobody asks: who misses it commands again.
const REPLY_TOKEN: u64 = u64::MAX;

/// So many replies wait for the link; past that the oldest go, and are asked for again.
const REPLIES: usize = 64;

/// So many rows of the outbox are read at a time.
const PAGE: i64 = 2000;

const RECONNECT: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

/// Every try comes up to so much later, so that all the centres of a province, whose connections broke in the
/// same moment, do not come back in the same second.
const SPREAD_OVER: Duration = Duration::from_secs(5);

/// How long after the n-th failure in a row a centre tries again.
fn reconnect_after(centre: &CentreId, failures: u32) -> Duration {
    let spread = spread(centre.as_str(), failures);
    RECONNECT.after(failures, spread) + SPREAD_OVER.mul_f64(spread)
}

/// What the link needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The province's broker.
    pub address: Address,
    /// The topics' root, by default `quaywatch/v1`.
    pub root: String,
    /// Who we are.
    pub centre: CentreId,
    /// Signs every message.
    pub signer: Arc<Signer>,
    /// The province's keys, of which only receipts count, and TLS; nothing is sent while there is none.
    pub access: watch::Receiver<Option<Access>>,
    /// The outbox.
    pub db: CentreDb,
    /// This life of the process.
    pub boot: BootId,
    /// How fast files may go, by the hour.
    pub rate: RatePlan,
    /// Told when the province last asked to wait: meanwhile nothing is given up by age.
    pub asked_to_wait: watch::Sender<Option<Mono>>,
    /// Told whether the link is up.
    pub connected: watch::Sender<Connected>,
}

/// The way of the province's commands to whoever does them, and of the replies back.
#[derive(Debug)]
pub struct Orders {
    /// Takes commands whose signature was checked; one that finds it full is dropped, and comes again.
    pub commands: mpsc::Sender<Command>,
    /// Gives what became of them.
    pub replies: mpsc::Receiver<Reply>,
}

/// Works the link until `stop`. `added` is a nudge after rows were added to the outbox (one that
/// finds the channel full may be dropped); `status` is what the other stages have to say.
///
/// # Errors
/// If the outbox cannot be read at the start. A broker that is away is no error.
pub async fn run(
    settings: Settings,
    mut added: mpsc::Receiver<()>,
    mut status: watch::Receiver<StatusInput>,
    orders: Orders,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Orders { commands, mut replies } = orders;
    let mut link = Link::new(settings, commands);
    let first = link.source.db.waiting_after(0, PAGE).await.context("the outbox cannot be read")?;
    link.loaded(first);
    loop {
        let happened = link.next(&mut added, &mut status, &mut replies, &stop).await;
        if matches!(happened, Happened::Stop) {
            break;
        }
        link.apply(happened, &status);
    }
    let _ = tokio::time::timeout(STOP_WITHIN, link.say_good_bye()).await;
    Ok(())
}

/// Everything that the loop waits for.
enum Happened {
    Stop,
    Broker(Result<Notice, BrokerError>),
    Made { token: Token, what: What, message: Result<Message, NotMade> },
    RowsWereAdded,
    Loaded(Result<Vec<Item>, sqlx::Error>),
    Committed(Vec<Ended>),
    StatusChanged,
    AccessChanged,
    StatusMade(Message),
    Replied(Reply),
    Due,
}

/// An item on its way out of the outbox.
#[derive(Debug, Clone)]
struct Ended {
    item: Item,
    /// Why it goes to quarantine; `None` if it was stored.
    reason: Option<String>,
    /// The receipt that says so.
    receipt: Option<Arc<SignedReceipts>>,
}

/// What a slot holds, once it is there; the slot is empty then.
async fn finished<T>(slot: &mut Option<BoxFuture<'static, T>>) -> T {
    match slot {
        Some(running) => {
            let result = running.await;
            *slot = None;
            result
        }
        None => pending().await,
    }
}

async fn notice(connection: &mut Option<Connection>) -> Result<Notice, BrokerError> {
    match connection {
        Some(connection) => connection.next().await,
        None => pending().await,
    }
}

type Making = BoxFuture<'static, (Token, What, Result<Message, NotMade>)>;

struct Link {
    settings: Settings,
    source: Source,
    receipt_topic: String,
    command_topic: String,
    commands: mpsc::Sender<Command>,
    /// What waits for the link, and whether it is a picture.
    replies: VecDeque<(Message, bool)>,
    dispatch: Dispatch,
    connection: Option<Connection>,
    subscribed: bool,
    asked_at: Mono,
    rate_limit: Option<u64>,
    max_packet: u32,
    failures: u32,
    reconnect_at: Mono,
    last_error: String,
    files: OpenFiles,
    making_events: FuturesOrdered<Making>,
    making_files: FuturesOrdered<Making>,
    made: VecDeque<(Token, What, Message)>,
    last_row: i64,
    loading: Option<BoxFuture<'static, Result<Vec<Item>, sqlx::Error>>>,
    load_again: bool,
    ended: Vec<Ended>,
    /// The receipts that are being taken.
    receipt: Option<Arc<SignedReceipts>>,
    committing: Option<BoxFuture<'static, Vec<Ended>>>,
    status_at: Mono,
    status_said: StatusInput,
    making_status: Option<BoxFuture<'static, Message>>,
    status_made: Option<Message>,
    nudges_closed: bool,
    status_closed: bool,
    access_closed: bool,
}

impl Link {
    fn new(settings: Settings, commands: mpsc::Sender<Command>) -> Self {
        let source = Source {
            db: settings.db.clone(),
            signer: settings.signer.clone(),
            topics: Topics::new(&settings.root),
            centre: settings.centre.clone(),
        };
        Self {
            receipt_topic: source.topics.receipt(&source.centre),
            command_topic: source.topics.command(&source.centre),
            commands,
            replies: VecDeque::new(),
            source,
            settings,
            dispatch: Dispatch::new(Limits::default()),
            connection: None,
            subscribed: false,
            asked_at: Mono::default(),
            rate_limit: None,
            max_packet: 0,
            failures: 0,
            reconnect_at: Mono::default(),
            last_error: String::new(),
            files: OpenFiles::default(),
            making_events: FuturesOrdered::new(),
            making_files: FuturesOrdered::new(),
            made: VecDeque::new(),
            last_row: 0,
            loading: None,
            load_again: false,
            ended: vec![],
            receipt: None,
            committing: None,
            status_at: Mono::default(),
            status_said: StatusInput::default(),
            making_status: None,
            status_made: None,
            nudges_closed: false,
            status_closed: false,
            access_closed: false,
        }
    }

    /// Waits for the next thing. Whatever is dropped here goes on at the next call.
    async fn next(
        &mut self,
        added: &mut mpsc::Receiver<()>,
        status: &mut watch::Receiver<StatusInput>,
        replies: &mut mpsc::Receiver<Reply>,
        stop: &CancellationToken,
    ) -> Happened {
        let due = self.next_wakeup();
        tokio::select! {
            () = stop.cancelled() => Happened::Stop,
            notice = notice(&mut self.connection) => Happened::Broker(notice),
            Some((token, what, message)) = self.making_events.next() => Happened::Made { token, what, message },
            Some((token, what, message)) = self.making_files.next() => Happened::Made { token, what, message },
            nudge = added.recv(), if !self.nudges_closed => {
                self.nudges_closed = nudge.is_none();
                Happened::RowsWereAdded
            }
            rows = finished(&mut self.loading) => Happened::Loaded(rows),
            ended = finished(&mut self.committing) => Happened::Committed(ended),
            changed = status.changed(), if !self.status_closed => {
                self.status_closed = changed.is_err();
                Happened::StatusChanged
            }
            changed = self.settings.access.changed(), if !self.access_closed => {
                self.access_closed = changed.is_err();
                Happened::AccessChanged
            }
            message = finished(&mut self.making_status) => Happened::StatusMade(message),
            Some(reply) = replies.recv() => Happened::Replied(reply),
            () = clock::sleep_until(due) => Happened::Due,
        }
    }

    fn next_wakeup(&self) -> Mono {
        let reconnect = self.connection.is_none().then_some(self.reconnect_at);
        let idle = self.making_status.is_none() && self.subscribed;
        let status = idle.then_some(self.status_at);
        let far = clock::now().mono.plus(Duration::from_secs(60));
        [self.dispatch.next_wakeup(), reconnect, status].into_iter().flatten().min().unwrap_or(far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centres_of_a_province_do_not_come_back_in_the_same_second() {
        for failures in 1..6 {
            let mut seconds = std::collections::BTreeMap::new();
            for n in 0..148 {
                let centre = CentreId::new(&format!("commune-{n}")).unwrap();
                *seconds.entry(reconnect_after(&centre, failures).as_secs()).or_insert(0) += 1;
            }
            let most = seconds.values().max().unwrap();
            assert!(*most < 60, "{most} of 148 in one second after {failures} failures");
        }
    }
}
