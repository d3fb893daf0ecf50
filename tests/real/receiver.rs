//! A province on a real mosquitto: stored, then receipted; duplicates, forgeries, garbage, files in
//! any order, a restart in the middle of one, and what the pages say of it.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Mosquitto, PASSWORD, first_password, signed_in};
use bytes::Bytes;
use quaywatch::broker::{Address, Connection, Message, Notice, Options};
use quaywatch::config::Web;
use quaywatch::evidence::envelope::SignerFacts;
use quaywatch::evidence::manifest::{IncidentFacts, Manifest};
use quaywatch::model::{
    BootId, CentreId, ClockState, Epoch, EventId, FileId, IncidentId, Kind, Severity, Wall,
};
use quaywatch::people::{Person, PersonName, Register, Role as PersonRole, Secrets};
use quaywatch::province::{self, KnownCentre, Settings};
use quaywatch::wire::{
    self, Event, EventType, FileInit, IncidentData, Outcome, Presence, Receipt, Receipts, Role, Signature,
    Signer, Status, Subject, Topics, Trust, UserData,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const DEADLINE: Duration = Duration::from_secs(20);

fn centre_id() -> CentreId {
    CentreId::new("xuan-lung").unwrap()
}

fn province_key() -> Signer {
    Signer::from_secret([9; 32])
}

fn centre_key() -> Signer {
    Signer::from_secret([1; 32])
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Somebody who may ask, in the database of a province that this test runs within itself.
async fn people(storage: &Path, port: u16) {
    std::fs::create_dir_all(storage).unwrap();
    let path = storage.join(province::DATABASE);
    let pool = quaywatch::database::open(&path, province::migrations()).await.unwrap();
    let register = Register::new(pool.clone(), pool.clone());
    if register.is_empty().await.unwrap() {
        let admin = Person {
            name: PersonName::new("admin").unwrap(),
            full_name: "Quản trị viên".into(),
            role: PersonRole::Admin,
            own_rights: None,
            only: None,
            disabled: false,
            must_change: false,
            made_at: quaywatch::clock::now().wall,
            signed_in_at: None,
        };
        let digest = Secrets::new().unwrap().digest(PASSWORD).await.unwrap();
        register.add(&admin, &digest, ("test", "console")).await.unwrap();
    }
    pool.close().await;
    first_password(port, PASSWORD);
}

/// A running province; stopped in order by `stop`, or dropped with what it was doing.
struct Province {
    port: u16,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Province {
    async fn start(broker: &Mosquitto, storage: &Path, reserve_bytes: u64) -> Self {
        let port = free_port();
        people(storage, port).await;
        let mut trust = Trust::default();
        trust.add(centre_key().public());
        let settings = Settings {
            tls: None,
            authority: None,
            storage: storage.to_owned(),
            name: "Tỉnh thử nghiệm".into(),
            web: Web::plain(([127, 0, 0, 1], port).into()),
            broker: Address { host: "127.0.0.1".into(), port: broker.port, user: None, password: None },
            root: "quaywatch/v1".into(),
            reserve_bytes,
            centres: vec![KnownCentre { id: centre_id(), name: "Xuân Lũng".into(), trust }],
            signer: province_key(),
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(province::run(settings, stop.clone()));
        let province = Self { port, stop, task };
        let began = Instant::now();
        while province.get("/readyz").await.0 != 200 {
            assert!(began.elapsed() < DEADLINE, "the province is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        province
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.unwrap().unwrap().unwrap();
    }

    /// Ends it in the middle of what it does, as far as a task can be killed.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    async fn ask(&self, path: &str, extra: &str) -> (u16, String, Vec<u8>) {
        let answer = self.ask_as_is(path, extra).await;
        if answer.0 != 401 {
            return answer;
        }
        let port = self.port;
        let session = tokio::task::spawn_blocking(move || signed_in(port)).await.unwrap();
        self.ask_as_is(path, &format!("{extra}{session}")).await
    }

    async fn ask_as_is(&self, path: &str, extra: &str) -> (u16, String, Vec<u8>) {
        let Ok(mut stream) = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await else {
            return (0, String::new(), vec![]);
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{extra}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![];
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head, answer[end + 4..].to_vec())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = self.ask(path, "").await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// A centre, as far as the province can see one.
struct Centre {
    connection: Connection,
    topics: Topics,
    id: CentreId,
    receipts: VecDeque<Receipt>,
    token: u64,
}

impl Centre {
    async fn connect(broker: &Mosquitto, id: &str) -> Self {
        let options = Options {
            tls: None,
            address: Address { host: "127.0.0.1".into(), port: broker.port, user: None, password: None },
            client_id: format!("centre-{id}"),
            keep_alive: Duration::from_secs(10),
            clean: true,
            will: None,
            manual_acks: false,
            max_packet: 1024 * 1024,
            receive_maximum: 32,
        };
        let (topics, id) = (Topics::default(), CentreId::new(id).unwrap());
        let mut connection = Connection::open(&options);
        loop {
            match connection.next().await.unwrap() {
                Notice::Connected { .. } => connection.subscribe(&[topics.receipt(&id)]).unwrap(),
                Notice::Subscribed { .. } => break,
                _ => {}
            }
        }
        Self { connection, topics, id, receipts: VecDeque::new(), token: 0 }
    }

    async fn next(&mut self) -> Notice {
        let notice = tokio::time::timeout(DEADLINE, self.connection.next()).await.expect("nothing comes");
        let notice = notice.unwrap();
        if let Notice::Received(received) = &notice {
            let mut province = Trust::default();
            province.add(province_key().public());
            province.verify(&received.payload, received.signature.as_ref()).expect("a forged receipt");
            self.receipts.extend(Receipts::from_bytes(&received.payload).unwrap().receipts);
        }
        notice
    }

    /// Publishes and waits until the broker has it.
    async fn send(&mut self, topic: String, payload: impl Into<Bytes>, signature: Option<Signature>) {
        self.send_retained(topic, payload, signature, false).await;
    }

    async fn send_retained(
        &mut self,
        topic: String,
        payload: impl Into<Bytes>,
        signature: Option<Signature>,
        retain: bool,
    ) {
        self.token += 1;
        let token = self.token;
        let message = Message { topic, payload: payload.into(), retain, signature };
        self.connection.publish(token, message).unwrap();
        loop {
            match self.next().await {
                Notice::Acked { token: acked } if acked == token => return,
                Notice::NotTaken { token: not, reason } if not == token => panic!("{reason}"),
                _ => {}
            }
        }
    }

    async fn receipt(&mut self, subject: Subject) -> Receipt {
        loop {
            if let Some(at) = self.receipts.iter().position(|r| r.subject() == Some(subject)) {
                return self.receipts.remove(at).unwrap();
            }
            self.next().await;
        }
    }

    async fn send_event(&mut self, event: &Event) -> Receipt {
        let body = event.to_bytes();
        let signature = centre_key().sign(&body);
        self.send(self.topics.event(&self.id), body, Some(signature)).await;
        self.receipt(Subject::Event(event.id)).await
    }

    async fn send_init(&mut self, file: FileId, init: &FileInit) {
        let body = init.to_bytes();
        let signature = centre_key().sign(&body);
        self.send(self.topics.init(&self.id, file), body, Some(signature)).await;
    }

    async fn send_chunk(&mut self, file: FileId, offset: usize, bytes: &[u8]) {
        let topic = self.topics.chunk(&self.id, file, offset as u64, &hex_of(bytes));
        self.send(topic, bytes.to_vec(), Some(centre_key().sign(bytes))).await;
    }

    async fn send_fin(&mut self, file: FileId, bytes: &[u8]) -> Receipt {
        let topic = self.topics.fin(&self.id, file, bytes.len() as u64, &hex_of(bytes));
        self.send(topic, Bytes::new(), Some(centre_key().sign(b""))).await;
        self.receipt(Subject::File(file)).await
    }
}

fn hex_of(bytes: &[u8]) -> String {
    wire::digest(bytes).trim_start_matches("sha256:").to_owned()
}

fn wall_now() -> Wall {
    quaywatch::clock::now().wall
}

fn event(event_type: EventType, incident: IncidentId, sequence: u64) -> Event {
    let now = wall_now();
    let data = IncidentData {
        kind: Kind::RaisedVoices,
        severity: Severity::Warning,
        camera: None,
        also: vec![],
        zone: None,
        started_at: now.plus_millis(-1000),
        flagged_at: now,
        ended_at: None,
        peak: serde_json::from_str(r#"{"level_dbfs":-14.2}"#).unwrap(),
        count: None,
        no_clip: None,
        clock: ClockState::default(),
        files: vec![],
        work: None,
        handling: vec![],
    };
    let epoch = Epoch(Uuid::from_bytes([5; 16]));
    let id = EventId(Uuid::new_v4());
    Event::new(id, &centre_id(), event_type, incident, now, sequence, epoch, data)
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ len as u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn init_of(bytes: &[u8], incident: IncidentId) -> FileInit {
    FileInit {
        name: "../../../etc/passwd".into(),
        size: bytes.len() as u64,
        checksum: hex_of(bytes),
        user_data: UserData {
            incident,
            role: Role::Clip,
            camera: None,
            from: wall_now(),
            to: wall_now(),
            media_type: "text/html".into(),
        },
    }
}

fn new_incident() -> IncidentId {
    IncidentId(Uuid::new_v4())
}

fn new_file() -> FileId {
    FileId(Uuid::new_v4())
}

async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_and_its_clip_are_stored_then_receipted_and_can_be_seen() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    assert_eq!(province.get("/healthz").await.0, 200);
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let incident = new_incident();
    let opened = event(EventType::Opened, incident, 1);
    let receipt = centre.send_event(&opened).await;
    assert_eq!(receipt.outcome, Outcome::Stored);
    assert_eq!(receipt.digest, Some(wire::digest(&opened.to_bytes())));

    let clip = noise(700_000);
    let file = new_file();
    centre.send_init(file, &init_of(&clip, incident)).await;
    for (n, piece) in clip.chunks(256 * 1024).enumerate() {
        centre.send_chunk(file, n * 256 * 1024, piece).await;
    }
    let receipt = centre.send_fin(file, &clip).await;
    assert_eq!(receipt.outcome, Outcome::Stored);
    assert_eq!(receipt.digest, Some(wire::digest(&clip)));
    assert_eq!(centre.send_fin(file, &clip).await.outcome, Outcome::Stored, "asked again");
    centre.send_event(&event(EventType::Closed, incident, 2)).await;

    let (status, list) = province.get("/api/incidents?kind=raised-voices&severity=warning").await;
    assert_eq!((status, list["incidents"].as_array().unwrap().len()), (200, 1));
    assert_eq!(list["next"], Value::Null);
    let stored_at = list["incidents"][0]["stored_at"].as_str().unwrap();
    assert_eq!(stored_at.len(), "2026-11-23T02:15:07.120Z".len());
    assert_eq!(list["incidents"][0]["state"], "closed");
    let (_, one) = province.get(&format!("/api/incidents/{incident}")).await;
    assert_eq!(one["events"].as_array().unwrap().len(), 2);
    assert_eq!(one["events"][0]["body"]["subject"], incident.to_string());
    assert_eq!(one["files"][0]["state"], "stored");
    assert_eq!(one["files"][0]["digest"], wire::digest(&clip));
    let url = one["files"][0]["url"].as_str().unwrap();
    let (status, head, body) = province.ask(url, "").await;
    assert_eq!((status, body), (200, clip.clone()));
    assert!(head.contains("content-type: video/mp4"), "{head}");
    let page = format!("/api/incidents/{incident}/clip.mp4");
    let (status, head, body) = province.ask(&page, "Range: bytes=100-199\r\n").await;
    assert_eq!((status, body), (206, clip[100..200].to_vec()));
    assert!(head.contains("content-range: bytes 100-199/700000"), "{head}");
    let place = storage.path().join(format!("files/xuan-lung/{incident}/clip-{file}.mp4"));
    assert_eq!(std::fs::read(place).unwrap(), clip);

    for missing in ["/api/incidents/x", "/api/nothing", &page.replace("clip.mp4", "still.jpg")] {
        let (status, head, body) = province.ask(missing, "").await;
        assert_eq!(status, 404, "{missing}");
        assert!(head.contains("application/problem+json"), "{head}");
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["status"], 404);
    }
    assert_eq!(province.get("/api/incidents?limit=x").await.0, 400);
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_is_receipted_again_and_stored_once_and_gaps_are_seen() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let incident = new_incident();
    let (opened, mut updated) =
        (event(EventType::Opened, incident, 4), event(EventType::Updated, incident, 7));
    updated.data.count = Some(3);
    // The newer one first: the older must not undo what it said.
    for event in [&updated, &opened, &opened, &updated] {
        assert_eq!(centre.send_event(event).await.outcome, Outcome::Stored);
    }
    let mut other = opened.clone();
    other.data.severity = Severity::Urgent;
    let refused = centre.send_event(&other).await;
    assert!(matches!(refused.outcome, Outcome::Refused { .. }), "{refused:?}");
    assert_eq!(refused.digest, Some(wire::digest(&other.to_bytes())));

    let (_, one) = province.get(&format!("/api/incidents/{incident}")).await;
    assert_eq!(one["events"].as_array().unwrap().len(), 2);
    assert_eq!(one["count"], 3, "the newer one shows");
    assert!(one["stored_at"].is_string(), "the opened one came");
    let (_, centres) = province.get("/api/centres").await;
    assert_eq!(centres["centres"][0]["events_missing"], 2, "5 and 6");

    for n in 0..5 {
        centre.send_event(&event(EventType::Opened, new_incident(), 8 + n)).await;
    }
    let (mut seen, mut path) = (vec![], "/api/incidents?limit=2".to_owned());
    loop {
        let (_, page) = province.get(&path).await;
        let ids = page["incidents"].as_array().unwrap().iter();
        seen.extend(ids.map(|incident| incident["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => path = format!("/api/incidents?limit=2&cursor={next}"),
            None => break,
        }
    }
    let different: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), different.len()), (6, 6));
    assert_eq!(seen.last(), Some(&incident.to_string()), "the oldest comes last");
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forged_unsigned_or_garbage_is_turned_away_and_the_province_goes_on() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let topic = centre.topics.event(&centre_id());
    let event = event(EventType::Opened, new_incident(), 1);
    let body = event.to_bytes();
    let forged = Signature { sig: Signer::from_secret([2; 32]).sign(&body).sig, ..centre_key().sign(&body) };
    for signature in [Some(forged), None] {
        centre.send(topic.clone(), body.clone(), signature).await;
        let receipt = centre.receipt(Subject::Event(event.id)).await;
        assert!(matches!(receipt.outcome, Outcome::Refused { .. }), "{receipt:?}");
        assert_eq!(receipt.digest, Some(wire::digest(&body)));
    }
    centre.send(topic.clone(), body.clone(), Some(Signer::from_secret([2; 32]).sign(&body))).await;
    let receipt = centre.receipt(Subject::Event(event.id)).await;
    assert!(matches!(receipt.outcome, Outcome::Later { reason: Some(_), .. }), "{receipt:?}");

    let mut stranger = Centre::connect(&broker, "stranger").await;
    let asked = stranger.send_event(&event).await;
    assert!(matches!(asked.outcome, Outcome::Later { reason: Some(_), .. }), "{asked:?}");
    let asked = stranger.send_fin(new_file(), b"hello").await;
    assert!(matches!(asked.outcome, Outcome::Later { reason: Some(_), .. }), "{asked:?}");

    let file = new_file();
    let garbage = noise(300);
    for topic in [
        "quaywatch/v1/xuan-lung/event".to_owned(),
        "quaywatch/v1/xuan-lung/status".to_owned(),
        "quaywatch/v1/xuan-lung/file/x".to_owned(),
        "quaywatch/v1/xuan-lung/file/../../init".to_owned(),
        "quaywatch/v1/Not A Centre/event".to_owned(),
        format!("quaywatch/v1/xuan-lung/file/{file}/init"),
        format!("quaywatch/v1/xuan-lung/file/{file}/99999999999999999999/{}", hex_of(&garbage)),
        format!("quaywatch/v1/xuan-lung/file/{file}/18446744073709551615/{}", hex_of(&garbage)),
    ] {
        centre.send(topic.clone(), garbage.clone(), None).await;
        centre.send(topic, garbage.clone(), Some(centre_key().sign(&garbage))).await;
    }
    let topic = centre.topics.fin(&centre_id(), file, u64::MAX, &hex_of(b""));
    centre.send(topic, Bytes::new(), Some(centre_key().sign(b""))).await;
    loop {
        let receipt = centre.receipt(Subject::File(file)).await;
        assert!(matches!(receipt.outcome, Outcome::Refused { .. }), "{receipt:?}");
        if receipt.digest == Some(wire::digest(b"")) {
            break;
        }
    }
    // Larger than the province takes: the broker drops it, and nobody falls over.
    centre.send(centre.topics.event(&centre_id()), noise(1_500_000), None).await;

    assert_eq!(centre.send_event(&event).await.outcome, Outcome::Stored, "the real one still comes in");
    let (_, one) = eventually("the rejections are counted", || async {
        let (status, one) = province.get("/api/centres/xuan-lung").await;
        (one["rejected"].as_i64()? >= 6).then_some((status, one))
    })
    .await;
    let reasons: Vec<_> = one["rejections"].as_array().unwrap().iter().map(|r| &r["reason"]).collect();
    assert!(reasons.iter().any(|r| r.as_str().unwrap().contains("not signed")), "{reasons:?}");
    assert_eq!(province.get("/healthz").await.0, 200);
    assert_eq!(province.get("/api/incidents").await.1["incidents"].as_array().unwrap().len(), 1);
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_in_any_order_and_a_restart_in_the_middle_end_in_one_whole_file() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let (file, incident, clip) = (new_file(), new_incident(), noise(500_001));
    centre.send_event(&event(EventType::Opened, incident, 1)).await;

    let Outcome::Later { missing, .. } = centre.send_fin(file, &clip).await.outcome else { panic!() };
    assert_eq!(missing, [(0, 500_001)], "never heard of");
    centre.send_chunk(file, 0, &clip[..1000]).await;
    centre.send_init(file, &init_of(&clip, incident)).await;
    centre.send_chunk(file, 400_000, &clip[400_000..]).await;
    centre.send_chunk(file, 100_000, &clip[100_000..200_000]).await;
    centre.send_chunk(file, 150_000, &clip[150_000..250_000]).await;
    let wrong = centre.topics.chunk(&centre_id(), file, 0, &hex_of(b"other"));
    centre.send(wrong, clip[..1000].to_vec(), Some(centre_key().sign(&clip[..1000]))).await;
    let outside = centre.topics.chunk(&centre_id(), file, 500_000, &hex_of(b"ab"));
    centre.send(outside, &b"ab"[..], Some(centre_key().sign(b"ab"))).await;
    // A stranger may write to the topic, but not into the file: neither where nothing is nor over
    // what is there, nor may one who has the key by repeating other bytes.
    let forged = noise(1000);
    for offset in [0, 400_000] {
        let topic = centre.topics.chunk(&centre_id(), file, offset, &hex_of(&forged));
        centre.send(topic.clone(), forged.clone(), None).await;
        centre.send(topic, forged.clone(), Some(Signer::from_secret([2; 32]).sign(&forged))).await;
    }
    let over = centre.topics.chunk(&centre_id(), file, 400_000, &hex_of(&forged));
    centre.send(over, forged.clone(), Some(centre_key().sign(&forged))).await;
    let Outcome::Later { missing, .. } = centre.send_fin(file, &clip).await.outcome else { panic!() };
    assert_eq!(missing, [(0, 100_000), (250_000, 400_000)]);

    province.kill().await;
    let province = Province::start(&broker, storage.path(), 0).await;
    let Outcome::Later { missing, .. } = centre.send_fin(file, &clip).await.outcome else { panic!() };
    assert_eq!(missing, [(0, 100_000), (250_000, 400_000)], "nothing was forgotten");
    centre.send_chunk(file, 250_000, &clip[250_000..400_000]).await;
    centre.send_chunk(file, 0, &clip[..100_000]).await;
    assert_eq!(centre.send_fin(file, &clip).await.outcome, Outcome::Stored);
    let place = storage.path().join(format!("files/xuan-lung/{incident}/clip-{file}.mp4"));
    assert_eq!(std::fs::read(place).unwrap(), clip);
    let left = std::fs::read_dir(storage.path().join("incoming/xuan-lung")).unwrap().count();
    assert_eq!(left, 0, "no part is left");
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_lost_from_the_disk_are_asked_for_again_and_a_wrong_digest_is_refused_in_the_end() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let (file, clip) = (new_file(), noise(50_000));
    centre.send_init(file, &init_of(&clip, new_incident())).await;
    centre.send_chunk(file, 0, &clip).await;
    centre.send_fin(new_file(), b"so that the piece was taken").await;
    let part = storage.path().join(format!("incoming/xuan-lung/{file}.part"));
    std::fs::write(&part, noise(49_999)).unwrap();
    let Outcome::Later { missing, .. } = centre.send_fin(file, &clip).await.outcome else { panic!() };
    assert_eq!(missing, [(0, 50_000)]);
    centre.send_chunk(file, 0, &clip).await;
    assert_eq!(centre.send_fin(file, &clip).await.outcome, Outcome::Stored);

    // The power went between the renaming and its row.
    let (file, incident) = (new_file(), new_incident());
    centre.send_init(file, &init_of(&clip, incident)).await;
    centre.send_chunk(file, 0, &clip).await;
    centre.send_fin(new_file(), b"so that the piece was taken").await;
    let part = storage.path().join(format!("incoming/xuan-lung/{file}.part"));
    let place = storage.path().join(format!("files/xuan-lung/{incident}/clip-{file}.mp4"));
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::rename(&part, &place).unwrap();
    assert_eq!(centre.send_fin(file, &clip).await.outcome, Outcome::Stored);
    assert_eq!(std::fs::read(place).unwrap(), clip);

    let file = new_file();
    let lie = FileInit { checksum: hex_of(b"other"), ..init_of(&clip, new_incident()) };
    centre.send_init(file, &lie).await;
    let topic = centre.topics.fin(&centre_id(), file, 50_000, &hex_of(b"other"));
    for attempt in 1..=3 {
        centre.send_chunk(file, 0, &clip).await;
        centre.send(topic.clone(), Bytes::new(), Some(centre_key().sign(b""))).await;
        let receipt = centre.receipt(Subject::File(file)).await;
        let refused = matches!(receipt.outcome, Outcome::Refused { .. });
        assert_eq!(refused, attempt == 3, "{attempt}: {receipt:?}");
    }
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_no_key_of_its_centre_signed_is_refused_and_a_genuine_one_is_stored() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let incident = new_incident();
    for (bytes, told) in [
        (manifest(incident, &centre_key()), None),
        (manifest(incident, &province_key()), Some("not enrolled for this centre")),
        (manifest(new_incident(), &centre_key()), Some("of another incident")),
        (b"{\"payload\":1}".to_vec(), Some("does not hold")),
    ] {
        let (file, mut init) = (new_file(), init_of(&bytes, incident));
        init.user_data.role = Role::Manifest;
        centre.send_init(file, &init).await;
        centre.send_chunk(file, 0, &bytes).await;
        let answer = centre.send_fin(file, &bytes).await.outcome;
        match (told, &answer) {
            (None, Outcome::Stored) => {}
            (Some(told), Outcome::Refused { reason }) if reason.contains(told) => {}
            _ => panic!("{told:?}: {answer:?}"),
        }
    }
    province.stop().await;
}

fn manifest(incident: IncidentId, signer: &Signer) -> Vec<u8> {
    let facts = IncidentFacts {
        id: incident,
        kind: Kind::RaisedVoices,
        severity: Severity::Warning,
        rule: "raised-voices 1".into(),
        camera: None,
        zone: None,
        started_at: wall_now(),
        flagged_at: wall_now(),
        ended_at: None,
        peak: Default::default(),
    };
    let manifest = Manifest {
        link: None,
        centre: centre_id(),
        incident: facts,
        made_at: wall_now(),
        running_ms: None,
        clock: ClockState::default(),
        software: "quaywatch 0.1.0".into(),
        signer: SignerFacts::of(signer).unwrap(),
        files: vec![],
    };
    manifest.seal(signer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_province_puts_files_off_and_still_takes_events() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), u64::MAX / 2).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    assert_eq!(
        centre.send_event(&event(EventType::Opened, new_incident(), 1)).await.outcome,
        Outcome::Stored
    );
    let (file, clip) = (new_file(), noise(1000));
    centre.send_init(file, &init_of(&clip, new_incident())).await;
    let told = centre.receipt(Subject::File(file)).await;
    assert!(
        matches!(&told.outcome, Outcome::Later { reason: Some(r), .. } if r.contains("disk")),
        "{told:?}"
    );
    let told = centre.send_fin(file, &clip).await;
    assert!(matches!(&told.outcome, Outcome::Later { retry_after_s: 30, .. }), "{told:?}");
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_centre_shows_as_alive_until_it_says_that_it_goes_and_an_old_status_changes_nothing() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let state = || async { province.get("/api/centres/xuan-lung").await.1["state"].clone() };
    assert_eq!(state().await, "silent", "never heard of");
    let topic = centre.topics.status(&centre_id());
    let gone = Status::offline(BootId(Uuid::from_bytes([7; 16])), wall_now());
    let here = Status { state: Presence::Online, at: wall_now().plus_millis(1), ..gone.clone() };
    let mut tell = async |status: &Status| {
        let body = status.to_bytes();
        let signature = centre_key().sign(&body);
        centre.send_retained(topic.clone(), body, Some(signature), true).await;
    };
    tell(&here).await;
    eventually("alive", || async { (state().await == "alive").then_some(()) }).await;
    let old = Status { boot: BootId(Uuid::from_bytes([6; 16])), ..gone.clone() };
    tell(&Status { state: Presence::Online, ..old.clone() }).await;
    tell(&here).await;
    tell(&old).await;
    tell(&gone).await;
    eventually("silent", || async { (state().await == "silent").then_some(()) }).await;
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_dies_and_comes_back_is_found_again_and_health_says_so() {
    let (mut broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    broker.kill();
    let unwell = eventually("unwell", || async {
        let (status, body) = province.get("/healthz").await;
        (status == 503).then_some(body)
    })
    .await;
    assert_eq!((&unwell["broker"], &unwell["database"]), (&"not connected".into(), &"ok".into()));
    broker.restart();
    eventually("well", || async { (province.get("/healthz").await.0 == 200).then_some(()) }).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    assert_eq!(
        centre.send_event(&event(EventType::Opened, new_incident(), 1)).await.outcome,
        Outcome::Stored
    );
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_committed_within_milliseconds_of_its_arrival() {
    // Without nodelay the broker holds a small packet back for up to 40 ms.
    let broker = Mosquitto::start("set_tcp_nodelay true\n");
    let storage = tempfile::tempdir().unwrap();
    let province = Province::start(&broker, storage.path(), 0).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let (mut receipted, mut stored) = (vec![], vec![]);
    for n in 0..200 {
        let (began, event) = (Instant::now(), event(EventType::Opened, new_incident(), n));
        centre.send_event(&event).await;
        receipted.push(began.elapsed());
        let (_, one) = province.get(&format!("/api/incidents/{}", event.subject)).await;
        let at: Wall = one["stored_at"].as_str().unwrap().parse().unwrap();
        stored.push(at.millis_since(event.time));
    }
    receipted.sort();
    stored.sort_unstable();
    println!("made to stored ms: p50 {} p95 {} worst {}", stored[100], stored[190], stored[199]);
    // Both ways through the broker, the commit, and 20 ms of gathering receipts.
    println!("published to receipt: p50 {:?} p95 {:?}", receipted[100], receipted[190]);
    assert!(stored[100] < 100, "made to stored: {} ms", stored[100]);
    province.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_fails_makes_the_centre_wait_and_loses_nothing() {
    let (broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let province = Province::start(&broker, storage.path(), 0).await;
    let mut centre = Centre::connect(&broker, "xuan-lung").await;
    let url = format!("sqlite://{}", storage.path().join("province.sqlite").display());
    let database = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("ALTER TABLE events RENAME TO gone").execute(&database).await.unwrap();
    let event = event(EventType::Opened, new_incident(), 1);
    let told = centre.send_event(&event).await;
    assert!(matches!(told.outcome, Outcome::Later { reason: Some(_), .. }), "{told:?}");
    assert_eq!(province.get("/healthz").await.1["storing"], "the last messages could not be stored");
    sqlx::query("ALTER TABLE gone RENAME TO events").execute(&database).await.unwrap();
    assert_eq!(centre.send_event(&event).await.outcome, Outcome::Stored);
    assert_eq!(province.get("/healthz").await.0, 200);
    province.stop().await;
}

/// Sends again whatever has no `stored` yet, on a connection that may end at any time.
async fn deliver(
    broker_port: u16,
    events: &mut std::collections::BTreeMap<EventId, Vec<u8>>,
    file: FileId,
    clip: &[u8],
    incident: IncidentId,
) -> Option<bool> {
    let topics = Topics::default();
    let mut connection = Connection::open(&Options {
        tls: None,
        address: Address { host: "127.0.0.1".into(), port: broker_port, user: None, password: None },
        client_id: "centre".into(),
        keep_alive: Duration::from_secs(5),
        clean: true,
        will: None,
        manual_acks: false,
        max_packet: 1024 * 1024,
        receive_maximum: 32,
    });
    let (centre, key) = (centre_id(), centre_key());
    let init = init_of(clip, incident).to_bytes();
    let mut queue: VecDeque<(String, Vec<u8>)> =
        events.values().map(|body| (topics.event(&centre), body.clone())).collect();
    queue.push_back((topics.init(&centre, file), init));
    for (n, piece) in clip.chunks(64 * 1024).enumerate() {
        queue.push_back((topics.chunk(&centre, file, n as u64 * 65_536, &hex_of(piece)), piece.to_vec()));
    }
    queue.push_back((topics.fin(&centre, file, clip.len() as u64, &hex_of(clip)), vec![]));
    let (mut connected, mut stored) = (false, false);
    loop {
        while connected && connection.room() > 0 {
            let Some((topic, body)) = queue.pop_front() else { break };
            let signature = Some(key.sign(&body));
            let message = Message { topic, payload: body.into(), retain: false, signature };
            connection.publish(0, message).unwrap();
        }
        match tokio::time::timeout(Duration::from_secs(1), connection.next()).await {
            Err(_) => return Some(stored),
            Ok(Err(_)) => return stored.then_some(true),
            Ok(Ok(Notice::Connected { .. })) => connection.subscribe(&[topics.receipt(&centre)]).unwrap(),
            Ok(Ok(Notice::Subscribed { .. })) => connected = true,
            Ok(Ok(Notice::Received(received))) => {
                for receipt in Receipts::from_bytes(&received.payload).unwrap().receipts {
                    match (receipt.subject(), receipt.outcome) {
                        (Some(Subject::Event(id)), Outcome::Stored) => drop(events.remove(&id)),
                        (Some(Subject::File(_)), Outcome::Stored) => stored = true,
                        (_, Outcome::Refused { reason }) => panic!("{reason}"),
                        _ => {}
                    }
                }
            }
            Ok(Ok(_)) => {}
        }
        if events.is_empty() && stored {
            return Some(true);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_broker_and_province_are_killed() {
    let (mut broker, storage) = (Mosquitto::start(""), tempfile::tempdir().unwrap());
    let mut province = Province::start(&broker, storage.path(), 0).await;
    let (file, incident, clip) = (new_file(), new_incident(), noise(5_000_000));
    let all: Vec<Event> = (0..300).map(|n| event(EventType::Updated, incident, n)).collect();
    let mut events: std::collections::BTreeMap<_, _> = all.iter().map(|e| (e.id, e.to_bytes())).collect();
    let port = broker.port;
    let sending = tokio::spawn(async move {
        let (mut rounds, mut stored) = (0, false);
        while !(events.is_empty() && stored) {
            rounds += 1;
            assert!(rounds < 200, "{} events and the file: {stored}", events.len());
            stored |= deliver(port, &mut events, file, &clip, incident).await.unwrap_or(false);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (clip, rounds)
    });
    for kill_the_broker in [true, false, true] {
        // Somewhere in the middle: the moment differs from run to run on purpose.
        tokio::time::sleep(Duration::from_millis(150)).await;
        if kill_the_broker {
            broker.kill();
            broker.restart();
        } else {
            province.kill().await;
            province = Province::start(&broker, storage.path(), 0).await;
        }
    }
    let (clip, rounds) = tokio::time::timeout(Duration::from_secs(60), sending).await.unwrap().unwrap();
    println!("delivered in {rounds} rounds");
    let (_, one) = province.get(&format!("/api/incidents/{incident}")).await;
    let mut ids: Vec<_> = one["events"].as_array().unwrap().iter().map(|e| e["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((one["events"].as_array().unwrap().len(), ids.len()), (300, 300));
    assert_eq!(one["files"][0]["digest"], wire::digest(&clip));
    let place = storage.path().join(format!("files/xuan-lung/{incident}/clip-{file}.mp4"));
    assert_eq!(std::fs::read(place).unwrap(), clip);
    assert_eq!(province.get("/api/centres").await.1["centres"][0]["events_missing"], 0);
    province.stop().await;
}
