//! The eye and the ear of a replay: what the live service perceives with, called one after the other.

use crate::libav::Picture;
use crate::model::Now;
use crate::perceive::{Levels, Loudness, Motion, Observation};

/// One camera's senses.
#[derive(Default)]
pub(super) struct Senses {
    motion: Motion,
    levels: Option<(u32, Levels)>,
}

/// Who is told of what is perceived.
pub(super) type Told<'t> = &'t mut dyn FnMut(Observation, Now);

impl Senses {
    /// Looks at a picture.
    pub(super) fn see(&mut self, picture: &Picture<'_>, at: Now, told: Told<'_>) {
        if let Some(moved) = picture.luma().ok().and_then(|luma| self.motion.see(&luma)) {
            told(Observation::Motion(moved), at);
        }
    }

    /// Listens to samples that ended at `at`.
    pub(super) fn hear(&mut self, samples: &[f32], rate: u32, at: Now, told: Told<'_>) {
        let (_, levels) = match &mut self.levels {
            Some(known) if known.0 == rate => known,
            other => other.insert((rate, Levels::new(rate))),
        };
        let window_ms = levels.window_ms();
        levels.take(samples, |dbfs, before_end| {
            let ms = i64::try_from(before_end.as_millis()).unwrap_or(0);
            let mono = crate::model::Mono(at.mono.0.saturating_sub(before_end));
            let ended = Now { mono, wall: at.wall.plus_millis(-ms) };
            let loud = Loudness { dbfs, lufs: dbfs, speech: None, is_flat: false, window_ms };
            told(Observation::Sound(loud), ended);
        });
    }
}
