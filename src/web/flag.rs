//! A person at the centre flags a moment.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::Pages;
use crate::http::Problem;
use crate::orders::{NotFlagged, What, manual};
use crate::wire::FlagArgs;

/// More is no note.
pub(super) const MAX_BODY_BYTES: usize = 16 * 1024;

/// Who asks: there are no users yet who could be told apart.
const BY: &str = "tại trung tâm / at the centre";

/// `POST /api/incidents` with `{"camera": "counter-1", "note": "…", "severity": "warning", "before": "30s"}`.
pub(super) async fn one(
    State(pages): State<Pages>,
    body: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Json(args) = body.map_err(|e| Problem::bad_request(e.body_text()))?;
    if let Some(key) = args.keys().find(|key| !FlagArgs::KEYS.contains(&key.as_str())) {
        let known = FlagArgs::KEYS.join(", ");
        return Err(Problem::bad_request(format!("there is no {key:?} here: use {known}")));
    }
    let args = FlagArgs::read(args).map_err(|e| Problem::bad_request(e.to_string()))?;
    let what = manual(args, BY, None).map_err(Problem::bad_request)?;
    match pages.flags.ask(What::Moment(what)).await {
        Ok(id) => Ok((StatusCode::CREATED, Json(json!({ "id": id })))),
        Err(NotFlagged::Refused(why)) => Err(Problem::bad_request(why)),
        Err(NotFlagged::Later(why)) => Err(Problem::unavailable(why)),
    }
}
