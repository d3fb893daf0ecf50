//! The timeline of one stream: what was recorded without a break, and why there is nothing between.
//! Pure.
//!
//! In the archive's order: where the wall clock was set back, a span may lie before the one it
//! follows, and none is merged over such a border.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Wall;
use crate::record::{GapReason, Hole, SegmentRow, SegmentState};

/// Less than this between two files is the spacing of pictures and the creep of clocks.
const SMALLEST_MS: i64 = 1000;

/// Files that follow each other without a break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Span {
    /// The first picture.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Which clock its times are of: a new one begins when the clock is set and at every start.
    pub clock_epoch: i64,
    /// The camera's connection.
    pub run: i64,
    /// RTP packets lost in it.
    pub lost_packets: i64,
    /// Whether it has sound.
    pub sound: bool,
    /// How its picture is coded at its beginning, such as `h264 1920x1080`.
    pub video: String,
    /// The file it begins with.
    #[serde(skip)]
    #[schema(ignore)]
    pub first: i64,
}

/// A time of which there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Gap)]
pub struct Stretch {
    /// The moment after the last picture before it.
    pub from: Wall,
    /// The first picture after it.
    pub to: Wall,
    /// Why: a word of the index, or `deleted`; `None` is what must never be.
    pub reason: Option<&'static str>,
}

/// Spans and gaps of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Spans {
    /// What there is.
    pub spans: Vec<Span>,
    /// What there is not.
    pub gaps: Vec<Stretch>,
}

/// What stands around the rows of a range.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'r> {
    /// The last file before the first row.
    pub before: Option<&'r SegmentRow>,
    /// The first file after the last row.
    pub after: Option<&'r SegmentRow>,
    /// How far the file that is being written goes, if there is one.
    pub written_until: Option<Wall>,
    /// The wall clock: what lies behind it is no gap.
    pub now: Wall,
}

/// Spans and gaps of `rows`, given in the archive's order, within `[from, to)`.
pub fn spans(rows: &[SegmentRow], around: Around<'_>, from: Wall, to: Wall) -> Spans {
    let end_of = |row: &SegmentRow| match row.state {
        SegmentState::Open => around.written_until.unwrap_or(row.start).max(row.start),
        _ => row.end(),
    };
    let mut shown = Spans::default();
    let mut previous: Option<(&SegmentRow, Wall)> = None;
    for row in rows {
        let end = end_of(row);
        let (begun, continues) = match previous {
            None => (from, false),
            Some((before, ended)) => (ended, follows(before, ended, row)),
        };
        let before = previous.map(|(before, _)| before).or(around.before);
        if !continues {
            shown.gap(begun, row.start, why(before, row), from, to);
        }
        match shown.spans.last_mut().filter(|_| continues) {
            Some(span) => {
                span.to = end;
                span.lost_packets = span.lost_packets.saturating_add(row.lost_packets);
            }
            None => shown.spans.push(span(row, row.start, end, row.lost_packets)),
        }
        // Where pictures are missing within the file.
        for Hole(begun_ms, ended_ms, reason) in &row.holes {
            let (begun, ended) = (row.start.plus_millis(*begun_ms), row.start.plus_millis(*ended_ms));
            if let Some(span) = shown.spans.last_mut() {
                span.to = begun;
            }
            shown.gap(begun, ended, GapReason::parse(reason).map(GapReason::as_str), from, to);
            shown.spans.push(span(row, ended, end, 0));
        }
        previous = Some((row, end));
    }
    let last = previous.map(|(row, _)| row).or(around.before);
    let begun = previous.map_or(from, |(_, end)| end);
    match around.after {
        Some(after) => shown.gap(begun, to, why(last, after), from, to),
        // Nothing was recorded since: as long as nothing comes, the camera is away.
        None if last.is_some() && around.now.millis_since(begun) > NOT_YET_MS => {
            shown.gap(begun, to.min(around.now), Some("camera-away"), from, to);
        }
        None => {}
    }
    for span in &mut shown.spans {
        (span.from, span.to) = (span.from.max(from), span.to.min(to));
    }
    shown.spans.retain(|span| span.from < span.to);
    shown.keep_gaps_clear();
    shown
}

