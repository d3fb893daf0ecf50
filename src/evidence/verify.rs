//! Whether evidence is what its signed manifest says, in words.
//!
//! Evidence of an incident may have more of the same incident in folders below it, each with a manifest of its own. A
//! package lists every file in every folder below it; what it says of incidents and of recorded files is checked by the
//! documents that it carries, each signed for itself.

mod credentials;

mod links;

mod listing;

mod names;

mod package;

mod receipts;

mod sources;

mod whom;

use std::collections::BTreeSet;
use std::path::Path;

use super::manifest::MANIFEST_NAME;
use crate::enrol::Believed;
use crate::model::{CentreId, ClockState, ClockTrust, IncidentId};
use crate::wire::Trust;
use listing::{Listing, listing};
pub use names::is_plain;
use names::{problem, unlisted};
use whom::{Around, Whom, certified, papers};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Everything is there, unchanged, and fits the signature.
    pub is_intact: bool,
    /// The signature is by a trusted key.
    pub is_trusted: bool,
    /// The incident that the manifest is of, if there is one that can be read.
    pub incident: Option<IncidentId>,
    /// A line for each thing worth saying.
    pub lines: Vec<String>,
}

impl Verdict {
    /// Whether it proves anything: intact, and signed by a trusted key.
    pub fn holds(&self) -> bool {
        self.is_intact && self.is_trusted
    }

    /// Something does not fit.
    fn wrong(&mut self, line: String) {
        self.is_intact = false;
        self.lines.push(line);
    }

    /// Somebody signed who is not known.
    fn doubtful(&mut self, line: String) {
        self.is_trusted = false;
        self.lines.push(line);
    }

    /// What was found in the part `name`, which counts for the whole.
    fn take(&mut self, name: &str, part: Self) {
        self.is_intact &= part.is_intact;
        self.is_trusted &= part.is_trusted;
        self.lines.extend(part.lines.into_iter().map(|line| format!("{name}/ {line}")));
    }
}

/// The certificate of the key that signed a package, beside its manifest.
pub const CERTIFICATE_NAME: &str = "certificate.pem";

/// Checks the evidence in the folder `path`, or in the folder of the file `path`, against its
/// manifest. `trust` holds the keys that count.
pub fn verify(path: &Path, trust: Option<&Trust>) -> Verdict {
    verify_by(path, &trust.cloned().map(Believed::from).unwrap_or_default())
}

/// The same, where authorities count too: a key that one of them certified, in [`CERTIFICATE_NAME`], is trusted.
pub fn verify_by(path: &Path, believed: &Believed) -> Verdict {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    check(folder, &Whom { believed, package: None }).0
}

/// Checks a folder; gives what was found, and which centre signed it, if that can be read.
fn check(folder: &Path, whom: &Whom<'_>) -> (Verdict, Option<CentreId>) {
    let mut found = Verdict { is_intact: true, is_trusted: false, incident: None, lines: Vec::new() };
    let listing = match listing(folder) {
        Ok(listing) => listing,
        Err(line) => {
            found.wrong(line);
            return (found, None);
        }
    };
    found.incident = listing.incident;
    let mut faulty = BTreeSet::new();
    for file in &listing.files {
        if let Some(problem) = problem(folder, file, listing.package.is_some()) {
            found.wrong(format!("{}: {problem}", file.name));
            faulty.insert(file.name.as_str());
        }
    }
    let papers = check_signer(folder, &listing, whom, &mut found);
    check_unlisted(folder, &listing, whom, &mut found);
    if let Some(package) = &listing.package {
        let (centre, key) = (listing.centre.clone(), listing.key.clone());
        let signer = (&listing.key, whom.believed);
        let around = Around { centre, key, is_trusted: found.is_trusted, papers };
        let whom = Whom { believed: whom.believed, package: Some(&around) };
        package::check_incidents(folder, package, &whom, &mut found);
        // Their reader is large and not ours: what an unknown signer sends is not given to it.
        if found.is_trusted {
            credentials::check_credentials(folder, package, &listing.key, &faulty, &mut found);
        } else if package.files.iter().any(|file| file.c2pa) {
            found.lines.push(
                "the content credentials (C2PA) of its films were not read: the signer is not trusted".into(),
            );
        }
        sources::check_sources(folder, package, &whom, &mut found);
        let stretch = links::check_links(folder, package, &mut found);
        receipts::check_receipts(folder, package, stretch.as_ref(), signer, &mut found);
        package::tell_left_out(package, &mut found);
    }
    if let (Some(link), None, None) = (&listing.link, &listing.package, whom.package) {
        found.lines.push(format!(
            "document {} of the centre's chain {}: whether what was signed before and after it is all there shows at the \
             centre and at the province",
            link.number, link.epoch
        ));
    }
    found.lines.extend(doubt(listing.clock));
    let what =
        format!("{}, {} files, signed by key {}", listing.what, listing.files.len(), listing.key.kid());
    found.lines.push(match (found.is_intact, found.is_trusted) {
        (true, true) => format!("intact, and the signer is trusted: {what}"),
        (true, false) => format!("intact, signer not confirmed: {what}"),
        (false, _) => format!("NOT intact: {what}"),
    });
    (found, Some(listing.centre))
}

