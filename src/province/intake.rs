//! What becomes of an event or a status: pure decisions about bytes that anyone may have sent.
//!
//! - A key or a centre that is not enrolled may be enrolled tomorrow: `later`, nothing is kept.
//! - A known key whose signature does not fit, or none: `refused`, with the digest of the bytes
//!   judged, so that a forger cannot make the centre drop its own message.
//! - What has no readable id cannot be answered: dropped and counted.

use crate::model::{BootId, CentreId, EventId, Wall};
use crate::wire::{self, BadSignature, Event, Outcome, Presence, Receipt, Status, Subject, Told, Trust};

/// When to ask again for what may be settled by a person, such as an enrolment.
pub const RETRY_ENROLMENT_S: u64 = 60;

/// When to ask again for what is short of space or of a working disk.
pub const RETRY_TROUBLE_S: u64 = 30;

/// A centre's clock may step back by more than this without its status being taken for an old one.
const REPEATED_WITHIN_MS: i64 = 60_000;

/// What a signature is worth here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// A key enrolled for this centre signed exactly these bytes.
    Good,
    /// The centre or the key is not enrolled: it may be soon.
    NotEnrolled(String),
    /// It does not count and never will.
    Bad(String),
}

/// Checks `payload` of a centre; `trust` is `None` if the centre is not known here.
pub fn check(trust: Option<&Trust>, payload: &[u8], signature: Option<&wire::Signature>) -> Check {
    let Some(trust) = trust else { return Check::NotEnrolled("this centre is not enrolled here".into()) };
    match trust.verify(payload, signature) {
        Ok(()) => Check::Good,
        Err(unknown @ BadSignature::UnknownKey(_)) => Check::NotEnrolled(unknown.to_string()),
        Err(bad) => Check::Bad(bad.to_string()),
    }
}

impl Check {
    /// What to answer if it is not good.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Check::Good => None,
            Check::NotEnrolled(reason) => Some(later(RETRY_ENROLMENT_S, reason)),
            Check::Bad(reason) => Some(Outcome::Refused { reason: reason.clone() }),
        }
    }

    /// Why it is not good.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Check::Good => None,
            Check::NotEnrolled(reason) | Check::Bad(reason) => Some(reason),
        }
    }
}

/// `later` with a reason and nothing missing.
pub fn later(retry_after_s: u64, reason: &str) -> Outcome {
    Outcome::Later { retry_after_s, reason: Some(reason.to_owned()), missing: vec![] }
}

/// What is not to be stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Turned {
    /// The centre is told.
    Away(Receipt),
    /// Nobody can be told: counted, with the reason.
    Down(String),
}

/// Reads an event of `centre`, or says what to do with it instead.
///
/// # Errors
/// [`Turned`] if it is not to be stored.
pub fn read_event(centre: &CentreId, payload: &[u8], check: &Check) -> Result<Told, Turned> {
    let answer = |id: EventId, outcome| {
        Turned::Away(Receipt::new(Subject::Event(id), Some(wire::digest(payload)), outcome))
    };
    if let Some(outcome) = check.outcome() {
        let reason = check.reason().unwrap_or_default();
        return Err(
            Event::peek_id(payload).map_or_else(|| Turned::Down(reason.to_owned()), |id| answer(id, outcome))
        );
    }
    Told::from_bytes(centre, payload).map_err(|malformed| {
        let reason = malformed.to_string();
        match Event::peek_id(payload) {
            Some(id) => answer(id, Outcome::Refused { reason }),
            None => Turned::Down(reason),
        }
    })
}

/// What to do with a good event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventDecision {
    /// It is new.
    Store,
    /// It is stored already: only the receipt is repeated.
    Duplicate,
    /// It contradicts what is stored.
    Refuse(String),
}

