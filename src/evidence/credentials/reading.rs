//! Reads the content credentials of a film, and checks them against it.

use std::fs::File;
use std::path::Path;

use c2pa::{Context, Reader, ValidationState};

use super::{FOOTAGE, Facts, MP4, settings};
use crate::wire::PublicKey;

/// What may be wrong with a signature that fits: whom to trust is decided by who signed the package, and a certificate
/// that has run out since counted when the film was signed, or it did not count for the package either.
const NOT_OF_THE_FILM: [&str; 2] = ["signingCredential.untrusted", "signingCredential.expired"];

/// What a film says of itself, and whether that fits it.
#[derive(Debug)]
pub struct Said {
    /// By the reader's own judgement: trusted by the anchors that it was given, valid by somebody unknown, or invalid.
    pub state: ValidationState,
    /// What is wrong beside who signed: codes of C2PA.
    pub faults: Vec<String>,
    /// The organisation in the certificate of the key.
    pub organisation: Option<String>,
    /// The key; none if it is no Ed25519 key.
    pub key: Option<PublicKey>,
    /// Our own assertion; none in what others made.
    pub facts: Option<Facts>,
}

impl Said {
    /// Whether the signature fits the manifest, and the manifest the film, whoever signed and whenever.
    pub fn fits(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Reads a film's credentials; none if it has none. Whoever `anchors` (PEM) names is trusted.
///
/// # Errors
/// In words, if the file cannot be read, or they are damaged beyond reading.
pub fn read_back(film: &Path, anchors: Option<&str>) -> Result<Option<Said>, String> {
    match read(film, anchors) {
        Ok(said) => Ok(Some(said)),
        Err(c2pa::Error::JumbfNotFound) => Ok(None),
        Err(e) => Err(e.to_string()),
    }
}

fn read(film: &Path, anchors: Option<&str>) -> c2pa::Result<Said> {
    let context = Context::new().with_settings(settings(anchors)?)?;
    let reader = Reader::from_context(context).with_stream(MP4, File::open(film)?)?;
    let active = reader.active_manifest().ok_or(c2pa::Error::JumbfNotFound)?;
    let codes = reader.validation_results().and_then(|results| results.active_manifest());
    let all = codes.into_iter().flat_map(|codes| codes.failure());
    let of_film = all.map(|status| status.code()).filter(|code| !NOT_OF_THE_FILM.contains(code));
    let mut faults: Vec<String> = of_film.map(str::to_owned).collect();
    let holds =
        |code: &str| codes.is_some_and(|codes| codes.success().iter().any(|status| status.code() == code));
    for needed in ["claimSignature.validated", "assertion.bmffHash.match"] {
        if !holds(needed) && faults.is_empty() {
            faults.push(format!("no {needed}"));
        }
    }
    let signature = active.signature_info();
    Ok(Said {
        state: reader.validation_state(),
        faults,
        organisation: signature.and_then(|info| info.issuer.clone()),
        key: signature.and_then(|info| key(info.cert_chain())),
        facts: active.find_assertion(FOOTAGE).ok(),
    })
}

/// The key of the first certificate.
fn key(chain: &str) -> Option<PublicKey> {
    let blocks = pem::parse_many(chain).ok()?;
    let (_, read) = x509_parser::parse_x509_certificate(blocks.first()?.contents()).ok()?;
    PublicKey::from_raw(read.public_key().subject_public_key.data.as_ref()).ok()
}
