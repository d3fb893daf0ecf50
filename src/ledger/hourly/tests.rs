use super::*;
use crate::ledger::book::links;
use crate::ledger::fixtures::{at, audit, delete_all, open, record};
use crate::ledger::{Chain, Hour};
use crate::record::DeleteReason;

/// The hours that were signed.
async fn hours(db: &CentreDb) -> Vec<Hour> {
    let mut chain = Chain::default();
    let rows = links(&db.pool, 0, 99).await.unwrap();
    rows.iter().for_each(|row| drop(chain.take(row)));
    assert_eq!(chain.problems, Vec::<String>::new());
    rows.iter().map(|row| Hour::open(&row.envelope).unwrap().0).collect()
}

/// Camera, reason and number of files of each deletion on the audit log.
async fn told(db: &CentreDb) -> Vec<(String, String, u64)> {
    let log = audit(db).await;
    let entry = |entry: &crate::people::AuditEntry| {
        let detail: serde_json::Value = serde_json::from_str(entry.detail.get()).unwrap();
        let word = |key: &str| detail[key].as_str().unwrap().to_owned();
        assert_eq!(entry.action, if detail["reason"] == "missing" { "footage-missing" } else { "deleted" });
        (word("camera"), word("reason"), detail["files"].as_u64().unwrap())
    };
    log.iter().map(entry).collect()
}

fn aged(who: &str, files: u64) -> (String, String, u64) {
    (who.to_owned(), "age".to_owned(), files)
}

#[tokio::test]
async fn each_file_is_signed_once_with_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    let path = record(&hourly, "gate", 1).await;
    record(&hourly, "gate", 2).await;
    record(&hourly, "hall", 1).await;
    hourly.seal(at(60)).await.unwrap();
    hourly.seal(at(120)).await.unwrap();
    let [first, second] = &hours(&hourly.db).await[..] else { panic!("two hours") };
    let lists: Vec<_> = first.recorded.iter().map(|list| (list.camera.as_str(), list.files)).collect();
    assert_eq!((lists, second.recorded.len()), (vec![("gate", 2), ("hall", 1)], 0));
    let text: String = sqlx::query_scalar("SELECT text FROM ledger_lists WHERE sha256 = ?")
        .bind(&first.recorded[0].sha256)
        .fetch_one(&hourly.db.pool)
        .await
        .unwrap();
    let (_, digest) = disk::measure(&folder.path().join(&path)).unwrap();
    assert_eq!(text.lines().next(), Some(&*format!("{}  {path}", hex::encode(digest))));
    assert_eq!(second.stated.link.previous.len(), 64);
}

#[tokio::test]
async fn what_only_hours_named_that_are_lost_is_signed_again_with_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    record(&hourly, "gate", 1).await;
    record(&hourly, "gate", 70).await;
    hourly.seal(at(120)).await.unwrap();
    hourly.archive.index.unseal_since(at(60).wall).await.unwrap();
    hourly.seal(at(180)).await.unwrap();
    let [first, second] = &hours(&hourly.db).await[..] else { panic!("two hours") };
    assert_eq!(
        (first.recorded[0].files, second.recorded[0].files),
        (2, 1),
        "the file of the second hour alone"
    );
    hourly.seal(at(240)).await.unwrap();
    assert_eq!(hours(&hourly.db).await[2].recorded, []);
}

#[tokio::test]
async fn what_went_is_signed_and_on_the_audit_log_in_sums_and_the_log_is_signed_too() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    for (who, minute) in [("gate", 1), ("hall", 1), ("gate", 2)] {
        record(&hourly, who, minute).await;
    }
    hourly.seal(at(0)).await.unwrap();
    delete_all(&hourly).await;
    assert_eq!(told(&hourly.db).await, []);
    hourly.seal(at(60)).await.unwrap();
    hourly.seal(at(120)).await.unwrap();
    assert_eq!(told(&hourly.db).await, [aged("gate", 2), aged("hall", 1)]);
    let hours = hours(&hourly.db).await;
    let gone: Vec<_> =
        hours.iter().map(|hour| hour.gone.iter().map(|list| list.files).sum::<u64>()).collect();
    assert_eq!(gone, [0, 3, 0]);
    let last = audit(&hourly.db).await.pop().unwrap();
    assert_eq!(hours[2].audit, Some(AuditHead { number: 2, hash: last.hash }));
}

