//! Writes events, the view of incidents that follows from them, sequences and statuses, in one
//! transaction a batch.

use sqlx::{Row, SqliteConnection};

use super::{Store, StoreError, What, handling};
use crate::clock;
use crate::database::WRITING;
use crate::model::{BootId, CentreId, Wall};
use crate::province::intake::{self, EventDecision, LastStatus, Newest, Sequence};
use crate::wire::{self, Event, EventType, Presence, Signature, Status};

/// A good event as it came.
#[derive(Debug, Clone)]
pub struct StoredEvent<'a> {
    /// Whose.
    pub centre: &'a CentreId,
    /// What it says.
    pub event: &'a Event,
    /// The exact bytes.
    pub body: &'a [u8],
    /// Who signed them.
    pub signature: &'a Signature,
}

impl Store {
    /// Stores what is new of `events` and says of each, in order, what was decided. When this
    /// returns the events are committed.
    ///
    /// # Errors
    /// [`StoreError::Database`]: then none of them is stored.
    pub async fn take_events(
        &self,
        events: &[StoredEvent<'_>],
        received: Wall,
    ) -> Result<Vec<EventDecision>, StoreError> {
        let mut tx = self.pool.begin_with(WRITING).await?;
        let (mut decisions, mut news) = (Vec::with_capacity(events.len()), vec![]);
        for event in events {
            let (decision, what) = take_event(&mut tx, event, received).await?;
            decisions.push(decision);
            news.extend(what.map(|what| (event.event.subject, what)));
        }
        tx.commit().await?;
        news.into_iter().for_each(|(incident, what)| self.tell(incident, what));
        Ok(decisions)
    }

    /// Keeps the status of a centre if it is news; says whether it was.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not take it.
    pub async fn take_status(
        &self,
        centre: &CentreId,
        status: &Status,
        body: &[u8],
        retained: bool,
        now: Wall,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin_with(WRITING).await?;
        let row = sqlx::query("SELECT boot, old_boots, at_ms FROM centres WHERE id = ?")
            .bind(centre.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let last = row.and_then(|row| {
            let old: String = row.get("old_boots");
            let read = |text: &str| text.parse::<BootId>().ok();
            let boot = read(row.get::<&str, _>("boot"))?;
            let at = Wall::from_millis(row.get("at_ms"));
            Some(LastStatus { boot, old_boots: old.split(' ').filter_map(read).collect(), at })
        });
        if !intake::is_news(last.as_ref(), status, retained) {
            return Ok(false);
        }
        let mut old: Vec<String> = vec![];
        if let Some(last) = &last {
            let before = (last.boot != status.boot).then_some(last.boot);
            old = before.iter().chain(&last.old_boots).take(16).map(BootId::to_string).collect();
        }
        let presence = match status.state {
            Presence::Online => "online",
            Presence::Offline => "offline",
        };
        sqlx::query(
            "INSERT INTO centres (id, status, at_ms, boot, old_boots, presence, heard_ms) \
             VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status, \
             at_ms = excluded.at_ms, boot = excluded.boot, old_boots = excluded.old_boots, \
             presence = excluded.presence, heard_ms = excluded.heard_ms",
        )
        .bind(centre.as_str())
        .bind(body)
        .bind(status.at.as_millis())
        .bind(status.boot.to_string())
        .bind(old.join(" "))
        .bind(presence)
        .bind(intake::heard_at(status, retained, now).as_millis())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn take_event(
    db: &mut SqliteConnection,
    stored: &StoredEvent<'_>,
    received: Wall,
) -> Result<(EventDecision, Option<What>), sqlx::Error> {
    let StoredEvent { centre, event, body, signature } = stored;
    let digest = wire::digest(body);
    let (id, incident) = (event.id.to_string(), event.subject.to_string());
    let known: Option<String> = sqlx::query_scalar("SELECT digest FROM events WHERE centre = ? AND id = ?")
        .bind(centre.as_str())
        .bind(&id)
        .fetch_optional(&mut *db)
        .await?;
    let view = sqlx::query("SELECT centre, epoch, sequence, time_ms FROM incidents WHERE id = ?")
        .bind(&incident)
        .fetch_optional(&mut *db)
        .await?;
    let owner: Option<String> = view.as_ref().map(|row| row.get("centre"));
    let decision = intake::judge_event(centre, &digest, known.as_deref(), owner.as_deref());
    if decision != EventDecision::Store {
        return Ok((decision, None));
    }
    let sequence = event.sequence_number().unwrap_or(0);
    let stored_at = clock::now().wall;
    sqlx::query(
        "INSERT INTO events (centre, id, incident, type, epoch, sequence, time_ms, body, sig, kid, digest, \
         received_ms, stored_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(centre.as_str())
    .bind(&id)
    .bind(&incident)
    .bind(event.event_type.short())
    .bind(event.epoch.to_string())
    .bind(sequence)
    .bind(event.time.as_millis())
    .bind(*body)
    .bind(&signature.sig)
    .bind(&signature.kid)
    .bind(&digest)
    .bind(received.as_millis())
    .bind(stored_at.as_millis())
    .execute(&mut *db)
    .await?;
    note_sequence(db, centre, &event.epoch.to_string(), sequence, stored_at).await?;
    let newest = view.map(|row| Newest {
        epoch: row.get("epoch"),
        sequence: row.get("sequence"),
        time: Wall::from_millis(row.get("time_ms")),
    });
    show_incident(db, centre, event, sequence, newest.as_ref(), stored_at).await?;
    let is_handled = handling::take(db, centre, event, sequence).await?;
    let what = match event.event_type {
        EventType::Opened => What::Opened,
        EventType::Closed => What::Closed,
        EventType::Updated if is_handled => What::Handled,
        EventType::Updated => What::Updated,
    };
    Ok((EventDecision::Store, Some(what)))
}

pub(super) async fn note_sequence(
    db: &mut SqliteConnection,
    centre: &CentreId,
    epoch: &str,
    number: i64,
    now: Wall,
) -> Result<(), sqlx::Error> {
    let row = sqlx::query("SELECT lowest, highest, count FROM sequences WHERE centre = ? AND epoch = ?")
        .bind(centre.as_str())
        .bind(epoch)
        .fetch_optional(&mut *db)
        .await?;
    let known = row.map(|row| Sequence {
        lowest: row.get("lowest"),
        highest: row.get("highest"),
        count: row.get("count"),
    });
    let sequence = Sequence::with(known, number);
    if known.is_some_and(|known| number > known.highest.saturating_add(1)) {
        tracing::warn!(%centre, epoch, missing = sequence.missing(), "events are missing before this one");
    }
    sqlx::query(
        "INSERT INTO sequences (centre, epoch, lowest, highest, count, first_ms, last_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT (centre, epoch) DO UPDATE SET \
         lowest = excluded.lowest, highest = excluded.highest, count = excluded.count, last_ms = excluded.last_ms",
    )
    .bind(centre.as_str())
    .bind(epoch)
    .bind(sequence.lowest)
    .bind(sequence.highest)
    .bind(sequence.count)
    .bind(now.as_millis())
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps the view of the incident: its newest event shows it, the opened one dates its storing,
/// a closed one closes it for good.
async fn show_incident(
    db: &mut SqliteConnection,
    centre: &CentreId,
    event: &Event,
    sequence: i64,
    newest: Option<&Newest>,
    now: Wall,
) -> Result<(), sqlx::Error> {
    let (id, epoch, data) = (event.subject.to_string(), event.epoch.to_string(), &event.data);
    if newest.is_none_or(|newest| newest.is_older_than(&epoch, sequence, event.time)) {
        sqlx::query(
            "INSERT INTO incidents (id, centre, kind, severity, camera, zone, started_ms, flagged_ms, ended_ms, \
             peak, count, no_clip, also, state, updated_ms, epoch, sequence, time_ms) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, severity = excluded.severity, \
             camera = excluded.camera, zone = excluded.zone, started_ms = excluded.started_ms, \
             flagged_ms = excluded.flagged_ms, ended_ms = excluded.ended_ms, peak = excluded.peak, \
             count = excluded.count, no_clip = excluded.no_clip, also = excluded.also, epoch = excluded.epoch, \
             sequence = excluded.sequence, time_ms = excluded.time_ms",
        )
        .bind(&id)
        .bind(centre.as_str())
        .bind(data.kind.as_str())
        .bind(data.severity.as_str())
        .bind(data.camera.as_ref().map(|camera| camera.as_str().to_owned()))
        .bind(&data.zone)
        .bind(data.started_at.as_millis())
        .bind(data.flagged_at.as_millis())
        .bind(data.ended_at.map(Wall::as_millis))
        .bind(serde_json::Value::Object(data.peak.clone()).to_string())
        .bind(data.count.map(i64::from))
        .bind(&data.no_clip)
        .bind(serde_json::json!(data.also).to_string())
        .bind(now.as_millis())
        .bind(&epoch)
        .bind(sequence)
        .bind(event.time.as_millis())
        .execute(&mut *db)
        .await?;
    }
    let (opened, closed) = (event.event_type == EventType::Opened, event.event_type == EventType::Closed);
    sqlx::query(
        "UPDATE incidents SET updated_ms = ?2, stored_ms = CASE WHEN ?3 THEN coalesce(stored_ms, ?2) \
         ELSE stored_ms END, state = CASE WHEN ?4 THEN 'closed' ELSE state END WHERE id = ?1",
    )
    .bind(&id)
    .bind(now.as_millis())
    .bind(opened)
    .bind(closed)
    .execute(db)
    .await?;
    Ok(())
}
