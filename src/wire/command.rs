//! What the province tells a centre to do, and the centre's reply.
//!
//! A command is signed by a key of the province that the centre knows. Its `id` makes it happen
//! once however often it comes; the reply is the same each time. The signature does not cover the
//! topic, so a command names its centre: else one centre's command could be played to another.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Malformed, from_bytes, to_bytes};
use crate::model::{CentreId, CommandId, Wall};

const MAX_COMMAND_BYTES: usize = 64 * 1024;

/// A reply may carry a picture.
pub const MAX_REPLY_BYTES: usize = 192 * 1024;

/// A command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// New for every command, the same each time that it is sent.
    pub id: CommandId,
    /// To whom. One without it is for whoever gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<CentreId>,
    /// What to do, such as `flag`.
    pub action: String,
    /// Who wants it, as people at the province are known there.
    pub actor: String,
    /// When it was given.
    pub issued_at: Wall,
    /// After this it is not to be done any more.
    pub expires_at: Wall,
    /// What belongs to the action.
    #[serde(default)]
    pub args: Map<String, Value>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The command.
    pub id: CommandId,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Answer {
    /// It was done.
    Done {
        /// What came of it.
        #[serde(default)]
        data: Map<String, Value>,
    },
    /// One picture of a look-in that goes on.
    Picture {
        /// `at` and `jpeg` (base64).
        #[serde(default)]
        data: Map<String, Value>,
    },
    /// It will not be done.
    Refused {
        /// Why, in words.
        reason: String,
    },
    /// It was tried and could not be done.
    Failed {
        /// Why, in words.
        reason: String,
    },
    /// It came too late.
    Expired {
        /// Why, in words.
        reason: String,
    },
}

impl Answer {
    /// The word on the wire.
    pub fn as_str(&self) -> &'static str {
        match self {
            Answer::Done { .. } => "done",
            Answer::Picture { .. } => "picture",
            Answer::Refused { .. } => "refused",
            Answer::Failed { .. } => "failed",
            Answer::Expired { .. } => "expired",
        }
    }

    /// Why it was not done, if it was not.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Answer::Done { .. } | Answer::Picture { .. } => None,
            Answer::Refused { reason } | Answer::Failed { reason } | Answer::Expired { reason } => {
                Some(reason)
            }
        }
    }
}

impl Command {
    /// The exact bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads a command.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        from_bytes("command", MAX_COMMAND_BYTES, bytes)
    }

    /// Only the id, from bytes that may be anything: to be able to refuse what cannot be read.
    pub fn peek_id(bytes: &[u8]) -> Option<CommandId> {
        #[derive(Deserialize)]
        struct OnlyId {
            id: CommandId,
        }
        from_bytes::<OnlyId>("command", MAX_COMMAND_BYTES, bytes).ok().map(|only| only.id)
    }
}

impl Reply {
    /// The exact bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads a reply.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        from_bytes("reply", MAX_REPLY_BYTES, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::FlagArgs;
    use super::*;
    use crate::model::{CameraId, Severity};
    use proptest::prelude::*;

    fn id() -> CommandId {
        "0193b3c4-0000-7000-8000-000000000001".parse().unwrap()
    }

    fn command() -> Command {
        let args = FlagArgs {
            camera: Some(CameraId::new("counter-2").unwrap()),
            note: "Hai người to tiếng ở quầy 2".into(),
            severity: Some(Severity::Urgent),
            before: Some("30s".into()),
        };
        let Ok(Value::Object(args)) = serde_json::to_value(args) else { panic!() };
        Command {
            id: id(),
            centre: Some(CentreId::new("xuan-lung").unwrap()),
            action: "flag".into(),
            actor: "lan@phutho".into(),
            issued_at: Wall::from_millis(1_795_400_107_120),
            expires_at: Wall::from_millis(1_795_400_167_120),
            args,
        }
    }

    #[test]
    fn commands_and_replies_on_the_wire_look_as_agreed_and_read_back() {
        let incident = [("incident".to_owned(), id().to_string().into())];
        let answers = [
            Answer::Done { data: incident.into_iter().collect() },
            Answer::Refused { reason: "there is no camera \"x\"".into() },
            Answer::Expired { reason: "it was to be done by 2026-11-23T02:15:07.120Z".into() },
        ];
        let replies = answers.map(|answer| Reply { id: id(), answer });
        let shown: Vec<Value> = std::iter::once(command().to_bytes())
            .chain(replies.iter().map(Reply::to_bytes))
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
            .collect();
        insta::assert_json_snapshot!(shown);
        assert_eq!(Command::from_bytes(&command().to_bytes()).unwrap(), command());
        for reply in replies {
            assert_eq!(Reply::from_bytes(&reply.to_bytes()).unwrap(), reply);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Command::from_bytes(&bytes);
            let _ = Command::peek_id(&bytes);
            let _ = Reply::from_bytes(&bytes);
        }
    }
}
