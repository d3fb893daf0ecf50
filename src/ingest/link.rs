//! When a camera stream is connecting, streaming, stalled, lost or refused. Pure.
//!
//! A stream is *stalled* after 3 s without a unit and *lost* after 8 s, however the silence came
//! about; silence of 8 s also ends a connection that is still open. Tries are spread from 1 s to
//! 10 s; after a refused password only every 5 minutes, because cameras lock an account after 5 to
//! 7 of them.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::backoff::{Backoff, spread};
use crate::model::{Mono, Now};

const STALLED_AFTER: Duration = Duration::from_secs(3);
const LOST_AFTER: Duration = Duration::from_secs(8);
const OPEN_WITHIN: Duration = Duration::from_secs(8);
const STEADY_AFTER: Duration = Duration::from_secs(10);
const REFUSED_REST: Duration = Duration::from_secs(300);
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };

/// How a camera stream is, as staff and province see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CameraState {
    /// Not yet heard of since the start.
    Connecting,
    /// Units arrive.
    Streaming,
    /// No unit for 3 s.
    Stalled,
    /// No unit for 8 s.
    Lost,
    /// The camera does not accept the password.
    Refused,
}

impl CameraState {
    /// The word used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            CameraState::Connecting => "connecting",
            CameraState::Streaming => "streaming",
            CameraState::Stalled => "stalled",
            CameraState::Lost => "lost",
            CameraState::Refused => "refused",
        }
    }
}

/// Why an attempt or a connection failed, as far as it decides what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Trying again soon may help.
    Passing,
    /// The user or password was refused.
    Refused,
}

/// What happened to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The attempt that [`Action::Open`] asked for succeeded.
    Opened,
    /// A unit arrived.
    Arrived,
    /// The attempt failed, or the connection ended.
    Failed(Failure),
    /// Time has passed.
    Tick,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Begin an attempt to connect.
    Open,
    /// Drop the connection, or the attempt.
    Close,
    /// Tell everyone the new state.
    Changed(CameraState),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Resting { until: Mono },
    Opening { since: Mono },
    Open { since: Mono },
}

/// The state of one stream.
#[derive(Debug, Clone)]
pub struct Link {
    name: String,
    phase: Phase,
    state: CameraState,
    refused: bool,
    failures: u32,
    /// The last unit, or the start while there was none.
    heard: Mono,
}

impl Link {
    /// A stream that has not been tried; the first [`Input::Tick`] opens it.
    pub fn new(name: impl Into<String>, now: Now) -> Self {
        Self {
            name: name.into(),
            phase: Phase::Resting { until: now.mono },
            state: CameraState::Connecting,
            refused: false,
            failures: 0,
            heard: now.mono,
        }
    }

    /// The state now.
    pub fn state(&self) -> CameraState {
        self.state
    }

