//! Whether the wall clock can be believed, and where a new clock epoch begins. Pure.
//!
//! What is at stake is deletion: footage goes by its age only while the clock is believed, so a
//! wrong clock that is believed deletes the archive. Therefore it is not believed
//!
//! - unless a time service vouches for it,
//! - while it shows a moment before this program was made (a box that boots in 1970),
//! - while it shows a moment before the end of the newest footage whose date is known,
//! - after a leap of more than 7 days past that footage, until it has run for 7 days synchronised
//!   and without a step. A time server that is wrong by years says "synchronised" like any other;
//!   a week is long enough for a person to see `clock-off` and to act, and costs nothing: until
//!   then old footage goes only where its space is needed. A box that was off for a fortnight
//!   waits that week too, because nothing here can tell the two apart.
//!
//! A step, by more than a second, begins a new clock epoch: within one, later footage has the later
//! time. A slewed clock is followed.

use std::time::Duration;

use crate::model::{ClockState, ClockTrust, Mono, Now, Wall};

/// 2026-01-01T00:00:00Z: no clock that shows less is right, this program is younger.
const NOT_BEFORE_MS: i64 = 1_767_225_600_000;

/// A time service moves the clock by far less than this in a second; more was a step.
const STEP_MS: i64 = 1000;

/// A larger leap past the newest footage is not believed at once.
const LEAP: Duration = Duration::from_secs(7 * 86_400);

/// For so long a clock that has leapt must run well.
const PROBATION: Duration = Duration::from_secs(7 * 86_400);

/// What is known of the clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Both clocks.
    pub now: Now,
    /// What the time service says.
    pub state: ClockState,
    /// The end of the newest footage that was recorded while the clock was believed.
    pub newest_footage_end: Option<Wall>,
}

/// What is to be made of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it can be believed.
    pub is_believed: bool,
    /// Whether footage from now on belongs to a new clock epoch.
    pub new_epoch: bool,
    /// By how much the clock was set since the reading before, if it was; positive is forward.
    pub step_ms: Option<i64>,
    /// Why it is not believed.
    pub why_not: Option<Doubt>,
}

/// Why the clock is not believed, what is most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It shows a moment before this program was made.
    BeforeRelease,
    /// It shows a moment before the end of footage that is there already.
    BeforeFootage {
        /// By so much.
        by_ms: i64,
    },
    /// It has leapt far past the newest footage.
    Leapt {
        /// By so much.
        by_ms: i64,
    },
    /// No time service vouches for it.
    NotSynchronised,
}

/// Judges the wall clock, one reading after the other.
#[derive(Debug, Clone, Default)]
pub struct Belief {
    before: Option<Now>,
    /// The latest moment that was ever believed.
    newest: Option<Wall>,
    leapt: Option<Leapt>,
}

/// A leap that has not stood the test of time.
#[derive(Debug, Clone, Copy)]
struct Leapt {
    by_ms: i64,
    /// Since when the clock has run well.
    steady_since: Option<Mono>,
}

impl Belief {
    /// Takes the next reading; the first is that of the start.
    pub fn handle(&mut self, reading: Reading) -> Verdict {
        let Reading { now, state, newest_footage_end } = reading;
        self.newest = self.newest.max(newest_footage_end);
        let step_ms = self.before.map(|before| stepped(before, now)).filter(|by| by.abs() > STEP_MS);
        let is_start = self.before.replace(now).is_none();
        let ahead_ms = self.newest.map_or(0, |newest| now.wall.millis_since(newest));
        if is_start || step_ms.is_some() {
            let is_leap = ahead_ms > as_ms(LEAP);
            self.leapt = is_leap.then_some(Leapt { by_ms: ahead_ms, steady_since: None });
        }
        let is_synchronised = state.state == ClockTrust::Synchronised;
        let why_not = if now.wall.as_millis() < NOT_BEFORE_MS {
            Some(Doubt::BeforeRelease)
        } else if ahead_ms < 0 {
            Some(Doubt::BeforeFootage { by_ms: -ahead_ms })
        } else if let Some(by_ms) = self.still_leapt(is_synchronised, now) {
            Some(Doubt::Leapt { by_ms })
        } else if is_synchronised {
            self.newest = Some(now.wall);
            None
        } else {
            Some(Doubt::NotSynchronised)
        };
        let is_disordered = is_start && ahead_ms < 0;
        let new_epoch = step_ms.is_some() || is_disordered;
        Verdict { is_believed: why_not.is_none(), new_epoch, step_ms, why_not }
    }

