//! The rows of incidents: what a restart needs to close what was open and to make the evidence
//! that is still missing.

use serde_json::{Map, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::centre_db::{CentreDb, unreadable};
use crate::model::{CameraId, ClockState, IncidentId, Kind, Severity, Wall};
use crate::wire::{FileRef, IncidentData};

/// How far the evidence of an incident is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// None is to be made.
    None,
    /// It is still to be made.
    Pending,
    /// It was made.
    Made,
    /// It cannot be made, and why.
    Impossible(String),
}

/// An incident as the centre's database keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentRow {
    /// Its id, the same at the province.
    pub id: IncidentId,
    /// What kind.
    pub kind: Kind,
    /// How much it matters; a `notice` puts nothing into the outbox.
    pub severity: Severity,
    /// Which camera, where it is one camera's.
    pub camera: Option<CameraId>,
    /// Which other cameras see the same.
    pub also: Vec<CameraId>,
    /// Which of the camera's zones.
    pub zone: Option<String>,
    /// When the condition began.
    pub started_at: Wall,
    /// When it had held long enough to be flagged.
    pub flagged_at: Wall,
    /// When it was over.
    pub ended_at: Option<Wall>,
    /// The strongest measurements so far, names with units.
    pub peak: Map<String, Value>,
    /// How often it was flagged.
    pub count: u32,
    /// The rule that flagged it, as the config names it.
    pub rule: String,
    /// The range `[from, to)` of its clip, where it has one.
    pub clip: Option<(Wall, Wall)>,
    /// How far its evidence is.
    pub evidence: Evidence,
    /// How far the clock could be believed.
    pub clock: ClockState,
    /// Whether its sound may leave the centre.
    pub sound_may_leave: bool,
    /// Whether the province asked for it.
    pub asked: bool,
}

impl IncidentRow {
    /// Whether the province is told of it.
    pub fn leaves(&self) -> bool {
        self.severity > Severity::Notice || self.asked
    }

    /// The incident as an event shows it, with the files that the event lists.
    pub fn data(&self, files: Vec<FileRef>) -> IncidentData {
        let no_clip = match &self.evidence {
            Evidence::Impossible(reason) => Some(reason.clone()),
            _ => self.kind.no_clip_reason().map(str::to_owned),
        };
        IncidentData {
            kind: self.kind,
            severity: self.severity,
            camera: self.camera.clone(),
            also: self.also.clone(),
            zone: self.zone.clone(),
            started_at: self.started_at,
            flagged_at: self.flagged_at,
            ended_at: self.ended_at,
            peak: self.peak.clone(),
            count: (self.count > 1).then_some(self.count),
            no_clip,
            clock: self.clock,
            files,
            work: None,
            handling: vec![],
        }
    }
}

/// No incident is drawn on a time line that begins so long after it was flagged.
const MOST_MS: i64 = 7 * 86_400_000;

impl CentreDb {
    /// One incident.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn incident(&self, id: IncidentId) -> Result<Option<IncidentRow>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        read(&mut connection, id).await
    }

    /// Incidents of a camera, or of the centre itself, of which something lies within `[from, to)`, the
    /// oldest first and at most `most`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn incidents_within(
        &self,
        camera: &CameraId,
        (from, to): (Wall, Wall),
        most: u32,
    ) -> Result<Vec<IncidentRow>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT * FROM incidents WHERE flagged_at >= ? AND started_at < ?
                 AND (ended_at IS NULL OR ended_at >= ?)
                 AND (camera IS NULL OR camera = ?
                     OR EXISTS (SELECT 1 FROM json_each(also) WHERE value = ?))
             ORDER BY flagged_at, id LIMIT ?",
        )
        // What was flagged longer ago is over, or is on the lists of what is open.
        .bind(from.plus_millis(-MOST_MS).as_millis())
        .bind(to.as_millis())
        .bind(from.as_millis())
        .bind(camera.as_str())
        .bind(camera.as_str())
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Incidents that are not over, the oldest first: after a restart they are taken up or closed.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn open_incidents(&self) -> Result<Vec<IncidentRow>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM incidents WHERE ended_at IS NULL ORDER BY flagged_at, id")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// Incidents that were over at `since` or later, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn ended_since(&self, since: Wall) -> Result<Vec<IncidentRow>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM incidents WHERE ended_at >= ? ORDER BY flagged_at, id")
            .bind(since.as_millis())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// Incidents whose evidence is still to be made, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn pending_evidence(&self) -> Result<Vec<IncidentRow>, sqlx::Error> {
        let rows =
            sqlx::query("SELECT * FROM incidents WHERE evidence_state = 'pending' ORDER BY flagged_at, id")
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(from_row).collect()
    }
}

