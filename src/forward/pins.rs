//! Pins: ranges of recordings that an incident needs, which retention leaves alone.

use sqlx::Row;

use crate::centre_db::{CentreDb, unreadable};
use crate::model::{CameraId, IncidentId, Now, Wall};

/// A range `[from, to)` of a camera's recordings that an incident holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Who holds it.
    pub incident: IncidentId,
    /// Whose recordings.
    pub camera: CameraId,
    /// The first moment held.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
}

impl CentreDb {
    /// Holds a range; the incident must be recorded already.
    ///
    /// # Errors
    /// If the row cannot be written.
    pub async fn add_pin(&self, pin: &Pin, now: Now) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO pins (incident, camera, from_ms, to_ms, made_at) VALUES (?, ?, ?, ?, ?)")
            .bind(pin.incident.to_string())
            .bind(pin.camera.as_str())
            .bind(pin.from.as_millis())
            .bind(pin.to.as_millis())
            .bind(now.wall.as_millis())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Lets go of everything that `incident` holds.
    ///
    /// # Errors
    /// If the rows cannot be written.
    pub async fn release_pins(&self, incident: IncidentId, now: Now) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE pins SET released_at = ? WHERE incident = ? AND released_at IS NULL")
            .bind(now.wall.as_millis())
            .bind(incident.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Every range that is held, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn pins(&self) -> Result<Vec<Pin>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT incident, camera, from_ms, to_ms FROM pins WHERE released_at IS NULL ORDER BY number",
        )
        .fetch_all(&self.pool)
        .await?;
        let pin = |row: &sqlx::sqlite::SqliteRow| {
            let (incident, camera): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            Ok(Pin {
                incident: incident.parse().map_err(|e| unreadable("incident", Box::new(e)))?,
                camera: CameraId::new(&camera).map_err(|e| unreadable("camera", Box::new(e)))?,
                from: Wall::from_millis(row.try_get(2)?),
                to: Wall::from_millis(row.try_get(3)?),
            })
        };
        rows.iter().map(pin).collect()
    }

    /// Lets go of what incidents hold that were over for `held` and, if `needs_receipt`, of which the
    /// province has everything; gives how many ranges.
    ///
    /// # Errors
    /// If the rows cannot be written.
    pub async fn lapse_pins(
        &self,
        held: std::time::Duration,
        needs_receipt: bool,
        now: Now,
    ) -> Result<u64, sqlx::Error> {
        let held_ms = i64::try_from(held.as_millis()).unwrap_or(i64::MAX);
        let lapsed = sqlx::query(
            "UPDATE pins SET released_at = ?1 WHERE released_at IS NULL
               AND EXISTS (SELECT 1 FROM incidents WHERE id = pins.incident AND ended_at < ?2)
               AND NOT (?3 AND EXISTS (SELECT 1 FROM outbox
                    WHERE incident = pins.incident AND state IN ('waiting', 'quarantined')))",
        )
        .bind(now.wall.as_millis())
        .bind(now.wall.plus_millis(-held_ms).as_millis())
        .bind(needs_receipt)
        .execute(&self.pool)
        .await?;
        Ok(lapsed.rows_affected())
    }
}
