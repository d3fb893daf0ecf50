//! The models for tests, which fail in words when set-up has not made them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use super::network::Engine;
use super::{Loaded, Models, SpeechNet, Wanted};
use crate::config::{Perceive, Runtime};

/// Where set-up puts them.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

/// Settings with the models that set-up makes.
pub(crate) fn settings() -> Perceive {
    Perceive { models: Some(folder()), ..Perceive::default() }
}

/// The same in ONNX Runtime.
pub(crate) fn onnxruntime() -> Perceive {
    let library = folder().join("onnxruntime/libonnxruntime.so");
    assert!(library.is_file(), "{} is not there: run deploy/setup.sh test", library.display());
    Perceive { runtime: Runtime::OnnxRuntime { library }, ..settings() }
}

/// The models that are `wanted`, all of which must work.
pub(crate) fn models(wanted: Wanted) -> Models {
    let models = Models::load(&settings(), wanted);
    assert!(models.faults().is_empty(), "{:?}: run deploy/setup.sh test", models.faults());
    models
}

/// A model of speech whose first `times` answers wait until the other end of `gate` is gone, and how often it
/// was asked.
pub(crate) fn speech_that_hangs(times: usize, gate: Receiver<()>) -> (Models, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let hangs = Hangs { times, asked: asked.clone(), gate: Mutex::new(gate) };
    let speech = SpeechNet::over(Arc::new(hangs));
    (Models { loaded: Arc::new(Loaded { speech: Some(speech), ..Loaded::default() }) }, asked)
}

struct Hangs {
    times: usize,
    asked: Arc<AtomicUsize>,
    gate: Mutex<Receiver<()>>,
}

impl Engine for Hangs {
    fn run(&self, inputs: &[&[f32]]) -> Result<Vec<Vec<f32>>, String> {
        if self.asked.fetch_add(1, Ordering::SeqCst) < self.times {
            // Whoever is behind the first waits for its lock, which is as good as hanging.
            let _ = self.gate.lock().unwrap().recv();
        }
        Ok(vec![vec![0.0], inputs[1].to_vec(), inputs[2].to_vec()])
    }
}
