//! What there is of one stream in a range of time, why there is nothing where there is not, and what
//! happened: incidents, and how loud and how full it was.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::asked::Asked;
use super::{Pages, unavailable};
use crate::clock;
use crate::forward::IncidentRow;
use crate::http::Problem;
use crate::keeping;

/// No question may be about more than this.
const LONGEST_MS: i64 = 31 * 86_400_000;

/// As fine as a curve is without being asked for more or less, and as it can be.
const POINTS: usize = 720;
const MOST_POINTS: usize = 5000;

/// A time line shows no more incidents; nobody could tell them apart.
const MOST_INCIDENTS: u32 = 1000;

/// `GET /api/cameras/{id}/timeline?from&to[&stream=main|sub][&points=720]`, the range `[from, to)`.
pub(super) async fn one(
    State(pages): State<Pages>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let asked = Asked::read(asked)?;
    let ((from, to), stream) = (asked.range(LONGEST_MS, "31 days")?, asked.stream()?);
    let camera = pages.camera(&id)?;
    let points = asked.points.unwrap_or(POINTS).clamp(1, MOST_POINTS);
    let (index, storage) = (&pages.archive.index, &pages.config.storage.path);
    let shown = keeping::timeline(index, storage, (&camera, stream), (from, to), clock::now().wall);
    let shown = shown.await.map_err(unavailable)?;
    let incidents = pages.db.incidents_within(&camera, (from, to), MOST_INCIDENTS);
    let incidents = incidents.await.map_err(unavailable)?;
    // A curve that cannot be read is no reason not to show the rest.
    let curve = pages.curves.curve(&camera, (from, to), points).await;
    let curve = curve.inspect_err(|e| tracing::warn!("levels and counts cannot be read: {e}")).ok();
    Ok(Json(json!({
        "spans": shown.spans,
        "gaps": shown.gaps,
        "incidents": incidents.iter().map(incident).collect::<Vec<_>>(),
        "curve": curve,
    })))
}

/// An incident as far as a time line draws it.
pub(super) fn incident(row: &IncidentRow) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind,
        "severity": row.severity,
        "camera": row.camera,
        "zone": row.zone,
        "started_at": row.started_at,
        "flagged_at": row.flagged_at,
        "ended_at": row.ended_at,
    })
}
