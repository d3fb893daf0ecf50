//! What a document says of evidence that is not where it should be any more: that it was deleted here, or that it was
//! given up before the province had it; when, and why.

use serde::{Deserialize, Serialize};

use super::Stated;
use crate::evidence::envelope;
use crate::model::IncidentId;
use crate::wire::{Malformed, PublicKey, Signer};

/// The kind of its envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.quaywatch.tombstone.v1+json";

/// The reason of what was not there any more, and nothing of ours had let it go.
pub const MISSING: &str = "missing";

/// The evidence of one incident is gone from here, or will not get to the province.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// What every document states.
    #[serde(flatten)]
    pub stated: Stated,
    /// The incident.
    pub incident: IncidentId,
    /// Why: `age` of what was deleted, [`MISSING`] of what was not there any more, `outbox-bounds` of what was given up.
    pub reason: String,
    /// SHA-256 of the files that are not sent any more, hexadecimal; they stay here. None: the evidence was deleted here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsent: Vec<String>,
}

impl Tombstone {
    /// Of evidence that was deleted because it was kept for its time.
    pub fn of_evidence(stated: Stated, incident: IncidentId) -> Self {
        Self { stated, incident, reason: "age".to_owned(), unsent: Vec::new() }
    }

    /// Of evidence that was not there when its time came, and that nothing of ours had let go.
    pub fn of_missing(stated: Stated, incident: IncidentId) -> Self {
        Self { reason: MISSING.to_owned(), ..Self::of_evidence(stated, incident) }
    }

    /// Of files that the outbox had no room for.
    pub fn of_delivery(stated: Stated, incident: IncidentId, unsent: Vec<String>) -> Self {
        Self { stated, incident, reason: "outbox-bounds".to_owned(), unsent }
    }

    /// Whether the centre itself let the evidence go.
    pub fn is_deletion(&self) -> bool {
        self.unsent.is_empty() && self.reason != MISSING
    }

    /// The signed envelope.
    pub fn seal(&self, signer: &Signer) -> Vec<u8> {
        envelope::seal(PAYLOAD_TYPE, self, signer)
    }

    /// Opens an envelope; gives what it says, and the key that signed it: intact, not yet trusted.
    ///
    /// # Errors
    /// [`Malformed`] in words if it is not one, or its signature does not fit.
    pub fn open(bytes: &[u8]) -> Result<(Self, PublicKey), Malformed> {
        envelope::open(PAYLOAD_TYPE, bytes, |tombstone: &Self| &tombstone.stated.signer)
    }
}
