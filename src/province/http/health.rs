//! Whether the province works, for those who watch it from outside; anybody may ask.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Pages;
use crate::clock;
use crate::enrol::Authority;
use crate::model::Wall;

/// How the province is: `ok`, or what is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProvinceHealth {
    status: &'static str,
    database: &'static str,
    broker: &'static str,
    storing: &'static str,
    broker_certificate: String,
}

/// How far the start is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `starting`.
    status: &'static str,
}

/// Whether everything works: the database answers, the broker is there, storing succeeds.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses(
    (status = 200, body = ProvinceHealth), (status = 503, body = ProvinceHealth)))]
pub async fn healthz(State(pages): State<Pages>) -> Response {
    let database = database_answers(&pages).await;
    let broker = pages.health.receiving.load(Ordering::Relaxed);
    let storing = pages.health.storing.load(Ordering::Relaxed);
    let expiry = pages.authority.as_deref().and_then(|folder| expiry(folder, clock::now().wall));
    let well = database && broker && storing && expiry.is_none();
    let word = |good: bool, bad: &'static str| if good { "ok" } else { bad };
    let body = ProvinceHealth {
        status: word(well, "unwell"),
        database: word(database, "does not answer"),
        broker: word(broker, "not connected"),
        storing: word(storing, "the last messages could not be stored"),
        broker_certificate: expiry.unwrap_or_else(|| "ok".to_owned()),
    };
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
    (status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub async fn readyz(State(pages): State<Pages>) -> Response {
    let ready = pages.health.has_received.load(Ordering::Relaxed) && database_answers(&pages).await;
    let (status, word) =
        if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "starting") };
    (status, Json(Readiness { status: word })).into_response()
}

async fn database_answers(pages: &Pages) -> bool {
    let asked = tokio::time::timeout(Duration::from_secs(2), pages.store.ping()).await;
    matches!(asked, Ok(Ok(())))
}
