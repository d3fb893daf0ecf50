//! The watches over the box itself: its clock, its disk's place, gaps in its archive, how far its database is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::centre_db::CentreDb;
use crate::clock;
use crate::incident::BoxObservation;
use crate::model::{ClockState, Mono, Now, StreamKind, Wall};
use crate::mounts::Found;
use crate::record::{Archive, Belief, Doubt, Health, Reading, SegmentRow, StreamName, Teller, gaps};

const CLOCK_EVERY: Duration = Duration::from_secs(1);

/// How often the time service is asked: it costs a process.
const ASK_EVERY: Duration = Duration::from_secs(30);

/// And while the clock is not believed, because deletion waits for it.
const ASK_SOON: Duration = Duration::from_secs(10);

const PLACE_EVERY: Duration = Duration::from_secs(2);

const NOTED_EVERY: Duration = Duration::from_secs(60);

const GAPS_EVERY: Duration = Duration::from_secs(60);

/// How many files of a stream are looked at in one go.
const BATCH: i64 = 500;

/// Reads the clocks and judges them.
pub(super) struct ClockWatch {
    belief: Belief,
    state: ClockState,
    asked: Mono,
    newest_footage_end: Option<Wall>,
    archive: Arc<Archive>,
    /// Told to every event and to the status.
    states: watch::Sender<ClockState>,
    doubts: watch::Sender<Option<Doubt>>,
}

impl ClockWatch {
    /// Makes the first judgement, so that nothing is recorded before it.
    pub async fn begin(
        archive: Arc<Archive>,
        states: watch::Sender<ClockState>,
        doubts: watch::Sender<Option<Doubt>>,
    ) -> anyhow::Result<Self> {
        let newest_footage_end = archive.index.newest_dated_end().await?;
        let state = clock::ask_state().await;
        let asked = clock::now().mono;
        let belief = Belief::default();
        let mut watch = Self { belief, state, asked, newest_footage_end, archive, states, doubts };
        watch.judge(clock::now());
        Ok(watch)
    }

    /// Judges every second until told to stop.
    pub async fn run(
        mut self,
        told: mpsc::Sender<BoxObservation>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        while stop.run_until_cancelled(tokio::time::sleep(CLOCK_EVERY)).await.is_some() {
            if let Some(by_ms) = self.judge(clock::now()) {
                tracing::warn!(by_ms, "the wall clock was set");
                if told.try_send(BoxObservation::ClockSet { by_ms }).is_err() {
                    tracing::error!("that the clock was set could not be told: the rules are behind");
                }
            }
            let patience = if self.doubts.borrow().is_some() { ASK_SOON } else { ASK_EVERY };
            if clock::now().mono.since(self.asked) >= patience {
                self.state = clock::ask_state().await;
                self.asked = clock::now().mono;
            }
        }
        Ok(())
    }

    /// Gives by how much the clock was set, if it was.
    fn judge(&mut self, now: Now) -> Option<i64> {
        let newest_footage_end = self.newest_footage_end;
        let verdict = self.belief.handle(Reading { now, state: self.state, newest_footage_end });
        self.archive.believe_clock(verdict.is_believed.then_some(now));
        // The archive sees the step itself, at whichever reading comes first.
        self.archive.clock_epoch(now);
        if verdict.step_ms.is_some() {
            // What the time service said was said of the clock before the step.
            self.asked = Mono::default();
        }
        self.states.send_if_modified(|known| std::mem::replace(known, self.state) != self.state);
        self.doubts.send_if_modified(|known| {
            let is_news = known.map(|d| std::mem::discriminant(&d))
                != verdict.why_not.map(|d| std::mem::discriminant(&d));
            *known = verdict.why_not;
            if is_news {
                tracing::info!(doubt = ?verdict.why_not, "whether the clock is believed has changed");
            }
            is_news
        });
        verdict.step_ms
    }
}

/// Notes each minute how far the database is.
pub(super) async fn note_how_far(db: CentreDb, stop: CancellationToken) -> anyhow::Result<()> {
    while stop.run_until_cancelled(tokio::time::sleep(NOTED_EVERY)).await.is_some() {
        note(&db).await;
    }
    Ok(())
}

/// Notes how far the database is. Without the note a copy of it that is put in its place is not known for one.
pub(super) async fn note(db: &CentreDb) {
    if let Err(e) = db.note().await {
        tracing::warn!("how far the database is could not be noted: {e:#}");
    }
}

