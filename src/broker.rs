//! One MQTT 5 connection, owned by one task, for both ends.
//!
//! Constraints, each learned from what `rumqttc` or a broker does when the link fails:
//! - Nothing is resent here. On an error that ends the connection the caller drops the whole
//!   [`Connection`], backs off, opens a new one and sends again what has no receipt.
//! - A broker that accepts and then says nothing is noticed after one and a half keep-alives. What
//!   the caller sends must fit the link: a window that takes longer than that looks the same.
//! - No more is on its way than the broker's Receive Maximum allows, nothing larger than its
//!   Maximum Packet Size is handed to the client (it would try for ever), and a PUBACK that says
//!   that nobody is subscribed is not a success.
//! - The client's `poll` loses a packet when it is dropped half-way, so the running poll is kept
//!   here between two calls of [`Connection::next`].

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectProperties, ConnectReturnCode, Filter, LastWill, LastWillProperties, Packet, PubAck,
    PubAckReason, Publish, PublishProperties, SubAck, SubscribeReasonCode,
};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, StateError};
use rumqttc::{NetworkOptions, Outgoing};

use crate::clock;
use crate::model::Mono;
use crate::wire;

/// `rumqttc` panics below this.
const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(5);
/// More than this on the way at once helps no link that we have measured.
const WIDEST_WINDOW: u16 = 65;
/// As many as there are packet ids (acknowledgements may all wait at once) and some more.
const REQUESTS: usize = 66_000;
const CONNECT_SECONDS: u64 = 5;
const SESSION_SECONDS: u32 = 24 * 60 * 60;

/// Where the broker is and who we are there.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The user name, where the broker wants one.
    pub user: Option<String>,
    /// The password, never shown.
    pub password: Option<String>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "(hidden)");
        let mut shown = f.debug_struct("Address");
        shown.field("host", &self.host).field("port", &self.port).field("user", &self.user);
        shown.field("password", &password).finish()
    }
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to.
    pub address: Address,
    /// The name of this client; a second one with the same name ends the first.
    pub client_id: String,
    /// How often to ask whether the broker is there; at least 5 s.
    pub keep_alive: Duration,
    /// Whether to begin without what an earlier connection left (clean start, session expiry 0).
    /// Otherwise the broker keeps the session for a day.
    pub clean: bool,
    /// What the broker publishes if this connection ends without a word.
    pub will: Option<Message>,
    /// Whether what is received stays the broker's until [`Connection::ack`].
    pub manual_acks: bool,
    /// The largest packet that we take, in bytes.
    pub max_packet: u32,
    /// How many unacknowledged messages we take at once.
    pub receive_maximum: u16,
}

/// A message to be published, at least once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// The exact bytes.
    pub payload: Bytes,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// The signature over the payload; it travels in the user properties.
    pub signature: Option<wire::Signature>,
}

/// A message that arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its topic.
    pub topic: String,
    /// The exact bytes.
    pub payload: Bytes,
    /// Whether it was kept by the broker from before the subscription.
    pub retain: bool,
    /// The signature that came with it, unchecked.
    pub signature: Option<wire::Signature>,
    handle: Option<(u64, u16)>,
}

/// What happened on the connection.
#[derive(Debug, Clone)]
pub enum Notice {
    /// The broker took us. Subscribe now, also if the session was there before.
    Connected {
        /// How many unacknowledged messages the broker takes at once.
        receive_maximum: u16,
        /// The largest packet that the broker takes, where it says so.
        max_packet: Option<u32>,
        /// Whether the broker still had our session.
        session_present: bool,
    },
    /// A message arrived.
    Received(Received),
    /// The broker has taken the message of this token. That is not a receipt.
    Acked {
        /// The token given to [`Connection::publish`].
        token: u64,
    },
    /// The broker has not taken the message of this token, or nobody is subscribed to it.
    NotTaken {
        /// The token given to [`Connection::publish`].
        token: u64,
        /// Why, in words.
        reason: String,
    },
    /// The broker has taken the subscription.
    Subscribed,
}

/// Why something could not be done, named by what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// Nobody answers there: try again later.
    #[error("the broker at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The broker does not want us: someone must change user, password or rights.
    #[error("the broker refuses {what}: {reason}")]
    Refused {
        /// The connection, or the subscription.
        what: &'static str,
        /// What the broker said.
        reason: String,
    },
    /// The broker went quiet: connect again.
    #[error("no answer from the broker for {} s", .0.as_secs())]
    Silent(Duration),
    /// The connection ended: connect again.
    #[error("the connection to the broker was lost: {0}")]
    Lost(String),
    /// The broker sent what no broker may send: connect again.
    #[error("the broker breaks the protocol: {0}")]
    Misbehaves(String),
    /// This message is too large for this broker: send it in smaller pieces, or give it up.
    #[error("a packet of {size} bytes is over the broker's limit of {limit}")]
    TooLarge {
        /// The whole packet, in bytes.
        size: u64,
        /// What the broker takes, in bytes.
        limit: u64,
    },
    /// The window is full or the connection not there yet: wait for [`Notice::Acked`].
    #[error("no room for another message now")]
    NoRoom,
    /// This message can never be published.
    #[error("the message cannot be published: {0}")]
    Unpublishable(String),
}

impl BrokerError {
    /// Whether the connection is still good after this error; if not, drop it.
    pub fn keeps_connection(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::NoRoom | Self::Unpublishable(_))
    }
}

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
            disconnected: false,
        }
    }

    /// Asks for every topic that fits `filters`, at least once each; answered by
    /// [`Notice::Subscribed`].
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
        let _mark = Leaving(&mut self.left);
        let (events, result) = tokio::select! {
            biased;
            done = &mut self.poll => done,
            () = clock::sleep_until(quiet_at) => return Err(BrokerError::Silent(self.silence)),
        };
        self.poll = poll(events);
        let event = result.map_err(|error| in_words(&self.address, self.silence, error))?;
        if matches!(event, Event::Incoming(_)) {
            self.heard = clock::now().mono;
        }
        Ok(event)
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

