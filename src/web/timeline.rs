//! What there is of one stream in a range of time, why there is nothing where there is not, and what
//! happened: incidents, and how loud and how full it was.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::Asked;
use super::{Pages, unavailable};
use crate::clock;
use crate::curve::Curve;
use crate::forward::IncidentRow;
use crate::http::{Caller, Problem, ProblemBody};
use crate::keeping::{self, Span, Stretch};
use crate::model::{CameraId, IncidentId, Kind, Severity, Wall};

/// No question may be about more than this.
const LONGEST_MS: i64 = 31 * 86_400_000;

/// As fine as a curve is without being asked for more or less, and as it can be.
const POINTS: usize = 720;
const MOST_POINTS: usize = 5000;

/// A time line shows no more incidents; nobody could tell them apart.
const MOST_INCIDENTS: u32 = 1000;

/// What there is of a stream in a range.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineAnswer {
    spans: Vec<Span>,
    gaps: Vec<Stretch>,
    incidents: Vec<TimelineIncident>,
    /// How loud and how full it was; null if that cannot be read now.
    curve: Option<Curve>,
}

/// An incident as far as a time line draws it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineIncident {
    id: IncidentId,
    kind: Kind,
    severity: Severity,
    camera: Option<CameraId>,
    zone: Option<String>,
    started_at: Wall,
    flagged_at: Wall,
    ended_at: Option<Wall>,
}

/// What there is of one stream within `[from, to)`, at most 31 days.
#[utoipa::path(get, path = "/api/cameras/{id}/timeline", tag = "recordings", params(("id" = CameraId, Path), Asked),
    responses((status = 200, body = TimelineAnswer), (status = 400, body = ProblemBody),
    (status = 404, body = ProblemBody)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<TimelineAnswer>, Problem> {
    let asked = Asked::read(asked)?;
    let ((from, to), stream) = (asked.range(LONGEST_MS, "31 days")?, asked.stream()?);
    let camera = pages.camera(&caller, &id)?;
    let points = asked.points.unwrap_or(POINTS).clamp(1, MOST_POINTS);
    let (index, storage) = (&pages.archive.index, &pages.config.storage.path);
    let shown = keeping::timeline(index, storage, (&camera, stream), (from, to), clock::now().wall);
    let shown = shown.await.map_err(unavailable)?;
    let incidents = pages.db.incidents_within(&camera, (from, to), MOST_INCIDENTS);
    let incidents = incidents.await.map_err(unavailable)?;
    // A curve that cannot be read is no reason not to show the rest.
    let curve = pages.curves.curve(&camera, (from, to), points).await;
    let curve = curve.inspect_err(|e| tracing::warn!("levels and counts cannot be read: {e}")).ok();
    let incidents = incidents.into_iter().map(TimelineIncident::from).collect();
    Ok(Json(TimelineAnswer { spans: shown.spans, gaps: shown.gaps, incidents, curve }))
}

impl From<IncidentRow> for TimelineIncident {
    fn from(row: IncidentRow) -> Self {
        let IncidentRow { id, kind, severity, camera, zone, started_at, flagged_at, ended_at, .. } = row;
        Self { id, kind, severity, camera, zone, started_at, flagged_at, ended_at }
    }
}
