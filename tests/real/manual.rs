//! A person flags a moment: at the centre's pages, and from the province by a signed command.

use std::time::Duration;

use bytes::Bytes;
use quaywatch::broker::{Address, Connection, Message, Notice, Options, Received};
use quaywatch::model::{CentreId, CommandId, Wall};
use quaywatch::wire::{Answer, Command, Reply, Signer, Topics};
use serde_json::{Value, json};

use crate::support::{CameraSpec, Hall, free_port, get_json, now_ms, post_json, wait_for};

/// A centre with pages and one calm camera, whose every incident is made by hand.
fn hall() -> (Hall, u16) {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    let port = free_port();
    hall.rules = format!("\n[web]\nlisten = \"127.0.0.1:{port}\"\n");
    (hall, port)
}

#[test]
fn a_moment_flagged_at_the_centre_is_an_incident_with_a_clip_of_what_was_before() {
    let (hall, port) = hall();
    let _province = hall.start_province();
    let centre = hall.start_centre();
    centre.wait_for_log("the centre's pages are served", 20);
    for (body, told) in [
        (json!({ "camera": "counter-1" }), "note"),
        (json!({ "note": " " }), "note is empty"),
        (json!({ "note": "x", "camera": "cellar" }), "there is no camera \"cellar\""),
        (json!({ "note": "x", "severty": "urgent" }), "there is no \"severty\" here"),
        (json!({ "note": "x", "before": "1h" }), "at most 300 s"),
        (json!({ "note": "x".repeat(20_000) }), "length limit"),
    ] {
        let answer = post_json(port, "/api/incidents", &body).unwrap();
        assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
    }

    wait_for("a complete file", 60, || {
        let facts = get_json(port, "/api/storage");
        (facts["streams"][0]["files"].as_u64() >= Some(1)).then_some(())
    });
    let flagged_at = now_ms();
    let body =
        json!({ "camera": "counter-1", "note": "Hai người to tiếng", "severity": "urgent", "before": "5s" });
    let answer = post_json(port, "/api/incidents", &body).unwrap();
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    let id = serde_json::from_slice::<Value>(&answer.body).unwrap()["id"].as_str().unwrap().to_owned();
    let incident = hall.wait_for_incident("manual", 20);
    assert_eq!(incident["id"], id);
    assert_eq!((&incident["severity"], &incident["camera"]), (&json!("urgent"), &json!("counter-1")));
    assert_eq!(incident["peak"]["note"], "Hai người to tiếng");
    let millis = |field: &str| incident[field].as_str().unwrap().parse::<Wall>().unwrap().as_millis();
    assert!((millis("started_at") - (flagged_at - 5000)).abs() < 2000, "{incident}");
    let clip = hall.wait_for_file(&id, "clip", 60);
    let from = clip["from"].as_str().unwrap().parse::<Wall>().unwrap().as_millis();
    assert!(from <= flagged_at - 3000, "the clip begins before the flag: {clip}");
    assert_eq!(hall.incidents()[0]["state"], "closed");
    assert!(centre.stop().success());
}

