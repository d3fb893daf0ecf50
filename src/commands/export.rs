//! `quaywatch export`: a signed package of recordings.
//!
//! Works beside a running centre and without one.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::asking::{Refusal, given_reason, known_camera, must_exist, typed, who};
use super::exported::told;
use super::{USAGE, failed};
use crate::config::{self, EdgeConfig};
use crate::export::{Exporter, LEFT_FREE, NotMade, Order, Packed, Wishes, certificate, names};
use crate::model::{Ids, StreamKind, Wall};
use crate::record::Index;
use crate::{centre_db, clock, keys};

/// A package of more is asked for in parts.
const LONGEST_MS: i64 = 31 * 86_400_000;

/// What was recorded in the last seconds may not be in its file yet.
const WRITTEN_AFTER: Duration = Duration::from_secs(3);

/// How often it is told how far a long export is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// What to export.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The centre's configuration.
    #[arg(long)]
    config: PathBuf,
    /// The cameras.
    #[arg(long, required = true, num_args = 1..)]
    camera: Vec<String>,
    /// The first moment: RFC 3339, or the centre's own time such as 2026-11-23T08:30.
    #[arg(long)]
    from: String,
    /// The moment after the last.
    #[arg(long)]
    to: String,
    /// Why: who asked for it, and by which document. It is kept with the package and at the centre.
    #[arg(long)]
    reason: String,
    /// The folder to make; it must not be there yet.
    #[arg(long)]
    out: PathBuf,
    /// The sound of each film as a WAV file, too.
    #[arg(long)]
    wav: bool,
    /// The recorded files themselves, byte for byte, too.
    #[arg(long)]
    originals: bool,
    /// Content credentials (C2PA) in each film, which tools of others show.
    #[arg(long)]
    c2pa: bool,
    /// A still of these moments, beside those that every package has.
    #[arg(long, num_args = 1.., value_name = "MOMENT")]
    still: Vec<String>,
    /// Takes the small pictures of the sub stream instead of main's.
    #[arg(long)]
    sub: bool,
}

pub(super) async fn run(args: Args) -> ExitCode {
    let config = match config::load_edge(&args.config) {
        Ok(config) => config,
        Err(problems) => {
            return failed(USAGE, format!("tệp cấu hình có lỗi / the configuration is wrong:\n{problems}"));
        }
    };
    match export(&config, args).await {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(Refusal(code, why)) => failed(code, why),
    }
}

async fn export(config: &EdgeConfig, args: Args) -> Result<Vec<String>, Refusal> {
    let storage = &config.storage.path;
    must_exist(storage)?;
    let zone = config.centre.hours.time_zone();
    let (from, to) = (typed("--from", &args.from, zone)?, typed("--to", &args.to, zone)?);
    if from >= to {
        return Err(Refusal(USAGE, "--to phải sau --from / --to must be after --from".to_owned()));
    }
    if to.millis_since(from) > LONGEST_MS {
        let why = "dài hơn 31 ngày, hãy xuất từng phần / longer than 31 days: export it in parts";
        return Err(Refusal(USAGE, why.to_owned()));
    }
    let stills = stills(&args.still, (from, to), zone)?;
    let now = clock::now();
    if to > now.wall {
        let why =
            "--to chưa tới, chưa có hình nào ở đó / --to lies in the future: nothing is recorded there yet";
        return Err(Refusal(USAGE, why.to_owned()));
    }
    let index = Index::open_beside(storage).await?;
    let mut cameras = Vec::new();
    for typed in &args.camera {
        let camera = known_camera(typed, config, &index)?;
        if !cameras.contains(&camera) {
            cameras.push(camera);
        }
    }
    let reason = given_reason(&args.reason)?;
    let identity = config.province.as_ref().map(|province| province.identity.clone());
    let key = identity.unwrap_or_else(|| storage.join("keys/evidence.pem"));
    if !key.exists() {
        let why = format!(
            "{}: trung tâm chưa có khóa, hãy chạy quaywatch edge trước / the centre has no key yet, run quaywatch \
             edge first",
            key.display()
        );
        return Err(Refusal(1, why));
    }
    let signer = keys::load_or_make(&key)?;
    let mut ids = Ids::new(clock::id_seed().map_err(anyhow::Error::from)?);
    let id = ids.next(now).to_string();
    let db = centre_db::open(storage, &mut ids, now).await?;
    if db.is_to_be_taken_up().await? {
        let why = "cơ sở dữ liệu là bản sao cũ hoặc mới lập, hãy chạy quaywatch edge trước / the database is an older copy or \
                   a new one: run quaywatch edge first";
        return Err(Refusal(1, why.to_owned()));
    }
    if now.wall.millis_since(to) < 3000 {
        tokio::time::sleep(WRITTEN_AFTER).await;
    }
    let stream = if args.sub { StreamKind::Sub } else { StreamKind::Main };
    let wishes = Wishes { wav: args.wav, originals: args.originals, c2pa: args.c2pa, stills };
    let order = Order { cameras, stream, from, to, reason, by: who(), out: args.out, wishes };
    let exporter = Exporter {
        centre: config.centre.id.clone(),
        name: config.centre.name.clone(),
        cameras: names(config),
        certificate: certificate(config, &signer),
        storage: storage.clone(),
        zone: zone.clone(),
        index: &index,
        db: &db,
        signer: &signer,
        clock: clock::ask_state().await,
        left_free: LEFT_FREE,
        course: Arc::default(),
    };
    let made = watched(&exporter, &id, &order).await;
    db.close().await;
    let packed = made.map_err(|e| match e {
        NotMade::Exists(_) | NotMade::HalfMade(_) => Refusal(USAGE, e.to_string()),
        _ => Refusal(1, e.to_string()),
    })?;
    Ok(told(&order, &packed, zone))
}

/// Makes the package, and says how far it is where that takes long.
async fn watched(exporter: &Exporter<'_>, id: &str, order: &Order) -> Result<Packed, NotMade> {
    let mut making = std::pin::pin!(exporter.make(id, order));
    loop {
        match tokio::time::timeout(TOLD_EVERY, &mut making).await {
            Ok(made) => return made,
            Err(_) => eprintln!("đang đóng gói / packing: {:.0} %", exporter.course.done() * 100.0),
        }
    }
}

/// The moments of `--still`, all of which must be within the range.
fn stills(typed_at: &[String], (from, to): (Wall, Wall), zone: &TimeZone) -> Result<Vec<Wall>, Refusal> {
    let mut stills = Vec::new();
    for text in typed_at {
        let at = typed("--still", text, zone)?;
        if !(from..to).contains(&at) {
            let why =
                format!("--still {text} nằm ngoài khoảng xuất / --still {text} is not within the range");
            return Err(Refusal(USAGE, why));
        }
        stills.push(at);
    }
    Ok(stills)
}
