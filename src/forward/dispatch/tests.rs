//! The rules of the machine, one by one.

use super::*;
use crate::forward::Class;
use crate::model::{IncidentId, Severity, Wall};

const MIB: u64 = 1024 * 1024;

/// An item whose id and digest are made of its number.
pub(super) fn item(number: i64, class: Class, severity: Severity, size: u64) -> Item {
    let id = uuid::Uuid::from_u128(u128::try_from(number).unwrap());
    Item {
        id: if class == Class::Event { Subject::Event(EventId(id)) } else { Subject::File(FileId(id)) },
        incident: Some(IncidentId(uuid::Uuid::nil())),
        class,
        severity,
        number,
        digest: [u8::try_from(number % 251).unwrap(); 32],
        payload_digest: [u8::try_from(number % 251).unwrap() ^ 0xff; 32],
        size,
        payload_size: 200,
        begun: false,
    }
}

pub(super) fn at(seconds: u64) -> Now {
    Now { mono: Mono(Duration::from_secs(seconds)), wall: Wall::default() }
}

pub(super) fn receipt(item: &Item, outcome: Outcome) -> Input {
    Input::Receipt(Receipt::new(item.id, Some(item.wire_digest()), outcome))
}

fn event(number: i64) -> Item {
    item(number, Class::Event, Severity::Warning, 200)
}

fn clip(number: i64, size: u64) -> Item {
    item(number, Class::Clip, Severity::Warning, size)
}

/// Chunks of one size, whatever the pace.
fn steady() -> Limits {
    Limits { chunks: Chunks { least: 65_536, most: 65_536 }, ..Limits::default() }
}

const CONNECTED: Input = Input::Connected { window: 20, max_packet: 1024 * 1024, round_trip: None };

fn later(retry_after_s: u64, missing: &[(u64, u64)]) -> Outcome {
    Outcome::Later { retry_after_s, reason: None, missing: missing.to_vec() }
}

/// What is published, with every publish acknowledged at once, until there is nothing more.
fn pump(machine: &mut Dispatch, first: Vec<Action>, now: Now) -> Vec<Action> {
    let (mut out, mut queue) = (vec![], std::collections::VecDeque::from(first));
    while let Some(action) = queue.pop_front() {
        if let Action::Publish { token, .. } = action {
            queue.extend(machine.handle(Input::Acked(token), now));
        }
        out.push(action);
    }
    out
}

fn published(actions: &[Action]) -> Vec<What> {
    let what = |action: &Action| match action {
        Action::Publish { what, .. } => Some(*what),
        _ => None,
    };
    actions.iter().filter_map(what).collect()
}

fn subjects(actions: &[Action]) -> Vec<u128> {
    let id = |what: What| match subject_of(what) {
        Subject::Event(EventId(id)) | Subject::File(FileId(id)) => id.as_u128(),
    };
    published(actions).into_iter().map(id).collect()
}

#[test]
fn events_go_before_files_urgent_before_warning_and_then_by_sequence() {
    let mut machine = Dispatch::new(Limits::default());
    for item in [
        clip(1, 10),
        item(2, Class::Small, Severity::Warning, 10),
        event(3),
        item(4, Class::Event, Severity::Urgent, 1),
        event(5),
    ] {
        assert_eq!(machine.handle(Input::Added(item), at(1)), []);
    }
    let first = machine.handle(CONNECTED, at(1));
    let sent = subjects(&pump(&mut machine, first, at(1)));
    assert_eq!(sent, [4, 3, 5, 2, 2, 2, 1, 1, 1]);
}

#[test]
fn an_event_overtakes_a_clip_of_which_only_a_little_is_on_its_way() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    let sent = machine.handle(Input::Added(clip(1, 50 * MIB)), at(1));
    assert!((2..=3).contains(&sent.len()), "the announcement and, at first, one or two small pieces");
    let sent = machine.handle(Input::Added(event(2)), at(1));
    assert_eq!(subjects(&sent), [2]);
}

