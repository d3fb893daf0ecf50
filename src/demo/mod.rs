//! A whole centre and a province on this machine: simulated cameras, a local broker, both
//! processes of the real program.
//!
//! Whoever tries this may not be a programmer: Vietnamese first, English second.

mod hall;

mod story;

mod tally;

mod web;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;

use hall::Hall;
use story::Story;
pub use tally::Tally;

use crate::clock;

/// How long the parts may take to start.
const READY_WITHIN: Duration = Duration::from_secs(40);

/// When the third camera goes away, and for how long.
const AWAY_AFTER: Duration = Duration::from_secs(25);
const AWAY_FOR_S: u64 = 14;

/// How long what was flagged in the last moment may take to arrive.
const GRACE: Duration = Duration::from_secs(10);

/// What the demo needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long to run, counted from ready; until stopped if `None`.
    pub seconds: Option<u64>,
    /// Where the test footage is.
    pub media: PathBuf,
    /// Where the demo keeps its files.
    pub folder: PathBuf,
}

/// Runs the demo; gives its figures if it was to stop by itself.
///
/// # Errors
/// If a part is missing or does not start; in words that say what to do.
pub async fn run(settings: Settings) -> anyhow::Result<Option<Tally>> {
    let mut hall = Hall::start(&settings).await?;
    let mut story = Story::follow(hall.edge_log()?);
    wait_until_ready(&mut hall, &mut story).await?;
    let [of_centre, of_province] = hall.sign_in().await.context("signing in")?;
    println!("Sẵn sàng / ready.");
    println!("  Trang của trung tâm / the centre's pages:     http://127.0.0.1:{}/", hall.centre_port);
    println!("    đăng nhập / sign in: admin, mật khẩu / password: {of_centre}");
    println!("  Trang của tỉnh / the province's board:        http://127.0.0.1:{}/", hall.province_port);
    println!("    đăng nhập / sign in: admin, mật khẩu / password: {of_province}");
    println!("  Tệp của bản chạy thử / files of this demo:    {}", settings.folder.display());
    match settings.seconds {
        Some(_) => println!("  Tự dừng / stops by itself.\n"),
        None => println!("  Dừng bằng Ctrl-C / stop with Ctrl-C.\n"),
    }

    let began = clock::now();
    let end = settings.seconds.map(|seconds| began.mono.plus(Duration::from_secs(seconds)));
    let mut is_away = false;
    loop {
        let now = clock::now().mono;
        hall.still_runs()?;
        if !is_away && now >= began.mono.plus(AWAY_AFTER) {
            is_away = true;
            println!(
                "(máy quay gate mất kết nối {AWAY_FOR_S} giây / camera gate goes away for {AWAY_FOR_S} s)"
            );
            for mount in ["/gate/main", "/gate/sub"] {
                hall.tell_cameras(&json!({"do": "away", "mount": mount, "for_s": AWAY_FOR_S})).await?;
            }
        }
        if end.is_some_and(|end| now >= end) {
            break;
        }
        tokio::select! {
            told = story.next() => match told {
                Some(line) => println!("{line}"),
                None => bail!("the centre ended by itself; its log is {}", hall.edge_log_path().display()),
            },
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
    }

    // What was flagged a moment ago is on its way: it has the grace to arrive.
    let patience = clock::now().mono.plus(GRACE);
    while story.has_unstored() && clock::now().mono < patience {
        if let Ok(Some(line)) = tokio::time::timeout(Duration::from_millis(200), story.next()).await {
            println!("{line}");
        }
    }
    hall.stop_edge().await?;
    let tally = tally::count(&hall, &story).await.context("counting what the demo has done")?;
    hall.stop_province().await?;
    Ok(Some(tally))
}

async fn wait_until_ready(hall: &mut Hall, story: &mut Story) -> anyhow::Result<()> {
    let deadline = clock::now().mono.plus(READY_WITHIN);
    loop {
        if story.streaming() == hall::CAMERAS
            && web::answers(hall.province_port, "/healthz").await
            && web::answers(hall.centre_port, "/readyz").await
        {
            return Ok(());
        }
        if clock::now().mono >= deadline {
            bail!(
                "not ready after {} s: {} of {} camera streams are there; the logs are in {}",
                READY_WITHIN.as_secs(),
                story.streaming(),
                hall::CAMERAS,
                hall.folder().display()
            );
        }
        hall.still_runs()?;
        let _ = tokio::time::timeout(Duration::from_millis(200), story.next()).await;
    }
}
