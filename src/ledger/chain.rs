//! Whether signed documents follow each other as they were signed. Pure.

use sha2::{Digest, Sha256};

use super::{BEGINNING, Hour, Link, LinkKind, LinkRow, Tombstone};
use crate::evidence::{export::Package, manifest};
use crate::model::{ClockState, ClockTrust, Epoch, Wall};
use crate::wire::{Malformed, PublicKey};

/// So many problems are told; more help nobody.
const TOLD: usize = 100;

/// A document of the chain, opened.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Document {
    Manifest(Box<manifest::Manifest>),
    Package(Box<Package>),
    Hour(Hour),
    Tombstone(Tombstone),
}

impl Document {
    fn open(kind: LinkKind, bytes: &[u8]) -> Result<(Self, PublicKey), Malformed> {
        Ok(match kind {
            LinkKind::Manifest => {
                let opened = manifest::open(bytes)?;
                (Self::Manifest(Box::new(opened.manifest)), opened.key)
            }
            LinkKind::Package => {
                let (package, key) = Package::open(bytes)?;
                (Self::Package(Box::new(package)), key)
            }
            LinkKind::Hour => {
                let (hour, key) = Hour::open(bytes)?;
                (Self::Hour(hour), key)
            }
            LinkKind::Tombstone => {
                let (tombstone, key) = Tombstone::open(bytes)?;
                (Self::Tombstone(tombstone), key)
            }
        })
    }

    fn link(&self) -> Option<&Link> {
        match self {
            Self::Manifest(manifest) => manifest.link.as_ref(),
            Self::Package(package) => package.link.as_ref(),
            Self::Hour(hour) => Some(&hour.stated.link),
            Self::Tombstone(tombstone) => Some(&tombstone.stated.link),
        }
    }

    fn made_at(&self) -> Wall {
        match self {
            Self::Manifest(manifest) => manifest.made_at,
            Self::Package(package) => package.made_at,
            Self::Hour(hour) => hour.stated.made_at,
            Self::Tombstone(tombstone) => tombstone.stated.made_at,
        }
    }

    fn clock(&self) -> ClockState {
        match self {
            Self::Manifest(manifest) => manifest.clock,
            Self::Package(package) => package.clock,
            Self::Hour(hour) => hour.stated.clock,
            Self::Tombstone(tombstone) => tombstone.stated.clock,
        }
    }
}

/// The place that a document itself says it has, and when it was signed; none of one that cannot be read.
pub(super) fn signed_place(kind: LinkKind, envelope: &[u8]) -> Option<(Link, Wall)> {
    let (document, _) = Document::open(kind, envelope).ok()?;
    Some((document.link()?.clone(), document.made_at()))
}

/// The life of the database that a document was signed in; none of one that cannot be read.
pub(super) fn epoch_of(kind: LinkKind, envelope: &[u8]) -> Option<Epoch> {
    signed_place(kind, envelope).map(|(link, _)| link.epoch)
}

/// What was found of a chain so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// How many documents there are.
    pub documents: u64,
    /// The keys that signed them, each once.
    pub keys: Vec<PublicKey>,
    /// How many were signed while nobody vouched for the clock, the first and the last of them.
    pub doubtful: Option<(u64, Wall, Wall)>,
    /// How many files are missing that the centre says, unsigned so far, it has let go.
    pub unsigned: usize,
    /// How many folders with evidence are missing that the centre says, unsigned so far, it is deleting.
    pub going: usize,
    /// The first documents after the database was restored from a copy.
    pub restored: Vec<(i64, Wall)>,
    /// What is wrong, in words.
    pub problems: Vec<String>,
    last: Option<(i64, String, Wall)>,
    epoch: Option<Epoch>,
}

impl Chain {
    /// Takes the next document; gives what it says, if it can be read.
    pub(super) fn take(&mut self, row: &LinkRow) -> Option<Document> {
        self.documents = self.documents.saturating_add(1);
        let (expected, previous) = match &self.last {
            Some((number, digest, _)) => (number.saturating_add(1), digest.clone()),
            None => (1, BEGINNING.to_owned()),
        };
        let is_next = row.number == expected;
        if !is_next {
            self.missing(expected, row);
        }
        let digest = hex::encode(Sha256::digest(&row.envelope));
        if digest != row.digest {
            self.wrong(format!("document {} was changed after it was signed", row.number));
        }
        // The next one names the digest that was, not that of what stands there now.
        self.last = Some((row.number, row.digest.clone(), row.made_at));
        let (document, key) = match Document::open(row.kind, &row.envelope) {
            Ok(opened) => opened,
            Err(e) => {
                self.wrong(format!("document {}: {e}", row.number));
                return None;
            }
        };
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
        let stated = document.link();
        if stated.is_none_or(|link| link.number != row.number) {
            self.wrong(format!("document {} is not the one that was signed under this number", row.number));
        } else if is_next && stated.is_some_and(|link| link.previous != previous) {
            let before = expected.saturating_sub(1);
            self.wrong(format!(
                "document {} does not follow document {before}, which was changed or replaced",
                row.number
            ));
        }
        if let Some(link) = document.link()
            && self.epoch.replace(link.epoch).is_some_and(|before| before != link.epoch)
        {
            self.restored.push((row.number, row.made_at));
        }
        if document.clock().state != ClockTrust::Synchronised {
            let (count, first, _) = self.doubtful.unwrap_or((0, row.made_at, row.made_at));
            self.doubtful = Some((count.saturating_add(1), first, row.made_at));
        }
        Some(document)
    }

    /// The documents end here, and `highest` was the last number that was ever given.
    pub fn end(&mut self, highest: i64) {
        let last = self.last.as_ref().map_or(0, |(number, ..)| *number);
        if highest > last {
            let since = self.last.as_ref().map_or(String::new(), |(_, _, at)| format!(", signed after {at}"));
            self.wrong(format!("{} missing at the end{since}", range(last.saturating_add(1), highest)));
        }
    }

    /// The number of the last document so far.
    pub(super) fn last_number(&self) -> i64 {
        self.last.as_ref().map_or(0, |(number, ..)| *number)
    }

    /// Something is wrong.
    pub(super) fn wrong(&mut self, problem: String) {
        if self.problems.len() < TOLD {
            self.problems.push(problem);
        }
    }

    fn missing(&mut self, expected: i64, row: &LinkRow) {
        if row.number < expected {
            self.wrong(format!("document {} is there twice", row.number));
            return;
        }
        let after = self.last.as_ref().map_or("the beginning".to_owned(), |(_, _, at)| at.to_string());
        let to = row.number.saturating_sub(1);
        self.wrong(format!("{} missing: signed between {after} and {}", range(expected, to), row.made_at));
    }
}

/// `document 3 is` or `documents 3 to 5 are`.
pub(super) fn range(from: i64, to: i64) -> String {
    if from == to { format!("document {to} is") } else { format!("documents {from} to {to} are") }
}

#[cfg(test)]
mod tests;
