//! The centre's pages: health, cameras, the storage, timelines. They only read, over connections of
//! their own, so that no question ever holds up a recorder. A moment can be flagged by hand: that is
//! handed to the rules.
//!
//! Closed by default: they are served on this machine alone until there are users.

mod app;

mod asked;

mod cameras;

mod flag;

mod incident;

mod live;

mod outbox;

mod paths;

mod playlist;

mod stream;

mod thumb;

mod timeline;

mod view;

mod viewings;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::centre_db::CentreDb;
use crate::config::EdgeConfig;
use crate::curve::CurveDb;
use crate::forward::Access;
use crate::http::{self, Problem};
use crate::ingest::CameraState;
use crate::keeping::{self, StorageReport};
use crate::model::{CameraId, ClockState, Now, Wall};
use crate::orders::FlagDesk;
use crate::perceive::Counters;
use crate::perceive::models::{ModelFault, Models};
use crate::play::{Hub, Thumbs};
use crate::record::{Archive, Health};
use crate::{clock, disk};

pub use paths::Paths;
pub use view::Views;
pub use viewings::Viewings;

/// How long a part may take to answer before it counts as unwell.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the pages are made from.
#[derive(Clone)]
pub struct Pages {
    /// The centre's configuration.
    pub config: Arc<EdgeConfig>,
    /// What is recorded; its index is read over connections of its own.
    pub archive: Arc<Archive>,
    /// The centre's database, likewise.
    pub db: CentreDb,
    /// The centre's database as it is written: it tells what is new.
    pub news: CentreDb,
    /// Levels and counts.
    pub curves: CurveDb,
    /// What is recorded now.
    pub hub: Hub,
    /// Small pictures.
    pub thumbs: Thumbs,
    /// Views that were asked for lately.
    pub views: Views,
    /// Where files are that are played.
    pub paths: Paths,
    /// Who looked at what.
    pub viewings: Viewings,
    /// How many may watch live at once.
    pub viewers: Arc<Semaphore>,
    /// When to end.
    pub stop: CancellationToken,
    /// How the storage takes what is recorded.
    pub health: watch::Receiver<Health>,
    /// How far the clock can be believed.
    pub clock: watch::Receiver<ClockState>,
    /// How the cameras' main streams are.
    pub cameras: watch::Receiver<BTreeMap<CameraId, (CameraState, Now)>>,
    /// Where people flag moments.
    pub flags: FlagDesk,
    /// What the link to the province goes by.
    pub access: watch::Receiver<Option<Access>>,
    /// What became of the work of perceiving each camera.
    pub perception: Arc<BTreeMap<CameraId, Counters>>,
    /// The models, and what is wrong with them.
    pub models: Models,
}

impl Pages {
    /// Every page.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(app::home))
            .route("/_app/{*path}", get(app::asset))
            .route("/favicon.svg", get(app::icon))
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/api/storage", get(storage))
            .route("/api/cameras", get(cameras::list))
            .route("/api/cameras/{id}/timeline", get(timeline::one))
            .route("/api/cameras/{id}/playlist.m3u8", get(playlist::one))
            .route("/api/cameras/{id}/segments/{name}", get(playlist::segment))
            .route("/api/cameras/{id}/silent/{name}", get(playlist::silent))
            .route("/api/cameras/{id}/view.mp4", get(view::one))
            .route("/api/cameras/{id}/thumb.jpg", get(thumb::one))
            .route("/api/live", get(live::socket))
            .route("/api/stream", get(stream::events))
            .route("/api/incidents", post(flag::one).layer(DefaultBodyLimit::max(flag::MAX_BODY_BYTES)))
            .route("/api/incidents/{id}", get(incident::one))
            .route("/api/outbox", get(outbox::page))
            .method_not_allowed_fallback(|| async { Problem::not_allowed("this page does not take that") })
            .fallback(|| async { Problem::not_found("there is no such page") })
            .with_state(self)
    }
}

/// Serves the pages until `stop`.
///
/// # Errors
/// If the address cannot be had or the listener fails; the caller tries again, and records meanwhile.
pub async fn run(listen: SocketAddr, pages: Pages, stop: CancellationToken) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!(
            "the centre's pages cannot be served on {listen} ([web] listen); recording goes on without them"
        )
    })?;
    tracing::info!(%listen, "the centre's pages are served");
    http::serve(listener, pages.router(), stop).await.context("the centre's pages")
}

