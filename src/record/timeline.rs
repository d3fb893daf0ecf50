//! Which wall-clock moment a picture belongs to. Pure.
//!
//! Where the camera's own clock can be trusted ([`super::camera_clock`]), its sender reports say it.
//! Otherwise arrival does:
//! A connection's media time is steady, arrival is not: a unit is never early, only late. So the
//! connection's zero is where the least late unit puts it. The estimate may creep up by 1 ms a
//! second, so that a camera whose clock runs slow is followed; a fast one pulls it down at once.

use super::TimeFrom;
use super::camera_clock::CameraClock;
use crate::model::{Now, Wall};

/// Ticks a second of the picture's time line.
pub const VIDEO_CLOCK: i64 = 90_000;

const CREEP_MS_PER_S: f64 = 1.0;

const LEAP_MS: f64 = 1000.0;

/// For so long not one picture came in time: that is no link that is slow for a while.
const BEHIND_FOR_MS: f64 = 30_000.0;

/// Tells when the wall clock was set, by its distance from the monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepWatch {
    apart_ms: Option<i64>,
}

/// A time service moves the clock by far less than this between two pictures; more was a step.
const STEP_MS: i64 = 1000;

impl StepWatch {
    /// Whether the wall clock was set between the reading before and `now`.
    pub fn has_stepped(&mut self, now: Now) -> bool {
        let mono_ms = i64::try_from(now.mono.0.as_millis()).unwrap_or(i64::MAX);
        let apart = now.wall.as_millis().saturating_sub(mono_ms);
        let before = self.apart_ms.replace(apart);
        before.is_some_and(|before| apart.saturating_sub(before).abs() > STEP_MS)
    }
}

/// The wall-clock moment of one connection's zero, as well as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timeline {
    zero_ms: Option<f64>,
    last_ms: f64,
    /// When the window began in which the least lateness is looked for, and that.
    window: Option<(f64, f64)>,
    has_fallen_behind: bool,
    camera: CameraClock,
}

impl Timeline {
    /// Learns from a picture with media time `pts` (1/90000 s) that arrived at `arrived`.
    pub fn observe(&mut self, pts: i64, arrived: Wall) {
        let media_ms = ticks_to_ms(pts);
        let arrived_ms = as_f64(arrived.as_millis());
        let candidate = arrived_ms - media_ms;
        self.zero_ms = Some(match self.zero_ms {
            None => candidate,
            Some(zero) => {
                let crept = zero + (arrived_ms - self.last_ms).max(0.0) / 1000.0 * CREEP_MS_PER_S;
                crept.min(candidate)
            }
        });
        self.last_ms = arrived_ms;
        let late_ms = candidate - self.zero_ms.unwrap_or(candidate);
        let (began, least) = self.window.unwrap_or((arrived_ms, late_ms));
        self.window = Some((began, least.min(late_ms)));
        if arrived_ms - began >= BEHIND_FOR_MS {
            self.has_fallen_behind = least > LEAP_MS;
            self.window = None;
        }
    }

    /// Whether the stream's time stamps have fallen behind for good: every picture of the last half
    /// minute came more than a second after its time, as after a pause that a camera does not stamp.
    pub fn has_fallen_behind(&self) -> bool {
        self.has_fallen_behind && self.camera.zero_ms().is_none()
    }

    /// Learns from a sender report: the camera's clock showed `camera` at media time `pts`.
    pub fn report(&mut self, camera: Wall, pts: i64, arrived: Wall) {
        self.camera.report(camera, pts, arrived);
    }

    /// What [`Timeline::wall`] follows now.
    pub fn time_from(&self) -> TimeFrom {
        if self.camera.zero_ms().is_some() { TimeFrom::Camera } else { TimeFrom::Arrival }
    }

    /// Whether a picture with this media time comes before its time by more than a second: no link
    /// is that fast, so the camera's time stamps have leapt.
    pub fn leaps(&self, pts: i64, arrived: Wall) -> bool {
        let candidate = as_f64(arrived.as_millis()) - ticks_to_ms(pts);
        self.zero_ms.is_some_and(|zero| candidate < zero - LEAP_MS)
    }

