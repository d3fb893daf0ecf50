//! What stands in the certificates that are made here (X.509, RFC 5280).

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SerialNumber, SubjectPublicKeyInfo,
};
use rustls::pki_types::CertificateDer;

use crate::model::{CentreId, Wall};
use crate::wire::PublicKey;

pub(super) const DAY_MS: i64 = 86_400_000;

/// A certificate counts from a little before it is made, for clocks that are behind.
const BEFORE_MS: i64 = DAY_MS;

/// How long a certificate counts that nobody renews, in days.
const ALONE_DAYS: i64 = 20 * 365;

/// `id-kp-documentSigning` (RFC 9336): the evidence key signs documents.
const DOCUMENT_SIGNING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 36];

/// `c2pa-kp-claimSigning` (C2PA 2.2, 14.5.1): and the content credentials of films.
const CLAIM_SIGNING: &[u64] = &[1, 3, 6, 1, 4, 1, 62558, 2, 1];

/// The certificate of `key` and that of an authority which exists for this alone, DER: the form that formats ask for
/// which take no bare key. It says nothing about whose key that is.
///
/// # Errors
/// If a certificate cannot be made.
pub fn certified_alone(
    key: &PublicKey,
    centre: &CentreId,
    now: Wall,
) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let authority = of_authority(&format!("{centre} (not enrolled)"), now, ALONE_DAYS)?;
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let spki = pem::parse(key.to_pem()?).context("the public key")?;
    let spki = SubjectPublicKeyInfo::from_der(spki.contents())?;
    let name = "Quaywatch (not enrolled)";
    let of_key = of_evidence(centre.as_str(), name, now, ALONE_DAYS)?.signed_by(&spki, &authority)?;
    Ok(vec![of_key.der().clone(), authority.der().clone()])
}

/// Of an authority.
pub(super) fn of_authority(name: &str, now: Wall, days: i64) -> anyhow::Result<CertificateParams> {
    let mut params = params(&format!("Quaywatch {name}"), now, days)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// Of a centre's evidence key. What reads content credentials shows the organisation.
pub(super) fn of_evidence(
    centre: &str,
    organisation: &str,
    now: Wall,
    days: i64,
) -> anyhow::Result<CertificateParams> {
    let mut params = params(centre, now, days)?;
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
    params.extended_key_usages =
        [DOCUMENT_SIGNING, CLAIM_SIGNING].map(|oid| ExtendedKeyUsagePurpose::Other(oid.to_vec())).to_vec();
    Ok(params)
}

/// Of anything: its name, from when to when it counts, a number of its own.
pub(super) fn params(name: &str, now: Wall, days: i64) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) =
        (moment(now.plus_millis(-BEFORE_MS))?, moment(now.plus_millis(days * DAY_MS))?);
    params.use_authority_key_identifier_extension = true;
    // 126 random bits, so that no two certificates are confused when one is revoked (RFC 5280, 4.1.2.2).
    let mut serial = [0u8; 16];
    getrandom::fill(&mut serial).map_err(|e| anyhow::anyhow!("the system gives no randomness: {e}"))?;
    serial[0] = (serial[0] & 0x3f) | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

fn moment(at: Wall) -> anyhow::Result<time::OffsetDateTime> {
    let seconds = at.as_millis().div_euclid(1000);
    time::OffsetDateTime::from_unix_timestamp(seconds).context("this machine's clock shows what cannot be")
}
