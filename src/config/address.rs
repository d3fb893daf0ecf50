//! Where cameras and the broker are, and which addresses are refused.
//!
//! No message repeats an address: it may hold a password.

use std::net::IpAddr;
use std::path::PathBuf;

use url::Url;

use super::Context;
use super::reader::Table;
use super::secret::{Secret, login};
use super::value::{Value, quoted};

/// The port of MQTT without TLS.
const MQTT_PORT: u16 = 1883;
/// The port of MQTT over TLS.
const MQTTS_PORT: u16 = 8883;

/// A broker and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    /// Its name or IP address (IPv6 without brackets).
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the connection has TLS; without it the broker is on this machine.
    pub secure: bool,
    /// The user name there, if it asks for one.
    pub user: Option<String>,
    /// The password of that user.
    pub password: Option<Secret>,
}

/// Reads `broker` with its `user` and password.
pub(super) fn broker(table: &mut Table<'_>, context: &Context<'_>) -> Option<BrokerAddress> {
    let address = table.required("broker", "\"mqtts://mqtt.phutho.gov.vn:8883\"", |value| broker_url(&value));
    let (user, password) = login(table, context);
    let (host, port, secure) = address?;
    Some(BrokerAddress { host, port, secure, user, password })
}

fn broker_url(value: &Value<'_>) -> Option<(String, u16, bool)> {
    let url = url_noting_login(value)?;
    let secure = match url.scheme() {
        "mqtt" => false,
        "mqtts" => true,
        other => return value.wrong(format!("must begin with mqtts:// or mqtt://, not {}", quoted(other))),
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let is_local =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    if !is_local && !secure {
        return value.wrong(
            "is on another machine, and mqtt:// would send everything there for all to read: write mqtts://",
        );
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.port() == Some(0) {
        return value.wrong("must be mqtts:// or mqtt://, a host and a port, and nothing more");
    }
    Some((host, url.port().unwrap_or(if secure { MQTTS_PORT } else { MQTT_PORT }), secure))
}

/// Reads a camera's stream address.
pub(super) fn stream_url(value: &Value<'_>) -> Option<Url> {
    let url = url_noting_login(value)?;
    match url.scheme() {
        "rtsp" if url.port() == Some(0) => value.wrong("has port 0: a camera usually has 554"),
        "rtsp" => Some(url),
        "rtsps" => value.wrong("is rtsps, which is not supported yet: use rtsp://"),
        other => value.wrong(format!("must begin with rtsp://, not {}", quoted(other))),
    }
}

/// What tells two addresses of one stream from those of two.
pub(super) fn same_stream_key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let path = if url.path().is_empty() { "/" } else { url.path() };
    format!("{host}:{}{path}?{}", url.port().unwrap_or(554), url.query().unwrap_or_default())
}

/// The address, even if a login in it is noted, so that what else is wrong with it is told too.
fn url_noting_login(value: &Value<'_>) -> Option<Url> {
    let text = value.text()?;
    let parsed = Url::parse(text);
    let has_login = match &parsed {
        Ok(url) => !url.username().is_empty() || url.password().is_some(),
        Err(_) => text.contains('@'),
    };
    if has_login {
        value.wrong::<()>(
            "has a user or password in it: take the password out of the URL; \
             write user = … and password_file = …",
        );
    }
    match parsed {
        Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => Some(url),
        Ok(_) => {
            value.wrong("has no host: write for example rtsp://192.168.1.20/… or mqtts://mqtt.phutho.gov.vn")
        }
        Err(_) if has_login => None,
        Err(why) => value.wrong(format!("is not an address ({why}): write scheme://host:port/path")),
    }
}

/// Reads `root`, the topic below which everything is.
pub(super) fn topic_root(table: &mut Table<'_>) -> Option<String> {
    table.or("root", "quaywatch/v1".to_owned(), |value| {
        let text = value.text()?;
        let fits = text.len() <= 100
            && text.split('/').all(|level| {
                !level.is_empty()
                    && level.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            });
        if fits {
            return Some(text.to_owned());
        }
        value.wrong("must be words of a-z, A-Z, 0-9, -, _ and . with / between them, as in quaywatch/v1")
    })
}

impl Value<'_> {
    /// A path; a relative one begins at the folder of the configuration file.
    pub(super) fn path(&self, context: &Context<'_>) -> Option<PathBuf> {
        let text = self.text()?;
        if text.trim().is_empty() {
            return self.wrong("is empty: write a path");
        }
        if text.chars().any(char::is_control) || text.contains("://") {
            return self.wrong("must be a path on this machine");
        }
        Some(context.base.join(text))
    }
}
