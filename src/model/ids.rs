//! Ids. Those that become parts of paths or topics are checked when they are made, so that no later
//! stage has to doubt them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::Now;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an id: use 1 to 48 of a-z, 0-9 and -, beginning with a letter or digit")]
pub struct NotAnId(String);

fn checked_id(text: &str) -> Result<Arc<str>, NotAnId> {
    let fits = (1..=48).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits { Ok(text.into()) } else { Err(NotAnId(text.chars().take(60).collect())) }
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1 to 48 of `a-z`, `0-9` and `-`, beginning with a letter or digit: safe as part of a
        /// path and of a topic.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text`.
            ///
            /// # Errors
            /// [`NotAnId`] if it has other characters or a wrong length.
            pub fn new(text: &str) -> Result<Self, NotAnId> {
                checked_id(text).map(Self)
            }

            /// The id as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name_id!(
    /// A camera's id within its centre.
    CameraId
);
name_id!(
    /// A centre's id within the province.
    CentreId
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// An incident, the same at the centre and at the province.
    IncidentId
);
uuid_id!(
    /// One event message: the key by which the province tells a duplicate.
    EventId
);
uuid_id!(
    /// One file on its way to the province.
    FileId
);
uuid_id!(
    /// One life of a centre's database: new when it was lost, put back from a copy, or the box replaced.
    Epoch
);
uuid_id!(
    /// One command of the province.
    CommandId
);
uuid_id!(
    /// One life of a process.
    BootId
);

/// Makes UUIDv7 ids (RFC 9562) from the time given and a seed, so that the core that uses it has
/// no randomness of its own and repeats itself in a test.
#[derive(Debug, Clone)]
pub struct Ids {
    state: u64,
}

impl Ids {
    /// A source of ids; two processes need two different seeds.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next id, dated `now`.
    pub fn next(&mut self, now: Now) -> Uuid {
        let mut random = [0u8; 10];
        for half in random.chunks_mut(8) {
            let bytes = self.splitmix().to_be_bytes();
            half.copy_from_slice(bytes.get(..half.len()).unwrap_or_default());
        }
        let ms = u64::try_from(now.wall.as_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    /// Sebastiano Vigna's splitmix64: enough to keep ids apart, not for secrets.
    fn splitmix(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mono, Wall};

    #[test]
    fn an_id_that_could_leave_its_folder_or_topic_is_refused() {
        for bad in ["", "..", "a/b", "A", "quầy", "a b", "+", "#", "-x", &"a".repeat(49)] {
            assert!(CameraId::new(bad).is_err(), "{bad:?} passed");
        }
        assert_eq!(CameraId::new("counter-1").unwrap().as_str(), "counter-1");
    }

    #[test]
    fn ids_made_from_one_seed_repeat_and_never_collide() {
        let (mut one, mut two) = (Ids::new(7), Ids::new(7));
        let now = Now { mono: Mono::default(), wall: Wall::from_millis(1_795_400_107_120) };
        let made: Vec<_> = (0..1000).map(|_| one.next(now)).collect();
        assert!(made.iter().all(|id| *id == two.next(now)));
        assert_eq!(made.iter().collect::<std::collections::HashSet<_>>().len(), 1000);
        assert_eq!(made[0].get_version_num(), 7);
    }
}
