//! Watches who is silent: the shell around [`super::silence`].

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::receive::Health;
use super::silence::{Action, Silence};
use super::store::{Store, StoreError};
use crate::clock;
use crate::model::{CentreId, Ids, IncidentId};

const EVERY: Duration = Duration::from_secs(5);

/// Puts on record which of `centres` are silent, until `stop`.
pub async fn watch(
    store: Store,
    centres: Vec<CentreId>,
    health: Arc<Health>,
    mut ids: Ids,
    stop: CancellationToken,
) {
    let mut silence = match store.silent_centres().await {
        Ok(silent) => Silence::new(silent),
        Err(error) => {
            tracing::error!(%error, "who was silent before cannot be read");
            Silence::default()
        }
    };
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if let Err(error) = look(&store, &centres, &health, &mut silence, &mut ids).await {
            tracing::error!(%error, "whether a centre is silent could not be seen or put on record");
        }
    }
}

async fn look(
    store: &Store,
    centres: &[CentreId],
    health: &Health,
    silence: &mut Silence,
    ids: &mut Ids,
) -> Result<(), StoreError> {
    let heard = store.centres().await?;
    let of = |centre: &CentreId| {
        let row = heard.iter().find(|row| row.id == centre.as_str())?;
        Some((centre.clone(), row.heard))
    };
    let heard: Vec<_> = centres.iter().filter_map(of).collect();
    let now = clock::now();
    for action in silence.handle(health.receiving.load(Ordering::Relaxed), &heard, now) {
        match action {
            Action::Open(centre, since) => {
                tracing::warn!(%centre, %since, "the centre is silent");
                store.open_silence(IncidentId(ids.next(now)), &centre, since, now.wall).await?;
            }
            Action::Close(centre) => {
                tracing::info!(%centre, "the centre is heard again");
                store.close_silence(&centre, now.wall).await?;
            }
        }
    }
    Ok(())
}
