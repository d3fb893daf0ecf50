//! What a document says of evidence that was deleted: that it was, when, and why.

use serde::{Deserialize, Serialize};

use super::Stated;
use crate::evidence::envelope;
use crate::model::IncidentId;
use crate::wire::{Malformed, PublicKey, Signer};

/// The kind of its envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.quaywatch.tombstone.v1+json";

/// The evidence of one incident is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// What every document states.
    #[serde(flatten)]
    pub stated: Stated,
    /// The incident.
    pub incident: IncidentId,
    /// Why: `age`.
    pub reason: String,
}

impl Tombstone {
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
