//! The connection itself: the client, its event loop, and what is on its way.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, Filter, Packet, PubAck, PubAckReason, Publish, PublishProperties, SubAck, SubscribeReasonCode,
};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop};

use super::error::in_words;
use super::setup::{CONNECT_SECONDS, WIDEST_WINDOW, client_options, packet_size, user_properties};
use super::tls::{Tls, fault};
use super::{BrokerError, Message, Notice, Options, Received};
use crate::clock;
use crate::model::Mono;
use crate::wire;

/// `rumqttc` panics below this.
const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(5);
/// As many as there are packet ids (acknowledgements may all wait at once) and some more.
const REQUESTS: usize = 66_000;

type Poll = Pin<Box<dyn Future<Output = (EventLoop, Result<Event, ConnectionError>)> + Send>>;

/// One connection from its opening to its first error.
pub struct Connection {
    client: AsyncClient,
    poll: Poll,
    serial: u64,
    address: String,
    silence: Duration,
    heard: Mono,
    left: Mono,
    /// Tokens handed to the client that have no packet id yet, in order.
    submitted: VecDeque<u64>,
    /// Tokens on their way, by packet id.
    in_flight: HashMap<u16, u64>,
    window: usize,
    max_packet: u64,
    manual_acks: bool,
    host: String,
    tls: Option<Tls>,
    disconnected: bool,
}

impl Connection {
    /// Prepares a connection; [`Connection::next`] makes it.
    pub fn open(options: &Options) -> Self {
        let keep_alive = options.keep_alive.max(SHORTEST_KEEP_ALIVE);
        let (client, events) = AsyncClient::new(client_options(options, keep_alive), REQUESTS);
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let now = clock::now().mono;
        Self {
            client,
            poll: poll(events),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            address: options.address.to_string(),
            // Connecting may take its own time before anything can be heard.
            silence: one_and_a_half(keep_alive) + Duration::from_secs(CONNECT_SECONDS),
            heard: now,
            left: now,
            submitted: VecDeque::new(),
            in_flight: HashMap::new(),
            window: 0,
            max_packet: 0,
            manual_acks: options.manual_acks,
            host: options.address.host.clone(),
            tls: options.tls.clone(),
            disconnected: false,
        }
    }

    /// Asks for every topic that fits `filters`, at least once each; answered by
    /// [`Notice::Subscribed`], or an error if the broker refuses the first of them.
    ///
    /// # Errors
    /// [`BrokerError::Unpublishable`] if a filter is not one.
    pub fn subscribe(&mut self, filters: &[String]) -> Result<(), BrokerError> {
        let wanted = filters.iter().map(|filter| Filter::new(filter.as_str(), QoS::AtLeastOnce));
        let asked = self.client.try_subscribe_many(wanted);
        asked.map_err(|_| BrokerError::Unpublishable(format!("not topic filters: {filters:?}")))
    }

    /// Hands over one message; answered by [`Notice::Acked`] or [`Notice::NotTaken`] with `token`.
    ///
    /// # Errors
    /// One that [keeps the connection](BrokerError::keeps_connection); then nothing was sent.
    pub fn publish(&mut self, token: u64, message: Message) -> Result<(), BrokerError> {
        if self.room() == 0 {
            return Err(BrokerError::NoRoom);
        }
        if message.topic.is_empty() || message.topic.len() > usize::from(u16::MAX) {
            return Err(BrokerError::Unpublishable("its topic is empty or too long".into()));
        }
        let properties = PublishProperties {
            user_properties: user_properties(message.signature),
            ..PublishProperties::default()
        };
        let size = packet_size(&message.topic, &message.payload, &properties);
        if size > self.max_packet {
            return Err(BrokerError::TooLarge { size, limit: self.max_packet });
        }
        let Message { topic, payload, retain, .. } = message;
        self.client
            .try_publish_with_properties(topic, QoS::AtLeastOnce, retain, payload, properties)
            .map_err(|_| BrokerError::Unpublishable("its topic has a wildcard".into()))?;
        self.submitted.push_back(token);
        Ok(())
    }

