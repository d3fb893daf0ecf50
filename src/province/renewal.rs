//! Renews the papers of a centre that asks for it in its status, so that nobody has to go there.
//!
//! The status is signed by an enrolled key, and the request must be for that key: whoever holds a stolen TLS
//! certificate alone gets no new one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::commander::{Commander, Order};
use super::store::Store;
use crate::clock;
use crate::enrol::{Authority, Request};
use crate::model::CentreId;
use crate::wire::{PublicKey, Trust};

const DAY_MS: i64 = 86_400_000;

/// Who renews papers.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// Who signs them.
    pub authority: Arc<Authority>,
    /// The keys by which the province signs its receipts.
    pub receipts: Vec<PublicKey>,
    /// Who sends them.
    pub commander: Commander,
    /// Where it is on record that they were sent.
    pub store: Store,
    /// Each centre's enrolled keys.
    pub trust: BTreeMap<CentreId, Trust>,
}

impl Renewal {
    /// Answers a request that came with a status of `centre`, once a day at most.
    pub async fn answer(&self, centre: &CentreId, request: &str) {
        match self.try_to(centre, request).await {
            Ok(true) => tracing::info!(target: "audit", %centre, "its certificates were renewed"),
            Ok(false) => {}
            Err(e) => tracing::error!(%centre, "its certificates cannot be renewed: {e:#}"),
        }
    }

    async fn try_to(&self, centre: &CentreId, text: &str) -> anyhow::Result<bool> {
        let now = clock::now().wall;
        if self.store.was_renewed(centre, now.plus_millis(-DAY_MS)).await? {
            return Ok(false);
        }
        let request = Request::read(text)?;
        anyhow::ensure!(request.centre == *centre, "its request is for {}", request.centre);
        let known = self.trust.get(centre).is_some_and(|trust| trust.knows(&request.evidence));
        anyhow::ensure!(known, "its request is for an evidence key that is not enrolled");
        let papers = self.authority.sign(request, &self.receipts, now)?;
        let args = [("papers".to_owned(), Value::String(papers))].into_iter().collect();
        let order = Order {
            centre,
            action: "certificate",
            args,
            lasts_ms: 6 * DAY_MS,
            is_done_here: false,
            actor: "province",
            by: ("quaywatch", "service"),
            detail: json!({ "action": "certificate", "centre": centre }),
        };
        self.commander.give(order).await?;
        Ok(true)
    }
}
