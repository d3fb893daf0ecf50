//! The facts of the storage, as `quaywatch storage --json` and `/api/storage` give them: names and
//! units are stable, other people's programs read them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{CameraId, ClockState, IncidentId, StreamKind, Wall};

/// Everything that is said of a centre's storage.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StorageReport {
    /// When this was so.
    pub at: Wall,
    /// The storage path.
    pub path: String,
    /// Why footage is kept.
    pub purpose: String,
    /// The state of the clock.
    pub clock: ClockState,
    /// Whether footage goes by its age now: only while the clock is believed.
    pub age_runs: bool,
    /// The disk.
    pub disk: DiskFacts,
    /// How fast the archive grows.
    pub rate: RateFact,
    /// For how many days of recording the disk is large enough at that rate.
    pub days_left: Option<f64>,
    /// Each stream.
    pub streams: Vec<StreamFacts>,
    /// What incidents pin.
    pub pins: Vec<PinFact>,
    /// The legal holds in force.
    pub holds: Vec<HoldFact>,
    /// What goes next, the first first.
    pub next: Vec<NextFact>,
    /// What is missing of the last 24 hours.
    pub gaps: Vec<GapFact>,
}

/// The disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiskFacts {
    /// Its size.
    pub total_bytes: u64,
    /// What is free.
    pub free_bytes: u64,
    /// What always stays free.
    pub reserve_bytes: u64,
    /// What recordings take.
    pub recorded_bytes: u64,
    /// What of it incidents and legal holds need.
    pub protected_bytes: u64,
}

/// How fast the archive grows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct RateFact {
    /// Bytes a day, all streams together.
    pub bytes_per_day: u64,
    /// From how many hours of recording that was measured, 24 at most.
    pub measured_hours: f64,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StreamFacts {
    /// Which camera.
    pub camera: CameraId,
    /// What people call it; `None` if the configuration no longer has it.
    pub name: Option<String>,
    /// Which stream.
    pub stream: StreamKind,
    /// The first picture of the oldest file.
    pub from: Option<Wall>,
    /// The moment after the last picture of the newest complete file.
    pub to: Option<Wall>,
    /// Complete files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The days between `from` and `to`.
    pub days: f64,
    /// For how many days it is kept.
    pub keep_days: f64,
    /// The most that both streams of the camera may take.
    pub keep_size_bytes: Option<u64>,
}

/// What an incident needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PinFact {
    /// Which incident.
    pub incident: IncidentId,
    /// Whose recordings.
    pub camera: CameraId,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Whether it fits into the share of the disk that pins may take.
    pub counts: bool,
}

/// What a person holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HoldFact {
    /// Its id.
    pub id: String,
    /// Whose recordings.
    pub cameras: Vec<CameraId>,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// Since when.
    pub made_at: Wall,
    /// The chosen end, if any.
    pub until: Option<Wall>,
    /// What it keeps of the recordings.
    pub bytes: u64,
}

/// What goes next of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NextFact {
    /// Which camera.
    pub camera: CameraId,
    /// Which stream.
    pub stream: StreamKind,
    /// The first picture of the file.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
    /// Its bytes.
    pub bytes: u64,
    /// Why it goes: `age`, `size` or `space`.
    pub reason: &'static str,
    /// When, as things are now.
    pub at: Wall,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GapFact {
    /// Which camera.
    pub camera: CameraId,
    /// Which stream.
    pub stream: StreamKind,
    /// The moment after the last picture before it.
    pub from: Wall,
    /// The first picture after it.
    pub to: Wall,
    /// Why.
    pub reason: Option<&'static str>,
}
