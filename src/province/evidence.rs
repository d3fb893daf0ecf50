//! What there is of an incident's evidence, from the files that came and those that its events name. Pure.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::Role;

/// A file as far as this counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its id.
    pub id: String,
    /// What it is to the incident.
    pub role: Option<Role>,
    /// How far it is.
    pub state: PieceState,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceState {
    /// Something of it is on the way.
    Receiving,
    /// It is here, and its digest was found right.
    Verified,
    /// It is here, and its digest was not looked at.
    Unverified,
    /// It is here, and no manifest of its incident names it, though there is one.
    Unlisted,
    /// It came, and was not what was signed.
    Refused,
}

/// What there is of an incident's evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Evidence {
    /// Whether there is a clip.
    pub clip: bool,
    /// Whether there is a still.
    pub still: bool,
    /// Whether there is sound.
    pub sound: bool,
    /// Whether something came, and every file that came was found right against its signed digest and is named by a
    /// manifest of the incident, once one is there.
    pub verified: bool,
    /// How many files are still to come.
    pub waiting: u64,
}

/// Counts the files of an incident whose events name `named`.
pub fn evidence(named: &[String], pieces: &[Piece]) -> Evidence {
    let is_here = |piece: &&Piece| {
        matches!(piece.state, PieceState::Verified | PieceState::Unverified | PieceState::Unlisted)
    };
    let has = |role| pieces.iter().filter(is_here).any(|piece| piece.role == Some(role));
    let came: Vec<_> = pieces.iter().filter(|piece| piece.state != PieceState::Receiving).collect();
    let underway = pieces.iter().filter(|piece| piece.state == PieceState::Receiving);
    let known: BTreeSet<&str> = came.iter().map(|piece| piece.id.as_str()).collect();
    let waiting: BTreeSet<&str> = named
        .iter()
        .map(String::as_str)
        .chain(underway.map(|piece| piece.id.as_str()))
        .filter(|id| !known.contains(id))
        .collect();
    Evidence {
        clip: has(Role::Clip),
        still: has(Role::Still),
        sound: has(Role::Sound),
        verified: !came.is_empty() && came.iter().all(|piece| piece.state == PieceState::Verified),
        waiting: u64::try_from(waiting.len()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(id: &str, role: Role, state: PieceState) -> Piece {
        Piece { id: id.into(), role: Some(role), state }
    }

    #[test]
    fn what_came_is_shown_and_what_is_named_or_underway_is_waited_for() {
        let named = ["clip", "still", "later"].map(str::to_owned);
        let clip = piece("clip", Role::Clip, PieceState::Verified);
        let still = piece("still", Role::Still, PieceState::Receiving);
        let found = evidence(&named, &[clip.clone(), still]);
        let expected = Evidence { clip: true, verified: true, waiting: 2, ..Evidence::default() };
        assert_eq!(found, expected);
        assert_eq!(evidence(&[], &[clip]), Evidence { clip: true, verified: true, ..Evidence::default() });
    }

    #[test]
    fn one_file_that_was_not_what_was_signed_spoils_the_whole_and_nothing_is_not_verified() {
        assert_eq!(evidence(&[], &[]), Evidence::default());
        let clip = piece("clip", Role::Clip, PieceState::Verified);
        for spoilt in [PieceState::Refused, PieceState::Unverified, PieceState::Unlisted] {
            let found = evidence(&[], &[clip.clone(), piece("sound", Role::Sound, spoilt)]);
            assert!(!found.verified && found.clip && found.waiting == 0, "{spoilt:?}");
            assert_eq!(found.sound, spoilt != PieceState::Refused);
        }
    }
}
