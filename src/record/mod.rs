//! Segments on disk, with sound, and the index of what the archive holds.
//!
//! Fragmented MP4, video as the camera sent it, sound as AAC; a new file at the first keyframe
//! after a minute. The files are `video/{camera}/{main|sub}/{yyyy-mm-dd}/{hhmmss.mmm}Z-{run}-{n}.mp4`
//! (UTC) below the storage path.
//!
//! **Invariant:** video is never decoded or encoded here, and a crash loses no more than the
//! fragment that was being gathered (at most 0.5 s).

mod archive;

mod boxes;

mod cutter;

mod gaps;

mod index;

mod protection;

mod rate;

mod recorder;

mod recover;

mod retention;

/// Finds what is whole in a file that a dead process left behind.
pub mod salvage;

mod room;

mod segment;

mod sound;

mod tally;

mod timeline;

pub use archive::{Archive, Coverage};
pub use cutter::{Cut, Cutter, GapReason};
pub use gaps::{Gap, gaps, holes_within};
pub use index::{Index, Kept, SegmentRow, SegmentState};
pub use protection::{LegalHold, Pin, Protected, Ranges, within_share};
pub use rate::{Rate, bytes_of, days_that_fit};
pub use recorder::{RecordError, Recorder, StreamName};
pub use recover::Recovered;
pub use retention::{DeleteReason, Held, Keep, Older, Policy, Situation, plan};
pub use tally::Tally;
pub use timeline::{StepWatch, Timeline};
