//! What every CloudEvents message of a centre has around its data, and which kinds of message there are.

use serde::Deserialize;

use super::event::SCHEMA as INCIDENT;
use super::links::SCHEMA as LINKS;
use super::{Event, LinksEvent, MAX_EVENT_BYTES, Malformed, from_bytes};
use crate::model::CentreId;

/// What a centre tells on its event topic.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Something about an incident.
    Incident(Box<Event>),
    /// What was signed lately.
    Links(Box<LinksEvent>),
}

/// Read first, so that a version that is not known is named as such.
#[derive(Deserialize)]
struct Envelope {
    specversion: String,
    dataschema: String,
    source: String,
}

impl Told {
    /// Reads a message of `centre`.
    ///
    /// # Errors
    /// [`Malformed`] if it is too large, not JSON, of an unknown version or of another centre.
    pub fn from_bytes(centre: &CentreId, bytes: &[u8]) -> Result<Self, Malformed> {
        let envelope: Envelope = from_bytes("event", MAX_EVENT_BYTES, bytes)?;
        match envelope.dataschema.as_str() {
            LINKS => LinksEvent::from_bytes(centre, bytes).map(|links| Self::Links(Box::new(links))),
            _ => Event::from_bytes(centre, bytes).map(|event| Self::Incident(Box::new(event))),
        }
    }
}

/// Whether a message is of `centre` and of a version that is known here.
pub(super) fn check(centre: &CentreId, schema: &str, bytes: &[u8]) -> Result<(), Malformed> {
    let envelope: Envelope = from_bytes("event", MAX_EVENT_BYTES, bytes)?;
    if envelope.specversion != "1.0" {
        let version = shortened(&envelope.specversion);
        return Err(Malformed(format!("CloudEvents version {version:?} is not known here")));
    }
    if envelope.dataschema != schema {
        let told = shortened(&envelope.dataschema);
        return Err(Malformed(format!("schema {told:?} is not known here, only {INCIDENT} and {LINKS}")));
    }
    if envelope.source != format!("/centres/{centre}") {
        return Err(Malformed(format!("source {:?} is not {centre}", shortened(&envelope.source))));
    }
    Ok(())
}

/// `sequence` as a number.
pub(super) fn number(sequence: &str) -> Result<i64, Malformed> {
    let number = sequence.parse::<i64>().ok().filter(|n| *n >= 0);
    number.ok_or_else(|| Malformed(format!("sequence {:?} is not a number", shortened(sequence))))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
