//! The facts of the storage: what is kept, who holds it, how long it will fit, what goes next.
//!
//! `quaywatch storage --json` and `/api/storage` give exactly this.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::{gather, policy};
use crate::centre_db::CentreDb;
use crate::config::EdgeConfig;
use crate::disk;
use crate::model::{CameraId, ClockState, ClockTrust, IncidentId, StreamKind, Wall};
use crate::record::{
    DeleteReason, Index, Kept, Pin, Policy, Ranges, Rate, bytes_of, days_that_fit, within_share,
};

const DAY_MS: i64 = 86_400_000;
/// How many rows are looked at in one go for the next that may go.
const BATCH: i64 = 2000;

/// Everything that is said of a centre's storage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StorageReport {
    /// When this was so.
    pub at: Wall,
    /// The storage path.
    pub path: String,
    /// Why footage is kept.
    pub purpose: String,
    /// The state of the clock.
    pub clock: ClockState,
    /// Whether footage goes by its age now: only while the clock is believed.
    pub age_runs: bool,
    /// The disk.
    pub disk: DiskFacts,
    /// How fast the archive grows.
    pub rate: RateFact,
    /// For how many days of recording the disk is large enough at that rate.
    pub days_left: Option<f64>,
    /// Each stream.
    pub streams: Vec<StreamFacts>,
    /// What incidents pin.
    pub pins: Vec<PinFact>,
    /// The legal holds in force.
    pub holds: Vec<HoldFact>,
    /// What goes next, the first first.
    pub next: Vec<NextFact>,
    /// What is missing of the last 24 hours.
    pub gaps: Vec<GapFact>,
}

/// The disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "units in names, also in JSON")]
pub struct DiskFacts {
    /// Its size.
    pub total_bytes: u64,
    /// What is free.
    pub free_bytes: u64,
    /// What always stays free.
    pub reserve_bytes: u64,
    /// What recordings take.
    pub recorded_bytes: u64,
    /// What of it incidents and legal holds need.
    pub protected_bytes: u64,
}

/// How fast the archive grows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RateFact {
    /// Bytes a day, all streams together.
    pub bytes_per_day: u64,
    /// From how many hours of recording that was measured, 24 at most.
    pub measured_hours: f64,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamFacts {
    /// Which camera.
    pub camera: CameraId,
    /// What people call it; `None` if the configuration no longer has it.
    pub name: Option<String>,
    /// Which stream.
    pub stream: StreamKind,
    /// The first picture of the oldest file.
    pub from: Option<Wall>,
    /// The moment after the last picture of the newest complete file.
    pub to: Option<Wall>,
    /// Complete files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The days between `from` and `to`.
    pub days: f64,
    /// For how many days it is kept.
    pub keep_days: f64,
    /// The most that both streams of the camera may take.
    pub keep_size_bytes: Option<u64>,
}

/// What an incident needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinFact {
    /// Which incident.
    pub incident: IncidentId,
    /// Whose recordings.
    pub camera: CameraId,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Whether it fits into the share of the disk that pins may take.
    pub counts: bool,
}

/// What a person holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldFact {
    /// Its id.
    pub id: String,
    /// Whose recordings.
    pub cameras: Vec<CameraId>,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// Since when.
    pub made_at: Wall,
    /// The chosen end, if any.
    pub until: Option<Wall>,
    /// What it keeps of the recordings.
    pub bytes: u64,
}

/// What goes next of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextFact {
    /// Which camera.
    pub camera: CameraId,
    /// Which stream.
    pub stream: StreamKind,
    /// The first picture of the file.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
    /// Its bytes.
    pub bytes: u64,
    /// Why it goes: `age`, `size` or `space`.
    pub reason: &'static str,
    /// When, as things are now.
    pub at: Wall,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapFact {
    /// Which camera.
    pub camera: CameraId,
    /// Which stream.
    pub stream: StreamKind,
    /// The moment after the last picture before it.
    pub from: Wall,
    /// The first picture after it.
    pub to: Wall,
    /// Why.
    pub reason: Option<&'static str>,
}

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

/// When and why files go, as things are now.
struct Forecast<'a> {
    policy: &'a Policy,
    rate: &'a Rate,
    sums: &'a HashMap<(CameraId, StreamKind), crate::record::Tally>,
    free: u64,
    now: Wall,
    age_runs: bool,
}

