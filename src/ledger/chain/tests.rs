use std::sync::Arc;

use proptest::prelude::*;
use tokio::sync::watch;

use super::*;
use crate::ledger::Sealer;
use crate::model::{CentreId, Epoch, Ids, IncidentId, Mono, Now};
use crate::wire::Signer;

fn at(hour: u64) -> Now {
    let seconds = std::time::Duration::from_secs(hour * 3600);
    Now { mono: Mono(seconds), wall: Wall::from_millis(i64::try_from(hour).unwrap() * 3_600_000) }
}

fn sealer(secret: u8) -> Sealer {
    Sealer {
        centre: CentreId::new("xuan-lung").unwrap(),
        signer: Arc::new(Signer::from_secret([secret; 32])),
        clock: watch::Sender::new(ClockState { state: ClockTrust::Synchronised, offset_ms: None })
            .subscribe(),
    }
}

/// A chain of so many hours, the third a tombstone.
fn chain(hours: u64, secret: u8) -> Vec<LinkRow> {
    let (sealer, mut ids) = (sealer(secret), Ids::new(1));
    let (epoch, incident) = (Epoch(ids.next(at(0))), IncidentId(ids.next(at(0))));
    let (mut rows, mut previous): (Vec<LinkRow>, _) = (Vec::new(), BEGINNING.to_owned());
    for hour in 1..=hours {
        let number = i64::try_from(hour).unwrap();
        let stated = sealer.stated(Link { epoch, number, previous: previous.clone() }, at(hour)).unwrap();
        let (kind, envelope) = if hour == 3 {
            let tombstone = Tombstone::of_evidence(stated, incident);
            (LinkKind::Tombstone, tombstone.seal(&sealer.signer))
        } else {
            let hour = Hour { stated, recorded: vec![], gone: vec![], audit: None };
            (LinkKind::Hour, hour.seal(&sealer.signer))
        };
        let digest = hex::encode(Sha256::digest(&envelope));
        let made_at = at(hour).wall;
        rows.push(LinkRow {
            number,
            kind,
            subject: None,
            made_at,
            previous,
            digest: digest.clone(),
            envelope,
        });
        previous = digest;
    }
    rows
}

fn judged(rows: &[LinkRow], highest: i64) -> Chain {
    let mut chain = Chain::default();
    for row in rows {
        chain.take(row);
    }
    chain.end(highest);
    chain
}

#[test]
fn an_untouched_chain_has_no_problem_and_names_its_key() {
    let found = judged(&chain(5, 1), 5);
    assert_eq!((found.documents, &found.problems), (5, &vec![]));
    assert_eq!(found.keys, [sealer(1).signer.public()]);
    assert_eq!(found.doubtful, None);
}

#[test]
fn what_was_taken_away_is_named_with_the_time_that_it_covers() {
    let whole = chain(6, 1);
    let without = |from: usize, to: usize| [&whole[..from], &whole[to..]].concat();
    let told = |rows: &[LinkRow]| judged(rows, 6).problems.join("; ");
    assert_eq!(
        told(&without(1, 3)),
        "documents 2 to 3 are missing: signed between 1970-01-01T01:00:00.000Z and 1970-01-01T04:00:00.000Z"
    );
    assert!(told(&without(0, 1)).starts_with("document 1 is missing: signed between the beginning and"));
    assert_eq!(
        told(&without(4, 6)),
        "documents 5 to 6 are missing at the end, signed after 1970-01-01T04:00:00.000Z"
    );
}

#[test]
fn a_document_in_the_place_of_another_is_seen_even_if_the_same_key_signed_it() {
    let (whole, other) = (chain(5, 1), chain(4, 1));
    // The same key, the same number, made again without what came between.
    let mut rows = whole.clone();
    rows[3] =
        LinkRow { digest: other[2].digest.clone(), envelope: other[2].envelope.clone(), ..rows[3].clone() };
    assert!(!judged(&rows, 5).problems.is_empty());
    rows[3] = LinkRow { number: 4, ..whole[2].clone() };
    assert!(judged(&rows, 5).problems.iter().any(|told| told.contains("not the one that was signed")));
}

#[test]
fn a_chain_signed_anew_by_another_key_shows_in_its_keys() {
    let mut rows = chain(5, 1);
    rows.splice(2.., chain(5, 2).into_iter().skip(2));
    let found = judged(&rows, 5);
    assert!(found.problems.iter().any(|told| told.contains("document 3 does not follow document 2")));
    assert_eq!(found.keys.len(), 2);
}

#[test]
fn documents_of_a_doubtful_clock_are_counted() {
    let mut sealer = sealer(1);
    sealer.clock = watch::Sender::new(ClockState { state: ClockTrust::Unknown, offset_ms: None }).subscribe();
    let link = Link { epoch: Epoch(Ids::new(1).next(at(0))), number: 1, previous: BEGINNING.to_owned() };
    let hour =
        Hour { stated: sealer.stated(link, at(1)).unwrap(), recorded: vec![], gone: vec![], audit: None };
    let envelope = hour.seal(&sealer.signer);
    let digest = hex::encode(Sha256::digest(&envelope));
    let previous = BEGINNING.to_owned();
    let made_at = at(1).wall;
    let row = LinkRow { number: 1, kind: LinkKind::Hour, subject: None, made_at, previous, digest, envelope };
    assert_eq!(judged(&[row], 1).doubtful, Some((1, made_at, made_at)));
}

proptest! {
    #[test]
    fn any_byte_of_a_document_that_is_another_is_seen(which in 0usize..5, at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut rows = chain(5, 1);
        let place = at.index(rows[which].envelope.len());
        prop_assume!(rows[which].envelope[place] != to);
        rows[which].envelope[place] = to;
        prop_assert!(!judged(&rows, 5).problems.is_empty());
    }

    #[test]
    fn documents_in_another_order_are_seen(one in 0usize..6, other in 0usize..6) {
        prop_assume!(one != other);
        let mut rows = chain(6, 1);
        rows.swap(one, other);
        prop_assert!(!judged(&rows, 6).problems.is_empty());
    }
}
