//! Watches how centres stand, who is silent, and which warnings nobody takes: the shell around [`super::silence`],
//! [`super::centres`] and [`super::raising`].

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::centres::{Standings, standing};
use super::receive::Health;
use super::silence::{Action, Silence};
use super::store::{CentreRow, Store, StoreError};
use crate::clock;
use crate::model::{CentreId, Ids, IncidentId, Wall};

const EVERY: Duration = Duration::from_secs(5);

/// Who watches.
pub struct Watch {
    /// The storage.
    pub store: Store,
    /// The centres of this province.
    pub centres: Vec<CentreId>,
    /// Whether we hear anything ourselves.
    pub health: Arc<Health>,
    /// Names what is put on record.
    pub ids: Ids,
    /// Where it is told how each centre stands.
    pub standings: watch::Sender<Standings>,
}

/// Puts on record which centres are silent, and tells what changes by itself, until `stop`.
pub async fn watch(mut watch: Watch, stop: CancellationToken) {
    let mut silence = match watch.store.silent_centres().await {
        Ok(silent) => Silence::new(silent),
        Err(error) => {
            tracing::error!(%error, "who was silent before cannot be read");
            Silence::default()
        }
    };
    let mut looked_at = clock::now().wall;
    loop {
        if let Err(error) = watch.look(&mut silence, &mut looked_at).await {
            tracing::error!(%error, "whether a centre is silent could not be seen or put on record");
        }
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

impl Watch {
    async fn look(&mut self, silence: &mut Silence, looked_at: &mut Wall) -> Result<(), StoreError> {
        let rows = self.store.centres().await?;
        let now = clock::now();
        let row_of = |centre: &CentreId| rows.iter().find(|row| row.id == centre.as_str());
        let stands = |centre: &CentreId| {
            let row = row_of(centre);
            standing(row.map(|row| row.heard), row.and_then(CentreRow::oldest), now.wall).0
        };
        let standings: Standings =
            self.centres.iter().map(|centre| (centre.clone(), stands(centre))).collect();
        self.standings.send_if_modified(|known| {
            let is_other = *known != standings;
            *known = standings;
            is_other
        });
        let heard: Vec<_> = self
            .centres
            .iter()
            .filter_map(|centre| row_of(centre).map(|row| (centre.clone(), row.heard)))
            .collect();
        for action in silence.handle(self.health.receiving.load(Ordering::Relaxed), &heard, now) {
            match action {
                Action::Open(centre, since) => {
                    tracing::warn!(%centre, %since, "the centre is silent");
                    self.store.open_silence(IncidentId(self.ids.next(now)), &centre, since, now.wall).await?;
                }
                Action::Close(centre) => {
                    tracing::info!(%centre, "the centre is heard again");
                    self.store.close_silence(&centre, now.wall).await?;
                }
            }
        }
        self.store.tell_raised(*looked_at, now.wall).await?;
        *looked_at = now.wall;
        Ok(())
    }
}
