//! What the technician meant: reads `edge.toml` and `province.toml`, starts nothing.
//!
//! There are two layers. What was typed is a TOML document in which anything may be wrong. What the
//! rest of the program gets are the types here, which cannot be invalid: ids are ids, durations lie
//! in their range, a rule's cameras exist. Between them a pure check notes every problem at once,
//! each with its line. Only `load_edge` and `load_province` touch the outside world, for the
//! file itself and the passwords that it names.

mod problems;

mod units;

mod value;

mod reader;

mod secret;

mod address;

mod web;

mod hours;

mod box_rule;

mod keep;

mod camera;

mod rule;

mod perceive;

mod rate;

mod link;

mod notice;

mod edge;

mod province;

mod summary;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use address::BrokerAddress;
pub use box_rule::BoxRule;
pub use camera::{AudioUse, Camera, Zone, ZonePurpose};
pub use edge::{Centre, EdgeConfig, Storage};
pub use hours::Hours;
pub use link::{ProvinceLink, Send};
pub use notice::Notice;
pub use perceive::{Perceive, Runtime};
pub use problems::{Problem, Problems};
pub use province::{KnownCentre, ProvinceConfig, ProvinceStorage};
pub use rate::RatePlan;
pub use rule::{Condition, Rule, Schedule, Sense, Unwatched};
pub use secret::{Secret, SecretLookup, SecretSource, look_up};
pub use summary::summary;
pub use units::{duration as read_duration, size as read_size};
pub use web::{Web, WebTls};

/// Far more than any hall needs; a file beyond it is not a configuration.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What reading needs besides the text.
struct Context<'a> {
    /// The folder at which relative paths begin.
    base: &'a Path,
    /// Where passwords come from.
    secrets: SecretLookup<'a>,
}

/// Loads a centre's configuration and the passwords that it names.
///
/// # Errors
/// Everything that is wrong with it, each with its line.
pub fn load_edge(path: &Path) -> Result<EdgeConfig, Problems> {
    load(path, read_edge)
}

/// Loads a centre's configuration without its passwords, which need not be there: for what never
/// talks to a camera or a broker.
///
/// # Errors
/// As [`load_edge`].
pub fn load_edge_without_passwords(path: &Path) -> Result<EdgeConfig, Problems> {
    load(path, |file, base, text, _| read_edge(file, base, text, &|_| Ok(Secret::new(""))))
}

/// Loads a province's configuration and the passwords that it names.
///
/// # Errors
/// Everything that is wrong with it, each with its line.
pub fn load_province(path: &Path) -> Result<ProvinceConfig, Problems> {
    load(path, read_province)
}

/// Reads a centre's configuration from its text. `file` names it in messages, relative paths begin
/// at `base`, passwords come from `secrets`.
///
/// # Errors
/// Everything that is wrong with it, each with its line.
pub fn read_edge(
    file: &str,
    base: &Path,
    text: &str,
    secrets: SecretLookup<'_>,
) -> Result<EdgeConfig, Problems> {
    reader::read(file, text, |root| edge::edge(root, &Context { base, secrets }))
}

/// Reads a province's configuration from its text; see [`read_edge`].
///
/// # Errors
/// Everything that is wrong with it, each with its line.
pub fn read_province(
    file: &str,
    base: &Path,
    text: &str,
    secrets: SecretLookup<'_>,
) -> Result<ProvinceConfig, Problems> {
    reader::read(file, text, |root| province::province(root, &Context { base, secrets }))
}

fn load<T>(
    path: &Path,
    read: impl FnOnce(&str, &Path, &str, SecretLookup<'_>) -> Result<T, Problems>,
) -> Result<T, Problems> {
    use std::io::Read;
    let file = path.display().to_string();
    let mut bytes = vec![];
    std::fs::File::open(path)
        .and_then(|opened| opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| Problems::of_file(&file, format!("cannot be read: {e}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        return Err(Problems::of_file(&file, "is over 1 MiB: this is not a configuration".into()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Problems::of_file(&file, format!("line {line} is not UTF-8: save the file as UTF-8 text"))
    })?;
    read(&file, path.parent().unwrap_or(Path::new("")), text, &look_up)
}
