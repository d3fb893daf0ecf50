//! Whom a check believes: keys themselves, and authorities that certify keys of centres.

use std::collections::BTreeMap;

use x509_parser::prelude::X509Certificate;

use super::papers::{Validity, parse};
use super::{EnrolError, blocks, wrong};
use crate::model::{CentreId, Wall};
use crate::wire::{BadSignature, PublicKey, Signature, Trust};

/// The keys and authorities that count.
#[derive(Debug, Clone, Default)]
pub struct Believed {
    keys: Trust,
    /// DER.
    authorities: Vec<Vec<u8>>,
    /// Keys that count no more, and since when.
    revoked: BTreeMap<String, Option<Wall>>,
}

impl From<Trust> for Believed {
    fn from(keys: Trust) -> Self {
        Self { keys, ..Self::default() }
    }
}

impl Believed {
    /// Reads a file of public keys, authorities' certificates, or both, in PEM.
    ///
    /// # Errors
    /// If there is neither in it, or a block is torn.
    pub fn from_pem(text: &str) -> Result<Self, EnrolError> {
        let mut authorities = Vec::new();
        for (label, der) in blocks(text)? {
            if label == "CERTIFICATE" && parse(&der)?.is_ca() {
                authorities.push(der);
            }
        }
        let keys = match Trust::from_pem(text) {
            Ok(keys) => keys,
            Err(_) if !authorities.is_empty() => Trust::default(),
            Err(e) => {
                return Err(wrong(format!(
                    "there is neither a public key nor an authority's certificate: {e}"
                )));
            }
        };
        Ok(Self { keys, authorities, ..Self::default() })
    }

    /// Adds keys that count no more: a line each with the name of the key and, where it is known, since when
    /// (`3f09c2d41b7a8e55 2026-11-28T08:00:00Z`). What stands behind `#` is a remark.
    ///
    /// # Errors
    /// If a line is something else; it is named.
    pub fn revoke(&mut self, text: &str) -> Result<(), EnrolError> {
        for (number, line) in (1..).zip(text.lines()) {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            let is_kid = |kid: &str| kid.len() == 16 && kid.bytes().all(|b| b.is_ascii_hexdigit());
            let (kid, since) = match words.as_slice() {
                [] => continue,
                [kid] if is_kid(kid) => (kid, None),
                [kid, since] if is_kid(kid) => match since.parse() {
                    Ok(since) => (kid, Some(since)),
                    Err(_) => return Err(wrong(format!("line {number}: {since:?} is no time"))),
                },
                _ => {
                    return Err(wrong(format!(
                        "line {number} is not the name of a key, with or without a time"
                    )));
                }
            };
            self.revoked.insert(kid.to_ascii_lowercase(), since);
        }
        Ok(())
    }

    /// Whether this key is trusted itself.
    pub fn knows(&self, key: &PublicKey) -> bool {
        self.keys.knows(key) && !self.revoked.contains_key(&key.kid())
    }

    /// That a key counts no more, in words; `None` of one that nobody revoked.
    pub fn revocation(&self, kid: &str) -> Option<String> {
        let since = self.revoked.get(kid)?;
        let since = since.map_or_else(String::new, |since| format!(" since {since}"));
        Some(format!("key {kid} is revoked{since}: nothing that it signed is trusted by its own word"))
    }

    /// Since when a key counts no more, where that is known.
    pub fn revoked_since(&self, kid: &str) -> Option<Wall> {
        self.revoked.get(kid).copied().flatten()
    }

    /// Whether these bytes are signed by a key that is trusted itself.
    ///
    /// # Errors
    /// [`BadSignature`] if they are not.
    pub fn verify(&self, bytes: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        if self.revoked.contains_key(&signature.kid) {
            return Err(BadSignature::UnknownKey(signature.kid.clone()));
        }
        self.keys.verify(bytes, Some(signature))
    }

    /// Whether the certificates in `pem` (that of the key, and those of its authority) make `key` one of `centre`'s at
    /// the moment `at`.
    ///
    /// # Errors
    /// Why they do not.
    pub fn certify(&self, pem: &str, key: &PublicKey, centre: &CentreId, at: Wall) -> Result<(), EnrolError> {
        if let Some(revoked) = self.revocation(&key.kid()) {
            return Err(wrong(revoked));
        }
        let all = blocks(pem)?;
        let ders = all.iter().filter(|(label, _)| label == "CERTIFICATE").map(|(_, der)| der);
        for der in ders {
            let read = parse(der)?;
            if read.is_ca() || read.public_key().subject_public_key.data.as_ref() != key.raw() {
                continue;
            }
            let name =
                read.subject().iter_common_name().find_map(|name| name.as_str().ok()).unwrap_or_default();
            if name != centre.as_str() {
                return Err(wrong(format!(
                    "the key is certified for centre {name:?}, and this says that it is {centre}"
                )));
            }
            if !self.authorities.iter().any(|authority| is_signed_by(&read, authority, at)) {
                return Err(wrong("the key is certified by an authority that is not trusted here"));
            }
            let validity = Validity::of(der)?;
            if !validity.holds(at) {
                let Validity { from, to } = validity;
                return Err(wrong(format!(
                    "the key was certified from {from} to {to}, and this was signed at {at}: the clock was off, or the \
                     certificate had run out"
                )));
            }
            return Ok(());
        }
        Err(wrong("the key that signed is not in the certificates"))
    }
}

