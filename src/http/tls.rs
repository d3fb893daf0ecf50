//! The certificate that browsers see: read at the start, and again when the files have changed. One that cannot be
//! used is told, and the one before stays.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use crate::config::WebTls;
use crate::disk;
use crate::enrol::Validity;

/// So often the files are looked at.
const LOOKED_EVERY: Duration = Duration::from_secs(60);

/// No file of certificates is larger.
const MOST_BYTES: u64 = 256 << 10;

/// The certificate and key of these files, ready for use.
///
/// # Errors
/// What is wrong with which of them.
pub(super) fn load(files: &WebTls) -> anyhow::Result<Arc<ServerConfig>> {
    let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificate)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{}: this is no certificate in PEM", files.certificate.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{}: there is no certificate in it", files.certificate.display());
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_| anyhow::anyhow!("{}: this is no private key in PEM", files.key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("{} does not fit {}", files.key.display(), files.certificate.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// From when to when the certificate counts.
///
/// # Errors
/// If it cannot be read.
pub fn validity(files: &WebTls) -> anyhow::Result<Validity> {
    let text = read(&files.certificate)?;
    let first = CertificateDer::from_pem_slice(&text)
        .map_err(|_| anyhow::anyhow!("{}: this is no certificate in PEM", files.certificate.display()))?;
    Ok(Validity::of(&first)?)
}

/// Takes up other files as they come, until `stop`.
pub(super) async fn watch(files: &WebTls, used: &RustlsConfig, stop: &CancellationToken) {
    let mut known = digests(files);
    while stop.run_until_cancelled(tokio::time::sleep(LOOKED_EVERY)).await.is_some() {
        let now = digests(files);
        if now == known {
            continue;
        }
        known = now;
        match load(files) {
            Ok(config) => {
                used.reload_from_config(config);
                tracing::info!("the pages' certificate was changed: the new one is used");
            }
            Err(e) => tracing::error!("the pages' new certificate cannot be used, the old one stays: {e:#}"),
        }
    }
}

type Digest = Option<(u64, [u8; 32])>;

fn digests(files: &WebTls) -> [Digest; 2] {
    [&files.certificate, &files.key].map(|path| disk::measure(path).ok())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let size = std::fs::metadata(path).with_context(|| path.display().to_string())?.len();
    anyhow::ensure!(size <= MOST_BYTES, "{}: this is too large for a certificate", path.display());
    std::fs::read(path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn write(files: &WebTls) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec!["quay".to_owned()]).unwrap().self_signed(&key).unwrap();
        disk::write_atomically(&files.certificate, certificate.pem().as_bytes()).unwrap();
        disk::write_atomically(&files.key, key.serialize_pem().as_bytes()).unwrap();
    }

    fn files(folder: &Path) -> WebTls {
        WebTls { certificate: folder.join("web.pem"), key: folder.join("web.key") }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_certificate_is_taken_up_and_one_that_cannot_be_used_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        write(&files);
        let used = RustlsConfig::from_config(load(&files).unwrap());
        let stop = CancellationToken::new();
        let changing = async {
            let first = used.get_inner();
            tokio::time::sleep(LOOKED_EVERY).await;
            write(&files);
            tokio::time::sleep(2 * LOOKED_EVERY).await;
            let second = used.get_inner();
            assert!(!Arc::ptr_eq(&first, &second), "the new one is used");
            disk::write_atomically(&files.certificate, b"no certificate").unwrap();
            tokio::time::sleep(2 * LOOKED_EVERY).await;
            assert!(Arc::ptr_eq(&second, &used.get_inner()), "the good one stays");
            stop.cancel();
        };
        tokio::join!(watch(&files, &used, &stop), changing);
    }

    #[test]
    fn what_is_wrong_with_which_file_is_said() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (good, other) = (files(folder.path()), files(elsewhere.path()));
        write(&good);
        write(&other);
        let text = folder.path().join("text.pem");
        disk::write_atomically(&text, b"hello").unwrap();
        let told = |certificate: &PathBuf, key: &PathBuf| {
            let files = WebTls { certificate: certificate.clone(), key: key.clone() };
            format!("{:#}", load(&files).unwrap_err())
        };
        for (told, word) in [
            (told(&good.certificate, &other.key), "does not fit"),
            (told(&text, &good.key), "text.pem: there is no certificate in it"),
            (told(&good.certificate, &text), "text.pem: this is no private key"),
            (told(&folder.path().join("gone.pem"), &good.key), "gone.pem"),
        ] {
            assert!(told.contains(word), "{told}");
        }
        assert!(validity(&good).unwrap().to > validity(&good).unwrap().from);
    }
}
