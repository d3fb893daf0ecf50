//! One camera's picture to what is seen in it: the shell around [`Eye`], in a thread of its own, because
//! decoding takes the processor and not the network.
//!
//! A sub stream is decoded whole; of a main stream, where there is no sub, only the keyframes. The threads
//! stand back behind recording; whoever falls behind passes pictures over and counts them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::catching_up::CatchingUp;
use super::seldom::Seldom;
use super::{Counters, Eye, Look, Lookers, Observation, Observed, lower_priority};
use crate::clock;
use crate::ingest::{Unit, VideoUnit};
use crate::libav::{LibavError, Picture, PictureDecoder, VideoFormat};
use crate::model::{CameraId, Now};

/// How far the threads stand back; a decoder that is late costs more than a look for people that is.
const NICE: i32 = 5;

/// What is seen of one camera, and who is told.
#[derive(Clone)]
pub struct Seeing {
    /// Which camera.
    pub camera: CameraId,
    /// Whether only keyframes are decoded.
    pub keyframes_only: bool,
    /// Who looks for people, where somebody does.
    pub lookers: Option<Lookers>,
    /// What was done and dropped.
    pub counters: Counters,
    /// Who is told.
    pub told: mpsc::Sender<Observed>,
}

impl Seeing {
    /// Decodes the pictures among `units` and tells what is seen, until the units end or nobody
    /// listens.
    ///
    /// # Errors
    /// If the system gives no thread, or the program has a fault.
    pub async fn run(self, units: Arc<tokio::sync::Mutex<mpsc::Receiver<Unit>>>) -> anyhow::Result<()> {
        let (done, is_done) = oneshot::channel();
        // Not one of the runtime's: those also write for the recorder, and a priority once lowered stays low.
        let thread = thread::Builder::new().name(format!("see {}", self.camera));
        thread.spawn(move || {
            lower_priority(NICE);
            self.see(&mut units.blocking_lock());
            let _ = done.send(());
        })?;
        is_done.await.map_err(|_| anyhow::anyhow!("a fault in the program while pictures were looked at"))
    }

    fn see(&self, units: &mut mpsc::Receiver<Unit>) {
        let eye = Eye::of_shell(self.lookers.is_some(), self.counters.next_track());
        let eye = Arc::new(Mutex::new(eye));
        let mut stream = Stream { keyframes_only: self.keyframes_only, decoder: None };
        let (mut catching_up, mut passed_over) = (CatchingUp::default(), Seldom::default());
        while let Some(unit) = units.blocking_recv() {
            let Unit::Video(unit) = unit else { continue };
            if self.keyframes_only && !unit.is_key {
                continue;
            }
            let now = clock::now().mono;
            if !catching_up.decodes(unit.is_key, now.since(unit.arrived.mono)) {
                self.counters.picture_dropped();
                if let Some(dropped) = passed_over.happened(now) {
                    tracing::warn!(
                        camera = %self.camera, dropped,
                        "máy quá chậm, một số khung hình không được xem (ghi hình không bị ảnh hưởng) / \
                         the machine is too slow, some pictures are not looked at (recording is not affected)"
                    );
                }
                continue;
            }
            let mut is_heard = true;
            let seen = stream.decode(&unit, |picture| {
                let mut tell = |observation, at| is_heard = is_heard && self.tell(observation, at);
                let look = lock(&eye).see(picture, unit.arrived, &mut tell);
                if let Some(look) = look {
                    self.ask(&eye, look);
                }
            });
            if let Err(e) = seen {
                tracing::debug!(camera = %self.camera, "a picture cannot be decoded: {e}");
                stream.decoder = None;
            }
            if !is_heard {
                return;
            }
        }
    }

    /// Has people looked for; what is found is told from the thread that found it.
    fn ask(&self, eye: &Arc<Mutex<Eye>>, look: Look) {
        let Some(lookers) = &self.lookers else { return };
        // An answer that comes when the eye is gone is of no use to anybody.
        let (eye, seeing): (Weak<_>, _) = (Arc::downgrade(eye), Seeing { lookers: None, ..self.clone() });
        let answer = move |look: &Look, found| {
            let Some(eye) = eye.upgrade() else { return };
            let mut eye = lock(&eye);
            let people = eye.found(look.at, found);
            seeing.counters.tracks_used(eye.next_number());
            drop(eye);
            seeing.tell(people, look.at);
        };
        lookers.ask(&self.camera, look, &self.counters, Box::new(answer));
    }

    /// Waits for the rules if they are behind. `false` if nobody listens any more.
    fn tell(&self, observation: Observation, at: Now) -> bool {
        self.told.blocking_send(Observed { camera: self.camera.clone(), observation, at }).is_ok()
    }
}

/// One of them panicked: the eye is made again by the supervisor, until then this one does.
fn lock(eye: &Mutex<Eye>) -> MutexGuard<'_, Eye> {
    eye.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The decoder of a stream, made anew when the stream's format changes.
struct Stream {
    keyframes_only: bool,
    decoder: Option<(Arc<VideoFormat>, PictureDecoder)>,
}

impl Stream {
    fn decode(&mut self, unit: &VideoUnit, each: impl FnMut(&Picture<'_>)) -> Result<(), LibavError> {
        let fits = self.decoder.as_ref().is_some_and(|(format, _)| *format == unit.format);
        if !fits {
            if !unit.is_key {
                return Ok(());
            }
            self.decoder = Some((unit.format.clone(), PictureDecoder::new(&unit.format)?));
        }
        let Some((_, decoder)) = &mut self.decoder else { return Ok(()) };
        match self.keyframes_only {
            true => decoder.decode_alone(unit.pts, &unit.data, each),
            false => decoder.decode(unit.pts, &unit.data, each),
        }
    }
}
