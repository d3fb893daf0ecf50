//! The incidents as the province shows them, and how many wait.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};
use utoipa::ToSchema;

use super::filter::{IncidentFilter, question, within};
use super::read::{moment, moment_if_any};
use super::{Store, StoreError, What};
use crate::model::{CameraId, CentreId, IncidentId, Kind, Severity, Wall};
use crate::province::evidence::{Evidence, Piece, PieceState, evidence};
use crate::province::raising::{is_raised, waited_since};
use crate::wire::{ClosedAs, Role, Work, WorkState};

/// An incident as the newest event shows it, and what there is of it here.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Alert {
    /// Which.
    #[schema(value_type = IncidentId)]
    pub id: String,
    /// Whose.
    #[schema(value_type = CentreId)]
    pub centre: String,
    /// What kind.
    #[schema(value_type = Kind)]
    pub kind: String,
    /// How much it matters.
    #[schema(value_type = Severity)]
    pub severity: String,
    /// Whether it goes on: `open` or `closed`.
    pub state: String,
    /// Which camera, where it is one camera's.
    #[schema(value_type = Option<CameraId>)]
    pub camera: Option<String>,
    /// Which other cameras see the same.
    #[schema(value_type = Vec<CameraId>)]
    pub also: Vec<String>,
    /// Which zone.
    pub zone: Option<String>,
    /// When the condition began.
    pub started_at: Wall,
    /// When it was flagged.
    pub flagged_at: Wall,
    /// When it was over.
    pub ended_at: Option<Wall>,
    /// The strongest measurements, names with units.
    #[schema(value_type = Object)]
    pub peak: serde_json::Map<String, serde_json::Value>,
    /// How many flags it stands for, where it is several.
    pub count: Option<i64>,
    /// Why there is no clip.
    pub no_clip: Option<String>,
    /// When the province stored the opened event; null until that came.
    pub stored_at: Option<Wall>,
    /// When the province stored the newest event.
    pub updated_at: Wall,
    /// How the work on it stands at the centre.
    pub work: Work,
    /// Who at the province acknowledged it first.
    pub acknowledged: Option<Acknowledged>,
    /// Whether it is raised: urgent ones at once, warnings that nobody at the centre took within five minutes.
    pub raised: bool,
    /// What came of its evidence.
    pub evidence: Evidence,
    /// Whether the province itself made it: of a centre that is silent.
    #[serde(skip)]
    pub is_own: bool,
    /// The files that its events name.
    #[serde(skip)]
    pub named: Vec<String>,
}

/// That somebody at the province has seen an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// When.
    pub at: Wall,
}

/// How many incidents wait for somebody, whatever the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Counts {
    /// On which nobody has looked at the centre.
    pub new: i64,
    /// Of these, urgent ones.
    pub urgent_new: i64,
}