/// Sees that the storage stays on the disk that it was opened on.
///
/// Away, the disk is waited for: the service stays up and says so, which a restart could not. When
/// the same disk is back, all goes on. Another disk in its place cannot be taken over, because the
/// databases are open on the old one: then the service ends, and is started afresh on it.
///
/// # Errors
/// When another disk is in the place.
pub(super) async fn watch_place(archive: &Arc<Archive>) -> anyhow::Result<()> {
    let mut was_well = true;
    loop {
        tokio::time::sleep(PLACE_EVERY).await;
        let there = archive.clone();
        let look = move || (there.place().look(), there.in_place());
        match tokio::task::spawn_blocking(look).await? {
            (Ok(Found::Another), _) => anyhow::bail!(
                "một ổ đĩa khác đã được gắn tại {0}: dịch vụ dừng để khởi động lại trên ổ đó / another disk was mounted \
                 at {0}: the service ends, to be started afresh on it",
                archive.storage().display()
            ),
            (Err(e), _) | (Ok(_), Err(e)) => {
                archive.tell_health(&Teller::Place, Health::of(&e));
                was_well = false;
            }
            (Ok(_), Ok(())) if !was_well => {
                archive.tell_health(&Teller::Place, Health::Well);
                was_well = true;
            }
            (Ok(_), Ok(())) => {}
        }
    }
}

/// Looks for gaps without a reason in what this process records.
pub(super) struct GapWatch {
    archive: Arc<Archive>,
    /// The last file of each stream that was looked at.
    seen: BTreeMap<(String, StreamKind), (StreamName, Option<SegmentRow>)>,
}

impl GapWatch {
    /// Begins behind what is there: the process before this one looked at that.
    pub async fn begin(archive: Arc<Archive>, streams: Vec<StreamName>) -> anyhow::Result<Self> {
        let mut seen = BTreeMap::new();
        for name in streams {
            let newest = archive.index.newest_complete(&name.camera, name.stream).await?;
            seen.insert((name.camera.to_string(), name.stream), (name, newest));
        }
        Ok(Self { archive, seen })
    }

    /// Looks every minute until told to stop.
    pub async fn run(
        mut self,
        told: mpsc::Sender<BoxObservation>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        while stop.run_until_cancelled(tokio::time::sleep(GAPS_EVERY)).await.is_some() {
            for (name, last) in self.seen.values_mut() {
                let after = last.as_ref().map_or(0, |row| row.counter);
                let new = self.archive.index.complete_after(&name.camera, name.stream, after, BATCH).await;
                // A storage that cannot be read is told elsewhere.
                let Ok(new) = new else { continue };
                for gap in unexplained(last.iter().chain(&new)) {
                    tracing::error!(stream = %name, from = %gap.0, to = %gap.1, "footage is missing without a known reason");
                    let (stream, (from, to)) = (name.clone(), gap);
                    let _ = told.try_send(BoxObservation::Gap { stream, from, to });
                }
                *last = new.into_iter().next_back().or(last.take());
            }
        }
        Ok(())
    }
}

/// Gaps that have no reason.
fn unexplained<'a>(rows: impl Iterator<Item = &'a SegmentRow> + Clone) -> Vec<(Wall, Wall)> {
    let pairs = rows.clone().zip(rows.skip(1));
    let found = pairs.flat_map(|(before, after)| gaps([before, after]));
    found.filter(|gap| gap.reason.is_none()).map(|gap| (gap.from, gap.to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{GapReason, test_row};

    fn row(start_s: i64, gap_before: Option<GapReason>, lost_packets: i64) -> SegmentRow {
        SegmentRow {
            start: Wall::from_millis(start_s * 1000),
            media_start: start_s * 90_000,
            duration_ms: 10_000,
            lost_packets,
            gap_before,
            ..test_row(1)
        }
    }

    #[test]
    fn only_a_gap_that_nothing_explains_is_found() {
        let (away, lost) = (Some(GapReason::CameraAway), Some(GapReason::PacketsLost));
        let rows = [row(0, None, 0), row(10, None, 0), row(30, away, 0), row(50, lost, 3)];
        assert_eq!(unexplained(rows.iter()), []);
        let rows = [row(0, None, 0), row(20, None, 0)];
        assert_eq!(unexplained(rows.iter()), [(Wall::from_millis(10_000), Wall::from_millis(20_000))]);
    }
}
