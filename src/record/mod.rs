//! Where a segment is cut, what the archive holds, what may be deleted.

/// The boxes of a recorded file.
mod boxes;

/// What of a recorded file is whole.
pub mod salvage;
