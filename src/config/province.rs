//! A province's configuration: where it stores, whom it hears, which centres it knows.

use std::path::PathBuf;

use super::Context;
use super::address::{BrokerAddress, broker, topic_root};
use super::edge::{reserve, section, storage_path};
use super::reader::Table;
use super::value::{Taken, quoted};
use super::web::{Web, web};
use crate::model::CentreId;

/// Where a province's pages are, unless the file says otherwise.
const PROVINCE_PORT: u16 = 8090;

/// What a province runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvinceConfig {
    /// What people call it.
    pub name: String,
    /// Where events and files are stored.
    pub storage: ProvinceStorage,
    /// Its web server.
    pub web: Web,
    /// The broker on this machine.
    pub broker: BrokerAddress,
    /// The topic below which everything is.
    pub root: String,
    /// The file of the province's key; made at the first start.
    pub identity: PathBuf,
    /// The folder of the authority that signs centres' certificates, if this machine has one.
    pub authority: Option<PathBuf>,
    /// The centres that it hears, at least one.
    pub centres: Vec<KnownCentre>,
}

/// Where a province stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvinceStorage {
    /// The folder that holds everything.
    pub path: PathBuf,
    /// How much of the disk stays free; not zero.
    pub reserve_bytes: u64,
}

/// A centre that the province hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCentre {
    /// Its id.
    pub id: CentreId,
    /// What people call it.
    pub name: String,
    /// The file of its public keys, PEM.
    pub keys: PathBuf,
}

/// Reads the whole file.
pub(super) fn province(mut root: Table<'_>, context: &Context<'_>) -> Option<ProvinceConfig> {
    let own = section(&mut root, "province").and_then(|mut table| {
        let name = table.required("name", "\"Phú Thọ\"", |value| value.name());
        let broker = broker(&mut table, context);
        let topics = topic_root(&mut table);
        let identity = table.required("identity", "\"identity.pem\"", |value| value.path(context));
        let authority = match table.value("authority") {
            None => Some(None),
            Some(value) => value.path(context).map(Some),
        };
        if authority == Some(None) && broker.as_ref().is_some_and(|broker| broker.secure) {
            table.amiss("mqtts:// needs a certificate of the province's: write authority = \"authority\"");
        }
        table.finish();
        Some((name?, broker?, topics?, identity?, authority?))
    });
    let storage = section(&mut root, "storage").and_then(|mut table| {
        let path =
            table.required("path", "\"/var/lib/quaywatch-province\"", |value| storage_path(&value, context));
        let reserve_bytes = table.or("reserve", 10_000_000_000, reserve);
        table.finish();
        Some(ProvinceStorage { path: path?, reserve_bytes: reserve_bytes? })
    });
    let web = match root.table("web") {
        None => Some(Web::here(PROVINCE_PORT)),
        Some(table) => web(table, PROVINCE_PORT, context),
    };
    let (mut ids, mut keys) = (Taken::new(), Taken::new());
    let tables = root.tables("centre", "centre");
    if tables.is_empty() {
        root.amiss("no centre is known: write at least one [[centre]]");
    }
    let centres: Vec<_> =
        tables.into_iter().map(|table| centre(table, &mut ids, &mut keys, context)).collect();
    root.finish();
    let (name, broker, topics, identity, authority) = own?;
    Some(ProvinceConfig {
        name,
        storage: storage?,
        web: web?,
        broker,
        root: topics,
        identity,
        authority,
        centres: centres.into_iter().collect::<Option<_>>()?,
    })
}

fn centre(
    mut table: Table<'_>,
    ids: &mut Taken,
    keys: &mut Taken,
    context: &Context<'_>,
) -> Option<KnownCentre> {
    let mut typed = None;
    let id = table.required("id", "\"xuan-lung\"", |value| {
        let text = value.text()?;
        typed = Some(text);
        let id = CentreId::new(text).map_err(|why| value.wrong::<()>(format!("= {why}"))).ok()?;
        match value.take(ids, text) {
            Ok(()) => Some(id),
            Err((_, line)) => {
                let who = format!("centre id {}", quoted(text));
                value.called(who).wrong(format!("is already used on line {line}"))
            }
        }
    });
    if let Some(typed) = typed {
        table.call(format!("centre {}", quoted(typed)));
    }
    let name = table.required("name", "\"Xuân Lũng\"", |value| value.name());
    let keys = table.required("keys", "\"centres/xuan-lung.pub.pem\"", |value| {
        let path = value.path(context)?;
        match value.take(keys, &path.to_string_lossy()) {
            Ok(()) => Some(path),
            Err((_, line)) => {
                value.wrong(format!("is the same file as on line {line}: each centre signs with its own key"))
            }
        }
    });
    table.finish();
    Some(KnownCentre { id: id?, name: name?, keys: keys? })
}
