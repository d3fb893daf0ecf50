//! When a command goes to its centre, and goes again: until its reply, or until it expires. Pure.
//!
//! A centre that is away misses what is published meanwhile, so a command is repeated: soon at first,
//! at most every minute, and at once when the centre is heard of again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::backoff::{Backoff, spread};
use crate::model::{CentreId, CommandId, Mono, Wall};

/// 5 s doubling to a minute.
const AGAIN: Backoff = Backoff { first: Duration::from_secs(5), longest: Duration::from_secs(60) };

/// A command is expired here only so long after its time: its reply may be on the way.
const GRACE_MS: i64 = 60_000;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A command is on record and is to go.
    Added {
        /// Which.
        command: CommandId,
        /// To whom.
        centre: CentreId,
        /// After this it is not to be done.
        expires_at: Wall,
    },
    /// The connection to the broker is made.
    Connected,
    /// It is gone.
    Disconnected,
    /// A centre was heard of after it was away.
    Heard(CentreId),
    /// The centre's reply is on record.
    Replied(CommandId),
    /// Time has passed.
    Tick,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Publish it.
    Send(CommandId),
    /// Nobody answered in time: write that down.
    Expire(CommandId),
}

/// The commands that have no reply.
#[derive(Debug, Default)]
pub struct Errands {
    all: BTreeMap<CommandId, Errand>,
    connected: bool,
    /// When it was last seen to.
    seen_to: Mono,
}

#[derive(Debug)]
struct Errand {
    centre: CentreId,
    expires_at: Wall,
    tries: u32,
    due: Mono,
}

impl Errands {
    /// Takes what happened; says what to do, in the order in which commands were made.
    pub fn handle(&mut self, input: Input, now: Mono, wall: Wall) -> Vec<Action> {
        match input {
            Input::Added { command, centre, expires_at } => {
                self.all.entry(command).or_insert(Errand { centre, expires_at, tries: 0, due: now });
            }
            Input::Connected => {
                self.connected = true;
                self.all.values_mut().for_each(|errand| errand.hurry(now));
            }
            Input::Disconnected => self.connected = false,
            Input::Heard(centre) => {
                self.all
                    .values_mut()
                    .filter(|errand| errand.centre == centre)
                    .for_each(|errand| errand.hurry(now));
            }
            Input::Replied(command) => {
                self.all.remove(&command);
            }
            Input::Tick => {}
        }
        self.seen_to = now;
        let late = |errand: &Errand| wall.millis_since(errand.expires_at) > GRACE_MS;
        let expired: Vec<_> = self.all.iter().filter(|(_, errand)| late(errand)).map(|(id, _)| *id).collect();
        expired.iter().for_each(|id| drop(self.all.remove(id)));
        let mut actions: Vec<_> = expired.into_iter().map(Action::Expire).collect();
        if self.connected {
            for (id, errand) in &mut self.all {
                // What is over would only be refused; its reply is still waited for.
                if errand.due <= now && wall <= errand.expires_at {
                    errand.tries = errand.tries.saturating_add(1);
                    errand.due = now.plus(AGAIN.after(errand.tries, spread(&id.to_string(), errand.tries)));
                    actions.push(Action::Send(*id));
                }
            }
        }
        actions
    }

    /// When to come back with a [`Input::Tick`], if anything waits.
    pub fn next_wakeup(&self, now: Mono) -> Option<Mono> {
        let due = self.all.values().map(|errand| errand.due).filter(|due| self.connected && *due > now).min();
        // Counted from the last time, not from now: on a busy connection that would never come.
        let later = (!self.all.is_empty()).then(|| self.seen_to.plus(AGAIN.longest));
        [due, later].into_iter().flatten().min()
    }
}

impl Errand {
    fn hurry(&mut self, now: Mono) {
        (self.tries, self.due) = (0, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(n: u8) -> CommandId {
        CommandId(uuid::Uuid::from_bytes([n; 16]))
    }

    fn at(s: u64) -> (Mono, Wall) {
        (Mono(Duration::from_secs(s)), Wall::from_millis(i64::try_from(s).unwrap() * 1000))
    }

    fn added(n: u8, expires_s: i64) -> Input {
        let centre = CentreId::new("xuan-lung").unwrap();
        Input::Added { command: id(n), centre, expires_at: Wall::from_millis(expires_s * 1000) }
    }

    fn told(errands: &mut Errands, input: Input, s: u64) -> Vec<Action> {
        let (mono, wall) = at(s);
        errands.handle(input, mono, wall)
    }

    #[test]
    fn a_command_is_repeated_until_its_reply_and_at_once_when_its_centre_is_back() {
        let mut errands = Errands::default();
        assert_eq!(told(&mut errands, added(1, 600), 0), [], "nobody is there to take it");
        assert_eq!(told(&mut errands, Input::Connected, 1), [Action::Send(id(1))]);
        assert_eq!(told(&mut errands, Input::Tick, 3), []);
        let due = errands.next_wakeup(at(3).0).unwrap();
        assert!(due >= at(6).0 && due <= at(7).0, "{due:?}");
        assert_eq!(told(&mut errands, Input::Tick, 7), [Action::Send(id(1))]);
        assert_eq!(told(&mut errands, Input::Heard(CentreId::new("hung-lo").unwrap()), 8), []);
        assert_eq!(
            told(&mut errands, Input::Heard(CentreId::new("xuan-lung").unwrap()), 8),
            [Action::Send(id(1))]
        );
        told(&mut errands, Input::Replied(id(1)), 9);
        assert_eq!(told(&mut errands, Input::Tick, 100), []);
        assert_eq!(errands.next_wakeup(at(100).0), None);
    }

    #[test]
    fn what_expired_is_not_sent_any_more_and_is_given_up_a_little_later() {
        let mut errands = Errands::default();
        told(&mut errands, Input::Connected, 0);
        assert_eq!(told(&mut errands, added(1, 30), 0), [Action::Send(id(1))]);
        assert_eq!(told(&mut errands, Input::Tick, 31), []);
        assert_eq!(told(&mut errands, Input::Tick, 91), [Action::Expire(id(1))]);
        assert_eq!(told(&mut errands, Input::Tick, 92), []);
    }

    proptest! {
        #[test]
        fn every_command_ends_by_its_reply_or_its_end(steps in proptest::collection::vec((0u8..5, 0u8..4, 1u64..40), 0..60)) {
            let mut errands = Errands::default();
            let (mut s, mut open, mut ended) = (0, std::collections::BTreeSet::new(), 0);
            for (what, n, wait) in steps {
                s += wait;
                let input = match what {
                    0 => { if ended == 0 && open.insert(id(n)) { added(n, i64::try_from(s).unwrap() + 60) } else { Input::Tick } }
                    1 => Input::Connected,
                    2 => Input::Disconnected,
                    3 => { if open.remove(&id(n)) { ended += 1; } Input::Replied(id(n)) }
                    _ => Input::Tick,
                };
                for action in told(&mut errands, input, s) {
                    match action {
                        Action::Send(id) => prop_assert!(open.contains(&id), "sent after its end"),
                        Action::Expire(id) => { prop_assert!(open.remove(&id), "ended twice"); ended += 1; }
                    }
                }
            }
            let rest = told(&mut errands, Input::Tick, s + 1000);
            prop_assert_eq!(rest.len(), open.len());
        }
    }
}
