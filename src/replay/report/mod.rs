//! A page that shows a technician why something was flagged, and why not: the measurements over
//! time, the rules' thresholds, and of each flag a still with zones and people.
//!
//! One HTML file without script that asks nobody for anything, and a JPEG beside it for each flag.
//! The folder is there whole or not at all.

mod flag;

mod page;

mod panels;

mod plot;

use std::io;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::trace::Trace;
use crate::config::{Camera, Rule};
use crate::disk;
use crate::incident::Incident;
use crate::model::Wall;

/// The page's name in its folder.
const PAGE: &str = "index.html";

/// What a report shows.
pub struct Report {
    /// The camera.
    pub camera: Camera,
    /// What was replayed, as people call it.
    pub source: String,
    /// The rules that watched.
    pub rules: Vec<Rule>,
    /// What was flagged.
    pub flagged: Vec<Incident>,
    /// What was measured.
    pub trace: Trace,
    /// The moment of the first frame.
    pub start: Wall,
    /// How long the replay lasted, in s.
    pub lasted: f64,
    /// The centre's time zone.
    pub zone: TimeZone,
    /// What could not be perceived and why, each in both languages.
    pub warnings: Vec<String>,
}

/// A folder in which a report is made.
pub struct Folder {
    folder: PathBuf,
    part: PathBuf,
}

impl Folder {
    /// Makes ready to write a report to `folder`, which must not be there, be empty, or hold an earlier
    /// report, which is replaced.
    ///
    /// # Errors
    /// If it holds something else, or cannot be made.
    pub fn prepare(folder: &Path) -> io::Result<Self> {
        if folder.exists() && !may_be_replaced(folder)? {
            let why = "có tệp khác trong thư mục này, hãy chọn thư mục khác / there are other files in this \
                       folder: choose another one";
            return Err(disk::naming(folder, io::Error::new(io::ErrorKind::AlreadyExists, why)));
        }
        let part = disk::beside(&no_slash(folder), "part");
        Ok(Self { folder: no_slash(folder), part })
    }

    /// Writes the report.
    ///
    /// # Errors
    /// As the file system says; nothing is left then.
    pub fn write(self, report: &Report) -> io::Result<()> {
        let written = self.write_part(report).and_then(|()| self.publish());
        if written.is_err() {
            let _ = std::fs::remove_dir_all(&self.part);
        }
        written
    }

    fn write_part(&self, report: &Report) -> io::Result<()> {
        if self.part.exists() {
            std::fs::remove_dir_all(&self.part).map_err(|e| disk::naming(&self.part, e))?;
        }
        disk::make_folder(&self.part)?;
        for (number, incident) in report.flagged.iter().enumerate() {
            if let Some(still) = report.trace.stills.get(&incident.id) {
                disk::write_atomically(&self.part.join(still_name(number)), &still.jpeg)?;
            }
        }
        disk::write_atomically(&self.part.join(PAGE), page::page(report).as_bytes())
    }

    fn publish(&self) -> io::Result<()> {
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder).map_err(|e| disk::naming(&self.folder, e))?;
        }
        disk::publish(&self.part, &self.folder)
    }
}

/// The name of the still of the flag with this number, counted from 0.
fn still_name(number: usize) -> String {
    format!("flag-{:03}.jpg", number + 1)
}

/// Whether a folder holds nothing but a report.
fn may_be_replaced(folder: &Path) -> io::Result<bool> {
    let entries = std::fs::read_dir(folder).map_err(|e| disk::naming(folder, e))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<io::Result<_>>().map_err(|e| disk::naming(folder, e))?;
    let is_ours = |name: &String| name == PAGE || (name.starts_with("flag-") && name.ends_with(".jpg"));
    Ok(names.is_empty() || (names.iter().all(is_ours) && names.iter().any(|name| name == PAGE)))
}

/// `out/` and `out` are the same folder; what is made beside it stands beside it.
fn no_slash(folder: &Path) -> PathBuf {
    folder.components().collect()
}

#[cfg(test)]
mod tests;
