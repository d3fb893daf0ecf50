//! What people type about recordings: moments, cameras, a reason; and how it is refused.

use std::path::Path;

use jiff::tz::TimeZone;

use super::USAGE;
use super::moment::moment;
use crate::centre_db;
use crate::config::EdgeConfig;
use crate::model::{CameraId, Wall};
use crate::record::Index;

/// Why it cannot be done, and with which exit code.
pub(super) struct Refusal(pub(super) u8, pub(super) String);

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self(1, format!("{error:#}"))
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self(1, error.to_string())
    }
}

pub(super) fn must_exist(storage: &Path) -> Result<(), Refusal> {
    let is_there = ["index.sqlite", centre_db::FILE_NAME].iter().all(|name| storage.join(name).exists());
    if is_there {
        return Ok(());
    }
    Err(Refusal(
        1,
        format!(
            "{}: chưa có kho lưu trữ ở đây, hãy chạy quaywatch edge trước / there is no archive here yet, run \
             quaywatch edge first",
            storage.display()
        ),
    ))
}

pub(super) fn typed(what: &str, text: &str, zone: &TimeZone) -> Result<Wall, Refusal> {
    moment(what, text, zone).map_err(|why| Refusal(USAGE, why))
}

pub(super) fn known_camera(typed: &str, config: &EdgeConfig, index: &Index) -> Result<CameraId, Refusal> {
    let recorded = index.tallies().into_iter().map(|((camera, _), _)| camera);
    let mut known = config.cameras.iter().map(|camera| camera.id.clone()).chain(recorded);
    known.find(|camera| camera.as_str() == typed).ok_or_else(|| {
        let all: Vec<_> = config.cameras.iter().map(|camera| camera.id.to_string()).collect();
        Refusal(
            USAGE,
            format!(
                "không có máy quay \"{typed}\", các máy quay hiện có: {} / there is no camera \"{typed}\"; known: {}",
                all.join(", "),
                all.join(", ")
            ),
        )
    })
}

pub(super) fn given_reason(text: &str) -> Result<String, Refusal> {
    crate::keeping::reason(text).ok_or_else(|| {
        Refusal(
            USAGE,
            "--reason phải có nội dung, một dòng, tối đa 500 ký tự / --reason must be one line of 1 to 500 characters"
                .to_owned(),
        )
    })
}

/// Who types this, as far as the system knows.
pub(super) fn who() -> String {
    let uid = rustix::process::getuid().as_raw();
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    match name.filter(|name| !name.is_empty() && name.len() <= 64) {
        Some(name) => format!("{name} (uid {uid})"),
        None => format!("uid {uid}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_needs_a_reason() {
        assert!(given_reason("  ").is_err());
        assert_eq!(given_reason(" Công văn 12 ").ok().as_deref(), Some("Công văn 12"));
    }
}