impl Forecast<'_> {
    /// Of the first file of each stream that may go: those that will, by when.
    fn next(&self, candidates: &[Kept]) -> Vec<NextFact> {
        let first = |camera: Option<&CameraId>| {
            let of_it = candidates.iter().filter(|file| camera.is_none_or(|camera| file.camera == *camera));
            of_it.map(|file| file.counter).min()
        };
        let mut next: Vec<NextFact> = candidates
            .iter()
            .filter_map(|file| {
                let by_age = self.by_age(file).map(|at| (at, DeleteReason::Age));
                let is_first_of_camera = first(Some(&file.camera)) == Some(file.counter);
                let by_size = self.by_size(&file.camera).filter(|_| is_first_of_camera);
                let is_first = first(None) == Some(file.counter);
                let by_space =
                    self.when(self.free.saturating_sub(self.policy.reserve_bytes), self.rate.bytes_per_day());
                let by_size = by_size.map(|at| (at, DeleteReason::Size));
                let by_space = by_space.filter(|_| is_first).map(|at| (at, DeleteReason::Space));
                let (at, reason) =
                    [by_age, by_size, by_space].into_iter().flatten().min_by_key(|(at, _)| *at)?;
                Some(NextFact {
                    camera: file.camera.clone(),
                    stream: file.stream,
                    from: file.start,
                    to: file.end,
                    bytes: file.bytes,
                    reason: reason.as_str(),
                    at: at.max(self.now),
                })
            })
            .collect();
        next.sort_by_key(|fact| fact.at);
        next
    }

    fn by_age(&self, file: &Kept) -> Option<Wall> {
        let keep = self.policy.of(&file.camera).of(file.stream);
        let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        (self.age_runs && file.is_dated).then(|| file.end.plus_millis(keep_ms))
    }

    fn by_size(&self, camera: &CameraId) -> Option<Wall> {
        let most = self.policy.of(camera).most_bytes?;
        let own = self.sums.iter().filter(|((id, _), _)| id == camera);
        let taken = own.fold(0u64, |sum, (_, tally)| sum.saturating_add(tally.bytes));
        self.when(most.saturating_sub(taken), self.rate.of_camera(camera))
    }

    /// When so many more bytes are recorded.
    fn when(&self, bytes: u64, per_day: u64) -> Option<Wall> {
        let ms = u128::from(bytes) * 86_400_000 / u128::from(per_day.max(1));
        (per_day > 0).then(|| self.now.plus_millis(i64::try_from(ms).unwrap_or(i64::MAX)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Keep, Tally};
    use std::time::Duration;

    fn file(counter: i64, who: &str, day: i64, is_dated: bool) -> Kept {
        let start = Wall::from_millis(day * DAY_MS);
        Kept {
            counter,
            camera: CameraId::new(who).unwrap(),
            stream: StreamKind::Main,
            start,
            end: start.plus_millis(60_000),
            bytes: 10,
            is_dated,
            is_open: false,
            path: String::new(),
        }
    }

    #[test]
    fn what_goes_next_is_told_with_the_reason_that_comes_first() {
        let day = Duration::from_secs(86_400);
        let gate = CameraId::new("gate").unwrap();
        let usual = Keep { main: day * 30, sub: day * 7, most_bytes: None };
        let policy = Policy {
            usual,
            cameras: [(gate.clone(), Keep { most_bytes: Some(1000), ..usual })].into(),
            reserve_bytes: 100,
            pin_share: 0.3,
        };
        let per_day = |who: &str| ((CameraId::new(who).unwrap(), StreamKind::Main), 100);
        let rate =
            Rate { streams: [per_day("gate"), per_day("hall"), per_day("door")].into(), measured_ms: 1 };
        let sums = [((gate, StreamKind::Main), Tally { bytes: 800, ..Tally::default() })].into();
        let now = Wall::from_millis(100 * DAY_MS);
        let forecast =
            Forecast { policy: &policy, rate: &rate, sums: &sums, free: 1300, now, age_runs: true };
        let files = [file(5, "gate", 99, true), file(2, "hall", 71, true), file(9, "door", 50, false)];
        let told: Vec<_> = forecast
            .next(&files)
            .into_iter()
            .map(|next| (next.camera.to_string(), next.reason, next.at.millis_since(now) / DAY_MS))
            .collect();
        assert_eq!(told, [("hall".to_owned(), "age", 1), ("gate".to_owned(), "size", 2)]);
        let unsure = Forecast { age_runs: false, ..forecast };
        let told: Vec<_> = unsure.next(&files).iter().map(|next| (next.reason, next.at)).collect();
        assert_eq!(
            told,
            [("size", now.plus_millis(2 * DAY_MS)), ("space", now.plus_millis(4 * DAY_MS))],
            "by age nothing goes while the clock is not believed"
        );
    }
}
