//! What both roles do around their work: own the storage, stop on a signal, say how it ended.

use std::future::Future;
use std::path::Path;
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::signals::stop_on_signal;
use super::{USAGE, failed};
use crate::disk::{self, LockError};

/// Locks `storage` for `role`, runs `work` until it ends or a signal asks for it, and gives the
/// exit code.
pub(super) async fn run<F>(role: &str, storage: &Path, work: impl FnOnce(CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    let lock = match disk::lock_storage(storage, role) {
        Ok(lock) => lock,
        Err(e @ LockError::Held { .. }) => return failed(USAGE, e),
        Err(e @ LockError::Io(_)) => return failed(1, format!("[storage] path: {e}")),
    };
    let stop = CancellationToken::new();
    let running = work(stop.clone());
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
