//! Incidents as people look through them and work on them.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{Pages, unavailable};
use crate::clock;
use crate::evidence::{self, Found};
use crate::forward::Evidence;
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{CameraId, IncidentId, Kind, Severity, Wall};
use crate::orders::{
    Case, CaseFilter, Conflict, Counts, Deed, Delivery, Doing, Handled, NotPut, Place, WorkFilter,
};
use crate::people::{PersonName, Right};
use crate::wire::{ClosedAs, Work, WorkState};

const USUAL_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 200;

/// A note is no longer than this, in characters.
const LONGEST_NOTE: usize = 2000;

/// What may be asked of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// How far people are with it: `new`, `seen`, `in-hand`, `closed`, or `unfinished` for all but closed.
    state: Option<String>,
    severity: Option<Severity>,
    kind: Option<Kind>,
    camera: Option<CameraId>,
    /// Flagged from this moment on.
    from: Option<Wall>,
    /// Flagged before this moment.
    to: Option<Wall>,
    /// At most so many, up to 200.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A page of incidents, the newest flagged first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Incidents {
    incidents: Vec<Incident>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
    /// How many wait for people, whatever was asked for.
    counts: Counts,
}

/// An incident, and how far people are with it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Incident {
    id: IncidentId,
    kind: Kind,
    severity: Severity,
    camera: Option<CameraId>,
    /// Which other cameras see the same.
    also: Vec<CameraId>,
    zone: Option<String>,
    started_at: Wall,
    flagged_at: Wall,
    ended_at: Option<Wall>,
    /// The strongest measurements, names with units.
    #[schema(value_type = Object)]
    peak: Map<String, Value>,
    count: u32,
    rule: String,
    /// Whether the province asked for it.
    asked: bool,
    /// What was said by whoever flagged it by hand.
    note: Option<String>,
    work: Work,
    evidence: EvidenceFacts,
}

/// What there is to see and hear.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceFacts {
    /// `none`, `pending`, `made` or `impossible`.
    state: &'static str,
    /// Why there is none.
    reason: Option<String>,
    /// The range of the clip.
    from: Option<Wall>,
    to: Option<Wall>,
    clip: bool,
    still: bool,
    sound: bool,
}

/// An incident, and what people said and did about it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IncidentDetail {
    #[serde(flatten)]
    incident: Incident,
    /// The oldest first.
    history: Vec<Handled>,
    /// The number of the last entry that changed how it stands, to be shown with what is done next; 0 if none did.
    version: i64,
    /// What the province has of it; null for what does not leave.
    delivery: Option<Delivery>,
}

/// What somebody does.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Handling {
    action: Action,
    /// For `assign`: who.
    owner: Option<String>,
    /// For `close`: what it came to.
    outcome: Option<ClosedAs>,
    /// What there is to say; a comment says something.
    #[serde(default)]
    note: String,
    /// `version` as it was shown: what was changed since by somebody else is then not overwritten.
    version: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Action {
    See,
    Take,
    Assign,
    Comment,
    Close,
    Reopen,
}

/// Who can deal with incidents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Staff {
    people: Vec<Colleague>,
}

/// Somebody.
#[derive(Debug, Serialize, ToSchema)]
struct Colleague {
    name: PersonName,
    full_name: String,
}

/// Incidents, the newest flagged first.
#[utoipa::path(get, path = "/api/incidents", tag = "incidents", params(Asked), responses(
    (status = 200, body = Incidents), (status = 400, body = ProblemBody)))]
