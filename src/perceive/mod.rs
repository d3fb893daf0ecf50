//! What is seen and heard: levels of sound, motion in the picture.
//!
//! **Invariant:** perception never holds up recording. Its queues are bounded; what does not fit is
//! dropped and counted, and the count is told.

mod hearing;

mod level;

mod motion;

mod seeing;

pub use hearing::hear;
pub use level::Levels;
pub use motion::Motion;
pub use seeing::see;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use crate::incident::Observation;
use crate::ingest::Unit;
use crate::model::{CameraId, Now};

/// An observation on its way to the rules.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Whose.
    pub camera: CameraId,
    /// What.
    pub observation: Observation,
    /// When it was so.
    pub at: Now,
}

/// The end of a perception queue that ingest feeds: it never waits.
#[derive(Debug, Clone)]
pub struct Tap {
    queue: mpsc::Sender<Unit>,
    dropped: Arc<AtomicU64>,
}

/// How many units may wait: about 10 s of sound and picture.
const QUEUE: usize = 512;

impl Tap {
    /// A tap and the queue behind it.
    pub fn new() -> (Self, mpsc::Receiver<Unit>) {
        let (queue, taken) = mpsc::channel(QUEUE);
        (Self { queue, dropped: Arc::default() }, taken)
    }

    /// Offers a unit; when the queue is full it is dropped and counted.
    pub fn offer(&self, unit: &Unit) {
        if self.queue.try_send(unit.clone()).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many units were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
