//! What people did about an incident: told by its centre's events, and asked for here as commands.

use std::collections::BTreeSet;

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use utoipa::ToSchema;

use super::{Store, StoreError};
use crate::model::{CentreId, CommandId, IncidentId, Wall};
use crate::province::intake::Newest;
use crate::wire::{Answer, ClosedAs, Command, Event, Reply};

/// So many entries of an incident are shown.
const MOST: i64 = 1000;

/// So many files of an incident are remembered as named by its events.
const MOST_NAMED: usize = 200;

/// Where something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// At the centre.
    Centre,
    /// Here.
    Province,
}

/// How far an entry of the history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EntryState {
    /// The centre was asked and has not answered.
    Waiting,
    /// It was done.
    Done,
    /// The centre does not do it.
    Refused,
    /// The centre could not do it.
    Failed,
    /// It was too late when the centre heard of it, or the centre did not answer in time.
    Expired,
}

/// An entry of an incident's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Entry {
    /// Its place in the history, from 1.
    pub number: u64,
    /// When: by the centre's clock what was done there, by ours what was done here.
    pub at: Wall,
    /// Where it was done.
    pub place: Place,
    /// Who.
    pub who: String,
    /// At the centre `see`, `take`, `assign`, `comment`, `close` or `reopen`; here `acknowledge`, `comment` or
    /// `close`.
    pub action: String,
    /// What the incident came to, of `close`.
    pub outcome: Option<ClosedAs>,
    /// To whom, of `assign` and `take`.
    pub owner: Option<String>,
    /// What was said.
    pub note: String,
    /// How far it is.
    pub state: EntryState,
    /// Why it was not done, if it was not.
    pub reason: Option<String>,
    /// The command by which the centre was asked, of what was done here.
    pub command: Option<CommandId>,
}

impl Store {
    /// The history of an incident of `centre`, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn history(&self, centre: &str, id: IncidentId) -> Result<Vec<Entry>, StoreError> {
        let told = sqlx::query(
            "SELECT * FROM handling WHERE centre = ? AND incident = ? ORDER BY at_ms, number LIMIT ?",
        )
        .bind(centre)
        .bind(id.to_string())
        .bind(MOST)
        .fetch_all(&self.readers)
        .await?;
        let asked = sqlx::query(
            "SELECT * FROM commands WHERE incident = ? AND centre = ? ORDER BY issued_ms, id LIMIT ?",
        )
        .bind(id.to_string())
        .bind(centre)
        .bind(MOST)
        .fetch_all(&self.readers)
        .await?;
        let mut entries: Vec<Entry> = told.iter().map(told_by_centre).collect();
        entries.extend(asked.iter().filter_map(asked_here));
        // The sort is stable: what the centre did at one moment stays in its own order.
        entries.sort_by_key(|entry| entry.at);
        for (number, entry) in (1..).zip(&mut entries) {
            entry.number = number;
        }
        Ok(entries)
    }
}

fn told_by_centre(row: &SqliteRow) -> Entry {
    Entry {
        number: 0,
        at: Wall::from_millis(row.get("at_ms")),
        place: Place::Centre,
        who: row.get("who"),
        action: row.get("action"),
        outcome: row.get::<Option<&str>, _>("outcome").and_then(ClosedAs::parse),
        owner: row.get("owner"),
        note: row.get("note"),
        state: EntryState::Done,
        reason: None,
        command: None,
    }
}

fn asked_here(row: &SqliteRow) -> Option<Entry> {
    let command = Command::from_bytes(row.get("body")).ok()?;
    let reply: Option<Vec<u8>> = row.get("reply");
    let reply = reply.and_then(|body| Reply::from_bytes(&body).ok());
    let (state, reason) = progress(row.get("state"), reply.as_ref().map(|reply| &reply.answer));
    let said = |name: &str| command.args.get(name).and_then(|text| text.as_str());
    Some(Entry {
        number: 0,
        at: command.issued_at,
        place: Place::Province,
        outcome: said("outcome").and_then(ClosedAs::parse),
        owner: None,
        note: said("note").or_else(|| said("text")).unwrap_or_default().to_owned(),
        who: command.actor,
        action: command.action,
        state,
        reason,
        command: Some(command.id),
    })
}

