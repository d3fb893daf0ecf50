//! What the province's pages ask of the storage about events, files and centres.

use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{Row, sqlite::SqliteRow};
use utoipa::ToSchema;

use super::{Store, StoreError};
use crate::model::{EventId, FileId, IncidentId, Wall};
use crate::province::centres::Heard;
use crate::province::intake::Sequence;
use crate::province::ranges::Ranges;
use crate::wire::{Presence, Role, Status};

/// An event of an incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventRow {
    /// Its id.
    #[schema(value_type = EventId)]
    pub id: String,
    /// `opened`, `updated` or `closed`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Its epoch.
    pub epoch: String,
    /// Its number in the epoch.
    pub sequence: i64,
    /// When it was made.
    pub time: Wall,
    /// When its bytes came.
    pub received_at: Wall,
    /// When it was stored.
    pub stored_at: Wall,
    /// `sha256:…` of its bytes.
    pub digest: String,
    /// The key that signed it.
    pub kid: String,
    /// The signature, base64.
    pub sig: String,
    /// The event itself.
    #[schema(value_type = Option<Object>)]
    pub body: Option<Box<RawValue>>,
}

/// A file of an incident.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FileRow {
    /// Which.
    #[schema(value_type = FileId)]
    pub file_id: String,
    /// What it is to the incident.
    #[schema(value_type = Role)]
    pub role: String,
    /// `receiving`, `stored` or `refused`.
    pub state: String,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Its length.
    pub size: i64,
    /// How many of its bytes are there.
    pub received: i64,
    /// `sha256:…` of its bytes.
    pub digest: String,
    /// Such as `video/mp4`.
    pub media_type: String,
    /// The camera.
    pub camera: Option<String>,
    /// Its first moment.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
    /// When it was stored.
    pub stored_at: Option<Wall>,
    /// When the digest of the whole was found right.
    pub verified_at: Option<Wall>,
    /// Where it can be fetched, once stored.
    pub url: Option<String>,
    /// Where it lies below the storage folder.
    #[serde(skip)]
    pub path: Option<String>,
    /// Whose.
    #[serde(skip)]
    pub centre: String,
}

/// What is known of a centre.
#[derive(Debug, Clone)]
pub struct CentreRow {
    /// Its id.
    pub id: String,
    /// Its last word.
    pub heard: Heard,
    /// Its last status, if it can be read.
    pub status: Option<Status>,
}

impl CentreRow {
    /// Since when something waits there, as it says itself.
    pub fn oldest(&self) -> Option<Wall> {
        self.status.as_ref()?.backlog.as_ref()?.oldest
    }
}

/// What came from a centre and was not taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RejectionRow {
    /// When.
    pub at: Wall,
    /// The topic.
    pub topic: String,
    /// Why.
    pub reason: String,
    /// Length of the payload.
    pub size: i64,
}

