use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::config::{Secret, read_edge};
use crate::disk;
use crate::evidence::credentials::read_back;
use crate::evidence::export::{Package, PackedKind};
use crate::export::making::KEPT_MS;
use crate::export::{Exporter, Needed, Whole};
use crate::forward::fixtures::signer;
use crate::ledger::{Hourly, Sealer};
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
        wishes: Wishes::default(),
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

/// Records eight seconds with sound; gives their path below the storage.
async fn record(exports: &Exports, storage: &Path) -> String {
    let footage = testing::footage("libx264", 8);
    let (path, media_start) = testing::record(&footage, storage, "a", 99, true).remove(0);
    let row = SegmentRow {
        path: path.file_name().unwrap().to_string_lossy().into_owned(),
        media_start,
        duration_ms: 8000,
        bytes: std::fs::metadata(&path).unwrap().len() as i64,
        sound: Some(format!("aac {}", footage.audio.sample_rate)),
        ..test_row(100)
    };
    exports.0.archive.index.finish(&row, &[], None).await.unwrap();
    row.path
}

/// Signs what is recorded.
async fn seal(exports: &Exports, db: &CentreDb) {
    let inner = &exports.0;
    let centre = inner.config.centre.id.clone();
    let sealer = Sealer { centre, signer: inner.signer.clone(), clock: inner.clock.clone() };
    let (archive, every) = (inner.archive.clone(), Duration::from_secs(3600));
    Hourly { archive, db: db.clone(), sealer, every, tells: None }.seal(clock::now()).await.unwrap();
}

/// Makes what is asked for.
async fn make(exports: &Exports, db: &CentreDb, wanted: NewExport) -> Exported {
    let export = exports.ask(wanted, BY).await.unwrap();
    let (mut news, stop) = (exports.news(), CancellationToken::new());
    let made = async {
        let is_over = |state| matches!(state, ExportState::Whole | ExportState::Failed);
        while !is_over(news.recv().await.unwrap().state) {}
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(exports.run(stop.clone()), made);
    ran.unwrap();
    db.export_here(&export.id).await.unwrap().unwrap()
}

fn package(exports: &Exports, export: &Exported) -> (Package, PathBuf) {
    let folder = exports.folder(&export.id);
    let verdict = crate::evidence::verify(&folder, None);
    assert!(verdict.is_intact, "{verdict:?}");
    (Package::open(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap().0, folder)
}

#[tokio::test]
async fn what_was_recorded_becomes_a_signed_package_below_the_storage() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    record(&exports, folder.path()).await;
    let known = make(&exports, &db, wanted(100)).await;
    assert_eq!((known.state, known.files), (ExportState::Whole, 2), "a film and its still: {known:?}");
    assert!(known.bytes > 0 && known.gone_at == known.finished_at.map(|at| at.plus_millis(KEPT_MS)));
    let (package, _) = package(&exports, &known);
    let kinds: Vec<_> = package.files.iter().map(|file| file.kind).collect();
    assert_eq!(kinds, [PackedKind::Film, PackedKind::Still]);
    let held = keeping::protected(&db, None).await.unwrap().holds;
    assert_eq!(held, [], "what is exported may go again");
    assert_eq!(told(&db).await, [pair("lan", "export-begun"), pair("quaywatch", "export-whole")]);
}

#[tokio::test]
async fn sound_and_the_recorded_files_are_in_a_package_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    let path = record(&exports, folder.path()).await;
    seal(&exports, &db).await;
    let wishes = Wishes { wav: true, originals: true, ..Wishes::default() };
    let known = make(&exports, &db, NewExport { wishes: wishes.clone(), ..wanted(100) }).await;
    assert_eq!((&known.wishes, known.state), (&wishes, ExportState::Whole), "{known:?}");
    let (package, made) = package(&exports, &known);
    let of_kind = |kind| package.files.iter().find(|file| file.kind == kind).unwrap();
    let film = of_kind(PackedKind::Film);

    let original = of_kind(PackedKind::Original);
    assert_eq!(original.name, format!("originals/{path}"));
    let bytes = std::fs::read(made.join(&original.name)).unwrap();
    assert_eq!(bytes, std::fs::read(folder.path().join(&path)).unwrap());
    assert_eq!((&film.sources, film.sources[0].hour), (&original.sources, Some(1)));

    let sound = of_kind(PackedKind::Sound);
    assert_eq!(sound.name, film.name.replace(".mp4", ".wav"));
    let wav = hound::WavReader::open(made.join(&sound.name)).unwrap();
    let plays_ms = i64::from(wav.duration()) * 1000 / i64::from(wav.spec().sample_rate);
    assert!(
        (plays_ms - film.duration_ms).abs() < 300 && (plays_ms - sound.duration_ms).abs() < 2,
        "{plays_ms}"
    );
    let loudest = wav.into_samples::<i16>().map(|sample| sample.unwrap().unsigned_abs()).max();
    assert!(loudest > Some(1000), "{loudest:?}");

    let still = of_kind(PackedKind::Still);
    assert_eq!((&still.camera, still.from), (&film.camera, film.from));
    assert!(std::fs::read(made.join(&still.name)).unwrap().starts_with(&[0xff, 0xd8]));
    let names: Vec<&str> = package.beside.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        ["sources/hour-1.json", "sources/hour-1_gate_main.sha256", "index.html", "sources/chain.json"]
    );
    assert_eq!(package.left_out, []);
}

