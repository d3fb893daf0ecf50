//! What a recorded file's place says: `video/{camera}/{main|sub}/{yyyy-mm-dd}/{hhmmss.mmm}Z-{run}-{n}.mp4`.

use std::io;
use std::path::Path;

use super::files::Files;
use crate::model::{CameraId, StreamKind, Wall};

/// A recording's name, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) camera: CameraId,
    pub(super) stream: StreamKind,
    pub(super) run: i64,
    pub(super) n: i64,
    /// The wall clock at its first picture, as it was known when it was begun.
    pub(super) start: Wall,
    /// Below the storage path.
    pub(super) path: String,
}

/// Reads a path below the storage path; none if it is not a recording of ours.
pub(super) fn read(path: &str) -> Option<Name> {
    let parts: Vec<&str> = path.split('/').collect();
    let ["video", camera, stream, day, file] = parts.as_slice() else { return None };
    let (time, numbers) = file.strip_suffix(".mp4")?.split_once("Z-")?;
    let (run, n) = numbers.split_once('-')?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    Some(Name {
        camera: CameraId::new(camera).ok()?,
        stream: StreamKind::parse(stream)?,
        run: run.parse().ok()?,
        n: n.parse().ok()?,
        start: format!("{day}T{hour}:{minute}:{second}Z").parse().ok()?,
        path: path.to_owned(),
    })
}

/// Every folder of a day, below the storage path, by day: the oldest first, as far as names tell.
///
/// # Errors
/// As the disk says.
pub(super) fn day_folders(files: &dyn Files, storage: &Path) -> io::Result<Vec<String>> {
    let below = |folder: &str| -> io::Result<Vec<String>> {
        let entries = files.list(&storage.join(folder))?;
        Ok(entries.into_iter().filter(|e| e.is_folder).map(|e| format!("{folder}/{}", e.name)).collect())
    };
    let mut days = Vec::new();
    for camera in below("video")? {
        for stream in below(&camera)? {
            days.extend(below(&stream)?);
        }
    }
    days.sort_by(|a, b| a.rsplit('/').next().cmp(&b.rsplit('/').next()).then_with(|| a.cmp(b)));
    Ok(days)
}

/// The recordings in one folder of a day, in the order of their names.
///
/// # Errors
/// As the disk says.
pub(super) fn recordings(files: &dyn Files, storage: &Path, day: &str) -> io::Result<Vec<Name>> {
    let mut found = Vec::new();
    for entry in files.list(&storage.join(day))? {
        match read(&format!("{day}/{}", entry.name)) {
            Some(name) if !entry.is_folder => found.push(name),
            _ => tracing::warn!("{day}/{} is not a recording of ours and is left alone", entry.name),
        }
    }
    found.sort_by_key(|name| (name.run, name.n));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_place_says_whose_it_is_and_when_it_began() {
        let name = read("video/counter-2/sub/2026-11-23/021507.120Z-3-12.mp4").unwrap();
        assert_eq!(
            (name.camera.as_str(), name.stream, name.run, name.n),
            ("counter-2", StreamKind::Sub, 3, 12)
        );
        assert_eq!(name.start.to_string(), "2026-11-23T02:15:07.120Z");
        for other in
            ["video/a/main/2026-11-23/x.mp4", "video/a.mp4", "video/A/main/2026-11-23/021507.120Z-3-12.mp4"]
        {
            assert!(read(other).is_none(), "{other}");
        }
    }
}
