//! The models for tests, which fail in words when set-up has not made them.

use std::path::{Path, PathBuf};

use super::{Models, Wanted};
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
