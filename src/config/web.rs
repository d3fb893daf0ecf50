//! Where pages are served, and how they are reached.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::Context;
use super::reader::Table;

const USUAL_IDLE: Duration = Duration::from_secs(30 * 60);

/// The web server of a centre or of the province.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate that browsers see; without one it speaks in the clear.
    pub tls: Option<WebTls>,
    /// Whether a proxy in front of it ends TLS and says who asks.
    pub behind_proxy: bool,
    /// After so long without use somebody is signed out.
    pub idle: Duration,
}

/// A certificate and its key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebTls {
    /// The certificate, and those between it and the authority that browsers know.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Web {
    /// In the clear, for this machine.
    pub fn plain(listen: SocketAddr) -> Self {
        Self { listen, tls: None, behind_proxy: false, idle: USUAL_IDLE }
    }

    /// On this machine at `port`.
    pub(super) fn here(port: u16) -> Self {
        Self::plain(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Whether browsers reach it by TLS.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some() || self.behind_proxy
    }
}

/// Reads the table `[web]`.
pub(super) fn web(mut table: Table<'_>, port: u16, context: &Context<'_>) -> Option<Web> {
    let default = Web::here(port).listen;
    let certificate = table.value("certificate").map(|value| value.path(context));
    let key = table.value("key").map(|value| value.path(context));
    let behind_proxy = table.or("behind_proxy", false, |value| value.truth());
    let (has_certificate, has_key) = (certificate.is_some(), key.is_some());
    if has_certificate != has_key {
        table.amiss("certificate and key belong together: write both, or neither");
    }
    let is_kept_secret = has_certificate;
    let listen = table.or("listen", default, |value| match value.text()?.parse::<SocketAddr>() {
        Ok(address) if is_kept_secret || address.ip().to_canonical().is_loopback() => Some(address),
        Ok(_) => value.wrong(format!(
            "can be reached from other machines, and passwords would go there for all to read: write certificate = … \
             and key = …, or listen = \"{default}\" and behind_proxy = true where a proxy on this machine ends TLS"
        )),
        Err(_) => value.wrong(format!("must be an IP address and a port: write \"{default}\"")),
    });
    let idle = table.or("idle", USUAL_IDLE, |value| {
        value.duration(Duration::from_secs(60)..=Duration::from_secs(12 * 3600))
    });
    table.finish();
    let tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(WebTls { certificate: certificate?, key: key? }),
        (None, None) => None,
        _ => return None,
    };
    Some(Web { listen: listen?, tls, behind_proxy: behind_proxy?, idle: idle? })
}
