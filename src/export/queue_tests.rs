use std::path::Path;

use serde_json::json;

use super::*;
use crate::config::{Secret, read_edge};
use crate::disk;
use crate::export::Whole;
use crate::export::making::KEPT_MS;
use crate::forward::fixtures::signer;
use crate::libav::testing;
use crate::people::AuditLog;
use crate::record::{Index, SegmentRow, test_row};

const BY: By<'static> = By { name: "lan", full_name: "Lan", from: "10.0.0.7" };

fn config(storage: &Path) -> EdgeConfig {
    let text = format!(
        "[centre]\nid = \"xuan-lung\"\nname = \"Xuân Lũng\"\n[storage]\npath = \"{}\"\nkeep = \"30d\"\n\
         purpose = \"An ninh\"\nreserve = \"1MB\"\n[[camera]]\nid = \"gate\"\nname = \"Cổng\"\n\
         main = \"rtsp://192.0.2.1/main\"\n",
        storage.display()
    );
    read_edge("edge.toml", storage, &text, &|_| Ok(Secret::new(""))).unwrap()
}

async fn exports(storage: &Path) -> (Exports, CentreDb) {
    let config = config(storage);
    let db = crate::centre_db::open(storage, &mut Ids::new(1), clock::now()).await.unwrap();
    let index = Index::open(storage).await.unwrap();
    let archive = Arc::new(Archive::new(storage, keeping::policy(&config), index));
    archive.index.add(&test_row(10)).await.unwrap();
    let (_, clock) = watch::channel(ClockState::default());
    let exports = Exports::new(config, db.clone(), archive, Arc::new(signer()), clock, Ids::new(2));
    (exports, db)
}

fn wanted(from_minute: i64) -> NewExport {
    let at = |minute: i64| Wall::from_millis(minute * 60_000);
    NewExport {
        cameras: vec![CameraId::new("gate").unwrap()],
        stream: StreamKind::Main,
        from: at(from_minute),
        to: at(from_minute + 1),
        reason: "Công văn 12".into(),
    }
}

async fn told(db: &CentreDb) -> Vec<(String, String)> {
    let log = AuditLog::new(db.pool.clone(), db.pool.clone()).following(0, 100).await.unwrap();
    log.into_iter().map(|entry| (entry.who, entry.action)).collect()
}

fn pair(who: &str, action: &str) -> (String, String) {
    (who.to_owned(), action.to_owned())
}

#[tokio::test]
async fn what_is_asked_for_is_on_record_first_and_the_ninth_in_line_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    assert!(matches!(exports.ask(wanted(5000), BY).await, Err(NotAsked::Nothing)));
    assert_eq!(told(&db).await, []);
    for _ in 0..8 {
        let export = exports.ask(wanted(10), BY).await.unwrap();
        assert_eq!((export.state, export.by.as_str()), (ExportState::Waiting, "Lan (lan)"));
    }
    assert!(matches!(exports.ask(wanted(10), BY).await, Err(NotAsked::Full)));
    assert_eq!(told(&db).await, vec![pair("lan", "export-begun"); 8]);
    let held = keeping::protected(&db, None).await.unwrap().holds;
    assert_eq!(held.len(), 8, "what is still to be exported is not deleted");
}

#[tokio::test]
async fn one_that_cannot_be_made_says_why_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    let export = exports.ask(wanted(10), BY).await.unwrap();
    let (mut news, stop) = (exports.news(), CancellationToken::new());
    // Its row is there, its file is not.
    let failed = async {
        while news.recv().await.unwrap().state != ExportState::Failed {}
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(exports.run(stop.clone()), failed);
    ran.unwrap();
    let known = db.export_here(&export.id).await.unwrap().unwrap();
    assert!(known.problem.is_some(), "{known:?}");
    assert_eq!(told(&db).await, [pair("lan", "export-begun"), pair("quaywatch", "export-failed")]);
    assert!(!disk::beside(&exports.folder(&export.id), "part").exists());
}

