//! When a look for people is due: often while something moves, seldom when nothing does. Pure.
//!
//! A look costs as much as a hundred comparisons for motion, and nobody comes or goes without moving.
//! But whoever sits still moves nothing, and must still be seen: so looks go on at a floor rate, faster
//! where somebody is followed or was about a moment ago. Where a look found somebody whom nobody is
//! sure of yet, the next one comes sooner, so that an incident's onset is known within 2 s.

use std::time::Duration;

use super::Cells;
use crate::model::Mono;

/// Between looks while something moves: every second, where pictures come 5 times a second. A little
/// less than that, so that a picture which comes early is not passed over for the one after it.
const MOVING: Duration = Duration::from_millis(850);

/// Between looks while somebody is followed or something moved a while ago.
const CALM: Duration = Duration::from_millis(1850);

/// Between looks while nothing has moved for long and nobody is there.
const EMPTY: Duration = Duration::from_millis(4850);

/// The shortest time between two looks: for one that is to make sure.
const SOONEST: Duration = Duration::from_millis(350);

/// For how long after motion the looks do not become seldom.
const MOTION_COUNTS_FOR: Duration = Duration::from_secs(10);

/// What the last look left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interest {
    /// Nobody is there.
    #[default]
    Nobody,
    /// Somebody is followed.
    Followed,
    /// Somebody may have come: another look makes sure.
    Unsure,
}

/// Decides for one camera.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    looked: Option<Mono>,
    moved: Option<Mono>,
    interest: Interest,
    /// The last look came sooner than others: not two of them in a row, or flicker would double the rate.
    was_soon: bool,
}

impl Gate {
    /// Takes where a picture moved (`None` for the first of its size); gives whether to look for people
    /// in it. If so, it is taken for granted that somebody does.
    pub fn is_due(&mut self, moved: Option<&Cells>, at: Mono) -> bool {
        let moves = moved.is_none_or(|cells| cells.count() > 0);
        if moves {
            self.moved = Some(at);
        }
        let Some(looked) = self.looked else {
            self.looked = Some(at);
            return true;
        };
        let moved_lately = self.moved.is_some_and(|moved| at.since(moved) < MOTION_COUNTS_FOR);
        let wait = match self.interest {
            _ if moves => MOVING,
            Interest::Nobody if !moved_lately => EMPTY,
            _ => CALM,
        };
        let is_unsure = self.interest == Interest::Unsure && !self.was_soon;
        let since = at.since(looked);
        let is_due = since >= if is_unsure { SOONEST } else { wait };
        if is_due {
            self.was_soon = since < wait;
            self.looked = Some(at);
        }
        is_due
    }

    /// Takes what a look found.
    pub fn found(&mut self, interest: Interest) {
        self.interest = interest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times of looks, in ms, over pictures 200 ms apart: what moves and what the looks find, by time.
    fn looks(until_s: u64, moves: impl Fn(u64) -> bool, finds: impl Fn(u64) -> Interest) -> Vec<u64> {
        let mut gate = Gate::default();
        let mut looks = Vec::new();
        for ms in (0..until_s * 1000).step_by(200) {
            let mut cells = Cells::none();
            if moves(ms) {
                cells.insert(3, 4);
            }
            let at = Mono(Duration::from_millis(ms));
            if gate.is_due((ms > 0).then_some(&cells), at) {
                looks.push(ms);
                gate.found(finds(ms));
            }
        }
        looks
    }

    fn longest_wait(looks: &[u64]) -> u64 {
        looks.windows(2).map(|two| two[1] - two[0]).max().unwrap()
    }

    #[test]
    fn while_something_moves_there_is_a_look_every_second() {
        let looks = looks(60, |_| true, |_| Interest::Followed);
        assert_eq!(looks.len(), 60);
        assert_eq!(longest_wait(&looks), 1000);
    }

    #[test]
    fn whoever_sits_still_is_looked_at_every_two_seconds() {
        let looks = looks(60, |_| false, |_| Interest::Followed);
        assert_eq!(longest_wait(&looks), 2000);
        assert_eq!(looks.len(), 30);
    }

    #[test]
    fn an_empty_room_is_looked_at_every_five_seconds_once_it_has_been_still_for_ten() {
        let looks = looks(60, |ms| ms < 20_000, |_| Interest::Nobody);
        let calm: Vec<_> = looks.iter().filter(|at| (20_000..30_000).contains(*at)).collect();
        let empty: Vec<_> = looks.iter().filter(|at| (40_000..60_000).contains(*at)).collect();
        assert_eq!((calm.len(), empty.len()), (5, 4), "{looks:?}");
    }

    #[test]
    fn the_first_motion_in_an_empty_room_is_looked_at_at_once() {
        for begins in [30_200, 31_600, 33_000] {
            let looks = looks(60, |ms| ms >= begins, |_| Interest::Nobody);
            assert!(looks.iter().any(|at| (begins..begins + 800).contains(at)), "{begins}: {looks:?}");
        }
    }

    #[test]
    fn somebody_nobody_is_sure_of_is_looked_at_again_within_half_a_second() {
        let unsure_at = |ms| if ms == 30_000 { Interest::Unsure } else { Interest::Followed };
        let looks = looks(40, |_| true, unsure_at);
        assert!(looks.contains(&30_000) && looks.contains(&30_400), "{looks:?}");
    }

    #[test]
    fn flicker_that_is_never_sure_does_not_double_the_looks() {
        let looks = looks(60, |_| true, |_| Interest::Unsure);
        assert!(looks.len() <= 60 * 2 * 1000 / 1400 + 1, "{} looks in a minute", looks.len());
        assert_eq!(longest_wait(&looks), 1000);
    }

    #[test]
    fn keyframes_two_seconds_apart_are_all_looked_at_while_something_moves() {
        let mut gate = Gate::default();
        let all = (0..20).filter(|n| gate.is_due(None, Mono(Duration::from_secs(2 * n))));
        assert_eq!(all.count(), 20);
    }
}