fn span(row: &SegmentRow, from: Wall, to: Wall, lost_packets: i64) -> Span {
    let (clock_epoch, sound) = (row.clock_epoch, row.sound.is_some());
    let (run, video, first) = (row.run, row.video.clone(), row.counter);
    Span { from, to, clock_epoch, run, lost_packets, sound, video, first }
}

/// What is younger may simply not be written yet.
const NOT_YET_MS: i64 = 10_000;

impl Spans {
    /// Where the wall clock was set, a gap between two files may hold footage of another epoch: what
    /// is there is no gap.
    fn keep_gaps_clear(&mut self) {
        for span in &self.spans {
            let around = self.gaps.iter().flat_map(|gap| {
                let (left, right) = (gap.to.min(span.from), gap.from.max(span.to));
                let left = Stretch { to: left, ..gap.clone() };
                let right = Stretch { from: right, ..gap.clone() };
                // A gap that the span does not touch stays as it is.
                if gap.to <= span.from || span.to <= gap.from {
                    [Some(gap.clone()), None]
                } else {
                    [Some(left), Some(right)]
                }
            });
            self.gaps = around.flatten().collect();
            self.gaps.retain(|gap| gap.from < gap.to);
        }
    }

    fn gap(&mut self, begun: Wall, ended: Wall, reason: Option<&'static str>, from: Wall, to: Wall) {
        if ended.millis_since(begun) >= SMALLEST_MS {
            self.gaps.push(Stretch { from: begun.max(from), to: ended.min(to), reason });
        }
    }
}

/// Whether a file goes on where the other ended, in every respect that a span shows.
fn follows(before: &SegmentRow, ended: Wall, row: &SegmentRow) -> bool {
    row.start.millis_since(ended).abs() < SMALLEST_MS
        && row.run == before.run
        && row.clock_epoch == before.clock_epoch
        && row.sound.is_some() == before.sound.is_some()
}

