//! What is offered to perception of what is recorded: a queue that never makes a recorder wait.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Counters;
use crate::ingest::Unit;

/// Every so many dropped units it is said again.
const SAY_EVERY: u64 = 1000;

/// What of a stream is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its sound.
    Sound,
    /// All its pictures.
    Pictures,
    /// Those of its pictures that can be decoded alone.
    Keyframes,
}

impl What {
    /// How many units may wait: about 10 s of sound, half a minute of pictures or keyframes.
    fn queue(self) -> usize {
        match self {
            What::Sound => 512,
            What::Pictures => 256,
            What::Keyframes => 16,
        }
    }

    fn takes(self, unit: &Unit) -> bool {
        match unit {
            Unit::Sound(_) => self == What::Sound,
            Unit::Video(unit) => self == What::Pictures || self == What::Keyframes && unit.is_key,
            Unit::Report(_) => false,
        }
    }
}

/// The end of a perception queue that ingest feeds: it never waits.
#[derive(Debug, Clone)]
pub struct Tap {
    name: Arc<str>,
    what: What,
    queue: mpsc::Sender<Unit>,
    counters: Counters,
}

impl Tap {
    /// A tap and the queue behind it; `name` says in the log what is being dropped.
    pub fn new(name: &str, what: What, counters: &Counters) -> (Self, mpsc::Receiver<Unit>) {
        let (queue, taken) = mpsc::channel(what.queue());
        (Self { name: name.into(), what, queue, counters: counters.clone() }, taken)
    }

    /// Offers a unit; when the queue is full it is dropped, counted, and that is said.
    pub fn offer(&self, unit: &Unit) {
        if !self.what.takes(unit) || self.queue.try_send(unit.clone()).is_ok() {
            return;
        }
        let before = match self.what {
            What::Sound => self.counters.sound_dropped(),
            What::Pictures | What::Keyframes => self.counters.picture_dropped(),
        };
        if before.is_multiple_of(SAY_EVERY) {
            tracing::warn!(
                task = &*self.name,
                dropped = before + 1,
                "máy quá chậm, một số dữ liệu được ghi nhưng không được xem hay nghe / \
                 the machine is too slow for this: what is recorded is not looked at or listened to"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{SoundFormat, SoundUnit};
    use crate::libav::SoundCodec;
    use crate::model::Now;

    fn sound() -> Unit {
        let format = SoundFormat { codec: SoundCodec::Pcma, sample_rate: 8000, channels: 1 };
        Unit::Sound(SoundUnit {
            pts: 0,
            samples: 160,
            lost_packets: 0,
            data: Default::default(),
            format: Arc::new(format),
            arrived: Now::default(),
        })
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_never_waits() {
        let counters = Counters::default();
        let (tap, mut taken) = Tap::new("gate/hearing", What::Sound, &counters);
        (0..What::Sound.queue() + 7).for_each(|_| tap.offer(&sound()));
        assert_eq!(counters.now().sounds_dropped, 7);
        assert!(taken.try_recv().is_ok());
        tap.offer(&sound());
        assert_eq!(counters.now().sounds_dropped, 7, "there is room again");
    }

    #[test]
    fn sound_takes_no_room_where_pictures_wait() {
        let (tap, mut taken) = Tap::new("gate/seeing", What::Pictures, &Counters::default());
        tap.offer(&sound());
        assert!(taken.try_recv().is_err());
    }
}
