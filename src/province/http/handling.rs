//! What people at the province say about an incident: sent to its centre as a signed command, and in the history at
//! once. An incident that the province itself made (a centre is silent) is dealt with here.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Pages;
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{CentreId, CommandId, IncidentId};
use crate::province::commander::Order;
use crate::wire::{Action, ClosedAs};

/// A word about an incident does not become wrong by waiting for its centre.
const LASTS_MS: i64 = 6 * 86_400_000;

/// What can be done about an incident from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Somebody here has seen it.
    Acknowledge,
    /// Somebody here says something.
    Comment,
    /// Somebody here says what it came to.
    Close,
}

/// What is posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Handle {
    action: Word,
    /// What there is to say, at most 2000 characters; a comment says something.
    note: Option<String>,
    /// What it came to; `close` says so, and nothing else does.
    outcome: Option<ClosedAs>,
}

/// The command that was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandlingGiven {
    /// Its id, as in the history.
    command: CommandId,
}

/// Acknowledges an incident, comments on it or closes it: its centre is asked to.
#[utoipa::path(post, path = "/api/incidents/{id}/handling", tag = "incidents", params(("id" = IncidentId, Path)),
    request_body = Handle, responses((status = 202, body = HandlingGiven), (status = 400, body = ProblemBody),
    (status = 404, body = ProblemBody)))]
pub async fn handle(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Json<Handle>, JsonRejection>,
) -> Result<(StatusCode, Json<HandlingGiven>), Problem> {
    let (id, alert) = pages.alert(&caller, &id).await?;
    let Json(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let centre = CentreId::new(&alert.centre)
        .ok()
        .filter(|centre| pages.centres.iter().any(|known| known.id == *centre))
        .ok_or_else(|| Problem::not_found("its centre is not enrolled here any more"))?;
    let (action, args) = command(id, &asked).map_err(Problem::bad_request)?;
    let order = Order {
        centre: &centre,
        action,
        detail: json!({ "action": action, "centre": centre, "incident": id, "args": args }),
        args,
        lasts_ms: LASTS_MS,
        is_done_here: alert.is_own,
        actor: caller.full_name(),
        by: (caller.name(), &caller.from),
    };
    let command = pages.commander.give(order).await?;
    Ok((StatusCode::ACCEPTED, Json(HandlingGiven { command })))
}

/// The command for what was asked, or what is wrong with it.
fn command(incident: IncidentId, asked: &Handle) -> Result<(&'static str, Map<String, Value>), String> {
    let note = asked.note.as_deref().map(str::trim).unwrap_or_default();
    let (action, said) = match asked.action {
        Word::Acknowledge => ("acknowledge", "note"),
        Word::Comment => ("comment", "text"),
        Word::Close => ("close", "note"),
    };
    let mut args: Map<String, Value> = [("incident".to_owned(), json!(incident))].into_iter().collect();
    if !note.is_empty() {
        args.insert(said.to_owned(), json!(note));
    }
    match (asked.action, asked.outcome) {
        (Word::Close, Some(outcome)) => drop(args.insert("outcome".to_owned(), json!(outcome))),
        (Word::Close, None) => return Err("outcome is missing: real, false-alarm or test".to_owned()),
        (_, Some(_)) => return Err(format!("outcome is said with close, not with {action}")),
        (_, None) if asked.action == Word::Comment && note.is_empty() => {
            return Err("note is missing: a comment says something".to_owned());
        }
        (_, None) => {}
    }
    match Action::read(action, args.clone()) {
        Ok(_) => Ok((action, args)),
        Err(why) => Err(why.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<(&'static str, Map<String, Value>), String> {
        let id = "0193b3c4-0000-7000-8000-000000000001".parse().unwrap();
        command(id, &serde_json::from_str(text).unwrap())
    }

    #[test]
    fn each_word_becomes_the_command_that_the_centre_understands() {
        for (text, expected) in [
            (r#"{"action":"acknowledge"}"#, json!({})),
            (r#"{"action":"acknowledge","note":" Đã xem "}"#, json!({ "note": "Đã xem" })),
            (r#"{"action":"comment","note":"Đã gọi"}"#, json!({ "text": "Đã gọi" })),
            (r#"{"action":"close","outcome":"false-alarm"}"#, json!({ "outcome": "false-alarm" })),
        ] {
            let (action, mut args) = asked(text).unwrap();
            assert!(args.remove("incident").is_some() && text.contains(action));
            assert_eq!(Value::Object(args), expected, "{text}");
        }
    }

    #[test]
    fn what_is_missing_or_too_much_is_said() {
        let long = format!(r#"{{"action":"comment","note":"{}"}}"#, "x".repeat(2001));
        for (text, word) in [
            (r#"{"action":"comment","note":"  "}"#, "note is missing"),
            (r#"{"action":"close"}"#, "outcome is missing"),
            (r#"{"action":"acknowledge","outcome":"real"}"#, "with close"),
            (&long, "over 2000"),
        ] {
            assert!(asked(text).unwrap_err().contains(word), "{text}");
        }
    }
}