    /// The wall-clock moment of media time `pts` (1/90000 s); the epoch before anything was seen.
    pub fn wall(&self, pts: i64) -> Wall {
        let zero_ms = self.camera.zero_ms().or(self.zero_ms).unwrap_or_default();
        Wall::from_millis(to_ms(zero_ms + ticks_to_ms(pts)))
    }
}

pub(super) fn ticks_to_ms(ticks: i64) -> f64 {
    as_f64(ticks) * 1000.0 / as_f64(VIDEO_CLOCK)
}

#[expect(clippy::cast_precision_loss, reason = "times stay far below 2^53")]
pub(super) fn as_f64(n: i64) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, reason = "float to int saturates, and times are small")]
fn to_ms(ms: f64) -> i64 {
    ms.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_picture_does_not_move_the_zero_and_an_earlier_one_does() {
        let mut timeline = Timeline::default();
        timeline.observe(0, Wall::from_millis(100_080));
        timeline.observe(90_000, Wall::from_millis(101_010));
        assert_eq!(timeline.wall(90_000).as_millis(), 101_010);
        timeline.observe(180_000, Wall::from_millis(102_400));
        assert!((timeline.wall(180_000).as_millis() - 102_010).abs() <= 2);
    }

    #[test]
    fn time_stamps_that_leap_are_told_from_pictures_that_come_in_a_burst() {
        let mut timeline = Timeline::default();
        timeline.observe(0, Wall::from_millis(100_000));
        // Three seconds of pictures held up by the link, then all at once.
        assert!((0..30).all(|n| !timeline.leaps(n * 9000, Wall::from_millis(103_000))));
        assert!(timeline.leaps(5 * 90_000, Wall::from_millis(103_000)));
    }

    #[test]
    fn a_pause_that_the_camera_does_not_stamp_is_noticed_and_a_slow_link_is_not() {
        let late_by = |late_ms: fn(i64) -> i64| {
            let mut timeline = Timeline::default();
            (0..600).for_each(|n| timeline.observe(n * 9000, Wall::from_millis(n * 100 + late_ms(n))));
            timeline.has_fallen_behind()
        };
        assert!(late_by(|n| if n < 100 { 0 } else { 5000 }));
        assert!(
            !late_by(|n| if n < 100 || n % 100 == 0 { 0 } else { 5000 }),
            "one comes in time again and again"
        );
        assert!(!late_by(|n| if (100..250).contains(&n) { 5000 } else { 0 }));
    }

    #[test]
    fn a_clock_that_is_set_is_noticed_once_and_a_slewed_one_is_not() {
        use std::time::Duration;
        let mut watch = StepWatch::default();
        let mut now = Now::default();
        let mut steps = 0;
        for second in 0..100 {
            now = now.plus(Duration::from_secs(1));
            now.wall = now.wall.plus_millis(if second == 50 { 1_700_000_000_000 } else { 5 });
            steps += u32::from(watch.has_stepped(now));
        }
        assert_eq!(steps, 1);
    }

    #[test]
    fn a_camera_that_agrees_with_us_says_the_time_and_one_that_does_not_is_not_heard() {
        let mut timeline = Timeline::default();
        timeline.observe(0, Wall::from_millis(100_080));
        for n in 0..3 {
            timeline.report(
                Wall::from_millis(100_000 + n * 5000),
                n * 450_000,
                Wall::from_millis(100_060 + n * 5000),
            );
        }
        assert_eq!((timeline.wall(90_000).as_millis(), timeline.time_from()), (101_000, TimeFrom::Camera));
        timeline.report(Wall::from_millis(7), 1_350_000, Wall::from_millis(115_060));
        assert_eq!((timeline.wall(90_000).as_millis(), timeline.time_from()), (101_080, TimeFrom::Arrival));
    }

    #[test]
    fn a_camera_whose_clock_runs_slow_is_followed() {
        let mut timeline = Timeline::default();
        // 0.05 % slow: after an hour the camera's own time is 1.8 s behind.
        for s in 0..3600 {
            timeline.observe(s * 90_000 * 9995 / 10_000, Wall::from_millis(s * 1000));
        }
        let off = timeline.wall(3599 * 90_000 * 9995 / 10_000).as_millis() - 3_599_000;
        assert!(off.abs() < 20, "{off} ms off");
    }
}
