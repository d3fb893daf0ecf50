//! What the province asks of centres: given here, answered there.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Pages;
use crate::clock;
use crate::config::read_duration;
use crate::http::Problem;
use crate::model::{CentreId, CommandId};
use crate::wire::Action;

/// More is no command.
pub const MAX_BODY_BYTES: usize = 32 * 1024;

/// How long a command counts, where nothing is said: what is about now, and what is not.
const USUAL_NOW: &str = "2min";
const USUAL: &str = "6d";

/// No command counts longer: the centre would refuse it.
const LONGEST_MS: i64 = 6 * 86_400_000;

/// What is posted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    action: String,
    /// Who asks; there are no users yet who could be told apart.
    actor: String,
    #[serde(default)]
    args: Map<String, Value>,
    expires_in: Option<String>,
}

/// `POST /api/centres/{id}/commands` with `{"action": "clip", "actor": "lan", "args": {…}, "expires_in": "1h"}`.
#[utoipa::path(post, path = "/api/centres/{id}/commands", tag = "commands", params(("id" = CentreId, Path)), request_body = Object, responses((status = 200, body = Object)))]
pub async fn give(
    State(pages): State<Pages>,
    Path(centre): Path<String>,
    body: Result<Json<Asked>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let centre = known(&pages, &centre)?;
    let Json(asked) = body.map_err(|e| Problem::bad_request(e.body_text()))?;
    if asked.actor.trim().is_empty() || asked.actor.chars().count() > 80 {
        return Err(Problem::bad_request("actor must say who asks, in at most 80 characters"));
    }
    match Action::read(&asked.action, asked.args.clone()) {
        Ok(Some(Action::Certificate(_)) | None) => {
            let known = Action::NAMES.join(", ");
            return Err(Problem::bad_request(format!("action must be one of {known}")));
        }
        Ok(Some(_)) => {}
        Err(e) => return Err(Problem::bad_request(format!("args: {e}"))),
    }
    let is_of_now = matches!(asked.action.as_str(), "still" | "look-in" | "flag");
    let usual = if is_of_now { USUAL_NOW } else { USUAL };
    let lasts = read_duration(asked.expires_in.as_deref().unwrap_or(usual));
    let lasts = lasts.map_err(|why| Problem::bad_request(format!("expires_in {why}")))?;
    let lasts_ms = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
    if !(1000..=LONGEST_MS).contains(&lasts_ms) {
        return Err(Problem::bad_request("expires_in must be between 1s and 6d"));
    }
    let id = pages.commander.give(&centre, &asked.action, asked.actor.trim(), asked.args, lasts_ms).await?;
    tracing::info!(target: "audit", %centre, command = %id, action = asked.action, actor = asked.actor, "a command was given");
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": id }))))
}

/// `GET /api/centres/{id}/commands`: the newest first.
#[utoipa::path(get, path = "/api/centres/{id}/commands", tag = "commands", params(("id" = CentreId, Path)), responses((status = 200, body = Object)))]
pub async fn list(State(pages): State<Pages>, Path(centre): Path<String>) -> Result<Json<Value>, Problem> {
    let centre = known(&pages, &centre)?;
    Ok(Json(json!({ "commands": pages.store.commands(&centre).await? })))
}

/// `GET /api/centres/{id}/commands/{command}`.
#[utoipa::path(get, path = "/api/centres/{id}/commands/{command}", tag = "commands", params(("id" = CentreId, Path), ("command" = CommandId, Path)), responses((status = 200, body = Object)))]
pub async fn one(
    State(pages): State<Pages>,
    Path((centre, command)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (row, _) = find(&pages, &centre, &command).await?;
    Ok(Json(json!(row)))
}

/// `GET /api/centres/{id}/commands/{command}/picture.jpg`: the still, or the newest picture of the look-in.
#[utoipa::path(get, path = "/api/centres/{id}/commands/{command}/picture.jpg", tag = "commands", params(("id" = CentreId, Path), ("command" = CommandId, Path)), responses((status = 200, body = Object)))]
pub async fn picture(
    State(pages): State<Pages>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((centre, command)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (row, jpeg) = find(&pages, &centre, &command).await?;
    let jpeg = jpeg.and_then(|jpeg| STANDARD.decode(jpeg).ok());
    // What a centre sends is shown as a picture only if it begins as one.
    let jpeg = jpeg.filter(|jpeg| jpeg.starts_with(&[0xff, 0xd8, 0xff]));
    let jpeg = jpeg.ok_or_else(|| Problem::not_found("there is no picture yet"))?;
    pages.store.log_picture(&centre, &row.id, &peer.ip().to_string(), clock::now().wall).await?;
    tracing::info!(target: "audit", centre, command = row.id, viewer = %peer.ip(), "a picture was viewed");
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, jpeg).into_response())
}

async fn find(
    pages: &Pages,
    centre: &str,
    command: &str,
) -> Result<(crate::province::store::CommandRow, Option<String>), Problem> {
    let centre = known(pages, centre)?;
    let id: CommandId = command.parse().map_err(|_| Problem::bad_request("the id of a command is a UUID"))?;
    let found = pages.store.command(&centre, id).await?;
    found.ok_or_else(|| Problem::not_found("no such command was given to this centre"))
}

fn known(pages: &Pages, centre: &str) -> Result<CentreId, Problem> {
    let known = pages.centres.iter().find(|known| known.id.as_str() == centre);
    known.map(|known| known.id.clone()).ok_or_else(|| Problem::not_found("no such centre is enrolled"))
}
