//! What became of the work of looking at one camera, counted: what is dropped is never dropped silently.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

/// The counts of one camera since the start of the process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    looks: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    people_ms: AtomicU64,
    sound_us: AtomicU64,
    pictures_dropped: AtomicU64,
    sounds_dropped: AtomicU64,
    looks_hang: AtomicU64,
    listening_hangs: AtomicU64,
    next_track: AtomicU64,
}

/// The counts at one moment, as `/api/cameras` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Perception {
    /// Looks for people that were done.
    pub looks: u64,
    /// Looks that a newer picture took the place of, because the machine was too slow.
    pub dropped: u64,
    /// Looks that the model did not answer.
    pub failed: u64,
    /// How long the last look took, in ms.
    pub people_ms: u64,
    /// How long a second of sound took to be understood, in µs, over the last ten.
    pub sound_us: u64,
    /// Coded pictures that were not even decoded, because the machine was too slow.
    pub pictures_dropped: u64,
    /// Packets of sound that were not listened to, for the same reason.
    pub sounds_dropped: u64,
    /// Threads that were given up because a model does not answer, and that have not come back.
    pub hanging: u64,
}

impl Counters {
    /// The counts now.
    pub fn now(&self) -> Perception {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.0;
        Perception {
            looks: read(&counts.looks),
            dropped: read(&counts.dropped),
            failed: read(&counts.failed),
            people_ms: read(&counts.people_ms),
            sound_us: read(&counts.sound_us),
            pictures_dropped: read(&counts.pictures_dropped),
            sounds_dropped: read(&counts.sounds_dropped),
            hanging: self.hanging(),
        }
    }

    /// A look was done and took this long.
    pub(super) fn looked(&self, took: Duration) {
        self.0.looks.fetch_add(1, Ordering::Relaxed);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.0.people_ms.store(ms, Ordering::Relaxed);
    }

    /// A second of sound took this long.
    pub(super) fn heard(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.sound_us.store(us, Ordering::Relaxed);
    }

    /// A look was passed over for a newer one.
    pub(super) fn look_dropped(&self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// A look was not answered.
    pub(super) fn look_failed(&self) {
        self.0.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// A coded picture was passed over; gives how many there were before it.
    pub(super) fn picture_dropped(&self) -> u64 {
        self.0.pictures_dropped.fetch_add(1, Ordering::Relaxed)
    }

    /// A packet of sound was passed over; gives how many there were before it.
    pub(super) fn sound_dropped(&self) -> u64 {
        self.0.sounds_dropped.fetch_add(1, Ordering::Relaxed)
    }

    /// Threads of both kinds that were given up and have not come back.
    pub fn hanging(&self) -> u64 {
        self.0.looks_hang.load(Ordering::Relaxed).saturating_add(self.listening_hangs())
    }

    /// Those of them that listened.
    pub(super) fn listening_hangs(&self) -> u64 {
        self.0.listening_hangs.load(Ordering::Relaxed)
    }

    /// A thread that listened is given up, or has come back after all.
    pub(crate) fn listening_is_given_up(&self, is_given_up: bool) {
        count(&self.0.listening_hangs, is_given_up);
    }

    /// A thread that looked for people is given up, or has come back after all.
    pub(super) fn look_is_given_up(&self, is_given_up: bool) {
        count(&self.0.looks_hang, is_given_up);
    }

    /// Where an eye that is made again goes on to count persons.
    pub(super) fn next_track(&self) -> u64 {
        self.0.next_track.load(Ordering::Relaxed).max(1)
    }

    /// Every number below this one may have been used.
    pub(super) fn tracks_used(&self, below: u64) {
        self.0.next_track.fetch_max(below, Ordering::Relaxed);
    }
}

/// One more, or one less.
fn count(hanging: &AtomicU64, is_more: bool) {
    match is_more {
        true => hanging.fetch_add(1, Ordering::Relaxed),
        false => hanging.fetch_sub(1, Ordering::Relaxed),
    };
}
