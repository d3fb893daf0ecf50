//! What the province asks of centres: given here, answered there.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Pages;
use crate::config::read_duration;
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{CentreId, CommandId};
use crate::people::Right;
use crate::province::commander::Order;
use crate::province::store::CommandRow;
use crate::wire::Action;

/// More is no command.
pub const MAX_BODY_BYTES: usize = 32 * 1024;

/// How long a command counts, where nothing is said: what is about now, and what is not.
const USUAL_NOW: &str = "2min";
const USUAL: &str = "6d";

/// No command counts longer: the centre would refuse it.
const LONGEST_MS: i64 = 6 * 86_400_000;

/// What is posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveCommand {
    /// `acknowledge`, `comment`, `close`, `flag`, `clip`, `still` or `look-in`.
    action: String,
    /// Not used any more: the centre is told the name of who is signed in.
    #[serde(default, rename = "actor")]
    #[schema(deprecated)]
    _actor: Option<String>,
    /// What belongs to the action.
    #[serde(default)]
    #[schema(value_type = Object)]
    args: Map<String, Value>,
    /// For how long it counts, such as `1h`; at most `6d`.
    expires_in: Option<String>,
}

/// The command that was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommandGiven {
    /// Its id.
    id: CommandId,
}

/// The commands of a centre.
#[derive(Debug, Serialize, ToSchema)]
pub struct Commands {
    commands: Vec<CommandRow>,
}

/// Asks a centre for something, as `{"action": "clip", "args": {…}, "expires_in": "1h"}`.
#[utoipa::path(post, path = "/api/centres/{id}/commands", tag = "commands", params(("id" = CentreId, Path)),
    request_body = GiveCommand, responses((status = 202, body = CommandGiven), (status = 400, body = ProblemBody),
    (status = 404, body = ProblemBody)))]
pub async fn give(
    State(pages): State<Pages>,
    caller: Caller,
    Path(centre): Path<String>,
    body: Result<Json<GiveCommand>, JsonRejection>,
) -> Result<(StatusCode, Json<CommandGiven>), Problem> {
    let centre = &pages.centre(&caller, &centre)?.id;
    let Json(asked) = body.map_err(|e| Problem::bad_request(e.body_text()))?;
    match Action::read(&asked.action, asked.args.clone()) {
        Ok(Some(Action::Certificate(_)) | None) => {
            let known = Action::NAMES.join(", ");
            return Err(Problem::bad_request(format!("action must be one of {known}")));
        }
        Ok(Some(Action::Still(_) | Action::LookIn(_))) => caller.must_have(Right::Live)?,
        Ok(Some(Action::Clip(_))) => caller.must_have(Right::View)?,
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
    let order = Order {
        centre,
        action: &asked.action,
        detail: json!({ "action": asked.action, "centre": centre, "args": asked.args }),
        args: asked.args,
        lasts_ms,
        is_done_here: false,
        actor: caller.full_name(),
        by: (caller.name(), &caller.from),
    };
    let id = pages.commander.give(order).await?;
    Ok((StatusCode::ACCEPTED, Json(CommandGiven { id })))
}

/// The commands of a centre, the newest first.
#[utoipa::path(get, path = "/api/centres/{id}/commands", tag = "commands", params(("id" = CentreId, Path)), responses(
    (status = 200, body = Commands), (status = 404, body = ProblemBody)))]
pub async fn list(
    State(pages): State<Pages>,
    caller: Caller,
    Path(centre): Path<String>,
) -> Result<Json<Commands>, Problem> {
    let centre = &pages.centre(&caller, &centre)?.id;
    Ok(Json(Commands { commands: pages.store.commands(centre).await? }))
}

/// One command, and what became of it.
#[utoipa::path(get, path = "/api/centres/{id}/commands/{command}", tag = "commands",
    params(("id" = CentreId, Path), ("command" = CommandId, Path)), responses(
    (status = 200, body = CommandRow), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path((centre, command)): Path<(String, String)>,
) -> Result<Json<CommandRow>, Problem> {
    let (row, _) = find(&pages, &caller, &centre, &command).await?;
    Ok(Json(row))
}

/// The picture of a still, or the newest one of a look-in.
#[utoipa::path(get, path = "/api/centres/{id}/commands/{command}/picture.jpg", tag = "commands",
    params(("id" = CentreId, Path), ("command" = CommandId, Path)), responses(
    (status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 404, body = ProblemBody)))]
pub async fn picture(
    State(pages): State<Pages>,
    caller: Caller,
    Path((centre, command)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (row, jpeg) = find(&pages, &caller, &centre, &command).await?;
    let jpeg = jpeg.and_then(|jpeg| STANDARD.decode(jpeg).ok());
    // What a centre sends is shown as a picture only if it begins as one.
    let jpeg = jpeg.filter(|jpeg| jpeg.starts_with(&[0xff, 0xd8, 0xff]));
    let jpeg = jpeg.ok_or_else(|| Problem::not_found("there is no picture yet"))?;
    let detail = json!({ "what": "picture", "centre": centre, "command": row.id, "action": row.action });
    pages.note_viewing(&caller, (&row.id, &row.id), detail).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, jpeg).into_response())
}

async fn find(
    pages: &Pages,
    caller: &Caller,
    centre: &str,
    command: &str,
) -> Result<(CommandRow, Option<String>), Problem> {
    let centre = &pages.centre(caller, centre)?.id;
    let none = || Problem::not_found("no such command was given to this centre");
    let id: CommandId = command.parse().map_err(|_| none())?;
    pages.store.command(centre, id).await?.ok_or_else(none)
}
