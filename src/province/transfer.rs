//! What becomes of a file's announcement, its pieces and its end: pure decisions.
//!
//! - The announcement is signed and binds length and digest; the pieces and the end are not signed
//!   and can at worst make us ask for the bytes again.
//! - Nothing is `stored` before the whole was read back and has the announced digest.
//! - A province that is short of space answers `later`, never `refused`.

use sha2::{Digest, Sha256};

use super::intake::{RETRY_TROUBLE_S, later};
use super::ranges::Ranges;
use crate::wire::{FileInit, MAX_FILE_BYTES, Outcome};

/// After this many times whole with a wrong digest a file is refused.
pub const MOST_FAILURES: u32 = 3;

/// A receipt names at most this many missing ranges; the next one names the rest.
const MOST_RANGES: usize = 64;

/// A file whose bytes are in more pieces than this is sent in a way that helps nobody.
const MOST_PIECES: usize = 4096;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// Announced length in bytes.
    pub size: u64,
    /// Announced SHA-256, hexadecimal.
    pub checksum: String,
    /// How far it is.
    pub state: State,
    /// What is there.
    pub have: Ranges,
    /// How often it was whole and wrong.
    pub failures: u32,
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Pieces are awaited.
    Receiving,
    /// It is stored.
    Stored,
    /// It will not be taken, and why.
    Refused(String),
}

/// How much of a centre is under way and how much the disk has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Files of this centre under way.
    pub files: u64,
    /// Their announced bytes.
    pub bytes: u64,
    /// How many files of a centre may be under way.
    pub most_files: u64,
    /// How many bytes of a centre may be under way.
    pub most_bytes: u64,
    /// Free bytes on the disk, less what is announced by every centre and not there yet.
    pub free: u64,
    /// Free bytes that must stay.
    pub reserve: u64,
}

impl Capacity {
    /// Why a file of `size` bytes has no room now, or `None` if it has.
    pub fn lacks_room_for(&self, size: u64) -> Option<&'static str> {
        if self.files >= self.most_files || self.bytes.saturating_add(size) > self.most_bytes {
            Some("too much of this centre is under way")
        } else if self.free.saturating_sub(size) < self.reserve {
            Some("the province is short of disk space")
        } else {
            None
        }
    }
}

/// What to do with an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitDecision {
    /// Take it.
    Take,
    /// It is known.
    Known,
    /// Not now, or never.
    Answer(Outcome),
}

/// Decides about a good announcement.
pub fn judge_init(init: &FileInit, known: Option<&KnownFile>, capacity: &Capacity) -> InitDecision {
    match known {
        Some(known) if known.size == init.size && known.checksum == init.checksum => InitDecision::Known,
        Some(_) => refuse_init("a file with this id and other content is announced"),
        None if init.size == 0 => refuse_init("the file is empty"),
        None => match capacity.lacks_room_for(init.size) {
            Some(reason) => InitDecision::Answer(later(RETRY_TROUBLE_S, reason)),
            None => InitDecision::Take,
        },
    }
}

fn refuse_init(reason: &str) -> InitDecision {
    InitDecision::Answer(Outcome::Refused { reason: reason.to_owned() })
}

/// What to do with a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkDecision {
    /// Write it; it ends at this offset.
    Write {
        /// The offset after its last byte.
        to: u64,
    },
    /// It is of no use now: the end will say what is missing.
    Ignore(&'static str),
    /// It is wrong.
    Reject(&'static str),
}

/// Decides about the piece `payload` at `offset`, whose topic names the digest `sha256`.
pub fn judge_chunk(known: Option<&KnownFile>, offset: u64, sha256: &str, payload: &[u8]) -> ChunkDecision {
    let Some(known) = known else { return ChunkDecision::Ignore("the file is not announced") };
    if known.state != State::Receiving {
        return ChunkDecision::Ignore("the file is done");
    }
    let to = offset.saturating_add(payload.len() as u64);
    if to > known.size {
        return ChunkDecision::Reject("the piece lies outside the announced length");
    }
    if hex::encode(Sha256::digest(payload)) != sha256 {
        return ChunkDecision::Reject("the piece does not have the digest in its topic");
    }
    if payload.is_empty() {
        return ChunkDecision::Ignore("the piece is empty");
    }
    let mut have = known.have.clone();
    have.insert(offset, to);
    if have == known.have {
        return ChunkDecision::Ignore("the piece is there already");
    }
    if have.pieces() > MOST_PIECES {
        return ChunkDecision::Reject("the file is in too many pieces");
    }
    ChunkDecision::Write { to }
}

/// What to do at the end of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinDecision {
    /// Everything is there: read it back.
    Verify,
    /// Answer this.
    Answer(Outcome),
}

/// Decides about the end of a file of `size` bytes with the digest `sha256`.
pub fn judge_fin(known: Option<&KnownFile>, size: u64, sha256: &str, capacity: &Capacity) -> FinDecision {
    let Some(known) = known else {
        return FinDecision::Answer(if size == 0 || size > MAX_FILE_BYTES {
            Outcome::Refused { reason: format!("a file of {size} bytes is not taken") }
        } else if let Some(reason) = capacity.lacks_room_for(size) {
            missing(RETRY_TROUBLE_S, Some(reason), vec![(0, size)])
        } else {
            missing(1, Some("the announcement is not here"), vec![(0, size)])
        });
    };
    if known.size != size || known.checksum != sha256 {
        let reason = "the end does not fit the announcement".to_owned();
        return FinDecision::Answer(Outcome::Refused { reason });
    }
    match &known.state {
        State::Stored => FinDecision::Answer(Outcome::Stored),
        State::Refused(reason) => FinDecision::Answer(Outcome::Refused { reason: reason.clone() }),
        State::Receiving => {
            let gaps = known.have.missing(size);
            if gaps.is_empty() { FinDecision::Verify } else { FinDecision::Answer(missing(1, None, gaps)) }
        }
    }
}

fn missing(retry_after_s: u64, reason: Option<&str>, mut ranges: Vec<(u64, u64)>) -> Outcome {
    ranges.truncate(MOST_RANGES);
    Outcome::Later { retry_after_s, reason: reason.map(str::to_owned), missing: ranges }
}

/// What a whole file was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its length.
    pub size: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// What follows from reading a whole file back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It is what was announced.
    Store,
    /// It is not: forget its bytes and ask for all of them again.
    Again {
        /// What to answer.
        outcome: Outcome,
        /// How often it was wrong by now.
        failures: u32,
    },
    /// It is not, too often.
    Refuse(String),
}

/// Decides about a file that was read back; `None` if nothing was there to read.
pub fn judge_whole(known: &KnownFile, found: Option<&Found>) -> Verified {
    let right = found.is_some_and(|found| found.size == known.size && found.sha256 == known.checksum);
    if right {
        Verified::Store
    } else if found.is_some() && known.failures + 1 >= MOST_FAILURES {
        Verified::Refuse(format!("the bytes did not have the announced digest, {MOST_FAILURES} times"))
    } else {
        let (reason, failures) = match found {
            Some(_) => ("the bytes do not fit the digest", known.failures + 1),
            None => ("the bytes are not here any more", known.failures),
        };
        Verified::Again { outcome: missing(1, Some(reason), vec![(0, known.size)]), failures }
    }
}

#[cfg(test)]
mod tests;