/// Writes an incident. Evidence that is made or impossible stays so: who closes an incident need
/// not know that its clip was finished meanwhile.
pub(super) async fn write(connection: &mut SqliteConnection, row: &IncidentRow) -> Result<(), sqlx::Error> {
    let (state, reason) = evidence_columns(&row.evidence);
    sqlx::query(
        "INSERT INTO incidents (id, kind, severity, camera, zone, started_at, flagged_at, ended_at, peak,
             count, rule, clip_from, clip_to, evidence_state, evidence_reason, clock, sound_may_leave, also, asked)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, severity = excluded.severity,
             camera = excluded.camera, zone = excluded.zone, started_at = excluded.started_at,
             flagged_at = excluded.flagged_at, ended_at = excluded.ended_at, peak = excluded.peak,
             count = excluded.count, rule = excluded.rule, clip_from = excluded.clip_from,
             clip_to = excluded.clip_to, clock = excluded.clock, sound_may_leave = excluded.sound_may_leave,
             also = excluded.also, asked = excluded.asked,
             evidence_reason = CASE WHEN evidence_state IN ('made', 'impossible')
                 THEN evidence_reason ELSE excluded.evidence_reason END,
             evidence_state = CASE WHEN evidence_state IN ('made', 'impossible')
                 THEN evidence_state ELSE excluded.evidence_state END",
    )
    .bind(row.id.to_string())
    .bind(row.kind.as_str())
    .bind(row.severity.as_str())
    .bind(row.camera.as_ref().map(CameraId::as_str))
    .bind(row.zone.as_deref())
    .bind(row.started_at.as_millis())
    .bind(row.flagged_at.as_millis())
    .bind(row.ended_at.map(Wall::as_millis))
    .bind(json(&row.peak)?)
    .bind(i64::from(row.count))
    .bind(&row.rule)
    .bind(row.clip.map(|(from, _)| from.as_millis()))
    .bind(row.clip.map(|(_, to)| to.as_millis()))
    .bind(state)
    .bind(reason)
    .bind(json(&row.clock)?)
    .bind(row.sound_may_leave)
    .bind(json(&row.also)?)
    .bind(row.asked)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn read(
    connection: &mut SqliteConnection,
    id: IncidentId,
) -> Result<Option<IncidentRow>, sqlx::Error> {
    let row = sqlx::query("SELECT * FROM incidents WHERE id = ?")
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(from_row).transpose()
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|e| sqlx::Error::Encode(e.into()))
}

fn evidence_columns(evidence: &Evidence) -> (&'static str, Option<&str>) {
    match evidence {
        Evidence::None => ("none", None),
        Evidence::Pending => ("pending", None),
        Evidence::Made => ("made", None),
        Evidence::Impossible(reason) => ("impossible", Some(reason)),
    }
}

fn from_row(row: &SqliteRow) -> Result<IncidentRow, sqlx::Error> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let maybe_text = |column: &str| row.try_get::<Option<String>, _>(column);
    let time = |column: &str| row.try_get::<i64, _>(column).map(Wall::from_millis);
    let maybe_time = |column: &str| row.try_get::<Option<i64>, _>(column).map(|ms| ms.map(Wall::from_millis));
    let state = text("evidence_state")?;
    let evidence = match state.as_str() {
        "none" => Evidence::None,
        "pending" => Evidence::Pending,
        "made" => Evidence::Made,
        "impossible" => Evidence::Impossible(maybe_text("evidence_reason")?.unwrap_or_default()),
        _ => return Err(unreadable("evidence_state", state)),
    };
    let kind = text("kind")?;
    let severity = text("severity")?;
    let camera = maybe_text("camera")?.map(|id| CameraId::new(&id)).transpose();
    Ok(IncidentRow {
        id: text("id")?.parse().map_err(|e| unreadable("id", Box::new(e)))?,
        kind: Kind::parse(&kind).ok_or_else(|| unreadable("kind", kind))?,
        severity: Severity::parse(&severity).ok_or_else(|| unreadable("severity", severity))?,
        camera: camera.map_err(|e| unreadable("camera", Box::new(e)))?,
        zone: maybe_text("zone")?,
        started_at: time("started_at")?,
        flagged_at: time("flagged_at")?,
        ended_at: maybe_time("ended_at")?,
        peak: serde_json::from_str(&text("peak")?).map_err(|e| unreadable("peak", Box::new(e)))?,
        count: u32::try_from(row.try_get::<i64, _>("count")?)
            .map_err(|e| unreadable("count", Box::new(e)))?,
        rule: text("rule")?,
        clip: maybe_time("clip_from")?.zip(maybe_time("clip_to")?),
        evidence,
        clock: serde_json::from_str(&text("clock")?).map_err(|e| unreadable("clock", Box::new(e)))?,
        sound_may_leave: row.try_get("sound_may_leave")?,
        asked: row.try_get("asked")?,
        also: serde_json::from_str(&text("also")?).map_err(|e| unreadable("also", Box::new(e)))?,
    })
}
