//! The signed list of what proves an incident.
//!
//! `manifest.json` is a DSSE envelope (Dead Simple Signing Envelope 1.0,
//! <https://github.com/secure-systems-lab/dsse>): the manifest as base64 and an Ed25519 signature
//! over its pre-authentication encoding, so that there is never a question of which bytes were
//! signed. The manifest names every file with its SHA-256, and the key that signed it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{CameraId, CentreId, ClockState, IncidentId, Kind, Severity, Wall};
use crate::wire::{Malformed, PublicKey, Role, Signature, Signer};

/// The file's name in an evidence folder.
pub const MANIFEST_NAME: &str = "manifest.json";

const PAYLOAD_TYPE: &str = "application/vnd.quaywatch.manifest.v1+json";

/// What was found, by whom, and the files that prove it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The centre.
    pub centre: CentreId,
    /// The incident.
    pub incident: IncidentFacts,
    /// When the manifest was made.
    pub made_at: Wall,
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

/// The key that signed, so that anyone can see whether the list is intact, and who knows the key
/// whether it is genuine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerFacts {
    /// Its name.
    pub kid: String,
    /// The public key in PEM.
    pub public_key: String,
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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Serialize, Deserialize)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

impl Manifest {
    /// The facts of a signer, to put into a manifest before it is signed.
    ///
    /// # Errors
    /// [`Malformed`] if the key cannot be written.
    pub fn signer_facts(signer: &Signer) -> Result<SignerFacts, Malformed> {
        let key = signer.public();
        Ok(SignerFacts { kid: key.kid(), public_key: key.to_pem()? })
    }

    /// The signed envelope: the bytes of `manifest.json`.
    pub fn seal(&self, signer: &Signer) -> Vec<u8> {
        let payload = serde_json::to_vec(self).unwrap_or_default();
        let Signature { sig, kid } = signer.sign(&authenticated(PAYLOAD_TYPE, &payload));
        let envelope = Envelope {
            payload_type: PAYLOAD_TYPE.into(),
            payload: STANDARD.encode(&payload),
            signatures: vec![EnvelopeSignature { keyid: kid, sig }],
        };
        serde_json::to_vec_pretty(&envelope).unwrap_or_default()
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
    let bad = |what: String| Malformed(what);
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|e| bad(format!("it is not a signed manifest: {e}")))?;
    if envelope.payload_type != PAYLOAD_TYPE {
        let shown: String = envelope.payload_type.chars().take(80).collect();
        return Err(bad(format!("it is of the kind {shown:?}, which is not known here")));
    }
    let payload =
        STANDARD.decode(&envelope.payload).map_err(|e| bad(format!("its payload is damaged: {e}")))?;
    let manifest: Manifest =
        serde_json::from_slice(&payload).map_err(|e| bad(format!("its content cannot be read: {e}")))?;
    let key = PublicKey::from_pem(&manifest.signer.public_key)?;
    let signed = authenticated(PAYLOAD_TYPE, &payload);
    let kid = key.kid();
    let by_this_key = |s: &&EnvelopeSignature| s.keyid == kid && manifest.signer.kid == kid;
    let signature = envelope
        .signatures
        .iter()
        .find(by_this_key)
        .ok_or_else(|| bad("it is not signed by the key that it names".into()))?;
    key.verify(&signed, &signature.sig).map_err(|_| bad("its signature does not fit its content".into()))?;
    Ok(Opened { manifest, key })
}

/// DSSE's pre-authentication encoding.
fn authenticated(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn manifest(signer: &Signer, files: Vec<FileFacts>) -> Manifest {
        let at = Wall::from_millis(1_795_400_100_000);
        Manifest {
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
            clock: ClockState::default(),
            software: "quaywatch 0.1.0".into(),
            signer: Manifest::signer_facts(signer).unwrap(),
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
