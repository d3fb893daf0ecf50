//! The words that config, storage and messages share: streams, severities, kinds. They are stable:
//! other people's programs see them.

use std::fmt;

use serde::{Deserialize, Serialize};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_from_its_word_and_serde_agrees() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
    }
}
