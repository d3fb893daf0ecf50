//! Whether the stretch of the centre's chain in a package has no gap, whether its documents are in the places of it that
//! they say, each behind the one that it names, and whether it leads to the package. What lies between them stays at the
//! centre, but that it was there is signed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Verdict;
use crate::centre_db::LostLife;
use crate::evidence::export::{CHAIN, INCIDENTS, Package, SOURCES};
use crate::evidence::manifest::{self, MANIFEST_NAME};
use crate::ledger::{Hour, Link, Stretch};
use crate::model::Wall;

/// No document is larger than this, in bytes; the chain has some 150 a document.
const MOST: u64 = 256 << 20;

/// A document and its place.
struct Placed {
    name: String,
    link: Link,
    digest: String,
    made_at: Wall,
}

/// Checks the stretch of the chain in the package, that its documents have their places in it, and that it leads to the
/// package; gives the stretch, if there is one that can be read.
pub(super) fn check_links(folder: &Path, package: &Package, found: &mut Verdict) -> Option<Stretch> {
    let own = package.link.as_ref()?;
    let placed: Vec<Placed> = documents(folder, package).collect();
    let stretch = match stretch(folder, package) {
        Ok(Some(stretch)) => stretch,
        Ok(None) => {
            found.lines.push(format!(
                "document {} of the centre's chain {}: the package does not say what lies between its documents; whether \
                 all of it is there shows at the province",
                own.number, own.epoch
            ));
            check_neighbours(own, placed, package.made_at, found);
            return None;
        }
        Err(why) => {
            found.wrong(format!("{CHAIN}: {why}"));
            return None;
        }
    };
    stretch.problems().into_iter().for_each(|problem| found.wrong(format!("{CHAIN}: {problem}")));
    if let Some((_, first)) = stretch.places().next().filter(|(_, first)| first.made_at > package.from)
        && first.number > 1
    {
        found.wrong(format!(
            "{CHAIN}: what was signed before document {} is missing: {} begins at {}, and the package at {}",
            first.number, CHAIN, first.made_at, package.from
        ));
    }
    for one in &placed {
        if let Some(problem) = out_of_place(one, &stretch) {
            found.wrong(format!("{}: {problem}", one.name));
        }
    }
    if let Some(problem) = does_not_follow((own, package.made_at), &stretch) {
        found.wrong(format!("{MANIFEST_NAME}: {problem}"));
    }
    tell(own, &placed, &stretch, found);
    Some(stretch)
}

/// As far as documents of a package that does not have its stretch are neighbours, each has to name the one before it.
fn check_neighbours(own: &Link, placed: Vec<Placed>, made_at: Wall, found: &mut Verdict) {
    let mut places: BTreeMap<i64, Placed> = BTreeMap::new();
    for one in placed.into_iter().filter(|one| one.link.epoch == own.epoch) {
        let (name, number) = (&one.name, one.link.number);
        if number >= own.number {
            found.wrong(format!("{name}: it is document {number}, signed after the package itself"));
            continue;
        }
        match places.get(&number).filter(|other| other.digest != one.digest) {
            Some(other) => found.wrong(format!(
                "{} and {name}: both are document {number} of the centre's chain",
                other.name
            )),
            None => drop(places.insert(number, one)),
        }
    }
    let next = places.values().skip(1).map(|next| (&next.link, next.name.as_str(), next.made_at));
    for (one, (next, name, at)) in places.values().zip(next.chain([(own, MANIFEST_NAME, made_at)])) {
        if one.link.number.saturating_add(1) == next.number && one.digest != next.previous {
            let (number, since) = (one.link.number, one.made_at);
            found.wrong(format!(
                "{name}: the link between documents {number} and {} is broken, signed between {since} and {at}",
                next.number
            ));
        }
    }
}

/// The stretch of the chain in the package; none in one of before it had any.
fn stretch(folder: &Path, package: &Package) -> Result<Option<Stretch>, String> {
    if !package.beside.iter().any(|file| file.name == CHAIN) {
        return Ok(None);
    }
    let bytes = read(&folder.join(CHAIN)).map_err(|e| format!("it cannot be read: {e}"))?;
    Stretch::from_bytes(&bytes).map(Some).map_err(|e| e.to_string())
}

