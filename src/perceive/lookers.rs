//! The few threads that look for people in the pictures of all cameras: the shell around [`Turns`].
//!
//! They run at a lower priority than everything else, so that a machine that is short records first, hears
//! and decodes second, and looks with what is left; every camera's rate falls alike then. A look that panics
//! costs itself. One that never ends costs its thread, which is given up after a while and replaced; one
//! that ends after all takes a place again if there is one.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::models::Found;
use super::seldom::Seldom;
use super::{Counters, Look, Turns, lower_priority};
use crate::clock;
use crate::model::CameraId;

/// How long a look may take before its thread is given up: a thousand times what it should.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many threads may hang before no new ones are started in their place.
const MOST_GIVEN_UP: usize = 8;

/// How far the threads stand back: the difference of 10 leaves them a tenth of a contended core.
const NICE: i32 = 10;

/// Looks for people in a picture.
pub type Find = Arc<dyn Fn(&Look) -> Result<Vec<Found>, String> + Send + Sync>;

/// Takes what was found; not called for a look that is dropped or fails.
type Answer = Box<dyn FnOnce(&Look, Vec<Found>) + Send>;

/// The threads. A clone is the same ones; they end with the last.
#[derive(Clone)]
pub struct Lookers {
    hall: Arc<Hall>,
    /// Ends the threads when the last clone goes; they hold the hall, but not this.
    _end: Arc<End>,
}

struct Asked {
    look: Look,
    counters: Counters,
    answer: Answer,
}

struct Hall {
    find: Find,
    threads: usize,
    patience: Duration,
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    turns: Turns<CameraId, Asked>,
    /// Where the work for each camera is counted.
    counters: BTreeMap<CameraId, Counters>,
    is_over: bool,
    /// Threads that are there for the next look, and those that hang in one.
    working: usize,
    given_up: usize,
    dropped: Seldom,
    failed: Seldom,
}

struct End(Arc<Hall>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.woken.notify_all();
    }
}

impl Lookers {
    /// Starts `threads` of them.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(find: Find, threads: usize) -> std::io::Result<Self> {
        Self::start_with(find, threads, PATIENCE)
    }

    fn start_with(find: Find, threads: usize, patience: Duration) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let hall = Hall { find, threads, patience, state: Mutex::default(), woken: Condvar::new() };
        let hall = Arc::new(hall);
        let end = Arc::new(End(hall.clone()));
        (0..threads).try_for_each(|_| hall.start_thread())?;
        Ok(Self { hall, _end: end })
    }

    /// Has a camera's look done when it is its turn; one of the same camera that still waits is dropped.
    /// Never waits.
    pub(super) fn ask(&self, camera: &CameraId, look: Look, counters: &Counters, answer: Answer) {
        let now = clock::now().mono;
        let asked = Asked { look, counters: counters.clone(), answer };
        let mut state = self.hall.state();
        state.counters.entry(camera.clone()).or_insert_with(|| counters.clone());
        if let Some(old) = state.turns.offer(camera, asked) {
            old.counters.look_dropped();
            if let Some(dropped) = state.dropped.happened(now) {
                tracing::warn!(
                    dropped,
                    "máy quá chậm, một số lần tìm người bị bỏ qua (ghi hình không bị ảnh hưởng) / \
                     the machine is too slow, some looks for people are dropped (recording is not affected)"
                );
            }
        }
        let hanging = state.turns.give_up(self.hall.patience, now);
        state.given_up += hanging.len();
        state.working = state.working.saturating_sub(hanging.len());
        hanging
            .iter()
            .filter_map(|camera| state.counters.get(camera))
            .for_each(|one| one.look_is_given_up(true));
        let replaced = state.given_up <= MOST_GIVEN_UP;
        drop(state);
        self.hall.woken.notify_one();
        for camera in hanging {
            tracing::error!(
                %camera,
                "lần tìm người không kết thúc, luồng xử lý bị bỏ / a look for people does not end, its thread is given up"
            );
            if !replaced {
                tracing::error!("too many threads hang: people are not looked for any more");
            } else if let Err(e) = self.hall.start_thread() {
                tracing::error!("no thread to look for people: {e}");
            }
        }
    }
}

impl Hall {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_thread(self: &Arc<Self>) -> std::io::Result<()> {
        // Counted before it is there, so that one that comes back does not take its place.
        self.state().working += 1;
        let hall = self.clone();
        let started = thread::Builder::new().name("look".into()).spawn(move || hall.work()).map(drop);
        if started.is_err() {
            let mut state = self.state();
            state.working = state.working.saturating_sub(1);
        }
        started
    }

    fn work(&self) {
        lower_priority(NICE);
        let mut worker = self.state().turns.new_worker();
        while let Some((camera, asked)) = self.next(worker) {
            let counters = asked.counters.clone();
            let is_wanted = || self.state().turns.is_served_by(worker);
            // What panics is this look; the state behind the lock is not touched by it.
            let work = AssertUnwindSafe(|| look_for(&self.find, asked, is_wanted));
            if let Err(why) = catch_unwind(work).unwrap_or_else(|_| Err("a fault in the program".into())) {
                counters.look_failed();
                if let Some(failed) = self.state().failed.happened(clock::now().mono) {
                    tracing::error!(%camera, failed, "không tìm được người / people could not be looked for: {why}");
                }
            }
            let mut state = self.state();
            if !state.turns.done(worker) {
                counters.look_is_given_up(false);
                // Another took this one's place while it seemed to hang, unless too many did.
                state.given_up = state.given_up.saturating_sub(1);
                if state.working >= self.threads {
                    return;
                }
                state.working += 1;
                worker = state.turns.new_worker();
            }
            drop(state);
            // This camera's next look may have waited for this one.
            self.woken.notify_one();
        }
    }

