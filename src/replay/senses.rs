//! The eye and the ear of a replay: what the live service perceives with, called one after the other.

use crate::libav::Picture;
use crate::model::Now;
use crate::perceive::{Ear, Models, Motion, Observation};

/// One camera's senses.
pub(super) struct Senses {
    motion: Motion,
    ear: Ear,
}

/// Who is told of what is perceived.
pub(super) type Told<'t> = &'t mut dyn FnMut(Observation, Now);

impl Senses {
    /// Senses that perceive with `models`.
    pub(super) fn new(models: &Models) -> Self {
        Self { motion: Motion::default(), ear: Ear::new(models) }
    }

    /// Looks at a picture.
    pub(super) fn see(&mut self, picture: &Picture<'_>, at: Now, told: Told<'_>) {
        if let Some(moved) = picture.luma().ok().and_then(|luma| self.motion.see(&luma)) {
            told(Observation::Motion(moved), at);
        }
    }

    /// Listens to samples that ended at `at`.
    pub(super) fn hear(&mut self, samples: &[f32], rate: u32, at: Now, told: Told<'_>) {
        self.ear.hear(samples, rate, at, told);
    }
}
