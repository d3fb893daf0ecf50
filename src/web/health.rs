//! How well everything is: the facts gathered, judged in [`judge`].
//!
//! What costs a walk through rows or files is asked at most every [`KNOWN_FOR`]; all else is as it is now.

mod judge;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::Pages;
use super::healthz::answers;
use crate::http::{Caller, Problem, certificate_validity};
use crate::model::{CameraId, Mono, Now, Wall};
use crate::perceive::{Counters, Perception};
use crate::record::Shortage;
use crate::wire::Backlog;
use crate::{clock, disk};
use judge::{Disk, Expiry, Facts, Item, Link, Seeing, Wellness, judge, worst};

/// What is asked of rows and files holds for so long.
const KNOWN_FOR: Duration = Duration::from_secs(30);

/// A disk that does not answer for so long is as good as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// How well the centre is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthReport {
    /// As the worst of its parts.
    state: Wellness,
    /// When this was so.
    at: Wall,
    /// Each part.
    items: Vec<Item>,
}

/// What was found out lately. Clones share it.
#[derive(Clone, Default)]
pub struct Known(Arc<Mutex<Option<(Mono, Slow)>>>);

/// What is not asked every time.
#[derive(Debug, Clone, Default)]
struct Slow {
    waiting: Backlog,
    last_at: Option<Wall>,
    quarantined: u64,
    given_up: (u64, u64),
    web_certificate: Option<Expiry>,
    seen: BTreeMap<CameraId, Seeing>,
    seeing: BTreeMap<CameraId, Seeing>,
}

/// How well everything is.
#[utoipa::path(get, path = "/api/health", tag = "health", responses((status = 200, body = HealthReport)))]
pub(super) async fn page(State(pages): State<Pages>, caller: Caller) -> Result<Json<HealthReport>, Problem> {
    let facts = facts(&pages, clock::now()).await;
    let mut items = judge(&facts);
    items.retain(|item| caller.sees(item.camera.as_ref().map(CameraId::as_str)));
    Ok(Json(HealthReport { state: worst(&items), at: facts.now, items }))
}

async fn facts(pages: &Pages, now: Now) -> Facts {
    let (databases, disk) = tokio::join!(answers(pages), disk_of(pages));
    let slow = slow(pages, now).await;
    let connected = *pages.connected.borrow();
    let link = pages.config.province.is_some().then_some(Link {
        is_up: connected.is_up,
        since: connected.since.wall,
        waiting: slow.waiting,
        last_at: slow.last_at,
    });
    let states = pages.cameras.borrow();
    let cameras = states.iter().map(|(camera, (state, since))| (camera.clone(), *state, since.wall));
    let faults = pages
        .models
        .states()
        .into_iter()
        .filter_map(|(part, fault)| fault.map(|fault| (part.as_str().to_owned(), fault.to_string())));
    Facts {
        now: now.wall,
        cameras: cameras.collect(),
        recording: pages.health.borrow().clone(),
        disk,
        link,
        quarantined: slow.quarantined,
        given_up: slow.given_up,
        clock: *pages.clock.borrow(),
        certificate: certificate(pages),
        web_certificate: slow.web_certificate,
        faults: faults.collect(),
        seeing: slow.seeing.into_iter().collect(),
        hanging: pages.perception.values().map(Counters::hanging).sum(),
        databases: databases == (true, true),
    }
}

/// The disk; none if it is not in its place, or does not answer.
async fn disk_of(pages: &Pages) -> Option<Disk> {
    let archive = pages.archive.clone();
    let asking =
        tokio::task::spawn_blocking(move || archive.in_place().and_then(|()| disk::space(archive.storage())));
    let space = tokio::time::timeout(PATIENCE, asking).await.ok()?.ok()?.ok()?;
    let keeps = pages.config.cameras.iter().map(|camera| camera.keep);
    let longest = keeps.max().unwrap_or(pages.config.storage.keep);
    Some(Disk {
        free_bytes: space.free,
        total_bytes: space.total,
        days_left: pages.archive.days_left(space.free),
        keep_days: longest.as_secs_f64() / 86_400.0,
        is_stuck: matches!(*pages.archive.shortage().borrow(), Some(Shortage::NothingMayGo { .. })),
    })
}

/// Our certificate for the link, where the link needs one.
fn certificate(pages: &Pages) -> Option<Expiry> {
    let province = pages.config.province.as_ref()?;
    match pages.access.borrow().as_ref() {
        Some(access) => access.expires().map(Ok),
        None if province.enrolment.is_some() => Some(Err("the papers are not there, see the log".to_owned())),
        None => None,
    }
}

async fn slow(pages: &Pages, now: Now) -> Slow {
    // Who asks meanwhile waits for the same answer.
    let mut known = pages.wellness.0.lock().await;
    if let Some((at, slow)) = known.as_ref()
        && now.mono.since(*at) < KNOWN_FOR
    {
        return slow.clone();
    }
    let before = known.take().map(|(_, slow)| slow).unwrap_or_default();
    let asked = tokio::time::timeout(PATIENCE, ask(pages, &before));
    let slow = match asked.await {
        Ok(Ok(slow)) => slow,
        // That it does not answer is told by the database's own item.
        Ok(Err(_)) | Err(_) => before,
    };
    *known = Some((now.mono, slow.clone()));
    slow
}

async fn ask(pages: &Pages, before: &Slow) -> Result<Slow, sqlx::Error> {
    let (files, bytes) = pages.db.given_up().await?;
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let tls = pages.config.web.as_ref().and_then(|web| web.tls.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let tls = tls?;
        Some(certificate_validity(&tls).map(|validity| validity.to).map_err(|e| format!("{e:#}")))
    });
    let seen: BTreeMap<_, _> =
        pages.perception.iter().map(|(c, counts)| (c.clone(), total(counts.now()))).collect();
    let seeing = seen.iter().map(|(camera, now)| {
        let had = before.seen.get(camera).copied().unwrap_or_default();
        let since = Seeing {
            done: now.done.saturating_sub(had.done),
            dropped: now.dropped.saturating_sub(had.dropped),
        };
        (camera.clone(), since)
    });
    Ok(Slow {
        waiting: pages.db.backlog().await?,
        last_at: pages.db.last_delivery().await?,
        quarantined: pages.db.count_quarantined().await?,
        given_up: (number(files), number(bytes)),
        web_certificate: reading.await.ok().flatten(),
        seeing: seeing.collect(),
        seen,
    })
}

fn total(counts: Perception) -> Seeing {
    let dropped =
        counts.dropped.saturating_add(counts.pictures_dropped).saturating_add(counts.sounds_dropped);
    Seeing { done: counts.looks, dropped }
}