#[test]
fn the_province_flags_a_moment_once_however_often_it_says_so_and_strangers_flag_nothing() {
    let (hall, _) = hall();
    let _province = hall.start_province();
    let centre = hall.start_centre();
    centre.wait_for_log("the link is up", 20);
    let (province, stranger) =
        (quaywatch::keys::load_or_make(&hall.province_key()).unwrap(), Signer::from_secret([66; 32]));
    let now = now_ms();
    let command = |n: u8, camera: &str, expires_ms: i64| Command {
        id: format!("0193b3c4-0000-7000-8000-0000000000{n:02}").parse().unwrap(),
        centre: CentreId::new("xuan-lung").ok(),
        action: "flag".into(),
        actor: "lan".into(),
        issued_at: Wall::from_millis(now),
        expires_at: Wall::from_millis(now + expires_ms),
        args: json!({ "camera": camera, "note": "Nhìn thấy từ tỉnh" }).as_object().unwrap().clone(),
    };
    let good = command(1, "counter-1", 600_000);
    let signed = |signer: &Signer, command: &Command| {
        let payload = command.to_bytes();
        let signature = Some(signer.sign(&payload));
        Message {
            topic: Topics::default().command(&CentreId::new("xuan-lung").unwrap()),
            payload: Bytes::from(payload),
            retain: false,
            signature,
        }
    };
    let elsewhere = Command { centre: CentreId::new("phu-tho").ok(), ..command(4, "counter-1", 600_000) };
    let unknown = Command { action: "reboot".into(), ..command(5, "counter-1", 600_000) };
    let messages = vec![
        signed(&stranger, &command(9, "counter-1", 600_000)),
        signed(&province, &good),
        signed(&province, &good),
        signed(&province, &command(2, "counter-1", -1000)),
        signed(&province, &command(3, "cellar", 600_000)),
        signed(&province, &elsewhere),
        signed(&province, &unknown),
    ];
    let replies = exchange(hall.broker.port, messages, 6);
    let trust = quaywatch::keys::load_trust(&quaywatch::keys::public_path(&hall.centre_key())).unwrap();
    let read = |received: &Received| {
        trust.verify(&received.payload, received.signature.as_ref()).expect("signed by the centre");
        Reply::from_bytes(&received.payload).unwrap()
    };
    let replies: Vec<Reply> = replies.iter().map(read).collect();
    let of = |id: CommandId| replies.iter().filter(move |reply| reply.id == id).map(|reply| &reply.answer);
    let done: Vec<_> = of(good.id).collect();
    let [Answer::Done { data }, again] = done.as_slice() else { panic!("{replies:?}") };
    assert_eq!(&Answer::Done { data: data.clone() }, *again);
    assert!(matches!(of(command(2, "", 0).id).next(), Some(Answer::Expired { .. })), "{replies:?}");
    for (id, word) in [(3, "cellar"), (4, "phu-tho"), (5, "reboot")] {
        let answer = of(command(id, "", 0).id).next();
        assert!(matches!(answer, Some(Answer::Refused { reason }) if reason.contains(word)), "{answer:?}");
    }
    let incident = hall.wait_for_incident("manual", 20);
    assert_eq!((&incident["id"], &incident["peak"]["by"]), (&data["incident"], &json!("lan")));
    assert!(centre.log().contains("a command that is not the province's is ignored"));

    // Also after a restart it is not done again.
    assert!(centre.stop().success());
    let again = hall.start_centre();
    again.wait_for_log("the link is up", 20);
    let replies = exchange(hall.broker.port, vec![signed(&province, &good)], 1);
    assert_eq!(read(&replies[0]).answer, Answer::Done { data: data.clone() });
    assert_eq!(hall.incidents().len(), 1);
    assert!(again.stop().success());
}

/// Sends these as the province would, and waits for so many replies.
fn exchange(port: u16, messages: Vec<Message>, expected: usize) -> Vec<Received> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = Connection::open(&Options {
            tls: None,
            address: Address { host: "127.0.0.1".into(), port, user: None, password: None },
            client_id: "console".into(),
            keep_alive: Duration::from_secs(10),
            clean: true,
            will: None,
            manual_acks: false,
            max_packet: 1024 * 1024,
            receive_maximum: 20,
        });
        let (mut replies, mut messages) = (vec![], messages.into_iter());
        let all = async {
            while replies.len() < expected {
                match connection.next().await.unwrap() {
                    Notice::Connected { .. } => {
                        let topic = Topics::default().reply(&CentreId::new("xuan-lung").unwrap());
                        connection.subscribe(&[topic]).unwrap();
                    }
                    Notice::Subscribed { .. } => {
                        messages.by_ref().for_each(|message| connection.publish(1, message).unwrap());
                    }
                    Notice::Received(received) => replies.push(received),
                    Notice::Acked { .. } | Notice::NotTaken { .. } => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("the centre did not reply");
        connection.close(Duration::from_secs(2)).await;
        replies
    })
}
