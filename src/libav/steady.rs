//! Times that never run backwards, out of the time stamps of a file that may be damaged. Pure.
//!
//! A pause of up to a minute is a pause. A longer leap, or one back, counts only if what comes next
//! goes on from it: a lone stray stamp costs its own piece. A leap forward is then a pause too, as
//! long as all of them together are under a day; anything else, as where a stream was joined to
//! another, goes on where the times before it ended.

/// How far back a stamp may lie, µs: pictures and sound of one time come a little out of order.
const BACK_US: i64 = 1_000_000;

/// The longest pause that needs no confirmation, µs.
const PAUSE_US: i64 = 60_000_000;

/// What follows a leap within this goes on from it, µs.
const CONFIRMED_WITHIN_US: i64 = 600_000_000;

/// All long pauses of a file together, µs.
const PAUSES_US: i64 = 86_400_000_000;

/// Places the stamps of one track on a time line.
#[derive(Debug, Clone, Default)]
pub(super) struct Steady {
    shift: i64,
    last: Option<i64>,
    suspect: Option<i64>,
    paused: i64,
}

impl Steady {
    /// The time of a piece stamped `stamp` (µs); `None` for one that belongs nowhere.
    pub(super) fn place(&mut self, stamp: i64) -> Option<i64> {
        let at = stamp.saturating_add(self.shift);
        let Some(last) = self.last else {
            self.last = Some(at);
            return self.last;
        };
        let ahead = at.saturating_sub(last);
        if (-BACK_US..=PAUSE_US).contains(&ahead) {
            self.suspect = None;
            self.last = Some(at.max(last));
            return self.last;
        }
        let follows = |suspect: i64| (0..=CONFIRMED_WITHIN_US).contains(&stamp.saturating_sub(suspect));
        let Some(suspect) = self.suspect.filter(|suspect| follows(*suspect)) else {
            self.suspect = Some(stamp);
            return None;
        };
        self.suspect = None;
        let paused = self.paused.saturating_add(ahead);
        if ahead > 0 && paused <= PAUSES_US {
            self.paused = paused;
        } else {
            self.shift = last.saturating_sub(suspect);
        }
        self.last = Some(stamp.saturating_add(self.shift).max(last));
        self.last
    }

    /// The time of a piece without a stamp, `step` µs after the one before.
    pub(super) fn after(&mut self, step: i64) -> i64 {
        let at = self.last.map_or(0, |last| last.saturating_add(step.clamp(0, PAUSE_US)));
        self.last = Some(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn placed(seconds: &[i64]) -> Vec<Option<i64>> {
        let mut steady = Steady::default();
        let times = seconds.iter().map(|s| steady.place(s.saturating_mul(1_000_000)));
        times.map(|at| at.map(|at| at / 1_000_000)).collect()
    }

    #[test]
    fn a_pause_stays_a_pause() {
        assert_eq!(placed(&[5, 6, 40, 41]), [Some(5), Some(6), Some(40), Some(41)]);
    }

    #[test]
    fn a_lone_stray_stamp_costs_its_own_piece_only() {
        assert_eq!(placed(&[5, 6, 90_000, 7, 8]), [Some(5), Some(6), None, Some(7), Some(8)]);
        assert_eq!(placed(&[5, 6, -90_000, 7, 8]), [Some(5), Some(6), None, Some(7), Some(8)]);
    }

    #[test]
    fn a_stream_that_begins_again_goes_on_where_it_was() {
        assert_eq!(placed(&[50, 51, 0, 1, 2]), [Some(50), Some(51), None, Some(52), Some(53)]);
        let far = i64::MAX / 1_000_000;
        assert_eq!(placed(&[50, 51, far - 1, far]), [Some(50), Some(51), None, Some(52)]);
    }

    #[test]
    fn a_long_pause_counts_if_what_follows_it_goes_on_there() {
        assert_eq!(placed(&[0, 1, 4000, 4001]), [Some(0), Some(1), None, Some(4001)]);
    }

    proptest! {
        #[test]
        fn times_never_run_backwards_nor_further_than_is_credible(stamps in proptest::collection::vec(any::<i64>(), 0..200)) {
            let mut steady = Steady::default();
            let placed: Vec<i64> = stamps.iter().filter_map(|stamp| steady.place(*stamp)).collect();
            prop_assert!(placed.is_sorted());
            if let (Some(first), Some(last)) = (placed.first(), placed.last()) {
                let most = PAUSES_US + CONFIRMED_WITHIN_US * 200;
                prop_assert!(last.saturating_sub(*first) <= most);
            }
        }
    }
}
