//! What people say and do about incidents: added to their history, at the centre and from the province.

use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::centre_db::CentreDb;
use crate::model::{IncidentId, Wall};

/// Where somebody is who handles an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// At the centre.
    Centre,
    /// At the province.
    Province,
}

/// One entry of an incident's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Handled {
    /// When it was written down here.
    pub at: Wall,
    /// Where the one is who did it.
    pub place: Place,
    /// Who.
    pub who: String,
    /// `acknowledge`, `comment` or `close`.
    pub action: String,
    /// What the incident came to: `real`, `false-alarm` or `test`, where it was closed.
    pub outcome: Option<String>,
    /// What was said.
    pub note: String,
}

impl CentreDb {
    /// Adds to the history of an incident; false if there is no such incident.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn handle(&self, incident: IncidentId, handled: &Handled) -> Result<bool, sqlx::Error> {
        let place = match handled.place {
            Place::Centre => "centre",
            Place::Province => "province",
        };
        let added = sqlx::query(
            "INSERT INTO handling (incident, at, place, who, action, outcome, note)
             SELECT id, ?, ?, ?, ?, ?, ? FROM incidents WHERE id = ?",
        )
        .bind(handled.at.as_millis())
        .bind(place)
        .bind(&handled.who)
        .bind(&handled.action)
        .bind(handled.outcome.as_deref())
        .bind(&handled.note)
        .bind(incident.to_string())
        .execute(&self.pool)
        .await?;
        let is_known = added.rows_affected() > 0;
        if is_known {
            self.tell(incident, false);
        }
        Ok(is_known)
    }

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
                at: Wall::from_millis(row.try_get("at")?),
                place: if place == "centre" { Place::Centre } else { Place::Province },
                who: row.try_get("who")?,
                action: row.try_get("action")?,
                outcome: row.try_get("outcome")?,
                note: row.try_get("note")?,
            })
        };
        rows.iter().map(handled).collect()
    }
}
