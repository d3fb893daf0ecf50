//! Which moments prove an incident. Pure.

use crate::model::Wall;

const BEFORE_MS: i64 = 10_000;
const AFTER_MS: i64 = 20_000;
/// No clip is longer.
pub const LONGEST_MS: i64 = 60_000;
const SOUND_BEFORE_MS: i64 = 2_000;
const SOUND_AFTER_MS: i64 = 8_000;
const LATER_MS: i64 = 500;
const CLOSING_MS: i64 = 30_000;
const CLOSING_AFTER_MS: i64 = 5_000;

/// A range of time `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
}

/// The first clip: from 10 s before the start to 20 s after the flagging, at most 60 s, of which
/// the end is kept.
pub fn first_clip(started_at: Wall, flagged_at: Wall) -> Range {
    let to = flagged_at.plus_millis(AFTER_MS);
    let from = started_at.plus_millis(-BEFORE_MS).max(to.plus_millis(-LONGEST_MS));
    Range { from, to }
}

/// The closing clip of an incident that outlasted its first one: its last half minute and 5 s more.
/// `None` if the first clip shows the end already.
pub fn closing_clip(started_at: Wall, flagged_at: Wall, ended_at: Wall) -> Option<Range> {
    let shown = first_clip(started_at, flagged_at).to;
    let to = ended_at.plus_millis(CLOSING_AFTER_MS);
    (ended_at > shown).then(|| Range { from: ended_at.plus_millis(-CLOSING_MS).max(shown), to })
}

/// What has to be cut to have a picture of the moment `at`; the cut begins at the keyframe before.
pub fn later_still(at: Wall) -> Range {
    Range { from: at.plus_millis(-LATER_MS), to: at.plus_millis(1000) }
}

/// The excerpt of sound: from 2 s before the start to 8 s after the flagging, within the clip.
pub fn sound(started_at: Wall, flagged_at: Wall, clip: Range) -> Range {
    Range {
        from: started_at.plus_millis(-SOUND_BEFORE_MS).max(clip.from),
        to: flagged_at.plus_millis(SOUND_AFTER_MS).min(clip.to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Wall {
        Wall::from_millis(ms)
    }

    #[test]
    fn the_first_clip_shows_10_s_before_and_20_s_after() {
        let clip = first_clip(at(100_000), at(101_000));
        assert_eq!((clip.from, clip.to), (at(90_000), at(121_000)));
    }

    #[test]
    fn only_an_incident_that_outlasts_its_clip_has_a_closing_one() {
        assert_eq!(closing_clip(at(100_000), at(101_000), at(115_000)), None);
        let clip = closing_clip(at(100_000), at(101_000), at(300_000)).unwrap();
        assert_eq!((clip.from, clip.to), (at(270_000), at(305_000)));
    }

    proptest! {
        #[test]
        fn no_clip_is_over_a_minute(start in 0i64..1_000_000_000, held in 0i64..10_000_000, lasted in 0i64..10_000_000) {
            let (started, flagged) = (at(start), at(start + held));
            let first = first_clip(started, flagged);
            prop_assert!(first.to.millis_since(first.from) <= 60_000 && first.from < first.to);
            if let Some(last) = closing_clip(started, flagged, at(start + held + lasted)) {
                prop_assert!(last.to.millis_since(last.from) <= 60_000 && last.from >= first.to && last.from < last.to);
            }
        }
    }
}
