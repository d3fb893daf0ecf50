//! How likely a sound was, over a while. Pure.
//!
//! The model of sounds judges a second at a time, and many of its judgements are wrong by themselves: what
//! lasts is told by their mean.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Now;

/// A score stands for the time since the one before, but no longer: elsewhere nobody listened.
const STANDS_FOR: Duration = Duration::from_millis(480);

/// The scores of the last while.
#[derive(Debug, Clone)]
pub(super) struct MeanScore {
    over: Duration,
    /// When, how likely, and for how many seconds that stands; oldest first.
    scores: VecDeque<(Now, f64, f64)>,
}

impl MeanScore {
    /// The mean over the last `over`.
    pub fn new(over: Duration) -> Self {
        Self { over, scores: VecDeque::new() }
    }

    /// Takes the score of what was heard until now.
    pub fn take(&mut self, score: f64, now: Now) {
        let since = self.scores.back().map_or(STANDS_FOR, |(last, ..)| now.mono.since(last.mono));
        self.scores.push_back((now, score, since.min(STANDS_FOR).as_secs_f64()));
        self.forget(now);
    }

    /// The mean over all of the time: where nobody listened there was none.
    pub fn of_all(&self) -> f64 {
        let listened: f64 = self.scores.iter().map(|(.., seconds)| seconds).sum();
        self.sum() / self.over.as_secs_f64().max(listened).max(f64::EPSILON)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.scores.clear();
    }

    /// The mean over what was listened to in the time before `now`; `None` if nothing was.
    pub fn of_heard(&mut self, now: Now) -> Option<f64> {
        self.forget(now);
        let seconds: f64 = self.scores.iter().map(|(.., seconds)| seconds).sum();
        (seconds > 0.0).then(|| self.sum() / seconds)
    }

    fn sum(&self) -> f64 {
        self.scores.iter().map(|(_, score, seconds)| score * seconds).sum()
    }

    fn forget(&mut self, now: Now) {
        while self.scores.front().is_some_and(|(at, ..)| now.mono.since(at.mono) >= self.over) {
            self.scores.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Now {
        Now::default().plus(Duration::from_millis(ms))
    }

    fn heard(scores: &[(u64, f64)]) -> MeanScore {
        let mut mean = MeanScore::new(Duration::from_secs(3));
        scores.iter().for_each(|(ms, score)| mean.take(*score, at(*ms)));
        mean
    }

    #[test]
    fn each_score_counts_for_the_time_it_stands_for() {
        let mut mean = heard(&[(1000, 0.5), (1200, 0.5), (1500, 0.0)]);
        assert!((mean.of_all() - 0.5 * 0.68 / 3.0).abs() < 1e-9, "{}", mean.of_all());
        assert!((mean.of_heard(at(1500)).unwrap() - 0.5 * 0.68 / 0.98).abs() < 1e-9);
    }

    #[test]
    fn where_nobody_listened_there_was_nothing() {
        let mut mean = heard(&[(0, 1.0), (2000, 1.0)]);
        assert!((mean.of_all() - 0.96 / 3.0).abs() < 1e-9);
        assert_eq!(mean.of_heard(at(2000)), Some(1.0));
        assert_eq!(mean.of_heard(at(5000)), None);
    }

    #[test]
    fn it_is_never_more_than_the_highest_score() {
        let mut mean = MeanScore::new(Duration::from_secs(1));
        (0..20).for_each(|i| mean.take(0.9, at(i * 480)));
        assert!((mean.of_all() - 0.9).abs() < 1e-9, "{}", mean.of_all());
        mean.clear();
        assert_eq!(mean.of_all(), 0.0);
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        assert!((heard(&[(0, 1.0), (400, 1.0), (3200, 0.0)]).of_all() - 0.4 / 3.0).abs() < 1e-9);
    }
}
