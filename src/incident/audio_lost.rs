//! `audio-lost`: the microphone is dead while the camera lives.
//!
//! Dead is any of three, for the hold: digital silence, which no microphone sends; a level that stays
//! 12 dB below the quietest tenth of all that was ever heard of this room; no sound at all from a
//! camera that sent some and still sends pictures. Sound that came and was not listened to is not dead. A
//! quiet night is none of them: nights are soon more than a tenth of the time, and before the first was
//! heard it must also be below −60 dBFS, where microphones do not get. What is flagged ends when it is up again for a while, and not because it has become usual.

use std::time::Duration;

use super::quietest::QuietestTenth;
use super::sustained::{Sustained, Turn};
use super::{Gauge, GaugeName, Peak, Sign, Watch, measurement, over};
use crate::ingest::CameraState;
use crate::model::Now;
use crate::perceive::{Loudness, Observation};

const BELOW_FLOOR_DB: f64 = 12.0;
const FIRST_DAY: Duration = Duration::from_secs(86_400);
const FIRST_DAY_DBFS: f64 = -60.0;

/// How much a dead microphone teaches of what is usual.
const LEARNING_WHILE_LOW: f64 = 0.1;

/// A crackle of a loose plug is not sound, and does not end it.
const DIP: Duration = Duration::from_secs(1);
const OVER_AFTER: Duration = Duration::from_secs(3);

/// Sound may come so much later than the pictures.
const NO_SOUND: Duration = Duration::from_secs(3);

/// No single look at the camera counts for more: where looks are late, sounds may be too.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// The rule for one camera's sound.
pub(super) struct AudioLost {
    hold: Duration,
    usual: QuietestTenth,
    dead: Sustained,
    /// What it is compared with while it is low.
    floor: Option<f64>,
    level: f64,
    last_sound: Option<Now>,
    /// When it was last seen that the camera streams.
    streamed: Option<Now>,
    /// How much of the time since the last sound the camera was seen to stream.
    missing: Duration,
    /// Set while it is flagged that no sound comes at all.
    is_missing: bool,
}

impl AudioLost {
    pub fn new(hold: Duration) -> Self {
        Self {
            hold,
            usual: QuietestTenth::default(),
            dead: Sustained::new(hold, DIP, OVER_AFTER),
            floor: None,
            level: 0.0,
            last_sound: None,
            streamed: None,
            missing: Duration::ZERO,
            is_missing: false,
        }
    }

    /// Sound came, whatever it is like.
    fn came(&mut self, now: Now) -> Option<Sign> {
        (self.last_sound, self.missing) = (Some(now), Duration::ZERO);
        std::mem::take(&mut self.is_missing).then_some(Sign::Ended(now.wall))
    }

    fn listen(&mut self, sound: &Loudness, armed: bool, now: Now) -> Option<Sign> {
        if let ended @ Some(_) = self.came(now) {
            return ended;
        }
        let window = Duration::from_millis(u64::from(sound.window_ms));
        let floor = self.floor.or_else(|| self.usual.level());
        let is_low = floor.is_some_and(|floor| sound.dbfs <= self.dead_below(floor));
        if !sound.is_flat {
            self.usual.learn(sound.dbfs, window, if is_low { LEARNING_WHILE_LOW } else { 1.0 });
        }
        if !armed {
            return over(self.dead.end());
        }
        let turn = self.dead.look(is_low || sound.is_flat, now.minus(window), now);
        self.floor = if self.dead.is_rising() { floor } else { None };
        self.level = sound.dbfs;
        match turn {
            Turn::Held(started_at) => {
                let why = if sound.is_flat { Why::Silence } else { Why::Low };
                Some(Sign::Flagged { started_at, peak: self.peak(why) })
            }
            Turn::Over(at) => Some(Sign::Ended(at)),
            Turn::Nothing => None,
        }
    }

    /// What is no louder than this, where the room's floor is at `floor`, is no living microphone.
    fn dead_below(&self, floor: f64) -> f64 {
        let below = floor - BELOW_FLOOR_DB;
        if self.usual.heard() >= FIRST_DAY { below } else { below.min(FIRST_DAY_DBFS) }
    }

    /// The camera streams, and no sound has come since it was last looked at.
    fn wait(&mut self, armed: bool, now: Now) -> Option<Sign> {
        let last = self.last_sound?;
        match self.streamed.replace(now) {
            Some(before) => self.missing += now.mono.since(before.mono).min(LONGEST_LOOK),
            // Its sound has as long to come as that of a camera that never was away.
            None => self.last_sound = Some(now),
        }
        if !armed {
            self.missing = Duration::ZERO;
            return std::mem::take(&mut self.is_missing).then_some(Sign::Ended(now.wall));
        }
        if self.is_missing || self.missing < self.hold.max(NO_SOUND) || self.dead.is_flagged() {
            return None;
        }
        self.dead.end();
        self.is_missing = true;
        Some(Sign::Flagged { started_at: last.wall, peak: self.peak(Why::Missing) })
    }

