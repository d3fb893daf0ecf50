//! What is told to whoever watches, once it is committed.

use serde::Serialize;
use tokio::sync::broadcast;
use utoipa::ToSchema;

use super::Store;
use crate::model::IncidentId;

/// Who is further behind has missed something, and is told so.
pub(super) const KEPT: usize = 256;

/// What is new about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It was flagged.
    Opened,
    /// It goes on, evidence came, or it is raised now.
    Updated,
    /// It is over.
    Closed,
    /// Somebody did something about it.
    Handled,
}

/// Something about an incident is on record now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// The incident.
    pub incident: IncidentId,
    /// What.
    pub what: What,
}

impl Store {
    /// What is committed from now on.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Tells it; only after the commit.
    pub(super) fn tell(&self, incident: IncidentId, what: What) {
        // Nobody may be listening.
        let _ = self.news.send(News { incident, what });
    }
}
