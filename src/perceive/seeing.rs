//! One camera's picture to motion: the shell around [`Motion`], in a thread of its own, because
//! decoding takes the processor and not the network.
//!
//! A sub stream is decoded whole; of a main stream, where there is no sub, only the keyframes.

use tokio::sync::mpsc;

use super::{Motion, Observation, Observed};
use crate::ingest::{Unit, VideoUnit};
use crate::libav::{LibavError, Picture, PictureDecoder};
use crate::model::CameraId;

/// The most pictures a second that are looked at.
const MOST_PER_SECOND: i64 = 5;

/// Decodes the pictures among `units` and tells where they moved, until the units end or nobody
/// listens. Blocks: give it a thread.
pub fn see(
    camera: &CameraId,
    keyframes_only: bool,
    units: &mut mpsc::Receiver<Unit>,
    told: &mpsc::Sender<Observed>,
) {
    let mut eye = Eye { keyframes_only, decoder: None, motion: Motion::default(), next_look: i64::MIN };
    while let Some(unit) = units.blocking_recv() {
        let Unit::Video(unit) = unit else { continue };
        if keyframes_only && !unit.is_key {
            continue;
        }
        match eye.look(&unit) {
            Ok(Some(observation)) => {
                let observed = Observed { camera: camera.clone(), observation, at: unit.arrived };
                if told.blocking_send(observed).is_err() {
                    return;
                }
            }
            Ok(None) => {}
            Err(e) => {
                tracing::debug!(%camera, "a picture cannot be decoded: {e}");
                eye.decoder = None;
            }
        }
    }
}

struct Eye {
    keyframes_only: bool,
    decoder: Option<(std::sync::Arc<crate::libav::VideoFormat>, PictureDecoder)>,
    motion: Motion,
    next_look: i64,
}

impl Eye {
    fn look(&mut self, unit: &VideoUnit) -> Result<Option<Observation>, LibavError> {
        let fits = self.decoder.as_ref().is_some_and(|(format, _)| *format == unit.format);
        if !fits {
            if !unit.is_key {
                return Ok(None);
            }
            self.decoder = Some((unit.format.clone(), PictureDecoder::new(&unit.format)?));
        }
        let Some((_, decoder)) = &mut self.decoder else { return Ok(None) };
        let is_due = unit.pts >= self.next_look
            || unit.pts < self.next_look.saturating_sub(2 * crate::libav::VIDEO_TICKS);
        if is_due {
            self.next_look = unit.pts + crate::libav::VIDEO_TICKS / MOST_PER_SECOND - 900;
        }
        let motion = &mut self.motion;
        let mut seen = Ok(None);
        let see = |picture: &Picture<'_>| {
            if is_due {
                seen = picture.luma().map(|luma| motion.see(&luma));
            }
        };
        if self.keyframes_only {
            decoder.decode_alone(unit.pts, &unit.data, see)?;
        } else {
            decoder.decode(unit.pts, &unit.data, see)?;
        }
        Ok(seen?.map(Observation::Motion))
    }
}
