//! Incidents as they are looked through: by how far people are with them, by kind, camera and time; and which rule's
//! were closed as what.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::handling;
use crate::centre_db::{CentreDb, unreadable};
use crate::forward::{IncidentRow, incident_from_row};
use crate::model::{CameraId, IncidentId, Kind, Severity, Wall};
use crate::wire::{Work, WorkState};

/// An incident, and how far people are with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The incident.
    pub row: IncidentRow,
    /// How far people are.
    pub work: Work,
}

/// Which incidents are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// So far are people with them; `None` is any.
    pub work: Option<WorkFilter>,
    /// How much they matter.
    pub severity: Option<Severity>,
    /// What kind they are.
    pub kind: Option<Kind>,
    /// This camera's.
    pub camera: Option<CameraId>,
    /// The only cameras that may be shown; what is of no camera is everyone's.
    pub only: Option<Vec<String>>,
    /// Flagged from this moment on.
    pub from: Option<Wall>,
    /// Flagged before this moment.
    pub to: Option<Wall>,
    /// Only those behind this one, in the list's order.
    pub after: Option<(Wall, IncidentId)>,
    /// So many.
    pub limit: u32,
}

/// How far people are with those that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkFilter {
    /// Just so far.
    Is(WorkState),
    /// Anything but closed.
    Unfinished,
}

/// How many there are that wait for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, utoipa::ToSchema)]
pub struct Counts {
    /// Nobody has looked at them.
    pub new: u64,
    /// Somebody has looked.
    pub seen: u64,
    /// Somebody deals with them.
    pub in_hand: u64,
    /// Nobody has looked at them, and they are urgent.
    pub urgent_new: u64,
}

/// What is behind an incident's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, utoipa::ToSchema)]
pub struct Delivery {
    /// Events that wait for the province's receipt.
    pub events_waiting: u64,
    /// Files that do.
    pub files_waiting: u64,
    /// What the province will never take, or was given up.
    pub refused: u64,
    /// When the last of what the province has was receipted.
    pub delivered_at: Option<Wall>,
}

impl CentreDb {
    /// Incidents, the newest flagged first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn cases(&self, asked: &CaseFilter) -> Result<Vec<Case>, sqlx::Error> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM incidents WHERE 1 = 1");
        match asked.work {
            Some(WorkFilter::Is(state)) => query.push(" AND work = ").push_bind(state.as_str()),
            Some(WorkFilter::Unfinished) => query.push(" AND work != 'closed'"),
            None => &mut query,
        };
        if let Some(severity) = asked.severity {
            query.push(" AND severity = ").push_bind(severity.as_str());
        }
        if let Some(kind) = asked.kind {
            query.push(" AND kind = ").push_bind(kind.as_str());
        }
        if let Some(camera) = &asked.camera {
            query.push(" AND (camera = ").push_bind(camera.as_str().to_owned());
            query.push(" OR EXISTS (SELECT 1 FROM json_each(also) WHERE value = ");
            query.push_bind(camera.as_str().to_owned()).push("))");
        }
        only(&mut query, asked.only.as_deref());
        if let Some(from) = asked.from {
            query.push(" AND flagged_at >= ").push_bind(from.as_millis());
        }
        if let Some(to) = asked.to {
            query.push(" AND flagged_at < ").push_bind(to.as_millis());
        }
        if let Some((at, id)) = asked.after {
            query.push(" AND (flagged_at, id) < (").push_bind(at.as_millis());
            query.push(", ").push_bind(id.to_string()).push(")");
        }
        query.push(" ORDER BY flagged_at DESC, id DESC LIMIT ").push_bind(asked.limit);
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(case).collect()
    }

    /// One incident, and how far people are with it.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn case(&self, id: IncidentId) -> Result<Option<Case>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM incidents WHERE id = ?").bind(id.to_string());
        row.fetch_optional(&self.pool).await?.as_ref().map(case).transpose()
    }

    /// How many wait for people, of those that may be shown.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn counts(&self, only_these: Option<&[String]>) -> Result<Counts, sqlx::Error> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT sum(work = 'new') AS new, sum(work = 'seen') AS seen, sum(work = 'in-hand') AS in_hand,
                 sum(work = 'new' AND severity = 'urgent') AS urgent_new
             FROM incidents WHERE work != 'closed'",
        );
        only(&mut query, only_these);
        let row = query.build().fetch_one(&self.pool).await?;
        let count = |name: &str| {
            let sum = row.try_get::<Option<i64>, _>(name)?.unwrap_or(0);
            u64::try_from(sum).map_err(|e| unreadable(name, e))
        };
        let (new, seen, in_hand) = (count("new")?, count("seen")?, count("in_hand")?);
        Ok(Counts { new, seen, in_hand, urgent_new: count("urgent_new")? })
    }

    /// What of an incident the province has, and what not.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn delivery(&self, id: IncidentId) -> Result<Option<Delivery>, sqlx::Error> {
        let row = sqlx::query(
            "SELECT count(*) AS all_of_it, sum(kind = 'event' AND state = 'waiting') AS events,
                 sum(kind = 'file' AND state = 'waiting') AS files,
                 sum(state IN ('quarantined', 'given-up')) AS refused, max(delivered_at) AS delivered_at
             FROM outbox WHERE incident = ?",
        );
        let row = row.bind(id.to_string()).fetch_one(&self.pool).await?;
        if row.try_get::<i64, _>("all_of_it")? == 0 {
            return Ok(None);
        }
        let count = |name: &str| u64::try_from(row.try_get::<i64, _>(name)?).map_err(|e| unreadable(name, e));
        Ok(Some(Delivery {
            events_waiting: count("events")?,
            files_waiting: count("files")?,
            refused: count("refused")?,
            delivered_at: row.try_get::<Option<i64>, _>("delivered_at")?.map(Wall::from_millis),
        }))
    }
}

