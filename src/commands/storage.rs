//! `quaywatch storage`: what is kept, who holds it, what goes next; makes and releases legal holds.
//!
//! Works beside a running centre and without one: the centre keeps the lock, this reads its
//! databases, and a hold is a row that the centre's next deletion sees.

use std::path::PathBuf;
use std::process::ExitCode;

use super::asking::{Refusal, given_reason, known_camera, must_exist, typed, who};
use super::{USAGE, failed};
use crate::centre_db::{self, CentreDb};
use crate::clock;
use crate::config::{self, EdgeConfig};
use crate::keeping::{self, NewHold, Release, instant, show, show_hold};
use crate::model::{CameraId, ClockState, ClockTrust, Ids, Now, Wall};
use crate::record::{Index, LegalHold};

/// What to do with the storage.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The centre's configuration.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Gives the facts as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Forbids to delete a range of recordings, until it is released.
    Hold {
        /// The cameras, both streams of each.
        #[arg(long, required = true, num_args = 1..)]
        camera: Vec<String>,
        /// The first moment: RFC 3339, or the centre's own time such as 2026-11-23T08:30.
        #[arg(long)]
        from: String,
        /// The moment after the last.
        #[arg(long)]
        to: String,
        /// Why: who asked for it, and by which document.
        #[arg(long)]
        reason: String,
        /// When the hold ends by itself; without it only a release ends it.
        #[arg(long)]
        until: Option<String>,
    },
    /// Lets a hold go.
    Release {
        /// The hold's id, as `holds` shows it.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Every hold there ever was.
    Holds,
}

pub(super) async fn run(args: Args) -> ExitCode {
    let Some(path) = args.config else {
        return failed(USAGE, "thiếu --config TỆP / --config FILE is missing");
    };
    let config = match config::load_edge(&path) {
        Ok(config) => config,
        Err(problems) => {
            return failed(USAGE, format!("tệp cấu hình có lỗi / the configuration is wrong:\n{problems}"));
        }
    };
    let done = match args.what {
        None => tell(&config, args.json).await,
        Some(What::Hold { camera, from, to, reason, until }) => {
            hold(&config, &camera, (&from, &to, until.as_deref()), &reason).await
        }
        Some(What::Release { id, reason }) => release(&config, &id, &reason).await,
        Some(What::Holds) => list(&config, args.json).await,
    };
    match done {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(Refusal(code, why)) => failed(code, why),
    }
}

async fn tell(config: &EdgeConfig, json: bool) -> Result<Vec<String>, Refusal> {
    must_exist(&config.storage.path)?;
    let (index, db) = open(config).await?;
    let report = keeping::report(config, &index, &db, clock::ask_state().await, clock::now().wall).await?;
    if json {
        return Ok(vec![serde_json::to_string(&report).map_err(anyhow::Error::from)?]);
    }
    Ok(show(&report, config.centre.hours.time_zone()))
}

async fn list(config: &EdgeConfig, json: bool) -> Result<Vec<String>, Refusal> {
    must_exist(&config.storage.path)?;
    let holds = centre_db::open_beside(&config.storage.path).await?.all_holds().await?;
    let trusted_now = trusted(clock::ask_state().await, clock::now());
    if json {
        let each = holds.iter().map(|hold| {
            let asked = &hold.asked;
            let released = hold.released.as_ref();
            serde_json::json!({
                "id": hold.id, "cameras": asked.cameras, "from": asked.from, "to": asked.to,
                "reason": asked.reason, "by": asked.by, "made_at": hold.made_at, "until": asked.until,
                "in_force": hold.is_in_force(trusted_now), "released_at": released.map(|r| r.0),
                "released_by": released.map(|r| &r.1), "release_reason": released.map(|r| &r.2),
            })
        });
        return Ok(vec![serde_json::json!({ "holds": each.collect::<Vec<_>>() }).to_string()]);
    }
    if holds.is_empty() {
        return Ok(vec!["Chưa có lệnh giữ nào / there was never a hold".to_owned()]);
    }
    Ok(holds.iter().map(|hold| show_hold(hold, trusted_now, config.centre.hours.time_zone())).collect())
}

