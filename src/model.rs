//! The words that every stage shares: ids, times, kinds and severities.
//!
//! Nothing here decides or touches the outside world. Ids that become path or topic parts are
//! checked when they are made, so that no later stage has to doubt them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A moment by the wall clock, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Written as RFC 3339 in UTC with exactly three decimals (`2026-11-23T02:15:07.120Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Wall(i64);

impl Wall {
    /// The moment `ms` milliseconds after the epoch; beyond the years −9999 to 9999 it is clamped.
    pub fn from_millis(ms: i64) -> Self {
        let (min, max) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        Self(ms.clamp(min.as_millisecond(), max.as_millisecond()))
    }

    /// Milliseconds since the epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// The same moment as a `jiff` time stamp.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default()
    }

    /// This moment moved by `ms` milliseconds, later if positive.
    pub fn plus_millis(self, ms: i64) -> Self {
        Self::from_millis(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative if `earlier` is the later one.
    pub fn millis_since(self, earlier: Wall) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<jiff::Timestamp> for Wall {
    fn from(at: jiff::Timestamp) -> Self {
        Self::from_millis(at.as_millisecond())
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl std::str::FromStr for Wall {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse::<jiff::Timestamp>()?.into())
    }
}

impl Serialize for Wall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Wall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A moment by the monotonic clock: the time since this process started. Never steps back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(pub Duration);

impl Mono {
    /// This moment and `wait` more.
    pub fn plus(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// The time from `earlier` to this moment, zero if `earlier` is the later one.
    pub fn since(self, earlier: Mono) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// One reading of both clocks: deadlines use `mono`, evidence uses `wall`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// The monotonic clock.
    pub mono: Mono,
    /// The wall clock.
    pub wall: Wall,
}

impl Now {
    /// Both clocks moved on by `by`, as they would without a step.
    pub fn plus(self, by: Duration) -> Self {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self { mono: self.mono.plus(by), wall: self.wall.plus_millis(ms) }
    }
}

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
    /// One life of a centre's database: new when it was lost or the box replaced.
    Epoch
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

/// Which of a camera's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamKind {
    /// The full picture: incidents and export use it.
    Main,
    /// The small picture: the wall, scrubbing and perception use it.
    Sub,
}

impl StreamKind {
    /// `main` or `sub`, as in paths and in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            StreamKind::Main => "main",
            StreamKind::Sub => "sub",
        }
    }

    /// The reverse of [`StreamKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [StreamKind::Main, StreamKind::Sub].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for StreamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much an incident matters, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Stays at the centre unless the province asks.
    Notice,
    /// Goes to the province at flagging; raised there only if nobody at the centre took it.
    Warning,
    /// Goes to the province at flagging and is raised at once.
    Urgent,
}

impl Severity {
    /// The word used in config, storage and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Urgent => "urgent",
        }
    }

    /// The reverse of [`Severity::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Severity::Notice, Severity::Warning, Severity::Urgent]
            .into_iter()
            .find(|severity| severity.as_str() == text)
    }
}

