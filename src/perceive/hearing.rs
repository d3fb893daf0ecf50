//! One camera's sound to observations: the shell around [`Ear`], in a thread of its own, because the
//! models take the processor and not the network.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::models::Models;
use super::{Ear, Observed};
use crate::ingest::{SoundFormat, SoundUnit, Unit};
use crate::libav::{LibavError, SoundDecoder};
use crate::model::CameraId;

/// Decodes the sound among `units` and tells what is heard in it, until the units end or nobody
/// listens. Blocks: give it a thread.
pub fn hear(
    camera: &CameraId,
    models: &Models,
    units: &mut mpsc::Receiver<Unit>,
    told: &mpsc::Sender<Observed>,
) {
    let mut hearing = Hearing { decoder: None, samples: Vec::new(), ear: Ear::new(models) };
    while let Some(unit) = units.blocking_recv() {
        let Unit::Sound(unit) = unit else { continue };
        let mut is_heard = true;
        let result = hearing.listen(&unit, &mut |observation, at| {
            is_heard &= told.blocking_send(Observed { camera: camera.clone(), observation, at }).is_ok();
        });
        if let Err(e) = result {
            tracing::debug!(%camera, "a piece of sound cannot be decoded: {e}");
        }
        if !is_heard {
            return;
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
