//! Content credentials (C2PA 2.2) in an exported film: a manifest within the file, signed by the centre's key, so that
//! tools which know nothing of us show where the film comes from and whether it was changed.
//!
//! The manifest stands in a `uuid` box behind `ftyp`, where the film was written with room for it: nothing of the film
//! moves. It covers `moov` and `mdat`; what it leaves out (`ftyp`, free room) the manifest of the package covers.
//!
//! **Invariant:** nothing here reaches the network, neither for a time stamp nor for what a manifest points to.

mod reading;

mod sealing;

mod signing;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{CameraId, CentreId, Wall};

pub use reading::{Said, read_back};
pub use sealing::{NotSealed, Sealing};
pub use signing::Credentials;

/// The label of our own assertion.
pub const FOOTAGE: &str = "vn.quaywatch.footage";

const MP4: &str = "video/mp4";

/// So much of a film is under one hash, in KiB: 32 bytes of the manifest for each.
const LEAF_KIB: usize = 8 * 1024;

/// The same in bytes.
const LEAF_BYTES: u64 = 8 << 20;

/// More of what is read back than this goes through the disk, in MB.
const IN_MEMORY_MB: usize = 16;

/// What a film says of itself. Why it was exported is none of it: it goes where the film goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The centre.
    pub centre: CentreId,
    /// The camera.
    pub camera: CameraId,
    /// The first moment in it.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
    /// The package that it belongs to.
    pub package: String,
}

/// Whoever `anchors` (PEM) names is trusted; settings of the process or of files do not count.
fn settings(anchors: Option<&str>) -> c2pa::Result<c2pa::Settings> {
    let settings = json!({
        "core": {
            "backing_store_memory_threshold_in_mb": IN_MEMORY_MB,
            "merkle_tree_chunk_size_in_kb": LEAF_KIB,
            // Whoever has the film has all of it: no proof for a part of it.
            "merkle_tree_max_proofs": 0,
            "decode_identity_assertions": false,
            "allowed_network_hosts": [],
        },
        "verify": {
            // Of the manifest alone: nothing of the film is read for it.
            "verify_after_sign": true,
            "ocsp_fetch": false,
            "remote_manifest_fetch": false,
            "verify_trust": true,
        },
        "builder": { "thumbnail": { "enabled": false } },
    });
    let mut settings = c2pa::Settings::new().with_json(&settings.to_string())?;
    settings.trust.trust_anchors = anchors.map(str::to_owned);
    Ok(settings)
}

#[cfg(test)]
pub(crate) mod made;

#[cfg(test)]
mod tests;
