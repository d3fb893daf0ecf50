//! Everything that is seen and heard in a replay, one after the other in the order of time.

use std::collections::VecDeque;
use std::path::Path;

use super::lane::{Lane, Open, Stretch};
use crate::ingest::CameraState;
use crate::libav::{LibavError, MediaFile, PictureReader, SoundReader, Sounding, TakenPicture};

/// Pictures and sound of one file that begin further apart than this, µs, do not say when: the
/// stamps of one of them are damaged.
const APART_US: i64 = 60_000_000;

/// One thing that happens in a replay.
pub enum Piece {
    /// A picture is shown.
    Picture(TakenPicture),
    /// A piece of sound is complete.
    Sound(Sounding),
    /// The camera's main stream is in a new state.
    State(CameraState),
}

/// What a replay plays.
pub struct Reel {
    pictures: Lane<PictureReader>,
    sounds: Lane<SoundReader>,
    states: VecDeque<(i64, CameraState)>,
    /// The part of the replay's time that counts, µs.
    range: (i64, i64),
    tells_states: bool,
}

const ALL: Open<PictureReader> = |files| PictureReader::open(files, false);
const KEYFRAMES: Open<PictureReader> = |files| PictureReader::open(files, true);

impl Reel {
    /// Plays one media file; its first frame, or first sound, is moment 0. `hears` is whether its
    /// sound is listened to.
    ///
    /// # Errors
    /// If it cannot be opened, or holds nothing that can be decoded.
    pub fn of_file(path: &Path, hears: bool) -> Result<Self, LibavError> {
        let files = || vec![MediaFile::whole(path)];
        let mut pictures = Lane::over(ALL(files())?, ALL);
        let mut sounds = Lane::over(SoundReader::open(files())?, SoundReader::open);
        let zero = match (pictures.peek(), sounds.begins()) {
            (None, None) => {
                return Err(LibavError::Failed {
                    doing: "opening a media file",
                    cause: format!("{}: no picture and no sound in it can be decoded", path.display()),
                });
            }
            (Some(seen), Some(heard)) if seen.abs_diff(heard) > APART_US.unsigned_abs() => [seen, heard],
            (seen, heard) => {
                let first = seen.into_iter().chain(heard).min().unwrap_or(0);
                [first; 2]
            }
        };
        pictures.shift(zero[0].saturating_neg());
        sounds.shift(zero[1].saturating_neg());
        if !hears {
            sounds = Lane::new(Vec::new(), SoundReader::open);
        }
        let (states, range) = (VecDeque::new(), (0, i64::MAX));
        Ok(Self { pictures, sounds, states, range, tells_states: false })
    }

    /// Plays recordings from moment 0 to `end` (µs): of `pictures` all, or the keyframes only.
    pub fn of_recordings(
        pictures: Vec<Stretch>,
        keyframes_only: bool,
        sounds: Vec<Stretch>,
        states: Vec<(i64, CameraState)>,
        end: i64,
    ) -> Self {
        let pictures = Lane::new(pictures, if keyframes_only { KEYFRAMES } else { ALL });
        let sounds = Lane::new(sounds, SoundReader::open);
        Self { pictures, sounds, states: states.into(), range: (0, end), tells_states: true }
    }

    /// Whether it tells how the camera's main stream was; otherwise silence tells.
    pub fn tells_states(&self) -> bool {
        self.tells_states
    }

    /// How many places could not be read or decoded so far.
    pub fn damaged(&self) -> u64 {
        self.pictures.damaged().saturating_add(self.sounds.damaged())
    }

    /// The next thing that happens, and when (µs).
    pub fn next_piece(&mut self) -> Option<(i64, Piece)> {
        loop {
            let state = self.states.front().map(|(at, _)| *at);
            let (seen, heard) = (self.pictures.peek(), self.sounds.peek());
            let first = [state, seen, heard].into_iter().flatten().min()?;
            let (at, piece) = if state == Some(first) {
                self.states.pop_front().map(|(at, state)| (at, Piece::State(state)))?
            } else if heard == Some(first) {
                self.sounds.take().map(|(at, sound)| (at, Piece::Sound(sound)))?
            } else {
                self.pictures.take().map(|(at, picture)| (at, Piece::Picture(picture)))?
            };
            if at >= self.range.1 {
                return None;
            }
            if at >= self.range.0 {
                return Some((at, piece));
            }
        }
    }
}
