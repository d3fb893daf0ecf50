//! The provincial receiver: what is new, a duplicate or a gap; stores, **then** receipts; who is
//! alive, late or silent; and the pages that show it.
//!
//! Invariant: a receipt `stored` is sent only after the commit, and a file's only after the whole
//! of it was read back with the announced digest. Nothing that a centre sends can change what
//! another centre has stored.

pub(crate) mod ranges;

pub(crate) mod intake;

pub(crate) mod transfer;

mod centres;

mod silence;

mod raising;

mod evidence;

mod chain;

mod manifest;

mod watch;

mod store;

mod answers;

mod errands;

mod commander;

mod renewal;

mod take;

mod receive;

mod http;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::config::Web;
use crate::enrol::Authority;
use crate::http::House;
use crate::model::{CentreId, Ids};
use crate::wire::{Signer, Topics, Trust};
use crate::{broker, clock};
use commander::Commander;
pub use http::Pages;
use receive::Commands;
use renewal::Renewal;
pub use store::{DATABASE, migrations};

/// Of one centre, at most this much may be under way.
const MOST_FILES: u64 = 200;
const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// An ordinary chunk is 256 KiB; nothing that we take is larger than this.
const MAX_PACKET: u32 = 1024 * 1024;
const RECEIVE_MAXIMUM: u16 = 64;

/// What a province runs on.
#[derive(Debug)]
pub struct Settings {
    /// Where everything is stored; the caller has locked it.
    pub storage: PathBuf,
    /// What people call it.
    pub name: String,
    /// The web server.
    pub web: Web,
    /// The broker.
    pub broker: broker::Address,
    /// TLS to it, unless it is on this machine.
    pub tls: Option<broker::Tls>,
    /// The root of the topics, by default `quaywatch/v1`.
    pub root: String,
    /// Free bytes that must stay on the disk: below that, files are put off.
    pub reserve_bytes: u64,
    /// The centres of this province.
    pub centres: Vec<KnownCentre>,
    /// Signs the receipts and the commands.
    pub signer: Signer,
    /// Who signs centres' certificates, if this province does.
    pub authority: Option<Authority>,
}

/// A centre that may send.
#[derive(Debug, Clone)]
pub struct KnownCentre {
    /// Its id.
    pub id: CentreId,
    /// Its name, for people.
    pub name: String,
    /// The keys enrolled for it.
    pub trust: Trust,
}

/// Runs a province until `stop`.
///
/// # Errors
/// If the storage cannot be opened or the port cannot be had. A broker that is not there is no
/// error: it is tried again.
pub async fn run(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let limits = store::Limits { files: MOST_FILES, bytes: MOST_BYTES, reserve: settings.reserve_bytes };
    let storage = settings.storage.display();
    let opened = store::Store::open(&settings.storage, limits).await;
    let store = opened.with_context(|| format!("the storage {storage} cannot be opened"))?;
    let listener = tokio::net::TcpListener::bind(settings.web.listen).await;
    let listener = listener.with_context(|| format!("cannot serve on {}", settings.web.listen))?;
    tracing::info!(listen = %listener.local_addr()?, broker = %settings.broker, "the province is up");

    let health = Arc::new(receive::Health::default());
    let trust: BTreeMap<_, _> =
        settings.centres.iter().map(|centre| (centre.id.clone(), centre.trust.clone())).collect();
    let known = settings.centres.iter().map(|centre| centre.id.clone()).collect();
    let signer = Arc::new(settings.signer);
    let (commander, given) = Commander::new(store.clone(), signer.clone(), Ids::new(clock::id_seed()?));
    let folder = settings.authority.as_ref().map(|authority| Arc::from(authority.folder()));
    let renewal = settings.authority.map(|authority| Renewal {
        authority: Arc::new(authority),
        receipts: vec![signer.public()],
        commander: commander.clone(),
        store: store.clone(),
        trust: trust.clone(),
    });
    let taker = take::Taker { store: store.clone(), topics: Topics::new(&settings.root), trust };
    let options = broker::Options {
        address: settings.broker,
        tls: settings.tls,
        client_id: format!("province-{}", signer.public().kid()),
        keep_alive: KEEP_ALIVE,
        clean: false,
        will: None,
        manual_acks: true,
        max_packet: MAX_PACKET,
        receive_maximum: RECEIVE_MAXIMUM,
    };
    let receiver =
        receive::Receiver::new(taker, signer, options, health.clone(), Commands { given, renewal });
    let house = House {
        server: crate::http::Server::Province,
        name: settings.name,
        zone: province_zone(),
        is_secure: settings.web.is_secure(),
        is_behind_proxy: settings.web.behind_proxy,
    };
    let gate = store.gate(house, settings.web.idle)?;
    if let Some(password) = crate::http::begin(&gate).await? {
        crate::http::tell_first_password(&password);
    }
    // When the pages fail, receiving ends too, in order.
    let either = stop.child_token();
    let (standings, stands) = tokio::sync::watch::channel(centres::Standings::new());
    let pages = http::Pages {
        gate,
        store: store.clone(),
        centres: settings.centres.into(),
        health: health.clone(),
        standings: stands,
        commander,
        authority: folder,
        viewings: http::Viewings::default(),
        stop: either.clone(),
    };
    let serve = async {
        let served = crate::http::serve(&settings.web, listener, pages.router(), either.clone()).await;
        either.cancel();
        served
    };
    let watch = watch::Watch {
        store: store.clone(),
        centres: known,
        health: health.clone(),
        ids: Ids::new(clock::id_seed()?),
        standings,
    };
    let watching = watch::watch(watch, either.clone());
    let ((), (), served) = tokio::join!(receiver.run(either.clone()), watching, serve);
    store.close().await;
    served.context("the province's pages")
}

/// Vietnam has one clock.
fn province_zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap_or(jiff::tz::TimeZone::UTC)
}