async fn hold(
    config: &EdgeConfig,
    cameras: &[String],
    (from, to, until): (&str, &str, Option<&str>),
    reason: &str,
) -> Result<Vec<String>, Refusal> {
    must_exist(&config.storage.path)?;
    let zone = config.centre.hours.time_zone();
    let now = clock::now();
    let (from, to) = (typed("--from", from, zone)?, typed("--to", to, zone)?);
    if from >= to {
        return Err(Refusal(USAGE, "--to phải sau --from / --to must be after --from".to_owned()));
    }
    let until = until.map(|text| typed("--until", text, zone)).transpose()?;
    if until.is_some_and(|until| until <= now.wall) {
        return Err(Refusal(USAGE, "--until đã qua rồi / --until has passed already".to_owned()));
    }
    let (index, read) = open(config).await?;
    let cameras =
        cameras.iter().map(|typed| known_camera(typed, config, &index)).collect::<Result<_, _>>()?;
    let asked = NewHold { cameras, from, to, reason: given_reason(reason)?, by: who(), until };
    let bytes = must_fit(config, &index, &read, &asked, now).await?;

    let mut ids = Ids::new(clock::id_seed().map_err(anyhow::Error::from)?);
    let id = ids.next(now).to_string();
    let db = centre_db::open(&config.storage.path, &mut ids, now).await?;
    db.add_hold(&id, &asked, "console", &asked.by, now.wall).await?;
    db.close().await;
    tracing::info!(
        target: "audit",
        hold = id, cameras = join(&asked.cameras), from = %asked.from, to = %asked.to,
        until = asked.until.map(|until| until.to_string()), reason = asked.reason, by = asked.by,
        "legal hold made"
    );
    let mut lines = vec![format!(
        "Đã giữ / Held {id}: {}, {} – {}, {:.1} MB",
        join(&asked.cameras),
        instant(from, zone),
        instant(to, zone),
        megabytes(bytes)
    )];
    if bytes == 0 {
        lines.push(
            "CHÚ Ý: hiện không có hình nào trong khoảng này / NOTE: there is no footage in this range now"
                .to_owned(),
        );
    }
    Ok(lines)
}

/// Gives what the hold keeps, in bytes.
async fn must_fit(
    config: &EdgeConfig,
    index: &Index,
    db: &CentreDb,
    asked: &NewHold,
    now: Now,
) -> Result<u64, Refusal> {
    let new = LegalHold { id: String::new(), cameras: asked.cameras.clone(), from: asked.from, to: asked.to };
    let trusted_now = trusted(clock::ask_state().await, now);
    let weighed = keeping::weigh(config, (index, db), new, trusted_now, now.wall).await?;
    weighed.footing.allows().map_err(|refused| Refusal(1, refused.to_string()))?;
    Ok(weighed.alone)
}

async fn release(config: &EdgeConfig, id: &str, reason: &str) -> Result<Vec<String>, Refusal> {
    must_exist(&config.storage.path)?;
    let (reason, by, now) = (given_reason(reason)?, who(), clock::now());
    let mut ids = Ids::new(clock::id_seed().map_err(anyhow::Error::from)?);
    let db = centre_db::open(&config.storage.path, &mut ids, now).await?;
    let release = Release { reason: &reason, by: &by, who: &by, from: "console" };
    let released = db.release_hold(id, release, now.wall).await?;
    db.close().await;
    if !released {
        return Err(Refusal(
            1,
            format!("không có lệnh giữ nào đang hiệu lực với mã {id} / no hold with the id {id} is in force"),
        ));
    }
    tracing::info!(target: "audit", hold = id, reason, by, "legal hold released");
    Ok(vec![format!("Đã hủy lệnh giữ / Released {id}")])
}

async fn open(config: &EdgeConfig) -> Result<(Index, CentreDb), Refusal> {
    let index = Index::open_beside(&config.storage.path).await?;
    Ok((index, centre_db::open_beside(&config.storage.path).await?))
}

fn trusted(clock: ClockState, now: Now) -> Option<Wall> {
    (clock.state == ClockTrust::Synchronised).then_some(now.wall)
}

fn megabytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a tenth of a megabyte is shown")]
    let megabytes = bytes as f64 / 1e6;
    megabytes
}

fn join(cameras: &[CameraId]) -> String {
    cameras.iter().map(CameraId::as_str).collect::<Vec<_>>().join(" ")
}
