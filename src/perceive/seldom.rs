//! Things that happen by the thousand, told once a minute with their number. Pure.

use std::time::Duration;

use crate::model::Mono;

const EVERY: Duration = Duration::from_secs(60);

/// Counts what happens until it is time to tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Seldom {
    told: Option<Mono>,
    count: u64,
}

impl Seldom {
    /// It happened. Gives how often since it was last told, if it is to be told now.
    pub fn happened(&mut self, at: Mono) -> Option<u64> {
        self.count += 1;
        if self.told.is_some_and(|told| at.since(told) < EVERY) {
            return None;
        }
        self.told = Some(at);
        Some(std::mem::take(&mut self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_time_is_told_at_once_and_the_others_once_a_minute() {
        let mut seldom = Seldom::default();
        let told: Vec<_> = (0..200).filter_map(|s| seldom.happened(Mono(Duration::from_secs(s)))).collect();
        assert_eq!(told, [1, 60, 60, 60], "once a second");
    }
}
