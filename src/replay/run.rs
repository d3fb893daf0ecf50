//! Takes what happens in a replay to eye, ear and rules, second by second.

use std::time::Duration;

use super::flags::Flags;
use super::reel::Piece;
use super::senses::Senses;
use crate::config::{Camera, EdgeConfig, Hours};
use crate::incident::{Action, Tracker};
use crate::ingest::CameraState;
use crate::libav::TakenPicture;
use crate::model::{CameraId, Mono, Now, Wall};
use crate::perceive::Observation;

/// The same ids every time.
const SEED: u64 = 4;

const SECOND_US: i64 = 1_000_000;

/// As in the live service: at most 5 pictures a second are looked at, give or take their jitter.
const LOOK_EVERY_US: i64 = 190_000;

/// As in the live service: so long without anything, and the camera is lost.
const LOST_AFTER_US: i64 = 8 * SECOND_US;

/// One camera's perception and rules in the time of a replay.
pub struct Replay {
    camera: CameraId,
    start: Wall,
    tracker: Tracker,
    senses: Senses,
    flags: Flags,
    state: CameraState,
    /// Whether silence tells that the camera is lost.
    infers_state: bool,
    heard_of: i64,
    next_tick: i64,
    next_look: i64,
}

impl Replay {
    /// The rules of `config` over `camera`, the first frame being of the moment `start`.
    /// `infers_state` is whether nothing else tells how the camera's stream is.
    pub fn new(config: &EdgeConfig, camera: &Camera, start: Wall, infers_state: bool) -> Self {
        Self {
            camera: camera.id.clone(),
            start,
            tracker: Tracker::new(&alone(config, camera), SEED),
            senses: Senses::default(),
            flags: Flags::default(),
            state: CameraState::Streaming,
            infers_state,
            heard_of: 0,
            next_tick: 0,
            next_look: 0,
        }
    }

    /// There is nothing more: what was flagged, and of what is over since when. What still went on has
    /// no end.
    pub fn finish(mut self) -> Flags {
        for incident in self.tracker.unclosed() {
            self.flags.learn(incident);
        }
        self.flags
    }

    /// Takes what happens at `at` (µs); no earlier than what was taken before.
    pub fn take(&mut self, at: i64, piece: &Piece) {
        self.tick_until(at);
        if self.infers_state {
            self.heard_of = at;
            if self.state != CameraState::Streaming {
                self.change(at, CameraState::Streaming);
            }
        }
        match piece {
            Piece::Picture(picture) => self.see(at, picture),
            Piece::Sound(sound) => {
                let now = self.now(at);
                let mut heard = Vec::new();
                let told = &mut |observation, at| heard.push((observation, at));
                self.senses.hear(&sound.samples, sound.rate, now, told);
                self.judge(heard);
            }
            Piece::State(state) => self.change(at, *state),
        }
    }

    fn see(&mut self, at: i64, picture: &TakenPicture) {
        if at < self.next_look {
            return;
        }
        self.next_look = at.saturating_add(LOOK_EVERY_US);
        let now = self.now(at);
        let mut seen = Vec::new();
        self.senses.see(&picture.look(), now, &mut |observation, at| seen.push((observation, at)));
        self.judge(seen);
    }

    fn change(&mut self, at: i64, state: CameraState) {
        self.state = state;
        let now = self.now(at);
        self.judge(vec![(Observation::Camera(state), now)]);
    }

    /// Lets the seconds up to `at` pass.
    fn tick_until(&mut self, at: i64) {
        while self.next_tick <= at {
            let at = self.next_tick;
            self.next_tick = at.saturating_add(SECOND_US);
            let silent = at.saturating_sub(self.heard_of);
            if self.infers_state && silent >= LOST_AFTER_US {
                self.state = CameraState::Lost;
            }
            let now = self.now(at);
            // A state that lasts is observed again, for the rules that wait.
            self.judge(vec![(Observation::Camera(self.state), now)]);
            let actions = self.tracker.tick(now);
            self.record(actions);
        }
    }

    fn judge(&mut self, observed: Vec<(Observation, Now)>) {
        for (observation, at) in observed {
            let actions = self.tracker.observe(&self.camera, &observation, at);
            self.record(actions);
        }
    }

    fn record(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.flags.take(action);
        }
    }

    fn now(&self, at: i64) -> Now {
        let micros = u64::try_from(at).unwrap_or(0);
        Now { mono: Mono(Duration::from_micros(micros)), wall: self.start.plus_millis(at / 1000) }
    }
}

/// The configuration of this one camera; rules about the box have nothing to go by here.
fn alone(config: &EdgeConfig, camera: &Camera) -> EdgeConfig {
    let mut config = config.clone();
    config.cameras = vec![camera.clone()];
    config.rules.retain(|rule| rule.cameras.contains(&camera.id));
    config.box_rules.clear();
    config
}

/// The Monday from which a moment is looked for at which the centre is open.
const FIXED_MS: i64 = 1_767_546_000_000; // 2026-01-05 00:00 in Vietnam

/// When a file is replayed of which nobody said when it was: the first open minute after a fixed
/// Monday midnight, so that rules of opening hours watch; 8 hours after it where it is never open.
pub fn first_open_minute(hours: &Hours) -> Wall {
    let minutes = (0..60 * 24 * 14).map(|minute| Wall::from_millis(FIXED_MS).plus_millis(minute * 60_000));
    let open = minutes.into_iter().find(|at| hours.is_open(*at));
    open.unwrap_or(Wall::from_millis(FIXED_MS).plus_millis(8 * 3_600_000))
}
