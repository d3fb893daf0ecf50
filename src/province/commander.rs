//! Gives commands: signs them, puts them on record, and hands them to the receiver's loop, which sends them.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::store::{Store, StoreError, Unanswered};
use crate::clock;
use crate::model::{CentreId, CommandId, Ids};
use crate::wire::{Command, Signer};

/// Who gives commands. Clones share it.
#[derive(Debug, Clone)]
pub struct Commander {
    store: Store,
    signer: Arc<Signer>,
    ids: Arc<Mutex<Ids>>,
    given: mpsc::Sender<Unanswered>,
}

impl Commander {
    /// A commander, and what it gives.
    pub fn new(store: Store, signer: Arc<Signer>, ids: Ids) -> (Self, mpsc::Receiver<Unanswered>) {
        let (given, taken) = mpsc::channel(64);
        (Self { store, signer, ids: Arc::new(Mutex::new(ids)), given }, taken)
    }

    /// Gives a command to `centre`, which counts for `lasts_ms`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be put on record; then it is not given.
    pub async fn give(
        &self,
        centre: &CentreId,
        action: &str,
        actor: &str,
        args: Map<String, Value>,
        lasts_ms: i64,
    ) -> Result<CommandId, StoreError> {
        let now = clock::now();
        let id = CommandId(self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next(now));
        let command = Command {
            id,
            centre: Some(centre.clone()),
            action: action.to_owned(),
            actor: actor.to_owned(),
            issued_at: now.wall,
            expires_at: now.wall.plus_millis(lasts_ms),
            args,
        };
        let body = command.to_bytes();
        self.store.add_command(centre, &command, &body, &self.signer.sign(&body)).await?;
        let errand = Unanswered { id, centre: centre.clone(), expires_at: command.expires_at };
        // One that finds the queue full is on record, and goes when the receiver starts again.
        if self.given.try_send(errand).is_err() {
            tracing::warn!(%centre, command = %id, "many commands wait to go; this one goes later");
        }
        Ok(id)
    }
}
