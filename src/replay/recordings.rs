//! Which recorded files a replay of the archive plays, and when the camera was away.

use std::path::Path;

use super::lane::{Anchor, Stretch};
use crate::config::{AudioUse, Camera};
use crate::ingest::CameraState;
use crate::libav::MediaFile;
use crate::model::{StreamKind, Wall};
use crate::record::{GapReason, Index, SegmentRow, SegmentState, gaps, salvage};

/// As in the live service: so long without anything, and the camera is lost.
const LOST_AFTER_MS: i64 = 8000;

/// What comes back later than this after the end tells nothing of it.
const NEXT_WITHIN_MS: i64 = 24 * 3600 * 1000;

/// The share of main that must be there of sub, in percent, for sub to be looked at.
const ENOUGH_PERCENT: i64 = 90;

/// What there is to play of a camera.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recordings {
    /// What is looked at.
    pub pictures: Vec<Stretch>,
    /// Whether that is the main stream, of which only the keyframes are looked at.
    pub keyframes_only: bool,
    /// What is listened to.
    pub sounds: Vec<Stretch>,
    /// How the main stream was, and since when, in µs.
    pub states: Vec<(i64, CameraState)>,
    /// When it ends, in µs.
    pub end: i64,
}

/// Finds what is recorded of a camera within `[from, to)`; `None` if nothing is.
///
/// # Errors
/// If the index cannot be read.
pub async fn gather(
    index: &Index,
    storage: &Path,
    camera: &Camera,
    from: Wall,
    to: Wall,
) -> Result<Option<Recordings>, sqlx::Error> {
    let main = index.covering(&camera.id, StreamKind::Main, from, to).await?;
    let sub = match camera.sub {
        Some(_) => index.covering(&camera.id, StreamKind::Sub, from, to).await?,
        None => Vec::new(),
    };
    if main.is_empty() && sub.is_empty() {
        return Ok(None);
    }
    // Why there is nothing at the end is written with what came next.
    let (known, stream) = if main.is_empty() { (&sub, StreamKind::Sub) } else { (&main, StreamKind::Main) };
    let next = index.covering(&camera.id, stream, to, to.plus_millis(NEXT_WITHIN_MS)).await?;
    let next = next.into_iter().find(|row| known.iter().all(|one| one.counter < row.counter));
    let known: Vec<SegmentRow> = known.iter().cloned().chain(next).collect();
    let looks_at_sub = lasting(&sub) >= lasting(&main) / 100 * ENOUGH_PERCENT && !sub.is_empty();
    let seen = if looks_at_sub { &sub } else { &main };
    let heard: Vec<SegmentRow> =
        main.iter().filter(|row| row.sound.is_some() && camera.audio != AudioUse::Off).cloned().collect();
    Ok(Some(Recordings {
        pictures: stretches(storage, seen, from),
        keyframes_only: !looks_at_sub,
        sounds: stretches(storage, &heard, from),
        states: states(&known, from, to),
        end: micros(to.millis_since(from)),
    }))
}

fn lasting(rows: &[SegmentRow]) -> i64 {
    rows.iter().fold(0, |sum, row| sum.saturating_add(row.duration_ms))
}

/// The files of each connection, placed by the wall clock.
fn stretches(storage: &Path, rows: &[SegmentRow], from: Wall) -> Vec<Stretch> {
    let mut stretches: Vec<((i64, i64), Stretch)> = Vec::new();
    for row in rows {
        let path = storage.join(&row.path);
        // Of a file that is being written, only what is whole.
        let bytes = match row.state {
            SegmentState::Open => match salvage::scan(&path) {
                Ok(Some(scan)) => scan.keep_bytes,
                _ => continue,
            },
            _ => u64::MAX,
        };
        let connection = (row.clock_epoch, row.run);
        if stretches.last().is_none_or(|(of, _)| *of != connection) {
            stretches.push((connection, Stretch::default()));
        }
        if let Some((_, stretch)) = stretches.last_mut() {
            stretch.files.push(MediaFile { path, bytes });
            let media = row.media_start.saturating_mul(100) / 9;
            stretch.anchors.push(Anchor { media, at: micros(row.start.millis_since(from)) });
        }
    }
    stretches.into_iter().map(|(_, stretch)| stretch).collect()
}

