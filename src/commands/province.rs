//! `quaywatch province`: runs the provincial receiver.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::signals::stop_on_signal;
use super::{USAGE, failed};
use crate::config::{self, ProvinceConfig};
use crate::disk::LockError;
use crate::province::{KnownCentre, Settings};
use crate::{broker, disk, keys, province};

pub(super) async fn run(path: &Path) -> ExitCode {
    let config = match config::load_province(path) {
        Ok(config) => config,
        Err(problems) => return failed(USAGE, format!("the configuration is wrong:\n{problems}")),
    };
    let lock = match disk::lock_storage(&config.storage.path, "province") {
        Ok(lock) => lock,
        Err(e @ LockError::Held { .. }) => return failed(USAGE, e),
        Err(e @ LockError::Io(_)) => return failed(1, format!("[storage] path: {e}")),
    };
    let settings = match settings(config) {
        Ok(settings) => settings,
        Err(e) => return failed(USAGE, format!("{e:#}")),
    };
    let stop = CancellationToken::new();
    let running = province::run(settings, stop.clone());
    let signals = stop_on_signal(stop);
    tokio::pin!(running);
    let outcome = tokio::select! {
        outcome = &mut running => outcome,
        () = signals => running.await,
    };
    drop(lock);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed(1, format!("{e:#}")),
    }
}

fn settings(config: ProvinceConfig) -> anyhow::Result<Settings> {
    let known = |centre: config::KnownCentre| {
        let trust = keys::load_trust(&centre.keys)
            .with_context(|| format!("the public keys of centre {} ([[centre]] keys)", centre.id))?;
        anyhow::Ok(KnownCentre { id: centre.id, name: centre.name, trust })
    };
    Ok(Settings {
        storage: config.storage.path,
        listen: config.listen,
        broker: broker::Address {
            host: config.broker.host,
            port: config.broker.port,
            user: config.broker.user,
            password: config.broker.password.map(|p| p.reveal().to_owned()),
        },
        root: config.root,
        reserve_bytes: config.storage.reserve_bytes,
        centres: config.centres.into_iter().map(known).collect::<anyhow::Result<_>>()?,
        signer: keys::load_or_make(&config.identity)?,
    })
}
