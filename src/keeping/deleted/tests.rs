use std::path::Path;

use super::*;
use crate::model::{CameraId, Ids, StreamKind};
use crate::record::{Index, Keep, Policy, SegmentRow, test_row};

const KEEP: Keep =
    Keep { main: Duration::from_secs(86_400), sub: Duration::from_secs(86_400), most_bytes: None };

async fn open(storage: &Path) -> (Arc<Archive>, CentreDb) {
    let policy = Policy { usual: KEEP, cameras: Default::default(), reserve_bytes: 0, pin_share: 0.9 };
    let archive = Archive::new(storage, policy, Index::open(storage).await.unwrap());
    let db = crate::centre_db::open(storage, &mut Ids::new(1), Now::default()).await.unwrap();
    (Arc::new(archive), db)
}

async fn add(archive: &Archive, who: &str, minute: i64) {
    let row = SegmentRow {
        camera: CameraId::new(who).unwrap(),
        stream: StreamKind::Main,
        path: format!("video/{who}/main/1970-01-01/{minute}.mp4"),
        is_dated: true,
        ..test_row(minute)
    };
    archive.index.add(&row).await.unwrap();
}

/// Deletes all of it: it is a month old.
async fn delete(archive: &Archive) {
    archive.make_room(0, Some(Wall::from_millis(30 * 86_400_000))).await.unwrap();
}

fn at(minutes: u64) -> Now {
    Now { mono: Mono(Duration::from_secs(minutes * 60)), wall: Wall::from_millis(7) }
}

/// Camera, reason and number of files of each entry.
async fn told(db: &CentreDb) -> Vec<(String, String, u64)> {
    let log = AuditLog::new(db.pool.clone(), db.pool.clone()).following(0, 99).await.unwrap();
    let entry = |entry: &crate::people::AuditEntry| {
        let detail: serde_json::Value = serde_json::from_str(entry.detail.get()).unwrap();
        let word = |key: &str| detail[key].as_str().unwrap().to_owned();
        (word("camera"), word("reason"), detail["files"].as_u64().unwrap())
    };
    for entry in &log {
        let is_missing = entry.detail.get().contains("\"missing\"");
        assert_eq!(entry.action, if is_missing { "footage-missing" } else { "deleted" });
    }
    log.iter().map(entry).collect()
}

fn aged(who: &str, files: u64) -> (String, String, u64) {
    (who.to_owned(), "age".to_owned(), files)
}

#[tokio::test]
async fn an_hour_is_one_entry_for_each_stream_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, db) = open(folder.path()).await;
    let deletions = Deletions::of(&archive, &db);
    deletions.write_due(at(0)).await;
    add(&archive, "gate", 1).await;
    add(&archive, "hall", 1).await;
    delete(&archive).await;
    add(&archive, "gate", 2).await;
    delete(&archive).await;
    deletions.write_due(at(59)).await;
    assert_eq!(told(&db).await, []);
    deletions.write_due(at(60)).await;
    deletions.write_due(at(120)).await;
    assert_eq!(told(&db).await, [aged("gate", 2), aged("hall", 1)]);
}

#[tokio::test]
async fn a_power_cut_before_its_hour_is_over_loses_no_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, db) = open(folder.path()).await;
    let deletions = Deletions::of(&archive, &db);
    deletions.write_due(at(0)).await;
    add(&archive, "gate", 1).await;
    delete(&archive).await;
    drop((deletions, archive, db));
    let (archive, db) = open(folder.path()).await;
    Deletions::of(&archive, &db).write_due(at(1)).await;
    assert_eq!(told(&db).await, [aged("gate", 1)]);
}

#[tokio::test]
async fn an_end_between_the_log_and_the_index_tells_nothing_twice_and_what_came_behind_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, db) = open(folder.path()).await;
    let deletions = Deletions::of(&archive, &db);
    add(&archive, "gate", 1).await;
    delete(&archive).await;
    let batch = archive.gone("a").await.unwrap().unwrap();
    deletions.add(&batch, Wall::from_millis(7)).await.unwrap();
    add(&archive, "hall", 1).await;
    delete(&archive).await;
    Deletions::of(&archive, &db).write_due(at(1)).await;
    assert_eq!(told(&db).await, [aged("gate", 1), aged("hall", 1)]);
}

#[tokio::test]
async fn what_could_not_be_written_is_written_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, db) = open(folder.path()).await;
    let deletions = Deletions::of(&archive, &db);
    add(&archive, "gate", 1).await;
    delete(&archive).await;
    sqlx::query("ALTER TABLE audit RENAME TO elsewhere").execute(&db.pool).await.unwrap();
    deletions.write_all(at(1)).await;
    sqlx::query("ALTER TABLE elsewhere RENAME TO audit").execute(&db.pool).await.unwrap();
    deletions.write_due(at(2)).await;
    assert_eq!(told(&db).await, [aged("gate", 1)]);
}

#[tokio::test]
async fn a_file_that_somebody_took_is_on_the_log_as_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, db) = open(folder.path()).await;
    add(&archive, "gate", 1).await;
    std::fs::create_dir_all(folder.path().join("video/gate/main/1970-01-01")).unwrap();
    archive.take_stock(Duration::ZERO).await.unwrap();
    Deletions::of(&archive, &db).write_due(at(1)).await;
    assert_eq!(told(&db).await, [("gate".to_owned(), "missing".to_owned(), 1)]);
}
