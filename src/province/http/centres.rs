//! The centres of the province: who is alive, late or silent, and what is missing or rejected.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::Pages;
use crate::clock;
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{CentreId, Wall};
use crate::province::KnownCentre;
use crate::province::centres::{Standing, standing};
use crate::province::store::{CentreRow, ChainFault, ChainGap, ChainRow, RejectionRow};
use crate::wire::Status;

/// The centres that the caller sees.
#[derive(Debug, Serialize, ToSchema)]
pub struct Centres {
    centres: Vec<Centre>,
}

/// A centre.
#[derive(Debug, Serialize, ToSchema)]
pub struct Centre {
    id: CentreId,
    /// What people call it.
    name: String,
    state: Standing,
    /// Since when nothing is heard of it, if it is silent.
    silent_since: Option<Wall>,
    /// When it was last heard of, by our clock.
    heard_at: Option<Wall>,
    /// What it last said of itself.
    status: Option<Status>,
    /// How many of its events are missing between those that came.
    events_missing: i64,
    /// How the newest chain of what it signed stands; none while no link came.
    chain: Option<ChainRow>,
    /// How many of its signed documents do not fit, in all its chains.
    chain_faults: i64,
    /// How many are missing, in all its chains.
    chain_missing: i64,
    /// Since when something is missing in any of them, by our clock.
    chain_open_since: Option<Wall>,
}

/// A centre, what was rejected of it lately, and the chain of what it signed.
#[derive(Debug, Serialize, ToSchema)]
pub struct CentreDetail {
    #[serde(flatten)]
    centre: Centre,
    /// How much was rejected since ever.
    rejected: i64,
    /// The newest of it.
    rejections: Vec<RejectionRow>,
    /// All chains of what it signed, the newest first: each life of its database has one.
    chains: Vec<ChainRow>,
    /// Which signed documents are missing.
    chain_gaps: Vec<ChainGap>,
    /// Which do not fit.
    chain_broken: Vec<ChainFault>,
}

/// The centres that the caller sees.
#[utoipa::path(get, path = "/api/centres", tag = "centres", responses((status = 200, body = Centres)))]
pub async fn list(State(pages): State<Pages>, caller: Caller) -> Result<Json<Centres>, Problem> {
    let heard = pages.store.centres().await?;
    let mut centres = vec![];
    for centre in pages.centres.iter().filter(|centre| caller.sees(Some(centre.id.as_str()))) {
        centres.push(summary(&pages, centre, &heard).await?);
    }
    Ok(Json(Centres { centres }))
}

/// One centre, and what was rejected of it lately.
#[utoipa::path(get, path = "/api/centres/{id}", tag = "centres", params(("id" = CentreId, Path)), responses(
    (status = 200, body = CentreDetail), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CentreDetail>, Problem> {
    let centre = pages.centre(&caller, &id)?;
    let summary = summary(&pages, centre, &pages.store.centres().await?).await?;
    let (rejected, rejections) = pages.store.rejections(&id).await?;
    let (chains, chain_gaps) = (pages.store.chains(&id).await?, pages.store.chain_gaps(&id).await?);
    let chain_broken = pages.store.chain_faults(&id).await?;
    Ok(Json(CentreDetail { centre: summary, rejected, rejections, chains, chain_gaps, chain_broken }))
}

impl Pages {
    /// A centre that is enrolled and that the caller may see.
    pub(super) fn centre(&self, caller: &Caller, id: &str) -> Result<&KnownCentre, Problem> {
        let known = self.centres.iter().find(|known| known.id.as_str() == id && caller.sees(Some(id)));
        known.ok_or_else(|| Problem::not_found("there is no such centre"))
    }
}

async fn summary(pages: &Pages, centre: &KnownCentre, heard: &[CentreRow]) -> Result<Centre, Problem> {
    let row = heard.iter().find(|row| row.id == centre.id.as_str());
    let (state, silent_since) =
        standing(row.map(|row| row.heard), row.and_then(CentreRow::oldest), clock::now().wall);
    let (chains, sums) =
        (pages.store.chains(centre.id.as_str()).await?, pages.store.chain_sums(centre.id.as_str()).await?);
    Ok(Centre {
        id: centre.id.clone(),
        name: centre.name.clone(),
        state,
        silent_since,
        heard_at: row.map(|row| row.heard.at),
        status: row.and_then(|row| row.status.clone()),
        events_missing: pages.store.missing_events(centre.id.as_str()).await?,
        chain_faults: sums.faults,
        chain_missing: sums.missing,
        chain_open_since: sums.open_since,
        chain: chains.into_iter().next(),
    })
}
