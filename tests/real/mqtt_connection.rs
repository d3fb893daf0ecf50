//! One broker connection against a real mosquitto: round trip, will, a frozen broker, limits.

use std::time::{Duration, Instant};

use crate::support::Mosquitto;
use bytes::Bytes;
use quaywatch::broker::{Address, BrokerError, Connection, Message, Notice, Options};
use quaywatch::wire::Signer;

fn options(broker: &Mosquitto, client_id: &str) -> Options {
    Options {
        tls: None,
        address: Address { host: "127.0.0.1".into(), port: broker.port, user: None, password: None },
        client_id: client_id.into(),
        keep_alive: Duration::from_secs(5),
        clean: true,
        will: None,
        manual_acks: true,
        max_packet: 1024 * 1024,
        receive_maximum: 32,
    }
}

fn message(topic: &str, payload: &'static [u8]) -> Message {
    Message { topic: topic.into(), payload: Bytes::from_static(payload), retain: false, signature: None }
}

async fn until<T>(connection: &mut Connection, mut wanted: impl FnMut(Notice) -> Option<T>) -> T {
    let search = async {
        loop {
            let notice = connection.next().await.unwrap();
            if let Some(found) = wanted(notice) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), search).await.unwrap()
}

async fn connected(connection: &mut Connection, filters: &[&str]) {
    until(connection, |n| matches!(n, Notice::Connected { .. }).then_some(())).await;
    if !filters.is_empty() {
        let filters: Vec<String> = filters.iter().map(|f| (*f).to_owned()).collect();
        connection.subscribe(&filters).unwrap();
        until(connection, |n| matches!(n, Notice::Subscribed { .. }).then_some(())).await;
    }
}

