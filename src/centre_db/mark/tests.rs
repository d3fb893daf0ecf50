use std::path::PathBuf;

use super::*;
use crate::ledger::Hourly;
use crate::ledger::fixtures::{at, open, record};

fn mark(epoch: u8, document: i64, event: i64) -> Mark {
    let epoch = uuid::Uuid::from_bytes([epoch; 16]).to_string().parse().unwrap();
    Mark { epoch, document, event }
}

const NOTHING: TakenUp = TakenUp { restored: None, signs_since: None };

async fn mark_of(db: &CentreDb) -> Mark {
    current(&mut db.pool.acquire().await.unwrap()).await.unwrap()
}

#[test]
fn a_database_is_old_where_it_lacks_documents_or_events_that_were_noted() {
    let noted = mark(1, 40, 100);
    for (found, is_older) in [
        (mark(1, 40, 100), false),
        (mark(1, 41, 130), false),
        (mark(1, 39, 100), true),
        (mark(1, 40, 99), true),
        // Made anew, as after a lost disk.
        (mark(2, 0, 0), false),
        // A copy from before it was made anew.
        (mark(2, 5, 3), true),
    ] {
        assert_eq!(found.is_older_than(&noted, &[], &[]), is_older, "{found:?}");
    }
    let lost = |life| [LostLife { epoch: mark(life, 0, 0).epoch, after: 0, found_at: Wall::default() }];
    let restored = mark(2, 5, 3);
    assert!(
        !restored.is_older_than(&noted, &[], &lost(1)),
        "it could not be noted that it goes on from there"
    );
    assert!(restored.is_older_than(&noted, &lost(1), &lost(3)));
    assert!(mark(2, 0, 0).is_older_than(&noted, &lost(2), &[]), "a copy of before its first document");
}

/// Puts a copy in the place of the database, or nothing.
fn put_back(copy: Option<&Path>, folder: &Path) {
    let file = folder.join(super::super::FILE_NAME);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
    copy.map(|copy| std::fs::copy(copy, &file).unwrap());
}

async fn copied(db: &CentreDb, copy: &Path) -> Mark {
    sqlx::query("VACUUM INTO ?").bind(copy.display().to_string()).execute(&db.pool).await.unwrap();
    mark_of(db).await
}

#[tokio::test]
async fn a_copy_of_some_time_ago_begins_a_new_life_once_and_says_from_where_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (now, mut ids) = (at(1), Ids::new(7));
    let copy = folder.path().join("copy.sqlite");
    let mut hourly = open(folder.path(), 1).await;
    assert_eq!(hourly.db.take_up(&mut ids, now).await.unwrap(), NOTHING);
    assert!(folder.path().join(MARK_NAME).exists());
    record(&hourly, "gate", 1).await;
    hourly.seal(at(2)).await.unwrap();
    let first = copied(&hourly.db, &copy).await;
    record(&hourly, "gate", 2).await;
    hourly.seal(at(3)).await.unwrap();
    hourly.db.note().await.unwrap();
    let last = mark_of(&hourly.db).await;
    assert_eq!((first.document, last.document), (1, 2));
    hourly.db.close().await;

    put_back(Some(&copy), folder.path());
    let mut again = open(folder.path(), 1).await.db;
    assert!(again.is_to_be_taken_up().await.unwrap());
    let restored = Some(Restored { from: first, lost: last });
    let signs_since = Some(at(2).wall.plus_millis(-DAY_MS));
    assert_eq!(again.take_up(&mut ids, now).await.unwrap(), TakenUp { restored, signs_since });
    assert!(!again.is_to_be_taken_up().await.unwrap());
    assert_ne!(again.epoch(), first.epoch);
    let follows: (String, i64) = sqlx::query_as("SELECT follows_epoch, follows_number FROM meta")
        .fetch_one(&again.pool)
        .await
        .unwrap();
    assert_eq!(follows, (first.epoch.to_string(), first.document));
    let once_more = TakenUp { restored: None, signs_since };
    assert_eq!(again.take_up(&mut ids, now).await.unwrap(), once_more, "until an hour is signed");
    again.close().await;
    let mut hourly = open(folder.path(), 1).await;
    hourly.seal(at(4)).await.unwrap();
    assert_eq!(hourly.db.take_up(&mut ids, now).await.unwrap(), NOTHING);

    // A database that was lost and made anew is not the one that was noted.
    put_back(None, folder.path());
    let mut new = crate::centre_db::open(folder.path(), &mut ids, now).await.unwrap();
    assert!(new.is_to_be_taken_up().await.unwrap());
    assert_eq!(new.take_up(&mut ids, now).await.unwrap(), NOTHING);
    assert!(!new.is_to_be_taken_up().await.unwrap());
}

/// A centre whose disk is not what a database says.
struct Edge {
    folder: tempfile::TempDir,
    ids: Ids,
    minute: i64,
    hourly: Option<Hourly>,
}

impl Edge {
    async fn new() -> Self {
        let mut new =
            Self { folder: tempfile::tempdir().unwrap(), ids: Ids::new(7), minute: 0, hourly: None };
        new.start().await;
        new
    }

    fn db(&self) -> &CentreDb {
        &self.hourly.as_ref().unwrap().db
    }

    /// Starts; gives its life.
    async fn start(&mut self) -> Epoch {
        let mut db = crate::centre_db::open(self.folder.path(), &mut self.ids, at(1)).await.unwrap();
        db.take_up(&mut self.ids, at(1)).await.unwrap();
        db.close().await;
        self.hourly = Some(open(self.folder.path(), 1).await);
        self.db().epoch()
    }

