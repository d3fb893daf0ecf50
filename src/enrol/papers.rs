//! What the province gives an enrolled centre, checked against the centre's own keys.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{EnrolError, blocks, wrong};
use crate::model::{CentreId, Wall};
use crate::wire::{PublicKey, Trust};

/// No papers are larger than this, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// From when to when a certificate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub from: Wall,
    /// The last moment.
    pub to: Wall,
}

impl Validity {
    /// That of a certificate, DER.
    ///
    /// # Errors
    /// If it is none.
    pub fn of(certificate: &[u8]) -> Result<Self, EnrolError> {
        Ok(validity(&parse(certificate)?))
    }

    /// Whether it counts at that moment.
    pub fn holds(&self, at: Wall) -> bool {
        self.from <= at && at <= self.to
    }
}

/// The papers of a centre.
#[derive(Debug, Clone)]
pub struct Papers {
    /// The centre's TLS certificate, DER.
    pub tls: CertificateDer<'static>,
    /// From when to when that counts.
    pub validity: Validity,
    /// The certificate of the evidence key, DER.
    pub evidence: CertificateDer<'static>,
    /// The authorities whose brokers are believed, DER.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The keys whose receipts and commands count.
    pub trust: Trust,
}

impl Papers {
    /// Reads the papers of `centre`, which must be for these two public keys, that of TLS as its bare bytes.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(
        text: &str,
        centre: &CentreId,
        tls_key: &[u8],
        evidence_key: &PublicKey,
    ) -> Result<Self, EnrolError> {
        if text.len() > MOST_BYTES {
            return Err(wrong("this is too large for a centre's papers"));
        }
        let (mut tls, mut evidence, mut authorities) = (None, None, vec![]);
        for (label, der) in blocks(text)? {
            if label != "CERTIFICATE" {
                continue;
            }
            let read = parse(&der)?;
            let key = read.public_key().subject_public_key.data.as_ref();
            let name = read.subject().iter_common_name().find_map(|name| name.as_str().ok());
            if read.is_ca() {
                authorities.push(CertificateDer::from(der));
            } else if name != Some(centre.as_str()) {
                let name = name.unwrap_or_default();
                return Err(wrong(format!("they are for centre {name:?}, and this is {centre}")));
            } else if key == tls_key {
                tls = Some((validity(&read), CertificateDer::from(der)));
            } else if key == evidence_key.raw() {
                evidence = Some(CertificateDer::from(der));
            } else {
                return Err(wrong(
                    "they are for other keys than those of this machine: have this machine's own request signed",
                ));
            }
        }
        let lacks = |what| wrong(format!("there is no {what} in them: have the whole file sent again"));
        let (validity, tls) = tls.ok_or_else(|| lacks("certificate for TLS"))?;
        let evidence = evidence.ok_or_else(|| lacks("certificate of the evidence key"))?;
        if authorities.is_empty() {
            return Err(lacks("certificate of the authority"));
        }
        let trust = Trust::from_pem(text).map_err(|_| lacks("key of the province"))?;
        Ok(Self { tls, validity, evidence, authorities, trust })
    }
}

impl Papers {
    /// The certificate of the evidence key and those of the authorities, in PEM: for whoever checks what it signed.
    pub fn certificates(&self) -> String {
        let all = std::iter::once(&self.evidence).chain(&self.authorities);
        let blocks = all.map(|der| pem::Pem::new("CERTIFICATE", der.to_vec())).collect::<Vec<_>>();
        pem::encode_many(&blocks)
    }
}

pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, EnrolError> {
    let read = X509Certificate::from_der(der);
    read.map(|(_, read)| read).map_err(|_| wrong("a certificate in it cannot be read"))
}

fn validity(read: &X509Certificate<'_>) -> Validity {
    let wall = |seconds: i64| Wall::from_millis(seconds.saturating_mul(1000));
    let stated = read.validity();
    Validity { from: wall(stated.not_before.timestamp()), to: wall(stated.not_after.timestamp()) }
}
