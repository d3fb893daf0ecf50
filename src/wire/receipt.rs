//! The province's receipts: the only proof that something arrived.

use serde::{Deserialize, Serialize};

use super::{Malformed, from_bytes, to_bytes};
use crate::model::{EventId, FileId, Wall};

const MAX_RECEIPTS_BYTES: usize = 1024 * 1024;

/// Several receipts at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipts {
    /// When the province wrote them.
    pub at: Wall,
    /// One for each thing that was answered.
    pub receipts: Vec<Receipt>,
}

/// The answer to one event or one `fin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The event, where it answers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
    /// The file, where it answers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_id: Option<FileId>,
    /// `sha256:…` of the bytes that were judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What the province did with a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is committed there.
    Stored,
    /// It will never be taken.
    Refused {
        /// Why, in words.
        reason: String,
    },
    /// Not now: ask again.
    Later {
        /// After how many seconds.
        #[serde(default)]
        retry_after_s: u64,
        /// Why, in words, where there is something to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The byte ranges `[from, to)` of a file that are not there yet.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<(u64, u64)>,
    },
}

/// What a receipt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An event.
    Event(EventId),
    /// A file.
    File(FileId),
}

impl Receipt {
    /// A receipt for `subject`.
    pub fn new(subject: Subject, digest: Option<String>, outcome: Outcome) -> Self {
        let (id, file_id) = match subject {
            Subject::Event(id) => (Some(id), None),
            Subject::File(id) => (None, Some(id)),
        };
        Self { id, file_id, digest, outcome }
    }

    /// What it is about; `None` if it names nothing, or both.
    pub fn subject(&self) -> Option<Subject> {
        match (self.id, self.file_id) {
            (Some(id), None) => Some(Subject::Event(id)),
            (None, Some(id)) => Some(Subject::File(id)),
            _ => None,
        }
    }
}

impl Receipts {
    /// The exact bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads receipts.
    ///
    /// # Errors
    /// [`Malformed`] if they are not receipts.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        from_bytes("receipt", MAX_RECEIPTS_BYTES, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn receipts_on_the_wire_look_as_agreed_and_read_back() {
        let event = Subject::Event("0193b3c4-0000-7000-8000-000000000001".parse().unwrap());
        let file = Subject::File("0193b3c4-0000-7000-8000-000000000003".parse().unwrap());
        let digest = Some(format!("sha256:{}", "d".repeat(64)));
        let later = Outcome::Later { retry_after_s: 30, reason: None, missing: vec![(0, 262_144)] };
        let receipts = Receipts {
            at: Wall::from_millis(1_795_400_107_120),
            receipts: vec![
                Receipt::new(event, digest.clone(), Outcome::Stored),
                Receipt::new(
                    event,
                    digest,
                    Outcome::Refused { reason: "the signature does not fit the bytes".into() },
                ),
                Receipt::new(file, None, later),
            ],
        };
        insta::assert_json_snapshot!(
            serde_json::from_slice::<serde_json::Value>(&receipts.to_bytes()).unwrap()
        );
        assert_eq!(Receipts::from_bytes(&receipts.to_bytes()).unwrap(), receipts);
    }

    #[test]
    fn a_receipt_for_nothing_or_for_two_things_is_about_nothing() {
        let read = |text: &str| serde_json::from_str::<Receipt>(text).unwrap().subject();
        assert_eq!(read(r#"{"result":"stored"}"#), None);
        let id = "0193b3c4-0000-7000-8000-000000000001";
        assert_eq!(read(&format!(r#"{{"id":"{id}","file_id":"{id}","result":"stored"}}"#)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Receipts::from_bytes(&bytes);
        }
    }
}
