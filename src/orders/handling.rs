//! The rows of what people said and did about incidents, and of how far each is.

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use utoipa::ToSchema;

use crate::centre_db::{CentreDb, unreadable};
use crate::model::{IncidentId, Wall};
use crate::wire::{ClosedAs, HandlingEntry, Work, WorkState};

/// Where somebody is who handles an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// At the centre.
    Centre,
    /// At the province.
    Province,
}

/// One entry of an incident's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Entry)]
pub struct Handled {
    /// Its number, which rises.
    pub number: i64,
    /// When it was written down here.
    pub at: Wall,
    /// Where the one is who did it.
    pub place: Place,
    /// Who.
    pub who: String,
    /// `see`, `take`, `assign`, `comment`, `close`, `reopen`; of the province: `acknowledge`, `comment`, `close`.
    pub action: String,
    /// What the incident came to, where it was closed.
    pub outcome: Option<ClosedAs>,
    /// Who is to deal with it, where that was said.
    pub owner: Option<String>,
    /// What was said.
    pub note: String,
}

impl CentreDb {
    /// The history of an incident, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn history(&self, incident: IncidentId) -> Result<Vec<Handled>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM handling WHERE incident = ? ORDER BY number")
            .bind(incident.to_string())
            .fetch_all(&self.pool)
            .await?;
        let handled = |row: &SqliteRow| {
            let place: String = row.try_get("place")?;
            Ok(Handled {
                number: row.try_get("number")?,
                at: Wall::from_millis(row.try_get("at")?),
                place: if place == "centre" { Place::Centre } else { Place::Province },
                who: row.try_get("who")?,
                action: row.try_get("action")?,
                outcome: outcome(row)?,
                owner: row.try_get("owner")?,
                note: row.try_get("note")?,
            })
        };
        rows.iter().map(handled).collect()
    }
}

/// Adds an entry; gives its number.
pub(super) async fn add(
    db: &mut SqliteConnection,
    incident: IncidentId,
    place: Place,
    entry: &HandlingEntry,
) -> Result<i64, sqlx::Error> {
    let place = match place {
        Place::Centre => "centre",
        Place::Province => "province",
    };
    let added = sqlx::query(
        "INSERT INTO handling (incident, at, place, who, action, outcome, owner, note)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(incident.to_string())
    .bind(entry.at.as_millis())
    .bind(place)
    .bind(&entry.who)
    .bind(&entry.action)
    .bind(entry.outcome.map(ClosedAs::as_str))
    .bind(entry.owner.as_deref())
    .bind(&entry.note)
    .execute(db)
    .await?;
    Ok(added.last_insert_rowid())
}

/// How far people are with an incident.
pub(super) async fn work_of(db: &mut SqliteConnection, incident: IncidentId) -> Result<Work, sqlx::Error> {
    let row = sqlx::query("SELECT work, owner, outcome, worked_at FROM incidents WHERE id = ?");
    work(&row.bind(incident.to_string()).fetch_one(db).await?)
}

/// Reads how far people are out of an incident's row.
pub(super) fn work(row: &SqliteRow) -> Result<Work, sqlx::Error> {
    let state: String = row.try_get("work")?;
    Ok(Work {
        state: WorkState::parse(&state).ok_or_else(|| unreadable("work", state))?,
        owner: row.try_get("owner")?,
        outcome: outcome(row)?,
        at: row.try_get::<Option<i64>, _>("worked_at")?.map(Wall::from_millis),
    })
}

pub(super) async fn set_work(
    db: &mut SqliteConnection,
    incident: IncidentId,
    work: &Work,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE incidents SET work = ?, owner = ?, outcome = ?, worked_at = ? WHERE id = ?")
        .bind(work.state.as_str())
        .bind(work.owner.as_deref())
        .bind(work.outcome.map(ClosedAs::as_str))
        .bind(work.at.map(Wall::as_millis))
        .bind(incident.to_string())
        .execute(db)
        .await?;
    Ok(())
}

fn outcome(row: &SqliteRow) -> Result<Option<ClosedAs>, sqlx::Error> {
    let word: Option<String> = row.try_get("outcome")?;
    word.map(|word| ClosedAs::parse(&word).ok_or_else(|| unreadable("outcome", word))).transpose()
}
