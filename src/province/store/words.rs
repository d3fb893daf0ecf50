//! What a command that is a word about an incident does to the incident here: it is acknowledged; and one that the
//! province itself made is worked on.

use sqlx::SqliteConnection;

use crate::model::{CentreId, IncidentId};
use crate::wire::{ClosedAs, Command, WorkState};

/// The incident that a command is about, where it is a word about one.
pub(super) fn incident_of(command: &Command) -> Option<IncidentId> {
    let is_word = matches!(command.action.as_str(), "acknowledge" | "comment" | "close");
    command.args.get("incident").filter(|_| is_word)?.as_str()?.parse().ok()
}

/// The first one who acknowledges an incident is shown beside it.
pub(super) async fn acknowledge(
    db: &mut SqliteConnection,
    centre: &CentreId,
    incident: IncidentId,
    command: &Command,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE incidents SET acknowledged_by = ?, acknowledged_ms = ?
         WHERE id = ? AND centre = ? AND acknowledged_ms IS NULL",
    )
    .bind(&command.actor)
    .bind(command.issued_at.as_millis())
    .bind(incident.to_string())
    .bind(centre.as_str())
    .execute(db)
    .await?;
    Ok(())
}

/// No centre works on an incident that the province itself made: its state follows from what is said here.
pub(super) async fn work_here(
    db: &mut SqliteConnection,
    centre: &CentreId,
    incident: IncidentId,
    command: &Command,
) -> Result<(), sqlx::Error> {
    let (state, earlier) = match command.action.as_str() {
        "acknowledge" => (WorkState::InHand, "work_state IN ('new', 'seen')"),
        "close" => (WorkState::Closed, "1"),
        _ => return Ok(()),
    };
    let outcome = command.args.get("outcome").and_then(|word| word.as_str()).and_then(ClosedAs::parse);
    let query = format!(
        "UPDATE incidents SET work_state = ?, work_owner = ?, work_outcome = ?, work_ms = ?
         WHERE id = ? AND centre = ? AND {earlier}"
    );
    sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(state.as_str())
        .bind(&command.actor)
        .bind(outcome.map(ClosedAs::as_str))
        .bind(command.issued_at.as_millis())
        .bind(incident.to_string())
        .bind(centre.as_str())
        .execute(db)
        .await?;
    Ok(())
}
