//! What people at a centre did about an incident, as its events tell it.
//!
//! `work` is how the incident stands after the event; `handling` what was added to its history since the event before.
//! Only what people at the centre did is told: what the province asked for it has on record itself, as commands.
//! An outcome that is not known here is read as none, an action as it is written, and a `work` in a state that is
//! not known as nothing told: a newer centre's words make no event unreadable. Its bounds do: nobody keeps to them
//! by chance.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{ClosedAs, Malformed, to_bytes};
use crate::model::Wall;

/// No event tells more entries than this; what is left goes with the next.
pub const MOST_ENTRIES: usize = 50;

/// A note is no longer than this, in characters.
pub const LONGEST_NOTE: usize = 2000;

/// A name is no longer than this, in characters.
const LONGEST_NAME: usize = 100;

/// An action is one word.
const LONGEST_ACTION: usize = 40;

/// The entries of one event take no more room than this, so that the rest of it fits beside them.
const ENTRIES_BYTES: usize = 40 * 1024;

/// How far people are with an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WorkState {
    /// Nobody has looked at it.
    New,
    /// Somebody has.
    Seen,
    /// Somebody deals with it.
    InHand,
    /// It is dealt with.
    Closed,
}

impl WorkState {
    /// Every state.
    pub const ALL: [WorkState; 4] = [WorkState::New, WorkState::Seen, WorkState::InHand, WorkState::Closed];

    /// The word used in storage and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkState::New => "new",
            WorkState::Seen => "seen",
            WorkState::InHand => "in-hand",
            WorkState::Closed => "closed",
        }
    }

    /// The reverse of [`WorkState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        WorkState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// How the work on an incident stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Work {
    /// How far it is.
    pub state: WorkState,
    /// Who deals with it, where somebody does.
    #[serde(default)]
    pub owner: Option<String>,
    /// What it came to, once that was said.
    #[serde(default, deserialize_with = "known_outcome")]
    pub outcome: Option<ClosedAs>,
    /// Since when it stands so; null while nobody has looked.
    #[serde(default)]
    pub at: Option<Wall>,
}

impl Default for Work {
    fn default() -> Self {
        Self { state: WorkState::New, owner: None, outcome: None, at: None }
    }
}

/// One entry of the history that a centre keeps of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlingEntry {
    /// Its number at the centre, by which it is told from others of the incident; it rises.
    pub number: i64,
    /// When, by the centre's clock.
    pub at: Wall,
    /// Who.
    pub who: String,
    /// `see`, `take`, `assign`, `comment`, `close` or `reopen`.
    pub action: String,
    /// What it came to, of `close`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_outcome")]
    pub outcome: Option<ClosedAs>,
    /// To whom, of `assign` and `take`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What was said.
    #[serde(default)]
    pub note: String,
}

impl HandlingEntry {
    /// How many of `entries`, from the first on, one event can tell.
    pub fn that_fit(entries: &[Self]) -> usize {
        let mut left = ENTRIES_BYTES;
        let fits = |entry: &&Self| {
            let rest = left.checked_sub(to_bytes(*entry).len().saturating_add(1));
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        entries.iter().take(MOST_ENTRIES).take_while(fits).count()
    }
}

/// Whether what an event tells is within its bounds.
pub(super) fn check(work: Option<&Work>, entries: &[HandlingEntry]) -> Result<(), Malformed> {
    let is_over = |text: &str, most: usize| text.chars().count() > most;
    let wrong = |what: String| Err(Malformed(format!("the handling of the incident: {what}")));
    if entries.len() > MOST_ENTRIES {
        return wrong(format!("{} entries, and {MOST_ENTRIES} go with one event", entries.len()));
    }
    let owners = work.into_iter().map(|work| &work.owner).chain(entries.iter().map(|entry| &entry.owner));
    if owners.flatten().any(|owner| is_over(owner, LONGEST_NAME)) {
        return wrong(format!("an owner's name is over {LONGEST_NAME} characters"));
    }
    for entry in entries {
        if is_over(&entry.who, LONGEST_NAME) {
            return wrong(format!("a name in entry {} is over {LONGEST_NAME} characters", entry.number));
        }
        if entry.action.is_empty() || is_over(&entry.action, LONGEST_ACTION) {
            return wrong(format!("the action of entry {} is no word", entry.number));
        }
        if is_over(&entry.note, LONGEST_NOTE) {
            return wrong(format!("the note of entry {} is over {LONGEST_NOTE} characters", entry.number));
        }
    }
    Ok(())
}

/// A `work` in a state that is not known here tells nothing.
pub(super) fn known_work<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Work>, D::Error> {
    let told = Option::<Value>::deserialize(deserializer)?;
    let is_known = |told: &Value| told.get("state")?.as_str().and_then(WorkState::parse);
    let told = told.filter(|told| told.get("state").is_none_or(|_| is_known(told).is_some()));
    told.map(serde_json::from_value).transpose().map_err(serde::de::Error::custom)
}

fn known_outcome<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ClosedAs>, D::Error> {
    let told = Option::<String>::deserialize(deserializer)?;
    Ok(told.as_deref().and_then(ClosedAs::parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: i64, note: &str) -> HandlingEntry {
        HandlingEntry {
            number,
            at: Wall::from_millis(1_795_400_107_120),
            who: "Nguyễn Thị Lan".into(),
            action: "comment".into(),
            outcome: None,
            owner: None,
            note: note.into(),
        }
    }

    #[test]
    fn words_are_those_of_messages() {
        for state in WorkState::ALL {
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{}\"", state.as_str()));
            assert_eq!(WorkState::parse(state.as_str()), Some(state));
        }
    }

    #[test]
    fn no_event_tells_more_than_it_has_room_for() {
        let short: Vec<_> = (0..80).map(|n| entry(n, "Đã gọi điện")).collect();
        assert_eq!(HandlingEntry::that_fit(&short), MOST_ENTRIES);
        let long: Vec<_> = (0..80).map(|n| entry(n, &"ề".repeat(LONGEST_NOTE))).collect();
        let fit = HandlingEntry::that_fit(&long);
        assert!((1..10).contains(&fit), "{fit}");
        assert!(to_bytes(&long[..fit].to_vec()).len() <= ENTRIES_BYTES + 2);
        let odd = [entry(1, &"\u{1}".repeat(LONGEST_NOTE))];
        assert_eq!(HandlingEntry::that_fit(&odd), 1, "one goes always");
    }

    #[test]
    fn what_is_over_its_bounds_is_refused_in_words() {
        let many: Vec<_> = (0..51).map(|n| entry(n, "")).collect();
        let with = |change: fn(&mut HandlingEntry)| {
            let mut entry = entry(7, "");
            change(&mut entry);
            vec![entry]
        };
        for (entries, word) in [
            (many, "51 entries"),
            (with(|entry| entry.note = "x".repeat(2001)), "note of entry 7"),
            (with(|entry| entry.who = "x".repeat(101)), "name in entry 7"),
            (with(|entry| entry.owner = Some("x".repeat(101))), "owner"),
            (with(|entry| entry.action = String::new()), "action of entry 7"),
            (with(|entry| entry.action = "x".repeat(41)), "action of entry 7"),
        ] {
            let told = check(None, &entries).unwrap_err().to_string();
            assert!(told.contains(word), "{told}");
        }
        assert_eq!(check(Some(&Work::default()), &[entry(1, &"ề".repeat(2000))]), Ok(()));
    }
}
