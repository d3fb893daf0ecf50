//! Where the evidence of an incident lies, and what of it is there.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::manifest::MANIFEST_NAME;
use crate::model::{IncidentId, Wall};

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

/// The name of the folder with evidence of a moment while the incident went on, within that of the incident.
pub(super) fn later_name(at: Wall) -> String {
    at.timestamp().strftime("at-%H%M%SZ").to_string()
}

/// The moments of which evidence was begun and is not signed: a sudden end cut that off.
pub fn interrupted(storage: &Path, incident: IncidentId) -> Vec<Wall> {
    let entries = std::fs::read_dir(folder_of(storage, incident)).into_iter().flatten().flatten();
    let unsigned = entries.filter(|entry| !entry.path().join(MANIFEST_NAME).exists());
    let moment = |entry: std::fs::DirEntry| {
        let touched = entry.metadata().ok()?.modified().ok()?;
        let touched = Timestamp::try_from(touched).ok()?;
        moment_of(entry.file_name().to_str()?, Wall::from_millis(touched.as_millisecond()))
    };
    let mut moments: Vec<Wall> = unsigned.filter_map(moment).collect();
    moments.sort_unstable();
    moments
}

/// The moment that a folder's name tells: the last of that time of day before the folder was touched, because evidence is
/// made right after its moment, and an incident may last for weeks.
fn moment_of(name: &str, touched: Wall) -> Option<Wall> {
    let time = name.strip_prefix("at-")?.strip_suffix('Z')?;
    let time = jiff::civil::Time::strptime("%H%M%S", time).ok()?;
    let day = TimeZone::UTC.to_datetime(touched.timestamp()).date();
    let on_day = |day: jiff::civil::Date| {
        let at = TimeZone::UTC.to_timestamp(day.to_datetime(time)).ok()?;
        Some(Wall::from_millis(at.as_millisecond()))
    };
    on_day(day).filter(|at| *at <= touched).or_else(|| on_day(day.yesterday().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_tells_the_last_such_moment_before_it_was_touched() {
        let touched: Wall = "2026-11-28T00:00:30.500Z".parse().unwrap();
        for (name, moment) in [
            ("at-000010Z", Some("2026-11-28T00:00:10Z")),
            ("at-000030Z", Some("2026-11-28T00:00:30Z")),
            ("at-235950Z", Some("2026-11-27T23:59:50Z")),
            ("at-99Z", None),
            ("closing", None),
        ] {
            let expected = moment.map(|at| at.parse::<Wall>().unwrap());
            assert_eq!(moment_of(name, touched), expected, "{name}");
            assert!(expected.is_none_or(|at| later_name(at) == name));
        }
    }

    #[test]
    fn evidence_that_was_cut_off_is_found_and_what_is_signed_is_not() {
        let storage = tempfile::tempdir().unwrap();
        let incident: IncidentId = "0193b3c4-0000-7000-8000-000000000002".parse().unwrap();
        assert_eq!(interrupted(storage.path(), incident), []);
        let folder = folder_of(storage.path(), incident);
        for name in ["at-000010Z", "at-235950Z", "closing", "x"] {
            crate::disk::make_folder(&folder.join(name)).unwrap();
        }
        crate::disk::write_atomically(&folder.join("at-235950Z").join(MANIFEST_NAME), b"{}").unwrap();
        crate::disk::write_atomically(&folder.join("clip.mp4"), b"").unwrap();
        let names: Vec<String> = interrupted(storage.path(), incident).into_iter().map(later_name).collect();
        assert_eq!(names, ["at-000010Z"]);
    }
}