/// What kind of incident. The words are stable: other people's programs see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nobody in a staff zone during opening hours.
    CounterUnattended,
    /// A citizen waits too long.
    LongWait,
    /// Too many people in a zone.
    Crowding,
    /// Somebody is there outside opening hours.
    AfterHours,
    /// Voices well above the room's usual level.
    RaisedVoices,
    /// A scream.
    Scream,
    /// Glass breaks.
    BreakingGlass,
    /// A siren or alarm.
    AlarmSound,
    /// A camera's view is covered.
    CameraCovered,
    /// A camera looks elsewhere.
    CameraMoved,
    /// A camera's picture is out of focus.
    CameraBlurred,
    /// A camera sends the same picture again and again.
    PictureFrozen,
    /// A camera sends nothing.
    CameraLost,
    /// A camera's microphone is dead.
    AudioLost,
    /// Footage is missing without a known reason.
    RecordingGap,
    /// The disk is nearly full.
    DiskLow,
    /// The disk refuses to be written.
    StorageFailed,
    /// The clock is wrong or was set.
    ClockOff,
    /// The service started again.
    Restarted,
    /// Something was given up before the province had it.
    EvidenceGivenUp,
    /// A person flagged this moment.
    Manual,
    /// A centre has not been heard of (made by the province).
    CentreSilent,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 22] = [
        Kind::CounterUnattended,
        Kind::LongWait,
        Kind::Crowding,
        Kind::AfterHours,
        Kind::RaisedVoices,
        Kind::Scream,
        Kind::BreakingGlass,
        Kind::AlarmSound,
        Kind::CameraCovered,
        Kind::CameraMoved,
        Kind::CameraBlurred,
        Kind::PictureFrozen,
        Kind::CameraLost,
        Kind::AudioLost,
        Kind::RecordingGap,
        Kind::DiskLow,
        Kind::StorageFailed,
        Kind::ClockOff,
        Kind::Restarted,
        Kind::EvidenceGivenUp,
        Kind::Manual,
        Kind::CentreSilent,
    ];

    /// The word used in config, storage and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::CounterUnattended => "counter-unattended",
            Kind::LongWait => "long-wait",
            Kind::Crowding => "crowding",
            Kind::AfterHours => "after-hours",
            Kind::RaisedVoices => "raised-voices",
            Kind::Scream => "scream",
            Kind::BreakingGlass => "breaking-glass",
            Kind::AlarmSound => "alarm-sound",
            Kind::CameraCovered => "camera-covered",
            Kind::CameraMoved => "camera-moved",
            Kind::CameraBlurred => "camera-blurred",
            Kind::PictureFrozen => "picture-frozen",
            Kind::CameraLost => "camera-lost",
            Kind::AudioLost => "audio-lost",
            Kind::RecordingGap => "recording-gap",
            Kind::DiskLow => "disk-low",
            Kind::StorageFailed => "storage-failed",
            Kind::ClockOff => "clock-off",
            Kind::Restarted => "restarted",
            Kind::EvidenceGivenUp => "evidence-given-up",
            Kind::Manual => "manual",
            Kind::CentreSilent => "centre-silent",
        }
    }

    /// The reverse of [`Kind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether this kind is heard, so that its evidence has a sound excerpt.
    pub fn is_heard(self) -> bool {
        matches!(self, Kind::RaisedVoices | Kind::Scream | Kind::BreakingGlass | Kind::AlarmSound)
    }

    /// Why an incident of this kind has no clip, or `None` if there is a picture to show.
    pub fn no_clip_reason(self) -> Option<&'static str> {
        match self {
            Kind::CameraLost => Some("the camera sent no picture"),
            Kind::RecordingGap => Some("nothing was recorded"),
            Kind::DiskLow
            | Kind::StorageFailed
            | Kind::ClockOff
            | Kind::Restarted
            | Kind::EvidenceGivenUp
            | Kind::CentreSilent => Some("this concerns the service, not a camera"),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far the wall clock can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockTrust {
    /// A time service says that it follows a reference.
    Synchronised,
    /// A time service runs and says that the clock is off.
    Offset,
    /// Nobody vouches for the clock.
    Unknown,
}

/// The state of the wall clock, as sent with every event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// How far it can be believed.
    pub state: ClockTrust,
    /// The estimated distance from true time, in ms, where known.
    #[serde(default)]
    pub offset_ms: Option<i64>,
}

impl Default for ClockState {
    fn default() -> Self {
        Self { state: ClockTrust::Unknown, offset_ms: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_three_decimals() {
        let at = Wall::from_millis(1_795_400_107_120);
        assert_eq!(at.to_string(), "2026-11-23T02:15:07.120Z");
        assert_eq!("2026-11-23T09:15:07.12+07:00".parse::<Wall>().unwrap(), at);
    }

    #[test]
    fn an_id_that_could_leave_its_folder_or_topic_is_refused() {
        for bad in ["", "..", "a/b", "A", "quầy", "a b", "+", "#", "-x", &"a".repeat(49)] {
            assert!(CameraId::new(bad).is_err(), "{bad:?} passed");
        }
        assert_eq!(CameraId::new("counter-1").unwrap().as_str(), "counter-1");
    }

    #[test]
    fn every_kind_reads_back_from_its_word_and_serde_agrees() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
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
