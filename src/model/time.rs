//! Moments: by the wall clock for evidence, by the monotonic clock for deadlines, and how far the
//! wall clock can be believed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

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

    /// Both clocks as they were `by` ago, without a step since.
    pub fn minus(self, by: Duration) -> Self {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self { mono: Mono(self.mono.0.saturating_sub(by)), wall: self.wall.plus_millis(ms.saturating_neg()) }
    }
}

/// How far the wall clock can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
}