/// Decides about a good event: `stored` is the digest of the event with its id, `owner` the centre
/// of its incident, where there is one.
pub fn judge_event(
    centre: &CentreId,
    digest: &str,
    stored: Option<&str>,
    owner: Option<&str>,
) -> EventDecision {
    match (stored, owner) {
        (Some(stored), _) if stored == digest => EventDecision::Duplicate,
        (Some(_), _) => EventDecision::Refuse("an event with this id and other content is stored".into()),
        (None, Some(owner)) if owner != centre.as_str() => {
            EventDecision::Refuse("an incident with this id belongs to another centre".into())
        }
        (None, _) => EventDecision::Store,
    }
}

/// The events of one epoch that were stored, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    /// The lowest number.
    pub lowest: i64,
    /// The highest number.
    pub highest: i64,
    /// How many events.
    pub count: i64,
}

impl Sequence {
    /// Counts one more stored event.
    pub fn with(known: Option<Self>, number: i64) -> Self {
        known.map_or(Self { lowest: number, highest: number, count: 1 }, |known| Self {
            lowest: known.lowest.min(number),
            highest: known.highest.max(number),
            count: known.count.saturating_add(1),
        })
    }

    /// How many numbers between the lowest and the highest are not there.
    pub fn missing(&self) -> i64 {
        let span = self.highest.saturating_sub(self.lowest).saturating_add(1);
        span.saturating_sub(self.count).max(0)
    }
}

/// The newest event of an incident, by which the next is told from an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// Its epoch.
    pub epoch: String,
    /// Its number in that epoch.
    pub sequence: i64,
    /// When it was made.
    pub time: Wall,
}

impl Newest {
    /// Whether an event is newer: by number within an epoch, by time across two.
    pub fn is_older_than(&self, epoch: &str, sequence: i64, time: Wall) -> bool {
        if self.epoch == epoch { sequence > self.sequence } else { time >= self.time }
    }
}

/// The last status of a centre that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastStatus {
    /// Its boot.
    pub boot: BootId,
    /// Boots before that.
    pub old_boots: Vec<BootId>,
    /// When it was written, by the centre's clock.
    pub at: Wall,
}

/// Whether `status` says something newer than `last`.
///
/// A will is written when the connection is made, so its time is older than every status after
/// it: an `offline` of the present boot always counts. A box that comes up in 1970 has a new
/// boot, so its time is not compared.
pub fn is_news(last: Option<&LastStatus>, status: &Status, retained: bool) -> bool {
    let Some(last) = last else { return true };
    if last.old_boots.contains(&status.boot) {
        return false;
    }
    let behind_ms = last.at.millis_since(status.at);
    if status.boot != last.boot {
        return !retained || behind_ms <= 0;
    }
    status.state == Presence::Offline || behind_ms <= 0 || (!retained && behind_ms > REPEATED_WITHIN_MS)
}

