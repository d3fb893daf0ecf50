//! Signed JSON: a DSSE envelope (Dead Simple Signing Envelope 1.0,
//! <https://github.com/secure-systems-lab/dsse>).
//!
//! The content as base64 and an Ed25519 signature over its pre-authentication encoding, so that there is
//! never a question of which bytes were signed. The content names the key that signed it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::wire::{Malformed, PublicKey, Signature, Signer};

/// The key that signed, so that anyone can see whether the content is intact, and who knows the key
/// whether it is genuine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerFacts {
    /// Its name.
    pub kid: String,
    /// The public key in PEM.
    pub public_key: String,
}

impl SignerFacts {
    /// The facts of a signer, to put into what it is to sign.
    ///
    /// # Errors
    /// [`Malformed`] if the key cannot be written.
    pub fn of(signer: &Signer) -> Result<Self, Malformed> {
        let key = signer.public();
        Ok(Self { kid: key.kid(), public_key: key.to_pem()? })
    }
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

/// The signed envelope of `content`.
pub(crate) fn seal(payload_type: &str, content: &impl Serialize, signer: &Signer) -> Vec<u8> {
    let payload = serde_json::to_vec(content).unwrap_or_default();
    let Signature { sig, kid } = signer.sign(&authenticated(payload_type, &payload));
    let envelope = Envelope {
        payload_type: payload_type.into(),
        payload: STANDARD.encode(&payload),
        signatures: vec![EnvelopeSignature { keyid: kid, sig }],
    };
    serde_json::to_vec_pretty(&envelope).unwrap_or_default()
}

/// Whether an envelope is, byte for byte, one as [`seal`] writes it: what stands around the signed content could be
/// written in other ways without the signature showing it.
pub(crate) fn is_as_sealed(bytes: &[u8]) -> bool {
    let read = serde_json::from_slice::<Envelope>(bytes);
    read.is_ok_and(|envelope| serde_json::to_vec_pretty(&envelope).is_ok_and(|written| written == bytes))
}

/// The kind of what an envelope holds; none if it is not one.
pub(crate) fn payload_type(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<Envelope>(bytes).ok().map(|envelope| envelope.payload_type)
}

/// Opens an envelope of a kind; gives its content, and the key that it names itself and is signed by.
///
/// # Errors
/// [`Malformed`] in words if it is not one, or its signature does not fit.
pub(crate) fn open<T: DeserializeOwned>(
    payload_type: &str,
    bytes: &[u8],
    signer: impl FnOnce(&T) -> &SignerFacts,
) -> Result<(T, PublicKey), Malformed> {
    let bad = |what: String| Malformed(what);
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|e| bad(format!("it is not a signed manifest: {e}")))?;
    if envelope.payload_type != payload_type {
        let shown: String = envelope.payload_type.chars().take(80).collect();
        return Err(bad(format!("it is of the kind {shown:?}, which is not known here")));
    }
    let payload =
        STANDARD.decode(&envelope.payload).map_err(|e| bad(format!("its payload is damaged: {e}")))?;
    let content: T =
        serde_json::from_slice(&payload).map_err(|e| bad(format!("its content cannot be read: {e}")))?;
    let named = signer(&content);
    let key = PublicKey::from_pem(&named.public_key)?;
    let signed = authenticated(payload_type, &payload);
    let kid = key.kid();
    let by_this_key = |s: &&EnvelopeSignature| s.keyid == kid && named.kid == kid;
    let signature = envelope
        .signatures
        .iter()
        .find(by_this_key)
        .ok_or_else(|| bad("it is not signed by the key that it names".into()))?;
    key.verify(&signed, &signature.sig).map_err(|_| bad("its signature does not fit its content".into()))?;
    Ok((content, key))
}

/// DSSE's pre-authentication encoding.
fn authenticated(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}