/// How far a command is, from its row's state and its reply, and why it was not done.
fn progress(state: &str, answer: Option<&Answer>) -> (EntryState, Option<String>) {
    let reason = answer.and_then(Answer::reason).map(str::to_owned);
    match (state, answer) {
        ("waiting", _) => (EntryState::Waiting, None),
        (_, Some(Answer::Done { .. } | Answer::Picture { .. })) => (EntryState::Done, None),
        (_, Some(Answer::Refused { .. })) => (EntryState::Refused, reason),
        (_, Some(Answer::Expired { .. })) => (EntryState::Expired, reason),
        (_, Some(Answer::Failed { .. })) => (EntryState::Failed, reason),
        ("expired", None) => (EntryState::Expired, Some("the centre did not answer in time".to_owned())),
        (_, None) => (EntryState::Failed, Some("the centre's reply cannot be read".to_owned())),
    }
}

/// Keeps what an event tells of the work on its incident, whose row is there; whether something of it is new.
pub(super) async fn take(
    db: &mut SqliteConnection,
    centre: &CentreId,
    event: &Event,
    sequence: i64,
) -> Result<bool, sqlx::Error> {
    let incident = event.subject.to_string();
    let mut is_new = false;
    for entry in &event.data.handling {
        let added = sqlx::query(
            "INSERT INTO handling (centre, incident, number, at_ms, who, action, outcome, owner, note)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(centre.as_str())
        .bind(&incident)
        .bind(entry.number)
        .bind(entry.at.as_millis())
        .bind(&entry.who)
        .bind(&entry.action)
        .bind(entry.outcome.map(ClosedAs::as_str))
        .bind(entry.owner.as_deref())
        .bind(&entry.note)
        .execute(&mut *db)
        .await?;
        is_new |= added.rows_affected() > 0;
    }
    let row = sqlx::query(
        "SELECT work_state, work_owner, work_epoch, work_sequence, work_time_ms, named_files
         FROM incidents WHERE id = ?",
    )
    .bind(&incident)
    .fetch_one(&mut *db)
    .await?;
    name_files(db, event, row.get("named_files")).await?;
    let Some(work) = &event.data.work else { return Ok(is_new) };
    let newest = row.get::<Option<String>, _>("work_epoch").map(|epoch| Newest {
        epoch,
        sequence: row.get::<Option<i64>, _>("work_sequence").unwrap_or_default(),
        time: Wall::from_millis(row.get::<Option<i64>, _>("work_time_ms").unwrap_or_default()),
    });
    let epoch = event.epoch.to_string();
    if newest.is_some_and(|newest| !newest.is_older_than(&epoch, sequence, event.time)) {
        return Ok(is_new);
    }
    is_new |= row.get::<&str, _>("work_state") != work.state.as_str()
        || row.get::<Option<&str>, _>("work_owner") != work.owner.as_deref();
    sqlx::query(
        "UPDATE incidents SET work_state = ?, work_owner = ?, work_outcome = ?, work_ms = ?, work_epoch = ?,
             work_sequence = ?, work_time_ms = ? WHERE id = ?",
    )
    .bind(work.state.as_str())
    .bind(work.owner.as_deref())
    .bind(work.outcome.map(ClosedAs::as_str))
    .bind(work.at.map(Wall::as_millis))
    .bind(epoch)
    .bind(sequence)
    .bind(event.time.as_millis())
    .bind(&incident)
    .execute(db)
    .await?;
    Ok(is_new)
}

/// Remembers which files belong to the incident, also before they are announced.
async fn name_files(db: &mut SqliteConnection, event: &Event, named: &str) -> Result<(), sqlx::Error> {
    let known: BTreeSet<String> = serde_json::from_str(named).unwrap_or_default();
    let mut all = known.clone();
    all.extend(event.data.files.iter().map(|file| file.file_id.to_string()).take(MOST_NAMED));
    if all == known || all.len() > MOST_NAMED {
        return Ok(());
    }
    sqlx::query("UPDATE incidents SET named_files = ? WHERE id = ?")
        .bind(serde_json::json!(all).to_string())
        .bind(event.subject.to_string())
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_waits_until_it_is_answered_or_too_late() {
        let no = || "no".to_owned();
        let done = Answer::Done { data: serde_json::Map::default() };
        for (row, answer, state, has_reason) in [
            ("waiting", None, EntryState::Waiting, false),
            ("replied", Some(done), EntryState::Done, false),
            ("replied", Some(Answer::Refused { reason: no() }), EntryState::Refused, true),
            ("replied", Some(Answer::Failed { reason: no() }), EntryState::Failed, true),
            ("replied", Some(Answer::Expired { reason: no() }), EntryState::Expired, true),
            ("replied", None, EntryState::Failed, true),
            ("expired", None, EntryState::Expired, true),
        ] {
            let (found, reason) = progress(row, answer.as_ref());
            assert_eq!((found, reason.is_some()), (state, has_reason), "{row} {answer:?}");
        }
    }
}
