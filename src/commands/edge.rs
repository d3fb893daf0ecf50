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
    let (storage, mount) = (config.storage.path.clone(), config.storage.mount.clone());
    let work = |start: role::Start| crate::edge::run(config, start.predecessor_died, start.stop);
    role::run("edge", &storage, mount.as_deref(), work).await
}
