//! The rules that hold without a line in the file, and which kinds nobody watches for.

use super::usual::{When, usual};
use super::{Rule, Surroundings, places, read};
use crate::config::reader::Table;
use crate::model::Kind;

/// A kind that no rule watches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwatched {
    /// The kind.
    pub kind: Kind,
    /// Why, as a technician reads it.
    pub why: &'static str,
}

/// The default rules of the kinds that have no `[[rule]]`, and which of them have none either.
pub(super) fn defaults(
    root: &Table<'_>,
    around: &Surroundings<'_>,
    unwritten: impl Iterator<Item = Kind>,
) -> (Vec<Rule>, Vec<Unwatched>) {
    let (mut rules, mut unwatched) = (vec![], vec![]);
    for kind in unwritten {
        match missing(kind, around) {
            Some(why) => unwatched.push(Unwatched { kind, why }),
            // Nothing can be wrong with an empty table that is known to fit.
            None => rules.extend(read(root.unwritten(kind.to_string()), kind, kind.to_string(), around)),
        }
    }
    (rules, unwatched)
}

/// What a default rule of `kind` lacks.
fn missing(kind: Kind, around: &Surroundings<'_>) -> Option<&'static str> {
    if !around.default_rules {
        return Some("default_rules = false");
    }
    if !around.cameras.iter().any(|listed| places::unfit(kind, listed, false).is_none()) {
        return Some(places::no_camera(kind));
    }
    let needs_hours = usual(kind).schedule != When::Always;
    (needs_hours && !around.has_hours).then_some("[centre] has no hours")
}

/// The kinds whose every `[[rule]]` is switched off.
pub(super) fn switched_off(counts: &[(Kind, u32)], rules: &[Rule]) -> Vec<Unwatched> {
    let is_watched = |kind: Kind| rules.iter().any(|rule| rule.condition.kind() == kind);
    let off = counts.iter().filter(|(kind, count)| *count > 0 && !is_watched(*kind));
    off.map(|(kind, _)| Unwatched { kind: *kind, why: "enabled = false" }).collect()
}
