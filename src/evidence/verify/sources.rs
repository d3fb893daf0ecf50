//! Whether what a package says of the recorded files behind it is what the centre signed in the hours of their
//! recording: each in the list of its hour, each list in the document of its hour, each document by the centre.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::whom::Whom;
use super::{Verdict, doubt};
use crate::evidence::export::{ORIGINALS, Package, PackedFile, PackedKind, Source, hour_name, list_name};
use crate::ledger::Hour;
use crate::model::{CameraId, StreamKind, Wall};
use sha2::{Digest, Sha256};

/// No document and no list is larger than this, in bytes.
const MOST: u64 = 64 << 20;

/// So many sources that do not fit are told of each list.
const TOLD: usize = 20;

/// What is named by so much later was named late: hours are signed hourly, and a file lasts some minutes.
const LATE_MS: i64 = 3 * 3_600_000;

type ListKey = (i64, CameraId);

/// Checks the documents of hours, their lists, and every source of every file.
pub(super) fn check_sources(folder: &Path, package: &Package, whom: &Whom<'_>, found: &mut Verdict) {
    let mut wanted: BTreeMap<ListKey, Vec<(&PackedFile, &Source)>> = BTreeMap::new();
    let mut unsigned: BTreeSet<&str> = BTreeSet::new();
    for file in &package.files {
        check_original(file, found);
        for source in &file.sources {
            match source.hour {
                Some(hour) => wanted.entry((hour, file.camera.clone())).or_default().push((file, source)),
                None => drop(unsigned.insert(&source.path)),
            }
        }
    }
    if !unsigned.is_empty() {
        found.lines.push(format!(
            "{} recorded files are in no signed hour yet: that they are what was recorded stands on the package alone",
            unsigned.len()
        ));
    }
    let names: BTreeSet<&str> = package.beside.iter().map(|file| file.name.as_str()).collect();
    let numbers: BTreeSet<i64> = wanted.keys().map(|(hour, _)| *hour).collect();
    let mut hours: BTreeMap<i64, Hour> = BTreeMap::new();
    for number in numbers {
        let name = hour_name(number);
        match hour(folder, &name, number, (package, &names), whom, found) {
            Ok(hour) => drop(hours.insert(number, hour)),
            Err(why) => found.wrong(format!("{name}: {why}")),
        }
    }
    hours.values().for_each(|hour| tell_clock(hour, found));
    for ((number, camera), sources) in wanted {
        if let Some(hour) = hours.get(&number) {
            tell_late(hour, &sources, found);
        }
        let name = list_name(number, &camera, package.stream);
        let listed =
            hours.get(&number).map(|hour| list(folder, &name, hour, (&camera, package.stream), &names));
        match listed {
            // Its document was told already.
            None => {}
            Some(Err(why)) => found.wrong(format!("{name}: {why}")),
            Some(Ok(text)) => check_listed(&name, &text, &sources, found),
        }
    }
}

/// That the clock was off, or that nobody vouched for it, in an hour in which something of the package was recorded.
fn tell_clock(hour: &Hour, found: &mut Verdict) {
    let number = hour.stated.link.number;
    found.lines.extend(doubt(hour.stated.clock).map(|doubt| format!("{}: {doubt}", hour_name(number))));
}

/// That recorded files were named long after their time. After a power cut that must be so; and whoever puts a file among
/// the recordings gets it named then, too.
fn tell_late(hour: &Hour, sources: &[(&PackedFile, &Source)], found: &mut Verdict) {
    let made_at = hour.stated.made_at;
    let began = sources.iter().filter_map(|(_, source)| began(&source.path));
    let late: Vec<Wall> = began.filter(|began| made_at.millis_since(*began) > LATE_MS).collect();
    if let Some(first) = late.iter().min() {
        found.lines.push(format!(
            "{}: {} recorded files, the earliest of {first}, were first named at {made_at}: nothing shows what they were \
             between",
            hour_name(hour.stated.link.number),
            late.len()
        ));
    }
}

/// When a recorded file begins, by its path: `video/{camera}/{stream}/{yyyy-mm-dd}/{hhmmss.mmm}Z-{run}-{n}.mp4`.
fn began(path: &str) -> Option<Wall> {
    let mut parts = path.rsplit('/');
    let (name, day) = (parts.next()?, parts.next()?);
    let time = name.split('Z').next()?;
    let (hours, minutes, seconds) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    format!("{day}T{hours}:{minutes}:{seconds}Z").parse().ok()
}