    async fn sign(&mut self, documents: i64) {
        for _ in 0..documents {
            self.minute += 1;
            let hourly = self.hourly.as_ref().unwrap();
            record(hourly, "gate", self.minute).await;
            hourly.seal(at(self.minute.unsigned_abs())).await.unwrap();
        }
    }

    async fn copy(&self, name: &str) -> PathBuf {
        let copy = self.folder.path().join(name);
        copied(self.db(), &copy).await;
        copy
    }

    /// Stops, has a copy put in the place of the database, or nothing, and starts again: gives its life.
    async fn goes_on_with(&mut self, copy: Option<&Path>) -> Epoch {
        let hourly = self.hourly.take().unwrap();
        hourly.db.note().await.unwrap();
        hourly.db.close().await;
        put_back(copy, self.folder.path());
        self.start().await
    }

    /// That these lives were lost, each behind a document, and that the chain is whole.
    async fn assert_lost(&mut self, expected: &[(Epoch, i64)]) {
        let mut lost: Vec<(Epoch, i64)> =
            self.db().lost_lives().await.unwrap().iter().map(|life| (life.epoch, life.after)).collect();
        let mut expected = expected.to_vec();
        lost.sort_by_key(|(epoch, _)| epoch.to_string());
        expected.sort_by_key(|(epoch, _)| epoch.to_string());
        assert_eq!(lost, expected);
        self.sign(1).await;
        let (stretch, _) = self.db().stretch(Wall::default(), None).await.unwrap();
        assert_eq!(stretch.problems(), Vec::<String>::new());
        assert!(!stretch.is_of_a_lost_end(self.db().epoch(), 99));
        assert!(expected.iter().all(|(epoch, after)| stretch.is_of_a_lost_end(*epoch, after + 1)));
    }
}

#[tokio::test]
async fn a_copy_that_is_put_back_twice_goes_on_without_both_lives_behind_it() {
    let mut centre = Edge::new().await;
    let first = centre.db().epoch();
    centre.sign(1).await;
    let early = centre.copy("early.sqlite").await;
    centre.sign(1).await;
    let second = centre.goes_on_with(Some(&early)).await;
    centre.assert_lost(&[(first, 1)]).await;
    let third = centre.goes_on_with(Some(&early)).await;
    centre.assert_lost(&[(first, 1), (second, 0)]).await;
    centre.sign(1).await;
    let late = centre.copy("late.sqlite").await;
    centre.sign(1).await;
    centre.goes_on_with(Some(&late)).await;
    centre.assert_lost(&[(first, 1), (second, 0), (third, 3)]).await;
}

#[tokio::test]
async fn a_copy_that_is_put_back_after_an_earlier_one_has_what_it_holds() {
    let mut centre = Edge::new().await;
    let first = centre.db().epoch();
    centre.sign(1).await;
    let early = centre.copy("early.sqlite").await;
    centre.sign(4).await;
    let original = centre.copy("original.sqlite").await;
    let second = centre.goes_on_with(Some(&early)).await;
    centre.sign(2).await;
    centre.goes_on_with(Some(&original)).await;
    centre.assert_lost(&[(first, 5), (second, 0)]).await;
}

#[tokio::test]
async fn a_copy_that_is_found_after_the_database_was_made_anew_has_what_it_holds() {
    let mut centre = Edge::new().await;
    let first = centre.db().epoch();
    centre.sign(3).await;
    let copy = centre.copy("copy.sqlite").await;
    let new = centre.goes_on_with(None).await;
    centre.assert_lost(&[(first, 0)]).await;
    centre.goes_on_with(Some(&copy)).await;
    centre.assert_lost(&[(first, 3), (new, 0)]).await;
}

#[tokio::test]
async fn a_copy_of_before_the_first_document_begins_a_life_of_its_own_each_time() {
    let mut centre = Edge::new().await;
    let first = centre.db().epoch();
    let empty = centre.copy("empty.sqlite").await;
    centre.sign(2).await;
    let second = centre.goes_on_with(Some(&empty)).await;
    centre.assert_lost(&[(first, 0)]).await;
    let third = centre.goes_on_with(Some(&empty)).await;
    assert!(![first, second].contains(&third));
    centre.assert_lost(&[(first, 0), (second, 0)]).await;
}

#[tokio::test]
async fn a_note_that_calls_the_life_that_goes_on_lost_is_not_believed() {
    let mut centre = Edge::new().await;
    centre.sign(2).await;
    centre.db().note().await.unwrap();
    let (folder, epoch) = (centre.folder.path().to_owned(), centre.db().epoch());
    let mut note: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join(MARK_NAME)).unwrap()).unwrap();
    note["lost"] = json!([{ "epoch": epoch, "after": 0, "found_at": "2026-11-28T08:00:00Z" }]);
    centre.hourly.take().unwrap().db.close().await;
    disk::write_atomically(&folder.join(MARK_NAME), note.to_string().as_bytes()).unwrap();
    assert_eq!(centre.start().await, epoch);
    centre.assert_lost(&[]).await;
}

#[tokio::test]
async fn an_end_between_the_note_and_the_database_begins_one_life_more() {
    let mut centre = Edge::new().await;
    let first = centre.db().epoch();
    centre.sign(1).await;
    let copy = centre.copy("copy.sqlite").await;
    centre.sign(1).await;
    let second = centre.goes_on_with(Some(&copy)).await;
    // As if what the note says had not been committed.
    put_back(Some(&copy), centre.folder.path());
    let third = centre.start().await;
    assert_ne!(third, second);
    centre.assert_lost(&[(first, 1), (second, 0)]).await;
}
