//! `quaywatch demo`: the whole line on this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::failed;
use super::signals::stop_on_signal;
use crate::demo;

/// How to run the demo.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Stops by itself so many seconds after it is ready, and ends with its figures as JSON.
    #[arg(long)]
    seconds: Option<u64>,
    /// The test footage, as `make demo` gets it.
    #[arg(long, default_value = "media")]
    media: PathBuf,
    /// Where the demo keeps its files; a new folder below the system's temporary one by default.
    #[arg(long)]
    folder: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> ExitCode {
    let fresh = || std::env::temp_dir().join(format!("quaywatch-demo-{}", std::process::id()));
    let settings = demo::Settings {
        seconds: args.seconds,
        media: args.media,
        folder: args.folder.unwrap_or_else(fresh),
    };
    let outcome = tokio::select! {
        outcome = demo::run(settings) => outcome,
        // The parts end with this process, whichever way it is asked to end.
        () = stop_on_signal(CancellationToken::new()) => return ExitCode::SUCCESS,
    };
    match outcome {
        Ok(Some(tally)) => {
            let is_good = tally.is_good();
            println!("{}", serde_json::to_string(&tally).unwrap_or_default());
            if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(e) => failed(1, format!("{e:#}")),
    }
}
