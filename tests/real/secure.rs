//! Enrolment and TLS with the configuration of deploy/mosquitto: what a centre may and may not do,
//! and what is said when a certificate or a clock is wrong.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use bytes::Bytes;
use quaywatch::broker::{Address, BrokerError, Connection, Message, Notice, Options, Tls, TlsFault};
use quaywatch::enrol::{Authority, Folder, Request};
use quaywatch::model::{CentreId, Wall};
use quaywatch::wire::Signer;
use quaywatch::{clock, keys};

use crate::support::{Mosquitto, Process, free_port, get_json, wait_for};

const DAY_MS: i64 = 86_400_000;

/// A province with its authority and its broker, and the folder that they are in.
struct Secure {
    folder: tempfile::TempDir,
    broker: Mosquitto,
}

fn now() -> Wall {
    clock::now().wall
}

fn quaywatch(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quaywatch")).args(words).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

impl Secure {
    /// The broker's certificate is made by a clock that is off by `off_ms`.
    fn start(off_ms: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open_or_make(&folder.path().join("authority"), "Phú Thọ", now()).unwrap();
        let signed = authority.sign_broker(&["localhost".into()], now().plus_millis(off_ms));
        let signed = signed.unwrap();
        std::fs::write(folder.path().join("broker.pem"), signed.certificate).unwrap();
        std::fs::write(folder.path().join("broker.key.pem"), signed.key).unwrap();
        std::fs::copy(folder.path().join("authority/ca.pem"), folder.path().join("ca.pem")).unwrap();
        let broker = Mosquitto::secure(folder.path());
        Self { folder, broker }
    }

    fn authority(&self) -> Authority {
        Authority::open_or_make(&self.folder.path().join("authority"), "Phú Thọ", now()).unwrap()
    }

    /// TLS as the centre of that name, its certificate made by a clock that is off by `off_ms`.
    fn tls(&self, name: &str, off_ms: i64) -> Tls {
        let folder = Folder(self.folder.path().join(name));
        let (centre, signer) = (CentreId::new(name).unwrap(), Signer::from_secret([3; 32]));
        let request =
            std::fs::read_to_string(folder.write_request(&centre, &signer, now()).unwrap()).unwrap();
        let receipts = [Signer::from_secret([4; 32]).public()];
        let at = now().plus_millis(off_ms);
        let papers = self.authority().sign(Request::read(&request).unwrap(), &receipts, at).unwrap();
        std::fs::write(folder.papers(&centre), papers).unwrap();
        let papers = folder.read_papers(&centre, &signer.public()).unwrap();
        let key = folder.tls_key().unwrap().serialize_der();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key).unwrap();
        Tls::new(&papers.authorities, papers.tls, key, papers.validity).unwrap()
    }

    fn centre(&self, name: &str, off_ms: i64) -> Connection {
        let port = self.broker.secure_port();
        self.connect(Some(self.tls(name, off_ms)), "localhost", port, None)
    }

    fn province(&self) -> Connection {
        self.connect(None, "127.0.0.1", self.broker.port, Some("province"))
    }

    fn connect(&self, tls: Option<Tls>, host: &str, port: u16, user: Option<&str>) -> Connection {
        let password = user.map(|_| "geheim".to_owned());
        Connection::open(&Options {
            address: Address { host: host.into(), port, user: user.map(str::to_owned), password },
            tls,
            client_id: "whatever".into(),
            keep_alive: Duration::from_secs(5),
            clean: true,
            will: None,
            manual_acks: false,
            max_packet: 1024 * 1024,
            receive_maximum: 32,
        })
    }
}

async fn until<T>(connection: &mut Connection, mut wanted: impl FnMut(Notice) -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = wanted(connection.next().await.unwrap()) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), search).await.unwrap()
}

async fn up(mut connection: Connection) -> Connection {
    until(&mut connection, |notice| matches!(notice, Notice::Connected { .. }).then_some(())).await;
    connection
}

