//! By what right we reach the province and believe it: the keys of its receipts, and our papers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::Tls;
use crate::config::ProvinceLink;
use crate::enrol::Folder;
use crate::keys;
use crate::model::{CentreId, Wall};
use crate::wire::{Signer, Trust};

/// How often the files are looked at again: papers may be renewed, or put there by hand.
const AGAIN: Duration = Duration::from_secs(20);

/// So long before its certificate runs out a centre asks for a new one, and says so.
const RENEWED_BEFORE_MS: i64 = 30 * 86_400_000;

/// What a connection to the province goes by.
#[derive(Debug, Clone)]
pub struct Access {
    /// The keys whose receipts and commands count.
    pub trust: Trust,
    /// TLS with our certificate, unless the broker is on this machine.
    pub tls: Option<Tls>,
    certificate: Option<CertificateDer<'static>>,
    folder: Option<Folder>,
}

impl Access {
    /// Access to a broker on this machine, which needs no papers.
    pub fn plain(trust: Trust) -> Self {
        Self { trust, tls: None, certificate: None, folder: None }
    }

    /// What the files say that `link` names.
    ///
    /// # Errors
    /// If one of them cannot be used; in words.
    pub fn load(link: &ProvinceLink, centre: &CentreId, signer: &Signer) -> anyhow::Result<Self> {
        let own = link.trust.as_deref().map(keys::load_trust).transpose();
        let mut own = own.context("the province's public keys ([province] trust)")?.unwrap_or_default();
        let Some(folder) = link.enrolment.clone().map(Folder) else { return Ok(Self::plain(own)) };
        let papers =
            folder.read_papers(centre, &signer.public()).context("our papers ([province] enrolment)")?;
        let key = PrivatePkcs8KeyDer::from(folder.tls_key()?.serialize_der());
        let tls =
            Tls::new(&papers.authorities, papers.tls.clone(), PrivateKeyDer::Pkcs8(key), papers.validity)
                .map_err(anyhow::Error::msg)?;
        own.extend(&papers.trust);
        let tls = link.broker.secure.then_some(tls);
        Ok(Self { trust: own, tls, certificate: Some(papers.tls), folder: Some(folder) })
    }

    /// When our certificate runs out, if we have one.
    pub fn expires(&self) -> Option<Wall> {
        self.tls.as_ref().map(|tls| tls.validity.to)
    }

    /// Whether it is time for a new one.
    pub fn is_to_be_renewed(&self, now: Wall) -> bool {
        self.expires().is_some_and(|to| to.millis_since(now) < RENEWED_BEFORE_MS)
    }

    /// The request for a new one, where it is time.
    pub(super) fn request(&self, centre: &CentreId, signer: &Signer, now: Wall) -> Option<String> {
        let folder = self.folder.as_ref().filter(|_| self.is_to_be_renewed(now))?;
        let made = folder.tls_key().and_then(|key| crate::enrol::Request::make(centre, &key, signer, now));
        made.inspect_err(|e| tracing::error!("no request for a new certificate can be made: {e:#}")).ok()
    }
}

/// Loads the access, waits aloud until it can be had, and looks for changes until `stop`. Without it
/// nothing can be delivered, but that is no reason not to record.
///
/// # Errors
/// None: it ends with `stop`.
pub async fn keep_access(
    link: ProvinceLink,
    centre: CentreId,
    signer: Arc<Signer>,
    given: watch::Sender<Option<Access>>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut told = String::new();
    loop {
        match Access::load(&link, &centre, &signer) {
            Ok(access) => {
                given.send_if_modified(|had| {
                    let same = had.as_ref().is_some_and(|had| {
                        had.certificate == access.certificate && had.trust == access.trust
                    });
                    if !same {
                        *had = Some(access);
                    }
                    !same
                });
                told.clear();
            }
            Err(e) => {
                let words = format!("{e:#}");
                if words != told {
                    let lacks = if given.borrow().is_some() {
                        "the change is not taken"
                    } else {
                        "nothing can be delivered"
                    };
                    tracing::error!(target: "forward", "{lacks}: {words}");
                    told = words;
                }
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await.is_none() {
            return Ok(());
        }
    }
}