#[test]
fn an_acknowledged_event_is_repeated_until_its_receipt() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    let sent = machine.handle(Input::Added(event(1)), at(1));
    pump(&mut machine, sent, at(1));
    let mut waits = vec![];
    let mut last = at(1);
    for _ in 0..8 {
        let due = Now { mono: machine.next_wakeup().unwrap(), wall: Wall::default() };
        let again = machine.handle(Input::Tick, due);
        assert_eq!(subjects(&pump(&mut machine, again, due)), [1]);
        waits.push(due.mono.since(last.mono).as_secs());
        last = due;
    }
    assert!(waits.is_sorted() || waits[7] >= 30, "{waits:?}");
    assert!(waits[0] == 2 && waits[7] <= 60, "{waits:?}");
    let stored = machine.handle(receipt(&event(1), Outcome::Stored), last);
    assert_eq!(stored, [Action::Delivered(event(1))]);
    assert_eq!((machine.waiting(), machine.next_wakeup()), (0, None));
    assert_eq!(machine.handle(receipt(&event(1), Outcome::Stored), last), [], "a second one says nothing");
}

#[test]
fn a_receipt_of_other_bytes_or_of_an_unknown_item_changes_nothing() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    machine.handle(Input::Added(event(1)), at(1));
    let other = Item { digest: [99; 32], ..event(1) };
    for outcome in [Outcome::Stored, Outcome::Refused { reason: "no".into() }] {
        assert_eq!(machine.handle(receipt(&other, outcome.clone()), at(1)), []);
        assert_eq!(machine.handle(receipt(&event(2), outcome), at(1)), []);
    }
    let bare = Input::Receipt(Receipt::new(event(1).id, None, Outcome::Stored));
    assert_eq!(machine.handle(bare, at(1)), []);
    assert_eq!(machine.waiting(), 1);
}

#[test]
fn a_refused_item_is_put_aside_with_the_reason_and_blocks_nothing() {
    let mut machine = Dispatch::new(Limits { files_in_air: 1, ..Limits::default() });
    machine.handle(CONNECTED, at(1));
    let sent = machine.handle(Input::Added(clip(1, 10)), at(1));
    pump(&mut machine, sent, at(1));
    assert_eq!(machine.handle(Input::Added(clip(2, 10)), at(1)), [], "its turn comes");
    let next =
        machine.handle(receipt(&clip(1, 10), Outcome::Refused { reason: "no room ever".into() }), at(1));
    assert_eq!(next[0], Action::Quarantine(clip(1, 10), "the province refused it: no room ever".into()));
    assert_eq!(subjects(&next), [2, 2, 2]);
}

#[test]
fn missing_ranges_are_sent_again_exactly_at_once_and_then_when_the_province_says() {
    let mut machine = Dispatch::new(steady());
    machine.handle(CONNECTED, at(1));
    let clip = clip(1, 300_000);
    let Subject::File(file) = clip.id else { panic!("a file") };
    let sent = machine.handle(Input::Added(clip.clone()), at(1));
    let sent = published(&pump(&mut machine, sent, at(1)));
    assert_eq!((sent.len(), sent[0], sent[6]), (7, What::Init(file), What::Fin(file)));

    let again = machine.handle(receipt(&clip, later(30, &[(70_000, 200_000), (299_999, 400_000)])), at(2));
    let expected = [
        What::Chunk { file, offset: 70_000, len: 65_536 },
        What::Chunk { file, offset: 135_536, len: 64_464 },
        What::Chunk { file, offset: 299_999, len: 1 },
        What::Fin(file),
    ];
    assert_eq!(published(&pump(&mut machine, again, at(2))), expected);
    assert_eq!(machine.handle(receipt(&clip, later(30, &[(299_999, 300_000)])), at(3)), []);
    assert_eq!(machine.handle(Input::Tick, at(32)), []);
    let again = machine.handle(Input::Tick, at(33));
    assert_eq!(published(&again), expected[2..]);
}