#[tokio::test]
async fn a_power_cut_before_its_hour_is_over_loses_no_file_and_no_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    record(&hourly, "gate", 1).await;
    delete_all(&hourly).await;
    record(&hourly, "hall", 1).await;
    drop(hourly);
    let hourly = open(folder.path(), 1).await;
    hourly.seal(at(1)).await.unwrap();
    assert_eq!(told(&hourly.db).await, [aged("gate", 1)]);
    let hour = hours(&hourly.db).await.pop().unwrap();
    assert_eq!((hour.recorded.len(), hour.gone.len()), (1, 1));
}

#[tokio::test]
async fn an_end_between_the_chain_and_the_index_tells_no_deletion_twice_and_what_came_behind_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    record(&hourly, "gate", 1).await;
    delete_all(&hourly).await;
    let batch = hourly.archive.gone("a").await.unwrap().unwrap();
    hourly.write(&[], Some(&batch), at(1)).await.unwrap();
    record(&hourly, "hall", 1).await;
    delete_all(&hourly).await;
    hourly.seal(at(2)).await.unwrap();
    hourly.seal(at(3)).await.unwrap();
    assert_eq!(told(&hourly.db).await, [aged("gate", 1), aged("hall", 1)]);
}

#[tokio::test]
async fn what_could_not_be_written_is_written_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    record(&hourly, "gate", 1).await;
    delete_all(&hourly).await;
    sqlx::query("ALTER TABLE audit RENAME TO elsewhere").execute(&hourly.db.pool).await.unwrap();
    assert!(hourly.seal(at(1)).await.is_err());
    sqlx::query("ALTER TABLE elsewhere RENAME TO audit").execute(&hourly.db.pool).await.unwrap();
    hourly.seal(at(2)).await.unwrap();
    assert_eq!(told(&hourly.db).await, [aged("gate", 1)]);
}

#[tokio::test]
async fn a_file_that_somebody_took_is_on_the_log_as_missing() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    let path = record(&hourly, "gate", 1).await;
    hourly.seal(at(1)).await.unwrap();
    std::fs::remove_file(folder.path().join(path)).unwrap();
    hourly.archive.take_stock(Duration::ZERO).await.unwrap();
    hourly.seal(at(2)).await.unwrap();
    assert_eq!(told(&hourly.db).await, [("gate".to_owned(), "missing".to_owned(), 1)]);
}

#[tokio::test]
async fn a_deletion_that_a_power_cut_interrupted_is_no_file_that_somebody_took() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    let paths = [record(&hourly, "gate", 1).await, record(&hourly, "gate", 2).await];
    hourly.seal(at(1)).await.unwrap();
    // Both were to go; the power fails when the first of them is gone and its row is not.
    let index = &hourly.archive.index;
    index.doom(&[(1, DeleteReason::Age), (2, DeleteReason::Age)]).await.unwrap();
    std::fs::remove_file(folder.path().join(&paths[0])).unwrap();
    hourly.archive.take_stock(Duration::ZERO).await.unwrap();
    hourly.seal(at(2)).await.unwrap();
    assert_eq!(told(&hourly.db).await, [aged("gate", 1)]);
    // The second is spared after all: who takes it now is not excused.
    index.spare().await.unwrap();
    std::fs::remove_file(folder.path().join(&paths[1])).unwrap();
    hourly.archive.take_stock(Duration::ZERO).await.unwrap();
    hourly.seal(at(3)).await.unwrap();
    assert_eq!(told(&hourly.db).await, [aged("gate", 1), ("gate".to_owned(), "missing".to_owned(), 1)]);
}
