//! When a centre that was heard of has gone silent, and when it is back: an incident `centre-silent`. Pure.
//!
//! - A centre says, or its broker for it, that it went: silent after [`GONE_MS`], so that a restart is none.
//! - A centre whose status does not come any more: silent after [`UNHEARD_MS`], five statuses.
//! - While we ourselves hear nothing of the broker, nobody is silent: that would be all of them. Once we hear
//!   again, everyone has as long as before.
//! - A centre that is slow, with much that waits, says so in its status and is not silent.

use std::collections::BTreeSet;
use std::time::Duration;

use super::centres::Heard;
use crate::model::{CentreId, Mono, Now, Wall};
use crate::wire::Presence;

/// So long after it went.
pub const GONE_MS: i64 = 120_000;

/// So long after its last status.
pub const UNHEARD_MS: i64 = 300_000;

/// What to put on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// This centre has been silent since then.
    Open(CentreId, Wall),
    /// It is heard again.
    Close(CentreId),
}

/// Who is silent.
#[derive(Debug, Default)]
pub struct Silence {
    silent: BTreeSet<CentreId>,
    hearing_since: Option<Mono>,
}

impl Silence {
    /// These were silent when the process before this one ended.
    pub fn new(silent: BTreeSet<CentreId>) -> Self {
        Self { silent, hearing_since: None }
    }

    /// Looks at the last word of each centre; `hearing` is whether the broker can be heard now.
    pub fn handle(&mut self, hearing: bool, heard: &[(CentreId, Heard)], now: Now) -> Vec<Action> {
        if !hearing {
            self.hearing_since = None;
            return vec![];
        }
        let since = *self.hearing_since.get_or_insert(now.mono);
        let heard_for = now.mono.since(since);
        let mut actions = vec![];
        for (centre, heard) in heard {
            let age_ms = now.wall.millis_since(heard.at);
            let patience_ms = match heard.presence {
                Presence::Offline => GONE_MS,
                Presence::Online => UNHEARD_MS,
            };
            let patience = Duration::from_millis(u64::try_from(patience_ms).unwrap_or(0));
            let is_silent = age_ms >= patience_ms && heard_for >= patience;
            let is_back = heard.presence == Presence::Online && age_ms < UNHEARD_MS;
            if is_silent && self.silent.insert(centre.clone()) {
                actions.push(Action::Open(centre.clone(), heard.at));
            } else if is_back && self.silent.remove(centre) {
                actions.push(Action::Close(centre.clone()));
            }
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Now {
        let wall = Wall::from_millis(1_795_400_000_000 + i64::try_from(s).unwrap() * 1000);
        Now { mono: Mono(Duration::from_secs(s)), wall }
    }

    fn heard(presence: Presence, s: u64) -> Vec<(CentreId, Heard)> {
        vec![(CentreId::new("xuan-lung").unwrap(), Heard { presence, at: at(s).wall })]
    }

    fn centre() -> CentreId {
        CentreId::new("xuan-lung").unwrap()
    }

    #[test]
    fn a_centre_that_is_not_heard_of_is_silent_once_and_back_once() {
        let mut silence = Silence::default();
        assert_eq!(silence.handle(true, &heard(Presence::Online, 0), at(0)), []);
        assert_eq!(silence.handle(true, &heard(Presence::Online, 0), at(299)), []);
        let silent = silence.handle(true, &heard(Presence::Online, 0), at(300));
        assert_eq!(silent, [Action::Open(centre(), at(0).wall)]);
        assert_eq!(silence.handle(true, &heard(Presence::Online, 0), at(400)), []);
        assert_eq!(silence.handle(true, &heard(Presence::Online, 410), at(410)), [Action::Close(centre())]);
        assert_eq!(silence.handle(true, &heard(Presence::Online, 410), at(420)), []);
    }

    #[test]
    fn a_restart_is_no_silence_and_a_centre_that_went_is_silent_sooner() {
        let mut silence = Silence::default();
        silence.handle(true, &[], at(0));
        assert_eq!(silence.handle(true, &heard(Presence::Offline, 500), at(530)), []);
        assert_eq!(silence.handle(true, &heard(Presence::Online, 540), at(700)), []);
        let gone = silence.handle(true, &heard(Presence::Offline, 800), at(920));
        assert_eq!(gone, [Action::Open(centre(), at(800).wall)]);
        assert_eq!(silence.handle(true, &heard(Presence::Offline, 800), at(5000)), []);
    }

    #[test]
    fn while_we_hear_nothing_ourselves_nobody_is_silent() {
        let mut silence = Silence::default();
        silence.handle(true, &heard(Presence::Online, 0), at(0));
        assert_eq!(silence.handle(false, &heard(Presence::Online, 0), at(1000)), []);
        assert_eq!(
            silence.handle(true, &heard(Presence::Online, 0), at(1010)),
            [],
            "they have not had their time"
        );
        assert_eq!(silence.handle(true, &heard(Presence::Online, 1015), at(1320)).len(), 1);
    }

    #[test]
    fn who_was_silent_before_a_restart_of_the_province_is_not_told_twice() {
        let mut silence = Silence::new(BTreeSet::from([centre()]));
        silence.handle(true, &heard(Presence::Online, 0), at(1000));
        assert_eq!(silence.handle(true, &heard(Presence::Online, 0), at(2000)), []);
        assert_eq!(silence.handle(true, &heard(Presence::Online, 2001), at(2002)), [Action::Close(centre())]);
    }
}
