//! Which keyframe groups a range has, where they leap, and where the set of tracks changes. Pure.
//!
//! A group is what can be played by itself: from a fragment that begins with a keyframe to the next. It is
//! one segment of a playlist; anything smaller would begin with pictures that cannot be decoded. A player
//! takes one set of tracks at a time, so groups with sound and groups without it are in stretches of their
//! own. What is damaged ends its group: nothing behind it can be decoded until the next keyframe.

use std::ops::Range;

use super::Recording;
use crate::model::Wall;
use crate::record::salvage::Fragment;

/// A distance between two groups up to which they are one time line, 1/90000 s.
const NEAR: i64 = 45_000;

/// Sound that is away for less is a flaw in the sound; a group that lacks more plays without.
const MOST_SILENT: i64 = 90_000;

/// Pictures that can be decoded from the first of them on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which of the recordings it is in.
    pub recording: usize,
    /// Which of that one's fragments.
    pub fragments: Range<usize>,
    /// Where it begins in the file.
    pub offset: u64,
    /// How long it is there.
    pub bytes: u64,
    /// Its first picture, 1/90000 s since the connection's zero.
    pub start: i64,
    /// Where the next group begins if that follows, else where its last picture ends.
    pub end: i64,
    /// The wall clock at its first picture.
    pub wall: Wall,
    /// The wall clock at its end.
    pub wall_end: Wall,
    /// Whether it plays with sound.
    pub sound: bool,
    /// Whether it does not go on where the group before it ended, or is coded otherwise.
    pub leaps: bool,
    /// Whether more of it may come: it is the last of a file that is being written.
    pub is_growing: bool,
}

impl Group {
    fn is_within(&self, from: Wall, to: Wall) -> bool {
        self.wall_end > from && self.wall < to
    }
}

/// Groups with one set of tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Whether they have sound.
    pub sound: bool,
    /// At least one.
    pub groups: Vec<Group>,
}

/// So long after its end something of a range may yet be recorded: a picture that is sent behind one that is
/// shown later, and sound, which comes a little behind its picture.
pub const BEHIND_MS: i64 = 2000;

/// The groups of `[from, to)`, the one that `from` lies in included.
pub fn groups(recordings: &[Recording], from: Wall, to: Wall) -> Vec<Group> {
    within(&all_groups(recordings), from, to)
}

/// As [`groups`], and the one behind them if it goes on from there: for whoever cuts at `to` exactly.
/// `recordings` are those of `[from, to + BEHIND_MS)`.
pub fn groups_to_cut(recordings: &[Recording], from: Wall, to: Wall) -> Vec<Group> {
    let all = all_groups(recordings);
    let last = all.iter().rposition(|group| group.is_within(from, to));
    let next = last.and_then(|last| all.get(last.saturating_add(1))).filter(|next| !next.leaps);
    within(&all, from, to).into_iter().chain(next.cloned()).collect()
}

fn within(all: &[Group], from: Wall, to: Wall) -> Vec<Group> {
    let mut groups: Vec<Group> = all.iter().filter(|group| group.is_within(from, to)).cloned().collect();
    // What a player begins with leaps from nowhere.
    groups.first_mut().into_iter().for_each(|first| first.leaps = false);
    groups
}

fn all_groups(recordings: &[Recording]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, recording) in recordings.iter().enumerate() {
        let mut of_file = split(at, recording);
        if let (Some(first), Some(before)) = (of_file.first_mut(), groups.last_mut()) {
            first.leaps = recordings.get(before.recording).is_none_or(|b| !goes_on(b, recording))
                || (first.start - before.end).abs() > NEAR;
            if !first.leaps && first.start > before.start {
                (before.end, before.wall_end) = (first.start, first.wall);
            }
        }
        groups.append(&mut of_file);
    }
    groups
}