pub(super) async fn list(
    State(pages): State<Pages>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Incidents>, Problem> {
    let Query(asked) = asked.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let mut filter = filter(asked)?;
    filter.only = caller.person.only.as_ref().map(|only| only.iter().cloned().collect());
    // One more than asked for, to know whether there is a next page.
    let limit = filter.limit;
    filter.limit = limit + 1;
    let mut cases = pages.db.cases(&filter).await.map_err(unavailable)?;
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = cases.len() > full;
    cases.truncate(full);
    let next = cases.last().filter(|_| is_more).map(cursor);
    let counts = pages.db.counts(filter.only.as_deref()).await.map_err(unavailable)?;
    let storage = pages.config.storage.path.clone();
    let shown = tokio::task::spawn_blocking(move || {
        cases.into_iter().map(|one| Incident::of(one, &storage)).collect()
    });
    Ok(Json(Incidents { incidents: shown.await.map_err(unavailable)?, next, counts }))
}

/// One incident, and what people said and did about it.
#[utoipa::path(get, path = "/api/incidents/{id}", tag = "incidents", params(("id" = IncidentId, Path)), responses(
    (status = 200, body = IncidentDetail), (status = 404, body = ProblemBody)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<IncidentDetail>, Problem> {
    detail(&pages, &caller, &id).await.map(Json)
}

/// Does something about an incident.
#[utoipa::path(post, path = "/api/incidents/{id}/handling", tag = "incidents", params(("id" = IncidentId, Path)),
    request_body = Handling, responses((status = 200, body = IncidentDetail), (status = 400, body = ProblemBody),
    (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub(super) async fn handle(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Json<Handling>, JsonRejection>,
) -> Result<Json<IncidentDetail>, Problem> {
    // The answer is the whole incident.
    caller.must_have(Right::View)?;
    let Json(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let case = seen(&pages, &caller, &id).await?;
    let note = asked.note.trim().to_owned();
    if note.chars().count() > LONGEST_NOTE {
        return Err(Problem::bad_request(format!("note is over {LONGEST_NOTE} characters")));
    }
    let doing = match (asked.action, asked.owner, asked.outcome) {
        (Action::See, None, None) => Doing::See,
        (Action::Take, None, None) => Doing::Take,
        (Action::Assign, Some(owner), None) => Doing::Assign(colleague(&pages, &owner).await?),
        (Action::Comment, None, None) if !note.is_empty() => Doing::Comment,
        (Action::Close, None, Some(outcome)) => Doing::Close(outcome),
        (Action::Reopen, None, None) => Doing::Reopen,
        _ => {
            let rule =
                "assign has an owner, close an outcome, comment a note, and no other has owner or outcome";
            return Err(Problem::bad_request(rule));
        }
    };
    let deed = Deed {
        incident: case.row.id,
        place: Place::Centre,
        who: caller.name().to_owned(),
        from: caller.from.to_string(),
        doing,
        note,
        seen: asked.version,
    };
    pages.cases.put(&deed, clock::now()).await.map_err(refused)?;
    detail(&pages, &caller, &id).await.map(Json)
}

/// Who can deal with incidents.
#[utoipa::path(get, path = "/api/staff", tag = "incidents", responses((status = 200, body = Staff)))]
pub(super) async fn staff(State(pages): State<Pages>, _: Caller) -> Result<Json<Staff>, Problem> {
    let people = pages.gate.register.all().await.map_err(unavailable)?;
    let may = people.into_iter().filter(|person| !person.disabled && person.may(Right::Handle));
    let people = may.map(|person| Colleague { name: person.name, full_name: person.full_name });
    Ok(Json(Staff { people: people.collect() }))
}

async fn colleague(pages: &Pages, name: &str) -> Result<String, Problem> {
    let nobody = || Problem::bad_request("owner is nobody who deals with incidents here: see /api/staff");
    let name = PersonName::new(name).map_err(|_| nobody())?;
    let person = pages.gate.register.person(&name).await.map_err(unavailable)?;
    let person = person.filter(|person| !person.disabled && person.may(Right::Handle)).ok_or_else(nobody)?;
    Ok(person.name.to_string())
}

/// An incident that `caller` may see.
pub(super) async fn seen(pages: &Pages, caller: &Caller, id: &str) -> Result<Case, Problem> {
    let unknown = || Problem::not_found("there is no such incident");
    let id: IncidentId = id.parse().map_err(|_| unknown())?;
    let case = pages.db.case(id).await.map_err(unavailable)?;
    case.filter(|case| caller.sees(case.row.camera.as_ref().map(CameraId::as_str))).ok_or_else(unknown)
}

async fn detail(pages: &Pages, caller: &Caller, id: &str) -> Result<IncidentDetail, Problem> {
    let case = seen(pages, caller, id).await?;
    let id = case.row.id;
    let history = pages.db.history(id).await.map_err(unavailable)?;
    // Without a province nothing waits to be sent.
    let delivery = match pages.config.province {
        Some(_) => pages.db.delivery(id).await.map_err(unavailable)?,
        None => None,
    };
    let storage = pages.config.storage.path.clone();
    let incident =
        tokio::task::spawn_blocking(move || Incident::of(case, &storage)).await.map_err(unavailable)?;
    let changes = |entry: &&Handled| matches!(entry.action.as_str(), "take" | "assign" | "close" | "reopen");
    let version = history.iter().rev().find(changes).map_or(0, |entry| entry.number);
    Ok(IncidentDetail { incident, history, version, delivery })
}

impl Incident {
    /// Looks at what of its evidence is there, too.
    fn of(Case { row, work }: Case, storage: &std::path::Path) -> Self {
        let found = match row.evidence {
            Evidence::Made => evidence::found(storage, row.id),
            _ => Found::default(),
        };
        let (state, reason) = match &row.evidence {
            Evidence::None => ("none", row.kind.no_clip_reason().map(str::to_owned)),
            Evidence::Pending => ("pending", None),
            Evidence::Made => ("made", None),
            Evidence::Impossible(reason) => ("impossible", Some(reason.clone())),
        };
        let note = row.peak.get("note").and_then(Value::as_str).map(str::to_owned);
        Self {
            id: row.id,
            kind: row.kind,
            severity: row.severity,
            camera: row.camera,
            also: row.also,
            zone: row.zone,
            started_at: row.started_at,
            flagged_at: row.flagged_at,
            ended_at: row.ended_at,
            peak: row.peak,
            count: row.count,
            rule: row.rule,
            asked: row.asked,
            note,
            work,
            evidence: EvidenceFacts {
                state,
                reason,
                from: row.clip.map(|(from, _)| from),
                to: row.clip.map(|(_, to)| to),
                clip: found.clip,
                still: found.still,
                sound: found.sound,
            },
        }
    }
}

fn refused(why: NotPut) -> Problem {
    match &why {
        NotPut::Unknown(_) => Problem::not_found(why.to_string()),
        NotPut::Conflict { why: what, .. } => {
            let code = match what {
                Conflict::Changed => "changed",
                Conflict::Closed => "closed",
                Conflict::NotClosed => "not-closed",
            };
            Problem::conflict(why.to_string()).code(code)
        }
        NotPut::Failed(e) => unavailable(e),
    }
}

fn filter(asked: Asked) -> Result<CaseFilter, Problem> {
    let work = match asked.state.as_deref() {
        None => None,
        Some("unfinished") => Some(WorkFilter::Unfinished),
        Some(word) => Some(WorkFilter::Is(WorkState::parse(word).ok_or_else(|| {
            Problem::bad_request("state must be new, seen, in-hand, closed or unfinished")
        })?)),
    };
    let after = match asked.cursor.as_deref() {
        None => None,
        Some(word) => Some(position(word).ok_or_else(|| Problem::bad_request("cursor is not one of ours"))?),
    };
    Ok(CaseFilter {
        work,
        severity: asked.severity,
        kind: asked.kind,
        camera: asked.camera,
        only: None,
        from: asked.from,
        to: asked.to,
        after,
        limit: asked.limit.unwrap_or(USUAL_LIMIT).clamp(1, HIGHEST_LIMIT),
    })
}

fn cursor(case: &Case) -> String {
    format!("{}_{}", case.row.flagged_at.as_millis(), case.row.id)
}

fn position(cursor: &str) -> Option<(Wall, IncidentId)> {
    let (ms, id) = cursor.split_once('_')?;
    Some((Wall::from_millis(ms.parse().ok()?), id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_means_nothing_is_refused_and_a_limit_kept_within_bounds() {
        let word = || Some("nonsense".to_owned());
        assert!(filter(Asked { state: word(), ..Asked::default() }).is_err());
        assert!(filter(Asked { cursor: word(), ..Asked::default() }).is_err());
        let limit = |limit| filter(Asked { limit, ..Asked::default() }).unwrap().limit;
        assert_eq!([limit(None), limit(Some(0)), limit(Some(9000))], [50, 1, 200]);
    }
}
