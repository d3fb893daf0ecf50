//! What looks and listens: where the models are, what runs them, how many looks at a time.

use std::path::PathBuf;

use super::Context;
use super::reader::Table;

/// The most looks at a time: recording and the rules need the rest of the machine.
const MOST_THREADS: u32 = 16;

/// What looks and listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Perceive {
    /// The folder of the model files; if the file says nothing they are looked for near the program.
    pub models: Option<PathBuf>,
    /// What runs them.
    pub runtime: Runtime,
    /// How many pictures are looked at for people at a time, at least 1.
    pub threads: usize,
}

/// What runs the models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// The one that is built in.
    Tract,
    /// ONNX Runtime, from a library on this machine.
    OnnxRuntime {
        /// The library's file.
        library: PathBuf,
    },
}

impl Default for Perceive {
    fn default() -> Self {
        Self { models: None, runtime: Runtime::Tract, threads: usual_threads() }
    }
}

/// One core less than there are, for everything else; at most 2.
fn usual_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.saturating_sub(1).clamp(1, 2)
}

/// Reads `[perceive]`.
pub(super) fn perceive(mut table: Table<'_>, context: &Context<'_>) -> Option<Perceive> {
    let usual = Perceive::default();
    let models = match table.value("models") {
        None => Some(None),
        Some(value) => value.path(context).map(Some),
    };
    let is_onnx = table.or("runtime", false, |value| value.word(&[("tract", false), ("onnxruntime", true)]));
    let library = table.value("library");
    let runtime = match (is_onnx, library) {
        (Some(false), None) => Some(Runtime::Tract),
        (Some(true), Some(library)) => library.path(context).map(|library| Runtime::OnnxRuntime { library }),
        (Some(true), None) => {
            table.amiss(
                "runtime = \"onnxruntime\" needs library: write for example \
                 library = \"/opt/onnxruntime/libonnxruntime.so\"",
            );
            None
        }
        (Some(false), Some(library)) => library.amiss("is for runtime = \"onnxruntime\" only"),
        (None, library) => library.and_then(|library| library.path(context)).and(None),
    };
    let threads = table.or("threads", usual.threads, |value| {
        value.count(1..=MOST_THREADS).and_then(|count| usize::try_from(count).ok())
    });
    table.finish();
    Some(Perceive { models: models?, runtime: runtime?, threads: threads? })
}