    /// Tells the broker that `received` is safe here. Does nothing for a message of an earlier
    /// connection: the broker will send that one again.
    ///
    /// # Errors
    /// [`BrokerError::Lost`] if more acknowledgements wait than there can be messages.
    pub fn ack(&mut self, received: &Received) -> Result<(), BrokerError> {
        let Some((serial, packet_id)) = received.handle else { return Ok(()) };
        if serial != self.serial || !self.manual_acks {
            return Ok(());
        }
        let mut publish = Publish::new("", QoS::AtLeastOnce, Bytes::new(), None);
        publish.pkid = packet_id;
        let asked = self.client.try_ack(&publish);
        asked.map_err(|_| BrokerError::Lost("too many acknowledgements wait".into()))
    }

    /// How many more messages may be published now.
    pub fn room(&self) -> usize {
        self.window.saturating_sub(self.submitted.len() + self.in_flight.len())
    }

    /// The next thing that happens. May be dropped half-way and called again without a loss.
    ///
    /// # Errors
    /// One after which this connection is to be dropped.
    pub async fn next(&mut self) -> Result<Notice, BrokerError> {
        loop {
            let event = self.event().await?;
            if let Some(notice) = self.take(event)? {
                return Ok(notice);
            }
        }
    }

    /// Sends what was handed over, waits for the broker to take it, and says good-bye, so that
    /// the will is not published; gives up after `deadline`.
    pub async fn close(mut self, deadline: Duration) {
        let _ = tokio::time::timeout(deadline, async {
            while self.window > 0 && !(self.submitted.is_empty() && self.in_flight.is_empty()) {
                self.next().await?;
            }
            if self.client.try_disconnect().is_ok() {
                while !self.disconnected {
                    let event = self.event().await?;
                    self.take(event)?;
                }
            }
            Ok::<(), BrokerError>(())
        })
        .await;
    }

    /// One event of the client, or the word that the broker has been silent for too long.
    async fn event(&mut self) -> Result<Event, BrokerError> {
        // While the caller was away nobody listened: that is not the broker's silence.
        let away = clock::now().mono.since(self.left);
        if away > Duration::from_secs(1) {
            self.heard = self.heard.plus(away);
        }
        let quiet_at = self.heard.plus(self.silence);
        let mark = Leaving(&mut self.left);
        let (events, result) = tokio::select! {
            biased;
            done = &mut self.poll => done,
            () = clock::sleep_until(quiet_at) => return Err(BrokerError::Silent(self.silence)),
        };
        self.poll = poll(events);
        drop(mark);
        let event = result.map_err(|error| self.in_words(error))?;
        if matches!(event, Event::Incoming(_)) {
            self.heard = clock::now().mono;
        }
        Ok(event)
    }

    fn in_words(&self, error: ConnectionError) -> BrokerError {
        let now = clock::now().wall;
        let answered = self.window > 0;
        match self.tls.as_ref().and_then(|tls| fault(&error, tls, &self.host, answered, now)) {
            Some(fault) => BrokerError::Unsafe { address: self.address.clone(), fault },
            None => in_words(&self.address, self.silence, error),
        }
    }