fn client_options(options: &Options, keep_alive: Duration) -> MqttOptions {
    let address = &options.address;
    let mut made = MqttOptions::new(options.client_id.as_str(), address.host.as_str(), address.port);
    made.set_keep_alive(keep_alive);
    made.set_connection_timeout(CONNECT_SECONDS);
    made.set_clean_start(options.clean);
    made.set_manual_acks(options.manual_acks);
    made.set_outgoing_inflight_upper_limit(WIDEST_WINDOW);
    if address.user.is_some() || address.password.is_some() {
        let (user, password) = (address.user.clone(), address.password.clone());
        made.set_credentials(user.unwrap_or_default(), password.unwrap_or_default());
    }
    let mut properties = ConnectProperties::new();
    properties.session_expiry_interval = Some(if options.clean { 0 } else { SESSION_SECONDS });
    properties.max_packet_size = Some(options.max_packet);
    properties.receive_maximum = Some(options.receive_maximum.max(1));
    made.set_connect_properties(properties);
    // An acknowledgement must not wait for the next packet to share a segment with.
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    made.set_network_options(network);
    if let Some(will) = options.will.clone() {
        let properties = LastWillProperties {
            delay_interval: None,
            payload_format_indicator: None,
            message_expiry_interval: None,
            content_type: None,
            response_topic: None,
            correlation_data: None,
            user_properties: user_properties(will.signature),
        };
        made.set_last_will(LastWill::new(
            will.topic,
            will.payload.to_vec(),
            QoS::AtLeastOnce,
            will.retain,
            Some(properties),
        ));
    }
    made
}

fn user_properties(signature: Option<wire::Signature>) -> Vec<(String, String)> {
    signature.map_or_else(Vec::new, |signature| {
        vec![
            (wire::SIGNATURE_PROPERTY.to_owned(), signature.sig),
            (wire::KEY_PROPERTY.to_owned(), signature.kid),
        ]
    })
}

/// An upper bound of the packet's length: fixed header 5, topic and its length, packet id 2,
/// properties and their length (at most 4 bytes), payload (MQTT 5, 3.3).
fn packet_size(topic: &str, payload: &Bytes, properties: &PublishProperties) -> u64 {
    let property = |(key, value): &(String, String)| 1 + 2 + key.len() + 2 + value.len();
    let properties: usize = properties.user_properties.iter().map(property).sum();
    (5 + 2 + topic.len() + 2 + 4 + properties + payload.len()) as u64
}

fn subscribed(answer: &SubAck) -> Result<Notice, BrokerError> {
    let refused = answer.return_codes.iter().find(|code| !matches!(code, SubscribeReasonCode::Success(_)));
    match refused {
        None => Ok(Notice::Subscribed),
        Some(code) => Err(BrokerError::Refused { what: "the subscription", reason: format!("{code:?}") }),
    }
}

fn in_words(address: &str, silence: Duration, error: ConnectionError) -> BrokerError {
    let unreachable = |reason: String| BrokerError::Unreachable { address: address.to_owned(), reason };
    match error {
        ConnectionError::Timeout(_) => unreachable(format!("no answer within {CONNECT_SECONDS} s")),
        ConnectionError::Io(error) => unreachable(error.to_string()),
        ConnectionError::ConnectionRefused(code) => BrokerError::Refused {
            what: "the connection",
            reason: match code {
                ConnectReturnCode::NotAuthorized => "not authorised".to_owned(),
                ConnectReturnCode::BadUserNamePassword => "the user name or password is wrong".to_owned(),
                other => format!("{other:?}"),
            },
        },
        ConnectionError::NotConnAck(_) => BrokerError::Misbehaves("its first packet is no CONNACK".into()),
        ConnectionError::RequestsDone => BrokerError::Lost("it was closed here".into()),
        ConnectionError::MqttState(state) => match state {
            StateError::AwaitPingResp => BrokerError::Silent(silence),
            StateError::Io(error) => BrokerError::Lost(error.to_string()),
            StateError::ConnectionAborted => BrokerError::Lost("the broker closed it".into()),
            StateError::ServerDisconnect { reason_code, reason_string } => {
                let said = reason_string.unwrap_or_else(|| format!("{reason_code:?}"));
                BrokerError::Lost(format!("the broker ended it: {said}"))
            }
            other => BrokerError::Misbehaves(other.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows_in_debug_output() {
        let password = Some("hunter2".to_owned());
        let address = Address { host: "b".into(), port: 1883, user: Some("p".into()), password };
        assert!(!format!("{address:?} {address}").contains("hunter2"));
    }

    #[test]
    fn the_size_reckoned_is_never_below_the_size_sent() {
        for (topic, payload) in [("a", 0usize), ("quaywatch/v1/x/event", 200), ("t", 300_000)] {
            let signature = wire::Signer::from_secret([1; 32]).sign(b"x");
            let properties = PublishProperties {
                user_properties: user_properties(Some(signature)),
                ..PublishProperties::default()
            };
            let payload = Bytes::from(vec![0u8; payload]);
            let reckoned = packet_size(topic, &payload, &properties);
            let mut publish = Publish::new(topic, QoS::AtLeastOnce, payload, Some(properties));
            publish.pkid = 1;
            let sent = publish.size() as u64;
            assert!(reckoned >= sent && reckoned <= sent + 16, "{reckoned} for {sent}");
        }
    }
}