fn is_signed_by(certificate: &X509Certificate<'_>, authority: &[u8], at: Wall) -> bool {
    let holds = Validity::of(authority).is_ok_and(|validity| validity.holds(at));
    holds
        && parse(authority).is_ok_and(|authority| {
            certificate.issuer() == authority.subject()
                && certificate.verify_signature(Some(authority.public_key())).is_ok()
        })
}

#[cfg(test)]
mod tests {
    use rcgen::KeyPair;

    use super::super::{Authority, Request};
    use super::*;
    use crate::model::Now;
    use crate::wire::Signer;

    struct Enrolled {
        papers: String,
        authority: String,
        key: PublicKey,
        centre: CentreId,
    }

    fn now() -> Wall {
        Wall::from_millis(1_795_400_100_000)
    }

    fn enrolled() -> Enrolled {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open_or_make(folder.path(), "Phú Thọ", now()).unwrap();
        let (centre, signer) = (CentreId::new("xuan-lung").unwrap(), Signer::from_secret([1; 32]));
        let request = Request::make(&centre, &KeyPair::generate().unwrap(), &signer, now()).unwrap();
        let receipts = [Signer::from_secret([9; 32]).public()];
        let papers = authority.sign(Request::read(&request).unwrap(), &receipts, now()).unwrap();
        let authority = std::fs::read_to_string(folder.path().join("ca.pem")).unwrap();
        Enrolled { papers, authority, key: signer.public(), centre }
    }

    fn later(days: i64) -> Wall {
        Now { wall: now(), ..Now::default() }.wall.plus_millis(days * 86_400_000)
    }

    #[test]
    fn a_key_counts_for_its_centre_by_the_certificate_of_an_authority_that_is_trusted() {
        let Enrolled { papers, authority, key, centre } = enrolled();
        let believed = Believed::from_pem(&authority).unwrap();
        assert_eq!(believed.certify(&papers, &key, &centre, now()), Ok(()));
        let told = |believed: &Believed, papers: &str, key: &PublicKey, centre: &str, at| {
            believed.certify(papers, key, &CentreId::new(centre).unwrap(), at).unwrap_err().to_string()
        };
        let name = centre.as_str();
        let other = Signer::from_secret([2; 32]).public();
        assert!(told(&believed, &papers, &other, name, now()).contains("not in the certificates"));
        assert!(
            told(&believed, &papers, &key, "van-phu", now()).contains("certified for centre \"xuan-lung\"")
        );
        assert!(told(&believed, &papers, &key, name, later(400)).contains("had run out"));
        assert!(told(&believed, &papers, &key, name, later(-30)).contains("not trusted here"));
        // Another authority of the same name, which anybody can make, and its papers.
        let forged = enrolled();
        assert!(told(&believed, &forged.papers, &forged.key, name, now()).contains("not trusted here"));
        assert!(told(&Believed::default(), &papers, &key, name, now()).contains("not trusted here"));
    }

    #[test]
    fn a_trust_file_has_keys_or_authorities_and_without_either_is_none() {
        let Enrolled { papers, authority, .. } = enrolled();
        let receipts = Signer::from_secret([9; 32]).public();
        assert!(!Believed::from_pem(&authority).unwrap().knows(&receipts));
        assert!(Believed::from_pem(&papers).unwrap().knows(&receipts));
        assert!(Believed::from_pem("hello").unwrap_err().to_string().contains("neither"));
    }

    #[test]
    fn a_revoked_key_counts_no_more_neither_by_itself_nor_by_its_certificate() {
        let Enrolled { papers, authority, key, centre } = enrolled();
        let both = format!("{authority}{}", key.to_pem().unwrap());
        let mut believed = Believed::from_pem(&both).unwrap();
        assert!(believed.knows(&key));
        let list =
            format!("# stolen with the box\n\n{} 2026-11-28T08:00:00Z # night\n", key.kid().to_uppercase());
        believed.revoke(&list).unwrap();
        assert!(!believed.knows(&key));
        let told = believed.certify(&papers, &key, &centre, now()).unwrap_err().to_string();
        assert!(told.contains("is revoked since 2026-11-28T08:00:00.000Z"), "{told}");
        let signature = Signer::from_secret([1; 32]).sign(b"x");
        assert!(believed.verify(b"x", &signature).is_err());
    }

    #[test]
    fn a_list_of_revoked_keys_that_cannot_be_read_is_refused_with_its_line() {
        for (text, told) in [
            ("0123456789abcdef\nhello", "line 2 is not the name of a key"),
            ("0123456789abcdef yesterday", "line 1: \"yesterday\" is no time"),
            ("0123456789abcdef 2026-11-28T08:00:00Z more", "line 1 is not"),
        ] {
            let refused = Believed::default().revoke(text).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
