//! One camera's sound to observations: the shell around [`Ear`], in a thread of its own, because the
//! models take the processor and not the network.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::catching_up::CatchingUp;
use super::models::Models;
use super::seldom::Seldom;
use super::{Counters, Ear, Observed};
use crate::clock;
use crate::ingest::{SoundFormat, SoundUnit, Unit};
use crate::libav::{LibavError, SoundDecoder};
use crate::model::{CameraId, Now};

/// How much sound is listened to before it is told what it took.
const TOLD_EVERY_S: u32 = 10;

/// Decodes the sound among `units` and tells what is heard in it, until the units end or nobody
/// listens. Blocks: give it a thread.
pub fn hear(
    camera: &CameraId,
    models: &Models,
    counters: &Counters,
    units: &mut mpsc::Receiver<Unit>,
    told: &mpsc::Sender<Observed>,
) {
    hear_by(&clock::now, camera, models, counters, units, told);
}

fn hear_by(
    time: &dyn Fn() -> Now,
    camera: &CameraId,
    models: &Models,
    counters: &Counters,
    units: &mut mpsc::Receiver<Unit>,
    told: &mpsc::Sender<Observed>,
) {
    let mut hearing = Hearing { decoder: None, samples: Vec::new(), ear: Ear::new(models) };
    let mut effort = Effort::default();
    let (mut catching_up, mut passed_over) = (CatchingUp::default(), Seldom::default());
    while let Some(unit) = units.blocking_recv() {
        let Unit::Sound(unit) = unit else { continue };
        let began = time().mono;
        if !catching_up.decodes(true, began.since(unit.arrived.mono)) {
            counters.sound_dropped();
            if let Some(dropped) = passed_over.happened(began) {
                tracing::warn!(
                    %camera, dropped,
                    "máy quá chậm, một số âm thanh không được nghe (ghi hình không bị ảnh hưởng) / \
                     the machine is too slow, some sound is not listened to (recording is not affected)"
                );
            }
            continue;
        }
        let mut is_heard = true;
        let result = hearing.listen(&unit, &mut |observation, at| {
            is_heard &= told.blocking_send(Observed { camera: camera.clone(), observation, at }).is_ok();
        });
        if let Err(e) = result {
            tracing::debug!(%camera, "a piece of sound cannot be decoded: {e}");
        }
        effort.add(&unit, time().mono.since(began), counters);
        if !is_heard {
            return;
        }
    }
}

/// What it takes to listen.
#[derive(Default)]
struct Effort {
    heard: Duration,
    took: Duration,
}

impl Effort {
    fn add(&mut self, unit: &SoundUnit, took: Duration, counters: &Counters) {
        let per_second = f64::from(unit.format.sample_rate.max(1));
        self.heard += Duration::from_secs_f64(f64::from(unit.samples) / per_second);
        self.took += took;
        if self.heard >= Duration::from_secs(u64::from(TOLD_EVERY_S)) {
            counters.heard(self.took / TOLD_EVERY_S);
            *self = Self::default();
        }
    }
}

/// A camera's decoder, which is another one for sound of another kind, and its ear.
struct Hearing {
    decoder: Option<(Arc<SoundFormat>, SoundDecoder)>,
    samples: Vec<f32>,
    ear: Ear,
}

impl Hearing {
    fn listen(
        &mut self,
        unit: &SoundUnit,
        told: &mut dyn FnMut(super::Observation, Now),
    ) -> Result<(), LibavError> {
        let decoder = match &mut self.decoder {
            Some((format, decoder)) if *format == unit.format => decoder,
            other => {
                let format = &unit.format;
                let decoder = SoundDecoder::new(&format.codec, format.sample_rate, format.channels)?;
                &mut other.insert((format.clone(), decoder)).1
            }
        };
        self.samples.clear();
        decoder.decode(&unit.data, &mut self.samples)?;
        // The decoder knows better than the camera's description how fast samples are.
        self.ear.hear(&self.samples, decoder.sample_rate(), unit.arrived, told);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libav::SoundCodec;

    #[test]
    fn sound_that_waited_too_long_is_passed_over_and_counted_up_to_what_has_just_come() {
        let format = Arc::new(SoundFormat { codec: SoundCodec::Pcma, sample_rate: 8000, channels: 1 });
        let (queue, mut units) = mpsc::channel(1000);
        let (told, mut observed) = mpsc::channel(1000);
        let now = Now::default().plus(Duration::from_secs(100));
        // A second each, 20 ms at a time.
        for waited_s in [10, 2, 0] {
            for _ in 0..50 {
                let arrived = now.minus(Duration::from_secs(waited_s));
                let data = vec![0xD5; 160].into();
                let unit = SoundUnit {
                    pts: 0,
                    samples: 160,
                    lost_packets: 0,
                    data,
                    arrived,
                    format: format.clone(),
                };
                queue.try_send(Unit::Sound(unit)).unwrap();
            }
        }
        drop(queue);
        let counters = Counters::default();
        hear_by(&|| now, &CameraId::new("c").unwrap(), &Models::default(), &counters, &mut units, &told);
        assert_eq!(counters.now().sounds_dropped, 100);
        let first = observed.try_recv().unwrap();
        assert!(now.mono.since(first.at.mono) < Duration::from_secs(1), "{first:?}");
    }
}
