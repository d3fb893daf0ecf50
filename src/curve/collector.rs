//! Gathers measurements into minutes. Pure, but for the channel that brings them.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use super::{Measured, Minute};
use crate::model::{CameraId, Wall};
use crate::perceive::{Observation, Observed};

/// One measurement of a camera.
pub(super) type Sample = (CameraId, Wall, Measured);

/// Where observations are told, beside the rules. Drops what nobody takes: a curve is no evidence.
#[derive(Debug, Clone)]
pub struct Tap(mpsc::Sender<Sample>);

impl Tap {
    /// A tap, and what comes out of it.
    pub fn new() -> (Self, mpsc::Receiver<Sample>) {
        let (tap, samples) = mpsc::channel(4096);
        (Self(tap), samples)
    }

    /// Tells of an observation, if it is of a kind that a curve shows.
    pub fn offer(&self, seen: &Observed) {
        let measured = match &seen.observation {
            Observation::Sound(loudness) => Measured::Level(loudness.dbfs),
            Observation::People(people) => Measured::People(people.persons.len()),
            _ => return,
        };
        let _ = self.0.try_send((seen.camera.clone(), seen.at.wall, measured));
    }
}

/// A camera's minute, by its number since 1970.
pub type Finished = (CameraId, i64, Minute);

/// The minutes that are being gathered.
#[derive(Debug, Default)]
pub struct Collector {
    open: BTreeMap<(CameraId, i64), Minute>,
}

impl Collector {
    /// Takes one measurement.
    pub fn take(&mut self, camera: &CameraId, at: Wall, measured: Measured) {
        let s = at.as_millis().div_euclid(1000);
        let minute = self.open.entry((camera.clone(), s.div_euclid(60))).or_default();
        minute.take(usize::try_from(s.rem_euclid(60)).unwrap_or(60), measured);
    }

    /// What has been gathered, to be kept; the minutes that are over by `now` are forgotten here.
    pub fn gathered(&mut self, now: Wall) -> Vec<Finished> {
        // What comes late, of a picture that took long, is merged by whoever keeps it.
        let current = now.as_millis().div_euclid(60_000).saturating_sub(1);
        let all =
            self.open.iter().map(|((camera, number), minute)| (camera.clone(), *number, minute.clone()));
        let gathered = all.collect();
        self.open.retain(|(_, number), _| *number >= current && *number <= current.saturating_add(2));
        gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_given_while_they_go_on_and_forgotten_when_they_are_over() {
        let (mut collector, camera) = (Collector::default(), CameraId::new("gate").unwrap());
        let at = |s: i64| Wall::from_millis(s * 1000);
        collector.take(&camera, at(59), Measured::Level(-30.0));
        collector.take(&camera, at(61), Measured::People(2));
        let numbers = |all: Vec<Finished>| all.into_iter().map(|(_, number, _)| number).collect::<Vec<_>>();
        assert_eq!(numbers(collector.gathered(at(62))), [0, 1]);
        assert_eq!(numbers(collector.gathered(at(130))), [0, 1]);
        assert_eq!(numbers(collector.gathered(at(140))), [1]);
        assert_eq!(numbers(collector.gathered(at(200))), [1]);
        assert_eq!(numbers(collector.gathered(at(210))), [0i64; 0]);
    }
}
