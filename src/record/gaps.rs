//! Where the archive holds nothing, and why. Pure.

use super::salvage::Scan;
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

/// How many holes of a second or more there are between the fragments of one file: the camera
/// paused, or packets were lost.
pub fn holes_within(scan: &Scan) -> usize {
    let pictures = scan.fragments.iter().filter_map(|f| Some((f.video_start?, f.video_duration)));
    let follows = pictures.clone().zip(pictures.skip(1));
    follows
        .filter(|((start, duration), (next, _))| next - start - duration >= VIDEO_CLOCK * SMALLEST_MS / 1000)
        .count()
}

/// Less than this between two files is the spacing of pictures and the creep of clocks.
const SMALLEST_MS: i64 = 1000;

/// The holes in the files of one stream, given in the archive's order.
pub fn gaps<'a>(rows: impl IntoIterator<Item = &'a SegmentRow>) -> Vec<Gap> {
    let mut before: Option<&SegmentRow> = None;
    let mut found = Vec::new();
    for row in rows {
        if let Some(before) = before
            && row.start.millis_since(before.end()) >= SMALLEST_MS
        {
            found.push(Gap { from: before.end(), to: row.start, reason: row.gap_before });
        }
        before = Some(row);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CameraId, StreamKind};
    use crate::record::SegmentState;

    fn row(start_s: i64, duration_s: i64, gap_before: Option<GapReason>) -> SegmentRow {
        SegmentRow {
            counter: 0,
            camera: CameraId::new("gate").unwrap(),
            stream: StreamKind::Main,
            run: 1,
            n: 1,
            path: String::new(),
            start: Wall::from_millis(start_s * 1000),
            media_start: 0,
            duration_ms: duration_s * 1000,
            bytes: 0,
            video: String::new(),
            sound: None,
            lost_packets: 0,
            state: SegmentState::Closed,
            gap_before,
            is_dated: true,
        }
    }

    #[test]
    fn files_that_follow_each_other_leave_no_gap() {
        assert_eq!(gaps(&[row(0, 60, Some(GapReason::First)), row(60, 60, None)]), []);
    }

    #[test]
    fn a_pause_between_two_fragments_of_a_file_is_a_hole() {
        let fragment = |start_s: i64| super::super::salvage::Fragment {
            offset: 0,
            bytes: 1,
            video_start: Some(start_s * VIDEO_CLOCK),
            video_duration: VIDEO_CLOCK,
            frames: 10,
            keyframe: true,
        };
        let scan = |starts: &[i64]| Scan {
            keep_bytes: 1,
            file_bytes: 1,
            torn: false,
            init_bytes: 0,
            fragments: starts.iter().map(|s| fragment(*s)).collect(),
            video_start: 0,
            video_duration: 0,
            video: crate::libav::VideoCodec::H264,
            has_sound: true,
        };
        assert_eq!(holes_within(&scan(&[0, 1, 2, 3])), 0);
        assert_eq!(holes_within(&scan(&[0, 1, 4, 5, 9])), 2);
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