    /// How far the clock has leapt, while that has not stood the test of time.
    fn still_leapt(&mut self, is_synchronised: bool, now: Now) -> Option<i64> {
        let leapt = self.leapt.as_mut()?;
        if is_synchronised {
            let since = *leapt.steady_since.get_or_insert(now.mono);
            if now.mono.since(since) >= PROBATION {
                self.leapt = None;
                return None;
            }
        } else {
            leapt.steady_since = None;
        }
        Some(leapt.by_ms)
    }
}

/// By how much the wall clock moved beyond what the monotonic clock did, in ms.
fn stepped(before: Now, now: Now) -> i64 {
    let passed = as_ms(now.mono.since(before.mono));
    now.wall.millis_since(before.wall).saturating_sub(passed)
}

fn as_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY_S: u64 = 86_400;
    const YEAR_MS: i64 = 365 * 86_400_000;

    /// A box with footage up to noon of a day in November 2026.
    struct Box {
        belief: Belief,
        now: Now,
        is_synchronised: bool,
        newest: Option<Wall>,
    }

    impl Box {
        fn at(wall: &str) -> Self {
            let now = Now { mono: Mono::default(), wall: wall.parse().unwrap() };
            let newest = Some("2026-11-24T12:00:00Z".parse().unwrap());
            Self { belief: Belief::default(), now, is_synchronised: true, newest }
        }

        fn look(&mut self) -> Verdict {
            let trust = if self.is_synchronised { ClockTrust::Synchronised } else { ClockTrust::Unknown };
            let state = ClockState { state: trust, offset_ms: None };
            self.belief.handle(Reading { now: self.now, state, newest_footage_end: self.newest })
        }

        fn after(&mut self, seconds: u64) -> Verdict {
            self.now = self.now.plus(Duration::from_secs(seconds));
            self.look()
        }

        fn set(&mut self, by_ms: i64) -> Verdict {
            self.now.wall = self.now.wall.plus_millis(by_ms);
            self.after(1)
        }
    }

    fn why(verdict: Verdict) -> Option<Doubt> {
        assert_eq!(verdict.is_believed, verdict.why_not.is_none());
        verdict.why_not
    }

    #[test]
    fn a_clock_that_runs_on_after_the_newest_footage_is_believed_while_it_is_synchronised() {
        let mut it = Box::at("2026-11-24T12:01:00Z");
        assert!(it.look().is_believed);
        it.is_synchronised = false;
        assert_eq!(why(it.after(1)), Some(Doubt::NotSynchronised));
        it.is_synchronised = true;
        let later = it.after(30 * DAY_S);
        assert!(later.is_believed && !later.new_epoch, "no step, however long it was not looked at");
    }

    #[test]
    fn a_boot_in_1970_is_not_believed_and_corrected_it_is_a_new_epoch_and_believed() {
        let mut it = Box::at("1970-01-01T00:00:10Z");
        assert_eq!(why(it.look()), Some(Doubt::BeforeRelease), "even if a time service vouches for it");
        let off = "2026-11-24T12:05:00Z".parse::<Wall>().unwrap().millis_since(it.now.wall);
        let corrected = it.set(off);
        assert!(corrected.is_believed && corrected.new_epoch);
        assert_eq!(corrected.step_ms, Some(off));
        assert!(!it.after(1).new_epoch, "one step is one epoch");
    }

    #[test]
    fn ten_years_forward_are_not_believed_until_a_week_has_passed_and_corrected_at_once() {
        let mut it = Box::at("2026-11-24T12:01:00Z");
        it.look();
        let leapt = it.set(10 * YEAR_MS);
        assert!(leapt.new_epoch && matches!(why(leapt), Some(Doubt::Leapt { .. })));
        assert!(!it.after(6 * DAY_S).is_believed);
        let mut corrected = Box { belief: it.belief.clone(), ..it };
        assert!(corrected.set(-10 * YEAR_MS).is_believed);
        assert!(corrected.after(1).is_believed);
    }

    #[test]
    fn a_leap_that_has_run_well_for_a_week_is_believed_and_a_step_or_an_outage_begins_the_week_anew() {
        let mut it = Box::at("2027-03-01T00:00:00Z");
        assert!(matches!(why(it.look()), Some(Doubt::Leapt { .. })), "at the start too");
        it.after(6 * DAY_S);
        assert!(!it.set(2000).is_believed);
        assert!(!it.after(6 * DAY_S).is_believed);
        it.is_synchronised = false;
        assert!(!it.after(60).is_believed);
        it.is_synchronised = true;
        assert!(!it.after(DAY_S).is_believed);
        assert!(it.after(7 * DAY_S).is_believed);
    }

    #[test]
    fn one_hour_back_is_a_new_epoch_and_not_believed_before_the_newest_footage_is_passed() {
        let mut it = Box::at("2026-11-24T12:01:00Z");
        assert!(it.look().is_believed);
        let back = it.set(-3_600_000);
        assert!(back.new_epoch && matches!(why(back), Some(Doubt::BeforeFootage { .. })));
        assert!(!it.after(3500).is_believed);
        assert!(it.after(100).is_believed);
    }

    #[test]
    fn a_start_before_the_newest_footage_is_a_new_epoch() {
        let start = Box::at("2026-11-24T11:00:00Z").look();
        assert!(start.new_epoch && start.step_ms.is_none() && !start.is_believed);
        assert!(!Box::at("2026-11-24T13:00:00Z").look().new_epoch);
    }

    #[test]
    fn a_first_start_without_footage_believes_what_a_time_service_vouches_for() {
        let mut it = Box { newest: None, ..Box::at("2031-01-01T00:00:00Z") };
        assert!(it.look().is_believed);
        assert!(!it.set(10 * YEAR_MS).is_believed);
    }

    fn a_step() -> impl Strategy<Value = (u64, i64, bool)> {
        let by = prop_oneof![
            6 => -900i64..900,
            1 => Just(3_600_000),
            1 => Just(-3_600_000),
            1 => -20 * YEAR_MS..20 * YEAR_MS,
        ];
        (1u64..3 * DAY_S, by, any::<bool>())
    }

    proptest! {
        #[test]
        fn a_clock_before_the_footage_or_after_a_wild_leap_is_never_believed(
            start in 0i64..80 * YEAR_MS, footage in proptest::option::of(0i64..80 * YEAR_MS),
            steps in proptest::collection::vec(a_step(), 1..60)
        ) {
            let mut it = Box::at("1970-01-01T00:00:00Z");
            it.newest = footage.map(Wall::from_millis);
            it.now.wall = Wall::from_millis(start);
            let (mut newest, mut well_since, mut is_unproven) = (it.newest, None::<Mono>, false);
            let mut previous: Option<Now> = None;
            for (seconds, by_ms, is_synchronised) in steps {
                it.is_synchronised = is_synchronised;
                it.now.wall = it.now.wall.plus_millis(by_ms);
                it.now = it.now.plus(Duration::from_secs(seconds));
                let verdict = it.look();
                let is_step = previous.is_none_or(|before| stepped(before, it.now).abs() > STEP_MS);
                let leaps = newest.is_some_and(|n| it.now.wall.millis_since(n) > as_ms(LEAP));
                prop_assert_eq!(verdict.step_ms.is_some(), is_step && previous.is_some());
                if is_step {
                    is_unproven = leaps;
                }
                if is_step || !is_synchronised {
                    well_since = None;
                }
                if is_synchronised {
                    well_since.get_or_insert(it.now.mono);
                }
                if verdict.is_believed {
                    prop_assert!(is_synchronised && it.now.wall.as_millis() >= NOT_BEFORE_MS);
                    prop_assert!(newest.is_none_or(|newest| it.now.wall >= newest));
                    let is_proven = well_since.is_some_and(|since| it.now.mono.since(since) >= PROBATION);
                    prop_assert!(!is_unproven || is_proven);
                    is_unproven = false;
                    newest = Some(it.now.wall);
                }
                previous = Some(it.now);
            }
        }
    }
}
