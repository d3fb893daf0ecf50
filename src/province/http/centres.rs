//! The centres of the province: who is alive, late or silent, and what is missing or rejected.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Pages;
use crate::clock;
use crate::http::Problem;
use crate::model::{CentreId, Wall};
use crate::province::KnownCentre;
use crate::province::centres::standing;
use crate::province::store::CentreRow;

/// `GET /api/centres`.
#[utoipa::path(get, path = "/api/centres", tag = "centres", responses((status = 200, body = Object)))]
pub async fn list(State(pages): State<Pages>) -> Result<Json<Value>, Problem> {
    let heard = pages.store.centres().await?;
    let mut all = vec![];
    for centre in pages.centres.iter() {
        all.push(summary(&pages, centre, &heard).await?);
    }
    Ok(Json(json!({ "centres": all })))
}

/// `GET /api/centres/{id}`: the summary, and what was rejected lately.
#[utoipa::path(get, path = "/api/centres/{id}", tag = "centres", params(("id" = CentreId, Path)), responses((status = 200, body = Object)))]
pub async fn one(State(pages): State<Pages>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let known = pages.centres.iter().find(|centre| centre.id.as_str() == id);
    let centre = known.ok_or_else(|| Problem::not_found("no such centre is enrolled"))?;
    let mut body = summary(&pages, centre, &pages.store.centres().await?).await?;
    let (count, rejections) = pages.store.rejections(&id).await?;
    if let Some(body) = body.as_object_mut() {
        body.insert("rejected".into(), json!(count));
        body.insert("rejections".into(), json!(rejections));
    }
    Ok(Json(body))
}

async fn summary(pages: &Pages, centre: &KnownCentre, heard: &[CentreRow]) -> Result<Value, Problem> {
    let row = heard.iter().find(|row| row.id == centre.id.as_str());
    let oldest = row.and_then(|row| row.status.pointer("/backlog/oldest")?.as_str()?.parse::<Wall>().ok());
    let (state, silent_since) = standing(row.map(|row| row.heard), oldest, clock::now().wall);
    Ok(json!({
        "id": centre.id,
        "name": centre.name,
        "state": state,
        "silent_since": silent_since,
        "heard_at": row.map(|row| row.heard.at),
        "status": row.map(|row| &row.status),
        "events_missing": pages.store.missing_events(centre.id.as_str()).await?,
    }))
}