    fn peak(&self, why: Why) -> Peak {
        let mut peak: Peak = [("reason".to_owned(), why.words().into())].into_iter().collect();
        if let (Why::Low, Some(floor)) = (why, self.floor) {
            peak.insert("level_dbfs".to_owned(), measurement(self.level));
            peak.insert("floor_dbfs".to_owned(), measurement(floor));
        }
        peak
    }
}

#[derive(Clone, Copy)]
enum Why {
    Silence,
    Low,
    Missing,
}

impl Why {
    /// For staff, Vietnamese and English.
    fn words(self) -> &'static str {
        match self {
            Why::Silence => {
                "micrô không có tín hiệu (im lặng tuyệt đối) / the microphone gives no signal (digital silence)"
            }
            Why::Low => {
                "âm thanh nhỏ hơn hẳn mức nền thường ngày của phòng / \
                 the sound stays far below the room's own noise"
            }
            Why::Missing => {
                "camera vẫn gửi hình nhưng không còn gửi tiếng / \
                 the camera still sends pictures but no sound"
            }
        }
    }
}

impl Watch for AudioLost {
    fn observe(&mut self, observation: &Observation, armed: bool, now: Now) -> Option<Sign> {
        match observation {
            Observation::Sound(sound) => self.listen(sound, armed, now),
            Observation::Unheard => {
                // Nobody knows whether it was dead meanwhile.
                if !self.dead.is_flagged() {
                    self.dead.end();
                    self.floor = None;
                }
                self.came(now)
            }
            Observation::Camera(CameraState::Streaming) => self.wait(armed, now),
            // Of a camera that is away nothing can be said; it has a rule of its own.
            Observation::Camera(state) => {
                (self.streamed, self.missing) = (None, Duration::ZERO);
                let is_away = matches!(state, CameraState::Lost | CameraState::Refused);
                if is_away && std::mem::take(&mut self.is_missing) {
                    return Some(Sign::Ended(now.wall));
                }
                if is_away { over(self.dead.end()) } else { None }
            }
            _ => None,
        }
    }

    fn gauges(&self) -> Vec<Gauge> {
        let floor = self.floor.or_else(|| self.usual.level());
        let below = floor.map(|floor| Gauge { name: GaugeName::DeadBelow, value: self.dead_below(floor) });
        below.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        rule: AudioLost,
        state: CameraState,
        armed: bool,
        now: Now,
        signs: Vec<(u64, Sign)>,
    }

    impl World {
        fn new() -> Self {
            let rule = AudioLost::new(Duration::from_secs(60));
            let (state, now) = (CameraState::Streaming, Now::default());
            let mut world = Self { rule, state, armed: true, now, signs: vec![] };
            world.camera(CameraState::Streaming);
            world
        }

        fn camera(&mut self, state: CameraState) {
            self.state = state;
            let sign = self.rule.observe(&Observation::Camera(state), self.armed, self.now);
            self.keep(sign);
        }

        fn keep(&mut self, sign: Option<Sign>) {
            self.signs.extend(sign.map(|sign| (self.now.mono.0.as_secs(), sign)));
        }

        /// Windows of half a second at levels that vary by 2 dB; ticks in between.
        fn hear(&mut self, seconds: u64, dbfs: f64) -> &mut Self {
            for i in 0..seconds * 2 {
                self.now = self.now.plus(Duration::from_millis(500));
                let dbfs = if dbfs > -120.0 { dbfs + f64::from((i % 3) as u32) } else { dbfs };
                let is_flat = dbfs <= -120.0;
                let sound = Loudness { dbfs, lufs: dbfs, speech: None, is_flat, window_ms: 500 };
                let sign = self.rule.observe(&Observation::Sound(sound), self.armed, self.now);
                self.keep(sign);
                self.camera(CameraState::Streaming);
            }
            self
        }

        /// Sound comes, and nobody listens.
        fn pass_over(&mut self, seconds: u64) -> &mut Self {
            for _ in 0..seconds {
                self.wait(1);
                let sign = self.rule.observe(&Observation::Unheard, self.armed, self.now);
                self.keep(sign);
            }
            self
        }