/// When, by our own clock, a status says that its centre was there.
///
/// A retained one may have waited at the broker for long: then its own time is believed, if that
/// is not in the future.
pub fn heard_at(status: &Status, retained: bool, now: Wall) -> Wall {
    if retained { status.at.min(now) } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Signer;
    use proptest::prelude::*;

    fn centre() -> CentreId {
        CentreId::new("xuan-lung").unwrap()
    }

    fn trust(signer: &Signer) -> Trust {
        let mut trust = Trust::default();
        trust.add(signer.public());
        trust
    }

    const ID: &str = "0193b3c4-0000-7000-8000-000000000001";

    fn away(turned: Turned) -> (Option<String>, Outcome) {
        match turned {
            Turned::Away(receipt) => (receipt.digest, receipt.outcome),
            Turned::Down(reason) => panic!("not answered: {reason}"),
        }
    }

    #[test]
    fn an_unknown_centre_or_key_is_asked_to_come_later_and_a_forger_is_refused() {
        let (ours, other) = (Signer::from_secret([1; 32]), Signer::from_secret([2; 32]));
        let payload = format!(r#"{{"id":"{ID}"}}"#).into_bytes();
        let good = ours.sign(&payload);
        let told = |check: Check| away(read_event(&centre(), &payload, &check).unwrap_err());
        for check in [check(None, &payload, Some(&good)), check(Some(&trust(&other)), &payload, Some(&good))]
        {
            let (digest, outcome) = told(check);
            assert_eq!(digest, Some(wire::digest(&payload)));
            assert!(matches!(outcome, Outcome::Later { reason: Some(_), .. }), "{outcome:?}");
        }
        for signature in [None, Some(ours.sign(b"other bytes"))] {
            let (digest, outcome) = told(check(Some(&trust(&ours)), &payload, signature.as_ref()));
            assert_eq!(digest, Some(wire::digest(&payload)));
            assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
        }
    }

    #[test]
    fn what_has_no_readable_id_cannot_be_answered() {
        for check in [Check::Good, Check::Bad("no".into()), Check::NotEnrolled("no".into())] {
            assert!(matches!(read_event(&centre(), b"\xff{", &check), Err(Turned::Down(_))));
        }
    }

    #[test]
    fn an_unknown_version_is_refused_with_the_reason() {
        let body = format!(
            r#"{{"id":"{ID}","specversion":"2.0","dataschema":"quaywatch:incident:1","source":"/centres/xuan-lung"}}"#
        );
        let (_, outcome) = away(read_event(&centre(), body.as_bytes(), &Check::Good).unwrap_err());
        assert!(matches!(&outcome, Outcome::Refused { reason } if reason.contains("\"2.0\"")), "{outcome:?}");
    }

    #[test]
    fn the_same_id_with_other_content_or_of_another_centre_is_refused() {
        let judge = |stored, owner| judge_event(&centre(), "d", stored, owner);
        assert_eq!(judge(None, None), EventDecision::Store);
        assert_eq!(judge(None, Some("xuan-lung")), EventDecision::Store);
        assert_eq!(judge(Some("d"), Some("xuan-lung")), EventDecision::Duplicate);
        assert!(matches!(judge(Some("e"), None), EventDecision::Refuse(_)));
        assert!(matches!(judge(None, Some("other")), EventDecision::Refuse(_)));
    }

    fn status(boot: u8, at: i64, state: Presence) -> Status {
        let boot = BootId(uuid::Uuid::from_bytes([boot; 16]));
        Status { state, ..Status::offline(boot, Wall::from_millis(at)) }
    }

    #[test]
    fn an_old_status_is_ignored_and_a_will_or_a_reset_clock_is_not() {
        let old = BootId(uuid::Uuid::from_bytes([1; 16]));
        let boot = BootId(uuid::Uuid::from_bytes([2; 16]));
        let last = LastStatus { boot, old_boots: vec![old], at: Wall::from_millis(1_000_000) };
        let news = |status: &Status, retained| is_news(Some(&last), status, retained);
        assert!(is_news(None, &status(1, 5, Presence::Online), true));
        assert!(news(&status(2, 1_000_001, Presence::Online), true), "a newer one");
        assert!(!news(&status(2, 999_000, Presence::Online), true), "an older one that was kept");
        assert!(!news(&status(2, 999_000, Presence::Online), false), "one that was sent again");
        assert!(news(&status(2, 5_000, Presence::Online), false), "the clock was set back");
        assert!(news(&status(2, 5_000, Presence::Offline), true), "the will is as old as its connection");
        assert!(!news(&status(1, 2_000_000, Presence::Offline), false), "the will of an earlier boot");
        assert!(news(&status(3, 5, Presence::Online), false), "a new boot in 1970");
    }

    proptest! {
        #[test]
        fn a_gap_is_what_was_not_counted(numbers in proptest::collection::btree_set(0i64..60, 1..30)) {
            let sequence = numbers.iter().fold(None, |known, n| Some(Sequence::with(known, *n))).unwrap();
            let (lowest, highest) = (*numbers.first().unwrap(), *numbers.last().unwrap());
            let missing = (lowest..=highest).filter(|n| !numbers.contains(n)).count() as i64;
            prop_assert_eq!(sequence.missing(), missing);
        }

        #[test]
        fn any_bytes_are_judged_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let checked = check(Some(&Trust::default()), &bytes, None);
            let _ = read_event(&centre(), &bytes, &checked);
            let _ = read_event(&centre(), &bytes, &Check::Good);
        }
    }
}
