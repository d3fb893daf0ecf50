//! Incident events: CloudEvents 1.0 in structured JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{HandlingEntry, Malformed, Role, Work, from_bytes, to_bytes};
use super::{envelope, handling};
use crate::model::{
    CameraId, CentreId, ClockState, Epoch, EventId, FileId, IncidentId, Kind, Severity, Wall,
};

/// No event is larger than this.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;

pub(super) const SCHEMA: &str = "quaywatch:incident:1";

/// What happened to the incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// It was flagged.
    #[serde(rename = "quaywatch.incident.opened")]
    Opened,
    /// Something about it is new: it goes on, or its evidence is ready.
    #[serde(rename = "quaywatch.incident.updated")]
    Updated,
    /// It is over.
    #[serde(rename = "quaywatch.incident.closed")]
    Closed,
}

impl EventType {
    /// `opened`, `updated` or `closed`.
    pub fn short(self) -> &'static str {
        match self {
            EventType::Opened => "opened",
            EventType::Updated => "updated",
            EventType::Closed => "closed",
        }
    }
}

/// One event, complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Always `1.0`.
    pub specversion: String,
    /// New for every message.
    pub id: EventId,
    /// `/centres/{id}`.
    pub source: String,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The incident.
    pub subject: IncidentId,
    /// When this message was made.
    pub time: Wall,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The version of `data`.
    pub dataschema: String,
    /// A number that rises by one an event in an epoch, in decimal.
    pub sequence: String,
    /// The life of the centre's database that `sequence` belongs to.
    pub epoch: Epoch,
    /// The incident as it is now.
    pub data: IncidentData,
}

/// An incident as an event shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentData {
    /// What kind.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// Which camera, where it is one camera's.
    pub camera: Option<CameraId>,
    /// Which other cameras see the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<CameraId>,
    /// Which of the camera's zones.
    pub zone: Option<String>,
    /// When the condition began.
    pub started_at: Wall,
    /// When it had held long enough to be flagged.
    pub flagged_at: Wall,
    /// When it was over.
    pub ended_at: Option<Wall>,
    /// The strongest measurements so far, names with units.
    #[serde(default)]
    pub peak: Map<String, Value>,
    /// How often it was flagged, where several flags are told as one incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Why there is no clip, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_clip: Option<String>,
    /// How far the centre's clock could be believed.
    pub clock: ClockState,
    /// The evidence that was made.
    #[serde(default)]
    pub files: Vec<FileRef>,
    /// How the work of people on it stands, where the centre says so.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "handling::known_work")]
    pub work: Option<Work>,
    /// What people at the centre did about it since the event before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handling: Vec<HandlingEntry>,
}

/// A file that belongs to an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    /// Its id on the wire.
    pub file_id: FileId,
    /// What it is.
    pub role: Role,
    /// Its length in bytes.
    pub size: u64,
    /// `sha256:…` of its bytes.
    pub digest: String,
}

impl Event {
    /// An event of `centre`.
    #[expect(clippy::too_many_arguments, reason = "each is one field of the envelope")]
    pub fn new(
        id: EventId,
        centre: &CentreId,
        event_type: EventType,
        subject: IncidentId,
        time: Wall,
        sequence: u64,
        epoch: Epoch,
        data: IncidentData,
    ) -> Self {
        Self {
            specversion: "1.0".into(),
            id,
            source: format!("/centres/{centre}"),
            event_type,
            subject,
            time,
            datacontenttype: "application/json".into(),
            dataschema: SCHEMA.into(),
            sequence: sequence.to_string(),
            epoch,
            data,
        }
    }

    /// The exact bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads an event of `centre`.
    ///
    /// # Errors
    /// [`Malformed`] if it is too large, not JSON, of an unknown version or of another centre.
    pub fn from_bytes(centre: &CentreId, bytes: &[u8]) -> Result<Self, Malformed> {
        envelope::check(centre, SCHEMA, bytes)?;
        let event: Event = from_bytes("event", MAX_EVENT_BYTES, bytes)?;
        event.sequence_number()?;
        handling::check(event.data.work.as_ref(), &event.data.handling)?;
        Ok(event)
    }

    /// `sequence` as a number.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one from 0 to 2⁶³ − 1.
    pub fn sequence_number(&self) -> Result<i64, Malformed> {
        envelope::number(&self.sequence)
    }

