//! What waits to go to the province: an item is one event or one file, told without its bytes.
//!
//! A week offline leaves tens of thousands of items, so one is small: payloads stay in the
//! database and files on disk until they are sent.

use crate::model::{EventId, FileId, IncidentId, Severity};
use crate::wire::{Role, Subject};

/// What goes first: events, then what is small, then clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// An event.
    Event,
    /// A still, sound, manifest or preview.
    Small,
    /// A clip.
    Clip,
}

impl Class {
    /// The class of a file by its role.
    pub fn of(role: Role) -> Self {
        match role {
            Role::Clip => Class::Clip,
            Role::Still | Role::Sound | Role::Manifest | Role::Preview => Class::Small,
        }
    }

    /// The word in log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Event => "event",
            Class::Small => "small",
            Class::Clip => "clip",
        }
    }

    /// As the outbox writes it: 0, 1 or 2.
    pub fn rank(self) -> i64 {
        match self {
            Class::Event => 0,
            Class::Small => 1,
            Class::Clip => 2,
        }
    }

    /// The reverse of [`Class::rank`].
    pub fn from_rank(rank: i64) -> Option<Self> {
        [Class::Event, Class::Small, Class::Clip].into_iter().find(|class| class.rank() == rank)
    }
}

/// One row of the outbox that waits for the province's receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id on the wire.
    pub id: Subject,
    /// The incident it belongs to; none of an event that tells what was signed.
    pub incident: Option<IncidentId>,
    /// Events, then small files, then clips.
    pub class: Class,
    /// How much the incident matters.
    pub severity: Severity,
    /// Its row's number: rises with age, and for events with their sequence.
    pub number: i64,
    /// SHA-256 of the event's payload or of the file.
    pub digest: [u8; 32],
    /// SHA-256 of a file's announcement, by which the province refuses it; an event's is `digest`.
    pub payload_digest: [u8; 32],
    /// The length of the file; of an event, that of its payload.
    pub size: u64,
    /// The length of the event's payload or of the file's announcement.
    pub payload_size: u64,
    /// Whether a file was announced before: the province may hold a part, or all, of it.
    pub begun: bool,
}

impl Item {
    /// The digest as receipts write it: `sha256:` and 64 hexadecimal digits.
    pub fn wire_digest(&self) -> String {
        wire_form(self.digest)
    }

    /// The announcement's digest in the same form.
    pub(crate) fn wire_payload_digest(&self) -> String {
        wire_form(self.payload_digest)
    }

    /// What goes first sorts first: class, then severity downwards, then age.
    pub(crate) fn rank(&self) -> Rank {
        Rank { class: self.class, severity: std::cmp::Reverse(self.severity), number: self.number }
    }
}

fn wire_form(digest: [u8; 32]) -> String {
    format!("sha256:{}", hex::encode(digest))
}

/// An item's place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rank {
    pub(crate) class: Class,
    pub(crate) severity: std::cmp::Reverse<Severity>,
    pub(crate) number: i64,
}

/// The id as text, as it stands in the outbox.
pub(crate) fn id_text(subject: Subject) -> String {
    match subject {
        Subject::Event(EventId(id)) | Subject::File(FileId(id)) => id.to_string(),
    }
}

/// As the outbox writes it: the more it matters, the higher.
pub(crate) fn severity_rank(severity: Severity) -> i64 {
    match severity {
        Severity::Notice => 0,
        Severity::Warning => 1,
        Severity::Urgent => 2,
    }
}
