//! What the rules of one sound have in common: where their observations go, and when what they flagged is
//! over.

use super::moment::Moment;
use super::sustained::Sustained;
use super::{Gauge, Sign, Watch, over};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Heard, Observation};

/// A rule that goes by what the model of sounds hears.
pub(super) trait Listen: Send + Sync {
    /// How loud the last moment was.
    fn moment(&mut self) -> &mut Moment;

    /// What it flags.
    fn lasting(&mut self) -> &mut Sustained;

    /// Takes what was heard, while the rule's schedule is in force.
    fn listen(&mut self, heard: &Heard, now: Now) -> Option<Sign>;

    /// Forgets what was heard so far.
    fn forget(&mut self);

    /// What it goes by now, for whoever wants to see why it flags.
    fn shown(&self) -> Vec<Gauge> {
        Vec::new()
    }
}

impl<L: Listen> Watch for L {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        match observation {
            Observation::Sound(sound) => {
                self.moment().take(sound, now);
                // Where it is quiet the model does not listen to every stretch.
                over(self.lasting().wait(now))
            }
            Observation::Heard(heard) if armed => self.listen(heard, now),
            // While its schedule rests, or nothing can be heard any more, nothing can be said to go on.
            Observation::Heard(_) | Observation::Camera(CameraState::Lost | CameraState::Refused) => {
                self.forget();
                over(self.lasting().end())
            }
            _ => None,
        }
    }

    fn tick(&mut self, now: Now) -> Option<Sign> {
        over(self.lasting().wait(now))
    }

    fn gauges(&self) -> Vec<Gauge> {
        self.shown()
    }
}
