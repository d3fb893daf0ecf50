//! What a centre signed lately: the places and digests of its documents, as a CloudEvent. The documents themselves stay
//! at the centre, but it can never again show others in their place.

use serde::{Deserialize, Serialize};

use super::{MAX_EVENT_BYTES, Malformed, envelope, from_bytes, to_bytes};
use crate::model::{CentreId, Epoch, EventId, IncidentId, Wall};

pub(super) const SCHEMA: &str = "quaywatch:links:1";

const TYPE: &str = "quaywatch.ledger.linked";

/// So many documents are told in one message: about 35 kB.
pub const MOST_LINKS: usize = 100;

/// The longest word for a kind of document.
const LONGEST_KIND: usize = 40;

/// One message, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinksEvent {
    /// Always `1.0`.
    pub specversion: String,
    /// New for every message.
    pub id: EventId,
    /// `/centres/{id}`.
    pub source: String,
    /// Always `quaywatch.ledger.linked`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When this message was made.
    pub time: Wall,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The version of `data`.
    pub dataschema: String,
    /// Its number among all events of the centre, in decimal.
    pub sequence: String,
    /// The life of the centre's database, to which the numbers of its documents belong too.
    pub epoch: Epoch,
    /// The documents.
    pub data: Links,
}

/// Documents that were signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Of a database that was restored from a copy: where this life goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Follows>,
    /// In the order of signing.
    pub links: Vec<LinkFact>,
}

impl From<Vec<LinkFact>> for Links {
    fn from(links: Vec<LinkFact>) -> Self {
        Self { follows: None, links }
    }
}

/// The last document before a database was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follows {
    /// The life that it was signed in.
    pub epoch: Epoch,
    /// Its number; 0 if none was signed. The first of this life has the next one.
    pub number: i64,
}

/// One signed document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFact {
    /// Its number: rises by one a document from 1.
    pub number: i64,
    /// `manifest`, `package`, `hour` or `tombstone`; kinds of later versions are kept as they are.
    pub kind: String,
    /// When it was signed, by the centre's clock.
    pub made_at: Wall,
    /// SHA-256 of the document signed before it, hexadecimal; zeros for the first.
    pub previous: String,
    /// SHA-256 of its own exact bytes, hexadecimal.
    pub digest: String,
    /// The incident that it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentId>,
    /// The life that it was signed in, where that is not the message's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
}

impl LinksEvent {
    /// A message of `centre`.
    pub fn new(
        id: EventId,
        centre: &CentreId,
        time: Wall,
        sequence: u64,
        epoch: Epoch,
        data: impl Into<Links>,
    ) -> Self {
        Self {
            specversion: "1.0".into(),
            id,
            source: format!("/centres/{centre}"),
            event_type: TYPE.into(),
            time,
            datacontenttype: "application/json".into(),
            dataschema: SCHEMA.into(),
            sequence: sequence.to_string(),
            epoch,
            data: data.into(),
        }
    }

    /// The exact bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads a message of `centre`.
    ///
    /// # Errors
    /// [`Malformed`] if it is too large, not JSON, of an unknown version, of another centre, or if a document in it has no
    /// place or no digest.
    pub fn from_bytes(centre: &CentreId, bytes: &[u8]) -> Result<Self, Malformed> {
        envelope::check(centre, SCHEMA, bytes)?;
        let event: Self = from_bytes("event", MAX_EVENT_BYTES, bytes)?;
        event.sequence_number()?;
        event.data.links.iter().try_for_each(LinkFact::check)?;
        if let Some(Follows { number, .. }) = event.data.follows.filter(|follows| follows.number < 0) {
            return Err(Malformed(format!("it follows document {number}: numbers begin at 1")));
        }
        Ok(event)
    }

    /// `sequence` as a number.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one from 0 to 2⁶³ − 1.
    pub fn sequence_number(&self) -> Result<i64, Malformed> {
        envelope::number(&self.sequence)
    }
}

impl LinkFact {
    fn check(&self) -> Result<(), Malformed> {
        let is_digest = |text: &str| {
            text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let number = self.number;
        match () {
            () if number < 1 => Err(Malformed(format!("document {number}: numbers begin at 1"))),
            () if !is_digest(&self.digest) || !is_digest(&self.previous) => {
                Err(Malformed(format!("document {number}: a digest is not 64 hexadecimal digits")))
            }
            () if self.kind.is_empty() || self.kind.len() > LONGEST_KIND => {
                Err(Malformed(format!("document {number}: its kind has no word, or one that is too long")))
            }
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Told;
    use super::*;
    use proptest::prelude::*;

    fn centre() -> CentreId {
        CentreId::new("xuan-lung").unwrap()
    }

    fn event(links: Vec<LinkFact>) -> LinksEvent {
        let id = |n: u8| format!("0193b3c4-0000-7000-8000-00000000000{n}");
        let at = Wall::from_millis(1_795_400_107_120);
        LinksEvent::new(id(1).parse().unwrap(), &centre(), at, 4183, id(9).parse().unwrap(), links)
    }

    fn fact(number: i64, kind: &str) -> LinkFact {
        LinkFact {
            number,
            kind: kind.into(),
            made_at: Wall::from_millis(1_795_400_107_000),
            previous: "0".repeat(64),
            digest: "ab".repeat(32),
            incident: (kind == "manifest").then(|| "0193b3c4-0000-7000-8000-000000000002".parse().unwrap()),
            epoch: None,
        }
    }

    #[test]
    fn what_was_signed_on_the_wire_looks_as_agreed_and_reads_back() {
        let event = event(vec![fact(1, "manifest"), fact(2, "hour")]);
        insta::assert_json_snapshot!(serde_json::from_slice::<serde_json::Value>(&event.to_bytes()).unwrap());
        assert_eq!(Told::from_bytes(&centre(), &event.to_bytes()).unwrap(), Told::Links(Box::new(event)));
    }

    #[test]
    fn what_a_restored_database_tells_reads_back_and_is_checked() {
        let earlier: Epoch = "0193b3c4-0000-7000-8000-000000000008".parse().unwrap();
        let links = vec![LinkFact { epoch: Some(earlier), ..fact(40, "hour") }, fact(41, "hour")];
        let told = |number| {
            let follows = Some(Follows { epoch: earlier, number });
            let mut event = event(vec![]);
            event.data = Links { follows, links: links.clone() };
            (LinksEvent::from_bytes(&centre(), &event.to_bytes()), event)
        };
        let (read, event) = told(40);
        assert_eq!(read.unwrap(), event);
        assert!(told(-1).0.unwrap_err().0.contains("follows document -1"));
    }

    #[test]
    fn as_many_documents_as_go_into_a_message_fit_into_an_event() {
        let many = (1..=100).map(|n| fact(n + 9_000_000_000_000, "manifest")).collect();
        assert!(event(many).to_bytes().len() < MAX_EVENT_BYTES);
    }

    #[test]
    fn a_document_without_a_place_or_a_digest_is_refused_with_the_reason() {
        let bad = [
            (LinkFact { number: 0, ..fact(1, "hour") }, "numbers begin at 1"),
            (LinkFact { digest: "AB".repeat(32), ..fact(1, "hour") }, "not 64 hexadecimal"),
            (LinkFact { previous: String::new(), ..fact(1, "hour") }, "not 64 hexadecimal"),
            (fact(1, ""), "no word"),
        ];
        for (fact, reason) in bad {
            let told = LinksEvent::from_bytes(&centre(), &event(vec![fact]).to_bytes()).unwrap_err().0;
            assert!(told.contains(reason), "{told}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Told::from_bytes(&centre(), &bytes);
        }
    }
}
