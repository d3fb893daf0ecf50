//! What can be typed: one file a subcommand.
//!
//! Exit codes: 0 done, 1 the thing checked is not well, 2 usage or config. Results go to stdout,
//! logs to stderr.

mod asking;

mod check;

mod demo;

mod edge;

mod enrol;

mod export;

mod exported;

mod findings;

mod moment;

mod probe;

mod province;

mod replay;

mod role;

mod signals;

mod simulate;

mod storage;

mod user;

mod verify;

mod watching;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// The exit code for a wrong command line or config.
const USAGE: u8 = 2;

/// Records a counter hall's cameras with sound, flags incidents and delivers them to the province.
#[derive(Debug, Parser)]
#[command(name = "quaywatch", version, about)]
struct Cli {
    /// How log lines look on stderr.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a centre: records, flags, forwards.
    Edge {
        /// The centre's configuration, as config/edge.example.toml shows it.
        #[arg(long)]
        config: PathBuf,
    },
    /// Runs the provincial receiver.
    Province {
        /// The province's configuration, as config/province.example.toml shows it.
        #[arg(long)]
        config: PathBuf,
    },
    /// Runs a whole centre and a province on this machine, with simulated cameras.
    Demo(demo::Args),
    /// Says everything that is wrong with a configuration, then tries the cameras, the broker and
    /// the disk.
    Check {
        /// The centre's configuration.
        #[arg(long)]
        config: PathBuf,
        /// Only reads the file: tries nothing.
        #[arg(long)]
        offline: bool,
    },
    /// Makes a centre and its province known to each other.
    Enrol(enrol::Args),
    /// Makes a signed package of recordings: an MP4 for each camera, and what it is.
    Export(export::Args),
    /// Puts made incidents into a centre's outbox, to see what the way to the province carries.
    Simulate(simulate::Args),
    /// Says what is kept, who holds it and what goes next; makes and releases legal holds.
    Storage(storage::Args),
    /// Says who may sign in; adds people, and makes new passwords for them.
    User(user::Args),
    /// Says what one camera stream carries, and what of it would not be recorded.
    Probe(probe::Args),
    /// Runs a camera's perception and rules over a media file or its recordings, and says what they flag.
    Replay(replay::Args),
    /// Says whether evidence is intact and signed by a trusted key, or an audit log whole and unchanged.
    Verify {
        /// An evidence folder, or a file in one; a centre's storage, which is read whole; an audit log as it was
        /// downloaded, or a centre's or province's database.
        path: PathBuf,
        /// The public keys that count, or the certificate of the province's authority, in PEM.
        #[arg(long)]
        trust: Option<PathBuf>,
        /// Keys that count no more: a line each with the name of the key and, where it is known, since when.
        #[arg(long)]
        revoked: Option<PathBuf>,
    },
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log(cli.log_format);
    // What we write are recordings of people: nothing of it is for every user of the machine.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("quaywatch: the system gives no threads: {e}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        match cli.command {
            Command::Edge { config } => edge::run(&config).await,
            Command::Province { config } => province::run(&config).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Check { config, offline } => check::run(&config, offline).await,
            Command::Enrol(args) => enrol::run(args),
            Command::Export(args) => export::run(args).await,
            Command::Simulate(args) => simulate::run(args).await,
            Command::Storage(args) => storage::run(args).await,
            Command::User(args) => user::run(args).await,
            Command::Probe(args) => probe::run(args).await,
            Command::Replay(args) => replay::run(args).await,
            Command::Verify { path, trust, revoked } => {
                verify::run(&path, trust.as_deref(), revoked.as_deref()).await
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}

/// Log lines go to stderr; `RUST_LOG` says how many.
fn log(format: LogFormat) {
    let wanted = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,retina=warn,rumqttc=warn,sqlx=warn"));
    let lines = tracing_subscriber::fmt().with_env_filter(wanted).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            lines.with_ansi(std::io::stderr().is_terminal()).init();
        }
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}

/// Says what is wrong, and gives the exit code for it.
fn failed(code: u8, error: impl std::fmt::Display) -> ExitCode {
    eprintln!("quaywatch: {error}");
    ExitCode::from(code)
}
