//! Signed packages of what was recorded: who asks for a range says why, and it is on record before the first
//! file is made.
//!
//! An MP4 for each camera, and for each stretch of it that was recorded without a break: time within a file is
//! straight, and what is missing between two of them is in the manifest with its reason. A package is made
//! beside its name, ending in `.part`, its manifest last, and gets its name when all of it is on the disk: what
//! is half made never looks whole.

mod make;

mod on_record;

mod pieces;

pub use make::{Exporter, NotMade, Order, Packed};
pub use on_record::Exported;
pub use pieces::pieces;
