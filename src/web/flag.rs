//! A person at the centre flags a moment.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Pages;
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{CameraId, IncidentId};
use crate::orders::{NotFlagged, What, manual};
use crate::wire::FlagArgs;

/// The incident that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Flagged {
    id: IncidentId,
}

/// Flags a moment.
#[utoipa::path(post, path = "/api/incidents", tag = "incidents", request_body = FlagArgs, responses(
    (status = 201, body = Flagged), (status = 400, body = ProblemBody)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    body: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<(StatusCode, Json<Flagged>), Problem> {
    let Json(args) = body.map_err(|e| Problem::bad_request(e.body_text()))?;
    if let Some(key) = args.keys().find(|key| !FlagArgs::KEYS.contains(&key.as_str())) {
        let known = FlagArgs::KEYS.join(", ");
        return Err(Problem::bad_request(format!("there is no {key:?} here: use {known}")));
    }
    let args = FlagArgs::read(args).map_err(|e| Problem::bad_request(e.to_string()))?;
    if let Some(camera) = &args.camera {
        // As for one that is not there.
        let unknown = || Problem::bad_request(format!("there is no camera \"{camera}\""));
        caller.must_see(camera.as_str()).map_err(|_| unknown())?;
    }
    let detail = json!({ "camera": args.camera, "severity": args.severity });
    pages.gate.note(&caller, "flagged", args.camera.as_ref().map(CameraId::as_str), detail).await?;
    let what = manual(args, caller.full_name(), None).map_err(Problem::bad_request)?;
    match pages.flags.ask(What::Moment(what)).await {
        Ok(id) => Ok((StatusCode::CREATED, Json(Flagged { id }))),
        Err(NotFlagged::Refused(why)) => Err(Problem::bad_request(why)),
        Err(NotFlagged::Later(why)) => Err(Problem::unavailable(why)),
    }
}
