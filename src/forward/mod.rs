//! What goes next over the link to the province, and when it is done.
//!
//! The outbox keeps every event and file until the province's receipt. Nothing else ends an item but its
//! bounds, in a stated order, and aloud.
//! `dispatch` decides, `run` does: it owns the broker connection and is the only one that talks
//! to the province. Rows come from [`crate::centre_db::CentreDb`]'s functions here, and a nudge.
//!
//! Progress is told by `tracing` with the target `forward` and the fields `item`, `incident` and
//! `what` (`sent`, `stored` or `quarantined`).

pub mod dispatch;

mod sacrifice;

mod bounds;

mod incidents;

mod item;

mod keeping;

mod access;

mod connected;

mod figures;

mod link;

mod outbox;

mod pins;

mod queue;

mod receipts;

mod sending;

mod status;

#[cfg(test)]
pub(crate) mod fixtures;

pub use access::{Access, keep_access};
pub use bounds::{GivenUp, Keeper};
pub use connected::Connected;
pub use incidents::{Evidence, IncidentRow};
pub(crate) use incidents::{from_row as incident_from_row, read as read_incident};
pub use item::{Class, Item};
pub use keeping::{EvidenceGone, Outdated, OutdatedEvidence};
pub use link::{Orders, Settings, run};
pub use outbox::{OutboxError, OutgoingFile};
pub(crate) use outbox::{add_event, add_links};
pub use pins::Pin;
pub use queue::Quarantined;
pub use receipts::{KeptReceipt, SignedReceipts};
pub use sacrifice::Bounds;
#[cfg(test)]
pub(crate) use sacrifice::{Candidate, sacrifice};
pub use status::StatusInput;
