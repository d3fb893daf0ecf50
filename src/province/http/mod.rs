//! The province's pages: health, incidents, evidence, centres. They read; the one thing written is
//! who was given which evidence.

mod centres;

mod evidence;

mod incidents;

mod problem;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::KnownCentre;
use super::receive::Health;
use super::store::Store;
use problem::Problem;

/// Open connections get this long to end by themselves.
const STOP_PAGES: Duration = Duration::from_secs(3);

/// What the pages are made from.
#[derive(Debug, Clone)]
pub struct Pages {
    store: Store,
    centres: Arc<[KnownCentre]>,
    health: Arc<Health>,
}

impl Pages {
    /// Pages over this storage.
    pub fn new(store: Store, centres: Vec<KnownCentre>, health: Arc<Health>) -> Self {
        Self { store, centres: centres.into(), health }
    }

    /// Every page.
    pub fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/api/incidents", get(incidents::list))
            .route("/api/incidents/{id}", get(incidents::one))
            .route("/api/incidents/{id}/{page}", get(evidence::file))
            .route("/api/centres", get(centres::list))
            .route("/api/centres/{id}", get(centres::one))
            .fallback(|| async { Problem::not_found("there is no such page") })
            .with_state(self)
    }
}

/// Serves until `stop`, then lets open connections end for a moment.
///
/// # Errors
/// If the listener fails.
pub async fn serve(listener: TcpListener, pages: Pages, stop: CancellationToken) -> std::io::Result<()> {
    let app = pages.router().into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        served = serving => served,
        () = async { stop.cancelled().await; tokio::time::sleep(STOP_PAGES).await } => Ok(()),
    }
}

/// Whether everything works: the database answers, the broker is there, storing succeeds.
async fn healthz(State(pages): State<Pages>) -> Response {
    let database = database_answers(&pages).await;
    let broker = pages.health.receiving.load(Ordering::Relaxed);
    let storing = pages.health.storing.load(Ordering::Relaxed);
    let well = database && broker && storing;
    let word = |good: bool, bad: &'static str| if good { "ok" } else { bad };
    let body = json!({
        "status": word(well, "unwell"),
        "database": word(database, "does not answer"),
        "broker": word(broker, "not connected"),
        "storing": word(storing, "the last messages could not be stored"),
    });
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// Whether the start is over: everything was there once.
async fn readyz(State(pages): State<Pages>) -> Response {
    let ready = pages.health.has_received.load(Ordering::Relaxed) && database_answers(&pages).await;
    let (status, word) =
        if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "starting") };
    (status, Json(json!({ "status": word }))).into_response()
}

async fn database_answers(pages: &Pages) -> bool {
    let asked = tokio::time::timeout(Duration::from_secs(2), pages.store.ping()).await;
    matches!(asked, Ok(Ok(())))
}
