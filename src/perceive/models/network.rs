//! One network in one runtime, behind a door that neither the models nor the runtimes see through.

use std::sync::Arc;

use super::ModelError;
use super::onnxruntime::OnnxRuntime;
use super::tract;
use crate::config;

/// An input or an output of a network: its name and its shape.
pub(super) type Port = (&'static str, Vec<usize>);

/// What goes into a network and what comes out, in the order of its file.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
}

/// A network as a runtime holds it. The error is what the runtime says.
pub(super) trait Engine: Send + Sync {
    /// One run. The inputs have the right number of values; the outputs may be anything.
    fn run(&self, inputs: &[&[f32]]) -> Result<Vec<Vec<f32>>, String>;
}

/// What runs the networks.
#[derive(Clone)]
pub(super) enum Runtime {
    /// The built-in one.
    Tract,
    /// The library on this machine.
    OnnxRuntime(OnnxRuntime),
}

impl Runtime {
    /// The runtime that the config asks for.
    pub(super) fn begin(settings: &config::Perceive) -> Result<Self, ModelError> {
        match &settings.runtime {
            config::Runtime::Tract => Ok(Runtime::Tract),
            config::Runtime::OnnxRuntime { library } => OnnxRuntime::begin(library)
                .map(Runtime::OnnxRuntime)
                .map_err(|why| ModelError::Library { why: format!("{}: {why}", library.display()) }),
        }
    }

    /// Opens a network that up to `lanes` threads will run at a time, and runs it once on zeros to see
    /// that it answers as its outline says.
    pub(super) fn open(&self, bytes: &[u8], outline: Outline, lanes: usize) -> Result<Network, ModelError> {
        let opened = match self {
            Runtime::Tract => tract::open(bytes, &outline),
            Runtime::OnnxRuntime(runtime) => runtime.open(bytes, &outline, lanes),
        };
        let network =
            Network { engine: opened.map_err(|why| ModelError::Unusable { why })?, outline: outline.into() };
        let zeros: Vec<_> = network.outline.inputs.iter().map(|port| vec![0.0; values(port)]).collect();
        let zeros: Vec<_> = zeros.iter().map(Vec::as_slice).collect();
        match network.run(&zeros) {
            Ok(_) => Ok(network),
            Err(ModelError::Failed { why }) => Err(ModelError::Unusable { why }),
            Err(e) => Err(e),
        }
    }
}

/// A network that takes and gives what its outline says. A clone is the same network.
#[derive(Clone)]
pub(super) struct Network {
    engine: Arc<dyn Engine>,
    outline: Arc<Outline>,
}

impl Network {
    /// One that is not opened from a file.
    #[cfg(test)]
    pub(super) fn over(engine: Arc<dyn Engine>, outline: Outline) -> Self {
        Self { engine, outline: outline.into() }
    }

    /// One run: the outputs in the order of the outline, each of its size and nothing but numbers.
    pub(super) fn run(&self, inputs: &[&[f32]]) -> Result<Vec<Vec<f32>>, ModelError> {
        let wanted = &self.outline.inputs;
        if inputs.len() != wanted.len() {
            return Err(ModelError::Input { what: "the list", got: inputs.len(), wanted: wanted.len() });
        }
        for (input, port) in inputs.iter().zip(wanted) {
            if input.len() != values(port) {
                return Err(ModelError::Input { what: port.0, got: input.len(), wanted: values(port) });
            }
        }
        let outputs = self.engine.run(inputs).map_err(|why| ModelError::Failed { why })?;
        match amiss(&outputs, &self.outline.outputs) {
            None => Ok(outputs),
            Some(why) => Err(ModelError::Failed { why }),
        }
    }
}

/// How many values go through a port.
fn values(port: &Port) -> usize {
    port.1.iter().product()
}

/// What is wrong with a network's answers, if anything is.
fn amiss(outputs: &[Vec<f32>], wanted: &[Port]) -> Option<String> {
    if outputs.len() != wanted.len() {
        return Some(format!("{} outputs where {} belong", outputs.len(), wanted.len()));
    }
    outputs.iter().zip(wanted).find_map(|(output, port)| {
        if output.len() != values(port) {
            return Some(format!("{} has {} values where {} belong", port.0, output.len(), values(port)));
        }
        output.iter().any(|value| !value.is_finite()).then(|| format!("{} is not all numbers", port.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answers(Vec<Vec<f32>>);

    impl Engine for Answers {
        fn run(&self, _: &[&[f32]]) -> Result<Vec<Vec<f32>>, String> {
            Ok(self.0.clone())
        }
    }

    fn run(answers: &[&[f32]], input: &[f32]) -> Result<Vec<Vec<f32>>, String> {
        let outline =
            Outline { inputs: vec![("image", vec![1, 2])], outputs: vec![("a", vec![2]), ("b", vec![1])] };
        let engine = Arc::new(Answers(answers.iter().map(|one| one.to_vec()).collect()));
        Network::over(engine, outline).run(&[input]).map_err(|e| e.to_string())
    }

    #[test]
    fn answers_are_passed_on_only_if_they_are_numbers_of_the_right_size() {
        assert_eq!(run(&[&[1.0, 2.0], &[3.0]], &[0.0; 2]).unwrap(), [vec![1.0, 2.0], vec![3.0]]);
        for (answers, told) in [
            ([&[1.0, 2.0][..], &[f32::NAN]], "b is not all numbers"),
            ([&[1.0, f32::INFINITY][..], &[3.0]], "a is not all numbers"),
            ([&[1.0][..], &[3.0]], "a has 1 values where 2 belong"),
        ] {
            assert!(run(&answers, &[0.0; 2]).unwrap_err().ends_with(told), "{told}");
        }
        assert!(run(&[&[1.0, 2.0]], &[0.0; 2]).unwrap_err().ends_with("1 outputs where 2 belong"));
    }

    #[test]
    fn an_input_of_another_size_never_reaches_the_network() {
        assert_eq!(run(&[], &[0.0; 3]).unwrap_err(), "image has 3 values where 2 are taken");
    }
}