impl Store {
    /// Incidents, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn incidents(&self, filter: &IncidentFilter, now: Wall) -> Result<Vec<Alert>, StoreError> {
        let rows = question(filter, now).build().fetch_all(&self.readers).await?;
        let mut alerts: Vec<Alert> = rows.iter().map(|row| alert(row, now)).collect();
        let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
        let mut pieces = self.pieces(&ids).await?;
        for alert in &mut alerts {
            let pieces = pieces.remove(&alert.id).unwrap_or_default();
            alert.evidence = evidence(&alert.named, &pieces);
        }
        Ok(alerts)
    }

    /// One incident.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn incident(&self, id: IncidentId, now: Wall) -> Result<Option<Alert>, StoreError> {
        let id = id.to_string();
        let row = sqlx::query("SELECT * FROM incidents WHERE id = ?");
        let row = row.bind(&id).fetch_optional(&self.readers).await?;
        let Some(mut alert) = row.map(|row| alert(&row, now)) else { return Ok(None) };
        let pieces = self.pieces(&[&id]).await?.remove(&id).unwrap_or_default();
        alert.evidence = evidence(&alert.named, &pieces);
        Ok(Some(alert))
    }

    /// How many wait, of these centres.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn counts(&self, only: Option<&BTreeSet<String>>) -> Result<Counts, StoreError> {
        let mut query = QueryBuilder::new(
            "SELECT count(*), count(*) FILTER (WHERE severity = 'urgent') FROM incidents
             INDEXED BY incidents_counted WHERE work_state = 'new'",
        );
        within(&mut query, only);
        let row = query.build().fetch_one(&self.readers).await?;
        Ok(Counts { new: row.try_get(0)?, urgent_new: row.try_get(1)? })
    }

    /// Tells of the warnings that nobody has taken and that have waited long enough since a moment within
    /// `(after, now]`.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn tell_raised(&self, after: Wall, now: Wall) -> Result<(), StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM incidents WHERE raisable = 1 AND flagged_ms > ? AND flagged_ms <= ?
                 AND severity = 'warning' LIMIT 1000",
        )
        .bind(waited_since(after).as_millis())
        .bind(waited_since(now).as_millis())
        .fetch_all(&self.readers)
        .await?;
        ids.iter().filter_map(|id| id.parse().ok()).for_each(|id| self.tell(id, What::Updated));
        Ok(())
    }

    /// The files of these incidents.
    async fn pieces(&self, ids: &[&str]) -> Result<BTreeMap<String, Vec<Piece>>, StoreError> {
        let rows = sqlx::query(
            "SELECT files.incident, files.id, files.role, files.state, files.verified_ms,
                    files.role <> 'manifest'
                    AND EXISTS (SELECT 1 FROM manifest_files AS named
                        WHERE named.centre = files.centre AND named.incident = files.incident)
                    AND NOT EXISTS (SELECT 1 FROM manifest_files AS named
                        WHERE named.centre = files.centre AND named.incident = files.incident
                          AND named.sha256 = files.checksum) AS is_unlisted
             FROM json_each(?) AS asked JOIN incidents ON incidents.id = asked.value
             JOIN files ON files.incident = incidents.id AND files.centre = incidents.centre",
        )
        .bind(serde_json::json!(ids).to_string())
        .fetch_all(&self.readers)
        .await?;
        let mut pieces: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
        for row in rows {
            let verified: Option<i64> = row.try_get("verified_ms")?;
            let state = match row.try_get("state")? {
                "receiving" => PieceState::Receiving,
                "stored" if row.try_get("is_unlisted")? => PieceState::Unlisted,
                "stored" if verified.is_some() => PieceState::Verified,
                "stored" => PieceState::Unverified,
                _ => PieceState::Refused,
            };
            let piece = Piece { id: row.try_get("id")?, role: Role::parse(row.try_get("role")?), state };
            pieces.entry(row.try_get("incident")?).or_default().push(piece);
        }
        Ok(pieces)
    }
}

fn alert(row: &SqliteRow, now: Wall) -> Alert {
    let severity: String = row.get("severity");
    let work = Work {
        state: WorkState::parse(row.get("work_state")).unwrap_or(WorkState::New),
        owner: row.get("work_owner"),
        outcome: row.get::<Option<&str>, _>("work_outcome").and_then(ClosedAs::parse),
        at: moment_if_any(row, "work_ms"),
    };
    let acknowledged: Option<String> = row.get("acknowledged_by");
    let acknowledged = acknowledged.zip(moment_if_any(row, "acknowledged_ms"));
    let flagged_at = moment(row, "flagged_ms");
    let level = Severity::parse(&severity);
    Alert {
        id: row.get("id"),
        centre: row.get("centre"),
        kind: row.get("kind"),
        state: row.get("state"),
        camera: row.get("camera"),
        also: serde_json::from_str(row.get("also")).unwrap_or_default(),
        zone: row.get("zone"),
        started_at: moment(row, "started_ms"),
        flagged_at,
        ended_at: moment_if_any(row, "ended_ms"),
        peak: serde_json::from_str(row.get("peak")).unwrap_or_default(),
        count: row.get("count"),
        no_clip: row.get("no_clip"),
        stored_at: moment_if_any(row, "stored_ms"),
        updated_at: moment(row, "updated_ms"),
        raised: level.is_some_and(|level| is_raised(level, work.state, flagged_at, now)),
        work,
        acknowledged: acknowledged.map(|(by, at)| Acknowledged { by, at }),
        evidence: Evidence::default(),
        is_own: row.get::<&str, _>("epoch") == super::silence::OWN_EPOCH,
        named: serde_json::from_str(row.get("named_files")).unwrap_or_default(),
        severity,
    }
}