/// Why there is nothing between two files. What was between them may have been deleted since.
fn why(before: Option<&SegmentRow>, after: &SegmentRow) -> Option<&'static str> {
    let are_neighbours = before.is_some_and(|before| {
        (after.run == before.run && after.n == before.n + 1) || (after.run == before.run + 1 && after.n == 1)
    });
    match (after.gap_before, before) {
        (Some(GapReason::First), _) => Some(GapReason::First.as_str()),
        // What the wall clock did explains any distance.
        (Some(reason @ (GapReason::ClockStepped | GapReason::StreamJumped)), Some(_)) => {
            Some(reason.as_str())
        }
        (reason, Some(_)) if are_neighbours => reason.map(GapReason::as_str),
        _ => Some("deleted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::test_row;

    fn at(s: i64) -> Wall {
        Wall::from_millis(s * 1000)
    }

    fn row(run: i64, n: i64, start_s: i64, duration_s: i64, gap_before: Option<GapReason>) -> SegmentRow {
        SegmentRow {
            counter: run * 100 + n,
            run,
            n,
            start: at(start_s),
            media_start: start_s * 90_000,
            duration_ms: duration_s * 1000,
            sound: Some("aac 8000".into()),
            lost_packets: 2,
            gap_before,
            ..test_row(n)
        }
    }

    type Seconds = (Vec<(i64, i64)>, Vec<(i64, i64, &'static str)>);

    fn seen(rows: &[SegmentRow], around: Around<'_>, from: i64, to: i64) -> Seconds {
        let shown = spans(rows, around, at(from), at(to));
        let s = |wall: Wall| wall.as_millis() / 1000;
        (
            shown.spans.iter().map(|span| (s(span.from), s(span.to))).collect(),
            shown.gaps.iter().map(|gap| (s(gap.from), s(gap.to), gap.reason.unwrap_or("?"))).collect(),
        )
    }

    #[test]
    fn files_that_follow_each_other_are_one_span_and_a_pause_is_told_with_its_reason() {
        let away = Some(GapReason::CameraAway);
        let rows = [row(1, 1, 0, 60, None), row(1, 2, 60, 60, None), row(2, 1, 150, 50, away)];
        let around = Around { now: at(200), ..Around::default() };
        let (spans, gaps) = seen(&rows, around, 30, 200);
        assert_eq!(spans, [(30, 120), (150, 200)], "clipped to what was asked for");
        assert_eq!(gaps, [(120, 150, "camera-away")]);
        assert_eq!(super::spans(&rows, around, at(0), at(200)).spans[0].lost_packets, 4);
    }

    #[test]
    fn a_range_that_begins_or_ends_in_a_gap_says_why() {
        let stopped = Some(GapReason::ProcessStopped);
        let (before, inside, after) =
            (row(1, 1, 0, 60, None), row(2, 1, 100, 60, stopped), row(3, 1, 300, 60, stopped));
        let around = Around { before: Some(&before), after: Some(&after), now: at(400), ..Around::default() };
        let (_, gaps) = seen(std::slice::from_ref(&inside), around, 80, 250);
        assert_eq!(gaps, [(80, 100, "process-stopped"), (160, 250, "process-stopped")]);
        let around = Around { after: Some(&inside), now: at(400), ..around };
        assert_eq!(seen(&[], around, 70, 90), (vec![], vec![(70, 90, "process-stopped")]));
    }

    #[test]
    fn what_was_deleted_is_not_taken_for_footage_that_never_was() {
        let rows = [row(1, 1, 0, 60, None), row(1, 9, 480, 60, None)];
        let around = Around { now: at(540), ..Around::default() };
        assert_eq!(seen(&rows, around, 0, 540).1, [(60, 480, "deleted")]);
        let oldest = row(4, 7, 100, 60, None);
        assert_eq!(seen(&[oldest], around, 0, 160).1, [(0, 100, "deleted")]);
        let hole = [row(1, 1, 0, 60, None), row(1, 2, 90, 60, None)];
        assert_eq!(seen(&hole, Around { now: at(150), ..around }, 0, 150).1, [(60, 90, "?")]);
    }

    #[test]
    fn the_file_being_written_counts_as_far_as_it_goes_and_the_future_is_no_gap() {
        let open = SegmentRow {
            state: SegmentState::Open,
            duration_ms: 0,
            ..row(1, 1, 0, 0, Some(GapReason::First))
        };
        let around = Around { written_until: Some(at(42)), now: at(43), ..Around::default() };
        assert_eq!(seen(std::slice::from_ref(&open), around, 0, 86_400), (vec![(0, 42)], vec![]));
        let late = Around { now: at(100), ..around };
        assert_eq!(seen(&[open], late, 0, 86_400).1, [(42, 100, "camera-away")]);
        assert_eq!(seen(&[], Around { now: at(100), ..Around::default() }, 0, 50), (vec![], vec![]));
    }

    #[test]
    fn where_pictures_are_missing_within_a_file_is_a_gap_too() {
        let holes =
            vec![Hole(10_000, 15_000, "camera-paused".into()), Hole(50_000, 52_000, "packets-lost".into())];
        let rows = [SegmentRow { holes, ..row(1, 1, 0, 60, None) }, row(1, 2, 60, 60, None)];
        let around = Around { now: at(120), ..Around::default() };
        let (spans, gaps) = seen(&rows, around, 0, 120);
        assert_eq!(spans, [(0, 10), (15, 50), (52, 120)]);
        assert_eq!(gaps, [(10, 15, "camera-paused"), (50, 52, "packets-lost")]);
        assert_eq!(
            seen(&rows, around, 12, 51),
            (vec![(15, 50)], vec![(12, 15, "camera-paused"), (50, 51, "packets-lost")])
        );
    }

    #[test]
    fn a_file_of_another_clock_begins_a_span_of_its_own() {
        let rows = [row(1, 1, 0, 60, None), SegmentRow { clock_epoch: 2, ..row(1, 2, 60, 60, None) }];
        let shown = spans(&rows, Around { now: at(120), ..Around::default() }, at(0), at(120));
        assert_eq!(shown.spans.iter().map(|span| span.clock_epoch).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(shown.gaps, []);
    }

    #[test]
    fn a_clock_that_was_set_back_begins_a_new_span() {
        let stepped = Some(GapReason::ClockStepped);
        let rows = [row(1, 1, 1000, 60, None), row(2, 1, 500, 60, stepped)];
        let (spans, gaps) = seen(&rows, Around { now: at(560), ..Around::default() }, 400, 1100);
        assert_eq!(spans, [(1000, 1060), (500, 560)]);
        assert_eq!(gaps, [(400, 500, "deleted"), (560, 1000, "deleted")]);
    }
}