impl Store {
    /// The events of an incident, in the order in which they were stored.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn events_of(&self, id: IncidentId) -> Result<Vec<EventRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM events WHERE incident = ? ORDER BY rowid LIMIT 1000")
            .bind(id.to_string())
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.iter().map(event_row).collect())
    }

    /// The files of an incident, of its own centre, the earliest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn files_of(&self, id: IncidentId) -> Result<Vec<FileRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT files.* FROM files JOIN incidents ON incidents.id = files.incident \
             AND incidents.centre = files.centre WHERE files.incident = ? \
             ORDER BY files.from_ms, files.announced_ms, files.id LIMIT 1000",
        )
        .bind(id.to_string())
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.iter().map(|row| file_row(id, row)).collect())
    }

    /// Every centre that was heard of.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn centres(&self) -> Result<Vec<CentreRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM centres").fetch_all(&self.readers).await?;
        Ok(rows
            .iter()
            .map(|row| CentreRow {
                id: row.get("id"),
                heard: Heard {
                    presence: if row.get::<&str, _>("presence") == "online" {
                        Presence::Online
                    } else {
                        Presence::Offline
                    },
                    at: Wall::from_millis(row.get("heard_ms")),
                },
                status: Status::from_bytes(row.get("status")).ok(),
            })
            .collect())
    }

    /// How many events of a centre are missing between those that came, in every epoch.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn missing_events(&self, centre: &str) -> Result<i64, StoreError> {
        let rows = sqlx::query("SELECT lowest, highest, count FROM sequences WHERE centre = ?")
            .bind(centre)
            .fetch_all(&self.readers)
            .await?;
        let missing = rows.iter().map(|row| {
            let (lowest, highest) = (row.get("lowest"), row.get("highest"));
            Sequence { lowest, highest, count: row.get("count") }.missing()
        });
        // Not in SQL: a centre may number its events so that the sum has no room.
        Ok(missing.fold(0, i64::saturating_add))
    }

    /// How much of a centre was rejected since ever, and the newest of it.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn rejections(&self, centre: &str) -> Result<(i64, Vec<RejectionRow>), StoreError> {
        let count: Option<i64> = sqlx::query_scalar("SELECT count FROM rejection_counts WHERE centre = ?")
            .bind(centre)
            .fetch_optional(&self.readers)
            .await?;
        let rows = sqlx::query("SELECT * FROM rejections WHERE centre = ? ORDER BY seq DESC LIMIT 20")
            .bind(centre)
            .fetch_all(&self.readers)
            .await?;
        let row = |row: &SqliteRow| RejectionRow {
            at: Wall::from_millis(row.get("at_ms")),
            topic: row.get("topic"),
            reason: row.get("reason"),
            size: row.get("size"),
        };
        Ok((count.unwrap_or(0), rows.iter().map(row).collect()))
    }
}

pub(super) fn moment(row: &SqliteRow, column: &str) -> Wall {
    Wall::from_millis(row.get(column))
}

pub(super) fn moment_if_any(row: &SqliteRow, column: &str) -> Option<Wall> {
    row.get::<Option<i64>, _>(column).map(Wall::from_millis)
}

fn event_row(row: &SqliteRow) -> EventRow {
    EventRow {
        id: row.get("id"),
        event_type: row.get("type"),
        epoch: row.get("epoch"),
        sequence: row.get("sequence"),
        time: moment(row, "time_ms"),
        received_at: moment(row, "received_ms"),
        stored_at: moment(row, "stored_ms"),
        digest: row.get("digest"),
        kid: row.get("kid"),
        sig: row.get("sig"),
        body: serde_json::from_slice(row.get("body")).ok(),
    }
}

fn file_row(incident: IncidentId, row: &SqliteRow) -> FileRow {
    let (state, role): (String, String) = (row.get("state"), row.get("role"));
    let (id, size): (String, i64) = (row.get("id"), row.get("size"));
    let have: u64 = row.get::<&str, _>("have").parse().map_or(0, |have: Ranges| have.bytes());
    let url = (state == "stored").then(|| Role::parse(&role)).flatten().map(|role| {
        let page = page_of(role);
        format!("/api/incidents/{incident}/{page}?file={id}")
    });
    FileRow {
        received: if state == "stored" { size } else { i64::try_from(have).unwrap_or(i64::MAX) },
        reason: row.get("reason"),
        size,
        digest: format!("sha256:{}", row.get::<&str, _>("checksum")),
        media_type: row.get("media_type"),
        camera: row.get("camera"),
        from: moment(row, "from_ms"),
        to: moment(row, "to_ms"),
        stored_at: moment_if_any(row, "stored_ms"),
        verified_at: moment_if_any(row, "verified_ms"),
        path: row.get("path"),
        centre: row.get("centre"),
        file_id: id,
        role,
        state,
        url,
    }
}

/// The page at which a file of this role is fetched.
fn page_of(role: Role) -> &'static str {
    match role {
        Role::Clip => "clip.mp4",
        Role::Still => "still.jpg",
        Role::Sound => "sound.wav",
        Role::Manifest => "manifest.json",
        Role::Preview => "preview.jpg",
    }
}

/// The reverse of [`FileRow::url`]'s last part.
pub fn role_of_page(page: &str) -> Option<Role> {
    [Role::Clip, Role::Still, Role::Sound, Role::Manifest, Role::Preview]
        .into_iter()
        .find(|role| page_of(*role) == page)
}
