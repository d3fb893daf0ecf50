//! Whose signature counts: the keys and authorities that the person who checks believes, and within a package those
//! that vouch for the package itself.

use std::path::Path;

use super::CERTIFICATE_NAME;
use super::listing::Listing;
use crate::enrol::Believed;
use crate::model::{CentreId, Wall};
use crate::wire::PublicKey;

/// No certificate is larger than this, in bytes.
const MOST_CERTIFICATE: u64 = 64 * 1024;

/// Whom a check believes.
pub(super) struct Whom<'a> {
    pub(super) believed: &'a Believed,
    /// The package that the thing lies in.
    pub(super) package: Option<&'a Around>,
}

/// Who signed the package around a thing.
pub(super) struct Around {
    pub(super) centre: CentreId,
    pub(super) key: PublicKey,
    pub(super) is_trusted: bool,
    /// Its certificate, in PEM.
    pub(super) papers: Option<String>,
}

impl Whom<'_> {
    /// Whether a signature of this key, made for `centre` at `made_at`, counts.
    pub(super) fn trusts(&self, key: &PublicKey, centre: &CentreId, made_at: Wall) -> bool {
        self.believed.knows(key)
            || self.package.is_some_and(|around| around.vouches(self, key, centre, made_at))
    }
}

impl Around {
    /// The key of the package counts for what it signed earlier, too: its certificate may be newer than that.
    fn vouches(&self, whom: &Whom<'_>, key: &PublicKey, centre: &CentreId, made_at: Wall) -> bool {
        let papers = self.papers.as_ref();
        *centre == self.centre
            && self.is_trusted
            && (*key == self.key
                || papers.is_some_and(|pem| whom.believed.certify(pem, key, centre, made_at).is_ok()))
    }
}

/// The certificate beside a manifest, in PEM.
///
/// # Errors
/// In words, if it cannot be read.
pub(super) fn papers(folder: &Path) -> Result<String, String> {
    let path = folder.join(CERTIFICATE_NAME);
    if std::fs::metadata(&path).map_err(|e| e.to_string())?.len() > MOST_CERTIFICATE {
        return Err("it is too large for a certificate".to_owned());
    }
    std::fs::read_to_string(&path).map_err(|e| e.to_string())
}

/// Whether the certificate makes the key of the listing the centre's.
///
/// # Errors
/// In words, if it does not.
pub(super) fn certified(papers: &str, listing: &Listing, believed: &Believed) -> Result<(), String> {
    let certified = believed.certify(papers, &listing.key, &listing.centre, listing.made_at);
    certified.map_err(|e| e.to_string())
}
