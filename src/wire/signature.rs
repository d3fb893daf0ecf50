//! Ed25519 over exact bytes (RFC 8032), and who is trusted.
//!
//! A key is named by its `kid`: the first 16 hexadecimal digits of the SHA-256 of the raw public
//! key. Keys are kept as PEM: PKCS #8 (RFC 8410) for a private one, SPKI for a public one, and a
//! trust file is any number of public ones behind each other.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::ed25519::signature::Signer as _;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::Malformed;

/// A signature and the key that made it, as they stand in a message's user properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// 64 bytes, base64.
    pub sig: String,
    /// The name of the key.
    pub kid: String,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// There is none.
    #[error("the message is not signed")]
    Missing,
    /// It was made with a key that is not trusted here.
    #[error("key {0} is not enrolled here")]
    UnknownKey(String),
    /// It is not the signature of these bytes by that key.
    #[error("the signature does not fit the bytes")]
    Wrong,
}

/// A private key that signs. Its bytes are never printed, and are wiped with each copy.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    kid: String,
}

impl Signer {
    /// A signer from 32 secret bytes.
    pub fn from_secret(secret: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&secret);
        let kid = PublicKey(key.verifying_key()).kid();
        Self { key, kid }
    }

    /// Reads a PKCS #8 PEM file's text.
    ///
    /// # Errors
    /// [`Malformed`] if it holds no Ed25519 private key; the text is not repeated.
    pub fn from_pem(pem: &str) -> Result<Self, Malformed> {
        let key = SigningKey::from_pkcs8_pem(pem)
            .map_err(|_| Malformed("this is not an Ed25519 private key in PEM (PKCS #8)".into()))?;
        Ok(Self::from_secret(key.to_bytes()))
    }

    /// The key as PKCS #8 PEM, to be written to a file that only its owner can read.
    ///
    /// # Errors
    /// [`Malformed`] if the key cannot be encoded.
    pub fn to_pem(&self) -> Result<String, Malformed> {
        let pem = self.key.to_pkcs8_pem(Default::default()).map_err(|e| Malformed(e.to_string()))?;
        Ok(pem.to_string())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key())
    }

    /// Signs exactly these bytes.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        Signature { sig: STANDARD.encode(self.sign_raw(bytes)), kid: self.kid.clone() }
    }

    /// Signs exactly these bytes: the signature as RFC 8032 has it, for formats that carry it so.
    pub fn sign_raw(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.kid)
    }
}

/// A public key that checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The name of the key: 16 hexadecimal digits.
    pub fn kid(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes())).chars().take(16).collect()
    }

    /// The key of these 32 bytes.
    ///
    /// # Errors
    /// [`Malformed`] if they are no Ed25519 public key.
    pub fn from_raw(bytes: &[u8]) -> Result<Self, Malformed> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| Malformed("it is not of 32 bytes".into()))?;
        let key = VerifyingKey::from_bytes(bytes);
        key.map(Self).map_err(|_| Malformed("this is not an Ed25519 public key".into()))
    }

    /// Its 32 bytes.
    pub fn raw(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Reads one SPKI PEM block.
    ///
    /// # Errors
    /// [`Malformed`] if it holds no Ed25519 public key.
    pub fn from_pem(pem: &str) -> Result<Self, Malformed> {
        VerifyingKey::from_public_key_pem(pem.trim())
            .map(Self)
            .map_err(|_| Malformed("this is not an Ed25519 public key in PEM (SPKI)".into()))
    }

    /// The key as SPKI PEM.
    ///
    /// # Errors
    /// [`Malformed`] if the key cannot be encoded.
    pub fn to_pem(&self) -> Result<String, Malformed> {
        self.0.to_public_key_pem(Default::default()).map_err(|e| Malformed(e.to_string()))
    }

    /// Checks `sig` (base64) over `bytes`.
    ///
    /// # Errors
    /// [`BadSignature::Wrong`] if it does not fit.
    pub fn verify(&self, bytes: &[u8], sig: &str) -> Result<(), BadSignature> {
        let raw = STANDARD.decode(sig).map_err(|_| BadSignature::Wrong)?;
        let signature = ed25519_dalek::Signature::from_slice(&raw).map_err(|_| BadSignature::Wrong)?;
        self.0.verify_strict(bytes, &signature).map_err(|_| BadSignature::Wrong)
    }
}

