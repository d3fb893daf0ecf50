//! What goes next over the link to the province, and when it is done.
//!
//! The outbox keeps every event and file until the province's receipt; nothing else ends an item.

pub mod dispatch;

mod incidents;

mod item;

mod link;

mod outbox;

mod pins;

mod sending;

mod status;

#[cfg(test)]
mod fixtures;

pub use incidents::{Evidence, IncidentRow};
pub use item::{Class, Item};
pub use link::{Settings, run};
pub use outbox::{OutboxError, OutgoingFile, Quarantined};
pub use pins::Pin;
pub use status::StatusInput;
