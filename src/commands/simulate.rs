//! `quaywatch simulate`: what the way to the province carries, tried with made incidents.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args as ClapArgs, ValueEnum};

use super::{USAGE, failed};
use crate::config::{self, read_duration, read_size};
use crate::model::{Ids, Severity};
use crate::simulate::{Load, fill};
use crate::{centre_db, clock, keys};

/// What `quaywatch simulate` is to make.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The centre's configuration. Its province gets the made incidents, marked as such.
    #[arg(long)]
    config: PathBuf,
    /// So many incidents without a clip.
    #[arg(long, default_value_t = 0)]
    events: u32,
    /// So many incidents with a clip.
    #[arg(long, default_value_t = 0)]
    clips: u32,
    /// How large a clip is: a size, or two of them with .. between.
    #[arg(long, default_value = "8MB", value_parser = sizes)]
    size: (u64, u64),
    /// Over how much of the past they are spread.
    #[arg(long, default_value = "0ms", value_parser = read_duration)]
    spread: Duration,
    /// How much they matter.
    #[arg(long, value_enum, default_value_t = Matters::Warning)]
    severity: Matters,
    /// What makes two loads differ.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Matters {
    Warning,
    Urgent,
}

fn sizes(text: &str) -> Result<(u64, u64), String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let (least, most) = (read_size(least)?, read_size(most)?);
    if least == 0 || least > most { Err("is no range of sizes".to_owned()) } else { Ok((least, most)) }
}

pub(super) async fn run(args: Args) -> ExitCode {
    let config = match config::load_edge(&args.config) {
        Ok(config) => config,
        Err(problems) => return failed(USAGE, format!("the configuration is wrong:\n{problems}")),
    };
    match make(&config, &args).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(e) => failed(1, format!("{e:#}")),
    }
}

async fn make(config: &config::EdgeConfig, args: &Args) -> anyhow::Result<String> {
    let province = config.province.as_ref().context("there is no [province] in the configuration")?;
    let signer = keys::load_or_make(&province.identity)?;
    let (mut ids, now) = (Ids::new(clock::id_seed()?), clock::now());
    let db = centre_db::open(&config.storage.path, &mut ids, now).await?;
    let load = Load {
        events: args.events,
        clips: args.clips,
        sizes: args.size,
        spread_ms: i64::try_from(args.spread.as_millis())?,
        severity: match args.severity {
            Matters::Warning => Severity::Warning,
            Matters::Urgent => Severity::Urgent,
        },
        seed: args.seed,
    };
    let made = fill(&load, &config.centre.id, &db, &signer, &mut ids, now).await;
    db.close().await;
    Ok(serde_json::to_string(&made?)?)
}