/// The groups of `[from, to)` by their set of tracks.
pub fn stretches(recordings: &[Recording], from: Wall, to: Wall) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for group in groups(recordings, from, to) {
        match found.last_mut().filter(|stretch| stretch.sound == group.sound) {
            Some(stretch) => stretch.groups.push(group),
            None => found.push(Stretch { sound: group.sound, groups: vec![group] }),
        }
    }
    // Each is a playlist of its own.
    for first in found.iter_mut().filter_map(|stretch| stretch.groups.first_mut()) {
        first.leaps = false;
    }
    found
}

/// Whether a file goes on where the one before it ended, coded alike.
fn goes_on(before: &Recording, after: &Recording) -> bool {
    before.row.run == after.row.run
        && before.row.n.saturating_add(1) == after.row.n
        && before.row.video == after.row.video
        && (before.row.sound == after.row.sound || before.row.sound.is_none() || after.row.sound.is_none())
}

/// The groups of one file.
fn split(at: usize, recording: &Recording) -> Vec<Group> {
    let fragments = &recording.fragments;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    // Whether the last range can still grow.
    let mut is_open = false;
    for (n, fragment) in fragments.iter().enumerate() {
        if is_unreadable(fragment) {
            is_open = false;
        } else if fragment.keyframe && fragment.video_start.is_some() {
            ranges.push(n..n + 1);
            is_open = true;
        } else if let Some(range) = ranges.last_mut().filter(|_| is_open) {
            range.end = n + 1;
        }
    }
    let mut groups: Vec<Group> = Vec::with_capacity(ranges.len());
    for range in ranges {
        let Some(mut group) = group(at, recording, range) else { continue };
        if let Some(before) = groups.last_mut() {
            group.leaps = (group.start - before.end).abs() > NEAR;
            if !group.leaps && group.start > before.start {
                (before.end, before.wall_end) = (group.start, group.wall);
            }
        }
        groups.push(group);
    }
    if let Some(last) = groups.last_mut() {
        last.is_growing = recording.is_growing && is_open;
    }
    groups
}

/// A fragment that is passed over because it is damaged.
fn is_unreadable(fragment: &Fragment) -> bool {
    fragment.video_start.is_none() && !fragment.has_sound
}

fn group(at: usize, recording: &Recording, range: Range<usize>) -> Option<Group> {
    let fragments = recording.fragments.get(range.clone())?;
    let (first, last) = (fragments.first()?, fragments.last()?);
    let start = first.video_start?;
    let ends = fragments.iter().filter_map(|f| Some(f.video_start?.saturating_add(f.video_duration)));
    let end = ends.max()?.max(start + 1);
    Some(Group {
        recording: at,
        fragments: range,
        offset: first.offset,
        bytes: last.offset.saturating_add(last.bytes).saturating_sub(first.offset),
        start,
        end,
        wall: recording.wall(start),
        wall_end: recording.wall(end),
        sound: sounds(fragments),
        leaps: false,
        is_growing: false,
    })
}

