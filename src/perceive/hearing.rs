//! One camera's sound to levels: the shell around [`Levels`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Levels, Loudness, Observation, Observed};
use crate::ingest::{SoundFormat, SoundUnit, Unit};
use crate::libav::{LibavError, SoundDecoder};
use crate::model::{CameraId, Mono, Now};

/// Decodes the sound among `units` and tells its levels until the units end or nobody listens.
///
/// # Errors
/// If the sound cannot be decoded at all; a damaged piece is passed over.
pub async fn hear(
    camera: CameraId,
    units: &mut mpsc::Receiver<Unit>,
    told: mpsc::Sender<Observed>,
) -> anyhow::Result<()> {
    let mut ear: Option<Ear> = None;
    while let Some(unit) = units.recv().await {
        let Unit::Sound(unit) = unit else { continue };
        let ear = match &mut ear {
            Some(ear) if ear.format == unit.format => ear,
            other => other.insert(Ear::new(unit.format.clone())?),
        };
        let heard = match ear.listen(&unit) {
            Ok(heard) => heard,
            Err(e) => {
                tracing::debug!(%camera, "a piece of sound cannot be decoded: {e}");
                continue;
            }
        };
        for (dbfs, window_ms, at) in heard {
            let observation =
                Observation::Sound(Loudness { dbfs, lufs: dbfs, speech: None, is_flat: false, window_ms });
            if told.send(Observed { camera: camera.clone(), observation, at }).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A decoder and its levels, for one connection's sound.
struct Ear {
    format: Arc<SoundFormat>,
    decoder: SoundDecoder,
    /// With its rate: the decoder knows better than the camera's description how fast samples are.
    levels: Option<(u32, Levels)>,
    samples: Vec<f32>,
}

impl Ear {
    fn new(format: Arc<SoundFormat>) -> Result<Self, LibavError> {
        let decoder = SoundDecoder::new(&format.codec, format.sample_rate, format.channels)?;
        Ok(Self { format, decoder, levels: None, samples: Vec::new() })
    }

    /// The level, length in ms and end of each window that `unit` completes.
    fn listen(&mut self, unit: &SoundUnit) -> Result<Vec<(f64, u32, Now)>, LibavError> {
        self.samples.clear();
        self.decoder.decode(&unit.data, &mut self.samples)?;
        let rate = self.decoder.sample_rate();
        let (_, levels) = match &mut self.levels {
            Some(known) if known.0 == rate => known,
            other => other.insert((rate, Levels::new(rate))),
        };
        let window_ms = levels.window_ms();
        let mut heard = Vec::new();
        levels.take(&self.samples, |dbfs, before_end| {
            heard.push((dbfs, window_ms, earlier(unit.arrived, before_end)));
        });
        Ok(heard)
    }
}

fn earlier(now: Now, by: Duration) -> Now {
    let ms = i64::try_from(by.as_millis()).unwrap_or(0);
    Now { mono: Mono(now.mono.0.saturating_sub(by)), wall: now.wall.plus_millis(-ms) }
}
