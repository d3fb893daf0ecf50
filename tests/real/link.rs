//! The link against a real mosquitto and a small province: what is in the outbox arrives and is
//! done by receipts alone, whatever is killed meanwhile.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::Mosquitto;
use crate::support::fake_province::{FakeProvince, Heard, signed_receipts};
use quaywatch::broker::{Address, Connection, Notice, Options};
use quaywatch::centre_db::{self, CentreDb};
use quaywatch::clock;
use quaywatch::forward::{self, Access, Evidence, IncidentRow, OutgoingFile, Settings, StatusInput};
use quaywatch::model::{
    BootId, CentreId, ClockState, EventId, FileId, Ids, IncidentId, Kind, Severity, Wall,
};
use quaywatch::wire::{
    Event, EventType, FileInit, Outcome, Receipt, Reply, Role, Signer, Subject, Trust, UserData, digest,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Many pieces, also of a link that soon makes them large.
const FILE_BYTES: usize = 8_000_000;

fn centre() -> CentreId {
    CentreId::new("xuan-lung").unwrap()
}

fn centre_key() -> Signer {
    Signer::from_secret([1; 32])
}

fn province_key() -> Signer {
    Signer::from_secret([2; 32])
}

fn trust(signer: &Signer) -> Trust {
    let mut trust = Trust::default();
    trust.add(signer.public());
    trust
}

fn address(broker: &Mosquitto) -> Address {
    Address { host: "127.0.0.1".into(), port: broker.port, user: None, password: None }
}

fn options(broker: &Mosquitto, client_id: &str) -> Options {
    Options {
        tls: None,
        address: address(broker),
        client_id: client_id.into(),
        keep_alive: Duration::from_secs(5),
        clean: true,
        will: None,
        manual_acks: false,
        max_packet: 1024 * 1024,
        receive_maximum: 32,
    }
}

async fn open(storage: &Path) -> CentreDb {
    centre_db::open(storage, &mut Ids::new(3), clock::now()).await.unwrap()
}

/// An outbox with `events` events and one file of a megabyte that the last of them lists.
async fn fill(db: &CentreDb, events: usize) -> (Vec<EventId>, FileId, Vec<u8>) {
    let (mut ids, now, key) = (Ids::new(4), clock::now(), centre_key());
    let row = IncidentRow {
        id: IncidentId(ids.next(now)),
        kind: Kind::RaisedVoices,
        severity: Severity::Warning,
        camera: None,
        also: vec![],
        zone: None,
        started_at: now.wall,
        flagged_at: now.wall,
        ended_at: None,
        peak: serde_json::Map::new(),
        count: 1,
        rule: "raised-voices".into(),
        clip: None,
        evidence: Evidence::Pending,
        clock: ClockState::default(),
        sound_may_leave: true,
        asked: false,
    };
    let mut made = vec![];
    let at = now.wall;
    let event = |id, row: &IncidentRow, sequence, epoch, files| {
        Event::new(id, &centre(), EventType::Updated, row.id, at, sequence, epoch, row.data(files))
    };
    for _ in 1..events {
        let id = EventId(ids.next(now));
        let build = |sequence, epoch| event(id, &row, sequence, epoch, vec![]);
        made.extend(db.record_event(&row, &key, now, build).await.unwrap());
    }
    let bytes: Vec<u8> = (0..FILE_BYTES).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let path = db.storage().join("clip.mp4");
    std::fs::write(&path, &bytes).unwrap();
    let init = FileInit {
        name: "clip.mp4".into(),
        size: bytes.len() as u64,
        checksum: digest(&bytes).trim_start_matches("sha256:").to_owned(),
        user_data: UserData {
            incident: row.id,
            role: Role::Clip,
            camera: None,
            from: Wall::default(),
            to: now.wall,
            media_type: "video/mp4".into(),
        },
    };
    let file = OutgoingFile { id: FileId(ids.next(now)), path, init };
    let id = EventId(ids.next(now));
    let files = [file.clone()];
    let build = |row: &IncidentRow, n, epoch| event(id, row, n, epoch, vec![file.reference()]);
    made.extend(db.add_files(row.id, true, &files, &key, now, build).await.unwrap());
    (made, file.id, bytes)
}

/// A running link; what it needs to be nudged and stopped.
struct Running {
    task: JoinHandle<anyhow::Result<()>>,
    stop: CancellationToken,
    nudge: mpsc::Sender<()>,
    _status: watch::Sender<StatusInput>,
    _replies: mpsc::Sender<Reply>,
}

fn start(broker: &Mosquitto, db: &CentreDb) -> Running {
    let settings = Settings {
        rate: quaywatch::config::RatePlan::default(),
        asked_to_wait: watch::Sender::default(),
        connected: watch::Sender::new(forward::Connected::not_yet(clock::now())),
        address: address(broker),
        root: "quaywatch/v1".into(),
        centre: centre(),
        signer: Arc::new(centre_key()),
        access: watch::channel(Some(Access::plain(trust(&province_key())))).1,
        db: db.clone(),
        boot: BootId(Ids::new(clock::id_seed().unwrap()).next(clock::now())),
    };
    let (nudge, added) = mpsc::channel(1);
    let (status, heard) = watch::channel(StatusInput::default());
    let stop = CancellationToken::new();
    let (commands, _) = mpsc::channel(1);
    let (replied, replies) = mpsc::channel(1);
    let orders = forward::Orders { commands, replies };
    let task = tokio::spawn(forward::run(settings, added, heard, orders, stop.clone()));
    Running { task, stop, nudge, _status: status, _replies: replied }
}

fn province(
    broker: &Mosquitto,
    heard: &Arc<Mutex<Heard>>,
    at_piece: impl FnMut(usize) + Send + 'static,
) -> JoinHandle<()> {
    let province = FakeProvince {
        options: options(broker, "province"),
        centre: centre(),
        trust: trust(&centre_key()),
        signer: Arc::new(province_key()),
        heard: Arc::clone(heard),
        at_piece: Box::new(at_piece),
    };
    tokio::spawn(province.run())
}

/// Asks again until `done`, or fails after `seconds`.
async fn until(what: &str, seconds: u64, mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while !done().await {
        assert!(Instant::now() < deadline, "not within {seconds} s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn nothing_waits(db: &CentreDb) -> bool {
    db.waiting().await.unwrap().is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_broker_is_killed_in_the_middle_of_a_clip() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    let (events, file, bytes) = fill(&db, 30).await;
    let broker = Arc::new(Mutex::new(Mosquitto::start("")));
    let (heard, killed) = (Arc::<Mutex<Heard>>::default(), Arc::<Mutex<usize>>::default());
    let victim = (Arc::clone(&broker), Arc::clone(&killed));
    let province = province(&broker.lock().unwrap(), &heard, move |pieces| {
        if pieces == 5 {
            victim.0.lock().unwrap().kill();
            *victim.1.lock().unwrap() += 1;
        }
    });
    let link = start(&broker.lock().unwrap(), &db);
    until("the broker is killed", 20, async || *killed.lock().unwrap() == 1).await;
    assert!(heard.lock().unwrap().whole(file).is_none(), "it was not in the middle");
    assert!(!nothing_waits(&db).await);
    broker.lock().unwrap().restart();
    until("everything has its receipt", 40, async || nothing_waits(&db).await).await;
    {
        let heard = heard.lock().unwrap();
        assert_eq!(heard.whole(file), Some(bytes));
        assert_eq!(heard.events.len(), events.len());
        let sequences: Vec<_> = events.iter().map(|id| heard.events[id].0.sequence.clone()).collect();
        assert_eq!(sequences, (1..=30).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(heard.forged, 0);
    }
    assert_eq!(db.quarantined().await.unwrap(), []);
    until("it says that it is online", 10, async || heard.lock().unwrap().is_online()).await;

    let stopping = Instant::now();
    link.stop.cancel();
    link.task.await.unwrap().unwrap();
    assert!(stopping.elapsed() < Duration::from_secs(3));
    until("it said that it stops", 10, async || !heard.lock().unwrap().is_online()).await;
    province.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_was_killed_resumes_with_the_same_ids_and_sends_no_piece_twice() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    let (events, file, bytes) = fill(&db, 3).await;
    let broker = Mosquitto::start("");
    let heard = Arc::<Mutex<Heard>>::default();
    let (reached, mut fifth) = mpsc::channel(1);
    let (go_on, gate) = std::sync::mpsc::channel::<()>();
    let province = province(&broker, &heard, move |pieces| {
        if pieces == 5 {
            reached.try_send(()).unwrap();
            // Receives nothing more until the link is dead.
            tokio::task::block_in_place(|| gate.recv().unwrap());
        }
    });
    let link = start(&broker, &db);
    tokio::time::timeout(Duration::from_secs(20), fifth.recv()).await.unwrap().unwrap();
    // A task that is aborted says no good-bye, like a process that is killed.
    link.task.abort();
    assert!(link.task.await.unwrap_err().is_cancelled());
    db.close().await;
    go_on.send(()).unwrap();

    let db = open(folder.path()).await;
    assert!(db.waiting().await.unwrap().iter().any(|item| item.id == Subject::File(file) && item.begun));
    let again = start(&broker, &db);
    until("everything has its receipt", 30, async || nothing_waits(&db).await).await;
    {
        let heard = heard.lock().unwrap();
        assert!(heard.events.len() == 3 && events.iter().all(|id| heard.events.contains_key(id)));
        assert_eq!(heard.whole(file), Some(bytes));
        // Only the piece that was being taken when the link died may come again.
        let sent = heard.piece_bytes;
        assert!(sent <= FILE_BYTES + 256 * 1024, "{sent} bytes of pieces for a file of {FILE_BYTES}");
    }
    again.stop.cancel();
    again.task.await.unwrap().unwrap();
    province.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_provinces_receipt_counts_and_a_vanished_file_goes_to_quarantine() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    let broker = Mosquitto::start("");
    let link = start(&broker, &db);
    let mut other = Connection::open(&options(&broker, "other"));
    let online = async {
        loop {
            match other.next().await.unwrap() {
                Notice::Connected { .. } => other.subscribe(&["quaywatch/v1/#".to_owned()]).unwrap(),
                Notice::Received(received) if received.topic.ends_with("/status") => return,
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), online).await.unwrap();

    let (events, file, _) = fill(&db, 2).await;
    std::fs::remove_file(folder.path().join("clip.mp4")).unwrap();
    link.nudge.try_send(()).unwrap();
    until("the file is put aside", 20, async || db.quarantined().await.unwrap().len() == 1).await;
    let aside = db.quarantined().await.unwrap().remove(0);
    assert!(aside.id == Subject::File(file) && aside.reason.contains("No such file"), "{}", aside.reason);

    let waiting = db.waiting().await.unwrap();
    assert_eq!(waiting.len(), 2);
    let stored = |n: usize| Receipt::new(waiting[n].id, Some(waiting[n].wire_digest()), Outcome::Stored);
    other.publish(1, signed_receipts(&centre_key(), &centre(), vec![stored(0)])).unwrap();
    other.publish(2, signed_receipts(&province_key(), &centre(), vec![stored(1)])).unwrap();
    let listening = tokio::spawn(async move { while other.next().await.is_ok() {} });
    until("the true receipt counts", 20, async || db.waiting().await.unwrap().len() == 1).await;
    assert_eq!(db.waiting().await.unwrap()[0].id, Subject::Event(events[0]));
    listening.abort();
    link.stop.cancel();
    link.task.await.unwrap().unwrap();
}
