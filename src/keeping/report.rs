//! Gathers the facts of the storage: what is kept, who holds it, how long it will fit, what goes next.

use std::collections::{BTreeSet, HashMap};

use super::facts::{DiskFacts, GapFact, HoldFact, PinFact, RateFact, StorageReport, StreamFacts};
use super::forecast::Forecast;
use super::{gather, policy};
use crate::centre_db::CentreDb;
use crate::config::EdgeConfig;
use crate::disk;
use crate::model::{CameraId, ClockState, ClockTrust, StreamKind, Wall};
use crate::record::{Index, Kept, Pin, Ranges, Rate, bytes_of, days_that_fit, within_share};

const DAY_MS: i64 = 86_400_000;
/// How many rows are looked at in one go for the next that may go.
const BATCH: i64 = 2000;

/// Gathers the facts.
///
/// # Errors
/// If index, database or disk cannot be read.
pub async fn report(
    config: &EdgeConfig,
    index: &Index,
    db: &CentreDb,
    clock: ClockState,
    now: Wall,
) -> anyhow::Result<StorageReport> {
    let (policy, storage) = (policy(config), &config.storage.path);
    let age_runs = clock.state == ClockTrust::Synchronised;
    let space = disk::space(storage)?;
    let sums: HashMap<_, _> = index.tallies().into_iter().collect();
    let recorded_bytes = sums.values().fold(0u64, |sum, tally| sum.saturating_add(tally.bytes));
    let rate = Rate::measure(index, now).await?;

    let pinned = db.pins().await?;
    let ranges_of =
        |pin: &crate::forward::Pin| Pin { camera: pin.camera.clone(), from: pin.from, to: pin.to };
    let pins: Vec<Pin> = pinned.iter().map(ranges_of).collect();
    let (kept, lapsed) = within_share(index, &pins, policy.pinned_at_most(space.total)).await?;
    let protected = super::protected(db, age_runs.then_some(now)).await?;
    let ranges = Ranges::new(kept, &protected.holds);
    let protected_bytes = bytes_of(index, &ranges).await?;

    let configured = config.cameras.iter().flat_map(|camera| {
        let sub = camera.sub.as_ref().map(|_| (camera.id.clone(), StreamKind::Sub));
        std::iter::once((camera.id.clone(), StreamKind::Main)).chain(sub)
    });
    let recorded = sums.iter().filter(|(_, tally)| tally.files > 0).map(|(name, _)| name.clone());
    let names: BTreeSet<(CameraId, StreamKind)> = configured.chain(recorded).collect();
    let (mut streams, mut candidates, mut gaps) = (vec![], vec![], vec![]);
    for (camera, stream) in names {
        let tally = sums.get(&(camera.clone(), stream)).copied().unwrap_or_default();
        let oldest = index.in_order_of_stream(&camera, stream, 0, 1).await?.first().map(|file| file.start);
        let newest = index.newest_complete(&camera, stream).await?.map(|row| row.end());
        let keep = policy.of(&camera);
        streams.push(StreamFacts {
            name: config.cameras.iter().find(|known| known.id == camera).map(|known| known.name.clone()),
            from: oldest,
            to: newest,
            files: tally.files,
            bytes: tally.bytes,
            days: oldest.zip(newest).map_or(0.0, |(from, to)| days_of(to.millis_since(from))),
            keep_days: days_of(i64::try_from(keep.of(stream).as_millis()).unwrap_or(i64::MAX)),
            keep_size_bytes: keep.most_bytes,
            camera: camera.clone(),
            stream,
        });
        candidates.extend(first_that_may_go(index, &camera, stream, &ranges).await?);
        let day = (now.plus_millis(-DAY_MS), now);
        let missing = gather::timeline(index, storage, (&camera, stream), day, now).await?.gaps;
        gaps.extend(missing.into_iter().map(|gap| GapFact {
            camera: camera.clone(),
            stream,
            from: gap.from,
            to: gap.to,
            reason: gap.reason,
        }));
    }
    let mut holds = vec![];
    for hold in db.holds().await?.into_iter().filter(|hold| hold.is_in_force(age_runs.then_some(now))) {
        let bytes = bytes_of(index, &Ranges::new(&[], &[hold.clone().for_the_archive()])).await?;
        let (id, made_at, asked) = (hold.id, hold.made_at, hold.asked);
        let (cameras, from, to, until) = (asked.cameras, asked.from, asked.to, asked.until);
        holds.push(HoldFact {
            id,
            cameras,
            from,
            to,
            reason: asked.reason,
            by: asked.by,
            made_at,
            until,
            bytes,
        });
    }
    let forecast = Forecast { policy: &policy, rate: &rate, sums: &sums, free: space.free, now, age_runs };
    Ok(StorageReport {
        at: now,
        path: storage.display().to_string(),
        purpose: config.storage.purpose.clone(),
        clock,
        age_runs,
        disk: DiskFacts {
            total_bytes: space.total,
            free_bytes: space.free,
            reserve_bytes: policy.reserve_bytes,
            recorded_bytes,
            protected_bytes,
        },
        rate: RateFact { bytes_per_day: rate.bytes_per_day(), measured_hours: hours_of(rate.measured_ms) },
        days_left: days_that_fit(
            space.free,
            recorded_bytes,
            protected_bytes,
            policy.reserve_bytes,
            rate.bytes_per_day(),
        ),
        streams,
        pins: pinned
            .into_iter()
            .enumerate()
            .map(|(n, pin)| PinFact {
                incident: pin.incident,
                camera: pin.camera,
                from: pin.from,
                to: pin.to,
                counts: n >= lapsed.len(),
            })
            .collect(),
        holds,
        next: forecast.next(&candidates),
        gaps,
    })
}

/// What these ranges keep of the recordings, footage of the time to come included at today's rate.
///
/// # Errors
/// If the index cannot be read.
pub async fn held_by(index: &Index, ranges: &Ranges, rate: &Rate, now: Wall) -> Result<u64, sqlx::Error> {
    let mut bytes = bytes_of(index, ranges).await?;
    for (camera, from, to) in ranges.iter() {
        let to_come_ms = u64::try_from(to.millis_since(from.max(now))).unwrap_or(0);
        let to_come = u128::from(rate.of_camera(camera)) * u128::from(to_come_ms) / 86_400_000;
        bytes = bytes.saturating_add(u64::try_from(to_come).unwrap_or(u64::MAX));
    }
    Ok(bytes)
}

async fn first_that_may_go(
    index: &Index,
    camera: &CameraId,
    stream: StreamKind,
    ranges: &Ranges,
) -> Result<Option<Kept>, sqlx::Error> {
    let mut after = 0;
    loop {
        let rows = index.in_order_of_stream(camera, stream, after, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        after = last.counter;
        let may_go = |row: &Kept| !row.is_open && ranges.holding(camera, row.start, row.end).is_none();
        if let Some(row) = rows.into_iter().find(may_go) {
            return Ok(Some(row));
        }
    }
}

fn days_of(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a hundredth of a day is shown")]
    let days = ms as f64 / 86_400_000.0;
    (days * 100.0).round() / 100.0
}

fn hours_of(ms: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a minute is shown")]
    let hours = ms as f64 / 3_600_000.0;
    (hours * 1000.0).round() / 1000.0
}
