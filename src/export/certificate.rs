//! The certificate that goes into packages.

use crate::config::EdgeConfig;
use crate::enrol::Folder;
use crate::wire::Signer;

/// The certificate of the centre's key and those of its authority, in PEM; none while the province has not signed.
pub fn certificate(config: &EdgeConfig, signer: &Signer) -> Option<String> {
    let folder = Folder(config.province.as_ref()?.enrolment.clone()?);
    match folder.read_papers(&config.centre.id, &signer.public()) {
        Ok(papers) => Some(papers.certificates()),
        Err(e) => {
            tracing::warn!("a package goes without the certificate of its key: {e:#}");
            None
        }
    }
}
