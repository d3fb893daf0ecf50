//! Where the evidence of an incident lies, and what of it is there.

use std::path::{Path, PathBuf};

use crate::model::IncidentId;

/// The files that a person asks for: name, what it is called in the log, media type.
pub const EVIDENCE_FILES: [(&str, &str, &str); 4] = [
    ("clip.mp4", "clip", "video/mp4"),
    ("still.jpg", "still", "image/jpeg"),
    ("sound.wav", "sound", "audio/wav"),
    ("manifest.json", "manifest", "application/json"),
];

/// Which of them are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// The clip.
    pub clip: bool,
    /// The still.
    pub still: bool,
    /// The excerpt of the sound.
    pub sound: bool,
}

/// The folder of an incident's evidence below `storage`.
pub fn folder_of(storage: &Path, incident: IncidentId) -> PathBuf {
    storage.join("evidence").join(incident.to_string())
}

/// Looks at what is there of an incident's first evidence.
pub fn found(storage: &Path, incident: IncidentId) -> Found {
    let folder = folder_of(storage, incident);
    let is_there = |name: &str| folder.join(name).is_file();
    Found { clip: is_there("clip.mp4"), still: is_there("still.jpg"), sound: is_there("sound.wav") }
}
