//! `quaywatch simulate`: what the way to the province carries, tried with made incidents.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args as ClapArgs, ValueEnum};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{USAGE, failed};
use crate::centre_db::{self, CentreDb};
use crate::config::{self, ProvinceLink, read_duration, read_size};
use crate::forward::{self, Orders, StatusInput, keep_access};
use crate::model::{BootId, Ids, Severity};
use crate::simulate::{Filler, Load};
use crate::supervise::Group;
use crate::wire::Signer;
use crate::{clock, disk, keys};

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
    /// Delivers them too, in place of the centre's service, which must not run; until all are receipted.
    #[arg(long)]
    deliver: bool,
    /// How long to wait from one incident to the next.
    #[arg(long, default_value = "0ms", value_parser = read_duration)]
    every: Duration,
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
    disk::make_folder(&config.storage.path)?;
    let lock = args.deliver.then(|| disk::lock_storage(&config.storage.path, "simulate")).transpose()?;
    let signer = Arc::new(keys::load_or_make(&province.identity)?);
    let (mut ids, now) = (Ids::new(clock::id_seed()?), clock::now());
    let db = centre_db::open(&config.storage.path, &mut ids, now).await?;
    let mut link = Group::new("link", &CancellationToken::new());
    let (nudge, nudges) = mpsc::channel(1);
    if args.deliver {
        start_link(config, province, &signer, &db, nudges, &mut link)?;
    }
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
    let mut filler = Filler::new(load, &config.centre.id, &db, &signer, ids);
    while filler.one(clock::now()).await? {
        let _ = nudge.try_send(());
        clock::sleep_until(clock::now().mono.plus(args.every)).await;
    }
    let made = filler.made;
    while args.deliver && db.backlog().await?.oldest.is_some() {
        clock::sleep_until(clock::now().mono.plus(Duration::from_millis(100))).await;
    }
    link.stop(Duration::from_secs(5)).await;
    db.close().await;
    if let Some(lock) = lock {
        lock.give_back();
    }
    Ok(serde_json::to_string(&made)?)
}

/// The link of a centre, without whoever would do the province's commands.
fn start_link(
    config: &config::EdgeConfig,
    province: &ProvinceLink,
    signer: &Arc<Signer>,
    db: &CentreDb,
    nudges: mpsc::Receiver<()>,
    group: &mut Group,
) -> anyhow::Result<()> {
    let (given, access) = watch::channel(None);
    let centre = config.centre.id.clone();
    group
        .spawn("access", keep_access(province.clone(), centre.clone(), signer.clone(), given, group.token()));
    let settings = forward::Settings {
        address: (&province.broker).into(),
        root: province.root.clone(),
        centre,
        signer: signer.clone(),
        access,
        db: db.clone(),
        boot: BootId(Ids::new(clock::id_seed()?).next(clock::now())),
        rate: province.rate.clone(),
        asked_to_wait: watch::Sender::default(),
        connected: watch::Sender::new(forward::Connected::not_yet(clock::now())),
    };
    let (commands, _) = mpsc::channel(1);
    let (_, replies) = mpsc::channel(1);
    let (_, status) = watch::channel(StatusInput::default());
    group.spawn("link", forward::run(settings, nudges, status, Orders { commands, replies }, group.token()));
    Ok(())
}
