//! The eye and the ear of a replay: what the live service perceives with, called one after the other.

use crate::libav::Picture;
use crate::model::Now;
use crate::perceive::{Ear, Eye, Models, Observation};

/// One camera's senses.
pub(super) struct Senses {
    eye: Eye,
    ear: Ear,
    failed: u64,
}

/// Who is told of what is perceived.
pub(super) type Told<'t> = &'t mut dyn FnMut(Observation, Now);

impl Senses {
    /// Senses that perceive with `models`.
    pub(super) fn new(models: &Models) -> Self {
        Self { eye: Eye::new(models.people().cloned()), ear: Ear::new(models), failed: 0 }
    }

    /// Looks at a picture, unless it comes too soon after the one before.
    pub(super) fn see(&mut self, picture: &Picture<'_>, at: Now, told: Told<'_>) {
        if let Err(e) = self.eye.see_now(picture, at, told) {
            if self.failed == 0 {
                tracing::error!("people cannot be looked for: {e}");
            }
            self.failed = self.failed.saturating_add(1);
        }
    }

    /// Listens to samples that ended at `at`.
    pub(super) fn hear(&mut self, samples: &[f32], rate: u32, at: Now, told: Told<'_>) {
        self.ear.hear(samples, rate, at, told);
    }
}
