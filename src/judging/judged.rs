//! What people said of a rule's incidents.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use utoipa::ToSchema;

use crate::centre_db::{CentreDb, unreadable};
use crate::model::{CameraId, IncidentId, Wall};

/// No rule has more incidents that anybody looks through.
const MOST: u32 = 5000;

/// What an incident was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It happened.
    Real,
    /// It did not.
    FalseAlarm,
    /// Somebody tried it out.
    Test,
}

impl Outcome {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "real" => Some(Outcome::Real),
            "false-alarm" => Some(Outcome::FalseAlarm),
            "test" => Some(Outcome::Test),
            _ => None,
        }
    }
}

/// An incident and what people said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Which.
    pub id: IncidentId,
    /// The rule that flagged it.
    pub rule: String,
    /// Whose.
    pub camera: Option<CameraId>,
    /// Where in its picture.
    pub zone: Option<String>,
    /// When it began.
    pub started_at: Wall,
    /// When it was flagged.
    pub flagged_at: Wall,
    /// What it measured at its strongest.
    pub peak: BTreeMap<String, serde_json::Value>,
    /// What it was; none as long as it is not closed.
    pub outcome: Option<Outcome>,
}

impl Judged {
    /// One of its measurements.
    pub fn measured(&self, key: &str) -> Option<f64> {
        self.peak.get(key).and_then(serde_json::Value::as_f64)
    }
}

impl CentreDb {
    /// Incidents that were flagged since `since`, the newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn judged_since(&self, since: Wall) -> Result<Vec<Judged>, sqlx::Error> {
        sqlx::query(
            "SELECT id, rule, camera, zone, started_at, flagged_at, peak, work, outcome FROM incidents
             WHERE flagged_at >= ? ORDER BY flagged_at DESC, id LIMIT ?",
        )
        .bind(since.as_millis())
        .bind(MOST)
        .try_map(read)
        .fetch_all(&self.pool)
        .await
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn read(row: SqliteRow) -> Result<Judged, sqlx::Error> {
    let (id, peak, work): (&str, &str, &str) =
        (row.try_get("id")?, row.try_get("peak")?, row.try_get("work")?);
    let (camera, outcome): (Option<&str>, Option<&str>) = (row.try_get("camera")?, row.try_get("outcome")?);
    Ok(Judged {
        id: id.parse().map_err(|e| unreadable("id", Box::new(e)))?,
        rule: row.try_get("rule")?,
        camera: camera.map(CameraId::new).transpose().map_err(|e| unreadable("camera", e))?,
        zone: row.try_get("zone")?,
        started_at: Wall::from_millis(row.try_get("started_at")?),
        flagged_at: Wall::from_millis(row.try_get("flagged_at")?),
        peak: serde_json::from_str(peak).map_err(|e| unreadable("peak", e))?,
        outcome: outcome.filter(|_| work == "closed").and_then(Outcome::parse),
    })
}