/// Whether a group plays with sound: from its beginning on, and without a long silence of packets. A player
/// that expects sound waits for it.
fn sounds(fragments: &[Fragment]) -> bool {
    let mut silent = 0i64;
    for fragment in fragments {
        silent = if fragment.has_sound { 0 } else { silent.saturating_add(fragment.video_duration) };
        if silent >= MOST_SILENT {
            return false;
        }
    }
    fragments.first().is_some_and(|first| first.has_sound)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::{SegmentRow, test_row};

    /// A file of `seconds`, a keyframe every 2 s, with sound where `sound` says so of the second.
    pub(crate) fn recording(
        run: i64,
        n: i64,
        start_s: i64,
        seconds: i64,
        sound: fn(i64) -> bool,
    ) -> Recording {
        let fragments = (0..seconds * 2).map(|half| Fragment {
            offset: 1000 + half.unsigned_abs() * 100,
            bytes: 100,
            video_start: Some(start_s * 90_000 + half * 45_000),
            video_duration: 45_000,
            frames: 5,
            keyframe: half % 4 == 0,
            has_sound: sound(half / 2),
            is_lossy: false,
        });
        Recording {
            row: SegmentRow {
                counter: run * 100 + n,
                run,
                n,
                start: Wall::from_millis(start_s * 1000),
                media_start: start_s * 90_000,
                duration_ms: seconds * 1000,
                sound: Some("aac 8000".into()),
                ..test_row(n)
            },
            start: Wall::from_millis(start_s * 1000),
            fragments: fragments.collect(),
            is_growing: false,
        }
    }

    /// Begin and end in seconds, and whether it leaps.
    type Seen = (i64, i64, bool);

    fn seen(recordings: &[Recording], from_s: i64, to_s: i64) -> Vec<(bool, Vec<Seen>)> {
        let (from, to) = (Wall::from_millis(from_s * 1000), Wall::from_millis(to_s * 1000));
        let group = |g: &Group| (g.start / 90_000, g.end / 90_000, g.leaps);
        let stretches = stretches(recordings, from, to);
        stretches.iter().map(|s| (s.sound, s.groups.iter().map(group).collect())).collect()
    }

    #[test]
    fn a_range_is_its_keyframe_groups_from_the_one_that_it_begins_in() {
        let files = [recording(1, 1, 0, 10, |_| true), recording(1, 2, 10, 10, |_| true)];
        let groups = vec![(6, 8, false), (8, 10, false), (10, 12, false), (12, 14, false)];
        assert_eq!(seen(&files, 7, 13), [(true, groups)]);
        assert_eq!(seen(&files, 30, 40), []);
        let group = &stretches(&files, Wall::from_millis(0), Wall::from_millis(1))[0].groups[0];
        assert_eq!((group.offset, group.bytes), (1000, 400));
    }

    #[test]
    fn another_connection_a_missing_file_and_another_format_leap() {
        let mut other = recording(1, 2, 4, 2, |_| true);
        other.row.video = "h264 1280x720".into();
        for (second, why) in [
            (recording(2, 1, 4, 2, |_| true), "another connection"),
            (recording(1, 3, 6, 2, |_| true), "a file is gone"),
            (other, "another format"),
        ] {
            let files = [recording(1, 1, 0, 4, |_| true), second];
            let leaps: Vec<bool> = seen(&files, 0, 60)[0].1.iter().map(|group| group.2).collect();
            assert_eq!(leaps, [false, false, true], "{why}");
        }
    }

    #[test]
    fn sound_that_begins_or_ends_begins_a_stretch() {
        let files = [recording(1, 1, 0, 10, |second| !(3..6).contains(&second))];
        let expected = [
            (true, vec![(0, 2, false)]),
            // Its sound ends in its midst, and the next has none for longer than a player would wait.
            (false, vec![(2, 4, false), (4, 6, false)]),
            (true, vec![(6, 8, false), (8, 10, false)]),
        ];
        assert_eq!(seen(&files, 0, 10), expected);
    }

    #[test]
    fn a_short_flaw_in_the_sound_is_no_reason_to_part() {
        let mut file = recording(1, 1, 0, 8, |_| true);
        file.fragments[2].has_sound = false;
        assert_eq!(seen(&[file], 0, 8).len(), 1);
    }

    #[test]
    fn damage_ends_its_group_and_the_next_keyframe_begins_one_that_leaps() {
        let mut file = recording(1, 1, 0, 8, |_| true);
        file.fragments[5] =
            Fragment { video_start: None, has_sound: false, is_lossy: true, ..file.fragments[5].clone() };
        let groups = &stretches(&[file], Wall::from_millis(0), Wall::from_millis(8000))[0].groups;
        let told: Vec<_> = groups.iter().map(|g| (g.start / 45_000, g.bytes, g.leaps)).collect();
        assert_eq!(told, [(0, 400, false), (4, 100, false), (8, 400, true), (12, 400, false)]);
    }

    #[test]
    fn the_last_group_of_a_file_that_is_written_grows() {
        let file = Recording { is_growing: true, ..recording(1, 1, 0, 6, |_| true) };
        let groups = &stretches(&[file], Wall::from_millis(0), Wall::from_millis(60_000))[0].groups;
        assert_eq!(groups.iter().map(|group| group.is_growing).collect::<Vec<_>>(), [false, false, true]);
    }
}
