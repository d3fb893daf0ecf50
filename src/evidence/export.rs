//! The signed list of what a package of footage holds: which cameras, which range, why, by whom, every file,
//! what it was made from, and every gap.
//!
//! Names of files may lead into folders below the manifest, with `/`: [`INCIDENTS`], [`SOURCES`], [`ORIGINALS`],
//! [`RECEIPTS`].

use serde::{Deserialize, Serialize};

use super::envelope::{self, SignerFacts};
use crate::ledger::Link;
use crate::model::{CameraId, CentreId, ClockState, IncidentId, Kind, StreamKind, Wall};
use crate::wire::{Malformed, PublicKey, Signer};

/// The folder of a package in which incidents have theirs, each with the manifest that it has at the centre.
pub const INCIDENTS: &str = "incidents";

/// The folder of a package with the signed documents and lists that name the recorded files.
pub const SOURCES: &str = "sources";

/// The folder of a package with the recorded files themselves, each under its path below the storage.
pub const ORIGINALS: &str = "originals";

/// The folder of a package with the province's receipts, and the messages that they are for.
pub const RECEIPTS: &str = "receipts";

/// How the name of a receipt begins.
pub const RECEIPT: &str = "receipts/receipt-";

/// How the name of a message that a receipt is for begins.
pub const TOLD: &str = "receipts/told-";

/// The stretch of the centre's chain that the package lies in (`ledger::Stretch`).
pub const CHAIN: &str = "sources/chain.json";

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
    /// The incidents whose evidence is in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<PackedIncident>,
    /// What should be in it and is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// What else is in it: the page that explains it, the certificate of the key, evidence of incidents, and the
    /// documents that name the recorded files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<BesideFile>,
}

/// An incident whose evidence is in a package, file by file and under a manifest of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedIncident {
    /// Its id, and the name of its folder below [`INCIDENTS`].
    pub id: IncidentId,
    /// What kind.
    pub kind: Kind,
    /// The camera that its evidence is of.
    pub camera: CameraId,
    /// When it was flagged.
    pub flagged_at: Wall,
}

/// Something that should be in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name, as it would be in the package or is below the storage.
    pub name: String,
    /// Why, in Vietnamese and English.
    pub why: String,
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

/// What a file with footage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackedKind {
    /// What a camera recorded without a break, as it was recorded.
    #[default]
    Film,
    /// One picture of a film, at the moment `from`.
    Still,
    /// The sound of a film, decoded.
    Sound,
    /// A recorded file, byte for byte.
    Original,
}

impl PackedKind {
    /// Whether it need not be said: a package had nothing but films once.
    fn is_film(&self) -> bool {
        *self == Self::Film
    }
}

/// A recorded file that a file of a package was cut from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its path below the centre's storage.
    pub path: String,
    /// Its SHA-256 when the package was made, hexadecimal; none while it was being recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The number of the hour's document, in the centre's chain, that names it; none if it was not signed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hour: Option<i64>,
}

/// One file with footage of a camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedFile {
    /// Its name beside the manifest.
    pub name: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "PackedKind::is_film")]
    pub kind: PackedKind,
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
    /// How long it plays, in ms; 0 for a still.
    pub duration_ms: i64,
    /// Whether it has sound.
    pub sound: bool,
    /// Whether its picture is H.265, which not every player can show.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub h265: bool,
    /// Whether it carries content credentials (C2PA) of the key that signed the package.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub c2pa: bool,
    /// The recorded files that it was cut from, in their order; of a still and of sound none, they are made from a film.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
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

/// The name of the document of the hour `number` in a package.
pub fn hour_name(number: i64) -> String {
    format!("{SOURCES}/hour-{number}.json")
}

/// The name of the list of what was recorded of a stream, which the document of the hour `number` names.
pub fn list_name(number: i64, camera: &CameraId, stream: StreamKind) -> String {
    format!("{SOURCES}/hour-{number}_{camera}_{}.sha256", stream.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_is_written_as_before_there_was_anything_else_and_read_so() {
        let before = r#"{"name":"a.mp4","camera":"gate","media_type":"video/mp4","size":1,"sha256":"ab",
            "from":"2026-11-23T02:15:00.000Z","to":"2026-11-23T02:16:00.000Z","duration_ms":60000,"sound":true}"#;
        let film: PackedFile = serde_json::from_str(before).unwrap();
        assert_eq!((film.kind, film.sources.len()), (PackedKind::Film, 0));
        let written = serde_json::to_value(&film).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(before).unwrap());
        let still = PackedFile { kind: PackedKind::Still, ..film };
        assert_eq!(serde_json::to_value(&still).unwrap()["kind"], "still");
    }
}