    fn take(&mut self, event: Event) -> Result<Option<Notice>, BrokerError> {
        match event {
            Event::Incoming(Packet::ConnAck(answer)) => self.connected(&answer).map(Some),
            Event::Incoming(Packet::Publish(publish)) => self.received(publish).map(Some),
            Event::Incoming(Packet::PubAck(answer)) => Ok(self.answered(&answer)),
            Event::Incoming(Packet::SubAck(answer)) => subscribed(&answer).map(Some),
            Event::Outgoing(Outgoing::Publish(packet_id)) => {
                if let Some(token) = self.submitted.pop_front() {
                    self.in_flight.insert(packet_id, token);
                }
                Ok(None)
            }
            Event::Outgoing(Outgoing::Disconnect) => {
                self.disconnected = true;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn connected(&mut self, answer: &ConnAck) -> Result<Notice, BrokerError> {
        let properties = answer.properties.as_ref();
        let receive_maximum = properties.and_then(|p| p.receive_max).unwrap_or(u16::MAX);
        let max_packet = properties.and_then(|p| p.max_packet_size);
        if receive_maximum == 0 || max_packet == Some(0) {
            return Err(BrokerError::Misbehaves("it takes nothing at all".into()));
        }
        // One place stays free: the client sends no acknowledgement while its window is full.
        self.window = usize::from(receive_maximum.min(WIDEST_WINDOW).saturating_sub(1).max(1));
        // Without a limit of the broker's there is that of the protocol (MQTT 5, 2.1.4).
        self.max_packet = max_packet.map_or(268_435_455, u64::from);
        let theirs = properties.and_then(|p| p.server_keep_alive).map(u64::from).map(Duration::from_secs);
        let connecting = Duration::from_secs(CONNECT_SECONDS);
        self.silence = theirs.map_or(self.silence.saturating_sub(connecting), one_and_a_half);
        Ok(Notice::Connected { receive_maximum, max_packet, session_present: answer.session_present })
    }

    fn received(&self, publish: Publish) -> Result<Notice, BrokerError> {
        let topic = String::from_utf8(publish.topic.to_vec())
            .map_err(|_| BrokerError::Misbehaves("a topic is not UTF-8".into()))?;
        let properties = publish.properties.map(|p| p.user_properties).unwrap_or_default();
        let find = |name: &str| properties.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone());
        let signature = find(wire::SIGNATURE_PROPERTY)
            .zip(find(wire::KEY_PROPERTY))
            .map(|(sig, kid)| wire::Signature { sig, kid });
        let handle = (publish.qos != QoS::AtMostOnce).then_some((self.serial, publish.pkid));
        let (payload, retain) = (publish.payload, publish.retain);
        Ok(Notice::Received(Received { topic, payload, retain, signature, handle }))
    }

    fn answered(&mut self, answer: &PubAck) -> Option<Notice> {
        let token = self.in_flight.remove(&answer.pkid)?;
        let reason = match answer.reason {
            PubAckReason::Success => return Some(Notice::Acked { token }),
            PubAckReason::NoMatchingSubscribers => "nobody is subscribed to it".to_owned(),
            PubAckReason::NotAuthorized => "not authorised to publish there".to_owned(),
            PubAckReason::QuotaExceeded => "the broker's quota is used up".to_owned(),
            other => format!("{other:?}"),
        };
        Some(Notice::NotTaken { token, reason })
    }
}

/// Notes when the caller stopped listening, also if it did so by dropping the future.
struct Leaving<'a>(&'a mut Mono);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        *self.0 = clock::now().mono;
    }
}

fn poll(mut events: EventLoop) -> Poll {
    Box::pin(async move {
        let result = events.poll().await;
        (events, result)
    })
}

fn one_and_a_half(keep_alive: Duration) -> Duration {
    keep_alive.max(SHORTEST_KEEP_ALIVE).saturating_mul(3) / 2
}

/// What the first filter's answer means for the connection, and how many of the others were refused.
fn subscribed(answer: &SubAck) -> Result<Notice, BrokerError> {
    let is_refused = |code: &&SubscribeReasonCode| !matches!(code, SubscribeReasonCode::Success(_));
    match answer.return_codes.first().filter(is_refused) {
        None => Ok(Notice::Subscribed { refused: answer.return_codes.iter().filter(is_refused).count() }),
        Some(code) => Err(BrokerError::Refused { what: "the subscription", reason: format!("{code:?}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_holds_without_its_later_topics_but_not_without_the_first() {
        use SubscribeReasonCode::{NotAuthorized, Success};
        let granted = Success(QoS::AtLeastOnce);
        let answer = |return_codes| subscribed(&SubAck { pkid: 1, return_codes, properties: None });
        assert!(matches!(answer(vec![granted, granted]), Ok(Notice::Subscribed { refused: 0 })));
        assert!(matches!(answer(vec![granted, NotAuthorized]), Ok(Notice::Subscribed { refused: 1 })));
        assert!(matches!(answer(vec![NotAuthorized, granted]), Err(BrokerError::Refused { .. })));
    }
}
