use sha2::{Digest, Sha256};

use super::*;
use crate::evidence::manifest::tests::manifest;
use crate::ledger::fixtures::{at, delete_all, open, record, trust};
use crate::ledger::{Hour, Hourly, Link, LinkKind, Tombstone, link_in};
use crate::model::IncidentId;
use crate::people::{Act, AuditLog};
use crate::record::DeleteReason;

struct Centre {
    folder: tempfile::TempDir,
    hourly: Hourly,
}

/// Three hours of a centre: two cameras, some of it deleted, an incident with its evidence, an entry of the audit log.
async fn centre() -> Centre {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    record(&hourly, "gate", 1).await;
    hourly.seal(at(60)).await.unwrap();
    delete_all(&hourly).await;
    for minute in 40_000..40_003 {
        record(&hourly, "gate", minute).await;
        record(&hourly, "hall", minute).await;
    }
    add_evidence(&hourly, "0193b3c4-0000-7000-8000-000000000002").await;
    let log = AuditLog::new(hourly.db.pool.clone(), hourly.db.pool.clone());
    let act =
        Act { who: "lan", from: "10.0.0.7", action: "viewed", subject: None, detail: serde_json::json!({}) };
    log.add(act, at(61).wall).await.unwrap();
    hourly.seal(at(120)).await.unwrap();
    record(&hourly, "gate", 40_003).await;
    hourly.seal(at(180)).await.unwrap();
    Centre { folder, hourly }
}

async fn add_evidence(hourly: &Hourly, incident: &str) {
    let folder = hourly.archive.storage().join("evidence").join(incident);
    std::fs::create_dir_all(&folder).unwrap();
    let signer = &hourly.sealer.signer;
    let sealed = hourly.db.link((LinkKind::Manifest, Some(incident)), at(61).wall, |link| {
        let mut manifest = manifest(signer, vec![]);
        manifest.incident.id = incident.parse().unwrap();
        manifest.link = Some(link);
        Ok(manifest.seal(signer))
    });
    disk::write_atomically(&folder.join(MANIFEST_NAME), &sealed.await.unwrap().envelope).unwrap();
}

impl Centre {
    async fn check(&self) -> Verdict {
        check_storage(self.folder.path(), &trust(1).into()).await.unwrap()
    }

    /// What is told after this was done to the files or, as somebody who owns the machine can, to the database.
    async fn told(&self) -> String {
        let verdict = self.check().await;
        assert!(!verdict.is_intact, "{verdict:?}");
        verdict.lines.join("; ")
    }

    async fn forced(&self, change: &str) {
        let mut all =
            sqlx::query_scalar::<_, String>("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                .fetch_all(&self.hourly.db.pool)
                .await
                .unwrap();
        all.retain(|name| name.starts_with("ledger") || name.starts_with("audit"));
        for name in all {
            let drop = format!("DROP TRIGGER {name}");
            sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&self.hourly.db.pool).await.unwrap();
        }
        sqlx::query("PRAGMA foreign_keys = OFF").execute(&self.hourly.db.pool).await.unwrap();
        let changed =
            sqlx::query(sqlx::AssertSqlSafe(change.to_owned())).execute(&self.hourly.db.pool).await.unwrap();
        assert!(changed.rows_affected() > 0, "{change}");
    }
}

#[tokio::test]
async fn an_untouched_centre_is_intact_and_trusted_by_who_knows_its_key() {
    let centre = centre().await;
    let verdict = centre.check().await;
    assert!(verdict.holds(), "{verdict:?}");
    assert!(verdict.lines[1].contains("4 signed documents, 8 recorded files"), "{verdict:?}");
    let stranger = check_storage(centre.folder.path(), &trust(2).into()).await.unwrap();
    assert!(stranger.is_intact && !stranger.holds());
    assert!(stranger.lines[1].starts_with("intact, signer not confirmed"), "{stranger:?}");
}

#[tokio::test]
async fn a_file_that_was_changed_or_taken_is_named() {
    let centre = centre().await;
    let path = centre.folder.path().join("video/hall/main/1970-01-01/040001.000Z-1-40001.mp4");
    disk::write_atomically(&path, b"hall 4000x").unwrap();
    let name = "video/hall/main/1970-01-01/040001.000Z-1-40001.mp4";
    assert!(centre.told().await.starts_with(&format!("{name}: it is not what was recorded")));
    std::fs::remove_file(&path).unwrap();
    let told = centre.told().await;
    assert!(
        told.starts_with(&format!("{name}: it was recorded and is missing, and nothing says that it went"))
    );
}