/// Why a document is not where the chain has it.
fn out_of_place(one: &Placed, stretch: &Stretch) -> Option<String> {
    let Link { epoch, number, previous } = &one.link;
    match stretch.get(*epoch, *number) {
        Some(place) if place.digest != one.digest => {
            Some(format!("it is another document than number {number} of the centre's chain"))
        }
        Some(_) if stretch.before(*number).is_some_and(|before| before != previous) => Some(format!(
            "the link between documents {} and {number} is broken, signed before {}",
            number.saturating_sub(1),
            one.made_at
        )),
        Some(_) => None,
        // Told below.
        None if stretch.is_of_a_lost_end(*epoch, *number) => None,
        None => Some(format!("{CHAIN} has no document {number} of the chain {epoch}")),
    }
}

/// Why the package is not the document behind the stretch.
fn does_not_follow((own, made_at): (&Link, Wall), stretch: &Stretch) -> Option<String> {
    let since = stretch.last().map_or(String::new(), |(_, last)| format!("{} and ", last.made_at));
    let number = own.number;
    match stretch.next_number() {
        next if next > number => Some(format!("it is document {number}, and {CHAIN} has later ones")),
        next if next < number => Some(format!(
            "the documents of the chain from {next} to {} are missing: signed between {since}{made_at}",
            number.saturating_sub(1)
        )),
        _ if stretch.is_of_a_lost_end(own.epoch, number) => {
            Some(format!("it is document {number} of {}, of which {CHAIN} says that it was lost", own.epoch))
        }
        _ if stretch.before(number) != Some(own.previous.as_str()) => Some(format!(
            "the link between documents {} and {number} is broken, signed between {since}{made_at}",
            number.saturating_sub(1)
        )),
        _ => None,
    }
}

fn tell(own: &Link, placed: &[Placed], stretch: &Stretch, found: &mut Verdict) {
    let lost = placed.iter().filter(|one| stretch.is_of_a_lost_end(one.link.epoch, one.link.number));
    found.lines.extend(lost.map(|one| {
        format!(
            "{}: it was signed in a database that was lost, and that a copy of some time ago or a new one replaced: the \
             chain goes on without it",
            one.name
        )
    }));
    found.lines.extend(stretch.restored().map(|(number, at)| {
        format!("before document {number}, signed at {at}, the centre's database was restored from a copy")
    }));
    if let Some((epoch, last)) = stretch.last().filter(|(epoch, _)| *epoch != own.epoch) {
        found.lines.push(format!(
            "the centre's database was restored from a copy behind document {} of the chain {epoch}, signed at {}",
            last.number, last.made_at
        ));
    }
    found.lines.extend(stretch.lost().map(lost_in_words));
    let mut places = stretch.places();
    let Some((_, first)) = places.next() else { return };
    let all = places.count().saturating_add(1);
    found.lines.push(format!(
        "document {} of the centre's chain {}: {all} documents before it, since number {} of {}, are named here, {} are in \
         the package; whether the province knows them as the same shows there",
        own.number,
        own.epoch,
        first.number,
        first.made_at,
        placed.len()
    ));
}

/// Anybody with the centre's key can claim that.
fn lost_in_words(LostLife { epoch, after, found_at }: &LostLife) -> String {
    let what = match after {
        0 => String::new(),
        after => format!(" behind document {after}"),
    };
    format!(
        "the centre says, at {found_at}, that the database of its chain {epoch} was lost: what was signed in it{what} has no \
         place here; whether that is so shows at the province"
    )
}

/// Reads an ordinary file of no more than [`MOST`] bytes.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let about = std::fs::symlink_metadata(path)?;
    if !about.is_file() || about.len() > MOST {
        return Err(io::Error::other("it is no file of documents"));
    }
    std::fs::read(path)
}

/// The documents of hours and the manifests of incidents that have a place. What cannot be read was told elsewhere.
fn documents<'a>(folder: &'a Path, package: &'a Package) -> impl Iterator<Item = Placed> + 'a {
    package.beside.iter().filter_map(move |file| {
        let name = file.name.as_str();
        let is_hour = name.starts_with(SOURCES) && name.ends_with(".json") && name != CHAIN;
        let is_manifest = name.starts_with(INCIDENTS) && name.ends_with(MANIFEST_NAME);
        if !is_hour && !is_manifest {
            return None;
        }
        let bytes = read(&folder.join(name)).ok()?;
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
