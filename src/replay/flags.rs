//! What a replay flagged. Pure.

use serde_json::{Value, json};

use crate::incident::{Action, Incident};
use crate::model::Wall;

/// The incidents of a replay in the order in which they were flagged, each as it was last told.
#[derive(Debug, Clone, Default)]
pub(super) struct Flags(Vec<Incident>);

impl Flags {
    /// Takes what the rules say; answers the incident if it is a new one.
    pub(super) fn take(&mut self, action: Action) -> Option<&Incident> {
        let (Action::Opened(incident) | Action::Updated(incident) | Action::Closed(incident)) = action;
        self.learn(incident)
    }

    /// Takes an incident as it is now; answers it if it is a new one.
    pub(super) fn learn(&mut self, incident: Incident) -> Option<&Incident> {
        match self.0.iter_mut().find(|known| known.id == incident.id) {
            Some(known) => {
                *known = incident;
                None
            }
            None => {
                self.0.push(incident);
                self.0.last()
            }
        }
    }

    /// All of them.
    pub(super) fn into_all(self) -> Vec<Incident> {
        self.0
    }
}

/// An incident as one JSON object, its times in seconds since `start`.
pub fn in_json(incident: &Incident, start: Wall) -> Value {
    json!({
        "kind": incident.kind,
        "camera": incident.camera,
        "zone": incident.zone,
        "start_s": seconds(incident.started_at, start),
        "flagged_s": seconds(incident.flagged_at, start),
        "end_s": incident.ended_at.map(|at| seconds(at, start)),
        "peak": incident.peak,
    })
}

/// Seconds from `start` to `at`, to the millisecond.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(super) fn seconds(at: Wall, start: Wall) -> f64 {
    at.millis_since(start) as f64 / 1000.0
}
