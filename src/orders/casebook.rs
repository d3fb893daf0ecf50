//! Puts on record what people do about incidents: the entry, how far the incident is, the audit log, and the event
//! by which the province hears of it, in one transaction.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use sqlx::{Row, SqliteConnection};
use tokio::sync::mpsc;

use super::handling::{self, Place};
use super::work::{Conflict, Doing, after};
use crate::centre_db::CentreDb;
use crate::database::WRITING;
use crate::forward::{IncidentRow, OutboxError, add_event, read_incident};
use crate::model::{CentreId, EventId, Ids, IncidentId, Now};
use crate::people::{Act, AuditLog};
use crate::wire::{Event, EventType, HandlingEntry, Signer, Work};

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
    /// The number of the last entry that they saw, of those that change how it stands, where they say so.
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
    pub fn new(
        centre: CentreId,
        db: CentreDb,
        signer: Arc<Signer>,
        ids: Ids,
        nudge: mpsc::Sender<()>,
    ) -> Self {
        Self { centre, db, signer, ids: Arc::new(Mutex::new(ids)), nudge }
    }

    /// Puts a deed on record.
    ///
    /// # Errors
    /// [`NotPut`]: then nothing of it is.
    pub async fn put(&self, deed: &Deed, now: Now) -> Result<(), NotPut> {
        let mut transaction = self.db.pool.begin_with(WRITING).await?;
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

/// The number of the last entry that changed how the incident stands, and whose it is: a word said about it
/// meanwhile is no reason to refuse.
async fn last(db: &mut SqliteConnection, incident: IncidentId) -> Result<Option<(i64, String)>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT number, who FROM handling
         WHERE incident = ? AND action IN ('take', 'assign', 'close', 'reopen') ORDER BY number DESC LIMIT 1",
    );
    let row = row.bind(incident.to_string()).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::fixtures::{centre, db, event, incident, now, signer};
    use crate::model::Severity;
    use crate::wire::{ClosedAs, Subject, WorkState};

    async fn book(
        folder: &std::path::Path,
        severity: Severity,
    ) -> (Casebook, IncidentRow, mpsc::Receiver<()>) {
        let db = db(folder).await;
        let mut ids = Ids::new(9);
        let row = incident(&mut ids, severity);
        let id = EventId(ids.next(now()));
        db.record_event(&row, &signer(), now(), |n, epoch| event(id, &row, n, epoch)).await.unwrap();
        let (nudge, nudged) = mpsc::channel(1);
        (Casebook::new(centre(), db, Arc::new(signer()), Ids::new(7), nudge), row, nudged)
    }

    fn deed(row: &IncidentRow, who: &str, doing: Doing, seen: Option<i64>) -> Deed {
        let (place, from, note) = (Place::Centre, "10.0.0.7".to_owned(), "Đã nhắc nhở".to_owned());
        Deed { incident: row.id, place, who: who.to_owned(), from, doing, note, seen }
    }

    /// The events that wait, as they will be sent.
    async fn told(book: &Casebook) -> Vec<Event> {
        let mut events = vec![];
        for item in book.db.waiting().await.unwrap() {
            let Subject::Event(_) = item.id else { continue };
            let payload = book.db.payload(item.id).await.unwrap().unwrap();
            events.push(Event::from_bytes(&book.centre, &payload.bytes).unwrap());
        }
        events
    }

    #[tokio::test]
    async fn what_is_done_is_in_the_history_on_the_log_and_on_its_way_to_the_province() {
        let folder = tempfile::tempdir().unwrap();
        let (book, row, mut nudged) = book(folder.path(), Severity::Warning).await;
        book.put(&deed(&row, "lan", Doing::Take, None), now()).await.unwrap();
        book.put(&deed(&row, "lan", Doing::Close(ClosedAs::FalseAlarm), None), now()).await.unwrap();
        let history = book.db.history(row.id).await.unwrap();
        let actions: Vec<_> = history.iter().map(|one| (one.action.as_str(), one.who.as_str())).collect();
        assert_eq!(actions, [("take", "lan"), ("close", "lan")]);
        let work = book.db.case(row.id).await.unwrap().unwrap().work;
        assert_eq!((work.state, work.outcome), (WorkState::Closed, Some(ClosedAs::FalseAlarm)));
        let events = told(&book).await;
        assert_eq!(events.len(), 3);
        let last = &events[2].data;
        assert_eq!(last.work, Some(work));
        assert_eq!(last.handling.iter().map(|one| one.number).collect::<Vec<_>>(), [history[1].number]);
        assert!(nudged.try_recv().is_ok());
        let log = AuditLog::new(book.db.pool.clone(), book.db.pool.clone());
        assert_eq!(log.check().await.unwrap().entries, 2);
    }

    #[tokio::test]
    async fn what_does_not_leave_stays_and_what_the_province_says_is_not_told_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (notice, row, mut nudged) = book(folder.path(), Severity::Notice).await;
        notice.put(&deed(&row, "lan", Doing::Take, None), now()).await.unwrap();
        assert!(told(&notice).await.is_empty() && nudged.try_recv().is_err());
        let folder = tempfile::tempdir().unwrap();
        let (warning, row, _nudged) = book(folder.path(), Severity::Warning).await;
        let by_province = Deed { place: Place::Province, ..deed(&row, "Tỉnh", Doing::Acknowledge, None) };
        warning.put(&by_province, now()).await.unwrap();
        assert_eq!(told(&warning).await.len(), 1, "only that it was opened");
        assert_eq!(warning.db.history(row.id).await.unwrap()[0].place, Place::Province);
    }

    #[tokio::test]
    async fn of_two_who_act_at_once_the_second_is_told_who_was_first_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (book, row, _nudged) = book(folder.path(), Severity::Warning).await;
        book.put(&deed(&row, "lan", Doing::Take, Some(0)), now()).await.unwrap();
        let refused = book.put(&deed(&row, "minh", Doing::Take, Some(0)), now()).await.unwrap_err();
        let by_lan = |why: &NotPut| matches!(why, NotPut::Conflict { by: Some(by), .. } if by == "lan");
        assert!(by_lan(&refused), "{refused}");
        assert_eq!(book.db.history(row.id).await.unwrap().len(), 1);
        let nobody =
            Deed { incident: IncidentId(Ids::new(3).next(now())), ..deed(&row, "lan", Doing::See, None) };
        assert!(matches!(book.put(&nobody, now()).await, Err(NotPut::Unknown(_))));
    }
}
