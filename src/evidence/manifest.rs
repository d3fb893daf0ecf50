//! The signed list of what proves an incident.
//!
//! `manifest.json` is a signed envelope ([`super::envelope`]). The manifest names every file with its
//! SHA-256, and the key that signed it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::envelope::{self, SignerFacts};
use crate::ledger::Link;
use crate::model::{CameraId, CentreId, ClockState, IncidentId, Kind, Severity, Wall};
use crate::wire::{Malformed, PublicKey, Role, Signer};

/// The file's name in an evidence folder.
pub const MANIFEST_NAME: &str = "manifest.json";

pub(super) const PAYLOAD_TYPE: &str = "application/vnd.quaywatch.manifest.v1+json";

/// What was found, by whom, and the files that prove it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its place in the centre's chain; none before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The centre.
    pub centre: CentreId,
    /// The incident.
    pub incident: IncidentFacts,
    /// When the manifest was made.
    pub made_at: Wall,
    /// The same by the monotonic clock: milliseconds since the service began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_ms: Option<u64>,
    /// How far the clock could be believed then.
    pub clock: ClockState,
    /// The software and its version.
    pub software: String,
    /// The key that signed.
    pub signer: SignerFacts,
    /// Every file.
    pub files: Vec<FileFacts>,
}

/// The incident as the manifest states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentFacts {
    /// Its id.
    pub id: IncidentId,
    /// What kind.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// The rule that flagged it.
    pub rule: String,
    /// Which camera.
    pub camera: Option<CameraId>,
    /// Which of its zones.
    pub zone: Option<String>,
    /// When the condition began.
    pub started_at: Wall,
    /// When it was flagged.
    pub flagged_at: Wall,
    /// When it was over, if it was by then.
    pub ended_at: Option<Wall>,
    /// The strongest measurements by then.
    pub peak: Map<String, Value>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its name beside the manifest.
    pub name: String,
    /// What it is to the incident.
    pub role: Role,
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
    /// Why it is shorter than it should be, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<String>,
}

impl Manifest {
    /// The signed envelope: the bytes of `manifest.json`.
    pub fn seal(&self, signer: &Signer) -> Vec<u8> {
        envelope::seal(PAYLOAD_TYPE, self, signer)
    }
}

/// A manifest whose signature fits the key that it names itself: intact, but not yet trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// What it says.
    pub manifest: Manifest,
    /// The key that signed it.
    pub key: PublicKey,
}

/// Opens an envelope.
///
/// # Errors
/// [`Malformed`] in words if it is not one, or its signature does not fit.
pub fn open(bytes: &[u8]) -> Result<Opened, Malformed> {
    let (manifest, key) = envelope::open(PAYLOAD_TYPE, bytes, |manifest: &Manifest| &manifest.signer)?;
    Ok(Opened { manifest, key })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn manifest(signer: &Signer, files: Vec<FileFacts>) -> Manifest {
        let at = Wall::from_millis(1_795_400_100_000);
        Manifest {
            link: None,
            centre: CentreId::new("xuan-lung").unwrap(),
            incident: IncidentFacts {
                id: "0193b3c4-0000-7000-8000-000000000002".parse().unwrap(),
                kind: Kind::RaisedVoices,
                severity: Severity::Warning,
                rule: "raised-voices 1".into(),
                camera: Some(CameraId::new("counter-2").unwrap()),
                zone: None,
                started_at: at,
                flagged_at: at.plus_millis(1000),
                ended_at: None,
                peak: Map::new(),
            },
            made_at: at.plus_millis(30_000),
            running_ms: None,
            clock: ClockState::default(),
            software: "quaywatch 0.1.0".into(),
            signer: SignerFacts::of(signer).unwrap(),
            files,
        }
    }

    #[test]
    fn a_sealed_manifest_opens_and_names_its_signer() {
        let signer = Signer::from_secret([1; 32]);
        let sealed = manifest(&signer, vec![]).seal(&signer);
        let opened = open(&sealed).unwrap();
        assert_eq!(opened.manifest, manifest(&signer, vec![]));
        assert_eq!(opened.key, signer.public());
    }

    #[test]
    fn a_manifest_signed_by_another_key_than_it_names_is_refused() {
        let (ours, other) = (Signer::from_secret([1; 32]), Signer::from_secret([2; 32]));
        let sealed = manifest(&ours, vec![]).seal(&other);
        assert!(open(&sealed).unwrap_err().0.contains("not signed by the key"));
    }

    proptest! {
        #[test]
        fn a_change_of_any_byte_of_the_content_is_seen(at in 0usize..4000, to in any::<u8>()) {
            let signer = Signer::from_secret([1; 32]);
            let good = manifest(&signer, vec![]).seal(&signer);
            let mut bad = good.clone();
            let at = at % bad.len();
            bad[at] = to;
            let opened = open(&bad);
            // White space and base64 padding aside, a change must not open.
            if let Ok(opened) = opened {
                prop_assert_eq!(opened.manifest, manifest(&signer, vec![]));
            }
        }
    }
}
