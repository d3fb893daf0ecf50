//! Gathers receipts for each centre until there are enough of them or the oldest has waited long
//! enough. Pure. What does not fit is dropped: the centre asks again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{CentreId, Mono};
use crate::wire::Receipt;

/// So many receipts go out at once.
const BATCH: usize = 32;
/// A receipt waits no longer than this for others.
const WAIT: Duration = Duration::from_millis(20);
/// So many wait while the connection is away.
const MOST_WAITING: usize = 4096;

/// Receipts that wait to be sent.
#[derive(Debug, Default)]
pub struct Answers {
    waiting: BTreeMap<CentreId, Vec<Receipt>>,
    count: usize,
    due: Option<Mono>,
}

impl Answers {
    /// Adds a receipt; false if too many wait already.
    pub fn add(&mut self, centre: &CentreId, receipt: Receipt, now: Mono) -> bool {
        if self.count >= MOST_WAITING {
            return false;
        }
        let queue = self.waiting.entry(centre.clone()).or_default();
        queue.push(receipt);
        self.count += 1;
        let due = if queue.len() >= BATCH { now } else { now.plus(WAIT) };
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
        true
    }

    /// When something is to be sent.
    pub fn due(&self) -> Option<Mono> {
        self.due
    }

    /// The next receipts of one centre, at most [`BATCH`]; `None` if nothing waits.
    pub fn take(&mut self) -> Option<(CentreId, Vec<Receipt>)> {
        let mut first = self.waiting.first_entry()?;
        let queue = first.get_mut();
        let batch: Vec<Receipt> = queue.drain(..queue.len().min(BATCH)).collect();
        let centre = first.key().clone();
        if first.get().is_empty() {
            first.remove();
        }
        self.count = self.count.saturating_sub(batch.len());
        if self.waiting.is_empty() {
            self.due = None;
        }
        Some((centre, batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventId;
    use crate::wire::{Outcome, Subject};

    fn receipt(n: u8) -> Receipt {
        Receipt::new(Subject::Event(EventId(uuid::Uuid::from_bytes([n; 16]))), None, Outcome::Stored)
    }

    #[test]
    fn receipts_wait_a_little_for_others_unless_there_are_enough() {
        let (mut answers, centre) = (Answers::default(), CentreId::new("a").unwrap());
        let now = Mono(Duration::from_secs(5));
        assert_eq!((answers.due(), answers.take()), (None, None));
        answers.add(&centre, receipt(0), now);
        assert_eq!(answers.due(), Some(now.plus(WAIT)));
        for n in 1..40 {
            answers.add(&centre, receipt(n), now.plus(Duration::from_millis(1)));
        }
        assert_eq!(answers.due(), Some(now.plus(Duration::from_millis(1))));
        assert_eq!(answers.take().unwrap().1.len(), 32);
        let (who, rest) = answers.take().unwrap();
        assert_eq!((who, rest.len(), answers.due()), (centre, 8, None));
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let mut answers = Answers::default();
        let taken = (0..5000)
            .filter(|n| answers.add(&CentreId::new(&format!("c{n}")).unwrap(), receipt(0), Mono::default()))
            .count();
        assert_eq!(taken, MOST_WAITING);
        while answers.take().is_some() {}
        assert!(answers.add(&CentreId::new("a").unwrap(), receipt(0), Mono::default()));
    }
}
