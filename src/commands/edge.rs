//! `quaywatch edge`: runs a centre.

use std::path::Path;
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::signals::stop_on_signal;
use super::{USAGE, failed};
use crate::disk::LockError;
use crate::{config, disk};

pub(super) async fn run(path: &Path) -> ExitCode {
    let config = match config::load_edge(path) {
        Ok(config) => config,
        Err(problems) => return failed(USAGE, format!("the configuration is wrong:\n{problems}")),
    };
    let lock = match disk::lock_storage(&config.storage.path, "edge") {
        Ok(lock) => lock,
        Err(e @ LockError::Held { .. }) => return failed(USAGE, e),
        Err(e @ LockError::Io(_)) => return failed(1, format!("[storage] path: {e}")),
    };
    let stop = CancellationToken::new();
    let running = crate::edge::run(config, stop.clone());
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
