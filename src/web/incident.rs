//! One incident of the centre, and what people said and did about it.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::{Pages, unavailable};
use crate::http::{Caller, Problem};
use crate::model::IncidentId;

/// One incident, and what people said and did about it.
#[utoipa::path(get, path = "/api/incidents/{id}", tag = "incidents", params(("id" = IncidentId, Path)), responses(
    (status = 200, body = Object)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: IncidentId = id.parse().map_err(|_| Problem::bad_request("the id of an incident is a UUID"))?;
    let row = pages.db.incident(id).await.map_err(unavailable)?;
    let row = row.ok_or_else(|| Problem::not_found("there is no such incident"))?;
    let history = pages.db.history(id).await.map_err(unavailable)?;
    let data = row.data(vec![]);
    Ok(Json(
        json!({ "id": row.id, "asked": row.asked, "rule": row.rule, "incident": data, "history": history }),
    ))
}
