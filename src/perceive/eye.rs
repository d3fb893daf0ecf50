//! One camera's pictures to what is seen in them: motion, the state of the picture, people.
//!
//! The same for the live shell and for replay: it owns no clock and no thread, and the same pictures at the
//! same times give the same observations. Only the look for people takes long: it is handed out as a
//! [`Look`], and what was found comes back by [`Eye::found`], or it is done at once by [`Eye::see_now`].

use std::time::Duration;

use super::gate::{Gate, Interest};
use super::models::{Found, Letterbox, ModelError, PeopleNet};
use super::tracks::{GOES_ON, Tracks};
use super::{Cells, Motion, Observation, People, Viewer};
use crate::libav::{Canvas, LibavError, Picture, Scaler};
use crate::model::{Mono, Now};

/// Between two pictures that are looked at at all: at most 5 a second.
const BETWEEN: Duration = Duration::from_millis(200);

/// How much too early a picture may come and still be taken: networks do not keep time.
const EARLY: Duration = Duration::from_millis(60);

/// What one camera shows.
pub struct Eye {
    people: Option<PeopleNet>,
    /// Whether anybody looks for people.
    looks: bool,
    /// When the next picture is taken.
    next: Mono,
    motion: Motion,
    viewer: Viewer,
    gate: Gate,
    scaler: Scaler,
    tracks: Tracks,
    /// The newest look that was given.
    look_at: Option<Now>,
    /// Where the picture moved up to that look, since the one before it whose answer came.
    moved_until: Cells,
    /// Where it moved since that look.
    moved_since: Cells,
}

/// A picture in which people are to be looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Blue, green, red; as large as the letterbox.
    pub pixels: Vec<u8>,
    /// How the picture lies in them.
    pub letterbox: Letterbox,
    /// When it was so.
    pub at: Now,
}

impl Look {
    /// Looks for people; everyone whom following them takes, the unsure too.
    ///
    /// # Errors
    /// If the model does not answer.
    pub fn find(&self, people: &PeopleNet) -> Result<Vec<Found>, ModelError> {
        people.find(&self.pixels, &self.letterbox, GOES_ON)
    }
}

impl Eye {
    /// For one camera; without a model nobody is looked for.
    pub fn new(people: Option<PeopleNet>) -> Self {
        let looks = people.is_some();
        Self { people, ..Self::of_shell(looks, 1) }
    }

    /// For a shell that looks for people itself, if `looks`. The first person gets the number `first`.
    pub(super) fn of_shell(looks: bool, first: u64) -> Self {
        Self {
            people: None,
            looks,
            next: Mono::default(),
            motion: Motion::default(),
            viewer: Viewer::default(),
            gate: Gate::default(),
            scaler: Scaler::default(),
            tracks: Tracks::new(first),
            look_at: None,
            moved_until: Cells::none(),
            moved_since: Cells::none(),
        }
    }

    /// Takes a picture, unless it comes too soon after the one before. Tells at once where it moved and how
    /// the picture is; gives a look for people when one is due.
    pub fn see(
        &mut self,
        picture: &Picture<'_>,
        at: Now,
        told: &mut dyn FnMut(Observation, Now),
    ) -> Option<Look> {
        if at.mono.plus(EARLY) < self.next {
            return None;
        }
        self.next = self.next.plus(BETWEEN).max(Mono(at.mono.plus(BETWEEN).0.saturating_sub(EARLY)));
        match self.look_over(picture, at, told) {
            Ok(look) => look,
            Err(e) => {
                tracing::debug!("a picture cannot be looked at: {e}");
                None
            }
        }
    }

    /// The same with the look for people done at once, if one is due.
    ///
    /// # Errors
    /// If the model does not answer; what needs no model was told.
    pub fn see_now(
        &mut self,
        picture: &Picture<'_>,
        at: Now,
        told: &mut dyn FnMut(Observation, Now),
    ) -> Result<(), ModelError> {
        let look = self.see(picture, at, told);
        if let (Some(look), Some(people)) = (look, &self.people) {
            let found = look.find(people)?;
            told(self.found(look.at, found), look.at);
        }
        Ok(())
    }

    /// A look at this picture, whether it is due or not, and without a trace: for measuring the model.
    ///
    /// # Errors
    /// If the picture's pixels are of a kind that cannot be converted.
    pub fn look_at(&mut self, picture: &Picture<'_>, at: Now) -> Result<Look, LibavError> {
        let letterbox = PeopleNet::size_for(picture.width(), picture.height());
        let Letterbox { width, height, content_width, content_height } = letterbox;
        let canvas = Canvas { width, height, content_width, content_height };
        Ok(Look { pixels: self.scaler.bgr(picture, canvas)?, letterbox, at })
    }

