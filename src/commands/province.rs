//! `quaywatch province`: runs the provincial receiver.

use std::path::Path;
use std::process::ExitCode;

use super::{USAGE, failed, role};
use crate::broker::Tls;
use crate::config::{self, ProvinceConfig};
use crate::enrol::Authority;
use crate::province::{KnownCentre, Settings};
use crate::{clock, keys, province};
use anyhow::Context;

pub(super) async fn run(path: &Path) -> ExitCode {
    let config = match config::load_province(path) {
        Ok(config) => config,
        Err(problems) => return failed(USAGE, format!("the configuration is wrong:\n{problems}")),
    };
    let storage = config.storage.path.clone();
    let settings = match settings(config) {
        Ok(settings) => settings,
        Err(e) => return failed(USAGE, format!("{e:#}")),
    };
    role::run("province", &storage, None, |start| province::run(settings, start.stop)).await
}

fn settings(config: ProvinceConfig) -> anyhow::Result<Settings> {
    let known = |centre: config::KnownCentre| {
        let trust = keys::load_trust(&centre.keys)
            .with_context(|| format!("the public keys of centre {} ([[centre]] keys)", centre.id))?;
        anyhow::Ok(KnownCentre { id: centre.id, name: centre.name, trust })
    };
    let tls = match config.authority.as_deref().filter(|_| config.broker.secure) {
        None => None,
        Some(folder) => Some(tls(folder, &config.name)?),
    };
    let authority = config.authority.as_deref().filter(|folder| Authority::is_in(folder));
    let authority = authority.map(|folder| Authority::open_or_make(folder, &config.name, clock::now().wall));
    Ok(Settings {
        authority: authority.transpose()?,
        tls,
        storage: config.storage.path,
        name: config.name.clone(),
        web: config.web,
        broker: (&config.broker).into(),
        root: config.root,
        reserve_bytes: config.storage.reserve_bytes,
        centres: config.centres.into_iter().map(known).collect::<anyhow::Result<_>>()?,
        signer: keys::load_or_make(&config.identity)?,
    })
}

/// TLS to the broker with a certificate that the province's own authority makes for it.
fn tls(folder: &Path, name: &str) -> anyhow::Result<Tls> {
    let authority = Authority::open_or_make(folder, name, clock::now().wall)?;
    let (certificate, key, validity) = authority.sign_province(clock::now().wall)?.der()?;
    Tls::new(&[authority.root()?], certificate, key, validity).map_err(anyhow::Error::msg)
}