/// Why a connection does not come about.
async fn fault(mut connection: Connection) -> TlsFault {
    let error = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let Err(error) = connection.next().await {
                return error;
            }
        }
    });
    match error.await.unwrap() {
        BrokerError::Unsafe { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

/// Whether the broker takes a message on `topic`.
async fn takes(connection: &mut Connection, topic: &str) -> Result<(), String> {
    let message =
        Message { topic: topic.into(), payload: Bytes::from_static(b"x"), retain: false, signature: None };
    connection.publish(9, message).unwrap();
    until(connection, |notice| match notice {
        Notice::Acked { token: 9 } => Some(Ok(())),
        Notice::NotTaken { token: 9, reason } => Some(Err(reason)),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_centre_can_forge_neither_receipts_nor_commands_nor_another_centres_words() {
    let secure = Secure::start(0);
    let (mut centre, mut other) =
        (up(secure.centre("xuan-lung", 0)).await, up(secure.centre("hung-lo", 0)).await);
    let mut province = up(secure.province()).await;
    let all = ["status", "event", "file/#", "reply"].map(|leaf| format!("quaywatch/v1/+/{leaf}"));
    province.subscribe(&all).unwrap();
    until(&mut province, |notice| matches!(notice, Notice::Subscribed { refused: 0 }).then_some(())).await;
    let down = |centre: &str| ["receipt", "command"].map(|leaf| format!("quaywatch/v1/{centre}/{leaf}"));
    other.subscribe(&down("hung-lo")).unwrap();
    until(&mut other, |notice| matches!(notice, Notice::Subscribed { refused: 0 }).then_some(())).await;

    for leaf in ["status", "event", "file/x/init", "reply"] {
        assert_eq!(takes(&mut centre, &format!("quaywatch/v1/xuan-lung/{leaf}")).await, Ok(()), "{leaf}");
        let heard = until(&mut province, |notice| match notice {
            Notice::Received(received) => Some(received.topic),
            _ => None,
        });
        assert_eq!(heard.await, format!("quaywatch/v1/xuan-lung/{leaf}"));
    }
    for topic in [
        "quaywatch/v1/xuan-lung/receipt",
        "quaywatch/v1/xuan-lung/command",
        "quaywatch/v1/hung-lo/receipt",
        "quaywatch/v1/hung-lo/command",
        "quaywatch/v1/hung-lo/event",
        "quaywatch/v1/hung-lo/status",
        "quaywatch/v1/hung-lo/file/x/init",
        "quaywatch/v1/hung-lo/reply",
        "quaywatch/v1/xuan-lung",
        "anything",
    ] {
        let answer = takes(&mut centre, topic).await;
        assert_eq!(answer, Err("not authorised to publish there".into()), "{topic}");
    }
    // Nor may it listen to what is for another, or to all.
    for filter in
        ["quaywatch/v1/hung-lo/receipt", "quaywatch/v1/+/command", "#", "quaywatch/v1/hung-lo/event"]
    {
        let mut again = up(secure.centre("xuan-lung", 0)).await;
        // mosquitto 2.0 grants some of these and then delivers nothing: what counts is what comes.
        again.subscribe(&["quaywatch/v1/xuan-lung/receipt".to_owned(), filter.to_owned()]).unwrap();
        until(&mut again, |notice| matches!(notice, Notice::Subscribed { .. }).then_some(())).await;
        assert_eq!(takes(&mut province, "quaywatch/v1/hung-lo/receipt").await, Ok(()));
        assert_eq!(takes(&mut province, "quaywatch/v1/hung-lo/command").await, Ok(()));
        assert_eq!(takes(&mut other, "quaywatch/v1/hung-lo/event").await, Ok(()));
        // Its own comes last, and is the first that it hears.
        assert_eq!(takes(&mut province, "quaywatch/v1/xuan-lung/receipt").await, Ok(()));
        let heard = until(&mut again, |notice| match notice {
            Notice::Received(received) => Some(received.topic),
            _ => None,
        });
        assert_eq!(heard.await, "quaywatch/v1/xuan-lung/receipt", "{filter}");
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_or_without_a_password_is_not_let_in() {
    let secure = Secure::start(0);
    let port = secure.broker.secure_port();
    let strangers = tempfile::tempdir().unwrap();
    let stranger = Secure { folder: strangers, broker: Mosquitto::start("") };
    // Its own authority signs for it, but it believes ours.
    let (certificate, key, validity) = stranger.authority().sign_province(now()).unwrap().der().unwrap();
    let tls = Tls::new(&[secure.authority().root().unwrap()], certificate, key, validity).unwrap();
    let refused = fault(secure.connect(Some(tls), "localhost", port, None)).await;
    assert!(matches!(refused, TlsFault::OursRefused(_)), "{refused:?}");
    let mut nobody = secure.connect(None, "127.0.0.1", secure.broker.port, None);
    assert!(matches!(nobody.next().await, Err(BrokerError::Refused { .. })));
}

#[tokio::test]
async fn expired_certificates_and_wrong_clocks_are_told_in_words() {
    let fresh = Secure::start(0);
    let ours = fault(fresh.centre("xuan-lung", -400 * DAY_MS)).await;
    assert!(ours.to_string().contains("our certificate ran out"), "{ours}");
    assert!(ours.vietnamese().contains("đã hết hạn"), "{ours:?}");
    // A certificate of the future is one seen by a clock that is behind.
    let behind = fault(fresh.centre("xuan-lung", 40 * DAY_MS)).await;
    assert!(behind.to_string().contains("the clock is wrong"), "{behind}");
    let port = fresh.broker.secure_port();
    let name = fault(fresh.connect(Some(fresh.tls("xuan-lung", 0)), "127.0.0.1", port, None)).await;
    assert_eq!(name, TlsFault::OtherName("127.0.0.1".into()));
    let plain =
        fault(fresh.connect(Some(fresh.tls("xuan-lung", 0)), "localhost", fresh.broker.port, None)).await;
    assert!(matches!(plain, TlsFault::NoTls | TlsFault::Other(_)), "{plain:?}");

    let old = Secure::start(-800 * DAY_MS);
    let theirs = fault(old.centre("xuan-lung", 0)).await;
    assert!(theirs.to_string().contains("the broker's certificate ran out"), "{theirs}");
    let early = Secure::start(40 * DAY_MS);
    let behind = fault(early.centre("xuan-lung", 0)).await;
    assert!(behind.to_string().contains("this machine's clock shows"), "{behind}");

    let stranger = Secure::start(0);
    let tls = fresh.tls("xuan-lung", 0);
    let other = fault(stranger.connect(Some(tls), "localhost", stranger.broker.secure_port(), None)).await;
    assert_eq!(other, TlsFault::Stranger);
}

fn write(path: PathBuf, text: &str) -> String {
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn edge_config(folder: &Path, port: u16) -> String {
    write(
        folder.join("edge.toml"),
        &format!(
            "[centre]\nid = \"xuan-lung\"\nname = \"Xuân Lũng\"\n[storage]\npath = \"storage\"\nkeep = \"1d\"\n\
             reserve = \"1MB\"\npurpose = \"thử\"\n[province]\nbroker = \"mqtts://localhost:{port}\"\n\
             identity = \"identity.pem\"\nenrolment = \"enrolment\"\n\
             [[camera]]\nid = \"gate\"\nmain = \"rtsp://127.0.0.1:9/x\"\n"
        ),
    )
}

fn province_config(folder: &Path, broker: u16, pages: u16) -> String {
    write(folder.join("password"), "geheim\n");
    std::fs::set_permissions(folder.join("password"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    write(
        folder.join("province.toml"),
        &format!(
            "[province]\nname = \"Phú Thọ\"\nbroker = \"mqtt://127.0.0.1:{broker}\"\nuser = \"province\"\n\
             password_file = \"password\"\nidentity = \"identity.pem\"\nauthority = \"authority\"\n\
             [storage]\npath = \"storage\"\nreserve = \"1MB\"\n[web]\nlisten = \"127.0.0.1:{pages}\"\n\
             [[centre]]\nid = \"xuan-lung\"\nname = \"Xuân Lũng\"\nkeys = \"centres/xuan-lung.pub.pem\"\n"
        ),
    )
}

#[tokio::test]
async fn two_commands_enrol_a_centre_and_a_new_box_is_taken_only_if_somebody_says_so() {
    let (centre, province) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let province_config = province_config(province.path(), 1883, free_port());
    let made = quaywatch(&["enrol", "broker", "--config", &province_config, "--host", "localhost"]);
    assert!(made.status.success(), "{}", told(&made));
    for name in ["ca.pem", "broker.pem", "broker.key.pem"] {
        std::fs::copy(province.path().join("authority").join(name), province.path().join(name)).unwrap();
    }
    let broker = Mosquitto::secure(province.path());

    let edge_config = edge_config(centre.path(), broker.secure_port());
    let asked = quaywatch(&["enrol", "request", "--config", &edge_config]);
    assert!(asked.status.success(), "{}", told(&asked));
    let request = centre.path().join("enrolment/xuan-lung.request.pem");
    let sent = province.path().join("xuan-lung.request.pem");
    std::fs::copy(&request, &sent).unwrap();
    let signed = quaywatch(&["enrol", "sign", "--config", &province_config, sent.to_str().unwrap()]);
    assert!(signed.status.success(), "{}", told(&signed));
    let compare = |text: String| text.lines().find(|line| line.contains("telephone")).map(str::to_owned);
    assert_eq!(compare(told(&asked)), compare(told(&signed)));
    let papers = centre.path().join("enrolment/xuan-lung.enrolled.pem");
    let checked = told(&quaywatch(&["check", "--config", &edge_config]));
    assert!(checked.contains("quaywatch enrol request"), "it says what is missing: {checked}");
    std::fs::copy(province.path().join("xuan-lung.enrolled.pem"), &papers).unwrap();
    let checked = told(&quaywatch(&["check", "--config", &edge_config]));
    assert!(checked.contains("TỐT / OK    Kết nối về tỉnh"), "{checked}");
    let key = keys::load_or_make(&centre.path().join("identity.pem")).unwrap().public();
    assert!(keys::load_trust(&province.path().join("centres/xuan-lung.pub.pem")).unwrap().knows(&key));

    // Another box asks under the same name.
    std::fs::remove_file(centre.path().join("identity.pem")).unwrap();
    let asked = quaywatch(&["enrol", "request", "--config", &edge_config]);
    assert!(asked.status.success(), "{}", told(&asked));
    let checked = told(&quaywatch(&["check", "--config", &edge_config]));
    assert!(checked.contains("for other keys"), "{checked}");
    std::fs::copy(&request, &sent).unwrap();
    let refused = quaywatch(&["enrol", "sign", "--config", &province_config, sent.to_str().unwrap()]);
    assert!(!refused.status.success() && told(&refused).contains("--new-key"), "{}", told(&refused));
    let taken =
        quaywatch(&["enrol", "sign", "--config", &province_config, "--new-key", sent.to_str().unwrap()]);
    assert!(taken.status.success(), "{}", told(&taken));
}

#[test]
fn a_centre_whose_certificate_runs_out_soon_gets_a_new_one_over_the_link() {
    let (centre, province) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pages = free_port();
    let province_config = province_config(province.path(), free_port(), pages);
    let made = quaywatch(&["enrol", "broker", "--config", &province_config, "--host", "localhost"]);
    assert!(made.status.success(), "{}", told(&made));
    for name in ["ca.pem", "broker.pem", "broker.key.pem"] {
        std::fs::copy(province.path().join("authority").join(name), province.path().join(name)).unwrap();
    }
    let broker = Mosquitto::secure(province.path());
    let province_config = self::province_config(province.path(), broker.port, pages);
    let edge_config = edge_config(centre.path(), broker.secure_port());
    assert!(quaywatch(&["enrol", "request", "--config", &edge_config]).status.success());
    let request = centre.path().join("enrolment/xuan-lung.request.pem");
    let sign = ["enrol", "sign", "--config", &province_config, request.to_str().unwrap()];
    assert!(quaywatch(&sign).status.success());

    // As if that had been 345 days ago: 20 are left.
    let id = CentreId::new("xuan-lung").unwrap();
    let authority = Authority::open_or_make(&province.path().join("authority"), "Phú Thọ", now()).unwrap();
    let asked = Request::read(&std::fs::read_to_string(&request).unwrap()).unwrap();
    let own = keys::load_or_make(&province.path().join("identity.pem")).unwrap().public();
    let old = authority.sign(asked, &[own], now().plus_millis(-345 * DAY_MS)).unwrap();
    let folder = Folder(centre.path().join("enrolment"));
    std::fs::write(folder.papers(&id), &old).unwrap();
    let evidence = keys::load_or_make(&centre.path().join("identity.pem")).unwrap().public();
    let days_left = |folder: &Folder| {
        let papers = folder.read_papers(&id, &evidence).unwrap();
        papers.validity.to.millis_since(now()) / DAY_MS
    };
    assert_eq!(days_left(&folder), 19);

    let receiver = Process::start("province", &["province", "--config", &province_config], province.path());
    let edge = Process::start("edge", &["edge", "--config", &edge_config], centre.path());
    wait_for("new papers", 60, || (days_left(&folder) > 300).then_some(()));
    // The link takes them up, and says so.
    wait_for("a status with the new certificate", 60, || {
        let status = get_json(pages, "/api/centres/xuan-lung")["status"].clone();
        let until = status["certificate_expires"].as_str()?.parse::<Wall>().ok()?;
        (until.millis_since(now()) > 300 * DAY_MS && status["certificate_request"].is_null()).then_some(())
    });
    assert!(edge.stop().success() && receiver.stop().success());
}