/// What goes wrong below a page.
pub(super) fn unavailable(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a page could not be answered");
    Problem::unavailable("the storage does not answer now")
}

/// Whether everything works: both databases and the disk answer, the disk takes what is recorded, and
/// the models that the rules go by can be used and answer.
async fn healthz(State(pages): State<Pages>) -> Response {
    let (index, database) = answers(&pages).await;
    let disk = disk::space(&pages.config.storage.path).is_ok();
    let health = pages.health.borrow().clone();
    let fault = pages.models.faults().first().map(ToString::to_string);
    let hangs = hanging(&pages.perception);
    let expiry = pages.access.borrow().as_ref().and_then(|access| expiry(access, clock::now().wall));
    let well = index && database && disk && health == Health::Well && fault.is_none() && hangs.is_none();
    let well = well && expiry.is_none();
    let word = |good: bool| if good { "ok" } else { "does not answer" };
    let body = json!({
        "status": if well { "ok" } else { "unwell" },
        "index": word(index),
        "database": word(database),
        "disk": word(disk),
        "recording": health.as_str(),
        "models": models(&pages.models),
        "perceiving": hangs.as_deref().unwrap_or("ok"),
        "certificate": expiry.as_deref().unwrap_or("ok"),
        "reason": health.why().map(str::to_owned).or(fault).or(hangs.clone()).or(expiry.clone()),
        "clock": pages.clock.borrow().state,
    });
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// Each model that the rules go by: `ok`, or what is wrong with it.
fn models(models: &Models) -> BTreeMap<&'static str, String> {
    let states = models.states().into_iter();
    let told = |fault: Option<&ModelFault>| fault.map_or("ok".to_owned(), ToString::to_string);
    states.map(|(part, fault)| (part.as_str(), told(fault))).collect()
}

/// That the certificate for the link runs out, if it does within 30 days.
fn expiry(access: &Access, now: Wall) -> Option<String> {
    let to = access.expires().filter(|_| access.is_to_be_renewed(now))?;
    Some(match to.millis_since(now) {
        left if left <= 0 => format!(
            "our certificate ran out at {to}: nothing reaches the province; run quaywatch enrol request and have it \
             signed"
        ),
        left => format!(
            "our certificate runs out in {} days, at {to}: the province renews it over the link; if it does not, run \
             quaywatch enrol request",
            left / 86_400_000
        ),
    })
}

/// Where a model does not answer, if one does not somewhere. The work goes on in another thread, as far as there
/// are any; only a new start is rid of the one that hangs.
fn hanging(perception: &BTreeMap<CameraId, Counters>) -> Option<String> {
    let (camera, threads) = perception
        .iter()
        .map(|(camera, counts)| (camera, counts.hanging()))
        .find(|(_, threads)| *threads > 0)?;
    Some(format!(
        "camera {camera}: a model does not answer, {threads} of its threads hang; recording goes on, restart \
         the service when it suits"
    ))
}

/// Whether questions can be answered.
async fn readyz(State(pages): State<Pages>) -> Response {
    let (status, word) = match answers(&pages).await {
        (true, true) => (StatusCode::OK, "ready"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
    };
    (status, Json(json!({ "status": word }))).into_response()
}

async fn answers(pages: &Pages) -> (bool, bool) {
    let index = tokio::time::timeout(PATIENCE, pages.archive.index.has_undated());
    let database = tokio::time::timeout(PATIENCE, pages.db.pins());
    let (index, database) = tokio::join!(index, database);
    (matches!(index, Ok(Ok(_))), matches!(database, Ok(Ok(_))))
}

/// `GET /api/storage`: the same facts as `quaywatch storage --json`.
async fn storage(State(pages): State<Pages>) -> Result<Json<StorageReport>, Problem> {
    let clock = *pages.clock.borrow();
    let report =
        keeping::report(&pages.config, &pages.archive.index, &pages.db, clock, clock::now().wall).await;
    report.map(Json).map_err(|e| unavailable(format!("{e:#}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_does_not_answer_is_told_with_its_camera() {
        let camera = |name: &str| (CameraId::new(name).unwrap(), Counters::default());
        let perception = BTreeMap::from([camera("gate"), camera("hall")]);
        assert_eq!(hanging(&perception), None);
        perception.values().next_back().unwrap().listening_is_given_up(true);
        let told = hanging(&perception).unwrap();
        assert!(told.starts_with("camera hall: a model does not answer, 1 of its threads"), "{told}");
    }
}
