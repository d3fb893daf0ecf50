//! Segments on disk, with sound, and the index of what the archive holds.
//!
//! Fragmented MP4, video as the camera sent it, sound as AAC; a new file at the first keyframe
//! after a minute. The files are `video/{camera}/{main|sub}/{yyyy-mm-dd}/{hhmmss.mmm}Z-{run}-{n}.mp4`
//! (UTC) below the storage path.
//!
//! **What is lost at most.** Fragments (at most 0.5 s) are written as they are made, so a crash of the
//! process loses the one that was being gathered. A file that is open is synced every `sync_every`
//! (4 s by default), so a power cut loses at most that, a fragment, and the time of the sync. Order of
//! the syncs: the index row (a durable commit), the folder's name, then every `sync_every` the file's
//! bytes and, the first time, its name; at the end the file once more, then its row as complete.
//!
//! **Invariant:** video is never decoded or encoded here; a row that says it is complete means a
//! playable file; every file has a row, or gets one, or is removed because nothing in it can be
//! played; nothing pinned is ever removed.

mod archive;

mod belief;

mod boxes;

/// Whether a camera's own clock can be trusted, and what it says.
mod camera_clock;

mod cutter;

/// The file calls of the archive, as a trait.
pub mod files;

/// The fragments of a file, with their places, packed for the index.
pub mod fragments;

mod gaps;

mod growing;

mod gone;

mod growth;

/// What the header of a recorded file says.
pub mod header;

mod health;

mod index;

/// What a recorded file says of itself.
pub mod label;

#[cfg(test)]
mod model;

mod names;

mod protection;

mod rate;

mod rebuild;

mod recorder;

mod recover;

mod retention;

/// The samples of a complete file, at its end.
pub mod sample_table;

/// The samples of a fragment, one by one.
pub mod samples;

/// Finds what is whole in a file that a dead process left behind.
pub mod salvage;

mod room;

mod row;

mod segment;

mod shortage;

mod sound;

mod tally;

mod telling;

mod timeline;

mod writing;

pub use archive::{Archive, Coverage};
pub use belief::{Belief, Doubt, Reading, Verdict};
pub use cutter::{Cut, Cutter, GapReason};
pub use gaps::{Gap, gaps};
pub use gone::{GoneBatch, GoneFile, WentFor};
pub use growth::{Growing, OpenFile};
pub use health::{Health, Teller};
pub use index::{Index, Kept};
pub use protection::{LegalHold, Pin, Protected, Ranges, within_share};
pub use rate::{Rate, bytes_of, days_that_fit};
pub use recorder::{Cutting, RecordError, Recorder, StreamName};
pub use recover::Recovered;
pub use retention::{DeleteReason, Held, Keep, Older, Policy, Situation, plan};
#[cfg(test)]
pub(crate) use row::test_row;
pub use row::{Complete, Hole, SegmentRow, SegmentState, Sha256Bytes, TimeFrom};
pub use shortage::Shortage;
pub use tally::Tally;
pub use timeline::{StepWatch, Timeline};
