//! What is given up when more waits for the province than the outbox may hold: files alone, in a stated
//! order. Pure.
//!
//! 1. Previews.
//! 2. Clips of closed notices, the oldest first, then their other files; then those of open ones.
//! 3. Clips of closed warnings, then their other files; then those of open ones.
//! 4. What is urgent, the same way. Nothing of it goes before everything above has gone.
//!
//! Events are never given up: they are small, and all that the province knows of an incident.

use std::time::Duration;

use super::item::Class;
use crate::model::{FileId, IncidentId, Severity, Wall};
use crate::wire::Role;

/// Once it is over its bounds, an outbox is brought down to this share of them, so that it is not over
/// them again at once.
const DOWN_TO: f64 = 0.95;

/// What an outbox may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of files.
    pub bytes: u64,
    /// How long a file waits.
    pub keep: Duration,
}

/// A file that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) id: FileId,
    pub(crate) incident: IncidentId,
    /// SHA-256 of the file, hexadecimal.
    pub(crate) digest: String,
    pub(crate) role: Role,
    pub(crate) severity: Severity,
    /// Whether its incident is over.
    pub(crate) is_closed: bool,
    pub(crate) made_at: Wall,
    pub(crate) size: u64,
}

impl Candidate {
    /// What goes first sorts first.
    fn order(&self) -> (bool, bool, Severity, bool, bool, Wall, FileId) {
        let is_urgent = self.severity == Severity::Urgent;
        let is_preview = self.role == Role::Preview;
        let is_clip = Class::of(self.role) == Class::Clip;
        (is_urgent, !is_preview, self.severity, !self.is_closed, !is_clip, self.made_at, self.id)
    }
}

/// Which of `waiting` are given up. `dated` is the moment now, where the clock is believed and age counts.
pub(crate) fn sacrifice(mut waiting: Vec<Candidate>, bounds: &Bounds, dated: Option<Wall>) -> Vec<Candidate> {
    waiting.sort_by_key(Candidate::order);
    let keep_ms = i64::try_from(bounds.keep.as_millis()).unwrap_or(i64::MAX);
    let is_old = |file: &Candidate| dated.is_some_and(|now| now.millis_since(file.made_at) > keep_ms);
    let (mut given_up, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_old);
    let mut bytes: u64 = rest.iter().map(|file| file.size).sum();
    if bytes > bounds.bytes {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share need not be exact"
        )]
        let aim = (bounds.bytes as f64 * DOWN_TO) as u64;
        for file in rest {
            if bytes <= aim {
                break;
            }
            bytes = bytes.saturating_sub(file.size);
            given_up.push(file);
        }
    }
    given_up
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(n: u128, role: Role, severity: Severity, is_closed: bool) -> Candidate {
        let made_at = Wall::from_millis(i64::try_from(n).unwrap() * 1000);
        let (id, incident) = (uuid::Uuid::from_u128(n), IncidentId(uuid::Uuid::from_u128(n)));
        let digest = "ab".repeat(32);
        Candidate { id: FileId(id), incident, digest, role, severity, is_closed, made_at, size: 100 }
    }

    fn ids(files: &[Candidate]) -> Vec<u128> {
        files.iter().map(|file| file.id.0.as_u128()).collect()
    }

    #[test]
    fn the_order_is_previews_old_notices_warnings_and_the_urgent_last() {
        use Role::{Clip, Manifest, Preview, Sound, Still};
        use Severity::{Notice, Urgent, Warning};
        let waiting = vec![
            file(1, Clip, Urgent, true),
            file(2, Preview, Urgent, true),
            file(3, Clip, Warning, false),
            file(4, Still, Warning, true),
            file(5, Clip, Warning, true),
            file(6, Clip, Notice, false),
            file(7, Manifest, Notice, true),
            file(9, Clip, Notice, true),
            file(8, Clip, Notice, true),
            file(10, Preview, Warning, false),
            file(11, Sound, Urgent, false),
        ];
        let none = Bounds { bytes: 0, keep: Duration::MAX };
        assert_eq!(ids(&sacrifice(waiting, &none, None)), [10, 8, 9, 7, 6, 5, 4, 3, 2, 1, 11]);
    }

    #[test]
    fn only_as_much_goes_as_must_and_a_little_more() {
        let waiting: Vec<_> = (1..=20).map(|n| file(n, Role::Clip, Severity::Warning, true)).collect();
        let bounds = Bounds { bytes: 2000, keep: Duration::MAX };
        assert_eq!(sacrifice(waiting.clone(), &bounds, None), []);
        let bounds = Bounds { bytes: 1900, ..bounds };
        assert_eq!(ids(&sacrifice(waiting, &bounds, None)), [1, 2]);
    }

    #[test]
    fn what_waited_too_long_goes_while_the_clock_is_believed() {
        let waiting: Vec<_> = (1..=5).map(|n| file(n, Role::Clip, Severity::Urgent, true)).collect();
        let bounds = Bounds { bytes: u64::MAX, keep: Duration::from_secs(10) };
        assert_eq!(sacrifice(waiting.clone(), &bounds, None), []);
        assert_eq!(ids(&sacrifice(waiting, &bounds, Some(Wall::from_millis(13_500)))), [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn nothing_urgent_goes_while_anything_else_is_left(
            made in proptest::collection::vec((0u8..5, 0u8..3, any::<bool>(), 1u64..1000), 0..40),
            bound in 0u64..20_000,
        ) {
            let roles = [Role::Clip, Role::Still, Role::Sound, Role::Manifest, Role::Preview];
            let severities = [Severity::Notice, Severity::Warning, Severity::Urgent];
            let waiting: Vec<_> = made.iter().zip(1u128..).map(|((role, severity, closed, size), n)| Candidate {
                size: *size,
                ..file(n, roles[usize::from(*role)], severities[usize::from(*severity)], *closed)
            }).collect();
            let gone = sacrifice(waiting.clone(), &Bounds { bytes: bound, keep: Duration::MAX }, None);
            let left = |file: &&Candidate| !gone.contains(file);
            let bytes: u64 = waiting.iter().filter(left).map(|file| file.size).sum();
            prop_assert!(bytes <= bound);
            let urgent_gone = gone.iter().any(|file| file.severity == Severity::Urgent);
            prop_assert!(!urgent_gone || waiting.iter().filter(left).all(|file| file.severity == Severity::Urgent));
        }
    }
}
