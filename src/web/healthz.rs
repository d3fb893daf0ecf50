//! Whether the centre works, for programs that watch it. Open to all: it says nothing of what is recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Pages;
use crate::forward::Access;
use crate::model::{CameraId, Wall};
use crate::perceive::Counters;
use crate::perceive::models::{ModelFault, Models};
use crate::record::Health;
use crate::{clock, disk};

/// How long a part may take to answer before it counts as unwell.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether everything works: both databases and the disk answer, the disk takes what is recorded, and
/// the models that the rules go by can be used and answer.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses(
    (status = 200, body = Object), (status = 503, body = Object)))]
pub(super) async fn healthz(State(pages): State<Pages>) -> Response {
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
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, body = Object), (status = 503, body = Object)))]
pub(super) async fn readyz(State(pages): State<Pages>) -> Response {
    let (status, word) = match answers(&pages).await {
        (true, true) => (StatusCode::OK, "ready"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
    };
    (status, Json(json!({ "status": word }))).into_response()
}

/// Whether the index and the database do.
pub(super) async fn answers(pages: &Pages) -> (bool, bool) {
    let index = tokio::time::timeout(PATIENCE, pages.archive.index.has_undated());
    let database = tokio::time::timeout(PATIENCE, pages.db.pins());
    let (index, database) = tokio::join!(index, database);
    (matches!(index, Ok(Ok(_))), matches!(database, Ok(Ok(_))))
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
