//! What a command can ask for, and the arguments of each.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Malformed;
use crate::model::{CameraId, IncidentId, Severity, Wall};

/// A note, a comment or a reason is no longer than this, in characters.
const LONGEST_TEXT: usize = 2000;

/// What a command asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Somebody at the province has seen an incident.
    Acknowledge(AcknowledgeArgs),
    /// Somebody says something about an incident.
    Comment(CommentArgs),
    /// Somebody says what an incident came to.
    Close(CloseArgs),
    /// A moment is an incident.
    Flag(FlagArgs),
    /// The footage of a range.
    Clip(ClipArgs),
    /// A picture of now.
    Still(StillArgs),
    /// Pictures for some minutes.
    LookIn(LookInArgs),
    /// New papers for the link.
    Certificate(CertificateArgs),
}

/// The `args` of `acknowledge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgeArgs {
    /// Which incident.
    pub incident: IncidentId,
    /// What there is to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// The `args` of `comment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentArgs {
    /// Which incident.
    pub incident: IncidentId,
    /// What is said.
    pub text: String,
}

/// The `args` of `close`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseArgs {
    /// Which incident.
    pub incident: IncidentId,
    /// What it came to.
    pub outcome: ClosedAs,
    /// What there is to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What an incident came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedAs {
    /// It was one.
    Real,
    /// It was none.
    FalseAlarm,
    /// Somebody tried whether it would be noticed.
    Test,
}

impl ClosedAs {
    /// The word used in storage and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            ClosedAs::Real => "real",
            ClosedAs::FalseAlarm => "false-alarm",
            ClosedAs::Test => "test",
        }
    }

    /// The reverse of [`ClosedAs::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [ClosedAs::Real, ClosedAs::FalseAlarm, ClosedAs::Test].into_iter().find(|one| one.as_str() == text)
    }
}

/// The `args` of `flag`, and what is posted to a centre to flag a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlagArgs {
    /// Which camera; without one, the moment concerns the whole centre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraId>,
    /// What was seen.
    pub note: String,
    /// How much it matters; `warning` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// How long before now it began, such as `"30s"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

impl FlagArgs {
    /// The names of all of them.
    pub const KEYS: [&str; 4] = ["camera", "note", "severity", "before"];

    /// Reads them.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn read(args: Map<String, Value>) -> Result<Self, Malformed> {
        read(args)
    }
}

/// The `args` of `clip`: the range `[from, to)` of a camera, at most a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipArgs {
    /// Which camera.
    pub camera: CameraId,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Why it is asked for.
    pub reason: String,
}

/// The `args` of `still`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StillArgs {
    /// Which camera.
    pub camera: CameraId,
    /// Why it is asked for.
    pub reason: String,
}

/// The `args` of `look-in`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookInArgs {
    /// Which camera.
    pub camera: CameraId,
    /// For how many minutes, 1 to 30.
    pub minutes: u32,
    /// Why it is asked for.
    pub reason: String,
}

/// The `args` of `certificate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateArgs {
    /// The papers, PEM.
    pub papers: String,
}

impl Action {
    /// The names of all that people ask for.
    pub const NAMES: [&str; 7] = ["acknowledge", "comment", "close", "flag", "clip", "still", "look-in"];

    /// Reads `action` with its `args`; `None` if it is not known here.
    ///
    /// # Errors
    /// What is wrong with the arguments, in words.
    pub fn read(action: &str, args: Map<String, Value>) -> Result<Option<Self>, Malformed> {
        let read = match action {
            "acknowledge" => Self::Acknowledge(read(args)?),
            "comment" => Self::Comment(read(args)?),
            "close" => Self::Close(read(args)?),
            "flag" => Self::Flag(read(args)?),
            "clip" => Self::Clip(read(args)?),
            "still" => Self::Still(read(args)?),
            "look-in" => Self::LookIn(read(args)?),
            "certificate" => Self::Certificate(read(args)?),
            _ => return Ok(None),
        };
        read.checked().map(Some)
    }

