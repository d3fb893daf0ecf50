//! Which incidents are asked for, and the question to the database. Pure.

use std::collections::BTreeSet;

use sqlx::QueryBuilder;
use sqlx::sqlite::Sqlite;

use crate::model::{IncidentId, Kind, Severity, Wall};
use crate::province::raising::waited_since;
use crate::wire::WorkState;

/// How far the work on those is that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So far.
    Exactly(WorkState),
    /// Anything but closed.
    Unfinished,
}

/// Which incidents.
#[derive(Debug, Clone, Default)]
pub struct IncidentFilter {
    /// Of these centres; `None` is all.
    pub only: Option<BTreeSet<String>>,
    /// Of this centre.
    pub centre: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// On which the work is so far.
    pub state: Option<Progress>,
    /// Only those that are raised, or that are not.
    pub raised: Option<bool>,
    /// Only those behind this place in the list.
    pub after: Option<Position>,
    /// At most so many.
    pub limit: u32,
}

/// A place in the list of incidents, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// When the incident was flagged.
    pub flagged_at: Wall,
    /// Its id.
    pub id: IncidentId,
}

/// The question for `filter`. It names only what is asked for, so that an index can answer it.
pub(super) fn question(filter: &IncidentFilter, now: Wall) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT * FROM incidents WHERE 1");
    within(&mut query, filter.only.as_ref());
    if let Some(centre) = &filter.centre {
        query.push(" AND centre = ").push_bind(centre.clone());
    }
    if let Some(kind) = filter.kind {
        query.push(" AND kind = ").push_bind(kind.as_str());
    }
    if let Some(severity) = filter.severity {
        query.push(" AND severity = ").push_bind(severity.as_str());
    }
    match filter.state {
        Some(Progress::Exactly(state)) => {
            query.push(" AND work_state = ").push_bind(state.as_str());
        }
        Some(Progress::Unfinished) => {
            query.push(" AND work_state <> 'closed'");
        }
        None => {}
    }
    // The same as `raising::is_raised`.
    let waited = waited_since(now).as_millis();
    match filter.raised {
        Some(true) => {
            query.push(" AND raisable = 1 AND (severity = 'urgent' OR flagged_ms <= ").push_bind(waited);
            query.push(")");
        }
        Some(false) => {
            query.push(" AND (raisable = 0 OR (severity = 'warning' AND flagged_ms > ").push_bind(waited);
            query.push("))");
        }
        None => {}
    }
    if let Some(after) = &filter.after {
        query.push(" AND (flagged_ms, id) < (").push_bind(after.flagged_at.as_millis());
        query.push(", ").push_bind(after.id.to_string()).push(")");
    }
    query.push(" ORDER BY flagged_ms DESC, id DESC LIMIT ").push_bind(i64::from(filter.limit));
    query
}

pub(super) fn within(query: &mut QueryBuilder<Sqlite>, only: Option<&BTreeSet<String>>) {
    if let Some(only) = only {
        query.push(" AND centre IN (SELECT value FROM json_each(");
        query.push_bind(serde_json::json!(only).to_string()).push("))");
    }
}
