//! How far people are with an incident, and what each may do next. Pure.
//!
//! ```text
//! new ──see──▶ seen ──take──▶ in hand ──close──▶ closed
//!   └────────────┴──── take, assign, close ────────┘ └──reopen──▶ seen
//! ```
//!
//! Two people may look at the same one: whoever acts on what was meanwhile changed by somebody else is told so, and
//! nothing is done.

use crate::wire::{ClosedAs, Work, WorkState};

/// What somebody does about an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Has looked at it.
    See,
    /// Deals with it.
    Take,
    /// Says who deals with it.
    Assign(String),
    /// Says something.
    Comment,
    /// Says what it came to.
    Close(ClosedAs),
    /// It is not over after all.
    Reopen,
    /// The province has seen it.
    Acknowledge,
}

impl Doing {
    /// The word used in storage and messages.
    pub fn as_str(&self) -> &'static str {
        match self {
            Doing::See => "see",
            Doing::Take => "take",
            Doing::Assign(_) => "assign",
            Doing::Comment => "comment",
            Doing::Close(_) => "close",
            Doing::Reopen => "reopen",
            Doing::Acknowledge => "acknowledge",
        }
    }
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Somebody else was faster.
    #[error("somebody else has changed it meanwhile")]
    Changed,
    /// It is closed: it would have to be opened again first.
    #[error("it is closed")]
    Closed,
    /// It is not closed.
    #[error("it is not closed")]
    NotClosed,
}

/// How an incident stands after `who` did `doing`, or `None` if that is nothing new. `is_current` is whether they
/// saw everything that was done before; unknown where they did not say.
///
/// # Errors
/// [`Conflict`] if it cannot be done as things are.
pub fn after(
    work: &Work,
    doing: &Doing,
    who: &str,
    is_current: Option<bool>,
) -> Result<Option<Work>, Conflict> {
    let is_closed = work.state == WorkState::Closed;
    let stale = is_current == Some(false);
    let in_hand =
        |owner: &str| Work { state: WorkState::InHand, owner: Some(owner.to_owned()), ..work.clone() };
    match doing {
        Doing::See if work.state == WorkState::New => {
            Ok(Some(Work { state: WorkState::Seen, ..work.clone() }))
        }
        Doing::See => Ok(None),
        Doing::Comment | Doing::Acknowledge => Ok(Some(work.clone())),
        _ if stale => Err(Conflict::Changed),
        Doing::Take | Doing::Assign(_) | Doing::Close(_) if is_closed => Err(Conflict::Closed),
        Doing::Take => match &work.owner {
            Some(owner) if owner == who && work.state == WorkState::InHand => Ok(None),
            // Who takes it from somebody must have seen that they had it.
            Some(owner) if owner != who && is_current.is_none() => Err(Conflict::Changed),
            _ => Ok(Some(in_hand(who))),
        },
        Doing::Assign(owner) => Ok(Some(in_hand(owner))),
        Doing::Close(outcome) => {
            let owner = work.owner.clone().or_else(|| Some(who.to_owned()));
            Ok(Some(Work { state: WorkState::Closed, owner, outcome: Some(*outcome), at: work.at }))
        }
        Doing::Reopen if !is_closed => Err(Conflict::NotClosed),
        Doing::Reopen => {
            let state = if work.owner.is_some() { WorkState::InHand } else { WorkState::Seen };
            Ok(Some(Work { state, outcome: None, ..work.clone() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn done(work: &Work, doing: Doing, who: &str) -> Work {
        after(work, &doing, who, None).unwrap().unwrap()
    }

    #[test]
    fn an_incident_is_seen_taken_and_closed_with_what_it_came_to() {
        let seen = done(&Work::default(), Doing::See, "lan");
        assert_eq!((seen.state, seen.owner.as_deref()), (WorkState::Seen, None));
        assert_eq!(after(&seen, &Doing::See, "minh", None), Ok(None), "once is enough");
        let taken = done(&seen, Doing::Take, "lan");
        assert_eq!((taken.state, taken.owner.as_deref()), (WorkState::InHand, Some("lan")));
        let closed = done(&taken, Doing::Close(ClosedAs::FalseAlarm), "lan");
        assert_eq!((closed.state, closed.outcome), (WorkState::Closed, Some(ClosedAs::FalseAlarm)));
        let reopened = done(&closed, Doing::Reopen, "minh");
        assert_eq!((reopened.state, reopened.owner.as_deref()), (WorkState::InHand, Some("lan")));
        assert_eq!(reopened.outcome, None);
    }

    #[test]
    fn who_acts_on_what_somebody_else_has_changed_is_told_so() {
        let taken = done(&Work::default(), Doing::Take, "lan");
        assert_eq!(after(&taken, &Doing::Take, "minh", None), Err(Conflict::Changed));
        assert_eq!(after(&taken, &Doing::Take, "minh", Some(false)), Err(Conflict::Changed));
        assert_eq!(
            done_knowing(&taken, Doing::Take, "minh").owner.as_deref(),
            Some("minh"),
            "taken over openly"
        );
        let closed = done(&taken, Doing::Close(ClosedAs::Real), "lan");
        for doing in [Doing::Take, Doing::Assign("hoa".into()), Doing::Close(ClosedAs::Test)] {
            assert_eq!(after(&closed, &doing, "minh", Some(true)), Err(Conflict::Closed), "{doing:?}");
        }
        assert_eq!(after(&taken, &Doing::Reopen, "minh", None), Err(Conflict::NotClosed));
    }

    fn done_knowing(work: &Work, doing: Doing, who: &str) -> Work {
        after(work, &doing, who, Some(true)).unwrap().unwrap()
    }

    fn doing() -> impl Strategy<Value = Doing> {
        prop_oneof![
            Just(Doing::See),
            Just(Doing::Take),
            Just(Doing::Assign("hoa".into())),
            Just(Doing::Comment),
            Just(Doing::Close(ClosedAs::Real)),
            Just(Doing::Close(ClosedAs::Test)),
            Just(Doing::Reopen),
            Just(Doing::Acknowledge),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_done_an_outcome_is_there_exactly_while_it_is_closed_and_who_has_it_in_hand_is_named(
            deeds in prop::collection::vec((doing(), prop::sample::select(vec!["lan", "minh"]), any::<Option<bool>>()), 0..30),
        ) {
            let mut work = Work::default();
            for (doing, who, is_current) in deeds {
                if let Ok(Some(next)) = after(&work, &doing, who, is_current) {
                    work = next;
                }
                prop_assert_eq!(work.outcome.is_some(), work.state == WorkState::Closed);
                prop_assert!(work.state != WorkState::InHand || work.owner.is_some());
            }
        }
    }
}
