//! What the receipts in a package prove, told to whoever checks it.

use std::collections::BTreeSet;
use std::path::Path;

use super::Verdict;
use crate::enrol::Believed;
use crate::evidence::export::{CHAIN, INCIDENTS, Package, RECEIPT, RECEIPTS, SOURCES, TOLD};
use crate::evidence::receipted::{Content, Proven, Signers, ToldOf, judge};
use crate::ledger::Stretch;
use crate::model::Wall;
use crate::wire::PublicKey;

/// No receipt is larger than this, in bytes.
const MOST: u64 = 4 << 20;

/// Checks every receipt, and tells what they prove.
pub(super) fn check_receipts(
    folder: &Path,
    package: &Package,
    stretch: Option<&Stretch>,
    (key, believed): (&PublicKey, &Believed),
    found: &mut Verdict,
) {
    let content = content(package);
    let (mut receipts, mut told) = (Vec::new(), Vec::new());
    let below = format!("{RECEIPTS}/");
    for file in package.beside.iter().filter(|file| file.name.starts_with(&below)) {
        let Ok(bytes) = read(&folder.join(&file.name)) else {
            // That it is missing, or no file, was told with all others.
            continue;
        };
        match file.name.as_str() {
            name if name.starts_with(RECEIPT) => receipts.push((name.to_owned(), bytes)),
            name if name.starts_with(TOLD) => told.push((name.to_owned(), bytes)),
            name => found.wrong(format!("{name}: it is no receipt")),
        }
    }
    if receipts.is_empty() && told.is_empty() {
        return;
    }
    let signers = Signers { centre: &package.centre, key, believed };
    let proven = judge(&receipts, &told, &content, signers);
    proven.problems.iter().for_each(|problem| found.wrong(problem.clone()));
    if let Some(stretch) = stretch {
        let others = proven.told.iter().filter(|told| is_another(told, stretch));
        others.for_each(|told| {
            found.wrong(format!(
                "{}: the province was told of another document {} than {CHAIN} has",
                told.name, told.number
            ));
        });
    }
    for kid in &proven.unknown {
        found.lines.push(format!(
            "{RECEIPTS}/ they are signed by key {kid}, which is not in --trust: they prove nothing here"
        ));
    }
    found.lines.extend(in_words(&proven, &content, None));
    if let Some(since) = believed.revoked_since(&key.kid()) {
        found.lines.extend(in_words(&proven, &content, Some(since)));
    }
}

/// Whether the chain has another document in the place of one that the province was told of. What was signed before the
/// stretch is in no package, and what a restored copy lacks is told at the province.
fn is_another(told: &ToldOf, stretch: &Stretch) -> bool {
    match stretch.get(told.epoch, told.number) {
        Some(place) => place.digest != told.digest,
        None => {
            let first = stretch.places().next().map_or(i64::MAX, |(_, first)| first.number);
            let is_within = (first..stretch.next_number()).contains(&told.number);
            is_within && !stretch.is_of_a_lost_end(told.epoch, told.number)
        }
    }
}

fn content(package: &Package) -> Content {
    let below = |folder: &str| {
        let folder = format!("{folder}/");
        let files = package.beside.iter().filter(move |file| file.name.starts_with(&folder));
        files.map(|file| file.sha256.clone()).collect::<BTreeSet<String>>()
    };
    Content { files: below(INCIDENTS), hours: below(SOURCES) }
}

/// How much the province had, `before` a moment if one is given.
fn in_words(proven: &Proven, content: &Content, before: Option<Wall>) -> Option<String> {
    let counts =
        |digest: &&String| proven.at.get(*digest).is_some_and(|at| before.is_none_or(|before| *at < before));
    let files = content.files.iter().filter(counts).count();
    let hours = content.hours.iter().filter(counts).count();
    let had = content.files.iter().chain(&content.hours).filter(counts);
    let last = had.filter_map(|digest| proven.at.get(digest)).max();
    match (last, before) {
        (None, None) => None,
        (None, Some(before)) => Some(format!("{RECEIPTS}/ the province had nothing of it before {before}")),
        (Some(last), _) => {
            let before = before.map_or_else(String::new, |before| format!("before {before} "));
            Some(format!(
                "{RECEIPTS}/ {before}the province had {files} files of incidents and the documents of {hours} hours, the last \
                 at {last}"
            ))
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let about = std::fs::symlink_metadata(path)?;
    if !about.is_file() || about.len() > MOST {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    std::fs::read(path)
}

#[cfg(test)]
#[path = "receipts_tests.rs"]
mod tests;
