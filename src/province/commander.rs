//! Gives commands: signs them, puts them on record, and hands them to the receiver's loop, which sends them.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::store::{Given, Store, StoreError, Unanswered};
use crate::clock;
use crate::model::{CentreId, CommandId, Ids};
use crate::people::Act;
use crate::wire::{Answer, Command, Reply, Signer};

/// Who gives commands. Clones share it.
#[derive(Debug, Clone)]
pub struct Commander {
    store: Store,
    signer: Arc<Signer>,
    ids: Arc<Mutex<Ids>>,
    given: mpsc::Sender<Unanswered>,
}

/// What is to be done, and who wants it.
#[derive(Debug)]
pub struct Order<'a> {
    /// By whom.
    pub centre: &'a CentreId,
    /// What, such as `clip`.
    pub action: &'a str,
    /// What belongs to the action.
    pub args: Map<String, Value>,
    /// For how long it counts.
    pub lasts_ms: i64,
    /// Whether it is about an incident that the province itself made: then no centre is asked, and it is done.
    pub is_done_here: bool,
    /// Who wants it, as the centre is told.
    pub actor: &'a str,
    /// Who wants it and from where, as the audit log says it.
    pub by: (&'a str, &'a str),
    /// What else the audit log says.
    pub detail: Value,
}

impl Commander {
    /// A commander, and what it gives.
    pub fn new(store: Store, signer: Arc<Signer>, ids: Ids) -> (Self, mpsc::Receiver<Unanswered>) {
        let (given, taken) = mpsc::channel(64);
        (Self { store, signer, ids: Arc::new(Mutex::new(ids)), given }, taken)
    }

    /// Gives a command.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be put on record and on the audit log; then it is not given.
    pub async fn give(&self, order: Order<'_>) -> Result<CommandId, StoreError> {
        let now = clock::now();
        let Order { centre, action, actor, by: (who, from), .. } = order;
        let id = CommandId(self.ids.lock().unwrap_or_else(PoisonError::into_inner).next(now));
        let command = Command {
            id,
            centre: Some(centre.clone()),
            action: action.to_owned(),
            actor: actor.to_owned(),
            issued_at: now.wall,
            expires_at: now.wall.plus_millis(order.lasts_ms),
            args: order.args,
        };
        let (body, named) = (command.to_bytes(), id.to_string());
        let done = Reply { id, answer: Answer::Done { data: Map::new() } };
        let given = Given {
            centre,
            command: &command,
            body: &body,
            signature: &self.signer.sign(&body),
            done_here: order.is_done_here.then_some(&done),
            act: Act { who, from, action: "command-given", subject: Some(&named), detail: order.detail },
        };
        self.store.add_command(given).await?;
        if order.is_done_here {
            return Ok(id);
        }
        let errand = Unanswered { id, centre: centre.clone(), expires_at: command.expires_at };
        // One that finds the queue full is on record, and goes when the receiver starts again.
        if self.given.try_send(errand).is_err() {
            tracing::warn!(%centre, command = %id, "many commands wait to go; this one goes later");
        }
        Ok(id)
    }
}