/// The public keys that count, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    keys: BTreeMap<String, PublicKey>,
}

impl Trust {
    /// Reads a trust file: one or more public keys in PEM; text between them is skipped.
    ///
    /// # Errors
    /// [`Malformed`] if there is no key, or a block is not one.
    pub fn from_pem(text: &str) -> Result<Self, Malformed> {
        const END: &str = "-----END PUBLIC KEY-----";
        let mut trust = Self::default();
        let mut rest = text;
        while let Some(begin) = rest.find("-----BEGIN PUBLIC KEY-----") {
            let block = rest.get(begin..).unwrap_or_default();
            let end = block.find(END).ok_or_else(|| Malformed("a public key block has no end".into()))?;
            let (pem, after) = block.split_at(end + END.len());
            trust.add(PublicKey::from_pem(pem)?);
            rest = after;
        }
        if trust.keys.is_empty() {
            return Err(Malformed("there is no public key in it".into()));
        }
        Ok(trust)
    }

    /// Trusts one more key.
    pub fn add(&mut self, key: PublicKey) {
        self.keys.insert(key.kid(), key);
    }

    /// Trusts the keys of `other` too.
    pub fn extend(&mut self, other: &Trust) {
        self.keys.extend(other.keys.iter().map(|(kid, key)| (kid.clone(), key.clone())));
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether this very key is trusted: a name is short, and somebody with patience can make another key of that name.
    pub fn knows(&self, key: &PublicKey) -> bool {
        self.keys.get(&key.kid()) == Some(key)
    }

    /// Checks that a trusted key signed exactly these bytes.
    ///
    /// # Errors
    /// [`BadSignature`] with the way in which it does not count.
    pub fn verify(&self, bytes: &[u8], signature: Option<&Signature>) -> Result<(), BadSignature> {
        let signature = signature.ok_or(BadSignature::Missing)?;
        let key = self
            .keys
            .get(&signature.kid)
            .ok_or_else(|| BadSignature::UnknownKey(signature.kid.chars().take(32).collect()))?;
        key.verify(bytes, &signature.sig)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_counts_for_its_bytes_and_a_trusted_key_alone() {
        let (ours, other) = (Signer::from_secret([1; 32]), Signer::from_secret([2; 32]));
        let mut trust = Trust::default();
        trust.add(ours.public());
        let good = ours.sign(b"hello");
        assert_eq!(trust.verify(b"hello", Some(&good)), Ok(()));
        assert_eq!(trust.verify(b"hellp", Some(&good)), Err(BadSignature::Wrong));
        assert_eq!(trust.verify(b"hello", None), Err(BadSignature::Missing));
        let forged = other.sign(b"hello");
        assert_eq!(trust.verify(b"hello", Some(&forged)), Err(BadSignature::UnknownKey(forged.kid.clone())));
        let renamed = Signature { kid: good.kid, ..forged };
        assert_eq!(trust.verify(b"hello", Some(&renamed)), Err(BadSignature::Wrong));
    }

    #[test]
    fn keys_read_back_from_pem_and_a_trust_file_may_hold_several() {
        let (one, two) = (Signer::from_secret([1; 32]), Signer::from_secret([2; 32]));
        assert_eq!(Signer::from_pem(&one.to_pem().unwrap()).unwrap().public(), one.public());
        let both = format!(
            "old key\n{}\nnew key\n{}",
            one.public().to_pem().unwrap(),
            two.public().to_pem().unwrap()
        );
        let trust = Trust::from_pem(&both).unwrap();
        assert!(trust.knows(&one.public()) && trust.knows(&two.public()));
    }

    #[test]
    fn a_private_key_never_shows_in_debug_output() {
        let signer = Signer::from_secret([1; 32]);
        assert_eq!(format!("{signer:?}"), format!("Signer({})", signer.public().kid()));
    }

    #[test]
    fn a_trust_file_without_a_key_is_refused_in_words() {
        for text in [
            "",
            "hello",
            "-----BEGIN PUBLIC KEY-----\nAAAA",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        ] {
            assert!(Trust::from_pem(text).is_err(), "{text}");
        }
    }
}
