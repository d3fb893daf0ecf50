//! A centre's side: its TLS key, and the request that goes to the province.

use std::path::PathBuf;

use anyhow::{Context, bail};
use rcgen::{CertificateParams, CertificateSigningRequestParams, DnType, DnValue, KeyPair, PublicKeyData};

use super::{EnrolError, Papers, blocks, wrong};
use crate::disk;
use crate::model::{CentreId, Wall};
use crate::wire::{PublicKey, Signer};

/// No request is larger than this, in bytes.
const MOST_BYTES: usize = 16 * 1024;

/// The folder in which a centre keeps its TLS key, its request and its papers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// Where the request of `centre` is.
    pub fn request(&self, centre: &CentreId) -> PathBuf {
        self.0.join(format!("{centre}.request.pem"))
    }

    /// Where the papers of `centre` belong.
    pub fn papers(&self, centre: &CentreId) -> PathBuf {
        self.0.join(format!("{centre}.enrolled.pem"))
    }

    /// The TLS key, which is made the first time.
    ///
    /// # Errors
    /// If it cannot be read or made, or others can read it.
    pub fn tls_key(&self) -> anyhow::Result<KeyPair> {
        let path = self.0.join("tls.key.pem");
        if path.exists() {
            let pem = crate::keys::read_secret(&path)?;
            return KeyPair::from_pem(&pem).with_context(|| format!("{}: this is no key", path.display()));
        }
        let key = KeyPair::generate().context("the system makes no key")?;
        disk::make_folder(&self.0)?;
        disk::write_secret(&path, key.serialize_pem().as_bytes())?;
        Ok(key)
    }

    /// The papers of `centre`, checked against its keys.
    ///
    /// # Errors
    /// If there are none, or they are not for these keys.
    pub fn read_papers(&self, centre: &CentreId, evidence: &PublicKey) -> anyhow::Result<Papers> {
        let (path, key) = (self.papers(centre), self.tls_key()?);
        if !path.exists() {
            bail!(
                "there is no {}: run quaywatch enrol request --config FILE, have the request signed at the province, \
                 and put its answer there",
                path.display()
            );
        }
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Papers::read(&text, centre, key.der_bytes(), evidence).with_context(|| path.display().to_string())
    }

    /// Puts new papers in the place of the old ones, if they are for these keys.
    ///
    /// # Errors
    /// If they are not, or cannot be written; the old ones stay then.
    pub fn renew(&self, text: &str, centre: &CentreId, evidence: &PublicKey) -> anyhow::Result<Papers> {
        let papers = Papers::read(text, centre, self.tls_key()?.der_bytes(), evidence)?;
        disk::write_atomically(&self.papers(centre), text.as_bytes())?;
        Ok(papers)
    }

    /// Writes the request beside the key; gives where it is.
    ///
    /// # Errors
    /// If a key cannot be had, or the file cannot be written.
    pub fn write_request(&self, centre: &CentreId, evidence: &Signer, now: Wall) -> anyhow::Result<PathBuf> {
        let text = Request::make(centre, &self.tls_key()?, evidence, now)?;
        let path = self.request(centre);
        disk::write_atomically(&path, text.as_bytes())?;
        Ok(path)
    }
}

/// What a centre asks to have signed. That it holds both keys is proven.
#[derive(Debug)]
pub struct Request {
    /// Who asks.
    pub centre: CentreId,
    /// The key that signs its evidence.
    pub evidence: PublicKey,
    pub(super) tls_request: CertificateSigningRequestParams,
    pub(super) evidence_request: CertificateSigningRequestParams,
}

impl Request {
    /// The text of a request.
    ///
    /// # Errors
    /// If a key cannot sign.
    pub fn make(centre: &CentreId, tls: &KeyPair, evidence: &Signer, now: Wall) -> anyhow::Result<String> {
        let pem = evidence.to_pem()?;
        let evidence_key = KeyPair::from_pkcs8_pem_and_sign_algo(&pem, &rcgen::PKCS_ED25519)
            .context("the evidence key cannot sign a request")?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, centre.as_str());
        let pem_of = |key: &KeyPair| anyhow::Ok(params.serialize_request(key)?.pem()?);
        Ok(format!(
            "Yêu cầu cấp chứng thư của {centre} / enrolment request of {centre}, {now}\n\
             Mã đối chiếu / read aloud to compare: {}\n{}{}",
            fingerprint(tls.der_bytes(), &evidence.public()),
            pem_of(tls)?,
            pem_of(&evidence_key)?
        ))
    }

    /// Reads a request; both signatures are checked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, EnrolError> {
        if text.len() > MOST_BYTES {
            return Err(wrong("this is too large for a request"));
        }
        let asked = |(label, der): (String, Vec<u8>)| match label.as_str() {
            "CERTIFICATE REQUEST" => CertificateSigningRequestParams::from_der(&der.as_slice().into())
                .map_err(|e| wrong(format!("a request in it does not count: {e}"))),
            other => Err(wrong(format!("there is a {other} in it, which does not belong into a request"))),
        };
        let all: Vec<_> = blocks(text)?.into_iter().map(asked).collect::<Result<_, _>>()?;
        let Ok([one, two]) = <[_; 2]>::try_from(all) else {
            return Err(wrong("there must be two requests in it, one for TLS and one for the evidence key"));
        };
        let is_evidence = |request: &CertificateSigningRequestParams| {
            request.public_key.algorithm() == &rcgen::PKCS_ED25519
        };
        let (tls_request, evidence_request) = match (is_evidence(&one), is_evidence(&two)) {
            (false, true) => (one, two),
            (true, false) => (two, one),
            _ => {
                return Err(wrong("one of the two requests must be for an Ed25519 key, and one for another"));
            }
        };
        let (name, other) = (common_name(&tls_request)?, common_name(&evidence_request)?);
        if name != other {
            return Err(wrong(format!("its two requests are for {name:?} and {other:?}")));
        }
        let centre = CentreId::new(&name).map_err(|e| wrong(format!("it is for {name:?}: {e}")))?;
        let evidence = PublicKey::from_raw(evidence_request.public_key.der_bytes())
            .map_err(|e| wrong(format!("its evidence key: {e}")))?;
        Ok(Self { centre, evidence, tls_request, evidence_request })
    }

    /// Eight groups of four digits that stand for both keys, to be compared by telephone.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.tls_request.public_key.der_bytes(), &self.evidence)
    }
}

fn fingerprint(tls: &[u8], evidence: &PublicKey) -> String {
    let digest = crate::wire::digest(&[tls, evidence.kid().as_bytes()].concat());
    let digits: Vec<char> = digest.trim_start_matches("sha256:").chars().take(32).collect();
    digits.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

fn common_name(request: &CertificateSigningRequestParams) -> Result<String, EnrolError> {
    match request.params.distinguished_name.get(&DnType::CommonName) {
        Some(DnValue::Utf8String(name)) => Ok(name.clone()),
        Some(DnValue::PrintableString(name)) => Ok(name.as_str().to_owned()),
        _ => Err(wrong("a request in it names no centre")),
    }
}
