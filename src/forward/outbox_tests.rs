//! The rows of the outbox: what is one transaction, and what is in it afterwards.

use super::super::fixtures::{db, event, file, incident, now, signer, start};
use super::super::pins::Pin;
use super::*;
use crate::model::Severity;
use crate::model::{CameraId, Ids};
use crate::wire::Role;

/// Records `row` as it is, under a new event id.
async fn record(db: &CentreDb, ids: &mut Ids, row: &IncidentRow) -> Option<EventId> {
    let id = EventId(ids.next(now()));
    db.record_event(row, &signer(), now(), |sequence, epoch| event(id, row, sequence, epoch)).await.unwrap()
}

#[tokio::test]
async fn an_incident_and_its_event_are_recorded_together_and_read_back() {
    let signer = signer();
    let (folder, mut ids) = (tempfile::tempdir().unwrap(), Ids::new(9));
    let db = db(folder.path()).await;
    let row = incident(&mut ids, Severity::Warning);
    let id = record(&db, &mut ids, &row).await.unwrap();
    assert_eq!(db.incident(row.id).await.unwrap(), Some(row.clone()));
    let [item] = &db.waiting().await.unwrap()[..] else { panic!("one item") };
    assert_eq!((item.id, item.incident, item.begun), (Subject::Event(id), Some(row.id), false));
    let payload = db.payload(item.id).await.unwrap().unwrap();
    assert_eq!(<[u8; 32]>::from(Sha256::digest(&payload.bytes)), item.digest);
    signer.public().verify(&payload.bytes, &payload.signature.sig).unwrap();
    let sent = Event::from_bytes(&super::super::fixtures::centre(), &payload.bytes).unwrap();
    assert_eq!((sent.sequence.as_str(), sent.epoch), ("1", db.epoch()));
    let backlog = db.backlog().await.unwrap();
    assert_eq!((backlog.events, backlog.files, backlog.oldest), (1, 0, Some(start())));
}

#[tokio::test]
async fn the_sequence_rises_by_one_an_event_and_not_with_what_was_rolled_back() {
    let signer = signer();
    let (folder, mut ids) = (tempfile::tempdir().unwrap(), Ids::new(9));
    let db = db(folder.path()).await;
    let row = incident(&mut ids, Severity::Urgent);
    let used = record(&db, &mut ids, &row).await.unwrap();
    let again = db.record_event(&row, &signer, now(), |sequence, epoch| event(used, &row, sequence, epoch));
    assert!(again.await.is_err(), "an id is used once");
    let id = EventId(ids.next(now()));
    let mut seen = 0;
    let build = |sequence, epoch| {
        seen = sequence;
        event(id, &row, sequence, epoch)
    };
    db.record_event(&row, &signer, now(), build).await.unwrap();
    assert_eq!(seen, 2);
}

#[tokio::test]
async fn a_notice_is_recorded_and_stays() {
    let signer = signer();
    let (folder, mut ids) = (tempfile::tempdir().unwrap(), Ids::new(9));
    let db = db(folder.path()).await;
    let row = incident(&mut ids, Severity::Notice);
    assert_eq!(record(&db, &mut ids, &row).await, None);
    let still = [file(&mut ids, folder.path(), row.id, Role::Still, b"jpeg")];
    let id = EventId(ids.next(now()));
    let added = db.add_files(row.id, true, &still, &signer, now(), |row, n, epoch| event(id, row, n, epoch));
    assert_eq!(added.await.unwrap(), None);
    assert_eq!(db.waiting().await.unwrap(), []);
    assert_eq!(db.incident(row.id).await.unwrap().unwrap().evidence, Evidence::Made);
}

