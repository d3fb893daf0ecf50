//! A condition of the box that is there or not, told once it has lasted. Pure.

use std::time::Duration;

use super::{Peak, Sign};
use crate::model::Now;

/// How long a condition is there.
#[derive(Debug, Clone)]
pub(super) struct Lasting {
    hold: Duration,
    since: Option<Now>,
    is_flagged: bool,
}

impl Lasting {
    /// Flags what lasts for `hold`.
    pub fn new(hold: Duration) -> Self {
        Self { hold, since: None, is_flagged: false }
    }

    /// Whether it has lasted and goes on.
    pub fn is_flagged(&self) -> bool {
        self.is_flagged
    }

    /// Takes one look: it is there, with these measurements, or it is not.
    pub fn look(&mut self, there: Option<Peak>, now: Now) -> Option<Sign> {
        let Some(peak) = there else {
            self.since = None;
            return std::mem::take(&mut self.is_flagged).then_some(Sign::Ended(now.wall));
        };
        let since = *self.since.get_or_insert(now);
        if self.is_flagged || now.mono.since(since.mono) < self.hold {
            return None;
        }
        self.is_flagged = true;
        Some(Sign::Flagged { started_at: since.wall, peak })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Wall;

    #[test]
    fn what_lasts_is_flagged_once_with_its_beginning_and_ends() {
        let mut it = Lasting::new(Duration::from_secs(2));
        let at = |s| Now::default().plus(Duration::from_secs(s));
        assert_eq!(it.look(Some(Peak::new()), at(0)), None);
        assert_eq!(it.look(None, at(1)), None, "it was short");
        assert_eq!(it.look(Some(Peak::new()), at(2)), None);
        let flagged = Sign::Flagged { started_at: Wall::from_millis(2000), peak: Peak::new() };
        assert_eq!(it.look(Some(Peak::new()), at(4)), Some(flagged));
        assert_eq!(it.look(Some(Peak::new()), at(5)), None);
        assert_eq!(it.look(None, at(6)), Some(Sign::Ended(Wall::from_millis(6000))));
    }
}
