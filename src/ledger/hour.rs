//! What an hour's document says: the lists of what was recorded and what went, and how far the audit log was.

use serde::{Deserialize, Serialize};

use super::Stated;
use crate::evidence::envelope;
use crate::model::{CameraId, StreamKind, Wall};
use crate::wire::{Malformed, PublicKey, Signer};

/// The kind of its envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.quaywatch.hour.v1+json";

/// One hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// What every document states.
    #[serde(flatten)]
    pub stated: Stated,
    /// The files that were completed since the hour before, a list a stream.
    pub recorded: Vec<List>,
    /// The files that left the archive since then, a list a stream and reason.
    pub gone: Vec<List>,
    /// The last entry of the audit log; none if there is none.
    pub audit: Option<AuditHead>,
}

/// A list of files, which is kept beside the document and found by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Whose.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// Why they went: `age`, `size`, `space`, or `missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The first picture of the earliest.
    pub from: Wall,
    /// The moment after the last of the latest.
    pub to: Wall,
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 of the list, hexadecimal.
    pub sha256: String,
}

/// How far the audit log was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The number of the last entry.
    pub number: i64,
    /// Its digest.
    pub hash: String,
}

impl Hour {
    /// The signed envelope.
    pub fn seal(&self, signer: &Signer) -> Vec<u8> {
        envelope::seal(PAYLOAD_TYPE, self, signer)
    }

    /// Opens an envelope; gives what it says, and the key that signed it: intact, not yet trusted.
    ///
    /// # Errors
    /// [`Malformed`] in words if it is not one, or its signature does not fit.
    pub fn open(bytes: &[u8]) -> Result<(Self, PublicKey), Malformed> {
        envelope::open(PAYLOAD_TYPE, bytes, |hour: &Self| &hour.stated.signer)
    }
}
