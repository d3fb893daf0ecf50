//! The key of a centre as C2PA knows keys: with a certificate of a certain form.

use std::fmt;

use c2pa::SigningAlg;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::enrol::{Validity, certified_alone};
use crate::model::{CentreId, Wall};
use crate::wire::Signer;

/// Of the signature's structure (COSE) beside the certificates: 64 bytes of signature, and headers.
const AROUND: usize = 1024;

/// A key and the certificates that films carry with it.
#[derive(Clone)]
pub struct Credentials {
    signer: Signer,
    /// DER, that of the key first.
    chain: Vec<CertificateDer<'static>>,
}

impl Credentials {
    /// With what the province certified, in `pem`, if that fits: a centre that is not enrolled, or whose papers have run out
    /// or are older than content credentials, has its key certified by an authority which exists for this alone.
    ///
    /// # Errors
    /// If no certificate can be made.
    pub fn of(signer: &Signer, pem: Option<&str>, centre: &CentreId, now: Wall) -> anyhow::Result<Self> {
        let given = pem.and_then(|pem| given(pem, signer, now));
        let chain = match given {
            Some(certificate) => vec![certificate],
            None => certified_alone(&signer.public(), centre, now)?,
        };
        Ok(Self { signer: signer.clone(), chain })
    }

    /// The bytes of the certificates.
    pub(super) fn chain_bytes(&self) -> usize {
        self.chain.iter().map(|der| der.len()).sum()
    }
}

/// The certificate of the key, if it has what C2PA asks for. The root is not sent along: whoever trusts it has it.
fn given(pem: &str, signer: &Signer, now: Wall) -> Option<CertificateDer<'static>> {
    let blocks = pem::parse_many(pem).ok()?;
    let ders = blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE").map(pem::Pem::into_contents);
    ders.map(CertificateDer::from).find(|der| is_for(der, signer, now))
}

/// Whether a certificate is this key's, counts now, and names an organisation and a purpose: no other is taken for a film.
fn is_for(der: &[u8], signer: &Signer, now: Wall) -> bool {
    let Ok((_, read)) = X509Certificate::from_der(der) else { return false };
    let has_purpose = matches!(read.extended_key_usage(), Ok(Some(_)));
    read.public_key().subject_public_key.data.as_ref() == signer.public().raw()
        && read.subject().iter_organization().next().is_some()
        && has_purpose
        && Validity::of(der).is_ok_and(|validity| validity.holds(now))
}

impl c2pa::Signer for Credentials {
    fn sign(&self, data: &[u8]) -> c2pa::Result<Vec<u8>> {
        Ok(self.signer.sign_raw(data).to_vec())
    }

    fn alg(&self) -> SigningAlg {
        SigningAlg::Ed25519
    }

    fn certs(&self) -> c2pa::Result<Vec<Vec<u8>>> {
        Ok(self.chain.iter().map(|der| der.to_vec()).collect())
    }

    fn reserve_size(&self) -> usize {
        self.chain_bytes().saturating_add(AROUND)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({:?})", self.signer)
    }
}
