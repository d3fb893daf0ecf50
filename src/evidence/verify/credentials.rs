//! The content credentials (C2PA) of the films in a package: each must fit its film and say what the package says.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::Verdict;
use crate::evidence::credentials::{Facts, Said, read_back};
use crate::evidence::export::{Package, PackedFile};
use crate::wire::PublicKey;

/// Checks the films that should have credentials, but for the `faulty` ones, of which it was told already.
pub(super) fn check_credentials(
    folder: &Path,
    package: &Package,
    key: &PublicKey,
    faulty: &BTreeSet<&str>,
    found: &mut Verdict,
) {
    let with_them = package.files.iter().filter(|file| file.c2pa && !faulty.contains(file.name.as_str()));
    let mut count = 0u32;
    for film in with_them {
        // The reader is not ours: what it cannot bear is a fault of the film, and the check goes on.
        let read = catch_unwind(AssertUnwindSafe(|| read_back(&folder.join(&film.name), None)));
        let read = read.unwrap_or_else(|_| Err("reading them failed".to_owned()));
        match fault(read, package, film, key) {
            None => count = count.saturating_add(1),
            Some(fault) => found.wrong(format!("{}: its content credentials (C2PA): {fault}", film.name)),
        }
    }
    if count > 0 {
        found.lines.push(format!("content credentials (C2PA) of {count} films fit, by the package's key"));
    }
}

fn fault(
    read: Result<Option<Said>, String>,
    package: &Package,
    film: &PackedFile,
    key: &PublicKey,
) -> Option<String> {
    let said = match read {
        Err(why) => return Some(format!("they cannot be read: {why}")),
        Ok(None) => return Some("there are none, and the package says that there are".to_owned()),
        Ok(Some(said)) => said,
    };
    if !said.fits() {
        return Some(format!("they do not fit the film: {}", said.faults.join(", ")));
    }
    if said.key.as_ref() != Some(key) {
        return Some("they are signed by another key than the package".to_owned());
    }
    let stated = Facts {
        centre: package.centre.clone(),
        camera: film.camera.clone(),
        from: film.from,
        to: film.to,
        package: package.id.clone(),
    };
    (said.facts != Some(stated)).then(|| "they are of another film than the package says".to_owned())
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