#[tokio::test]
async fn files_their_event_and_the_mark_are_one_transaction() {
    let signer = signer();
    let (folder, mut ids) = (tempfile::tempdir().unwrap(), Ids::new(9));
    let db = db(folder.path()).await;
    let row = incident(&mut ids, Severity::Warning);
    record(&db, &mut ids, &row).await;
    assert_eq!(db.pending_evidence().await.unwrap(), std::slice::from_ref(&row));
    let clip = file(&mut ids, folder.path(), row.id, Role::Clip, b"movie");
    let outside = OutgoingFile { path: "../key.pem".into(), id: FileId(ids.next(now())), ..clip.clone() };
    let id = EventId(ids.next(now()));
    let both = [clip.clone(), outside];
    let refused = db.add_files(row.id, true, &both, &signer, now(), |row, n, epoch| event(id, row, n, epoch));
    assert!(matches!(refused.await, Err(OutboxError::NotSendable { .. })));
    assert_eq!(db.waiting().await.unwrap().len(), 1, "nothing of it was kept");
    assert_eq!(db.pending_evidence().await.unwrap().len(), 1);

    let added =
        db.add_files(row.id, true, &both[..1], &signer, now(), |row, n, epoch| event(id, row, n, epoch));
    assert_eq!(added.await.unwrap(), Some(id));
    assert_eq!(db.pending_evidence().await.unwrap(), []);
    let waiting = db.waiting().await.unwrap();
    assert_eq!(waiting.len(), 3);
    assert_eq!((waiting[1].id, waiting[1].class), (Subject::File(clip.id), Class::Clip));
    assert_eq!(db.backlog().await.unwrap().bytes, 5);
    assert_eq!(db.payload(waiting[1].id).await.unwrap().unwrap().path, Some(clip.path));
    db.mark_begun(clip.id).await.unwrap();
    assert!(db.waiting_after(1, 10).await.unwrap()[0].begun);
}

#[tokio::test]
async fn who_closes_an_incident_late_does_not_undo_its_evidence() {
    let signer = signer();
    let (folder, mut ids) = (tempfile::tempdir().unwrap(), Ids::new(9));
    let db = db(folder.path()).await;
    let mut row = incident(&mut ids, Severity::Warning);
    record(&db, &mut ids, &row).await;
    let id = EventId(ids.next(now()));
    let reason = "the disk was full";
    db.give_up_evidence(row.id, reason, &signer, now(), |row, n, epoch| {
        assert_eq!(row.data(vec![]).no_clip.as_deref(), Some(reason));
        event(id, row, n, epoch)
    })
    .await
    .unwrap();
    assert_eq!(db.open_incidents().await.unwrap().len(), 1);
    row.ended_at = Some(start());
    record(&db, &mut ids, &row).await;
    assert_eq!(db.open_incidents().await.unwrap(), []);
    let kept = db.incident(row.id).await.unwrap().unwrap();
    assert_eq!(kept.evidence, Evidence::Impossible(reason.into()));
}

#[tokio::test]
async fn delivered_and_quarantined_items_wait_no_more_and_do_not_change_again() {
    let (folder, mut ids) = (tempfile::tempdir().unwrap(), Ids::new(9));
    let db = db(folder.path()).await;
    let row = incident(&mut ids, Severity::Warning);
    let one = Subject::Event(record(&db, &mut ids, &row).await.unwrap());
    let two = Subject::Event(record(&db, &mut ids, &row).await.unwrap());
    db.mark_delivered(&[one], None, now()).await.unwrap();
    db.quarantine(two, "not a known schema").await.unwrap();
    db.quarantine(one, "too late").await.unwrap();
    assert_eq!(db.waiting().await.unwrap(), []);
    let [aside] = &db.quarantined().await.unwrap()[..] else { panic!("one in quarantine") };
    assert_eq!((aside.id, aside.reason.as_str()), (two, "not a known schema"));
    assert_eq!(db.payload(one).await.unwrap(), None);
}

#[tokio::test]
async fn a_pin_holds_until_its_incident_lets_go() {
    let (folder, mut ids) = (tempfile::tempdir().unwrap(), Ids::new(9));
    let db = db(folder.path()).await;
    let row = incident(&mut ids, Severity::Warning);
    let camera = CameraId::new("counter-2").unwrap();
    let pin = Pin { incident: row.id, camera, from: start(), to: start().plus_millis(5) };
    assert!(db.add_pin(&pin, now()).await.is_err(), "of an incident that is not recorded");
    record(&db, &mut ids, &row).await;
    db.add_pin(&pin, now()).await.unwrap();
    assert_eq!(db.pins().await.unwrap(), [pin]);
    db.release_pins(row.id, now()).await.unwrap();
    assert_eq!(db.pins().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_write_at_once_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (db(folder.path()).await, db(folder.path()).await);
    let many = |db: CentreDb, seed: u64| async move {
        let mut ids = Ids::new(seed);
        for _ in 0..60 {
            let row = incident(&mut ids, Severity::Warning);
            let id = EventId(ids.next(now()));
            db.record_event(&row, &signer(), now(), |n, epoch| event(id, &row, n, epoch)).await.unwrap();
        }
    };
    tokio::join!(many(here.clone(), 1), many(there, 2));
    assert_eq!(here.waiting().await.unwrap().len(), 120);
}