fn only(query: &mut QueryBuilder<Sqlite>, only_these: Option<&[String]>) {
    let Some(only_these) = only_these else { return };
    query.push(" AND (camera IS NULL OR camera IN (");
    let mut list = query.separated(", ");
    for camera in only_these {
        list.push_bind(camera.clone());
    }
    query.push("))");
}

fn case(row: &SqliteRow) -> Result<Case, sqlx::Error> {
    Ok(Case { row: incident_from_row(row)?, work: handling::work(row)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::fixtures::{db, event, incident, now, signer, start};
    use crate::model::{EventId, Ids};

    /// Incidents flagged a second apart, and every other one of camera `gate`.
    async fn some(db: &CentreDb, number: i64) -> Vec<IncidentRow> {
        let mut ids = Ids::new(9);
        let mut all = vec![];
        for n in 0..number {
            let severity = if n == 0 { Severity::Urgent } else { Severity::Warning };
            let mut row = incident(&mut ids, severity);
            row.flagged_at = start().plus_millis(n * 1000);
            if n % 2 == 1 {
                row.camera = CameraId::new("gate").ok();
            }
            let id = EventId(ids.next(now()));
            db.record_event(&row, &signer(), now(), |n, epoch| event(id, &row, n, epoch)).await.unwrap();
            all.insert(0, row);
        }
        all
    }

    #[tokio::test]
    async fn a_list_goes_on_where_it_ended_and_shows_nothing_of_other_cameras() {
        let folder = tempfile::tempdir().unwrap();
        let db = db(folder.path()).await;
        let all = some(&db, 5).await;
        let mut asked = CaseFilter { limit: 2, work: Some(WorkFilter::Unfinished), ..CaseFilter::default() };
        let mut seen = vec![];
        loop {
            let page = db.cases(&asked).await.unwrap();
            let Some(last) = page.last() else { break };
            asked.after = Some((last.row.flagged_at, last.row.id));
            seen.extend(page.into_iter().map(|case| case.row));
        }
        assert_eq!(seen, all);
        let only = vec!["gate".to_owned()];
        let of_gate = CaseFilter { only: Some(only.clone()), limit: 9, ..CaseFilter::default() };
        assert_eq!(db.cases(&of_gate).await.unwrap().len(), 2);
        assert_eq!(db.counts(Some(&only)).await.unwrap(), Counts { new: 2, ..Counts::default() });
        let counts = Counts { new: 5, urgent_new: 1, ..Counts::default() };
        assert_eq!(db.counts(None).await.unwrap(), counts);
        let nothing = CaseFilter { only: Some(vec![]), limit: 9, ..CaseFilter::default() };
        assert_eq!(db.cases(&nothing).await.unwrap(), []);
    }

    #[tokio::test]
    async fn each_filter_leaves_what_does_not_fit_out() {
        let folder = tempfile::tempdir().unwrap();
        let db = db(folder.path()).await;
        some(&db, 4).await;
        let every = CaseFilter { limit: 9, ..CaseFilter::default() };
        for (asked, left) in [
            (CaseFilter { severity: Some(Severity::Urgent), ..every.clone() }, 1),
            (CaseFilter { kind: Some(Kind::Scream), ..every.clone() }, 0),
            (CaseFilter { camera: CameraId::new("gate").ok(), ..every.clone() }, 2),
            (CaseFilter { work: Some(WorkFilter::Is(WorkState::New)), ..every.clone() }, 4),
            (CaseFilter { work: Some(WorkFilter::Is(WorkState::Closed)), ..every.clone() }, 0),
            (CaseFilter { from: Some(start().plus_millis(2000)), ..every.clone() }, 2),
            (CaseFilter { to: Some(start().plus_millis(2000)), ..every.clone() }, 2),
        ] {
            assert_eq!(db.cases(&asked).await.unwrap().len(), left, "{asked:?}");
        }
    }
}