#[tokio::test]
async fn a_message_arrives_with_its_signature_and_both_ends_learn_of_it() {
    let broker = Mosquitto::start("");
    let (mut up, mut down) =
        (Connection::open(&options(&broker, "up")), Connection::open(&options(&broker, "down")));
    assert_eq!(up.publish(1, message("a/b", b"x")), Err(BrokerError::NoRoom), "before it is connected");
    connected(&mut up, &[]).await;
    up.publish(1, message("a/b", b"nobody hears")).unwrap();
    let reason = until(&mut up, |n| match n {
        Notice::NotTaken { token: 1, reason } => Some(reason),
        _ => None,
    })
    .await;
    assert_eq!(reason, "nobody is subscribed to it");

    connected(&mut down, &["a/+"]).await;
    let signature = Signer::from_secret([1; 32]).sign(b"hello");
    up.publish(7, Message { signature: Some(signature.clone()), ..message("a/b", b"hello") }).unwrap();
    until(&mut up, |n| matches!(n, Notice::Acked { token: 7 }).then_some(())).await;
    let received = until(&mut down, |n| match n {
        Notice::Received(received) => Some(received),
        _ => None,
    })
    .await;
    assert_eq!((received.topic.as_str(), &received.payload[..]), ("a/b", &b"hello"[..]));
    assert_eq!(received.signature, Some(signature));
    down.ack(&received).unwrap();
    down.close(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_on_the_next_connection() {
    let broker = Mosquitto::start("");
    let kept = Options { clean: false, ..options(&broker, "kept") };
    let mut down = Connection::open(&kept);
    connected(&mut down, &["a"]).await;
    let mut up = Connection::open(&options(&broker, "up"));
    connected(&mut up, &[]).await;
    up.publish(1, message("a", b"1")).unwrap();
    until(&mut up, |n| matches!(n, Notice::Acked { .. }).then_some(())).await;
    let mut take = |n| if let Notice::Received(r) = n { Some(r) } else { None };
    let first = until(&mut down, &mut take).await;
    drop(down);
    let mut again = Connection::open(&kept);
    let second = until(&mut again, &mut take).await;
    assert_eq!(second.payload, first.payload);
    // Its packet id may be the same, but it was the other connection's.
    again.ack(&first).unwrap();
    again.close(Duration::from_secs(2)).await;
    let mut third = Connection::open(&kept);
    let last = until(&mut third, &mut take).await;
    third.ack(&last).unwrap();
    third.close(Duration::from_secs(2)).await;
    let mut fourth = Connection::open(&kept);
    connected(&mut fourth, &[]).await;
    assert!(tokio::time::timeout(Duration::from_millis(300), fourth.next()).await.is_err(), "came again");
}

#[tokio::test]
async fn the_will_is_published_when_a_connection_drops_and_not_when_it_closes() {
    let broker = Mosquitto::start("");
    let mut down = Connection::open(&options(&broker, "down"));
    connected(&mut down, &["will"]).await;
    let will = Options { will: Some(message("will", b"gone")), ..options(&broker, "up") };
    let mut polite = Connection::open(&will);
    connected(&mut polite, &[]).await;
    polite.close(Duration::from_secs(2)).await;
    assert!(tokio::time::timeout(Duration::from_millis(300), down.next()).await.is_err());
    let mut rude = Connection::open(&will);
    connected(&mut rude, &[]).await;
    drop(rude);
    let said = until(&mut down, |n| if let Notice::Received(r) = n { Some(r.payload) } else { None }).await;
    assert_eq!(&said[..], b"gone");
}

#[tokio::test]
async fn a_frozen_broker_is_noticed_after_one_and_a_half_keep_alives() {
    let broker = Mosquitto::start("");
    let mut connection = Connection::open(&options(&broker, "c"));
    connected(&mut connection, &[]).await;
    broker.freeze(true);
    let began = Instant::now();
    // Asked in short steps, as a caller with other work does.
    let error = loop {
        match tokio::time::timeout(Duration::from_millis(50), connection.next()).await {
            Err(_) => assert!(began.elapsed() < Duration::from_secs(12), "not noticed"),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => break error,
        }
    };
    broker.freeze(false);
    assert!(matches!(error, BrokerError::Silent(_)), "{error}");
    let took = began.elapsed();
    assert!((Duration::from_secs(7)..Duration::from_secs(9)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn what_is_too_large_for_the_broker_is_refused_here_and_the_window_is_kept() {
    let broker = Mosquitto::start("max_packet_size 1000\n");
    let mut connection = Connection::open(&options(&broker, "c"));
    let limit = until(&mut connection, |n| match n {
        Notice::Connected { max_packet, receive_maximum: 20, .. } => max_packet,
        _ => None,
    })
    .await;
    assert_eq!(limit, 1000);
    let large = Message { payload: Bytes::from(vec![0; 1000]), ..message("a", b"") };
    assert!(matches!(connection.publish(1, large), Err(BrokerError::TooLarge { limit: 1000, .. })));
    assert!(matches!(connection.publish(1, message("a/#", b"")), Err(BrokerError::Unpublishable(_))));
    let room = connection.room();
    assert_eq!(room, 19);
    for token in 0..room as u64 {
        connection.publish(token, message("a", b"")).unwrap();
    }
    assert_eq!(connection.publish(99, message("a", b"")), Err(BrokerError::NoRoom));
    let mut left: Vec<u64> = (0..room as u64).collect();
    until(&mut connection, |n| {
        if let Notice::Acked { token } | Notice::NotTaken { token, .. } = n {
            left.retain(|t| *t != token);
        }
        left.is_empty().then_some(())
    })
    .await;
    assert_eq!(connection.room(), room);
}

#[tokio::test]
async fn a_broker_that_is_not_there_or_refuses_us_says_so_in_words() {
    let broker = Mosquitto::start("");
    let mut nobody = options(&broker, "c");
    nobody.address.port = 1;
    let told = Connection::open(&nobody).next().await.unwrap_err().to_string();
    assert!(told.starts_with("the broker at 127.0.0.1:1 cannot be reached: "), "{told}");

    let strict = Mosquitto::start("allow_anonymous false\n");
    let refused = options(&strict, "c");
    let told = Connection::open(&refused).next().await.unwrap_err();
    assert!(matches!(&told, BrokerError::Refused { .. }), "{told}");
    assert_eq!(told.to_string(), "the broker refuses the connection: not authorised");
}

#[tokio::test]
async fn a_server_that_speaks_no_mqtt_is_an_error_and_no_panic() {
    use tokio::io::AsyncWriteExt;
    let broker = Mosquitto::start("");
    for noise in
        [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0x20, 0xff, 0xff, 0xff, 0x7f], &[0x30, 0x02, 0, 9]]
    {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut odd = options(&broker, "c");
        odd.address.port = listener.local_addr().unwrap().port();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(noise).await.unwrap();
        };
        let mut connection = Connection::open(&odd);
        let ((), result) = tokio::join!(serve, connection.next());
        assert!(result.is_err(), "{noise:?}");
    }
}
