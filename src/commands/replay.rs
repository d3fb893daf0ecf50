//! `quaywatch replay`: a camera's own perception and rules over a media file or its recordings.
//!
//! Works beside a running centre: the index is read, nothing is locked. No password is needed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::moment::moment;
use super::{USAGE, failed};
use crate::config::{self, AudioUse, Camera, EdgeConfig};
use crate::disk;
use crate::model::Wall;
use crate::perceive::models::{Models, Wanted};
use crate::record::Index;
use crate::replay::{
    Boxes, Folder, Reel, Replay, Replayed, Report, Trace, first_open_minute, gather, in_json, table,
};

/// What to replay.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The centre's configuration.
    #[arg(long)]
    config: PathBuf,
    /// The camera whose zones and rules watch.
    #[arg(long)]
    camera: String,
    /// A media file; without one, the camera's own recordings of a time.
    #[arg(required_unless_present = "from", conflicts_with_all = ["from", "to"])]
    media: Option<PathBuf>,
    /// When the media file's first frame was: RFC 3339, or the centre's own time such as
    /// 2026-11-23T08:30. By default the first minute on Monday 2026-01-05 at which the centre is open.
    #[arg(long, requires = "media")]
    start: Option<String>,
    /// The first moment of the recordings.
    #[arg(long, requires = "to")]
    from: Option<String>,
    /// The moment after the last.
    #[arg(long, requires = "from")]
    to: Option<String>,
    /// Gives one JSON object a line for each incident.
    #[arg(long)]
    json: bool,
    /// Makes a folder with a page that shows what was measured and why something was flagged.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Writes who the model finds in every picture, in the format of the MOT benchmark.
    #[arg(long, value_name = "FILE")]
    boxes: Option<PathBuf>,
}

/// Why it cannot be done, and with which exit code.
struct Refusal(u8, String);

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(1, error.to_string())
    }
}

pub(super) async fn run(args: Args) -> ExitCode {
    let config = match config::load_edge_without_passwords(&args.config) {
        Ok(config) => config,
        Err(problems) => {
            return failed(USAGE, format!("tệp cấu hình có lỗi / the configuration is wrong:\n{problems}"));
        }
    };
    match replay(&args, &config).await {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(Refusal(code, why)) => failed(code, why),
    }
}

async fn replay(args: &Args, config: &EdgeConfig) -> Result<Vec<String>, Refusal> {
    let camera = known_camera(&args.camera, config)?;
    // What is wrong with the folder is said before an hour is spent.
    let folder = args.report.as_deref().map(Folder::prepare).transpose();
    let folder = folder.map_err(|e| Refusal(USAGE, e.to_string()))?;
    let (reel, start) = load(args, config, camera).await?;
    let models = load_models(config, camera, args.boxes.is_some());
    let mut replay = Replay::new(config, camera, &models, start, !reel.tells_states());
    if folder.is_some() {
        replay = replay.tracing(Trace::new(&camera.zones));
    }
    if args.boxes.is_some() {
        let missing = || Refusal(1, "--boxes cần mô hình người / needs the people model".to_owned());
        replay = replay.with_boxes(Boxes::new(&models).ok_or_else(missing)?);
    }
    // Nothing else waits for this thread.
    let Replayed { flagged, trace, boxes, lasted } = tokio::task::block_in_place(|| play(reel, replay));
    if let (Some(path), Some(boxes)) = (&args.boxes, boxes) {
        disk::write_atomically(path, boxes.into_table()?.as_bytes())?;
    }
    let lines = if args.json {
        flagged.iter().map(|incident| in_json(incident, start).to_string()).collect()
    } else {
        table(&flagged, start, lasted)
    };
    if let (Some(folder), Some(trace)) = (folder, trace) {
        let report = Report {
            camera: camera.clone(),
            source: source(args),
            rules: config.rules.iter().filter(|rule| rule.cameras.contains(&camera.id)).cloned().collect(),
            flagged,
            trace,
            start,
            lasted,
            zone: config.centre.hours.time_zone().clone(),
            warnings: models.faults().iter().map(ToString::to_string).collect(),
        };
        folder.write(&report)?;
    }
    Ok(lines)
}

/// The models that the camera's rules need; what cannot be had is told, and the rest runs.
fn load_models(config: &EdgeConfig, camera: &Camera, looks: bool) -> Models {
    let rules = config.rules.iter().filter(|rule| rule.cameras.contains(&camera.id));
    let mut wanted = Wanted::by(rules.map(|rule| &rule.condition));
    wanted.people |= looks;
    let models = Models::load(&config.perceive, wanted);
    for fault in models.faults() {
        eprintln!("quaywatch: {fault}");
    }
    models
}

/// What is replayed, as people call it.
fn source(args: &Args) -> String {
    match args.media.as_deref().and_then(Path::file_name) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => "bản ghi của máy quay / the camera's recordings".to_owned(),
    }
}

/// What is played, and the moment of its beginning.
async fn load(args: &Args, config: &EdgeConfig, camera: &Camera) -> Result<(Reel, Wall), Refusal> {
    let zone = config.centre.hours.time_zone();
    let typed = |what: &str, text: &str| moment(what, text, zone).map_err(|why| Refusal(USAGE, why));
    if let (Some(from), Some(to)) = (&args.from, &args.to) {
        let (from, to) = (typed("--from", from)?, typed("--to", to)?);
        if from >= to {
            return Err(Refusal(USAGE, "--to phải sau --from / --to must be after --from".to_owned()));
        }
        return Ok((recorded(&config.storage.path, camera, from, to).await?, from));
    }
    let start = match &args.start {
        Some(text) => typed("--start", text)?,
        None => first_open_minute(&config.centre.hours),
    };
    let media = args.media.clone().unwrap_or_default();
    Ok((Reel::of_file(&media, camera.audio != AudioUse::Off)?, start))
}

async fn recorded(storage: &Path, camera: &Camera, from: Wall, to: Wall) -> Result<Reel, Refusal> {
    if !storage.join("index.sqlite").exists() {
        let place = storage.display();
        return Err(Refusal(1, format!("{place}: chưa có kho lưu trữ ở đây / there is no archive here yet")));
    }
    let index = Index::open_beside(storage).await?;
    let found = gather(&index, storage, camera, from, to).await?;
    index.close().await;
    let nothing = || {
        Refusal(
            1,
            format!("không có bản ghi nào từ {from} đến {to} / nothing is recorded from {from} to {to}"),
        )
    };
    let found = found.ok_or_else(nothing)?;
    Ok(Reel::of_recordings(found.pictures, found.keyframes_only, found.sounds, found.states, found.end))
}

fn play(mut reel: Reel, mut replay: Replay) -> Replayed {
    while let Some((at, piece)) = reel.next_piece() {
        replay.take(at, piece);
    }
    if reel.damaged() > 0 {
        tracing::warn!(places = reel.damaged(), "damaged media: what could not be read was passed over");
    }
    replay.finish()
}

fn known_camera<'c>(typed: &str, config: &'c EdgeConfig) -> Result<&'c Camera, Refusal> {
    config.cameras.iter().find(|camera| camera.id.as_str() == typed).ok_or_else(|| {
        let all: Vec<_> = config.cameras.iter().map(|camera| camera.id.as_str()).collect();
        let all = all.join(", ");
        Refusal(
            USAGE,
            format!(
                "không có máy quay \"{typed}\", các máy quay hiện có: {all} / there is no camera \"{typed}\"; known: {all}"
            ),
        )
    })
}