#[test]
fn a_full_province_is_asked_again_when_it_says() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    for item in [clip(1, 10), event(2)] {
        let sent = machine.handle(Input::Added(item.clone()), at(1));
        pump(&mut machine, sent, at(1));
        assert_eq!(machine.handle(receipt(&item, later(30, &[])), at(1)), []);
    }
    assert_eq!(machine.handle(Input::Tick, at(30)), []);
    assert_eq!(subjects(&machine.handle(Input::Tick, at(31))), [2, 1, 1], "a file with its announcement");
}

#[test]
fn after_a_reconnect_a_file_that_was_begun_is_asked_for_and_not_sent_from_zero() {
    let mut machine = Dispatch::new(steady());
    machine.handle(CONNECTED, at(1));
    let clip = clip(1, MIB);
    let Subject::File(file) = clip.id else { panic!("a file") };
    machine.handle(Input::Added(clip.clone()), at(1));
    assert_eq!(machine.handle(Input::Disconnected, at(2)), []);
    let sent = machine.handle(CONNECTED, at(3));
    assert_eq!(published(&pump(&mut machine, sent, at(3))), [What::Init(file), What::Fin(file)]);
    let rest = machine.handle(receipt(&clip, later(9, &[(1_000_000, MIB)])), at(3));
    assert_eq!(published(&rest), [What::Chunk { file, offset: 1_000_000, len: 48_576 }, What::Fin(file)]);

    let mut machine = Dispatch::new(Limits::default());
    machine.handle(Input::Added(Item { begun: true, ..clip }), at(1));
    let sent = machine.handle(CONNECTED, at(1));
    assert_eq!(published(&sent), [What::Init(file), What::Fin(file)], "also after a restart");
}

#[test]
fn what_does_not_fit_the_brokers_packets_is_put_aside_and_chunks_are_made_to_fit() {
    let mut machine = Dispatch::new(steady());
    machine.handle(Input::Added(Item { payload_size: 9000, ..event(1) }), at(1));
    machine.handle(Input::Added(event(2)), at(1));
    machine.handle(Input::Added(clip(3, 10_000)), at(1));
    let sent = machine.handle(Input::Connected { window: 20, max_packet: 8192, round_trip: None }, at(1));
    let Action::Quarantine(aside, reason) = &sent[0] else { panic!("{sent:?}") };
    assert!(aside.id == event(1).id && reason.contains("9000 bytes") && reason.contains("8192"), "{reason}");
    let longest = |what: &What| if let What::Chunk { len, .. } = what { *len } else { 0 };
    assert_eq!(published(&sent).iter().map(longest).max(), Some(8192 - 1024));
    assert_eq!(subjects(&sent), [2, 3, 3, 3, 3]);
}

#[test]
fn little_is_kept_in_the_air_for_a_silent_province_and_all_of_it_when_it_is_back() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(Input::Connected { window: 20, max_packet: 1 << 20, round_trip: None }, at(1));
    let mut sent = 0;
    for number in 1..=40 {
        let actions = machine.handle(Input::Added(event(number)), at(20));
        sent += pump(&mut machine, actions, at(20)).len();
    }
    assert_eq!(sent, 16);
    let urgent = item(41, Class::Event, Severity::Urgent, 1);
    let actions = machine.handle(Input::Added(urgent), at(20));
    assert_eq!(subjects(&pump(&mut machine, actions, at(20))), [41], "an urgent one goes all the same");
    let actions = machine.handle(receipt(&event(1), Outcome::Stored), at(21));
    let again = subjects(&pump(&mut machine, actions, at(21)));
    assert_eq!(again.len(), 40, "the 24 new ones, then the 16 again: {again:?}");
    assert_eq!(again[..2], [41, 17]);
}

