//! Which bytes of a file are there: a set of ranges `[from, to)`.
//!
//! Pure. Ranges are kept in order, apart and never empty, so that two sets with the same bytes are
//! equal. Written as `0-262144,524288-600000`, nothing for an empty set.

use std::fmt;
use std::str::FromStr;

/// A set of byte ranges.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds the bytes `[from, to)`; nothing if that is empty.
    pub fn insert(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let (mut from, mut to) = (from, to);
        let mut apart = Vec::with_capacity(self.0.len() + 1);
        for &(begin, end) in &self.0 {
            if end < from || begin > to {
                apart.push((begin, end));
            } else {
                from = from.min(begin);
                to = to.max(end);
            }
        }
        let place = apart.partition_point(|&(begin, _)| begin < from);
        apart.insert(place, (from, to));
        self.0 = apart;
    }

    /// What of `[0, size)` is not there, in order.
    pub fn missing(&self, size: u64) -> Vec<(u64, u64)> {
        let mut missing = vec![];
        let mut reached = 0;
        for &(from, to) in &self.0 {
            if reached >= size {
                break;
            }
            if from > reached {
                missing.push((reached, from.min(size)));
            }
            reached = reached.max(to);
        }
        if reached < size {
            missing.push((reached, size));
        }
        missing
    }

    /// How many ranges apart from each other there are.
    pub fn pieces(&self) -> usize {
        self.0.len()
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (from, to)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma}{from}-{to}")?;
        }
        Ok(())
    }
}

/// Why a text is not a set of ranges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a set of byte ranges")]
pub struct NotRanges;

impl FromStr for Ranges {
    type Err = NotRanges;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut ranges = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (from, to) = part.split_once('-').ok_or(NotRanges)?;
            ranges.insert(from.parse().map_err(|_| NotRanges)?, to.parse().map_err(|_| NotRanges)?);
        }
        Ok(ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_of_ranges_is_the_set_of_their_bytes(
            parts in proptest::collection::vec((0u64..40, 0u64..40), 0..12),
            size in 0u64..50,
        ) {
            let (mut ranges, mut bytes) = (Ranges::default(), [false; 40]);
            for (from, to) in parts {
                ranges.insert(from, to);
                for byte in from..to {
                    bytes[byte as usize] = true;
                }
            }
            prop_assert_eq!(ranges.bytes(), bytes.iter().filter(|b| **b).count() as u64);
            let missing: Vec<u64> = ranges.missing(size).into_iter().flat_map(|(from, to)| from..to).collect();
            let expected: Vec<u64> =
                (0..size).filter(|b| !bytes.get(*b as usize).copied().unwrap_or(false)).collect();
            prop_assert_eq!(missing, expected);
            prop_assert_eq!(ranges.to_string().parse::<Ranges>().unwrap(), ranges);
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[0-9,-]{0,40}") {
            let _ = text.parse::<Ranges>();
        }
    }

    #[test]
    fn pieces_that_touch_become_one() {
        let mut ranges = Ranges::default();
        for from in [2, 0, 1, 3] {
            ranges.insert(from * 10, from * 10 + 10);
        }
        assert_eq!((ranges.to_string().as_str(), ranges.pieces()), ("0-40", 1));
    }
}
