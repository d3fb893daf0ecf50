//! Whether the documents in a package are in the places of the centre's chain that they say: as far as they are
//! neighbours, each has to name the one before it. What lies between them stays at the centre.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Verdict;
use crate::evidence::export::{INCIDENTS, Package, SOURCES};
use crate::evidence::manifest::{self, MANIFEST_NAME};
use crate::ledger::{Hour, Link};
use crate::model::Wall;

/// No document is larger than this, in bytes.
const MOST: u64 = 64 << 20;

/// A document and its place.
struct Placed {
    name: String,
    link: Link,
    digest: String,
    made_at: Wall,
}

/// Checks the places of all documents of the package, and tells its own.
pub(super) fn check_links(folder: &Path, package: &Package, found: &mut Verdict) {
    let Some(own) = &package.link else { return };
    let mut places: BTreeMap<i64, Placed> = BTreeMap::new();
    for placed in documents(folder, package).filter(|placed| placed.link.epoch == own.epoch) {
        if placed.link.number >= own.number {
            let number = placed.link.number;
            found.wrong(format!("{}: it is document {number}, signed after the package itself", placed.name));
            continue;
        }
        if let Some(other) = places.insert(placed.link.number, placed)
            && let Some(kept) = places.get(&other.link.number)
            && kept.digest != other.digest
        {
            found.wrong(format!(
                "{} and {}: both are document {} of the centre's chain",
                other.name, kept.name, other.link.number
            ));
        }
    }
    for (one, next) in places.values().zip(places.values().skip(1)) {
        check_pair((one, &next.link, &next.name), next.made_at, found);
    }
    if let Some(last) = places.values().next_back() {
        check_pair((last, own, MANIFEST_NAME), package.made_at, found);
    }
    found.lines.push(format!(
        "document {} of the centre's chain {}, with {} earlier ones in here; whether the province knows them, and those \
         between, shows there",
        own.number,
        own.epoch,
        places.len()
    ));
}

fn check_pair((one, next, name): (&Placed, &Link, &str), at: Wall, found: &mut Verdict) {
    if one.link.number.saturating_add(1) == next.number && one.digest != next.previous {
        found.wrong(format!(
            "{name}: it does not follow {}: the link between documents {} and {} is broken, signed between {} and {at}",
            one.name, one.link.number, next.number, one.made_at
        ));
    }
}

/// The documents of hours and the manifests of incidents that have a place. What cannot be read was told elsewhere.
fn documents<'a>(folder: &'a Path, package: &'a Package) -> impl Iterator<Item = Placed> + 'a {
    package.beside.iter().filter_map(move |file| {
        let name = file.name.as_str();
        let is_hour = name.starts_with(SOURCES) && name.ends_with(".json");
        let is_manifest = name.starts_with(INCIDENTS) && name.ends_with(MANIFEST_NAME);
        if !is_hour && !is_manifest {
            return None;
        }
        let path = folder.join(name);
        let about = std::fs::symlink_metadata(&path).ok()?;
        let bytes = match about.is_file() && about.len() <= MOST {
            true => std::fs::read(path).ok()?,
            false => return None,
        };
        let (link, made_at) = if is_hour {
            let (hour, _) = Hour::open(&bytes).ok()?;
            (hour.stated.link, hour.stated.made_at)
        } else {
            let opened = manifest::open(&bytes).ok()?.manifest;
            (opened.link?, opened.made_at)
        };
        let digest = hex::encode(Sha256::digest(&bytes));
        Some(Placed { name: name.to_owned(), link, digest, made_at })
    })
}
