//! The storage with a real database: what events, files and commands come to on the pages.

use std::collections::BTreeSet;

use serde_json::{Map, json};
use sqlx::Row;
use tempfile::TempDir;

use super::handling::{EntryState, Place};
use super::*;
use crate::model::{ClockState, CommandId, Epoch, EventId, Kind, Severity};
use crate::people::Act;
use crate::province::raising::{PATIENCE_MS, is_raised};
use crate::wire::{
    Answer, ClosedAs, Command, Event, EventType, FileRef, HandlingEntry, IncidentData, Reply, Signer, Work,
    WorkState,
};

const LIMITS: Limits = Limits { files: 10, bytes: 1 << 20, reserve: 0 };

fn at(s: i64) -> Wall {
    Wall::from_millis(1_795_400_000_000 + s * 1000)
}

fn centre() -> CentreId {
    CentreId::new("xuan-lung").unwrap()
}

fn id(n: u8) -> IncidentId {
    IncidentId(uuid::Uuid::from_bytes([n; 16]))
}

async fn storage() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), LIMITS).await.unwrap();
    (folder, store)
}

fn data(severity: Severity, flagged_at: Wall) -> IncidentData {
    IncidentData {
        kind: Kind::RaisedVoices,
        severity,
        camera: None,
        also: vec![],
        zone: None,
        started_at: flagged_at,
        flagged_at,
        ended_at: None,
        peak: Map::new(),
        count: None,
        no_clip: None,
        clock: ClockState::default(),
        files: vec![],
        work: None,
        handling: vec![],
    }
}

fn event(of: &CentreId, incident: IncidentId, n: u8, event_type: EventType, data: IncidentData) -> Event {
    let name = EventId(uuid::Uuid::from_bytes([n; 16]));
    let epoch = Epoch(uuid::Uuid::from_bytes([9; 16]));
    Event::new(name, of, event_type, incident, at(i64::from(n)), u64::from(n), epoch, data)
}

async fn take(store: &Store, of: &CentreId, event: &Event) {
    let (body, signer) = (event.to_bytes(), Signer::from_secret([1; 32]));
    let signature = signer.sign(&body);
    let event = Event::from_bytes(of, &body).unwrap();
    let stored = StoredEvent { centre: of, event: &event, body: &body, signature: &signature };
    store.take_events(&[stored], at(0)).await.unwrap();
}

fn working(state: WorkState, outcome: Option<ClosedAs>) -> Option<Work> {
    Some(Work { state, owner: Some("Lan".into()), outcome, at: Some(at(60)) })
}

fn entry(number: i64, s: i64, action: &str) -> HandlingEntry {
    let (who, note) = ("Lan".to_owned(), format!("note {number}"));
    HandlingEntry { number, at: at(s), who, action: action.into(), outcome: None, owner: None, note }
}

async fn give(store: &Store, n: u8, action: &str, args: serde_json::Value, done_here: bool) {
    let serde_json::Value::Object(args) = args else { panic!() };
    let of = centre();
    let name = CommandId(uuid::Uuid::from_bytes([n; 16]));
    let command = Command {
        id: name,
        centre: Some(of.clone()),
        action: action.into(),
        actor: "Trần Minh".into(),
        issued_at: at(i64::from(n)),
        expires_at: at(9000),
        args,
    };
    let body = command.to_bytes();
    let reply = Reply { id: name, answer: Answer::Done { data: Map::new() } };
    let detail = json!({ "action": action });
    let given = Given {
        centre: &of,
        command: &command,
        body: &body,
        signature: &Signer::from_secret([1; 32]).sign(&body),
        done_here: done_here.then_some(&reply),
        act: Act { who: "minh", from: "10.0.0.7", action: "command-given", subject: None, detail },
    };
    store.add_command(given).await.unwrap();
}

#[tokio::test]
async fn the_newest_word_on_the_work_wins_and_every_entry_is_kept_once() {
    let (_folder, store) = storage().await;
    let of = centre();
    let opened = event(&of, id(1), 10, EventType::Opened, data(Severity::Warning, at(0)));
    let ended = IncidentData { ended_at: Some(at(20)), ..data(Severity::Warning, at(0)) };
    let closed = event(&of, id(1), 11, EventType::Closed, ended.clone());
    let told = |n, work, handling| {
        event(&of, id(1), n, EventType::Updated, IncidentData { work, handling, ..ended.clone() })
    };
    let seen = told(12, working(WorkState::Seen, None), vec![entry(1, 30, "see")]);
    let both = vec![entry(2, 40, "take"), entry(3, 50, "close")];
    let shut = told(13, working(WorkState::Closed, Some(ClosedAs::FalseAlarm)), both);
    // The connection was away: they come in another order, and one comes twice.
    for event in [&opened, &shut, &closed, &seen, &shut] {
        take(&store, &of, event).await;
    }
    take(&store, &of, &told(14, None, vec![])).await;
    let alert = store.incident(id(1), at(100)).await.unwrap().unwrap();
    assert_eq!(alert.work, working(WorkState::Closed, Some(ClosedAs::FalseAlarm)).unwrap());
    assert_eq!((alert.state.as_str(), alert.ended_at), ("closed", Some(at(20))), "it stays over");
    let history = store.history(of.as_str(), id(1)).await.unwrap();
    let history: Vec<_> = history.iter().map(|entry| (entry.number, entry.action.as_str())).collect();
    assert_eq!(history, [(1, "see"), (2, "take"), (3, "close")]);
}