    /// Takes one input and says what follows.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Opened => self.phase = Phase::Open { since: now.mono },
            Input::Arrived => {
                self.heard = now.mono;
                self.refused = false;
            }
            Input::Failed(failure) => self.rest(failure, now),
            Input::Tick => self.tick(now, &mut actions),
        }
        if let Phase::Open { since } = self.phase
            && now.mono.since(since) >= STEADY_AFTER
        {
            self.failures = 0;
        }
        let state = self.judge(now);
        if state != self.state {
            self.state = state;
            actions.push(Action::Changed(state));
        }
        actions
    }

    /// When [`Input::Tick`] is due, if nothing else comes first.
    pub fn next_wakeup(&self) -> Mono {
        let due = match self.phase {
            Phase::Resting { until } => until,
            Phase::Opening { since } => since.plus(OPEN_WITHIN),
            Phase::Open { since } => self.heard.max(since).plus(LOST_AFTER),
        };
        match self.state {
            CameraState::Streaming => due.min(self.heard.plus(STALLED_AFTER)),
            CameraState::Connecting | CameraState::Stalled => due.min(self.heard.plus(LOST_AFTER)),
            CameraState::Lost | CameraState::Refused => due,
        }
    }

    fn tick(&mut self, now: Now, actions: &mut Vec<Action>) {
        match self.phase {
            Phase::Resting { until } if now.mono >= until => {
                self.phase = Phase::Opening { since: now.mono };
                actions.push(Action::Open);
            }
            Phase::Opening { since } if now.mono.since(since) >= OPEN_WITHIN => {
                actions.push(Action::Close);
                self.rest(Failure::Passing, now);
            }
            Phase::Open { since } if now.mono.since(self.heard.max(since)) >= LOST_AFTER => {
                actions.push(Action::Close);
                self.rest(Failure::Passing, now);
            }
            _ => {}
        }
    }

    fn rest(&mut self, failure: Failure, now: Now) {
        self.failures = self.failures.saturating_add(1);
        self.refused = failure == Failure::Refused;
        let wait = match failure {
            Failure::Refused => REFUSED_REST,
            Failure::Passing => BACKOFF.after(self.failures, spread(&self.name, self.failures)),
        };
        self.phase = Phase::Resting { until: now.mono.plus(wait) };
    }

    fn judge(&self, now: Now) -> CameraState {
        let silent = now.mono.since(self.heard);
        let was_heard =
            !matches!(self.state, CameraState::Connecting | CameraState::Lost | CameraState::Refused);
        match self.state {
            _ if self.refused => CameraState::Refused,
            _ if silent >= LOST_AFTER => CameraState::Lost,
            CameraState::Connecting | CameraState::Lost | CameraState::Refused if !matches!(self.phase, Phase::Open { since } if self.heard >= since) => {
                self.state
            }
            _ if was_heard && silent >= STALLED_AFTER => CameraState::Stalled,
            _ => CameraState::Streaming,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Now {
        Now::default().plus(Duration::from_millis(ms))
    }

    fn streaming() -> Link {
        let mut link = Link::new("gate/main", at(0));
        assert_eq!(link.handle(Input::Tick, at(0)), [Action::Open]);
        assert_eq!(link.handle(Input::Opened, at(100)), []);
        assert_eq!(link.handle(Input::Arrived, at(200)), [Action::Changed(CameraState::Streaming)]);
        link
    }

    #[test]
    fn a_camera_that_falls_silent_is_stalled_after_3_s_and_lost_after_8() {
        let mut link = streaming();
        assert_eq!(link.next_wakeup(), at(3200).mono);
        assert_eq!(link.handle(Input::Tick, at(3200)), [Action::Changed(CameraState::Stalled)]);
        assert_eq!(link.next_wakeup(), at(8200).mono);
        assert_eq!(
            link.handle(Input::Tick, at(8200)),
            [Action::Close, Action::Changed(CameraState::Lost)],
            "the silent connection is dropped"
        );
    }

    #[test]
    fn a_connection_that_breaks_is_tried_again_within_a_second_or_so_and_not_lost_at_once() {
        let mut link = streaming();
        assert_eq!(link.handle(Input::Failed(Failure::Passing), at(1000)), []);
        let retry = link.next_wakeup();
        assert!(retry >= at(2000).mono && retry <= at(3000).mono, "{retry:?}");
        assert!(link.handle(Input::Tick, at(3000)).contains(&Action::Open));
        assert_eq!(link.state(), CameraState::Streaming, "silent for 2.8 s only");
    }

    #[test]
    fn a_refused_password_is_not_tried_again_for_minutes() {
        let mut link = Link::new("gate/main", at(0));
        link.handle(Input::Tick, at(0));
        assert_eq!(
            link.handle(Input::Failed(Failure::Refused), at(50)),
            [Action::Changed(CameraState::Refused)]
        );
        assert_eq!(link.next_wakeup(), at(300_050).mono);
        assert_eq!(link.handle(Input::Tick, at(299_000)), []);
        assert_eq!(link.handle(Input::Tick, at(300_050)), [Action::Open]);
    }

    #[test]
    fn a_camera_that_never_answers_is_lost_8_s_after_the_start() {
        let mut link = Link::new("gate/main", at(0));
        link.handle(Input::Tick, at(0));
        assert_eq!(link.handle(Input::Tick, at(8000)), [Action::Close, Action::Changed(CameraState::Lost)]);
    }

    #[test]
    fn a_lost_camera_is_streaming_again_with_its_first_unit_not_with_its_connection() {
        let mut link = streaming();
        link.handle(Input::Tick, at(8200));
        assert!(link.handle(Input::Tick, at(20_000)).contains(&Action::Open));
        assert_eq!(link.handle(Input::Opened, at(20_100)), []);
        assert_eq!(link.handle(Input::Arrived, at(20_200)), [Action::Changed(CameraState::Streaming)]);
    }

    proptest! {
        #[test]
        fn whatever_happens_a_try_is_due_within_the_longest_wait(
            steps in proptest::collection::vec((0u8..4, 0u64..9000), 0..60)
        ) {
            let mut link = Link::new("gate/main", at(0));
            let mut ms = 0;
            for (what, wait) in steps {
                ms += wait;
                let input = match what {
                    0 => Input::Opened,
                    1 => Input::Arrived,
                    2 => Input::Failed(Failure::Passing),
                    _ => Input::Tick,
                };
                link.handle(input, at(ms));
                prop_assert!(link.next_wakeup() <= at(ms).mono.plus(BACKOFF.longest));
            }
        }
    }
}
