//! Puts on record what people do about incidents: the entry, how far the incident is, the audit log, and the event
//! by which the province hears of it, in one transaction.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use sqlx::{Row, SqliteConnection};
use tokio::sync::mpsc;

use super::handling::{self, Place};
use super::work::{Conflict, Doing, after};
use crate::centre_db::CentreDb;
use crate::forward::{IncidentRow, OutboxError, add_event, read_incident};
use crate::model::{CentreId, EventId, Ids, IncidentId, Now};
use crate::people::{Act, AuditLog};
use crate::wire::{ClosedAs, Event, EventType, HandlingEntry, Signer, Work};

/// Something that somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// About which incident.
    pub incident: IncidentId,
    /// Where they are.
    pub place: Place,
    /// Who: the name they sign in with; at the province, the name that came with the command.
    pub who: String,
    /// From which address.
    pub from: String,
    /// What.
    pub doing: Doing,
    /// What they say.
    pub note: String,
    /// The number of the last entry that they saw, where they say so.
    pub seen: Option<i64>,
}

/// Why it was not put on record.
#[derive(Debug, thiserror::Error)]
pub enum NotPut {
    /// There is no such incident.
    #[error("there is no incident {0} here")]
    Unknown(IncidentId),
    /// It cannot be done as things are.
    #[error("{why}{}", by.as_deref().map(|by| format!(": {by} was the last")).unwrap_or_default())]
    Conflict {
        /// Why.
        why: Conflict,
        /// Who did something about it last.
        by: Option<String>,
    },
    /// It cannot be written now.
    #[error("it cannot be written down now: {0}")]
    Failed(#[from] OutboxError),
}

impl From<sqlx::Error> for NotPut {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Where people's work is put on record. Clones share it.
#[derive(Debug, Clone)]
pub struct Casebook {
    centre: CentreId,
    db: CentreDb,
    signer: Arc<Signer>,
    ids: Arc<Mutex<Ids>>,
    nudge: mpsc::Sender<()>,
}

impl Casebook {
    /// The casebook of a centre; `nudge` wakes the link.
    pub fn new(centre: CentreId, db: CentreDb, signer: Arc<Signer>, ids: Ids, nudge: mpsc::Sender<()>) -> Self {
        Self { centre, db, signer, ids: Arc::new(Mutex::new(ids)), nudge }
    }

    /// Puts a deed on record.
    ///
    /// # Errors
    /// [`NotPut`]: then nothing of it is.
    pub async fn put(&self, deed: &Deed, now: Now) -> Result<(), NotPut> {
        let mut transaction = self.db.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row = read_incident(&mut transaction, deed.incident).await?;
        let row = row.ok_or(NotPut::Unknown(deed.incident))?;
        let work = handling::work_of(&mut transaction, deed.incident).await?;
        let last = last(&mut transaction, deed.incident).await?;
        let is_current = deed.seen.map(|seen| seen == last.as_ref().map_or(0, |(number, _)| *number));
        let next = after(&work, &deed.doing, &deed.who, is_current)
            .map_err(|why| NotPut::Conflict { why, by: last.map(|(_, who)| who) })?;
        let Some(next) = next else { return Ok(()) };
        let work = Work { at: Some(now.wall), ..next };
        let entry = self.write(&mut transaction, deed, &work, now).await?;
        let leaves = deed.place == Place::Centre && row.leaves();
        if leaves {
            self.tell_province(&mut transaction, &row, &work, entry, now).await?;
        }
        transaction.commit().await?;
        self.db.tell(deed.incident, false);
        if leaves {
            // A full queue is a link that is awake already.
            let _ = self.nudge.try_send(());
        }
        Ok(())
    }

    async fn write(
        &self,
        db: &mut SqliteConnection,
        deed: &Deed,
        work: &Work,
        now: Now,
    ) -> Result<HandlingEntry, sqlx::Error> {
        let outcome = match &deed.doing {
            Doing::Close(outcome) => Some(*outcome),
            _ => None,
        };
        let owner = match &deed.doing {
            Doing::Assign(owner) => Some(owner.clone()),
            _ => None,
        };
        let entry = HandlingEntry {
            number: 0,
            at: now.wall,
            who: deed.who.clone(),
            action: deed.doing.as_str().to_owned(),
            outcome,
            owner,
            note: deed.note.clone(),
        };
        let number = handling::add(db, deed.incident, deed.place, &entry).await?;
        handling::set_work(db, deed.incident, work).await?;
        let detail = json!({ "action": entry.action, "outcome": entry.outcome, "owner": entry.owner });
        let id = deed.incident.to_string();
        let act = Act { who: &deed.who, from: &deed.from, action: "handled", subject: Some(&id), detail };
        AuditLog::add_in(db, act, now.wall).await?;
        Ok(HandlingEntry { number, ..entry })
    }

    /// The province reads people's own names, not what they sign in with.
    async fn tell_province(
        &self,
        db: &mut SqliteConnection,
        row: &IncidentRow,
        work: &Work,
        mut entry: HandlingEntry,
        now: Now,
    ) -> Result<(), OutboxError> {
        let mut work = work.clone();
        for name in [Some(&mut entry.who), entry.owner.as_mut(), work.owner.as_mut()].into_iter().flatten() {
            let known = sqlx::query("SELECT full_name FROM people WHERE name = ?").bind(&*name);
            if let Some(known) = known.fetch_optional(&mut *db).await? {
                *name = known.try_get(0)?;
            }
        }
        let id = EventId(self.ids.lock().unwrap_or_else(PoisonError::into_inner).next(now));
        let epoch = self.db.epoch();
        let mut data = row.data(vec![]);
        data.work = Some(work);
        data.handling = vec![entry];
        let build = |sequence| {
            Event::new(id, &self.centre, EventType::Updated, row.id, now.wall, sequence, epoch, data)
        };
        add_event(db, row, &self.signer, now, build).await?;
        Ok(())
    }
}

/// The number of the last entry, and whose it is.
async fn last(db: &mut SqliteConnection, incident: IncidentId) -> Result<Option<(i64, String)>, sqlx::Error> {
    let row = sqlx::query("SELECT number, who FROM handling WHERE incident = ? ORDER BY number DESC LIMIT 1");
    let row = row.bind(incident.to_string()).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