        fn wait(&mut self, seconds: u64) -> &mut Self {
            for _ in 0..seconds {
                self.now = self.now.plus(Duration::from_secs(1));
                self.camera(self.state);
            }
            self
        }

        fn told(&self) -> Vec<(u64, i64)> {
            let at = |sign: &Sign| match sign {
                Sign::Flagged { started_at, .. } => started_at.as_millis(),
                Sign::Ended(at) => -at.as_millis(),
                Sign::Stronger(_) => 0,
            };
            self.signs.iter().map(|(second, sign)| (*second, at(sign))).collect()
        }
    }

    #[test]
    fn digital_silence_is_flagged_after_the_hold_and_ends_with_the_first_sound() {
        let mut world = World::new();
        world.hear(10, -45.0).hear(90, -120.0).hear(10, -45.0);
        assert_eq!(world.told(), [(70, 10_000), (103, -100_000)]);
    }

    #[test]
    fn a_microphone_that_is_dead_from_the_first_moment_is_flagged_too() {
        assert_eq!(World::new().hear(90, -120.0).told(), [(60, 0)]);
    }

    #[test]
    fn a_cable_that_falls_off_is_far_below_the_rooms_own_noise() {
        let mut world = World::new();
        world.hear(120, -45.0).hear(100, -85.0).hear(10, -45.0);
        let told = world.told();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], (180, 120_000));
        let Sign::Flagged { peak, .. } = &world.signs[0].1 else { panic!() };
        assert_eq!((peak["floor_dbfs"].as_f64(), peak["level_dbfs"].as_f64()), (Some(-45.0), Some(-83.0)));
    }

    #[test]
    fn a_quiet_night_is_not_a_dead_microphone() {
        let mut world = World::new();
        world.hear(10 * 3600, -40.0).hear(14 * 3600, -58.0);
        assert_eq!(world.told(), [], "the first");
        world.hear(10 * 3600, -40.0).hear(14 * 3600, -58.0);
        assert_eq!(world.told(), [], "and the next");
    }

    #[test]
    fn what_stays_dead_stays_flagged() {
        let mut world = World::new();
        world.hear(600, -45.0).hear(8 * 3600, -85.0);
        assert_eq!(world.told(), [(660, 600_000)]);
    }

    #[test]
    fn sound_that_stops_while_pictures_come_is_lost() {
        let mut world = World::new();
        world.hear(10, -45.0).wait(90).hear(5, -45.0);
        assert_eq!(world.told(), [(70, 10_000), (100, -100_500)]);
    }

    #[test]
    fn sound_that_comes_and_is_not_listened_to_is_not_lost() {
        let mut world = World::new();
        world.hear(10, -45.0).pass_over(300);
        assert_eq!(world.told(), []);
        world.wait(59);
        assert_eq!(world.told(), []);
        world.wait(1);
        assert_eq!(world.told(), [(370, 310_000)], "from then on it is");
    }

    #[test]
    fn silence_before_and_after_what_nobody_listened_to_does_not_add_up() {
        let mut world = World::new();
        world.hear(10, -45.0).hear(2, -120.0).pass_over(60).hear(2, -120.0).hear(10, -45.0);
        assert_eq!(world.told(), []);
    }

    #[test]
    fn of_a_camera_that_is_away_or_never_had_a_microphone_nothing_is_told() {
        let mut world = World::new();
        world.wait(300);
        assert_eq!(world.told(), []);
        let mut world = World::new();
        world.hear(10, -45.0).camera(CameraState::Lost);
        world.wait(300).camera(CameraState::Streaming);
        world.wait(50).hear(10, -45.0);
        assert_eq!(world.told(), []);
    }

    #[test]
    fn a_silent_microphone_of_a_camera_that_goes_away_is_over() {
        let mut world = World::new();
        world.hear(90, -120.0).camera(CameraState::Lost);
        assert_eq!(world.told().len(), 2);
    }

    #[test]
    fn a_service_that_was_busy_for_minutes_has_not_lost_the_sound() {
        let mut world = World::new();
        world.hear(10, -45.0);
        world.now = world.now.plus(Duration::from_secs(300));
        world.camera(CameraState::Streaming);
        world.hear(10, -45.0);
        assert_eq!(world.told(), []);
    }

    #[test]
    fn outside_its_hours_nothing_is_told_and_what_was_is_over() {
        let mut world = World::new();
        world.armed = false;
        world.hear(10, -45.0).wait(90);
        assert_eq!(world.told(), []);
        let mut world = World::new();
        world.hear(10, -45.0).wait(90);
        world.armed = false;
        world.wait(1);
        assert_eq!(world.told().len(), 2);
    }
}
