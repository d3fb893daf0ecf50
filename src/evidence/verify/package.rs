//! The incidents in a package: each folder is evidence by itself, and counts as such.

use std::collections::BTreeSet;
use std::path::Path;

use super::whom::Whom;
use super::{Verdict, check};
use crate::evidence::export::{INCIDENTS, Package};
use crate::evidence::manifest::MANIFEST_NAME;
use crate::model::IncidentId;

/// Checks every incident that the package has files of, and that it has those which it says it has.
pub(super) fn check_incidents(folder: &Path, package: &Package, whom: &Whom<'_>, found: &mut Verdict) {
    let stated: BTreeSet<String> = package.incidents.iter().map(|incident| incident.id.to_string()).collect();
    let with_files: BTreeSet<&str> =
        package.beside.iter().filter_map(|file| incident_of(&file.name)).collect();
    for missing in stated.iter().filter(|id| !with_files.contains(id.as_str())) {
        found.wrong(format!("{INCIDENTS}/{missing}: nothing of it is there"));
    }
    for name in with_files {
        let path = format!("{INCIDENTS}/{name}");
        if !stated.contains(name) {
            found.wrong(format!("{path}: the package does not say that it has this incident"));
        }
        check_incident(folder, (name, &path), package, whom, found);
    }
}

fn check_incident(
    folder: &Path,
    (name, path): (&str, &str),
    package: &Package,
    whom: &Whom<'_>,
    found: &mut Verdict,
) {
    let manifest = format!("{path}/{MANIFEST_NAME}");
    if !package.beside.iter().any(|file| file.name == manifest) {
        return found.wrong(format!("{manifest}: it is not in the manifest"));
    }
    // What is no real folder was told as such, and is not followed.
    let is_real = |path: &Path| std::fs::symlink_metadata(path).is_ok_and(|about| about.is_dir());
    let part = folder.join(path);
    if !is_real(&folder.join(INCIDENTS)) || !is_real(&part) {
        return;
    }
    let (verdict, centre) = check(&part, whom);
    let expected: Option<IncidentId> = name.parse().ok();
    if verdict.incident.is_none() && verdict.is_intact {
        found.wrong(format!("{path}/ it is not the evidence of an incident"));
    } else if verdict.incident.is_some() && verdict.incident != expected {
        found.wrong(format!("{path}/ it is the evidence of another incident"));
    }
    if centre.is_some_and(|centre| centre != package.centre) {
        found.wrong(format!("{path}/ it is the evidence of another centre"));
    }
    found.take(path, verdict);
}

/// The name of the incident's folder that a listed file lies in.
fn incident_of(name: &str) -> Option<&str> {
    let (id, _) = name.strip_prefix(INCIDENTS)?.strip_prefix('/')?.split_once('/')?;
    (!id.is_empty() && !id.starts_with('.')).then_some(id)
}

/// What the package says it lacks is told to whoever checks it: it is no fault of the package.
pub(super) fn tell_left_out(package: &Package, found: &mut Verdict) {
    found.lines.extend(package.left_out.iter().map(|one| format!("{}: {}", one.name, one.why)));
}
