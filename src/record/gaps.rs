//! Where the archive holds nothing, and why. Pure.

use super::row::Hole;
use super::salvage::Fragment;
use super::timeline::VIDEO_CLOCK;
use super::{GapReason, SegmentRow};
use crate::model::Wall;

/// A hole between two files of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The moment after the last picture before it.
    pub from: Wall,
    /// The first picture after it.
    pub to: Wall,
    /// Why; `None` is what must never be.
    pub reason: Option<GapReason>,
}

/// The holes of a second or more between the fragments of a file that begins at media time
/// `media_start`, as far as the file itself tells why.
pub(super) fn holes(fragments: &[Fragment], media_start: i64) -> Vec<Hole> {
    let ms = |ticks: i64| ticks.saturating_sub(media_start).saturating_mul(1000) / VIDEO_CLOCK;
    let (mut end, mut is_damaged) = (None::<i64>, false);
    let mut found = Vec::new();
    for fragment in fragments {
        let Some(start) = fragment.video_start else {
            is_damaged |= fragment.is_lossy;
            continue;
        };
        if let Some(end) = end.filter(|end| start.saturating_sub(*end) >= VIDEO_CLOCK * SMALLEST_MS / 1000) {
            let reason = if is_damaged { GapReason::Damaged } else { GapReason::CameraPaused };
            found.push(Hole(ms(end), ms(start), reason.as_str().to_owned()));
        }
        is_damaged = false;
        end = end.max(Some(start.saturating_add(fragment.video_duration)));
    }
    found
}

/// Less than this between two files is the spacing of pictures and the creep of clocks.
const SMALLEST_MS: i64 = 1000;

/// Where nothing is recorded of one stream, given its files in the archive's order: between files,
/// and within them.
pub fn gaps<'a>(rows: impl IntoIterator<Item = &'a SegmentRow>) -> Vec<Gap> {
    let mut before: Option<&SegmentRow> = None;
    let mut found = Vec::new();
    for row in rows {
        if let Some(before) = before
            && !runs_on(before, row)
            && row.start.millis_since(before.end()) >= SMALLEST_MS
        {
            found.push(Gap { from: before.end(), to: row.start, reason: row.gap_before });
        }
        found.extend(row.holes.iter().map(|Hole(from, to, reason)| Gap {
            from: row.start.plus_millis(*from),
            to: row.start.plus_millis(*to),
            reason: GapReason::parse(reason),
        }));
        before = Some(row);
    }
    found
}

/// Whether one file follows the other on the media's own clock, whatever the wall clock makes of it.
fn runs_on(before: &SegmentRow, row: &SegmentRow) -> bool {
    let end = before.media_start.saturating_add(before.duration_ms.saturating_mul(VIDEO_CLOCK / 1000));
    before.run == row.run && row.media_start.saturating_sub(end) < VIDEO_CLOCK * SMALLEST_MS / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::row::test_row;

    fn row(start_s: i64, duration_s: i64, gap_before: Option<GapReason>) -> SegmentRow {
        SegmentRow {
            start: Wall::from_millis(start_s * 1000),
            media_start: start_s * VIDEO_CLOCK,
            duration_ms: duration_s * 1000,
            gap_before,
            ..test_row(1)
        }
    }

    #[test]
    fn files_that_follow_each_other_leave_no_gap() {
        assert_eq!(gaps(&[row(0, 60, Some(GapReason::First)), row(60, 60, None)]), []);
    }

    #[test]
    fn a_pause_between_two_fragments_of_a_file_is_a_hole() {
        let fragment = |start_s: i64| Fragment {
            offset: 0,
            bytes: 1,
            video_start: Some(start_s * VIDEO_CLOCK),
            video_duration: VIDEO_CLOCK,
            frames: 10,
            keyframe: true,
            has_sound: false,
            is_lossy: false,
        };
        let list = |starts: &[i64]| starts.iter().map(|s| fragment(*s)).collect::<Vec<_>>();
        assert_eq!(holes(&list(&[0, 1, 2, 3]), 0), []);
        let paused = |from, to| Hole(from, to, "camera-paused".into());
        assert_eq!(holes(&list(&[10, 11, 14, 15, 19]), 900_000), [paused(2000, 4000), paused(6000, 9000)]);
        let mut damaged = list(&[0, 1, 2, 3]);
        damaged[1] = Fragment { video_start: None, is_lossy: true, ..fragment(1) };
        assert_eq!(holes(&damaged, 0), [Hole(1000, 2000, "damaged".into())]);
    }

    #[test]
    fn files_of_a_camera_whose_clock_drifts_follow_each_other_all_the_same() {
        let (first, mut second) = (row(0, 60, None), row(60, 60, None));
        second.start = Wall::from_millis(62_000);
        assert_eq!(gaps(&[first.clone(), second.clone()]), []);
        second.run += 1;
        assert_eq!(gaps(&[first, second]).len(), 1);
    }

    #[test]
    fn a_hole_within_a_file_is_a_gap_with_its_reason() {
        let holed = SegmentRow { holes: vec![Hole(5000, 9000, "packets-lost".into())], ..row(60, 60, None) };
        let gap = Gap {
            from: Wall::from_millis(65_000),
            to: Wall::from_millis(69_000),
            reason: Some(GapReason::PacketsLost),
        };
        assert_eq!(gaps(&[row(0, 60, None), holed]), [gap]);
    }

    #[test]
    fn a_hole_is_told_with_its_reason_or_without_one() {
        let away = Some(GapReason::CameraAway);
        let found = gaps(&[row(0, 60, None), row(80, 20, away), row(130, 60, None)]);
        let told: Vec<_> = found
            .iter()
            .map(|gap| (gap.from.as_millis() / 1000, gap.to.as_millis() / 1000, gap.reason))
            .collect();
        assert_eq!(told, [(60, 80, away), (100, 130, None)]);
    }
}
