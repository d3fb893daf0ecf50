//! The list of incidents, newest first, and one incident with its events, files and history.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Pages;
use crate::clock;
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{CentreId, IncidentId, Kind, Severity, Wall};
use crate::province::store::{Alert, Counts, Entry, EventRow, FileRow, IncidentFilter, Position, Progress};
use crate::wire::WorkState;

const USUAL_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 200;

/// What may be asked of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Of this centre.
    #[param(value_type = Option<CentreId>)]
    centre: Option<String>,
    /// Of this kind.
    #[param(value_type = Option<Kind>)]
    kind: Option<String>,
    /// Of this severity.
    #[param(value_type = Option<Severity>)]
    severity: Option<String>,
    /// On which the work is so far: `new`, `seen`, `in-hand`, `closed`, or `unfinished`, which is all but closed.
    #[param(pattern = "^(new|seen|in-hand|closed|unfinished)$")]
    state: Option<String>,
    /// Only those that are raised (`true`), or that are not.
    raised: Option<bool>,
    /// At most so many, up to 200.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Incidents, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alerts {
    incidents: Vec<Alert>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
    /// How many wait for somebody, of all that the caller sees.
    counts: Counts,
}

/// One incident, and what there is of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertDetail {
    #[serde(flatten)]
    alert: Alert,
    /// Its events, in the order in which they were stored.
    events: Vec<EventRow>,
    /// Its files, the earliest first.
    files: Vec<FileRow>,
    /// What people did about it, the oldest first.
    history: Vec<Entry>,
}

/// Incidents of the centres that the caller sees, newest first.
#[utoipa::path(get, path = "/api/incidents", tag = "incidents", params(Asked), responses(
    (status = 200, body = Alerts), (status = 400, body = ProblemBody)))]
pub async fn list(
    State(pages): State<Pages>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Alerts>, Problem> {
    let Query(asked) = asked.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let filter = IncidentFilter { only: caller.person.only.clone(), ..filter(asked)? };
    // One more than asked for, to know whether there is a next page.
    let wider = IncidentFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
    let mut incidents = pages.store.incidents(&wider, clock::now().wall).await?;
    let full = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let is_more = incidents.len() > full;
    incidents.truncate(full);
    let next = incidents.last().filter(|_| is_more).map(cursor);
    let counts = pages.store.counts(filter.only.as_ref()).await?;
    Ok(Json(Alerts { incidents, next, counts }))
}

/// One incident, with its events, files and history.
#[utoipa::path(get, path = "/api/incidents/{id}", tag = "incidents", params(("id" = IncidentId, Path)), responses(
    (status = 200, body = AlertDetail), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AlertDetail>, Problem> {
    let (id, alert) = pages.alert(&caller, &id).await?;
    let events = pages.store.events_of(id).await?;
    let files = pages.store.files_of(id).await?;
    let history = pages.store.history(&alert.centre, id).await?;
    Ok(Json(AlertDetail { alert, events, files, history }))
}

impl Pages {
    /// An incident that the caller may see.
    pub(super) async fn alert(&self, caller: &Caller, id: &str) -> Result<(IncidentId, Alert), Problem> {
        let none = || Problem::not_found("there is no such incident");
        let id: IncidentId = id.parse().map_err(|_| none())?;
        let alert = self.store.incident(id, clock::now().wall).await?;
        alert.filter(|alert| caller.sees(Some(&alert.centre))).map(|alert| (id, alert)).ok_or_else(none)
    }
}

fn filter(asked: Asked) -> Result<IncidentFilter, Problem> {
    fn known<T>(
        what: &str,
        word: Option<&str>,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(word) = word else { return Ok(None) };
        read(word).map(Some).ok_or_else(|| {
            let word: String = word.chars().take(60).collect();
            Problem::bad_request(format!("{what} \"{word}\" is not known"))
        })
    }
    Ok(IncidentFilter {
        only: None,
        centre: known("centre", asked.centre.as_deref(), |word| CentreId::new(word).ok())?
            .map(|centre| centre.as_str().to_owned()),
        kind: known("kind", asked.kind.as_deref(), Kind::parse)?,
        severity: known("severity", asked.severity.as_deref(), Severity::parse)?,
        state: known("state", asked.state.as_deref(), progress)?,
        raised: asked.raised,
        after: known("cursor", asked.cursor.as_deref(), position)?,
        limit: asked.limit.unwrap_or(USUAL_LIMIT).clamp(1, HIGHEST_LIMIT),
    })
}

fn progress(word: &str) -> Option<Progress> {
    match word {
        "unfinished" => Some(Progress::Unfinished),
        word => WorkState::parse(word).map(Progress::Exactly),
    }
}

fn cursor(alert: &Alert) -> String {
    format!("{}_{}", alert.flagged_at.as_millis(), alert.id)
}

fn position(cursor: &str) -> Option<Position> {
    let (ms, id) = cursor.split_once('_')?;
    Some(Position { flagged_at: Wall::from_millis(ms.parse().ok()?), id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_means_nothing_is_refused_in_words() {
        let asked = |asked: Asked| filter(asked).unwrap_err();
        let word = || Some("nonsense!".to_owned());
        for (asked, what) in [
            (asked(Asked { centre: word(), ..Asked::default() }), "centre"),
            (asked(Asked { kind: word(), ..Asked::default() }), "kind"),
            (asked(Asked { severity: word(), ..Asked::default() }), "severity"),
            (asked(Asked { state: word(), ..Asked::default() }), "state"),
            (asked(Asked { cursor: word(), ..Asked::default() }), "cursor"),
        ] {
            assert_eq!(asked, Problem::bad_request(format!("{what} \"nonsense!\" is not known")));
        }
    }

    #[test]
    fn a_limit_is_kept_within_bounds() {
        let limit = |limit| filter(Asked { limit, ..Asked::default() }).unwrap().limit;
        assert_eq!([limit(None), limit(Some(0)), limit(Some(7)), limit(Some(u32::MAX))], [50, 1, 7, 200]);
    }
}
