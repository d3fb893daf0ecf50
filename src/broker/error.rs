//! What can go wrong with a broker, in plain words, named by what to do about it.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::ConnectReturnCode;
use rumqttc::v5::{ConnectionError, StateError};

use super::setup::CONNECT_SECONDS;
use super::tls::TlsFault;

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
    /// There is no safe way to it: a certificate, or a clock, is to be put right.
    #[error("no secure connection to the broker at {address}: {fault}")]
    Unsafe {
        /// Where.
        address: String,
        /// What is wrong.
        fault: TlsFault,
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
    /// The window is full or the connection not there yet: wait for [`super::Notice::Acked`].
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
/// The client's error in our words.
pub fn in_words(address: &str, silence: Duration, error: ConnectionError) -> BrokerError {
    let unreachable = |reason: String| BrokerError::Unreachable { address: address.to_owned(), reason };
    match error {
        ConnectionError::Tls(error) => {
            BrokerError::Unsafe { address: address.to_owned(), fault: TlsFault::Other(error.to_string()) }
        }
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
