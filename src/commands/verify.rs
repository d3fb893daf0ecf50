//! `quaywatch verify`: whether evidence is intact and signed by a trusted key.

use std::path::Path;
use std::process::ExitCode;

use super::{USAGE, failed};
use crate::{evidence, keys};

pub(super) fn run(path: &Path, trust: Option<&Path>) -> ExitCode {
    let trust = match trust.map(keys::load_trust).transpose() {
        Ok(trust) => trust,
        Err(e) => return failed(USAGE, format!("{e:#}")),
    };
    let verdict = evidence::verify(path, trust.as_ref());
    for line in &verdict.lines {
        println!("{line}");
    }
    if verdict.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
