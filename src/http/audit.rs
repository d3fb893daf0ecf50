//! The audit log, for those who supervise. Reading it is on it too.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Caller, Gate, Problem, with_right};
use crate::model::Wall;
use crate::people::{AuditEntry, AuditFilter, Right};

const USUAL_LIMIT: u32 = 100;
const HIGHEST_LIMIT: u32 = 500;

/// Entries that are read at once for a download.
const TOGETHER: u32 = 1000;

/// The pages of this file.
pub(super) fn pages(gate: &Gate) -> OpenApiRouter<Gate> {
    let pages = OpenApiRouter::new().routes(routes!(list)).routes(routes!(check)).routes(routes!(download));
    with_right(gate, Right::Audit, pages)
}

/// What may be asked of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// What this person did.
    who: Option<String>,
    /// This alone, as `viewed`.
    action: Option<String>,
    /// From this moment on.
    from: Option<Wall>,
    /// Before this moment.
    to: Option<Wall>,
    /// `next` of the page before.
    cursor: Option<i64>,
    /// At most so many, up to 500.
    limit: Option<u32>,
}

/// Entries, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Entries {
    entries: Vec<AuditEntry>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
}

/// What a check found.
#[derive(Debug, Serialize, ToSchema)]
struct Checked {
    /// Whether every entry is there and as it was written.
    intact: bool,
    /// How many there are.
    entries: u64,
    /// The first thing that is wrong.
    problem: Option<String>,
}

/// What was done, the newest first.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(Asked), responses(
    (status = 200, body = Entries), (status = 400, body = super::ProblemBody)))]
async fn list(
    State(gate): State<Gate>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Entries>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let limit = asked.limit.unwrap_or(USUAL_LIMIT).clamp(1, HIGHEST_LIMIT);
    let filter = AuditFilter {
        who: asked.who,
        action: asked.action,
        from: asked.from,
        to: asked.to,
        before: asked.cursor,
        limit: limit + 1,
    };
    let AuditFilter { who, action, from, to, before, .. } = &filter;
    let detail = json!({ "who": who, "action": action, "from": from, "to": to, "before": before });
    gate.note(&caller, "audit-read", None, detail).await?;
    let mut entries = gate.audit.entries(&filter).await?;
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = entries.len() > full;
    entries.truncate(full);
    let next = entries.last().filter(|_| is_more).map(|last| last.number.to_string());
    Ok(Json(Entries { entries, next }))
}

/// Whether the log is whole and unchanged.
#[utoipa::path(get, path = "/api/audit/check", tag = "audit", responses((status = 200, body = Checked)))]
async fn check(State(gate): State<Gate>, _: Caller) -> Result<Json<Checked>, Problem> {
    let chain = gate.audit.check().await?;
    Ok(Json(Checked { intact: chain.problem.is_none(), entries: chain.entries, problem: chain.problem }))
}

/// The whole log, a line an entry, as `quaywatch verify` checks it.
#[utoipa::path(get, path = "/api/audit/log.jsonl", tag = "audit", responses(
    (status = 200, body = String, content_type = "application/jsonl")))]
async fn download(State(gate): State<Gate>, caller: Caller) -> Result<Response, Problem> {
    gate.note(&caller, "audit-read", None, json!({ "download": true })).await?;
    let lines = stream::try_unfold((gate.audit, 0), |(audit, after)| async move {
        let entries = audit.following(after, TOGETHER).await?;
        let Some(last) = entries.last().map(|entry| entry.number) else { return Ok::<_, sqlx::Error>(None) };
        let mut text = String::new();
        for entry in &entries {
            text.push_str(&entry.in_one_line()?);
            text.push('\n');
        }
        Ok(Some((text, (audit, last))))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}
