//! Which rule cries wolf, which threshold would not, and a trial of it.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{Pages, unavailable};
use crate::clock;
use crate::config::Rule;
use crate::http::{Caller, Problem, ProblemBody};
use crate::judging::{Judged, Measure, Outcome, Point, Suggestion, Trial, suggest};
use crate::model::{CameraId, Ids, IncidentId, Kind, Severity, Wall};

/// So far back it is looked.
const DAYS: u32 = 30;

/// So many of a rule's incidents are listed.
const LISTED: usize = 200;

/// Every rule and what people said of its incidents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rules {
    rules: Vec<Told>,
}

/// How incidents of a rule were closed.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Closed {
    real: usize,
    false_alarm: usize,
    test: usize,
}

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
struct Told {
    rule: String,
    kind: Kind,
    severity: Severity,
    /// What it watches; nothing, if it is about the box itself.
    cameras: Vec<CameraId>,
    closed: Closed,
    /// How many nobody has closed yet.
    open: usize,
    /// Within so many days.
    days: u32,
    /// What it compares with its threshold; null where that is no single figure.
    measure: Option<Measure>,
    /// Those that were closed, the newest first.
    incidents: Vec<One>,
    /// A threshold that would have been better, if there is one.
    suggestion: Option<Suggestion>,
}

/// An incident that was closed.
#[derive(Debug, Serialize, ToSchema)]
struct One {
    id: IncidentId,
    flagged_at: Wall,
    outcome: Outcome,
    /// Its measure.
    peak: Option<f64>,
}

/// What is to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The threshold, in the unit of the rule's measure.
    threshold: f64,
}

/// The rules, and what people said of their incidents of the last 30 days.
#[utoipa::path(get, path = "/api/rules", tag = "rules", responses((status = 200, body = Rules)))]
pub(super) async fn list(State(pages): State<Pages>, caller: Caller) -> Result<Json<Rules>, Problem> {
    let all = judged(&pages, &caller).await?;
    let of = |name: &str| all.iter().filter(|one| one.rule == name).collect::<Vec<_>>();
    let over_cameras = pages.config.rules.iter().map(|rule| {
        let sees = |camera: &&CameraId| caller.person.sees(camera.as_str());
        let cameras = rule.cameras.iter().filter(sees).cloned().collect();
        told((&rule.name, rule.condition.kind(), rule.severity), cameras, Measure::of(rule), &of(&rule.name))
    });
    let of_box = pages.config.box_rules.iter().map(|rule| {
        let name = rule.kind.as_str();
        told((name, rule.kind, rule.severity), vec![], None, &of(name))
    });
    Ok(Json(Rules { rules: over_cameras.chain(of_box).collect() }))
}

/// Tries another threshold over the recordings of the incidents that were closed, at most the newest 40 of them.
#[utoipa::path(post, path = "/api/rules/{rule}/trials", tag = "rules", request_body = Wanted,
    params(("rule" = String, Path)), responses(
    (status = 202, body = Trial), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
    (status = 409, body = ProblemBody,
        description = "`busy`: too many trials wait; `nothing`: no incident of the rule was closed")))]
pub(super) async fn ask(
    State(pages): State<Pages>,
    caller: Caller,
    Path(rule): Path<String>,
    asked: Result<Json<Wanted>, JsonRejection>,
) -> Result<(StatusCode, Json<Trial>), Problem> {
    let Json(Wanted { threshold }) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let rule = pages.rule(&rule)?;
    let measure =
        Measure::of(rule).ok_or_else(|| Problem::bad_request("this rule has no threshold to try"))?;
    if !measure.takes(threshold) {
        let (least, most) = measure.range;
        return Err(Problem::bad_request(format!("threshold must be {least} to {most} {}", measure.unit)));
    }
    let mut all = judged(&pages, &caller).await?;
    all.retain(|one| one.rule == rule.name && one.outcome.is_some());
    if all.is_empty() {
        return Err(Problem::conflict("no incident of this rule was closed in 30 days").code("none-closed"));
    }
    let id = Ids::new(clock::id_seed().map_err(unavailable)?).next(clock::now()).to_string();
    let detail = json!({ "threshold": threshold, "unit": measure.unit, "trial": id });
    pages.gate.note(&caller, "trial", Some(&rule.name), detail).await?;
    let trial = pages.trials.ask(id, rule, threshold, all);
    let busy = || Problem::conflict("too many trials wait already").code("busy");
    Ok((StatusCode::ACCEPTED, Json(trial.ok_or_else(busy)?)))
}

/// How far a trial is, and what it showed.
#[utoipa::path(get, path = "/api/rules/{rule}/trials/{id}", tag = "rules",
    params(("rule" = String, Path), ("id" = String, Path)), responses(
    (status = 200, body = Trial), (status = 404, body = ProblemBody)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path((rule, id)): Path<(String, String)>,
) -> Result<Json<Trial>, Problem> {
    let asked = pages.rule(&rule)?;
    if asked.cameras.iter().any(|camera| !caller.person.sees(camera.as_str())) {
        return Err(Problem::not_found("there is no such trial of cameras that you see"));
    }
    let trial = pages.trials.one(&id).filter(|trial| trial.rule == rule);
    trial.map(Json).ok_or_else(|| Problem::not_found("there is no such trial, or it is forgotten"))
}

impl Pages {
    fn rule(&self, name: &str) -> Result<&Rule, Problem> {
        let rule = self.config.rules.iter().find(|rule| rule.name == name);
        rule.ok_or_else(|| Problem::not_found("there is no such rule over cameras"))
    }
}

/// The incidents of the last days that `caller` may see.
async fn judged(pages: &Pages, caller: &Caller) -> Result<Vec<Judged>, Problem> {
    let since = clock::now().wall.plus_millis(-i64::from(DAYS) * 86_400_000);
    let mut all = pages.db.judged_since(since).await?;
    all.retain(|one| caller.sees(one.camera.as_ref().map(CameraId::as_str)));
    Ok(all)
}

fn told(
    (rule, kind, severity): (&str, Kind, Severity),
    cameras: Vec<CameraId>,
    measure: Option<Measure>,
    all: &[&Judged],
) -> Told {
    let count = |outcome| all.iter().filter(|one| one.outcome == Some(outcome)).count();
    let peak = |one: &Judged| measure.as_ref().and_then(|measure| one.measured(measure.key));
    let point = |one: &&Judged| {
        let is_real = match one.outcome? {
            Outcome::Real => true,
            Outcome::FalseAlarm => false,
            // What somebody tried out says nothing of the hall.
            Outcome::Test => return None,
        };
        Some(Point { value: peak(one)?, is_real })
    };
    let points: Vec<Point> = all.iter().filter_map(point).collect();
    let suggestion = measure.as_ref().and_then(|measure| suggest(&points, measure));
    let closed = all.iter().filter_map(|one| {
        Some(One { id: one.id, flagged_at: one.flagged_at, outcome: one.outcome?, peak: peak(one) })
    });
    let incidents = closed.take(LISTED).collect();
    Told {
        rule: rule.to_owned(),
        kind,
        severity,
        cameras,
        closed: Closed {
            real: count(Outcome::Real),
            false_alarm: count(Outcome::FalseAlarm),
            test: count(Outcome::Test),
        },
        open: all.iter().filter(|one| one.outcome.is_none()).count(),
        days: DAYS,
        measure,
        incidents,
        suggestion,
    }
}
