//! What both roles do around their work: own the storage, stop on a signal, say how it ended.

use std::future::Future;
use std::path::Path;
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::signals::stop_on_signal;
use super::{USAGE, failed};
use crate::disk::{self, LockError};
use crate::mounts;

/// How a role finds its storage.
pub(super) struct Start {
    /// Ends the work.
    pub stop: CancellationToken,
    /// Whether the process before this one died over its work.
    pub predecessor_died: bool,
}

/// Sees that the disk of `storage` is there (`mount`, if the config names where), locks it for
/// `role`, runs `work` until it ends or a signal asks for it, and gives the exit code.
pub(super) async fn run<F>(
    role: &str,
    storage: &Path,
    mount: Option<&Path>,
    work: impl FnOnce(Start) -> F,
) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    // Before anything is made: a folder below an empty mount point would be on the system disk.
    if let Err(missing) = mounts::check(storage, mount) {
        return failed(1, missing);
    }
    let lock = match disk::lock_storage(storage, role) {
        Ok(lock) => lock,
        Err(e @ LockError::Held { .. }) => return failed(USAGE, e),
        Err(e @ LockError::Io(_)) => return failed(1, format!("[storage] path: {e}")),
    };
    let stop = CancellationToken::new();
    let running = work(Start { stop: stop.clone(), predecessor_died: lock.predecessor_died() });
    let signals = stop_on_signal(stop);
    tokio::pin!(running);
    let outcome = tokio::select! {
        outcome = &mut running => outcome,
        () = signals => running.await,
    };
    match outcome {
        Ok(()) => {
            lock.give_back();
            ExitCode::SUCCESS
        }
        Err(e) => failed(1, format!("{e:#}")),
    }
}