#[tokio::test]
async fn what_is_asked_here_is_in_the_history_at_once_and_shows_what_the_centre_said() {
    let (_folder, store) = storage().await;
    let of = centre();
    let handled = IncidentData { handling: vec![entry(1, 7, "see")], ..data(Severity::Urgent, at(0)) };
    take(&store, &of, &event(&of, id(1), 5, EventType::Opened, handled)).await;
    let incident = json!(id(1));
    give(&store, 6, "acknowledge", json!({ "incident": incident, "note": "Đã xem" }), false).await;
    give(&store, 8, "comment", json!({ "incident": incident, "text": "Đã gọi" }), false).await;
    give(&store, 9, "close", json!({ "incident": incident, "outcome": "real" }), false).await;
    give(&store, 10, "acknowledge", json!({ "incident": incident }), false).await;
    give(&store, 11, "still", json!({ "camera": "gate", "reason": "x" }), false).await;
    let name = |n: u8| CommandId(uuid::Uuid::from_bytes([n; 16]));
    let refused = Reply { id: name(9), answer: Answer::Refused { reason: "not allowed".into() } };
    assert!(store.take_reply(&of, &refused, &refused.to_bytes(), at(20)).await.unwrap());
    let done = Reply { id: name(6), answer: Answer::Done { data: Map::new() } };
    assert!(store.take_reply(&of, &done, &done.to_bytes(), at(20)).await.unwrap());
    assert!(!store.take_reply(&of, &done, &done.to_bytes(), at(21)).await.unwrap(), "the same each time");
    store.expire_command(name(8)).await.unwrap();
    let history = store.history(of.as_str(), id(1)).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| (entry.place, entry.action.as_str(), entry.note.as_str(), entry.state))
        .collect();
    let here = Place::Province;
    assert_eq!(
        told,
        [
            (here, "acknowledge", "Đã xem", EntryState::Done),
            (Place::Centre, "see", "note 1", EntryState::Done),
            (here, "comment", "Đã gọi", EntryState::Expired),
            (here, "close", "", EntryState::Refused),
            (here, "acknowledge", "", EntryState::Waiting),
        ]
    );
    assert_eq!(
        (history[3].outcome, history[3].reason.as_deref()),
        (Some(ClosedAs::Real), Some("not allowed"))
    );
    let alert = store.incident(id(1), at(100)).await.unwrap().unwrap();
    let acknowledged = alert.acknowledged.unwrap();
    assert_eq!((acknowledged.by.as_str(), acknowledged.at), ("Trần Minh", at(6)), "the first one");
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM audit WHERE action = 'command-given'")
        .fetch_one(&store.readers)
        .await
        .unwrap();
    assert_eq!(told, 5);
}

#[tokio::test]
async fn what_is_listed_as_raised_is_what_the_rule_says() {
    let (_folder, store) = storage().await;
    let (of, now) = (centre(), at(1000));
    let mut n = 0;
    for severity in [Severity::Notice, Severity::Warning, Severity::Urgent] {
        for state in WorkState::ALL {
            for age_ms in [0, PATIENCE_MS - 1, PATIENCE_MS, PATIENCE_MS + 1] {
                n += 1;
                let told =
                    IncidentData { work: working(state, None), ..data(severity, now.plus_millis(-age_ms)) };
                take(&store, &of, &event(&of, id(n), n, EventType::Opened, told)).await;
            }
        }
    }
    for raised in [true, false] {
        let all = IncidentFilter { limit: 100, ..IncidentFilter::default() };
        let some = IncidentFilter { raised: Some(raised), ..all.clone() };
        let expected: Vec<_> = store.incidents(&all, now).await.unwrap();
        let expected: Vec<_> = expected
            .into_iter()
            .filter(|alert| {
                let severity = Severity::parse(&alert.severity).unwrap();
                is_raised(severity, alert.work.state, alert.flagged_at, now) == raised
            })
            .collect();
        assert_eq!(store.incidents(&some, now).await.unwrap(), expected, "{raised}");
        assert!(expected.iter().all(|alert| alert.raised == raised));
    }
    let counts = store.counts(None).await.unwrap();
    assert_eq!((counts.new, counts.urgent_new), (12, 4));
    let none = BTreeSet::from(["hung-lo".to_owned()]);
    assert_eq!(store.counts(Some(&none)).await.unwrap(), Counts::default());
    let of_state = |state| IncidentFilter { state: Some(state), limit: 100, ..IncidentFilter::default() };
    let seen = of_state(Progress::Exactly(WorkState::Seen));
    assert_eq!(store.incidents(&seen, now).await.unwrap().len(), 12);
    assert_eq!(store.incidents(&of_state(Progress::Unfinished), now).await.unwrap().len(), 36);
    let elsewhere = IncidentFilter { only: Some(none), limit: 100, ..IncidentFilter::default() };
    assert_eq!(store.incidents(&elsewhere, now).await.unwrap(), []);
}