    /// Takes what was found in the look of this moment. Looks may be passed over, but answers must come
    /// in the order of the looks.
    pub fn found(&mut self, look_at: Now, found: Vec<Found>) -> Observation {
        let persons = self.tracks.look(&found, &self.moved_until, look_at.mono);
        if self.look_at.is_none_or(|newest| newest.mono <= look_at.mono) {
            self.moved_until = Cells::none();
        }
        let interest = match persons.is_empty() {
            _ if self.tracks.is_unsure() => Interest::Unsure,
            true => Interest::Nobody,
            false => Interest::Followed,
        };
        self.gate.found(interest);
        Observation::People(People { persons })
    }

    /// The number that the next new person gets.
    pub(super) fn next_number(&self) -> u64 {
        self.tracks.next_number()
    }

    fn look_over(
        &mut self,
        picture: &Picture<'_>,
        at: Now,
        told: &mut dyn FnMut(Observation, Now),
    ) -> Result<Option<Look>, LibavError> {
        let luma = picture.luma()?;
        if let Some(view) = self.viewer.see(&luma, at) {
            told(Observation::View(view), at);
        }
        let moved = self.motion.see(&luma, at.mono);
        // Another picture altogether: whatever was in the one before may have gone.
        self.moved_since = self.moved_since.or(&moved.unwrap_or_else(Cells::all));
        if let Some(moved) = moved {
            told(Observation::Motion(moved), at);
        }
        if !self.looks || !self.gate.is_due(moved.as_ref(), at.mono) {
            return Ok(None);
        }
        self.moved_until = self.moved_until.or(&self.moved_since);
        self.moved_since = Cells::none();
        self.look_at = Some(at);
        self.look_at(picture, at).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libav::testing::sized_footage;
    use crate::libav::{PictureDecoder, Track, VIDEO_TICKS};
    use crate::perceive::Frame;

    /// Shows an eye a test picture that counts and moves, 25 times a second, and takes what it finds for
    /// the answer to every look. Gives what was told, and the looks.
    fn shown(seconds: u32, find: impl Fn(u64) -> Vec<Found>) -> (Vec<(Observation, u64)>, Vec<Look>) {
        let made = sized_footage("libx264", seconds, "640x360");
        let mut decoder = PictureDecoder::new(&made.video).unwrap();
        let (mut eye, mut told, mut looks) = (Eye::of_shell(true, 1), Vec::new(), Vec::new());
        for sample in made.samples.iter().filter(|sample| sample.track == Track::Video) {
            let ms = u64::try_from(sample.pts * 1000 / VIDEO_TICKS).unwrap();
            let at = Now::default().plus(Duration::from_millis(ms));
            let mut tell = |observation, at: Now| told.push((observation, at.mono.0.as_millis() as u64));
            let see = |picture: &Picture<'_>| {
                if let Some(look) = eye.see(picture, at, &mut tell) {
                    let people = eye.found(look.at, find(ms));
                    tell(people, look.at);
                    looks.push(look);
                }
            };
            decoder.decode(sample.pts, sample.data(), see).unwrap();
        }
        (told, looks)
    }

    fn somebody() -> Found {
        Found { frame: Frame { left: 0.4, top: 0.2, right: 0.5, bottom: 0.7 }, score: 0.5 }
    }

    #[test]
    fn motion_is_told_five_times_a_second_and_people_are_looked_for_every_second() {
        let (told, looks) = shown(6, |_| Vec::new());
        let motion = told.iter().filter(|(told, _)| matches!(told, Observation::Motion(_))).count();
        assert!((28..=30).contains(&motion), "{motion}");
        assert!((6..=7).contains(&looks.len()), "{} looks", looks.len());
        let Letterbox { width, height, content_width, content_height } = looks[0].letterbox;
        assert_eq!((width, height, content_width, content_height), (320, 192, 320, 180));
        assert_eq!(looks[0].pixels.len(), 320 * 192 * 3);
    }

    #[test]
    fn whoever_is_found_twice_is_told_with_a_number_and_dated_to_the_look() {
        let (told, _) = shown(4, |_| vec![somebody()]);
        let people: Vec<_> = told
            .iter()
            .filter_map(|(told, at)| match told {
                Observation::People(people) => Some((people.persons.len(), *at)),
                _ => None,
            })
            .collect();
        assert_eq!(people[..3], [(0, 0), (1, 360), (1, 1360)], "the second look comes sooner, to make sure");
    }
}