/// Whether the signer is trusted; gives the certificate that lies beside the manifest, if it is listed there.
fn check_signer(folder: &Path, listing: &Listing, whom: &Whom<'_>, found: &mut Verdict) -> Option<String> {
    found.is_trusted = whom.trusts(&listing.key, &listing.centre, listing.made_at);
    found.lines.extend(whom.believed.revocation(&listing.key.kid()));
    if !listing.files.iter().any(|file| file.name == CERTIFICATE_NAME) {
        return None;
    }
    let papers = papers(folder);
    if !found.is_trusted {
        let held = papers.as_ref().map_err(Clone::clone);
        match held.and_then(|papers| certified(papers, listing, whom.believed)) {
            Ok(()) => found.is_trusted = true,
            Err(why) => found.lines.push(format!("{CERTIFICATE_NAME}: {why}")),
        }
    }
    papers.ok()
}

/// That the clock was off, or that nobody vouched for it, when this was signed.
fn doubt(clock: ClockState) -> Option<String> {
    match (clock.state, clock.offset_ms) {
        (ClockTrust::Synchronised, _) => None,
        (ClockTrust::Offset, Some(ms)) => {
            Some(format!("the centre's clock was off by {ms} ms when this was signed"))
        }
        (ClockTrust::Offset, None) => Some("the centre's clock was off when this was signed".to_owned()),
        (ClockTrust::Unknown, _) => {
            Some("nobody vouched for the centre's clock when this was signed".to_owned())
        }
    }
}

fn check_unlisted(folder: &Path, listing: &Listing, whom: &Whom<'_>, found: &mut Verdict) {
    let names = listing.files.iter().map(|file| file.name.as_str());
    let listed: BTreeSet<&str> = names.chain([MANIFEST_NAME]).collect();
    let others = match unlisted(folder, &listed) {
        Ok(others) => others,
        Err(e) => return found.wrong(format!("{}: it cannot be read: {e}", folder.display())),
    };
    for name in others {
        let part = folder.join(&name);
        let is_folder = std::fs::symlink_metadata(&part).is_ok_and(|about| about.is_dir());
        if listing.incident.is_some() && is_folder && part.join(MANIFEST_NAME).is_file() {
            // More evidence of the same incident, with a manifest of its own.
            let (verdict, _) = check(&part, whom);
            if verdict.incident.is_some() && verdict.incident != listing.incident {
                found.wrong(format!("{name}/ it is the evidence of another incident"));
            }
            found.take(&name, verdict);
        } else {
            found.wrong(format!("{name}: it is not in the manifest"));
        }
    }
}

#[cfg(test)]
mod made;

#[cfg(test)]
mod many;

#[cfg(test)]
mod resigned;

#[cfg(test)]
mod tests;
