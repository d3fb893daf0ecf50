//! The announcement of a file: the payload of EMQX's `init`, with what it proves in `user_data`.
//!
//! The pieces themselves are raw bytes and `fin` has no payload: the checksum in this signed
//! announcement binds them all.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Malformed, from_bytes, to_bytes};
use crate::model::{CameraId, IncidentId, Wall};

/// No announcement is larger than this.
pub const MAX_INIT_BYTES: usize = 16 * 1024;

/// No file is larger than this: a longer range is fetched in parts.
pub const MAX_FILE_BYTES: u64 = 50 * 1024 * 1024;

/// What a file is to its incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = FileRole)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Picture and sound.
    Clip,
    /// One picture.
    Still,
    /// Sound alone.
    Sound,
    /// The signed list of the others.
    Manifest,
    /// A small picture for a list.
    Preview,
}

impl Role {
    /// The word used in storage and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Clip => "clip",
            Role::Still => "still",
            Role::Sound => "sound",
            Role::Manifest => "manifest",
            Role::Preview => "preview",
        }
    }

    /// The reverse of [`Role::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Role::Clip, Role::Still, Role::Sound, Role::Manifest, Role::Preview]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// The announcement of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInit {
    /// The file's name, for people; never used as a path.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, hexadecimal.
    pub checksum: String,
    /// What it belongs to.
    pub user_data: UserData,
}

/// What a file belongs to and shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserData {
    /// Whose evidence.
    pub incident: IncidentId,
    /// What it is to the incident.
    pub role: Role,
    /// The camera that saw or heard it.
    pub camera: Option<CameraId>,
    /// The first moment in it.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
    /// Such as `video/mp4`.
    pub media_type: String,
}

impl FileInit {
    /// The exact bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads an announcement.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one, or promises a file over [`MAX_FILE_BYTES`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let init: FileInit = from_bytes("file announcement", MAX_INIT_BYTES, bytes)?;
        if init.size > MAX_FILE_BYTES {
            return Err(Malformed(format!(
                "a file of {} bytes is over the limit of {MAX_FILE_BYTES}",
                init.size
            )));
        }
        let hexadecimal = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if init.checksum.len() != 64 || !init.checksum.bytes().all(hexadecimal) {
            return Err(Malformed("the checksum is not a SHA-256 in lower-case hexadecimal".into()));
        }
        if init.name.len() > 200 || init.user_data.media_type.len() > 100 {
            return Err(Malformed("the name or the media type is too long".into()));
        }
        Ok(init)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn init() -> FileInit {
        FileInit {
            name: "clip.mp4".into(),
            size: 9,
            checksum: "c".repeat(64),
            user_data: UserData {
                incident: "0193b3c4-0000-7000-8000-000000000002".parse().unwrap(),
                role: Role::Clip,
                camera: Some(CameraId::new("counter-2").unwrap()),
                from: Wall::from_millis(1_795_400_100_000),
                to: Wall::from_millis(1_795_400_130_000),
                media_type: "video/mp4".into(),
            },
        }
    }

    #[test]
    fn an_announcement_on_the_wire_looks_as_agreed() {
        insta::assert_json_snapshot!(
            serde_json::from_slice::<serde_json::Value>(&init().to_bytes()).unwrap()
        );
        assert_eq!(FileInit::from_bytes(&init().to_bytes()).unwrap(), init());
    }

    #[test]
    fn an_announcement_of_too_much_is_refused() {
        let greedy = FileInit { size: MAX_FILE_BYTES + 1, ..init() };
        assert!(FileInit::from_bytes(&greedy.to_bytes()).unwrap_err().0.contains("over the limit"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = FileInit::from_bytes(&bytes);
        }
    }
}
