//! The signed list of what a package of footage holds: which cameras, which range, why, by whom, every file,
//! and every gap.

use serde::{Deserialize, Serialize};

use super::envelope::{self, SignerFacts};
use crate::ledger::Link;
use crate::model::{CameraId, CentreId, ClockState, StreamKind, Wall};
use crate::wire::{Malformed, PublicKey, Signer};

pub(super) const PAYLOAD_TYPE: &str = "application/vnd.quaywatch.export.v1+json";

/// What a package is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its place in the centre's chain; none before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Its id, under which the centre has it on record.
    pub id: String,
    /// The centre.
    pub centre: CentreId,
    /// The cameras that were asked for.
    pub cameras: Vec<CameraId>,
    /// Which of their streams.
    pub stream: StreamKind,
    /// The first moment that was asked for.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Why.
    pub reason: String,
    /// By whom, as far as the system knows.
    pub by: String,
    /// When it was made.
    pub made_at: Wall,
    /// The same by the monotonic clock: milliseconds since the process that made it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_ms: Option<u64>,
    /// How far the clock could be believed then.
    pub clock: ClockState,
    /// The software and its version.
    pub software: String,
    /// The key that signed.
    pub signer: SignerFacts,
    /// Every file.
    pub files: Vec<PackedFile>,
    /// Where there is nothing of the range, and why.
    pub gaps: Vec<PackedGap>,
    /// What else is in it: the page that explains it, and the certificate of the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<BesideFile>,
}

/// A file that is no footage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BesideFile {
    /// Its name beside the manifest.
    pub name: String,
    /// Such as `text/html`.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// One file: what a camera recorded without a break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedFile {
    /// Its name beside the manifest.
    pub name: String,
    /// The camera.
    pub camera: CameraId,
    /// Such as `video/mp4`.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// The first moment in it.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
    /// How long it plays, in ms.
    pub duration_ms: i64,
    /// Whether it has sound.
    pub sound: bool,
}

/// A time of which there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedGap {
    /// The camera.
    pub camera: CameraId,
    /// The moment after the last picture before it.
    pub from: Wall,
    /// The first picture after it.
    pub to: Wall,
    /// Why, in the index's word.
    pub reason: String,
}

impl Package {
    /// The signed envelope: the bytes of `manifest.json`.
    pub fn seal(&self, signer: &Signer) -> Vec<u8> {
        envelope::seal(PAYLOAD_TYPE, self, signer)
    }

    /// Opens an envelope; gives what it says, and the key that signed it: intact, not yet trusted.
    ///
    /// # Errors
    /// [`Malformed`] in words if it is not one, or its signature does not fit.
    pub fn open(bytes: &[u8]) -> Result<(Self, PublicKey), Malformed> {
        envelope::open(PAYLOAD_TYPE, bytes, |package: &Self| &package.signer)
    }
}