    /// Whether what it says can be meant.
    fn checked(self) -> Result<Self, Malformed> {
        let wrong = |what: &str| Err(Malformed(what.to_owned()));
        let (text, must_say) = match &self {
            Self::Acknowledge(AcknowledgeArgs { note, .. }) | Self::Close(CloseArgs { note, .. }) => {
                (note, false)
            }
            Self::Flag(FlagArgs { note, .. }) => (note, false),
            Self::Comment(CommentArgs { text, .. }) => (text, true),
            Self::Clip(ClipArgs { reason, .. })
            | Self::Still(StillArgs { reason, .. })
            | Self::LookIn(LookInArgs { reason, .. }) => (reason, true),
            Self::Certificate(_) => return Ok(self),
        };
        if must_say && text.trim().is_empty() {
            return wrong("it says nothing: a comment has a text, and footage is asked for with a reason");
        }
        if text.chars().count() > LONGEST_TEXT {
            return wrong("its text is over 2000 characters");
        }
        match &self {
            Self::Clip(ClipArgs { from, to, .. }) if from >= to => wrong("from must be before to"),
            Self::Clip(ClipArgs { from, to, .. }) if to.millis_since(*from) > 60_000 => {
                wrong("a clip is of a minute at most: ask for the rest with other commands")
            }
            Self::LookIn(LookInArgs { minutes, .. }) if !(1..=30).contains(minutes) => {
                wrong("minutes must be 1 to 30")
            }
            _ => Ok(self),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(args: Map<String, Value>) -> Result<T, Malformed> {
    serde_json::from_value(Value::Object(args)).map_err(|e| Malformed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn args(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn each_action_has_its_arguments_and_what_is_wrong_with_them_is_said() {
        let incident = r#""incident":"0193b3c4-0000-7000-8000-000000000001""#;
        let range = r#""camera":"gate","from":"2026-11-23T02:15:00Z","to":"2026-11-23T02:15:30Z""#;
        for (action, text) in [
            ("acknowledge", format!("{{{incident}}}")),
            ("comment", format!(r#"{{{incident},"text":"Đã gọi điện"}}"#)),
            ("close", format!(r#"{{{incident},"outcome":"false-alarm"}}"#)),
            ("flag", r#"{"note":"x"}"#.to_owned()),
            ("clip", format!(r#"{{{range},"reason":"khiếu nại"}}"#)),
            ("still", r#"{"camera":"gate","reason":"x"}"#.to_owned()),
            ("look-in", r#"{"camera":"gate","minutes":5,"reason":"x"}"#.to_owned()),
        ] {
            assert!(Action::NAMES.contains(&action));
            assert!(matches!(Action::read(action, args(&text)), Ok(Some(_))), "{action}");
        }
        assert_eq!(Action::read("reboot", Map::new()), Ok(None));
        let long = range.replace("02:15:30", "02:16:01");
        for (action, text, word) in [
            ("comment", format!("{{{incident}}}"), "text"),
            ("close", format!(r#"{{{incident},"outcome":"maybe"}}"#), "false-alarm"),
            ("clip", format!("{{{range}}}"), "reason"),
            ("clip", format!(r#"{{{range},"reason":" "}}"#), "reason"),
            ("clip", format!(r#"{{{long},"reason":"x"}}"#), "a minute"),
            ("look-in", r#"{"camera":"gate","minutes":0,"reason":"x"}"#.to_owned(), "1 to 30"),
            ("still", r#"{"camera":"../x","reason":"x"}"#.to_owned(), "is not an id"),
        ] {
            let told = Action::read(action, args(&text)).unwrap_err().to_string();
            assert!(told.contains(word), "{action}: {told}");
        }
    }

    #[test]
    fn what_a_flag_lacks_is_said() {
        let told = FlagArgs::read(Map::new()).unwrap_err().to_string();
        assert!(told.contains("note"), "{told}");
        let wrong = serde_json::from_str(r#"{"note":"x","severity":"high"}"#).unwrap();
        let told = FlagArgs::read(wrong).unwrap_err().to_string();
        assert!(told.contains("high") && told.contains("urgent"), "{told}");
    }

    proptest! {
        #[test]
        fn any_arguments_are_read_or_refused_without_a_panic(
            action in prop::sample::select(&Action::NAMES[..]), key in ".{0,12}", value in ".{0,40}",
        ) {
            let args = [(key, Value::String(value))].into_iter().collect();
            let _ = Action::read(action, args);
        }
    }
}
