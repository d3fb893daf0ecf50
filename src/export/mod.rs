//! Signed packages of what was recorded: who asks for a range says why, and it is on record before the first
//! file is made.
//!
//! An MP4 for each camera, and for each stretch of it that was recorded without a break: time within a file is
//! straight, and what is missing between two of them is in the manifest with its reason. With them go stills, where
//! asked for the sound as WAV and the recorded files themselves, the evidence of the cameras' incidents, and the signed
//! documents that name the recorded files. A package is made beside its name, ending in `.part`, its manifest last, and
//! gets its name when all of it is on the disk: what is half made never looks whole.
//!
//! What pages ask for waits in a queue, is made one after the other into `exports/` below the storage, and is removed
//! there by itself; the command makes its packages at once and where it is told.

mod order;

mod pieces;

mod course;

mod copying;

mod ahead;

mod films;

mod seal;

mod stills;

mod sounds;

mod incidents;

mod originals;

mod sources;

mod more;

mod needs;

mod page;

mod certificate;

mod gather;

mod link;

mod make;

mod on_record;

mod queue;

mod making;

mod tidy;

mod zipped;

pub use certificate::{certificate, names};
pub use course::Course;
pub use make::{Exporter, LEFT_FREE};
pub use more::MoreFile;
pub use needs::{Ground, Needed, needs};
pub use on_record::{ExportState, Exported, Whole};
pub use order::{NotMade, Order, Packed, Wishes};
pub use pieces::pieces;
pub use queue::{By, ExportNews, Exports, NewExport, NotAsked};
pub use zipped::zipped;
