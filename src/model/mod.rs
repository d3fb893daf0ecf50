//! The words that every stage shares: ids, times, kinds and severities.
//!
//! Nothing here decides or touches the outside world.

mod time;

mod ids;

mod words;

mod kind_words;

mod schema;

pub use ids::{BootId, CameraId, CentreId, CommandId, Epoch, EventId, FileId, Ids, IncidentId, NotAnId};
pub use time::{ClockState, ClockTrust, Mono, Now, Wall};
pub use words::{Kind, Severity, StreamKind};
