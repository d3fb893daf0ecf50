//! Whether a sound is speech: Silero VAD, which remembers what it heard before.

#[cfg(test)]
use std::sync::Arc;

use super::ModelError;
use super::files::ModelFile;
#[cfg(test)]
use super::network::Engine;
use super::network::{Network, Outline, Runtime};

/// Samples of a chunk: 32 ms at 16 kHz.
pub const CHUNK: usize = 512;

/// Samples of the chunk before that the network hears again.
const CONTEXT: usize = 64;

/// Numbers in each of its two memories.
const MEMORY: usize = 128;

/// Tells speech. A clone is the same network; each camera has a listener of its own.
#[derive(Clone)]
pub struct SpeechNet {
    network: Network,
}

impl SpeechNet {
    pub(super) fn load(file: ModelFile, runtime: &Runtime, lanes: usize) -> Result<Self, ModelError> {
        Ok(Self { network: runtime.open(&file.read()?, outline(), lanes)? })
    }

    /// One that is not loaded from a file.
    #[cfg(test)]
    pub(super) fn over(engine: Arc<dyn Engine>) -> Self {
        Self { network: Network::over(engine, outline()) }
    }

    /// A listener that has heard nothing yet.
    pub fn listener(&self) -> SpeechListener {
        SpeechListener {
            network: self.network.clone(),
            heard: [0.0; CONTEXT + CHUNK],
            hidden: vec![0.0; MEMORY],
            cell: vec![0.0; MEMORY],
        }
    }
}

/// Listens to one camera.
pub struct SpeechListener {
    network: Network,
    heard: [f32; CONTEXT + CHUNK],
    hidden: Vec<f32>,
    cell: Vec<f32>,
}

impl SpeechListener {
    /// How likely `chunk` is speech, 0 to 1: 512 samples at 16 kHz in −1..1, which follow on those of
    /// the call before.
    ///
    /// # Errors
    /// If the chunk is of another length, or the network does not answer; it then begins anew.
    pub fn probability(&mut self, chunk: &[f32]) -> Result<f32, ModelError> {
        if chunk.len() != CHUNK {
            return Err(ModelError::Input { what: "a chunk", got: chunk.len(), wanted: CHUNK });
        }
        self.heard.copy_within(CHUNK.., 0);
        for (into, sample) in self.heard.iter_mut().skip(CONTEXT).zip(chunk) {
            *into = plain(*sample);
        }
        match self.network.run(&[&self.heard, &self.hidden, &self.cell]) {
            Ok(outputs) => {
                let Ok([probability, hidden, cell]) = <[Vec<f32>; 3]>::try_from(outputs) else {
                    return Err(ModelError::Failed { why: "it has not three outputs".into() });
                };
                (self.hidden, self.cell) = (hidden, cell);
                Ok(probability.first().copied().unwrap_or_default().clamp(0.0, 1.0))
            }
            Err(e) => {
                self.begin_anew();
                Err(e)
            }
        }
    }

    /// Forgets what was heard: after a gap in the sound.
    pub fn begin_anew(&mut self) {
        self.heard.fill(0.0);
        self.hidden.fill(0.0);
        self.cell.fill(0.0);
    }
}

/// A sample in −1..1; what is no number is silence.
pub(super) fn plain(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) }
}

/// What goes into the network and comes out of it.
pub(super) fn outline() -> Outline {
    let memory = |name: &'static str| (name, vec![1, 1, MEMORY]);
    Outline {
        inputs: vec![("input", vec![1, CONTEXT + CHUNK]), memory("h"), memory("c")],
        outputs: vec![("speech_probs", vec![1]), memory("hn"), memory("cn")],
    }
}
