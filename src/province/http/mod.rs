//! The province's pages: health, incidents, evidence, centres. They read; the one thing written is
//! who was given which evidence.

mod centres;

mod commands;

mod evidence;

mod incidents;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::KnownCentre;
use super::commander::Commander;
use super::receive::Health;
use super::store::{Store, StoreError};
use crate::clock;
use crate::enrol::Authority;
use crate::http::{self, Gate, Problem, with_person, with_right};
use crate::model::Wall;
use crate::people::Right;

/// What the pages are made from.
#[derive(Debug, Clone)]
pub struct Pages {
    /// Who is let in to what.
    gate: Gate,
    store: Store,
    centres: Arc<[KnownCentre]>,
    health: Arc<Health>,
    commander: Commander,
    authority: Option<Arc<Path>>,
}

impl Pages {
    /// Pages over this storage.
    pub fn new(
        gate: Gate,
        store: Store,
        centres: Vec<KnownCentre>,
        health: Arc<Health>,
        commander: Commander,
        authority: Option<Arc<Path>>,
    ) -> Self {
        Self { gate, store, centres: centres.into(), health, commander, authority }
    }

    /// Every page.
    pub fn router(self) -> Router {
        http::openapi(Self::routes(&self.gate))
            .merge(http::app_pages())
            .layer(DefaultBodyLimit::max(commands::MAX_BODY_BYTES))
            .method_not_allowed_fallback(|| async { Problem::not_allowed("this page does not take that") })
            .fallback(|| async { Problem::not_found("there is no such page") })
            .with_state(self)
    }

    /// Every page that is asked for data, each behind the right that it needs, with what is said of it.
    pub fn routes(gate: &Gate) -> OpenApiRouter<Self> {
        let of = |right, pages: OpenApiRouter<Self>| with_right(gate, right, pages);
        let any = OpenApiRouter::new().routes(routes!(centres::list)).routes(routes!(centres::one));
        let view = OpenApiRouter::new()
            .routes(routes!(incidents::list))
            .routes(routes!(incidents::one))
            .routes(routes!(evidence::file))
            .routes(routes!(commands::one))
            .routes(routes!(commands::picture));
        let handle = OpenApiRouter::new().routes(routes!(commands::list, commands::give));
        http::described("quaywatch: the province")
            .routes(routes!(healthz))
            .routes(routes!(readyz))
            .merge(http::shared_pages(gate))
            .merge(with_person(gate, any))
            .merge(of(Right::View, view))
            .merge(of(Right::Handle, handle))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a page could not be answered");
        Self::unavailable("the storage does not answer now")
    }
}

/// Whether everything works: the database answers, the broker is there, storing succeeds.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses(
    (status = 200, body = Object), (status = 503, body = Object)))]
async fn healthz(State(pages): State<Pages>) -> Response {
    let database = database_answers(&pages).await;
    let broker = pages.health.receiving.load(Ordering::Relaxed);
    let storing = pages.health.storing.load(Ordering::Relaxed);
    let expiry = pages.authority.as_deref().and_then(|folder| expiry(folder, clock::now().wall));
    let well = database && broker && storing && expiry.is_none();
    let word = |good: bool, bad: &'static str| if good { "ok" } else { bad };
    let body = json!({
        "status": word(well, "unwell"),
        "database": word(database, "does not answer"),
        "broker": word(broker, "not connected"),
        "storing": word(storing, "the last messages could not be stored"),
        "broker_certificate": expiry.as_deref().unwrap_or("ok"),
    });
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// That the certificate of the broker runs out, if one is in the authority's folder and does within 30 days.
fn expiry(authority: &Path, now: Wall) -> Option<String> {
    let to = Authority::broker_validity(authority)?.to;
    let days = to.millis_since(now).div_euclid(86_400_000);
    (days < 30).then(|| {
        format!(
            "the broker's certificate runs out at {to}, in {days} days: make another with quaywatch enrol broker, put it \
             where the broker has it, and let the broker reload"
        )
    })
}

/// Whether the start is over: everything was there once.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, body = Object), (status = 503, body = Object)))]
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