#[test]
fn files_that_the_province_never_answers_do_not_hold_up_the_next() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    let last = 12;
    let mut actions: Vec<_> =
        (1..=last).flat_map(|number| machine.handle(Input::Added(clip(number, 10)), at(1))).collect();
    let mut now = at(1);
    loop {
        let sent = subjects(&pump(&mut machine, actions, now));
        if sent.contains(&u128::try_from(last).unwrap()) {
            break;
        }
        now = Now { mono: machine.next_wakeup().unwrap(), wall: Wall::default() };
        assert!(now.mono < at(600).mono, "not after ten minutes");
        actions = machine.handle(Input::Tick, now);
    }
}

#[test]
fn a_broker_that_acknowledges_nothing_is_given_up() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    machine.handle(Input::Added(event(1)), at(1));
    assert_eq!(machine.next_wakeup(), Some(at(61).mono));
    assert_eq!(machine.handle(Input::Tick, at(61)), [Action::Reconnect]);
    assert_eq!(machine.next_wakeup(), None);
    assert_eq!(machine.handle(Input::Tick, at(62)), []);
}

#[test]
fn a_file_that_is_gone_is_put_aside() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    let sent = machine.handle(Input::Added(clip(1, 10)), at(1));
    let Action::Publish { token, .. } = sent[0] else { panic!("{sent:?}") };
    let gone = machine.handle(Input::Unsendable(token, "it is gone".into()), at(1));
    assert_eq!(gone, [Action::Quarantine(clip(1, 10), "it is gone".into())]);
    assert_eq!(machine.waiting(), 0);
}

#[test]
fn a_refused_announcement_is_known_by_its_own_digest_which_stores_nothing() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    let clip = clip(1, 10);
    machine.handle(Input::Added(clip.clone()), at(1));
    let answer = |outcome| Input::Receipt(Receipt::new(clip.id, Some(clip.wire_payload_digest()), outcome));
    assert_eq!(machine.handle(answer(Outcome::Stored), at(1)), []);
    let aside = machine.handle(answer(Outcome::Refused { reason: "no".into() }), at(1));
    assert_eq!(aside, [Action::Quarantine(clip.clone(), "the province refused it: no".into())]);
}

#[test]
fn a_province_that_kept_nothing_of_a_whole_file_is_given_the_time_it_asks_for() {
    let mut machine = Dispatch::new(Limits::default());
    machine.handle(CONNECTED, at(1));
    let clip = clip(1, 10);
    let sent = machine.handle(Input::Added(clip.clone()), at(1));
    pump(&mut machine, sent, at(1));
    assert_eq!(machine.handle(receipt(&clip, later(600, &[(0, 10)])), at(1)), []);
    assert_eq!(machine.handle(Input::Tick, at(600)), []);
    assert_eq!(machine.handle(Input::Tick, at(601)).len(), 3, "announcement, piece, question");
}

#[test]
fn a_file_keeps_to_the_chosen_rate_and_an_event_does_not_wait_for_it() {
    let mut machine = Dispatch::new(steady());
    machine.handle(CONNECTED, at(1));
    machine.handle(Input::RateLimit(Some(65_536 + ENVELOPE)), at(1));
    let clip = clip(1, 4 * 65_536);
    let first = machine.handle(Input::Added(clip), at(1));
    let first = pump(&mut machine, first, at(1));
    assert_eq!(first.len(), 1, "the announcement");
    assert_eq!(subjects(&machine.handle(Input::Added(event(2)), at(1))), [2], "an event goes at once");
    let due = machine.next_wakeup().unwrap();
    assert!(due > at(1).mono && due < at(2).mono, "{due:?}");
    let next = machine.handle(Input::Tick, Now { mono: due, wall: Wall::default() });
    assert_eq!(published(&next).len(), 1, "a piece");
    assert!(machine.next_wakeup().unwrap() >= due.plus(Duration::from_secs(1)), "the next a second later");
    let rest = machine.handle(Input::RateLimit(None), at(4));
    assert!(!published(&rest).is_empty());
}