#[tokio::test]
async fn a_deletion_that_a_power_cut_interrupted_is_no_fault_even_before_the_next_start() {
    let centre = centre().await;
    let name = "video/hall/main/1970-01-01/040001.000Z-1-40001.mp4";
    let index = &centre.hourly.archive.index;
    let rows = crate::database::open(&centre.folder.path().join(INDEX), &NONE).await.unwrap();
    let counter = sqlx::query_scalar("SELECT counter FROM segments WHERE path = ?").bind(name);
    let doomed: i64 = counter.fetch_one(&rows).await.unwrap();
    index.doom(&[(doomed, DeleteReason::Age)]).await.unwrap();
    std::fs::remove_file(centre.folder.path().join(name)).unwrap();
    let verdict = centre.check().await;
    assert!(verdict.is_intact, "{verdict:?}");
    let told = "1 recorded files went lately by the centre's own word";
    assert!(verdict.lines.iter().any(|line| line.contains(told)), "{verdict:?}");
    index.spare().await.unwrap();
    assert!(centre.told().await.contains("it was recorded and is missing"));
}

#[tokio::test]
async fn a_whole_hour_that_was_taken_from_disk_and_index_shows() {
    let centre = centre().await;
    std::fs::remove_dir_all(centre.folder.path().join("video/gate")).unwrap();
    sqlx::query("DELETE FROM segments WHERE camera = 'gate'")
        .execute(&crate::database::open(&centre.folder.path().join(INDEX), &NONE).await.unwrap())
        .await
        .unwrap();
    let told = centre.told().await;
    assert_eq!(told.matches("it was recorded and is missing").count(), 4, "{told}");
}

#[tokio::test]
async fn what_was_taken_still_shows_when_the_centre_itself_has_found_it_missing_and_signed_that() {
    let centre = centre().await;
    let name = "video/hall/main/1970-01-01/040001.000Z-1-40001.mp4";
    std::fs::remove_file(centre.folder.path().join(name)).unwrap();
    centre.hourly.archive.take_stock(std::time::Duration::ZERO).await.unwrap();
    assert!(centre.told().await.starts_with(&format!("{name}: it was recorded and is missing")));
    centre.hourly.seal(at(181)).await.unwrap();
    assert!(centre.told().await.starts_with(&format!("{name}: it was recorded and is missing")));
}

static NONE: sqlx::migrate::Migrator = sqlx::migrate::Migrator {
    migrations: std::borrow::Cow::Borrowed(&[]),
    ignore_missing: true,
    ..sqlx::migrate::Migrator::DEFAULT
};

#[tokio::test]
async fn what_was_deleted_by_retention_is_no_fault_even_before_its_hour() {
    let centre = centre().await;
    record(&centre.hourly, "hall", 1).await;
    centre.hourly.seal(at(181)).await.unwrap();
    delete_all(&centre.hourly).await;
    assert!(centre.check().await.holds());
}

#[tokio::test]
async fn evidence_that_was_taken_or_changed_is_named_and_what_its_time_deleted_is_not() {
    let centre = centre().await;
    let incident = "0193b3c4-0000-7000-8000-000000000002";
    let folder = centre.folder.path().join("evidence").join(incident);
    disk::write_atomically(&folder.join("extra.txt"), b"").unwrap();
    assert!(
        centre
            .told()
            .await
            .starts_with(&format!("evidence/{incident}: extra.txt: it is not in the manifest"))
    );
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(centre.told().await.starts_with(&format!("evidence/{incident}: it was signed and is missing")));
    let id: IncidentId = incident.parse().unwrap();
    let (sealer, now) = (&centre.hourly.sealer, at(200));
    let mut db = centre.hourly.db.pool.begin_with(crate::database::WRITING).await.unwrap();
    link_in(&mut db, (LinkKind::Tombstone, Some(incident)), now.wall, |link| {
        let tombstone = Tombstone::of_evidence(sealer.stated(link, now)?, id);
        Ok(tombstone.seal(&sealer.signer))
    })
    .await
    .unwrap();
    db.commit().await.unwrap();
    assert!(centre.check().await.holds());
}

