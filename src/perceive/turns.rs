//! Whose turn it is where many cameras wait for a few workers. Pure.
//!
//! Each camera has one place: a newer piece of work takes the place of an older one that still waits. Next
//! is always whoever was served the longest ago, and a camera that is being served waits for that to end.
//! So a machine that is short serves every camera equally often, with what is newest of each, and there
//! is never more waiting than there are cameras.

use std::time::Duration;

use crate::model::Mono;

/// Work of type `T` for cameras that are told apart by `K`.
#[derive(Debug)]
pub struct Turns<K, T> {
    /// Every camera that ever had work: those that were never served, then the others by when they were.
    places: Vec<(K, Option<T>)>,
    never_served: usize,
    /// Who is being served, by which worker and since when.
    served: Vec<(K, u64, Mono)>,
    workers: u64,
}

impl<K, T> Default for Turns<K, T> {
    fn default() -> Self {
        Self { places: Vec::new(), never_served: 0, served: Vec::new(), workers: 0 }
    }
}

impl<K: Clone + PartialEq, T> Turns<K, T> {
    /// A number for a new worker.
    pub fn new_worker(&mut self) -> u64 {
        self.workers += 1;
        self.workers
    }

    /// Puts `work` in the camera's place; gives what it took the place of.
    pub fn offer(&mut self, camera: &K, work: T) -> Option<T> {
        match self.places.iter_mut().find(|(known, _)| known == camera) {
            Some((_, place)) => place.replace(work),
            None => {
                self.places.insert(self.never_served, (camera.clone(), Some(work)));
                self.never_served += 1;
                None
            }
        }
    }

    /// The next piece of work for this worker; `None` if there is nothing to do.
    pub fn take(&mut self, worker: u64, at: Mono) -> Option<(K, T)> {
        let is_free = |camera: &K| self.served.iter().all(|(busy, ..)| busy != camera);
        let next = self.places.iter().position(|(camera, work)| work.is_some() && is_free(camera))?;
        let (camera, work) = self.places.remove(next);
        self.never_served -= usize::from(next < self.never_served);
        self.places.push((camera.clone(), None));
        self.served.push((camera.clone(), worker, at));
        Some((camera, work?))
    }

    /// Whether this worker is at something and was not given up.
    pub fn is_served_by(&self, worker: u64) -> bool {
        self.served.iter().any(|(_, serving, _)| *serving == worker)
    }

    /// The worker has done what it took. `false` if it was given up meanwhile: another has its
    /// place, what it found comes too late, and it is to end.
    pub fn done(&mut self, worker: u64) -> bool {
        let before = self.served.len();
        self.served.retain(|(_, serving, _)| *serving != worker);
        self.served.len() < before
    }

    /// Gives up the workers that have been at one piece of work for `patience`; their cameras are
    /// served again. Gives those cameras: each stands for a worker that has to be replaced.
    pub fn give_up(&mut self, patience: Duration, at: Mono) -> Vec<K> {
        let hangs = |(_, _, since): &(K, u64, Mono)| at.since(*since) >= patience;
        let given_up = self.served.iter().filter(|served| hangs(served));
        let given_up = given_up.map(|(camera, ..)| camera.clone()).collect();
        self.served.retain(|served| !hangs(served));
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    #[test]
    fn the_newest_look_takes_the_older_ones_place_and_turn() {
        let mut turns = Turns::default();
        assert_eq!(turns.offer(&"gate", 1), None);
        assert_eq!(turns.offer(&"hall", 2), None);
        assert_eq!(turns.offer(&"gate", 3), Some(1), "this one is dropped");
        assert_eq!(turns.take(1, at(0)), Some(("gate", 3)), "in the turn of the first");
        assert_eq!(turns.take(2, at(0)), Some(("hall", 2)));
        assert_eq!(turns.take(3, at(0)), None);
    }

    #[test]
    fn a_camera_is_served_by_one_worker_at_a_time() {
        let mut turns = Turns::default();
        let (one, two) = (turns.new_worker(), turns.new_worker());
        turns.offer(&"gate", 1);
        assert_eq!(turns.take(one, at(0)), Some(("gate", 1)));
        turns.offer(&"gate", 2);
        turns.offer(&"hall", 3);
        assert_eq!(turns.take(two, at(0)), Some(("hall", 3)), "the gate is being served");
        assert!(turns.done(one));
        assert_eq!(turns.take(one, at(0)), Some(("gate", 2)));
    }

    #[test]
    fn a_worker_that_hangs_is_given_up_and_its_camera_served_by_another() {
        let mut turns = Turns::default();
        let (one, two) = (turns.new_worker(), turns.new_worker());
        turns.offer(&"gate", 1);
        turns.take(one, at(0));
        turns.offer(&"gate", 2);
        let patience = Duration::from_secs(30);
        assert_eq!(turns.give_up(patience, at(29_999)), [""; 0]);
        assert_eq!(turns.give_up(patience, at(30_000)), ["gate"]);
        assert_eq!(turns.take(two, at(30_000)), Some(("gate", 2)));
        assert!(!turns.done(one), "what it found comes too late");
        assert!(turns.done(two));
    }

    proptest! {
        #[test]
        fn cameras_that_all_want_more_than_there_is_are_served_equally_often(
            cameras in 1usize..12,
            workers in 1u64..4,
            // How often each camera offers and how long each look takes, in steps.
            offers in prop::collection::vec(1usize..4, 12),
            takes in 4usize..9,
        ) {
            // More is wanted than there is, so that every camera always has something waiting.
            prop_assume!(cameras > 4 * usize::try_from(workers).unwrap());
            let mut turns = Turns::default();
            let mut served = vec![0usize; cameras];
            let mut busy: Vec<(u64, usize)> = (0..workers).map(|_| (turns.new_worker(), 0)).collect();
            for step in 0..4000usize {
                for (camera, every) in offers.iter().enumerate().take(cameras) {
                    if step % every == 0 {
                        turns.offer(&camera, step);
                    }
                }
                prop_assert!(turns.places.len() <= cameras);
                for (worker, left) in &mut busy {
                    *left = left.saturating_sub(1);
                    if *left == 0 {
                        turns.done(*worker);
                        if let Some((camera, offered)) = turns.take(*worker, at(step as u64)) {
                            prop_assert!(step - offered < offers[camera], "what is newest is looked at");
                            served[camera] += 1;
                            *left = takes;
                        }
                    }
                }
            }
            let (least, most) = (served.iter().min().unwrap(), served.iter().max().unwrap());
            prop_assert!(most - least <= 1, "{served:?}");
        }
    }
}
