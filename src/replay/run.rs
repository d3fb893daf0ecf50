//! Takes what happens in a replay to eye, ear and rules, second by second.

use std::time::Duration;

use super::boxes::Boxes;
use super::flags::Flags;
use super::reel::Piece;
use super::senses::Senses;
use super::trace::Trace;
use crate::config::{Camera, EdgeConfig, Hours};
use crate::incident::{Action, Incident, Tracker};
use crate::ingest::CameraState;
use crate::libav::TakenPicture;
use crate::model::{CameraId, Kind, Mono, Now, Wall};
use crate::perceive::{Models, Observation};

/// The same ids every time.
const SEED: u64 = 4;

const SECOND_US: i64 = 1_000_000;

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
    until: i64,
    trace: Option<Trace>,
    boxes: Option<Boxes>,
    /// For stills: the picture in which people were looked for last, and the one that is shown if it is newer.
    looked_at: Option<TakenPicture>,
    newer: Option<TakenPicture>,
}

/// What came of a replay.
pub struct Replayed {
    /// What was flagged; what was not over when the media ended has no end.
    pub flagged: Vec<Incident>,
    /// What was measured, if that was asked for.
    pub trace: Option<Trace>,
    /// Who was found in every picture, if that was asked for.
    pub boxes: Option<Boxes>,
    /// How long it was, in s.
    pub lasted: f64,
}

impl Replay {
    /// The rules of `config` over `camera`, which is perceived with `models`, the first frame being of
    /// the moment `start`. `infers_state` is whether nothing else tells how the camera's stream is.
    pub fn new(
        config: &EdgeConfig,
        camera: &Camera,
        models: &Models,
        start: Wall,
        infers_state: bool,
    ) -> Self {
        Self {
            camera: camera.id.clone(),
            start,
            tracker: Tracker::new(&alone(config, camera), SEED),
            senses: Senses::new(models),
            flags: Flags::default(),
            state: CameraState::Streaming,
            infers_state,
            heard_of: 0,
            next_tick: 0,
            until: 0,
            trace: None,
            boxes: None,
            looked_at: None,
            newer: None,
        }
    }

    /// Keeps what is measured, for a report.
    pub fn tracing(self, trace: Trace) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// Looks for people in every picture, besides what the rules go by.
    pub fn with_boxes(self, boxes: Boxes) -> Self {
        Self { boxes: Some(boxes), ..self }
    }

    /// There is nothing more.
    pub fn finish(mut self) -> Replayed {
        for incident in self.tracker.unclosed() {
            self.flags.learn(incident);
        }
        let (flagged, lasted) = (self.flags.into_all(), in_seconds(self.until));
        Replayed { flagged, trace: self.trace, boxes: self.boxes, lasted }
    }

    /// Takes what happens at `at` (µs); no earlier than what was taken before.
    pub fn take(&mut self, at: i64, piece: Piece) {
        self.until = at;
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
            Piece::State(state) => self.change(at, state),
        }
    }

    fn see(&mut self, at: i64, picture: TakenPicture) {
        let now = self.now(at);
        if let Some(boxes) = &mut self.boxes {
            boxes.look(&picture.look(), now);
        }
        let mut seen = Vec::new();
        self.senses.see(&picture.look(), now, &mut |observation, at| seen.push((observation, at)));
        let is_look = seen.iter().any(|(observation, _)| matches!(observation, Observation::People(_)));
        if is_look {
            (self.looked_at, self.newer) = (Some(picture), None);
        } else {
            self.newer = Some(picture);
        }
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
            self.record(actions, now);
            if let Some(trace) = &mut self.trace {
                for (rule, gauge) in self.tracker.gauges(&self.camera) {
                    trace.gauge(rule, gauge, in_seconds(at));
                }
            }
        }
    }

    fn judge(&mut self, observed: Vec<(Observation, Now)>) {
        for (observation, at) in observed {
            if let Some(trace) = &mut self.trace {
                trace.observe(&observation, at.mono.0.as_secs_f64());
            }
            let actions = self.tracker.observe(&self.camera, &observation, at);
            self.record(actions, at);
        }
    }

    fn record(&mut self, actions: Vec<Action>, at: Now) {
        for action in actions {
            let Some(new) = self.flags.take(action) else { continue };
            let Some(trace) = self.trace.as_mut().filter(|trace| trace.wants_still()) else { continue };
            // People are shown where they were seen; whatever else, as it is now.
            let people = self.looked_at.as_ref().map(|picture| (picture, true));
            let now = self.newer.as_ref().map(|picture| (picture, false)).or(people);
            let Some((picture, is_look)) = (if is_of_people(new.kind) { people.or(now) } else { now }) else {
                continue;
            };
            let picture = picture.look();
            if let Ok(jpeg) = picture.jpeg() {
                let size = (picture.width(), picture.height());
                trace.still(new.id, at.mono.0.as_secs_f64(), size, jpeg, is_look);
            }
        }
    }

    fn now(&self, at: i64) -> Now {
        let micros = u64::try_from(at).unwrap_or(0);
        Now { mono: Mono(Duration::from_micros(micros)), wall: self.start.plus_millis(at / 1000) }
    }
}

/// Whether who is where is what is flagged.
fn is_of_people(kind: Kind) -> bool {
    matches!(kind, Kind::CounterUnattended | Kind::LongWait | Kind::Crowding | Kind::AfterHours)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn in_seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
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