#[tokio::test]
async fn whoever_changes_the_database_itself_is_seen() {
    for (change, told) in [
        ("DELETE FROM ledger WHERE number = 2", "document 2 is missing"),
        ("DELETE FROM ledger WHERE number = 4", "document 4 is missing at the end"),
        (
            "UPDATE ledger SET envelope = CAST(replace(envelope, 'a', 'b') AS BLOB) WHERE number = 3",
            "document 3",
        ),
        ("UPDATE ledger_lists SET text = substr(text, 70) WHERE camera = 'hall'", "of hall/main"),
        ("DELETE FROM ledger_lists WHERE what = 'gone'", "the list of what went of gate/main"),
        (
            "UPDATE ledger SET subject = '0193b3c4-0000-7000-8000-000000000009' WHERE kind = 'manifest'",
            "and is of 0193b3c4-0000-7000-8000-000000000002",
        ),
        ("UPDATE audit SET who = 'minh' WHERE action = 'viewed'", "the audit log is not as it was written"),
    ] {
        let centre = centre().await;
        centre.forced(change).await;
        let all = centre.told().await;
        assert!(all.contains(told), "{change}: {all}");
    }
}

#[tokio::test]
async fn what_the_tables_say_of_a_list_excuses_nothing_that_is_not_signed() {
    let name = "video/hall/main/1970-01-01/040001.000Z-1-40001.mp4";
    let gone = format!("{name}\n");
    let excuse = format!(
        "INSERT INTO ledger_lists VALUES ('{}', 2, 'gone', 'hall', 'main', 0, 0, '{gone}')",
        lists::digest(&gone)
    );
    for change in ["UPDATE ledger_lists SET what = 'missing' WHERE camera = 'hall'", &excuse] {
        let centre = centre().await;
        std::fs::remove_file(centre.folder.path().join(name)).unwrap();
        centre.forced(change).await;
        let told = centre.told().await;
        assert!(told.contains(&format!("{name}: it was recorded and is missing")), "{change}: {told}");
    }
}

#[tokio::test]
async fn an_audit_log_that_was_made_anew_is_not_the_one_that_was_signed() {
    let centre = centre().await;
    centre.forced("DELETE FROM audit").await;
    centre.forced("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'audit'").await;
    let log = AuditLog::new(centre.hourly.db.pool.clone(), centre.hourly.db.pool.clone());
    for action in ["deleted", "nothing"] {
        let act = Act { who: "lan", from: "here", action, subject: None, detail: serde_json::json!({}) };
        log.add(act, at(61).wall).await.unwrap();
    }
    let told = centre.told().await;
    assert!(told.contains("entry 2 of the audit log is not the one that was signed in document 3"), "{told}");
}

#[tokio::test]
async fn a_document_that_was_signed_anew_after_the_province_was_told_of_it_shows() {
    let centre = centre().await;
    centre.hourly.db.tell_links(&centre.hourly.sealer, at(200)).await.unwrap();
    assert!(centre.check().await.is_intact);
    // The last one, by the centre's own key and with the right place: the chain itself shows nothing.
    let Some((number, previous)) =
        sqlx::query_as::<_, (i64, String)>("SELECT max(number), previous FROM ledger")
            .fetch_optional(&centre.hourly.db.pool)
            .await
            .unwrap()
    else {
        panic!("there are documents")
    };
    let link = Link { epoch: centre.hourly.db.epoch(), number, previous };
    let stated = centre.hourly.sealer.stated(link, at(201)).unwrap();
    let other =
        Hour { stated, recorded: vec![], gone: vec![], audit: None }.seal(&centre.hourly.sealer.signer);
    let change = format!(
        "UPDATE ledger SET envelope = x'{}', digest = '{}' WHERE number = {number}",
        hex::encode(&other),
        hex::encode(Sha256::digest(&other))
    );
    centre.forced(&change).await;
    let told = centre.told().await;
    assert!(
        told.contains(&format!("document {number} is not the one that the province was told of")),
        "{told}"
    );
}