/// An original file is its own source.
fn check_original(file: &PackedFile, found: &mut Verdict) {
    if file.kind != PackedKind::Original {
        return;
    }
    let is_itself = |source: &Source| {
        file.name.strip_prefix(ORIGINALS).and_then(|name| name.strip_prefix('/')) == Some(&source.path)
            && source.sha256.as_ref() == Some(&file.sha256)
    };
    match file.sources.as_slice() {
        [source] if is_itself(source) => {}
        _ => found.wrong(format!("{}: the package does not say that this is the recorded file", file.name)),
    }
}

fn hour(
    folder: &Path,
    name: &str,
    number: i64,
    (package, names): (&Package, &BTreeSet<&str>),
    whom: &Whom<'_>,
    found: &mut Verdict,
) -> Result<Hour, String> {
    let (hour, key) = Hour::open(&read(folder, name, names)?).map_err(|e| e.to_string())?;
    let stated = &hour.stated;
    if stated.link.number != number {
        return Err(format!("it is document {} of the centre", stated.link.number));
    }
    if stated.centre != package.centre {
        return Err(format!("it is a document of centre {}", stated.centre));
    }
    if package.link.as_ref().is_some_and(|link| link.epoch != stated.link.epoch) {
        found.lines.push(format!(
            "{name}: it was signed before the centre's database was restored from a copy: what the copy lacks of that \
             time shows at the province"
        ));
    }
    if !whom.trusts(&key, &stated.centre, stated.made_at) && found.is_trusted {
        found.doubtful(format!("{name}: it is signed by key {}, which is not trusted", key.kid()));
    }
    Ok(hour)
}

fn list(
    folder: &Path,
    name: &str,
    hour: &Hour,
    (camera, stream): (&CameraId, StreamKind),
    names: &BTreeSet<&str>,
) -> Result<String, String> {
    let bytes = read(folder, name, names)?;
    let digest = hex::encode(Sha256::digest(&bytes));
    let is_named = hour
        .recorded
        .iter()
        .any(|list| list.camera == *camera && list.stream == stream && list.sha256 == digest);
    if !is_named {
        let number = hour.stated.link.number;
        return Err(format!("it is not the list of {camera} that document {number} names"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not text".to_owned())
}

fn check_listed(name: &str, text: &str, sources: &[(&PackedFile, &Source)], found: &mut Verdict) {
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    let listed: HashMap<&str, &str> = lines.map(|(digest, path)| (path, digest)).collect();
    let mut wrong = Vec::new();
    for (file, source) in sources {
        match (listed.get(source.path.as_str()), &source.sha256) {
            (Some(digest), Some(known)) if digest == known => {}
            (Some(_), _) => wrong.push(format!(
                "{}: the recorded file {} is not what {name} says was recorded",
                file.name, source.path
            )),
            (None, _) => {
                wrong.push(format!("{}: the recorded file {} is not in {name}", file.name, source.path))
            }
        }
    }
    let more = wrong.len().saturating_sub(TOLD);
    wrong.into_iter().take(TOLD).for_each(|line| found.wrong(line));
    if more > 0 {
        found.wrong(format!("… and {more} more that do not fit {name}"));
    }
}

/// Reads a file that the package lists. Its digest was checked with all others.
fn read(folder: &Path, name: &str, names: &BTreeSet<&str>) -> Result<Vec<u8>, String> {
    if !names.contains(name) {
        return Err("it is not in the manifest".to_owned());
    }
    let path = folder.join(name);
    let about = std::fs::symlink_metadata(&path).map_err(|_| "it is missing".to_owned())?;
    if !about.is_file() || about.len() > MOST {
        return Err("it is no document of an hour".to_owned());
    }
    std::fs::read(&path).map_err(|e| format!("it cannot be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_file_says_by_its_path_when_it_begins() {
        let path = "video/counter-1/main/2026-11-26/080059.120Z-1-2.mp4";
        assert_eq!(began(path), Some("2026-11-26T08:00:59.120Z".parse().unwrap()));
        for other in [
            "",
            "a.mp4",
            "video/a/main/2026-11-26/x.mp4",
            "video/a/main/2026-13-26/080059.120Z-1-2.mp4",
            "ă/ăăă",
        ] {
            assert_eq!(began(other), None, "{other}");
        }
    }
}
