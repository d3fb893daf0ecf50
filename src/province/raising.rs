//! Whether an incident is raised to the province, so that somebody there is called. Pure.
//!
//! - An urgent one is, at once and for good.
//! - A warning is while nobody at the centre has taken it, from [`PATIENCE_MS`] after it was flagged.
//! - A notice never is: it is here only because the province asked for it.

use crate::model::{Severity, Wall};
use crate::wire::WorkState;

/// So long the centre has a warning to itself.
pub const PATIENCE_MS: i64 = 5 * 60_000;

/// Whether an incident is raised at `now`.
pub fn is_raised(severity: Severity, work: WorkState, flagged_at: Wall, now: Wall) -> bool {
    match severity {
        Severity::Urgent => true,
        Severity::Warning => {
            matches!(work, WorkState::New | WorkState::Seen) && flagged_at <= waited_since(now)
        }
        Severity::Notice => false,
    }
}

/// Warnings that were flagged at this moment or before have waited long enough at `now`.
pub fn waited_since(now: Wall) -> Wall {
    now.plus_millis(-PATIENCE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_raised_when_nobody_took_it_an_urgent_one_at_once_and_a_notice_never() {
        let at = Wall::from_millis(1_795_400_000_000);
        let after = |severity, work, s: i64| is_raised(severity, work, at, at.plus_millis(s * 1000));
        for work in WorkState::ALL {
            let is_taken = matches!(work, WorkState::InHand | WorkState::Closed);
            assert!(after(Severity::Urgent, work, 0), "{work:?}");
            assert!(!after(Severity::Warning, work, 299), "{work:?}");
            assert_eq!(after(Severity::Warning, work, 300), !is_taken, "{work:?}");
            assert!(!after(Severity::Notice, work, 9999), "{work:?}");
        }
    }
}
