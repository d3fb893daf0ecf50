//! What is seen and heard: levels of sound, motion in the picture.
//!
//! **Invariant:** perception never holds up recording. Its queues are bounded; what does not fit is
//! dropped and counted, and the count is told.

mod hearing;

mod level;

pub mod models;

mod motion;

mod observation;

mod seeing;

pub use hearing::hear;
pub use level::Levels;
pub use motion::Motion;
pub use observation::{
    Cells, Frame, GRID_COLUMNS, GRID_ROWS, Heard, Loudness, Observation, People, Person, View, contains,
};
pub use seeing::see;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

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
    name: Arc<str>,
    queue: mpsc::Sender<Unit>,
    dropped: Arc<AtomicU64>,
}

/// How many units may wait: about 10 s of sound and picture.
const QUEUE: usize = 512;

/// Every so many dropped units it is said again.
const SAY_EVERY: u64 = 1000;

impl Tap {
    /// A tap and the queue behind it; `name` says in the log what is being dropped.
    pub fn new(name: &str) -> (Self, mpsc::Receiver<Unit>) {
        let (queue, taken) = mpsc::channel(QUEUE);
        (Self { name: name.into(), queue, dropped: Arc::default() }, taken)
    }

    /// Offers a unit; when the queue is full it is dropped, counted, and that is said.
    pub fn offer(&self, unit: &Unit) {
        if self.queue.try_send(unit.clone()).is_err() {
            let before = self.dropped.fetch_add(1, Ordering::Relaxed);
            if before.is_multiple_of(SAY_EVERY) {
                tracing::warn!(
                    task = &*self.name,
                    dropped = before + 1,
                    "the machine is too slow for this: what is recorded is not looked at or listened to"
                );
            }
        }
    }

    /// How many units were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_drops_and_counts_and_never_waits() {
        let (tap, mut taken) = Tap::new("gate/hearing");
        let format = crate::ingest::SoundFormat {
            codec: crate::libav::SoundCodec::Pcma,
            sample_rate: 8000,
            channels: 1,
        };
        let unit = Unit::Sound(crate::ingest::SoundUnit {
            pts: 0,
            samples: 160,
            lost_packets: 0,
            data: Default::default(),
            format: Arc::new(format),
            arrived: Now::default(),
        });
        (0..QUEUE + 7).for_each(|_| tap.offer(&unit));
        assert_eq!(tap.dropped(), 7);
        assert!(taken.try_recv().is_ok());
        tap.offer(&unit);
        assert_eq!(tap.dropped(), 7, "there is room again");
    }
}
