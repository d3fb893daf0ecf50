//! The list of incidents, newest first, and one incident with its events and files.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Pages;
use crate::http::Problem;
use crate::model::{IncidentId, Kind, Severity, Wall};
use crate::province::store::{IncidentFilter, IncidentRow, Position};

const USUAL_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 200;

/// What may be asked of the list.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    centre: Option<String>,
    kind: Option<String>,
    severity: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /api/incidents`.
#[utoipa::path(get, path = "/api/incidents", tag = "incidents", responses((status = 200, body = Object)))]
pub async fn list(
    State(pages): State<Pages>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let filter = filter(asked)?;
    // One more than asked for, to know whether there is a next page.
    let wider = IncidentFilter { limit: filter.limit + 1, ..filter.clone() };
    let mut rows = pages.store.incidents(&wider).await?;
    let full = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let next = if rows.len() > full {
        rows.truncate(full);
        rows.last().map(cursor)
    } else {
        None
    };
    Ok(Json(json!({ "incidents": rows, "next": next })))
}

/// `GET /api/incidents/{id}`.
#[utoipa::path(get, path = "/api/incidents/{id}", tag = "incidents", params(("id" = IncidentId, Path)), responses((status = 200, body = Object)))]
pub async fn one(State(pages): State<Pages>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let id = incident_id(&id)?;
    let incident = pages.store.incident(id).await?.ok_or_else(|| Problem::not_found("no such incident"))?;
    let (events, files) = (pages.store.events_of(id).await?, pages.store.files_of(id).await?);
    let mut body = json!(incident);
    if let Some(body) = body.as_object_mut() {
        body.insert("events".into(), json!(events));
        body.insert("files".into(), json!(files));
    }
    Ok(Json(body))
}

/// An id out of a path.
pub fn incident_id(text: &str) -> Result<IncidentId, Problem> {
    text.parse().map_err(|_| Problem::not_found("no such incident: that is not an id"))
}

fn filter(asked: Asked) -> Result<IncidentFilter, Problem> {
    let unknown = |what: &str, word: &str| {
        let word: String = word.chars().take(60).collect();
        Problem::bad_request(format!("{what} \"{word}\" is not known"))
    };
    if let Some(kind) = asked.kind.as_deref().filter(|kind| Kind::parse(kind).is_none()) {
        return Err(unknown("kind", kind));
    }
    let severity = match asked.severity.as_deref() {
        Some(word) => Some(Severity::parse(word).ok_or_else(|| unknown("severity", word))?),
        None => None,
    };
    let after = match asked.cursor.as_deref() {
        Some(word) => Some(position(word).ok_or_else(|| unknown("cursor", word))?),
        None => None,
    };
    let limit = asked.limit.unwrap_or(USUAL_LIMIT).clamp(1, HIGHEST_LIMIT);
    Ok(IncidentFilter { centre: asked.centre, kind: asked.kind, severity, after, limit })
}

fn cursor(row: &IncidentRow) -> String {
    format!("{}_{}", row.flagged_at.as_millis(), row.id)
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
        let word = || Some("nonsense".to_owned());
        for (asked, what) in [
            (asked(Asked { kind: word(), ..Asked::default() }), "kind"),
            (asked(Asked { severity: word(), ..Asked::default() }), "severity"),
            (asked(Asked { cursor: word(), ..Asked::default() }), "cursor"),
        ] {
            assert_eq!(asked, Problem::bad_request(format!("{what} \"nonsense\" is not known")));
        }
    }

    #[test]
    fn a_limit_is_kept_within_bounds() {
        let limit = |limit| filter(Asked { limit, ..Asked::default() }).unwrap().limit;
        assert_eq!([limit(None), limit(Some(0)), limit(Some(7)), limit(Some(u32::MAX))], [50, 1, 7, 200]);
    }
}