#[tokio::test]
async fn every_list_is_read_in_its_order_from_an_index() {
    let (_folder, store) = storage().await;
    let after = Some(Position { flagged_at: at(5), id: id(5) });
    let usual = IncidentFilter { after, limit: 51, ..IncidentFilter::default() };
    let exactly = Some(Progress::Exactly(WorkState::New));
    for (filter, index) in [
        (usual.clone(), "incidents_newest"),
        (IncidentFilter { centre: Some("a".into()), ..usual.clone() }, "incidents_of_centre"),
        (IncidentFilter { state: exactly, ..usual.clone() }, "incidents_by_work"),
        (IncidentFilter { state: Some(Progress::Unfinished), ..usual.clone() }, "incidents_unfinished"),
        (IncidentFilter { raised: Some(true), ..usual.clone() }, "incidents_raisable"),
        (IncidentFilter { kind: Some(Kind::Scream), ..usual.clone() }, "incidents_by_kind"),
        (IncidentFilter { severity: Some(Severity::Urgent), ..usual }, "incidents_by_severity"),
    ] {
        let mut query = sqlx::QueryBuilder::new("EXPLAIN QUERY PLAN ");
        let asked = filter::question(&filter, at(0));
        query.push(asked.sql().as_str());
        let plan = query.build().fetch_all(&store.readers).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{filter:?}: {plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{filter:?}: {plan:?}");
    }
}

#[tokio::test]
async fn what_is_committed_is_told() {
    let (_folder, store) = storage().await;
    let (of, mut news) = (centre(), store.news());
    let mut next = move || news.try_recv().map(|news| (news.incident, news.what)).ok();
    let file = FileRef {
        file_id: "0193b3c4-0000-7000-8000-000000000003".parse().unwrap(),
        role: Role::Clip,
        size: 1,
        digest: "sha256:00".into(),
    };
    let opened = IncidentData { files: vec![file], ..data(Severity::Warning, at(0)) };
    let opened = event(&of, id(1), 1, EventType::Opened, opened);
    take(&store, &of, &opened).await;
    take(&store, &of, &opened).await;
    assert_eq!((next(), next()), (Some((id(1), What::Opened)), None), "a duplicate is no news");
    assert_eq!(store.incident(id(1), at(0)).await.unwrap().unwrap().evidence.waiting, 1, "it is named");
    take(&store, &of, &event(&of, id(1), 2, EventType::Updated, data(Severity::Warning, at(0)))).await;
    assert_eq!(next(), Some((id(1), What::Updated)));
    let seen = IncidentData { work: working(WorkState::Seen, None), ..data(Severity::Warning, at(0)) };
    take(&store, &of, &event(&of, id(1), 3, EventType::Updated, seen)).await;
    assert_eq!(next(), Some((id(1), What::Handled)));
    give(&store, 6, "acknowledge", json!({ "incident": id(1) }), false).await;
    assert_eq!(next(), Some((id(1), What::Handled)));
    store.tell_raised(at(0), at(299)).await.unwrap();
    assert_eq!(next(), None);
    store.tell_raised(at(299), at(300)).await.unwrap();
    assert_eq!(next(), Some((id(1), What::Updated)), "it is raised now");
}

#[tokio::test]
async fn a_silence_is_dealt_with_here_and_no_centre_is_asked() {
    let (_folder, store) = storage().await;
    store.open_silence(id(1), &centre(), at(0), at(10)).await.unwrap();
    let alert = || async { store.incident(id(1), at(1000)).await.unwrap().unwrap() };
    assert!(alert().await.is_own && alert().await.raised);
    give(&store, 6, "acknowledge", json!({ "incident": id(1) }), true).await;
    assert_eq!((alert().await.work.state, alert().await.raised), (WorkState::InHand, false));
    give(&store, 7, "close", json!({ "incident": id(1), "outcome": "real" }), true).await;
    let work = alert().await.work;
    assert_eq!((work.state, work.outcome), (WorkState::Closed, Some(ClosedAs::Real)));
    assert_eq!(work.owner.as_deref(), Some("Trần Minh"));
    assert_eq!(store.unanswered().await.unwrap(), []);
    let history = store.history("xuan-lung", id(1)).await.unwrap();
    assert!(history.iter().all(|entry| entry.state == EntryState::Done) && history.len() == 2);
    store.close_silence(&centre(), at(2000)).await.unwrap();
    assert_eq!((alert().await.state.as_str(), alert().await.work.state), ("closed", WorkState::Closed));
}
