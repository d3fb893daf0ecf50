//! The place of a signed document in the chain, and what every document of it states.

use serde::{Deserialize, Serialize};

use crate::evidence::envelope::SignerFacts;
use crate::model::{CentreId, ClockState, Epoch, Wall};

/// What the first document names as the digest of the one before it.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The place of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The life of the centre's database in which it was signed: each has a chain of its own.
    pub epoch: Epoch,
    /// Rises by one a document, from 1.
    pub number: i64,
    /// SHA-256 of the document signed before it, exact bytes, hexadecimal; [`BEGINNING`] of the first.
    pub previous: String,
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// Of what proves an incident.
    Manifest,
    /// Of an exported package.
    Package,
    /// Of what was recorded and what went.
    Hour,
    /// Of evidence that was deleted.
    Tombstone,
}

impl LinkKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Manifest, Self::Package, Self::Hour, Self::Tombstone];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::Manifest => "manifest",
            LinkKind::Package => "package",
            LinkKind::Hour => "hour",
            LinkKind::Tombstone => "tombstone",
        }
    }

    /// The reverse of [`LinkKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What an hour's document and a tombstone state of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// Its place.
    pub link: Link,
    /// The centre.
    pub centre: CentreId,
    /// When it was signed, by the wall clock.
    pub made_at: Wall,
    /// The same by the monotonic clock: milliseconds since the service began, which no setting of the clock changes.
    pub running_ms: u64,
    /// How far the wall clock could be believed.
    pub clock: ClockState,
    /// The software and its version.
    pub software: String,
    /// The key that signed.
    pub signer: SignerFacts,
}
