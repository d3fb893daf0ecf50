//! The networks that see people and tell sounds: found, checked and loaded once, shared by all cameras.
//!
//! **Invariant:** a model that is missing, damaged or does not work is told as a fault in words, and
//! everything else runs. What a network answers is checked before anybody reads it: its size, and
//! that it is numbers.
//!
//! | model | file | sees or hears |
//! |---|---|---|
//! | people | NanoDet-g | who is in a picture: [`PeopleNet`] |
//! | speech | Silero VAD | whether 32 ms of sound are speech: [`SpeechNet`] |
//! | sounds | YAMNet | which of 521 sounds 0.975 s are: [`SoundNet`] |

mod error;

mod files;

mod network;

mod tract;

mod onnxruntime;

mod letterbox;

mod boxes;

mod people;

mod speech;

mod mel;

mod sounds;

#[cfg(test)]
mod parity;

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::config::{self, Condition, Sense};

pub use boxes::Found;
pub use error::{ModelError, ModelFault, Part};
pub use letterbox::Letterbox;
pub use people::PeopleNet;
pub use sounds::{SAMPLES as SOUND_SAMPLES, SoundNet};
pub use speech::{CHUNK as SPEECH_CHUNK, SpeechListener, SpeechNet};

use files::{Folder, Kind};
use network::Runtime;

/// Samples a second that [`SpeechNet`] and [`SoundNet`] hear.
pub const SAMPLE_RATE: u32 = 16_000;

/// Which models somebody needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Who is in a picture.
    pub people: bool,
    /// Whether a sound is speech.
    pub speech: bool,
    /// Which sounds.
    pub sounds: bool,
}

impl Wanted {
    /// Every model.
    pub const ALL: Wanted = Wanted { people: true, speech: true, sounds: true };

    /// Those that rules with these conditions go by.
    pub fn by<'a>(conditions: impl IntoIterator<Item = &'a Condition>) -> Self {
        let mut wanted = Self::default();
        for condition in conditions {
            match condition.sense() {
                Sense::People => wanted.people = true,
                // How loud it is, and that it is silent, is measured without a model.
                Sense::Level if *condition == Condition::AudioLost => {}
                // Loud speech and other loud sounds are told apart by both models.
                Sense::Level | Sense::Sounds => (wanted.speech, wanted.sounds) = (true, true),
                Sense::View | Sense::Stream => {}
            }
        }
        wanted
    }
}

/// The models that were wanted, and what is wrong with those that could not be had. A clone shares them.
#[derive(Clone, Default)]
pub struct Models {
    loaded: Arc<Loaded>,
}

#[derive(Default)]
struct Loaded {
    wanted: Wanted,
    people: Option<PeopleNet>,
    speech: Option<SpeechNet>,
    sounds: Option<SoundNet>,
    faults: Vec<ModelFault>,
}

impl Models {
    /// Loads what is `wanted`; takes up to half a second for all. Never fails as a whole: what could
    /// not be loaded is in [`Models::faults`].
    pub fn load(settings: &config::Perceive, wanted: Wanted) -> Self {
        let mut loaded = Loaded { wanted, ..Loaded::default() };
        if wanted == Wanted::default() {
            return Self { loaded: Arc::new(loaded) };
        }
        let runtime = Runtime::begin(settings).unwrap_or_else(|error| {
            loaded.faults.push(ModelFault { part: Part::Runtime, error });
            Runtime::Tract
        });
        let folder = Folder::find(settings.models.as_deref());
        let lanes = settings.threads;
        loaded.people = loaded.take(wanted.people, Part::People, || {
            PeopleNet::load(folder.file(Kind::People)?, runtime.clone(), lanes)
        });
        loaded.speech = loaded.take(wanted.speech, Part::Speech, || {
            SpeechNet::load(folder.file(Kind::Speech)?, &runtime, lanes)
        });
        loaded.sounds = loaded.take(wanted.sounds, Part::Sounds, || {
            SoundNet::load(folder.file(Kind::Sounds)?, folder.file(Kind::SoundNames)?, &runtime, lanes)
        });
        Self { loaded: Arc::new(loaded) }
    }

    /// None of what was `wanted`, because loading it failed as a whole.
    pub fn unusable(wanted: Wanted, why: &str) -> Self {
        let Wanted { people, speech, sounds } = wanted;
        let parts = [(Part::People, people), (Part::Speech, speech), (Part::Sounds, sounds)];
        let fault = |part| ModelFault { part, error: ModelError::Unusable { why: why.to_owned() } };
        let faults = parts.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(part, _)| fault(part));
        Self { loaded: Arc::new(Loaded { wanted, faults: faults.collect(), ..Loaded::default() }) }
    }

    /// What is wrong with the models that were wanted.
    pub fn faults(&self) -> &[ModelFault] {
        &self.loaded.faults
    }

    /// What was wanted.
    pub fn wanted(&self) -> Wanted {
        self.loaded.wanted
    }

    /// How each part is that was wanted: `None` if it works, else what is wrong.
    pub fn states(&self) -> Vec<(Part, Option<&ModelFault>)> {
        let Wanted { people, speech, sounds } = self.loaded.wanted;
        let fault = |part| self.faults().iter().find(|fault| fault.part == part);
        let parts = [(Part::People, people), (Part::Speech, speech), (Part::Sounds, sounds)];
        let wanted =
            parts.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(part, _)| (part, fault(part)));
        let runtime = fault(Part::Runtime).map(|fault| (Part::Runtime, Some(fault)));
        runtime.into_iter().chain(wanted).collect()
    }

    /// Who is in a picture; `None` if it was not wanted or does not work.
    pub fn people(&self) -> Option<&PeopleNet> {
        self.loaded.people.as_ref()
    }

    /// Whether a sound is speech; `None` if it was not wanted or does not work.
    pub fn speech(&self) -> Option<&SpeechNet> {
        self.loaded.speech.as_ref()
    }

    /// Which sounds; `None` if it was not wanted or does not work.
    pub fn sounds(&self) -> Option<&SoundNet> {
        self.loaded.sounds.as_ref()
    }
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let faults = &self.loaded.faults;
        f.debug_struct("Models").field("wanted", &self.loaded.wanted).field("faults", faults).finish()
    }
}

impl Loaded {
    fn take<T>(
        &mut self,
        is_wanted: bool,
        part: Part,
        load: impl FnOnce() -> Result<T, ModelError>,
    ) -> Option<T> {
        if !is_wanted {
            return None;
        }
        load().map_err(|error| self.faults.push(ModelFault { part, error })).ok()
    }
}
