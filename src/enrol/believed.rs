//! Whom a check believes: keys themselves, and authorities that certify keys of centres.

use x509_parser::prelude::X509Certificate;

use super::papers::{Validity, parse};
use super::{EnrolError, blocks, wrong};
use crate::model::{CentreId, Wall};
use crate::wire::{PublicKey, Trust};

/// The keys and authorities that count.
#[derive(Debug, Clone, Default)]
pub struct Believed {
    keys: Trust,
    /// DER.
    authorities: Vec<Vec<u8>>,
}

impl From<Trust> for Believed {
    fn from(keys: Trust) -> Self {
        Self { keys, authorities: Vec::new() }
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
        Ok(Self { keys, authorities })
    }

    /// Whether the key of that name is trusted itself.
    pub fn knows(&self, kid: &str) -> bool {
        self.keys.knows(kid)
    }

    /// Whether the certificates in `pem` (that of the key, and those of its authority) make `key` one of `centre`'s at
    /// the moment `at`.
    ///
    /// # Errors
    /// Why they do not.
    pub fn certify(&self, pem: &str, key: &PublicKey, centre: &CentreId, at: Wall) -> Result<(), EnrolError> {
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
        let receipts = Signer::from_secret([9; 32]).public().kid();
        assert!(!Believed::from_pem(&authority).unwrap().knows(&receipts));
        assert!(Believed::from_pem(&papers).unwrap().knows(&receipts));
        assert!(Believed::from_pem("hello").unwrap_err().to_string().contains("neither"));
    }
}
