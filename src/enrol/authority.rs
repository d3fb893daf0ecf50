//! The province's side: its authority, which signs centres' requests and the broker's certificate.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rcgen::{
    Certificate, CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::certificate::{DAY_MS, of_authority, of_evidence, params};
use super::papers::parse;
use super::{Request, Validity};
use crate::model::Wall;
use crate::wire::PublicKey;
use crate::{disk, keys};

/// How long a centre's certificates count, in days. They are renewed over the link.
const CENTRE_DAYS: i64 = 365;

/// How long the broker's counts: somebody has to put it there.
const BROKER_DAYS: i64 = 2 * 365;

/// How long the authority's own counts.
const AUTHORITY_DAYS: i64 = 20 * 365;

/// A private CA in a folder.
pub struct Authority {
    folder: PathBuf,
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, both PEM.
#[derive(Clone)]
pub struct Signed {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Authority {
    /// Opens the authority in `folder`, or makes one there.
    ///
    /// # Errors
    /// If its files cannot be read, or others can read its key.
    pub fn open_or_make(folder: &Path, name: &str, now: Wall) -> anyhow::Result<Self> {
        let (key_path, path) = (folder.join("ca.key.pem"), folder.join("ca.pem"));
        if !key_path.exists() {
            if path.exists() {
                bail!("{} is there and its key {} is not", path.display(), key_path.display());
            }
            disk::make_folder(folder)?;
            let key = KeyPair::generate()?;
            let certificate = of_authority(name, now, AUTHORITY_DAYS)?.self_signed(&key)?;
            // The certificate first: one without its key is told above, in words.
            disk::write_atomically(&path, certificate.pem().as_bytes())?;
            disk::write_secret(&key_path, key.serialize_pem().as_bytes())?;
        }
        let key = KeyPair::from_pem(&keys::read_secret(&key_path)?)
            .with_context(|| format!("{}: this is no key", key_path.display()))?;
        let certificate = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, key)
            .with_context(|| format!("{}: this is no authority's certificate", path.display()))?;
        Ok(Self { folder: folder.to_owned(), certificate, issuer })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is an authority in `folder`.
    pub fn is_in(folder: &Path) -> bool {
        folder.join("ca.key.pem").exists()
    }

    /// Its certificate, DER: whom its brokers' clients believe.
    ///
    /// # Errors
    /// If the file of the certificate is damaged.
    pub fn root(&self) -> anyhow::Result<CertificateDer<'static>> {
        let blocks = super::blocks(&self.certificate)?;
        let (_, der) = blocks.into_iter().next().context("there is no certificate in ca.pem")?;
        Ok(CertificateDer::from(der))
    }

    /// What it is called in the certificates that it signs.
    fn name(&self) -> anyhow::Result<String> {
        let root = self.root()?;
        let read = parse(&root)?;
        let name = read.subject().iter_common_name().find_map(|name| name.as_str().ok());
        Ok(name.context("the certificate in ca.pem has no name")?.to_owned())
    }

    /// The papers that answer `request`; `receipts` are the keys by which the province signs.
    ///
    /// # Errors
    /// If a certificate cannot be made.
    pub fn sign(&self, request: Request, receipts: &[PublicKey], now: Wall) -> anyhow::Result<String> {
        let Request { centre, mut tls_request, mut evidence_request, .. } = request;
        // Nothing that the request asks for beside its keys is taken over.
        tls_request.params = params(centre.as_str(), now, CENTRE_DAYS)?;
        tls_request.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        tls_request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let tls = tls_request.signed_by(&self.issuer)?;
        evidence_request.params = of_evidence(centre.as_str(), &self.name()?, now, CENTRE_DAYS)?;
        let evidence = evidence_request.signed_by(&self.issuer)?;
        let receipts: String = receipts.iter().map(PublicKey::to_pem).collect::<Result<_, _>>()?;
        Ok(format!(
            "Giấy tờ của {centre} / papers of {centre}: {}\n{}{}{}{receipts}",
            now.plus_millis(CENTRE_DAYS * DAY_MS),
            tls.pem(),
            evidence.pem(),
            self.certificate
        ))
    }

    /// A certificate for a broker that is reached by these names or addresses.
    ///
    /// # Errors
    /// If a name is none, or the certificate cannot be made.
    pub fn sign_broker(&self, hosts: &[String], now: Wall) -> anyhow::Result<Signed> {
        let first = hosts.first().context("a broker needs a name")?;
        let mut params = params(first, now, BROKER_DAYS)?;
        params.subject_alt_names = CertificateParams::new(hosts)?.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.with_a_key(params)
    }

    /// A certificate for the province's own receiver, named `province`.
    ///
    /// # Errors
    /// If the certificate cannot be made.
    pub fn sign_province(&self, now: Wall) -> anyhow::Result<Signed> {
        let mut params = params("province", now, CENTRE_DAYS)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.with_a_key(params)
    }

    /// Writes what a broker needs into the authority's folder: `broker.pem` and `broker.key.pem`.
    ///
    /// # Errors
    /// If a name is none, or the files cannot be written.
    pub fn write_broker(&self, hosts: &[String], now: Wall) -> anyhow::Result<[PathBuf; 3]> {
        let signed = self.sign_broker(hosts, now)?;
        let [ca, certificate, key] =
            ["ca.pem", "broker.pem", "broker.key.pem"].map(|name| self.folder.join(name));
        disk::write_secret(&key, signed.key.as_bytes())?;
        disk::write_atomically(&certificate, signed.certificate.as_bytes())?;
        Ok([ca, certificate, key])
    }

    /// From when to when the broker's certificate in the authority's folder counts, if one is there.
    pub fn broker_validity(folder: &Path) -> Option<Validity> {
        let text = std::fs::read_to_string(folder.join("broker.pem")).ok()?;
        let (_, der) = super::blocks(&text).ok()?.into_iter().next()?;
        Validity::of(&der).ok()
    }

    fn with_a_key(&self, params: CertificateParams) -> anyhow::Result<Signed> {
        let key = KeyPair::generate()?;
        let certificate: Certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Signed { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.folder.display())
    }
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signed(…)")
    }
}

impl Signed {
    /// Both in DER, with when the certificate counts.
    ///
    /// # Errors
    /// If one of them is damaged.
    pub fn der(&self) -> anyhow::Result<(CertificateDer<'static>, PrivateKeyDer<'static>, Validity)> {
        let blocks = super::blocks(&self.certificate)?;
        let (_, certificate) = blocks.into_iter().next().context("there is no certificate")?;
        let validity = Validity::of(&certificate)?;
        let key = KeyPair::from_pem(&self.key)?;
        anyhow::ensure!(
            parse(&certificate)?.public_key().subject_public_key.data.as_ref() == key.der_bytes(),
            "the certificate is for another key"
        );
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((CertificateDer::from(certificate), key, validity))
    }
}
