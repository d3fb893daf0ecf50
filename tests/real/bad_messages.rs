//! Garbage and forgeries on the broker.

use std::time::Duration;

use bytes::Bytes;
use quaywatch::broker::{Address, Connection, Message, Notice, Options};
use quaywatch::model::{CentreId, Wall};
use quaywatch::wire::{Outcome, Receipt, Receipts, Signature, Signer, Subject, Topics, digest};
use serde_json::Value;

use crate::support::{CameraSpec, Hall, get, wait_for};

/// Publishes these as a stranger would, and waits until the broker has taken them.
fn publish(port: u16, messages: Vec<(String, Vec<u8>, Option<Signature>)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = Connection::open(&Options {
            tls: None,
            address: Address { host: "127.0.0.1".into(), port, user: None, password: None },
            client_id: "stranger".into(),
            keep_alive: Duration::from_secs(10),
            clean: true,
            will: None,
            manual_acks: false,
            max_packet: 4 * 1024 * 1024,
            receive_maximum: 20,
        });
        let total = messages.len();
        let (mut waiting, mut taken) = (messages.into_iter().enumerate(), 0);
        let all = async {
            while taken < total {
                match connection.next().await.unwrap() {
                    Notice::Acked { .. } | Notice::NotTaken { .. } => taken += 1,
                    _ => {}
                }
                while connection.room() > 0 {
                    let Some((n, (topic, payload, signature))) = waiting.next() else { break };
                    let message = Message { topic, payload: Bytes::from(payload), retain: false, signature };
                    connection.publish(n as u64, message).unwrap();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("the broker did not take them");
        connection.close(Duration::from_secs(2)).await;
    });
}

fn noise(n: usize, length: usize) -> Vec<u8> {
    let mut x = 0x9E37_79B9_7F4A_7C15_u64 ^ n as u64;
    std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x as u8
    })
    .take(length)
    .collect()
}

#[test]
fn garbage_and_forgeries_are_refused_and_the_genuine_incident_arrives() {
    let hall = Hall::new(&[CameraSpec::new("counter-1")]);
    let province = hall.start_province();
    let centre_id = CentreId::new("xuan-lung").unwrap();
    let (topics, forger) = (Topics::default(), Signer::from_secret([66; 32]));
    let file = "0193b3c4-0000-7000-8000-000000000003".parse().unwrap();
    let event =
        br#"{"specversion":"1.0","id":"0193b3c4-0000-7000-8000-000000000001","source":"/centres/xuan-lung"}"#;
    let mut messages = vec![
        (topics.event(&centre_id), event.to_vec(), None),
        (topics.event(&centre_id), event.to_vec(), Some(forger.sign(event))),
        (topics.event(&centre_id), noise(1, 2_000_000), None),
        (topics.event(&CentreId::new("elsewhere").unwrap()), event.to_vec(), Some(forger.sign(event))),
        (topics.init(&centre_id, file), noise(2, 3000), Some(forger.sign(b""))),
        (topics.fin(&centre_id, file, u64::MAX, &"a".repeat(64)), vec![], Some(forger.sign(b""))),
        (topics.chunk(&centre_id, file, u64::MAX - 1, &"a".repeat(64)), noise(3, 500), None),
        ("quaywatch/v1/xuan-lung/file/../../x/init".to_owned(), noise(4, 100), None),
        ("quaywatch/v1//event".to_owned(), vec![], None),
    ];
    for n in 0..100 {
        let topic = [topics.event(&centre_id), topics.status(&centre_id), topics.init(&centre_id, file)]
            [n % 3]
            .clone();
        messages.push((topic, noise(n, n * 37), Some(Signature { sig: "?".into(), kid: "none".into() })));
    }
    publish(hall.broker.port, messages);

    let centre = hall.start_centre();
    let incident = hall.wait_for_incident("raised-voices", 40);
    hall.wait_for_file(incident["id"].as_str().unwrap(), "clip", 60);
    assert_eq!(hall.incidents().len(), 1, "nothing forged was stored");
    assert_eq!(get(hall.province_port, "/healthz").unwrap().status, 200);
    assert!(!province.log().contains("panicked"), "{}", province.log());
    assert!(centre.stop().success());
    assert!(province.stop().success());
}

#[test]
fn a_forged_receipt_ends_nothing() {
    let hall = Hall::new(&[CameraSpec::new("counter-1")]);
    let centre = hall.start_centre();
    let sent: Value = wait_for("an event to be sent", 40, || {
        centre.log_lines().into_iter().find(|line| line["target"] == "incident" && line["what"] == "flagged")
    });
    let (topics, forger) = (Topics::default(), Signer::from_secret([66; 32]));
    let database = hall.storage().join("centre.sqlite");
    let (id, digest) = first_event(&database);
    let receipt = Receipt::new(Subject::Event(id.parse().unwrap()), Some(digest), Outcome::Stored);
    let body =
        Receipts { at: Wall::from_millis(crate::support::now_ms()), receipts: vec![receipt] }.to_bytes();
    let topic = topics.receipt(&CentreId::new("xuan-lung").unwrap());
    publish(
        hall.broker.port,
        vec![
            (topic.clone(), body.clone(), Some(forger.sign(&body))),
            (topic.clone(), body.clone(), None),
            (topic.clone(), noise(1, 5000), None),
        ],
    );
    centre.wait_for_log("is not enrolled here", 10);
    assert!(!centre.log().contains("\"what\":\"stored\""), "{}", centre.log());

    let _province = hall.start_province();
    let incident = hall.wait_for_incident("raised-voices", 90);
    assert_eq!(incident["id"], sent["incident"]);
    assert!(centre.stop().success());
}

/// The id and the digest of the first event in a centre's outbox.
fn first_event(database: &std::path::Path) -> (String, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database).read_only(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let row: (String, Vec<u8>) =
            sqlx::query_as("SELECT id, payload FROM outbox WHERE kind = 'event' ORDER BY number LIMIT 1")
                .fetch_one(&pool)
                .await
                .unwrap();
        (row.0, digest(&row.1))
    })
}