#[tokio::test]
async fn what_a_stop_cut_off_is_found_told_and_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    let export = exports.ask(wanted(10), BY).await.unwrap();
    db.export_runs(&export.id).await.unwrap();
    let part = disk::beside(&exports.folder(&export.id), "part");
    disk::make_folder(&part).unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    exports.run(stop).await.unwrap();
    assert_eq!(db.export_here(&export.id).await.unwrap().unwrap().state, ExportState::Failed);
    assert!(!part.exists());
}

#[tokio::test]
async fn a_package_goes_after_its_week_and_the_log_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    let export = exports.ask(wanted(10), BY).await.unwrap();
    db.export_runs(&export.id).await.unwrap();
    disk::make_folder(&exports.folder(&export.id)).unwrap();
    let made_at = clock::now().wall;
    let gone_at = made_at.plus_millis(KEPT_MS);
    let whole = Whole { manifest: "ab".into(), bytes: 10, files: 1, gone_at: Some(gone_at) };
    let act = ourselves("export-whole", &export.id, json!({}));
    assert!(db.export_is_whole(&export.id, &whole, act, made_at).await.unwrap());
    exports.keep_house(Some(gone_at.plus_millis(-1))).await.unwrap();
    exports.keep_house(None).await.unwrap();
    assert!(exports.folder(&export.id).exists(), "its time is not over, or nobody knows");
    exports.keep_house(Some(gone_at)).await.unwrap();
    assert!(!exports.folder(&export.id).exists());
    assert_eq!(told(&db).await.last(), Some(&pair("quaywatch", "export-deleted")));
    let known = db.export_here(&export.id).await.unwrap().unwrap();
    assert!(!exports.delete(&known, "lan", "10.0.0.7").await.unwrap(), "there is none any more");
}

#[tokio::test]
async fn one_that_would_leave_too_little_for_recording_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    let huge = crate::record::SegmentRow { bytes: 1 << 60, ..test_row(20) };
    exports.0.archive.index.add(&huge).await.unwrap();
    assert!(matches!(exports.ask(wanted(20), BY).await, Err(NotAsked::NoRoom { .. })));
    assert_eq!(told(&db).await, []);
}

#[tokio::test]
async fn what_was_recorded_becomes_a_signed_package_below_the_storage() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    let footage = testing::footage("libx264", 8);
    let (path, media_start) = testing::record(&footage, folder.path(), "a", 99, true).remove(0);
    let row = SegmentRow {
        path: path.file_name().unwrap().to_string_lossy().into_owned(),
        media_start,
        duration_ms: 8000,
        bytes: std::fs::metadata(&path).unwrap().len() as i64,
        ..test_row(100)
    };
    exports.0.archive.index.add(&row).await.unwrap();
    let export = exports.ask(wanted(100), BY).await.unwrap();
    let (mut news, stop) = (exports.news(), CancellationToken::new());
    let made = async {
        let is_over = |state| matches!(state, ExportState::Whole | ExportState::Failed);
        while !is_over(news.recv().await.unwrap().state) {}
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(exports.run(stop.clone()), made);
    ran.unwrap();
    let known = db.export_here(&export.id).await.unwrap().unwrap();
    assert_eq!((known.state, known.files), (ExportState::Whole, 1), "{known:?}");
    assert!(known.bytes > 0 && known.gone_at == known.finished_at.map(|at| at.plus_millis(KEPT_MS)));
    let verdict = crate::evidence::verify(&exports.folder(&export.id), None);
    assert!(verdict.is_intact, "{verdict:?}");
    let held = keeping::protected(&db, None).await.unwrap().holds;
    assert_eq!(held, [], "what is exported may go again");
    assert_eq!(told(&db).await, [pair("lan", "export-begun"), pair("quaywatch", "export-whole")]);
}