    /// Only the id, from bytes that may be anything: to be able to refuse what cannot be read.
    pub fn peek_id(bytes: &[u8]) -> Option<EventId> {
        #[derive(Deserialize)]
        struct OnlyId {
            id: EventId,
        }
        from_bytes::<OnlyId>("event", 4 * 1024 * 1024, bytes).ok().map(|only| only.id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ClosedAs, WorkState};
    use super::*;
    use proptest::prelude::*;

    fn event() -> Event {
        let data = IncidentData {
            kind: Kind::RaisedVoices,
            severity: Severity::Warning,
            camera: Some(CameraId::new("counter-2").unwrap()),
            also: vec![],
            zone: None,
            started_at: Wall::from_millis(1_795_400_106_000),
            flagged_at: Wall::from_millis(1_795_400_107_000),
            ended_at: None,
            peak: serde_json::from_str(r#"{"level_dbfs":-14.2,"over_baseline_db":17.8}"#).unwrap(),
            count: None,
            no_clip: None,
            clock: ClockState { state: crate::model::ClockTrust::Synchronised, offset_ms: Some(3) },
            files: vec![FileRef {
                file_id: "0193b3c4-0000-7000-8000-000000000003".parse().unwrap(),
                role: Role::Clip,
                size: 8_123_456,
                digest: format!("sha256:{}", "b".repeat(64)),
            }],
            work: None,
            handling: vec![],
        };
        Event::new(
            "0193b3c4-0000-7000-8000-000000000001".parse().unwrap(),
            &centre(),
            EventType::Opened,
            "0193b3c4-0000-7000-8000-000000000002".parse().unwrap(),
            Wall::from_millis(1_795_400_107_120),
            4182,
            "0193b3c4-0000-7000-8000-000000000009".parse().unwrap(),
            data,
        )
    }

    fn centre() -> CentreId {
        CentreId::new("xuan-lung").unwrap()
    }

    #[test]
    fn an_event_on_the_wire_looks_as_agreed() {
        insta::assert_json_snapshot!(serde_json::from_slice::<Value>(&event().to_bytes()).unwrap());
    }

    fn handled() -> Event {
        let mut event = event();
        event.event_type = EventType::Updated;
        event.data.ended_at = Some(Wall::from_millis(1_795_400_120_000));
        event.data.work = Some(Work {
            state: WorkState::Closed,
            owner: Some("Nguyễn Thị Lan".into()),
            outcome: Some(ClosedAs::FalseAlarm),
            at: Some(Wall::from_millis(1_795_400_160_000)),
        });
        let at = Wall::from_millis(1_795_400_150_000);
        let entry = |number, action: &str, note: &str| HandlingEntry {
            number,
            at,
            who: "Nguyễn Thị Lan".into(),
            action: action.into(),
            outcome: None,
            owner: None,
            note: note.into(),
        };
        let take = HandlingEntry { owner: Some("Nguyễn Thị Lan".into()), ..entry(17, "take", "") };
        let close = HandlingEntry {
            outcome: Some(ClosedAs::FalseAlarm),
            at: Wall::from_millis(1_795_400_160_000),
            ..entry(18, "close", "Tiếng ghế đổ")
        };
        event.data.handling = vec![take, close];
        event
    }

    #[test]
    fn what_people_did_on_the_wire_looks_as_agreed_and_reads_back() {
        let json: Value = serde_json::from_slice(&handled().to_bytes()).unwrap();
        let parts = [json["data"]["work"].clone(), json["data"]["handling"].clone()];
        insta::assert_json_snapshot!(parts);
        assert_eq!(Event::from_bytes(&centre(), &handled().to_bytes()).unwrap(), handled());
    }

    #[test]
    fn words_from_the_future_make_no_event_unreadable() {
        let mut json: Value = serde_json::from_slice(&handled().to_bytes()).unwrap();
        json["data"]["handling"][0]["action"] = "escalate".into();
        json["data"]["handling"][1]["outcome"] = "drill".into();
        json["data"]["work"]["outcome"] = "drill".into();
        let read = |json: &Value| Event::from_bytes(&centre(), json.to_string().as_bytes()).unwrap().data;
        let data = read(&json);
        assert_eq!((data.handling[0].action.as_str(), data.handling[1].outcome), ("escalate", None));
        assert_eq!(data.work.map(|work| (work.state, work.outcome)), Some((WorkState::Closed, None)));
        json["data"]["work"]["state"] = "escalated".into();
        assert_eq!(read(&json).work, None);
    }

    #[test]
    fn handling_out_of_bounds_is_refused_with_the_reason() {
        let mut event = handled();
        event.data.handling[0].note = "x".repeat(2001);
        let told = Event::from_bytes(&centre(), &event.to_bytes()).unwrap_err().to_string();
        assert!(told.contains("the note of entry 17 is over 2000 characters"), "{told}");
    }

    #[test]
    fn an_event_reads_back_and_fields_from_the_future_are_ignored() {
        let mut json: Value = serde_json::from_slice(&event().to_bytes()).unwrap();
        json["data"]["mood"] = "tense".into();
        json["traceparent"] = "00-1".into();
        let read = Event::from_bytes(&centre(), json.to_string().as_bytes()).unwrap();
        assert_eq!(read, event());
    }

    #[test]
    fn an_event_of_another_version_or_centre_is_refused_with_the_reason() {
        for (field, value, reason) in [
            ("specversion", "2.0", "version \"2.0\" is not known"),
            ("dataschema", "quaywatch:incident:2", "quaywatch:incident:2\" is not known here"),
            ("source", "/centres/other", "is not xuan-lung"),
            ("sequence", "-1", "is not a number"),
        ] {
            let mut json: Value = serde_json::from_slice(&event().to_bytes()).unwrap();
            json[field] = value.into();
            let told = Event::from_bytes(&centre(), json.to_string().as_bytes()).unwrap_err().to_string();
            assert!(told.contains(reason), "{told}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Event::from_bytes(&centre(), &bytes);
            let _ = Event::peek_id(&bytes);
        }
    }
}
