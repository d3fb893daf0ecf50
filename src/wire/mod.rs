//! Topics, messages and receipts: the one definition that both ends use.
//!
//! Pure data and checks. Bytes come in from a broker that anyone may have written to, so every
//! parser here takes any bytes and answers with a value or a `Malformed`, never a panic.
//! Unknown JSON fields are ignored; unknown versions are refused with a reason.

mod topic;

mod signature;

mod envelope;

mod event;

mod links;

mod handling;

mod file;

mod receipt;

mod status;

mod command;

mod action;

pub use action::{
    AcknowledgeArgs, Action, CertificateArgs, ClipArgs, CloseArgs, ClosedAs, CommentArgs, FlagArgs,
    LookInArgs, StillArgs,
};
pub use command::{Answer, Command, MAX_REPLY_BYTES, Reply};
pub use envelope::Told;
pub use event::{Event, EventType, FileRef, IncidentData, MAX_EVENT_BYTES};
pub use file::{FileInit, MAX_FILE_BYTES, MAX_INIT_BYTES, Role, UserData};
pub use handling::{HandlingEntry, LONGEST_NOTE, MOST_ENTRIES, Work, WorkState};
pub use links::{Follows, LinkFact, Links, LinksEvent, MOST_LINKS};
pub use receipt::{Outcome, Receipt, Receipts, Subject};
pub use signature::{BadSignature, PublicKey, Signature, Signer, Trust};
pub use status::{Backlog, CameraStatus, DiskStatus, Presence, Status};
pub use topic::{FromCentre, Topics};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// Why bytes from the broker are not the message that their topic promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// The user property that carries the signature, base64.
pub const SIGNATURE_PROPERTY: &str = "sig";

/// The user property that names the signing key.
pub const KEY_PROPERTY: &str = "kid";

/// SHA-256 of some bytes as `sha256:` and 64 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// A message as the exact bytes that are signed, sent and kept.
pub(crate) fn to_bytes<T: Serialize>(message: &T) -> Vec<u8> {
    // Messages are plain structs with string keys, which serde_json cannot fail to write.
    serde_json::to_vec(message).unwrap_or_default()
}

pub(crate) fn from_bytes<T: DeserializeOwned>(
    what: &str,
    limit: usize,
    bytes: &[u8],
) -> Result<T, Malformed> {
    if bytes.len() > limit {
        return Err(Malformed(format!("{what} of {} bytes is over the limit of {limit}", bytes.len())));
    }
    serde_json::from_slice(bytes).map_err(|e| Malformed(format!("{what} cannot be read: {e}")))
}
