//! Which sounds are heard: YAMNet, which knows 521 of them.

use std::sync::Arc;

use super::ModelError;
use super::files::ModelFile;
use super::mel::{BANDS, FRAMES, Mel};
use super::network::{Network, Outline, Runtime};
use super::speech::plain;

pub use super::mel::SAMPLES;

/// How many sounds it knows.
const CLASSES: usize = 521;

/// Tells sounds. A clone is the same network.
#[derive(Clone)]
pub struct SoundNet {
    network: Network,
    mel: Arc<Mel>,
    names: Arc<[String]>,
}

impl SoundNet {
    pub(super) fn load(
        file: ModelFile,
        names: ModelFile,
        runtime: &Runtime,
        lanes: usize,
    ) -> Result<Self, ModelError> {
        let names = class_names(&String::from_utf8_lossy(&names.read()?))
            .ok_or_else(|| ModelError::Unusable { why: format!("it has not {CLASSES} names of sounds") })?;
        let network = runtime.open(&file.read()?, outline(), lanes)?;
        Ok(Self { network, mel: Arc::new(Mel::new()), names: names.into() })
    }

    /// How likely each of the sounds is heard in `samples`, each for itself, 0 to 1, in the order of
    /// [`SoundNet::class_names`]: 15 600 samples at 16 kHz in −1..1, which are 0.975 s.
    ///
    /// # Errors
    /// If there are not so many samples, or the network does not answer.
    pub fn scores(&self, samples: &[f32]) -> Result<Vec<f32>, ModelError> {
        if samples.len() != SAMPLES {
            return Err(ModelError::Input { what: "a sound", got: samples.len(), wanted: SAMPLES });
        }
        let samples: Vec<f32> = samples.iter().map(|sample| plain(*sample)).collect();
        let outputs = self.network.run(&[&self.mel.picture(&samples)])?;
        let logits = outputs.into_iter().next().unwrap_or_default();
        Ok(logits.into_iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect())
    }

    /// What each of the sounds is called, in English, such as `Screaming`.
    pub fn class_names(&self) -> &[String] {
        &self.names
    }

    /// Which of the sounds is called `name`.
    pub fn class(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

/// The names in a table with lines of `index,mid,display_name`, the last perhaps in quotes; `None` if
/// they are not those of the network.
fn class_names(table: &str) -> Option<Vec<String>> {
    let mut names = Vec::with_capacity(CLASSES);
    for line in table.lines().skip(1).filter(|line| !line.is_empty()) {
        let mut fields = line.splitn(3, ',');
        let (index, name) = (fields.next()?, fields.nth(1)?);
        if index.parse() != Ok(names.len()) {
            return None;
        }
        names.push(name.trim_matches('"').to_owned());
    }
    (names.len() == CLASSES).then_some(names)
}

/// What goes into the network and comes out of it.
pub(super) fn outline() -> Outline {
    Outline {
        inputs: vec![("audio", vec![1, 1, FRAMES, BANDS])],
        outputs: vec![("logits", vec![1, CLASSES])],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_commas_are_in_quotes_and_a_table_with_a_gap_is_refused() {
        let line = |i: usize| format!("{i},/m/0,\"Sound, number {i}\"\r\n");
        let table = format!("index,mid,display_name\r\n{}", (0..CLASSES).map(line).collect::<String>());
        let names = class_names(&table).unwrap();
        assert_eq!(names[520], "Sound, number 520");
        assert!(class_names(&table.replace("\n7,", "\n8,")).is_none());
        assert!(class_names("").is_none());
    }
}