#[tokio::test]
async fn a_recording_that_was_changed_after_its_hour_is_told_and_the_package_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    let path = record(&exports, folder.path()).await;
    seal(&exports, &db).await;
    let file = folder.path().join(&path);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    disk::write_atomically(&file, &bytes).unwrap();
    let known = make(&exports, &db, wanted(100)).await;
    assert_eq!(known.state, ExportState::Whole, "{known:?}");
    let verdict = crate::evidence::verify(&exports.folder(&known.id), None);
    assert!(!verdict.is_intact);
    let told = |words: &str| verdict.lines.iter().any(|line| line.contains(words));
    assert!(
        told(&format!("the recorded file {path} is not what sources/hour-1_gate_main.sha256")),
        "{verdict:?}"
    );
    assert!(told("bản ghi gốc không còn như lúc ghi"), "{verdict:?}");
}

#[tokio::test]
async fn films_carry_content_credentials_where_they_are_asked_for_and_the_check_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    record(&exports, folder.path()).await;
    seal(&exports, &db).await;
    let wishes = Wishes { c2pa: true, ..Wishes::default() };
    let known = make(&exports, &db, NewExport { wishes: wishes.clone(), ..wanted(100) }).await;
    assert_eq!((&known.wishes, known.state), (&wishes, ExportState::Whole), "{known:?}");
    let (package, made) = package(&exports, &known);
    let film = package.files.iter().find(|file| file.c2pa).unwrap();
    assert_eq!((film.kind, package.files.iter().filter(|file| file.c2pa).count()), (PackedKind::Film, 1));
    let said = read_back(&made.join(&film.name), None).unwrap().unwrap();
    assert!(said.fits() && said.key == Some(signer().public()), "{said:?}");
    let facts = said.facts.unwrap();
    assert_eq!((facts.from, facts.to, &facts.package), (film.from, film.to, &package.id));
    let mut trust = crate::wire::Trust::default();
    trust.add(signer().public());
    let verdict = crate::evidence::verify(&made, Some(&trust));
    assert!(verdict.holds(), "{verdict:?}");
    assert!(verdict.lines.iter().any(|line| line.contains("(C2PA) of 1 films fit")), "{verdict:?}");
}

#[tokio::test]
async fn the_work_that_is_foreseen_is_what_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let (exports, db) = exports(folder.path()).await;
    record(&exports, folder.path()).await;
    let inner = &exports.0;
    let course = Arc::new(Course::default());
    let exporter = Exporter {
        centre: inner.config.centre.id.clone(),
        name: inner.config.centre.name.clone(),
        cameras: crate::export::names(&inner.config),
        certificate: None,
        storage: folder.path().to_owned(),
        zone: jiff::tz::TimeZone::UTC,
        index: &inner.archive.index,
        db: &db,
        signer: &inner.signer,
        clock: ClockState::default(),
        left_free: 0,
        course: course.clone(),
    };
    let at = |ms: i64| Wall::from_millis(100 * 60_000 + ms);
    let wishes = Wishes { wav: true, originals: true, c2pa: true, stills: vec![at(5000), at(30_000)] };
    let NewExport { cameras, stream, from, to, reason, .. } = wanted(100);
    let out = folder.path().join("package");
    let order = Order { cameras, stream, from, to, reason, by: "lan".into(), out, wishes };
    let Needed { room, .. } = exporter.needs(&order).await.unwrap();
    let packed = exporter.make("0193b3c4-0000-7000-8000-0000000000aa", &order).await.unwrap();
    assert!(course.done() > 0.9, "{}", course.done());
    // The page, the documents and the stills are what is not foreseen.
    assert!(packed.bytes < room + room / 10, "{} of {room}", packed.bytes);
    let stills = packed.package.files.iter().filter(|file| file.kind == PackedKind::Still);
    assert_eq!(stills.map(|still| still.from).collect::<Vec<_>>(), [at(0), at(5000)]);
    let [none] = &packed.package.left_out[..] else { panic!("{:?}", packed.package.left_out) };
    assert!(none.why.contains("no camera has a picture then"), "{none:?}");
    let again = Order { out: folder.path().join("again"), ..order };
    course.stop.cancel();
    assert!(matches!(exporter.make("b", &again).await, Err(NotMade::Stopped)));
    assert!(!again.out.exists() && !disk::beside(&again.out, "part").join("manifest.json").exists());
}