/// How the stream was within `[from, to)`, as far as its files and the one after them tell: lost after 8 s without
/// it, unless it was the service that did not record.
fn states(rows: &[SegmentRow], from: Wall, to: Wall) -> Vec<(i64, CameraState)> {
    let at = |wall: Wall| micros(wall.millis_since(from)).max(0);
    let begins_late = |row: &&SegmentRow| row.start.millis_since(from) >= LOST_AFTER_MS;
    let mut states = match rows.first().filter(begins_late) {
        Some(first) => vec![(0, CameraState::Connecting), (at(first.start), CameraState::Streaming)],
        None => vec![(0, CameraState::Streaming)],
    };
    for gap in gaps(rows) {
        if gap.to.millis_since(gap.from) < LOST_AFTER_MS || gap.to < from {
            continue;
        }
        let is_ours = matches!(
            gap.reason,
            Some(
                GapReason::First
                    | GapReason::ProcessStopped
                    | GapReason::ProcessDied
                    | GapReason::ClockStepped
                    | GapReason::DiskFull
                    | GapReason::StorageFailed
                    | GapReason::Damaged
            )
        );
        states.push(if is_ours {
            (at(gap.from), CameraState::Connecting)
        } else {
            (at(gap.from.plus_millis(LOST_AFTER_MS)), CameraState::Lost)
        });
        states.push((at(gap.to), CameraState::Streaming));
    }
    states.retain(|(since, _)| *since < micros(to.millis_since(from)));
    states
}

fn micros(ms: i64) -> i64 {
    ms.saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Hole, test_row};

    fn row(start_s: i64, run: i64, gap_before: Option<GapReason>) -> SegmentRow {
        let (start, media_start) = (Wall::from_millis(start_s * 1000), start_s * 90_000);
        SegmentRow { start, media_start, run, gap_before, ..test_row(start_s) }
    }

    #[test]
    fn a_camera_that_was_away_is_lost_after_8_s_and_back_with_its_first_picture() {
        let rows = [row(0, 1, None), row(60, 1, None), row(200, 2, Some(GapReason::CameraAway))];
        let told = states(&rows, Wall::from_millis(10_000), Wall::from_millis(300_000));
        assert_eq!(
            told,
            [
                (0, CameraState::Streaming),
                (118_000_000, CameraState::Lost),
                (190_000_000, CameraState::Streaming)
            ]
        );
    }

    #[test]
    fn a_camera_that_is_not_yet_back_at_the_end_is_lost_until_then() {
        let rows = [row(0, 1, None), row(200, 2, Some(GapReason::CameraAway))];
        let told = |to_s: i64| states(&rows, Wall::from_millis(0), Wall::from_millis(to_s * 1000));
        assert_eq!(told(100), [(0, CameraState::Streaming), (68_000_000, CameraState::Lost)]);
        assert_eq!(told(65), [(0, CameraState::Streaming)], "it is not away for long enough");
    }

    #[test]
    fn a_service_that_was_stopped_is_no_camera_that_was_away() {
        let rows = [row(20, 1, None), row(200, 2, Some(GapReason::ProcessStopped))];
        let told = states(&rows, Wall::from_millis(0), Wall::from_millis(300_000));
        let words: Vec<_> = told.iter().map(|(at, state)| (at / 1_000_000, state.as_str())).collect();
        assert_eq!(words, [(0, "connecting"), (20, "streaming"), (80, "connecting"), (200, "streaming")]);
    }

    #[test]
    fn a_hole_within_a_file_counts_and_a_short_one_does_not() {
        let holes =
            vec![Hole(5000, 12_000, "packets-lost".into()), Hole(20_000, 30_000, "camera-paused".into())];
        let rows = [SegmentRow { holes, ..row(0, 1, None) }];
        let told = states(&rows, Wall::from_millis(0), Wall::from_millis(60_000));
        let told: Vec<_> = told.iter().map(|(at, _)| at / 1_000_000).collect();
        assert_eq!(told, [0, 28, 30]);
    }

    #[test]
    fn files_of_one_connection_are_read_as_one_and_each_has_its_own_place() {
        let rows = [row(0, 1, None), row(60, 1, None), row(200, 2, None)];
        let made = stretches(Path::new("/s"), &rows, Wall::from_millis(30_000));
        assert_eq!(made.iter().map(|s| s.files.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(made[0].anchors[1], Anchor { media: 60_000_000, at: 30_000_000 });
    }
}
