//! What a working thread is at, for whoever watches that it comes back.
//!
//! Nobody can end a thread that hangs. It is given up: another takes its place, and should it come back
//! after all, it is told so and ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Counters;
use crate::model::Mono;

/// One thread's pieces of work. A clone is the same thread's.
#[derive(Debug, Clone)]
pub(super) struct Shift {
    state: Arc<Mutex<State>>,
    counters: Counters,
}

#[derive(Debug, Default)]
struct State {
    began: Option<Mono>,
    is_given_up: bool,
}

impl Shift {
    /// Of a thread that has not begun anything; whether it hangs is counted in `counters`.
    pub fn new(counters: &Counters) -> Self {
        Self { state: Arc::default(), counters: counters.clone() }
    }

    /// The thread begins a piece of work, which lasts until what is given is dropped.
    pub fn begin(&self, at: Mono) -> Work<'_> {
        self.state().began = Some(at);
        Work(self)
    }

    /// How long it has been at one piece of work.
    pub fn lasts(&self, at: Mono) -> Duration {
        self.state().began.map_or(Duration::ZERO, |began| at.since(began))
    }

    /// Gives the thread up, once and for all, if it has been at one piece of work for `patience`.
    pub fn give_up(&self, patience: Duration, at: Mono) -> bool {
        let mut state = self.state();
        state.is_given_up = state.began.is_some_and(|began| at.since(began) >= patience);
        if state.is_given_up {
            self.counters.listening_is_given_up(true);
        }
        state.is_given_up
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A piece of work that is being done.
pub(super) struct Work<'a>(&'a Shift);

impl Work<'_> {
    /// It is done. `false` if the thread was given up meanwhile: what it found comes too late, and it is to end.
    pub fn done(self) -> bool {
        !self.0.state().is_given_up
    }
}

impl Drop for Work<'_> {
    /// Also of a thread that panics.
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.began = None;
        if state.is_given_up {
            self.0.counters.listening_is_given_up(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_at_one_piece_of_work_for_too_long_is_given_up() {
        let at = |s| Mono(Duration::from_secs(s));
        let counters = Counters::default();
        let (shift, patience) = (Shift::new(&counters), Duration::from_secs(30));
        for begins in [0, 20, 40] {
            let work = shift.begin(at(begins));
            assert!(!shift.give_up(patience, at(begins + 19)));
            assert!(work.done());
        }
        assert_eq!(shift.lasts(at(500)), Duration::ZERO, "who waits for work does not hang");
        assert!(!shift.give_up(patience, at(500)));
        let work = shift.begin(at(500));
        assert_eq!(shift.lasts(at(510)), Duration::from_secs(10));
        assert!(shift.give_up(patience, at(530)));
        assert_eq!(counters.hanging(), 1);
        assert!(!work.done(), "it comes too late");
        assert_eq!(counters.hanging(), 0);
    }

    #[test]
    fn a_thread_that_panics_hangs_no_more() {
        let counters = Counters::default();
        let shift = Shift::new(&counters);
        let work = shift.begin(Mono::default());
        assert!(shift.give_up(Duration::ZERO, Mono::default()));
        assert_eq!(counters.hanging(), 1);
        let panics = std::panic::AssertUnwindSafe(|| {
            let _work = work;
            panic!("on purpose");
        });
        assert!(std::panic::catch_unwind(panics).is_err());
        assert_eq!(counters.hanging(), 0);
    }
}
