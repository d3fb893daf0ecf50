//! `manual`: a person flags a moment, at the centre or at the province. Pure.
//!
//! It begins some time before now, because whoever flags has seen it already, and is over at once.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Action, Incident, Peak};
use crate::model::{CameraId, Ids, IncidentId, Kind, Mono, Now, Severity, Wall};

/// A note is no longer than this, in characters.
const LONGEST_NOTE: usize = 500;

const LONGEST_BEFORE: Duration = Duration::from_secs(300);

const HOUR: Duration = Duration::from_secs(3600);

/// More in an hour are no longer moments that a person has seen.
const MOST_IN_AN_HOUR: usize = 60;

/// A moment that a person flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manual {
    /// Which camera; `None` concerns the whole centre.
    pub camera: Option<CameraId>,
    /// What was seen.
    pub note: String,
    /// Who flags it.
    pub by: String,
    /// How much it matters.
    pub severity: Severity,
    /// How long before it began.
    pub before: Duration,
    /// When it was flagged, where that was said from afar; not long ago.
    pub at: Option<Wall>,
}

impl Manual {
    /// How long before it was flagged a moment began, without a word about it.
    pub const USUAL_BEFORE: Duration = Duration::from_secs(30);

    /// The same, with its note tidied.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn checked(self) -> Result<Self, String> {
        let note = self.note.trim();
        if note.is_empty() {
            return Err("note is empty: write what was seen".to_owned());
        }
        let length = note.chars().count();
        if length > LONGEST_NOTE {
            return Err(format!("note has {length} characters: write at most {LONGEST_NOTE}"));
        }
        if self.before > LONGEST_BEFORE {
            return Err(format!("before must be at most {} s", LONGEST_BEFORE.as_secs()));
        }
        // Lines and tabs are a person's; other control characters are nobody's.
        let note = note.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        Ok(Self { note, ..self })
    }
}

/// The moments of the last hour.
#[derive(Debug, Clone, Default)]
pub(super) struct ByHand {
    flagged: VecDeque<Mono>,
}

impl ByHand {
    /// Makes an incident of `what`, which is over at once.
    ///
    /// # Errors
    /// If too many were flagged in the last hour.
    pub fn flag(
        &mut self,
        what: Manual,
        now: Now,
        ids: &mut Ids,
    ) -> Result<(IncidentId, [Action; 2]), String> {
        while self.flagged.front().is_some_and(|flagged| now.mono.since(*flagged) >= HOUR) {
            self.flagged.pop_front();
        }
        if self.flagged.len() >= MOST_IN_AN_HOUR {
            return Err(format!("{MOST_IN_AN_HOUR} moments were flagged in the last hour: no more"));
        }
        self.flagged.push_back(now.mono);
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let is_recent = |at: &Wall| (0..=millis(LONGEST_BEFORE)).contains(&now.wall.millis_since(*at));
        let at = what.at.filter(is_recent).unwrap_or(now.wall);
        let peak: Peak = [("note", what.note), ("by", what.by)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let incident = Incident {
            id: IncidentId(ids.next(now)),
            rule: Kind::Manual.as_str().to_owned(),
            kind: Kind::Manual,
            severity: what.severity,
            camera: what.camera,
            also: vec![],
            zone: None,
            started_at: at.plus_millis(-millis(what.before)),
            flagged_at: now.wall,
            ended_at: None,
            peak,
            count: 1,
            sound_may_leave: false,
        };
        let closed = Incident { ended_at: Some(at), ..incident.clone() };
        Ok((incident.id, [Action::Opened(incident), Action::Closed(closed)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual(note: &str, before_s: u64, at: Option<Wall>) -> Result<Manual, String> {
        let what = Manual {
            camera: CameraId::new("gate").ok(),
            note: note.into(),
            by: "lan".into(),
            severity: Severity::Warning,
            before: Duration::from_secs(before_s),
            at,
        };
        what.checked()
    }

    fn now() -> Now {
        Now { mono: Mono(Duration::from_secs(1000)), wall: Wall::from_millis(1_795_400_107_120) }
    }

    fn flagged(what: Manual) -> Incident {
        let (_, actions) = ByHand::default().flag(what, now(), &mut Ids::new(1)).unwrap();
        let [Action::Opened(opened), Action::Closed(closed)] = actions else { panic!("{actions:?}") };
        assert_eq!(closed, Incident { ended_at: closed.ended_at, ..opened });
        closed
    }

    #[test]
    fn a_moment_begins_half_a_minute_before_it_is_flagged_and_is_over_at_once() {
        let what = manual(" Hai người to tiếng ", 30, None).unwrap();
        let incident = flagged(what);
        assert_eq!(incident.flagged_at.millis_since(incident.started_at), 30_000);
        assert_eq!(incident.ended_at, Some(now().wall));
        assert_eq!((incident.kind, incident.severity), (Kind::Manual, Severity::Warning));
        assert_eq!(
            (&incident.peak["note"], &incident.peak["by"]),
            (&"Hai người to tiếng".into(), &"lan".into())
        );
    }

    #[test]
    fn what_was_said_from_afar_is_dated_to_when_it_was_said_unless_that_is_long_ago_or_to_come() {
        for (said_s, before_s) in [(-20, 80), (-3600, 60), (60, 60)] {
            let at = now().wall.plus_millis(said_s * 1000);
            let incident = flagged(manual("x", 60, Some(at)).unwrap());
            assert_eq!(incident.flagged_at.millis_since(incident.started_at), before_s * 1000, "{said_s}");
        }
    }

    #[test]
    fn a_note_that_is_empty_or_endless_and_a_wrong_time_are_refused_in_words() {
        let told = |note: &str, before_s| manual(note, before_s, None).unwrap_err();
        assert!(told(" ", 30).contains("empty"));
        assert!(told(&"ơ".repeat(501), 30).contains("501 characters"));
        assert!(told("x", 301).contains("at most 300 s"));
        assert!(manual(&"ơ".repeat(500), 300, None).is_ok());
    }

    #[test]
    fn more_than_sixty_in_an_hour_are_refused() {
        let (mut by_hand, mut ids) = (ByHand::default(), Ids::new(1));
        let what = manual("x", 30, None).unwrap();
        for _ in 0..60 {
            assert!(by_hand.flag(what.clone(), now(), &mut ids).is_ok());
        }
        assert!(by_hand.flag(what.clone(), now(), &mut ids).unwrap_err().contains("in the last hour"));
        assert!(by_hand.flag(what, now().plus(HOUR), &mut ids).is_ok());
    }
}
