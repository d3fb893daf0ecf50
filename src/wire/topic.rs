//! Topics under `{root}/{centre}/`.
//!
//! `status`, `event`, `file/{id}/init`, `file/{id}/{offset}/{sha256}`,
//! `file/{id}/fin/{size}/{sha256}` and `reply` go up; `receipt` and `command` come down. The file part is EMQX's
//! file-transfer syntax (EMQX documentation, "File Transfer over MQTT").

use crate::model::{CentreId, FileId};

/// What a centre publishes, told by its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromCentre {
    /// The retained status.
    Status,
    /// An incident event.
    Event,
    /// What became of a command.
    Reply,
    /// The announcement of a file.
    Init(FileId),
    /// A piece of a file.
    Chunk {
        /// Whose piece.
        file: FileId,
        /// Where in the file it begins, in bytes.
        offset: u64,
        /// SHA-256 of the piece, hexadecimal.
        sha256: String,
    },
    /// The end of a file: everything was sent.
    Fin {
        /// Which file.
        file: FileId,
        /// Its length in bytes.
        size: u64,
        /// SHA-256 of the whole, hexadecimal.
        sha256: String,
    },
}

/// The topics of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    root: String,
}

impl Topics {
    /// Topics below `root`, by default `quaywatch/v1`.
    pub fn new(root: &str) -> Self {
        Self { root: root.trim_matches('/').to_owned() }
    }

    /// Where `centre` keeps its status.
    pub fn status(&self, centre: &CentreId) -> String {
        format!("{}/{centre}/status", self.root)
    }

    /// Where `centre` reports incidents.
    pub fn event(&self, centre: &CentreId) -> String {
        format!("{}/{centre}/event", self.root)
    }

    /// Where `centre` announces `file`.
    pub fn init(&self, centre: &CentreId, file: FileId) -> String {
        format!("{}/{centre}/file/{file}/init", self.root)
    }

    /// Where `centre` sends the piece of `file` at `offset`, whose digest is `sha256`.
    pub fn chunk(&self, centre: &CentreId, file: FileId, offset: u64, sha256: &str) -> String {
        format!("{}/{centre}/file/{file}/{offset}/{sha256}", self.root)
    }

    /// Where `centre` says that all of `file` was sent.
    pub fn fin(&self, centre: &CentreId, file: FileId, size: u64, sha256: &str) -> String {
        format!("{}/{centre}/file/{file}/fin/{size}/{sha256}", self.root)
    }

    /// Where the province answers `centre`.
    pub fn receipt(&self, centre: &CentreId) -> String {
        format!("{}/{centre}/receipt", self.root)
    }

    /// Where the province tells `centre` to do something.
    pub fn command(&self, centre: &CentreId) -> String {
        format!("{}/{centre}/command", self.root)
    }

    /// Where `centre` says what became of a command.
    pub fn reply(&self, centre: &CentreId) -> String {
        format!("{}/{centre}/reply", self.root)
    }

    /// The filters by which the province hears every centre.
    pub fn province_filters(&self) -> [String; 4] {
        ["status", "event", "file/#", "reply"].map(|leaf| format!("{}/+/{leaf}", self.root))
    }

    /// Reads a topic that a centre published to; `None` if it is not one of ours.
    pub fn parse(&self, topic: &str) -> Option<(CentreId, FromCentre)> {
        let below = topic.strip_prefix(&self.root)?.strip_prefix('/')?;
        let parts: Vec<&str> = below.split('/').collect();
        let (centre, rest) = parts.split_first()?;
        let centre = CentreId::new(centre).ok()?;
        let message = match rest {
            ["status"] => FromCentre::Status,
            ["event"] => FromCentre::Event,
            ["reply"] => FromCentre::Reply,
            ["file", file, "init"] => FromCentre::Init(file.parse().ok()?),
            ["file", file, "fin", size, sha256] => FromCentre::Fin {
                file: file.parse().ok()?,
                size: size.parse().ok()?,
                sha256: checked_sha256(sha256)?,
            },
            ["file", file, offset, sha256] => FromCentre::Chunk {
                file: file.parse().ok()?,
                offset: offset.parse().ok()?,
                sha256: checked_sha256(sha256)?,
            },
            _ => return None,
        };
        Some((centre, message))
    }
}

impl Default for Topics {
    fn default() -> Self {
        Self::new("quaywatch/v1")
    }
}

fn checked_sha256(text: &str) -> Option<String> {
    let fits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_topic_reads_back_as_what_was_written() {
        let (topics, centre) = (Topics::default(), CentreId::new("xuan-lung").unwrap());
        let file: FileId = "0193b3c4-0000-7000-8000-000000000001".parse().unwrap();
        let sha256 = "a".repeat(64);
        for (topic, message) in [
            (topics.status(&centre), FromCentre::Status),
            (topics.event(&centre), FromCentre::Event),
            (topics.reply(&centre), FromCentre::Reply),
            (topics.init(&centre, file), FromCentre::Init(file)),
            (
                topics.chunk(&centre, file, 262_144, &sha256),
                FromCentre::Chunk { file, offset: 262_144, sha256: sha256.clone() },
            ),
            (
                topics.fin(&centre, file, 9, &sha256),
                FromCentre::Fin { file, size: 9, sha256: sha256.clone() },
            ),
        ] {
            assert_eq!(topics.parse(&topic), Some((centre.clone(), message)), "{topic}");
        }
        assert_eq!(topics.event(&centre), "quaywatch/v1/xuan-lung/event");
    }

    proptest! {
        #[test]
        fn any_topic_is_read_or_refused_without_a_panic(topic in "(quaywatch/v1/)?[a-z0-9/+#.-]{0,120}") {
            let _ = Topics::default().parse(&topic);
        }
    }
}
