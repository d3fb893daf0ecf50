//! How a centre and its province come to know each other: certificates for TLS and for the key that
//! signs evidence, and their renewal.
//!
//! - A centre makes its two keys where they are used and they never leave it. What it hands out is a
//!   *request*: one signing request (PKCS #10, RFC 2986) by each key, in one PEM file.
//! - The province has an *authority* (a private CA). It answers a request with *papers*: a PEM file with
//!   the two certificates (X.509, RFC 5280), the authority's own, and the keys that sign receipts.
//! - A certificate names its centre in its common name: the broker takes that as the user name, and
//!   its access list goes by it.
//! - TLS keys are ECDSA over P-256, because brokers take those everywhere; evidence keys are Ed25519.

mod request;

mod authority;

mod certificate;

mod believed;

mod papers;

pub use authority::{Authority, Signed};
pub use believed::Believed;
pub use certificate::certified_alone;
pub use papers::{Papers, Validity};
pub use request::{Folder, Request};

/// What is wrong with a request, papers or an authority, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EnrolError(pub String);

fn wrong(what: impl std::fmt::Display) -> EnrolError {
    EnrolError(what.to_string())
}

/// The blocks of a PEM file in order: label and content. Text between them is skipped.
fn blocks(text: &str) -> Result<Vec<(String, Vec<u8>)>, EnrolError> {
    let read = x509_parser::pem::Pem::iter_from_buffer(text.as_bytes());
    let blocks = read.map(|pem| pem.map(|pem| (pem.label, pem.contents)));
    blocks.collect::<Result<_, _>>().map_err(|_| wrong("a block of the file is torn: have it sent again"))
}
