//! quaywatch: records a counter hall's cameras with sound, flags incidents and gets each event and
//! its clip to the province. The modules stand in the order in which data flows.

#![cfg_attr(
    test,
    allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        reason = "a test that truncates a number fails by itself"
    )
)]
/// The words every stage shares: ids, times, kinds.
pub mod model;

/// What the technician meant: both configuration files.
pub mod config;

/// The only reader of clocks.
pub mod clock;

/// Whole files or none, the storage lock, free space.
pub mod disk;

/// Opens our SQLite files.
pub mod database;

/// How long to wait before the next try.
pub mod backoff;

/// Topics, messages and receipts: the one definition that both ends use.
pub mod wire;

/// Packets to files and back: our one door to FFmpeg's libraries.
pub mod libav;

/// Where a segment is cut, what the archive holds, what may be deleted.
pub mod record;

/// What range, still and sound prove an incident.
pub mod evidence;
