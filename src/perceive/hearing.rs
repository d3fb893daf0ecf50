//! One camera's sound to observations: the shell around [`Ear`], in a thread of its own, because the
//! models take the processor and not the network.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::models::Models;
use super::{Counters, Ear, Observed};
use crate::clock;
use crate::ingest::{SoundFormat, SoundUnit, Unit};
use crate::libav::{LibavError, SoundDecoder};
use crate::model::CameraId;

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
    let mut hearing = Hearing { decoder: None, samples: Vec::new(), ear: Ear::new(models) };
    let mut effort = Effort::default();
    while let Some(unit) = units.blocking_recv() {
        let Unit::Sound(unit) = unit else { continue };
        let began = clock::now().mono;
        let mut is_heard = true;
        let result = hearing.listen(&unit, &mut |observation, at| {
            is_heard &= told.blocking_send(Observed { camera: camera.clone(), observation, at }).is_ok();
        });
        if let Err(e) = result {
            tracing::debug!(%camera, "a piece of sound cannot be decoded: {e}");
        }
        effort.add(&unit, clock::now().mono.since(began), counters);
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
        told: &mut dyn FnMut(super::Observation, crate::model::Now),
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
