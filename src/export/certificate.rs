//! What packages are given of the centre's configuration: its certificate, and what people call its cameras.

use std::collections::BTreeMap;

use crate::config::EdgeConfig;
use crate::enrol::Folder;
use crate::model::CameraId;
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

/// What people call the cameras of a centre.
pub fn names(config: &EdgeConfig) -> BTreeMap<CameraId, String> {
    config.cameras.iter().map(|camera| (camera.id.clone(), camera.name.clone())).collect()
}
