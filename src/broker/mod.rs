//! One MQTT 5 connection, owned by one task, for both ends.
//!
//! Constraints, each learned from what `rumqttc` or a broker does when the link fails:
//! - Nothing is resent here. On an error that ends the connection the caller drops the whole
//!   `Connection`, backs off, opens a new one and sends again what has no receipt.
//! - A broker that accepts and then says nothing is noticed after one and a half keep-alives. What
//!   the caller sends must fit the link: a window that takes longer than that looks the same.
//! - No more is on its way than the broker's Receive Maximum allows, nothing larger than its
//!   Maximum Packet Size is handed to the client (it would try for ever), and a PUBACK that says
//!   that nobody is subscribed is not a success.
//! - The client's `poll` loses a packet when it is dropped half-way, so the running poll is kept
//!   here between two calls of `Connection::next`.

mod connection;

mod error;

mod setup;

mod tls;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::config::BrokerAddress;
use crate::wire;

pub use connection::Connection;
pub use error::BrokerError;
pub use tls::{Tls, TlsFault};

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

impl From<&BrokerAddress> for Address {
    fn from(written: &BrokerAddress) -> Self {
        Self {
            host: written.host.clone(),
            port: written.port,
            user: written.user.clone(),
            password: written.password.as_ref().map(|password| password.reveal().to_owned()),
        }
    }
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
    /// TLS, where the connection is to have it.
    pub tls: Option<Tls>,
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
    Subscribed {
        /// How many of the filters but the first the broker refused.
        refused: usize,
    },
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
}