    /// Waits for something to do; `None` when it is over.
    fn next(&self, worker: u64) -> Option<(CameraId, Asked)> {
        let mut state = self.state();
        loop {
            if state.is_over {
                return None;
            }
            if let Some(next) = state.turns.take(worker, clock::now().mono) {
                return Some(next);
            }
            state = self.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn look_for(find: &Find, asked: Asked, is_wanted: impl Fn() -> bool) -> Result<(), String> {
    let began = clock::now().mono;
    let found = find(&asked.look)?;
    asked.counters.looked(clock::now().mono.since(began));
    if is_wanted() {
        (asked.answer)(&asked.look, found);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use crate::model::Now;
    use crate::perceive::models::Letterbox;

    const WITHIN: Duration = Duration::from_secs(20);

    /// A look that is told apart by its only byte.
    fn look(byte: u8) -> Look {
        Look { pixels: vec![byte], letterbox: Letterbox::of(16, 9), at: Now::default() }
    }

    fn camera(name: &str) -> CameraId {
        CameraId::new(name).unwrap()
    }

    struct Asker {
        lookers: Lookers,
        answers: (Sender<u8>, Receiver<u8>),
        counters: Counters,
    }

    impl Asker {
        fn new(patience: Duration, find: impl Fn(u8) -> Result<(), String> + Send + Sync + 'static) -> Self {
            let find = move |look: &Look| find(look.pixels[0]).map(|()| Vec::new());
            let lookers = Lookers::start_with(Arc::new(find), 1, patience).unwrap();
            Self { lookers, answers: channel(), counters: Counters::default() }
        }

        fn ask(&self, name: &str, byte: u8) {
            let told = self.answers.0.clone();
            let answer = Box::new(move |look: &Look, _| told.send(look.pixels[0]).unwrap());
            self.lookers.ask(&camera(name), look(byte), &self.counters, answer);
        }

        fn answer(&self) -> u8 {
            self.answers.1.recv_timeout(WITHIN).unwrap()
        }
    }

    #[test]
    fn a_slow_look_drops_the_older_ones_of_its_camera_and_counts_them() {
        let (go, may_go) = channel();
        let may_go = Mutex::new(may_go);
        let (began, has_begun) = channel();
        let asker = Asker::new(PATIENCE, move |byte| {
            began.send(byte).unwrap();
            may_go.lock().unwrap().recv().map_err(|e| e.to_string())
        });
        asker.ask("gate", 1);
        assert_eq!(has_begun.recv_timeout(WITHIN), Ok(1));
        (2..=9).for_each(|byte| asker.ask("gate", byte));
        asker.ask("hall", 20);
        (0..3).for_each(|_| go.send(()).unwrap());
        let answers = [asker.answer(), asker.answer(), asker.answer()];
        assert_eq!(answers, [1, 20, 9], "the hall has its turn, the gate its newest look");
        let counts = asker.counters.now();
        assert_eq!((counts.looks, counts.dropped, counts.failed), (3, 7, 0));
    }

    #[test]
    fn a_look_that_panics_or_fails_costs_itself() {
        let asker = Asker::new(PATIENCE, |byte| match byte {
            1 => panic!("on purpose"),
            2 => Err("no answer".into()),
            _ => Ok(()),
        });
        ["gate", "hall", "yard"].iter().zip(1..).for_each(|(name, byte)| asker.ask(name, byte));
        assert_eq!(asker.answer(), 3);
        assert_eq!(asker.counters.now().failed, 2);
    }

    #[test]
    fn a_look_that_never_ends_costs_its_thread_and_the_others_go_on() {
        let (hangs, for_ever) = channel::<()>();
        let for_ever = Mutex::new(for_ever);
        let (began, has_begun) = channel();
        let asker = Asker::new(Duration::ZERO, move |byte| {
            began.send(()).unwrap();
            if byte == 1 {
                let _ = for_ever.lock().unwrap().recv();
            }
            Ok(())
        });
        asker.ask("gate", 1);
        has_begun.recv_timeout(WITHIN).unwrap();
        asker.ask("hall", 2);
        assert_eq!(asker.answer(), 2);
        asker.ask("gate", 3);
        assert_eq!(asker.answer(), 3, "its camera is looked at again too");
        assert!(asker.counters.hanging() >= 1, "and it is shown");
        drop(hangs);
        asker.ask("hall", 4);
        assert_eq!(asker.answer(), 4);
        let Asker { lookers, answers: (told, answers), .. } = asker;
        drop((lookers, told));
        assert_eq!(answers.iter().next(), None, "what the first found came too late");
    }

    #[test]
    fn too_many_looks_that_hang_are_not_replaced_and_work_again_once_they_end() {
        let (hangs, for_ever) = channel::<()>();
        let for_ever = Mutex::new(for_ever);
        let (began, has_begun) = channel();
        let asker = Asker::new(Duration::ZERO, move |byte| {
            began.send(()).unwrap();
            if byte == 0 {
                let _ = for_ever.lock().unwrap().recv();
            }
            Ok(())
        });
        for _ in 0..=MOST_GIVEN_UP {
            asker.ask("gate", 0);
            has_begun.recv_timeout(WITHIN).unwrap();
        }
        asker.ask("hall", 1);
        assert_eq!(asker.lookers.hall.state().working, 0, "nobody is left to look");
        drop(hangs);
        assert_eq!(asker.answer(), 1);
        asker.ask("hall", 2);
        assert_eq!(asker.answer(), 2);
    }
}
