//! `quaywatch edge`: runs a centre.

use std::path::Path;
use std::process::ExitCode;

use super::{USAGE, failed, role};
use crate::config;

pub(super) async fn run(path: &Path) -> ExitCode {
    let config = match config::load_edge(path) {
        Ok(config) => config,
        Err(problems) => return failed(USAGE, format!("the configuration is wrong:\n{problems}")),
    };
    let storage = config.storage.path.clone();
    role::run("edge", &storage, |stop| crate::edge::run(config, stop)).await
}
