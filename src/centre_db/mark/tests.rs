use std::path::PathBuf;

use super::*;
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
        assert_eq!(found.is_older_than(&noted, &[]), is_older, "{found:?}");
    }
    let restored = mark(2, 5, 3);
    assert!(
        !restored.is_older_than(&noted, &[mark(3, 0, 0).epoch, noted.epoch]),
        "it could not be noted that it goes on from there"
    );
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
    let mut new = open(folder.path(), 1).await.db;
    assert!(new.is_to_be_taken_up().await.unwrap());
    assert_eq!(new.take_up(&mut ids, now).await.unwrap(), NOTHING);
    assert!(!new.is_to_be_taken_up().await.unwrap());
}

#[tokio::test]
async fn lives_that_ended_with_their_database_are_known_to_every_later_one() {
    let folder = tempfile::tempdir().unwrap();
    let (now, mut ids) = (at(1), Ids::new(7));
    let (early, late) = (folder.path().join("early.sqlite"), folder.path().join("late.sqlite"));
    let mut hourly = open(folder.path(), 1).await;
    hourly.db.take_up(&mut ids, now).await.unwrap();
    let mut lives = Vec::new();
    // An early copy is put back, the same again, then a later one, and at last the database is made anew.
    for (step, copy) in [Some(&early), Some(&early), Some(&late), None].into_iter().enumerate() {
        lives.push(hourly.db.epoch());
        for document in 0..2 {
            let minute = 10 * step + 2 * document;
            record(&hourly, "gate", minute as i64 + 1).await;
            hourly.seal(at(minute as u64 + 2)).await.unwrap();
            match (step, document) {
                (0, 0) => drop(copied(&hourly.db, &early).await),
                (2, 0) => drop(copied(&hourly.db, &late).await),
                _ => {}
            }
        }
        hourly.db.note().await.unwrap();
        hourly.db.close().await;
        put_back(copy.map(PathBuf::as_path), folder.path());
        crate::centre_db::open(folder.path(), &mut ids, now).await.unwrap().close().await;
        hourly = open(folder.path(), 1).await;
        hourly.db.take_up(&mut ids, now).await.unwrap();
        // The early copy has one document, the late one two; one that is new has none of any life.
        let after = |life: usize| match (copy, life) {
            (None, _) => 0,
            (_, 0 | 1) => 1,
            _ => 2,
        };
        let ended = lives.iter().enumerate();
        let mut ended: Vec<LostLife> =
            ended.map(|(life, epoch)| LostLife { epoch: *epoch, after: after(life) }).collect();
        ended.sort_by_key(|life| life.epoch.to_string());
        assert_eq!(hourly.db.lost_lives().await.unwrap(), ended, "step {step}");
        let (stretch, _) = hourly.db.stretch(now.wall, None).await.unwrap();
        assert_eq!(stretch.problems(), Vec::<String>::new());
        assert!(!stretch.is_of_a_lost_end(hourly.db.epoch(), 99));
    }
}
