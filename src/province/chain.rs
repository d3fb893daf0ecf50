//! How a signed document fits into its centre's chain, from what is known of the places around it. Pure.
//!
//! Links come in any order: an urgent manifest is here before what was signed before it. What is missing is open, and
//! closes when it comes; it is never refused. Two documents under one place are both kept in mind: a centre that signs
//! twice contradicts itself, and that is what the chain is for.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::BEGINNING;
use crate::model::{Epoch, IncidentId, Wall};

/// A signed document and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which chain.
    pub epoch: Epoch,
    /// Its number, from 1.
    pub number: i64,
    /// What it is.
    pub kind: String,
    /// The incident that it is about.
    pub incident: Option<IncidentId>,
    /// When it was signed, by the centre's clock.
    pub made_at: Wall,
    /// SHA-256 of the document before it, hexadecimal.
    pub previous: String,
    /// SHA-256 of its own, hexadecimal.
    pub digest: String,
}

/// What is known of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What the document there names as the one before it.
    pub previous: String,
    /// The document's own digest.
    pub digest: String,
}

/// What is known of a document's own place and of those beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Around {
    /// Its own.
    pub same: Option<Known>,
    /// The one before.
    pub before: Option<Known>,
    /// The one after.
    pub after: Option<Known>,
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Another document was signed under the same number.
    TwoDocuments,
    /// It names another document before it than the one that is there.
    DoesNotFollow,
    /// The centre says that its database was restored, and what is known here contradicts that.
    FalseBeginning,
}

impl Fault {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TwoDocuments => "two-documents",
            Self::DoesNotFollow => "does-not-follow",
            Self::FalseBeginning => "false-beginning",
        }
    }
}

/// What becomes of a link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// It is kept: its place was empty.
    pub is_new: bool,
    /// What does not fit, and at which number.
    pub faults: Vec<(i64, Fault)>,
}

/// Judges a link by what is around its place.
pub fn judge(link: &Placed, around: &Around) -> Judged {
    let mut judged = Judged::default();
    match &around.same {
        Some(same) if same.digest == link.digest && same.previous == link.previous => return judged,
        Some(_) => judged.faults.push((link.number, Fault::TwoDocuments)),
        None => judged.is_new = true,
    }
    let is_first = link.number == 1;
    let before = if is_first { Some(BEGINNING) } else { around.before.as_ref().map(|known| &*known.digest) };
    if before.is_some_and(|digest| digest != link.previous) {
        judged.faults.push((link.number, Fault::DoesNotFollow));
    }
    // What comes after one of two documents says which of them it knows: no fault of its own.
    if judged.is_new && around.after.as_ref().is_some_and(|after| after.previous != link.digest) {
        judged.faults.push((link.number.saturating_add(1), Fault::DoesNotFollow));
    }
    judged
}

/// How a chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChainState {
    /// Every document up to the last is here and follows the one before.
    Whole,
    /// Some are still to come.
    Open,
    /// Something does not fit.
    Broken,
}

/// How many are missing of a chain that has `documents` of the numbers from `begins` to `highest`.
pub fn missing(documents: i64, begins: i64, highest: i64) -> i64 {
    highest.saturating_sub(begins.saturating_sub(1)).saturating_sub(documents).max(0)
}

/// How a chain stands of which so many are missing and do not fit.
pub fn state(missing: i64, faults: i64) -> ChainState {
    match () {
        () if faults > 0 => ChainState::Broken,
        () if missing > 0 => ChainState::Open,
        () => ChainState::Whole,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn link(number: i64, previous: &str, digest: &str) -> Placed {
        Placed {
            epoch: "0193b3c4-0000-7000-8000-000000000009".parse().unwrap(),
            number,
            kind: "hour".into(),
            incident: None,
            made_at: Wall::from_millis(number),
            previous: previous.into(),
            digest: digest.into(),
        }
    }

    /// The links `1..=n` of one chain.
    fn chain(n: i64) -> Vec<Placed> {
        let digest = |n: i64| if n == 0 { BEGINNING.to_owned() } else { format!("d{n}") };
        (1..=n).map(|n| link(n, &digest(n - 1), &digest(n))).collect()
    }

    /// Takes them as they come; gives what is kept and what did not fit.
    fn taken(links: &[Placed]) -> (BTreeMap<i64, Known>, Vec<(i64, Fault)>) {
        let (mut kept, mut faults) = (BTreeMap::<i64, Known>::new(), vec![]);
        for link in links {
            let at = |number: i64| kept.get(&number).cloned();
            let around =
                Around { same: at(link.number), before: at(link.number - 1), after: at(link.number + 1) };
            let judged = judge(link, &around);
            if judged.is_new {
                kept.insert(
                    link.number,
                    Known { previous: link.previous.clone(), digest: link.digest.clone() },
                );
            }
            faults.extend(judged.faults);
        }
        (kept, faults)
    }

    proptest! {
        #[test]
        fn in_whatever_order_links_come_a_chain_without_a_fault_has_none(
            order in Just((0..20usize).collect::<Vec<_>>()).prop_shuffle(), again in 0..20usize,
        ) {
            let all = chain(20);
            let mut came: Vec<Placed> = order.iter().map(|n| all[*n].clone()).collect();
            came.push(all[again].clone());
            let (kept, faults) = taken(&came);
            prop_assert_eq!((kept.len(), faults), (20, vec![]));
        }

        #[test]
        fn one_that_was_signed_anew_is_found_in_whatever_order(
            order in Just((0..20usize).collect::<Vec<_>>()).prop_shuffle(), which in 0..20usize,
        ) {
            let mut all = chain(20);
            all[which].digest = "other".into();
            let came: Vec<Placed> = order.iter().map(|n| all[*n].clone()).collect();
            let (_, faults) = taken(&came);
            let expected = if which == 19 { vec![] } else { vec![(which as i64 + 2, Fault::DoesNotFollow)] };
            prop_assert_eq!(faults, expected);
        }
    }

    #[test]
    fn a_missing_one_is_open_and_closes_when_it_comes() {
        let all = chain(3);
        let (kept, faults) = taken(&[all[0].clone(), all[2].clone()]);
        assert_eq!((faults, state(missing(kept.len() as i64, 1, 3), 0)), (vec![], ChainState::Open));
        let (kept, faults) = taken(&[all[0].clone(), all[2].clone(), all[1].clone()]);
        assert_eq!((faults, state(missing(kept.len() as i64, 1, 3), 0)), (vec![], ChainState::Whole));
    }

    #[test]
    fn a_second_document_under_a_number_breaks_the_chain_and_the_first_stays() {
        let all = chain(3);
        let other = link(2, "d1", "other");
        let (kept, faults) = taken(&[all[0].clone(), all[1].clone(), all[2].clone(), other]);
        assert_eq!(faults, [(2, Fault::TwoDocuments)]);
        assert_eq!((kept[&2].digest.as_str(), state(0, 1)), ("d2", ChainState::Broken));
    }

    #[test]
    fn a_first_document_has_none_before_it() {
        assert_eq!(taken(&[link(1, "d0", "d1")]).1, [(1, Fault::DoesNotFollow)]);
    }
}
