//! The chain of everything that a centre signs to last: evidence of incidents, exported packages, what was recorded
//! and what went each hour, and what was deleted of the evidence.
//!
//! Each document is a signed envelope (`evidence::envelope`) that names its number and the digest of the document
//! signed before it. Its order is that of signing, not of what it is about. So a document that is taken away, changed
//! or slipped in shows, and so does a recording: each hour's document names lists of the digests of all files that
//! were completed in it, in the form that `sha256sum -c` reads, of those that went, and the last entry of the audit
//! log.

mod link;

mod book;

mod hour;

mod hourly;

mod lists;

mod telling;

mod tombstone;

mod check;

mod chain;

mod stretch;

mod sealer;

#[cfg(test)]
pub(crate) mod fixtures;

pub use book::{LinkRow, Sealed, link_in};
pub use chain::Chain;
pub use check::check_storage;
pub use hour::{AuditHead, Hour, List};
pub use hourly::Hourly;
pub use link::{BEGINNING, Link, LinkKind, Stated};
pub use sealer::{SOFTWARE, Sealer, running_ms};
pub use stretch::{Place, Stretch};
pub use tombstone::{MISSING, Tombstone};
