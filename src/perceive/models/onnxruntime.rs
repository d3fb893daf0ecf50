//! Networks in ONNX Runtime, about 1.6 times as fast, from a library that is loaded by its path.
//!
//! A session runs once at a time, so that there are as many as threads; none has threads of its own.
//! The library stays for as long as the process lives: the first that could be loaded is the only one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::value::TensorRef;

use super::network::{Engine, Outline};
use crate::clock;

/// How long a thread waits for a session before it goes without: one that hangs must not take the others along.
const PATIENCE: Duration = Duration::from_secs(5);
const ASKED_EVERY: Duration = Duration::from_millis(1);

/// The process's only library and environment; ONNX Runtime allows no second.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// The library, loaded.
#[derive(Clone)]
pub(super) struct OnnxRuntime {
    environment: Environment,
}

impl OnnxRuntime {
    /// Loads the library, unless it is loaded.
    pub(super) fn begin(library: &Path) -> Result<Self, String> {
        let library = std::path::absolute(library).map_err(|e| e.to_string())?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        match &*loaded {
            Some((path, environment)) if *path == library => Ok(Self { environment: environment.clone() }),
            Some((path, _)) => Err(format!("another library is loaded, {}", path.display())),
            None => {
                let begun = ort::init_from(&library).map_err(|e| e.to_string())?;
                let environment = begun.with_telemetry(false).build().map_err(|e| e.to_string())?;
                environment.set_log_level(LogLevel::Error);
                *loaded = Some((library, environment.clone()));
                Ok(Self { environment })
            }
        }
    }

    /// A network with a session for each of `lanes` threads.
    pub(super) fn open(
        &self,
        bytes: &[u8],
        outline: &Outline,
        lanes: usize,
    ) -> Result<Arc<dyn Engine>, String> {
        let session = || self.session(bytes).map(Mutex::new).map_err(|e| e.to_string());
        let sessions = (0..lanes.max(1)).map(|_| session()).collect::<Result<_, _>>()?;
        Ok(Arc::new(Sessions { sessions, outline: outline.clone() }))
    }

    fn session(&self, bytes: &[u8]) -> ort::Result<Session> {
        let builder = Session::builder(&self.environment)?;
        let builder = builder.with_intra_threads(1).map_err(ort::Error::<()>::from)?;
        let mut builder = builder.with_inter_threads(1).map_err(ort::Error::<()>::from)?;
        builder.commit_from_memory(bytes)
    }
}

struct Sessions {
    sessions: Vec<Mutex<Session>>,
    outline: Outline,
}

impl Sessions {
    /// One that nobody uses.
    fn free(&self) -> Option<MutexGuard<'_, Session>> {
        self.sessions.iter().find_map(|session| match session.try_lock() {
            Ok(session) => Some(session),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    fn answer(&self, session: &mut Session, inputs: &[&[f32]]) -> ort::Result<Vec<Vec<f32>>> {
        let ports = self.outline.inputs.iter().zip(inputs);
        let tensors = ports.map(|((name, shape), values)| {
            let tensor = TensorRef::from_array_view((shape.clone(), *values))?;
            Ok((*name, tensor.into()))
        });
        let tensors = tensors.collect::<ort::Result<Vec<(&str, ort::session::SessionInputValue<'_>)>>>()?;
        let outputs = session.run(tensors)?;
        let named = self.outline.outputs.iter().map(|(name, _)| {
            let output =
                outputs.get(name).ok_or_else(|| ort::Error::new(format!("there is no output {name}")))?;
            Ok(output.try_extract_tensor::<f32>()?.1.to_vec())
        });
        named.collect()
    }
}

impl Engine for Sessions {
    fn run(&self, inputs: &[&[f32]]) -> Result<Vec<Vec<f32>>, String> {
        let began = clock::now().mono;
        let mut session = loop {
            match self.free() {
                Some(session) => break session,
                None if clock::now().mono.since(began) >= PATIENCE => {
                    return Err("every session is busy or hangs".into());
                }
                None => std::thread::sleep(ASKED_EVERY),
            }
        };
        self.answer(&mut session, inputs).map_err(|e| e.to_string())
    }
}
