//! What waits for the province, and what will never reach it.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{Pages, unavailable};
use crate::http::{Caller, Problem};
use crate::wire::Subject;

/// What waits, what is in quarantine with the reason, how much was given up.
#[utoipa::path(get, path = "/api/outbox", tag = "health", responses((status = 200, body = Object)))]
pub(super) async fn page(State(pages): State<Pages>, _: Caller) -> Result<Json<Value>, Problem> {
    let waiting = pages.db.backlog().await.map_err(unavailable)?;
    let (files, bytes) = pages.db.given_up().await.map_err(unavailable)?;
    let quarantined = pages.db.quarantined().await.map_err(unavailable)?;
    let quarantined = quarantined.iter().map(|one| {
        let (kind, id) = match one.id {
            Subject::Event(id) => ("event", id.to_string()),
            Subject::File(id) => ("file", id.to_string()),
        };
        json!({ "kind": kind, "id": id, "incident": one.incident, "reason": one.reason, "made_at": one.made_at })
    });
    Ok(Json(json!({
        "waiting": waiting,
        "quarantined": quarantined.collect::<Vec<_>>(),
        "given_up": { "files": files, "bytes": bytes },
    })))
}
