use super::*;
use crate::record::{Index, Keep, LegalHold, Pin, Policy, Protected, SegmentRow, test_row};

const DAY_MS: i64 = 86_400_000;
const KEEP: Keep =
    Keep { main: Duration::from_secs(30 * 86_400), sub: Duration::from_secs(7 * 86_400), most_bytes: None };

async fn archive_with(policy: Policy) -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path()).await.unwrap();
    let archive = Archive::new(folder.path(), policy, index);
    (folder, archive)
}

async fn archive(reserve_bytes: u64) -> (tempfile::TempDir, Archive) {
    archive_with(Policy { usual: KEEP, cameras: HashMap::new(), reserve_bytes, pin_share: 0.9 }).await
}

fn camera(name: &str) -> CameraId {
    CameraId::new(name).unwrap()
}

fn at(minute: i64) -> Wall {
    Wall::from_millis(minute * 60_000)
}

fn days(n: i64) -> Option<Wall> {
    Some(Wall::from_millis(n * DAY_MS))
}

async fn add_of(archive: &Archive, who: &str, stream: StreamKind, minute: i64, is_dated: bool) -> String {
    let row = SegmentRow {
        camera: camera(who),
        stream,
        path: format!("video/{who}/{stream}/{}/{minute}-{is_dated}.mp4", minute / 1440),
        is_dated,
        ..test_row(minute)
    };
    archive.index.add(&row).await.unwrap();
    row.path
}

async fn add(archive: &Archive, stream: StreamKind, minute: i64, is_dated: bool) {
    add_of(archive, "gate", stream, minute, is_dated).await;
}

fn pinned(from: i64, to: i64) -> Protected {
    Protected { pins: vec![Pin { camera: camera("gate"), from: at(from), to: at(to) }], holds: vec![] }
}

async fn counters(archive: &Archive) -> Vec<i64> {
    archive.index.all().await.unwrap().iter().map(|row| row.counter).collect()
}

#[tokio::test]
async fn sub_streams_go_after_their_own_time_behind_however_many_main_files() {
    let (_folder, archive) = archive(0).await;
    for minute in 0..600 {
        add(&archive, StreamKind::Main, minute, true).await;
    }
    add(&archive, StreamKind::Sub, 600, true).await;
    let deleted = archive.make_room(0, days(8)).await.unwrap();
    let left = archive.index.all().await.unwrap();
    assert_eq!((deleted, left.len()), (1, 600));
    assert!(left.iter().all(|row| row.stream == StreamKind::Main));
}

#[tokio::test]
async fn a_full_disk_looks_behind_whatever_is_pinned_and_again_after_a_release() {
    let (_folder, archive) = archive(u64::MAX / 2).await;
    for minute in 0..1240 {
        add(&archive, StreamKind::Main, minute, true).await;
    }
    archive.protect(pinned(0, 1200)).await.unwrap();
    assert_eq!(archive.make_room(0, None).await.unwrap(), 40, "all that is not pinned");
    assert_eq!(archive.make_room(0, None).await.unwrap(), 0);
    archive.protect(pinned(600, 1200)).await.unwrap();
    assert_eq!(archive.make_room(0, None).await.unwrap(), 600, "what was released");
}

#[tokio::test]
async fn age_looks_behind_whatever_is_pinned() {
    let (_folder, archive) = archive(0).await;
    for minute in 0..1240 {
        add(&archive, StreamKind::Main, minute, true).await;
    }
    archive.protect(pinned(10, 1210)).await.unwrap();
    assert_eq!(archive.make_room(0, days(100)).await.unwrap(), 40);
    assert_eq!(archive.index.all().await.unwrap().len(), 1200);
}

#[tokio::test]
async fn footage_of_a_time_when_the_clock_was_not_trusted_goes_with_what_was_recorded_after_it() {
    let (_folder, archive) = archive(0).await;
    // Booted in 1970, then the clock was set; another camera goes on.
    add(&archive, StreamKind::Main, 0, false).await;
    add(&archive, StreamKind::Sub, 1, false).await;
    assert_eq!(archive.make_room(0, days(20_000)).await.unwrap(), 0, "nobody knows how old it is");
    add_of(&archive, "hall", StreamKind::Main, 20_000 * 1440, true).await;
    add(&archive, StreamKind::Main, 20_001 * 1440, false).await;
    assert_eq!(
        archive.make_room(0, days(20_008)).await.unwrap(),
        1,
        "older than a week: the sub stream's time"
    );
    assert_eq!(counters(&archive).await, [1, 3, 4]);
    assert_eq!(archive.make_room(0, None).await.unwrap(), 0);
    assert_eq!(archive.make_room(0, days(20_031)).await.unwrap(), 2, "a month: the rest, and what dates it");
    assert_eq!(counters(&archive).await, [4], "recorded after all that has a date");
}

#[tokio::test]
async fn a_camera_over_its_size_loses_its_own_oldest_files_of_both_streams() {
    let cameras = [(camera("gate"), Keep { most_bytes: Some(50), ..KEEP })].into_iter().collect();
    let policy = Policy { usual: KEEP, cameras, reserve_bytes: 0, pin_share: 0.9 };
    let (_folder, archive) = archive_with(policy).await;
    for minute in 0..4 {
        add_of(&archive, "hall", StreamKind::Main, minute, true).await;
        add(&archive, StreamKind::Main, minute, true).await;
        add(&archive, StreamKind::Sub, minute, false).await;
    }
    archive.protect(pinned(0, 1)).await.unwrap();
    assert_eq!(archive.make_room(0, None).await.unwrap(), 3);
    assert_eq!(counters(&archive).await, [1, 2, 3, 4, 7, 9, 10, 11, 12]);
    assert_eq!(archive.make_room(0, None).await.unwrap(), 0, "no more than needed");
}

#[tokio::test]
async fn what_must_stay_is_asked_before_each_batch_and_nothing_goes_when_nobody_answers() {
    let (_folder, archive) = archive(u64::MAX / 2).await;
    for minute in 0..5 {
        add(&archive, StreamKind::Main, minute, true).await;
    }
    let answer: Arc<std::sync::Mutex<Option<Protected>>> = Arc::default();
    let asked = answer.clone();
    archive.ask_before_deleting(move || {
        let answer = asked.lock().unwrap().clone();
        Box::pin(async move { answer.ok_or_else(|| anyhow::anyhow!("centre.sqlite cannot be read")) })
    });
    assert!(archive.make_room(0, days(400)).await.is_err());
    assert_eq!(counters(&archive).await.len(), 5);
    let hold = LegalHold { id: "1".into(), cameras: vec![camera("gate")], from: at(1), to: at(3) };
    *answer.lock().unwrap() = Some(Protected { pins: vec![], holds: vec![hold] });
    assert_eq!(archive.make_room(0, days(400)).await.unwrap(), 3);
    assert_eq!(counters(&archive).await, [2, 3]);
}

#[tokio::test]
async fn files_go_with_their_rows_and_a_day_that_is_empty_goes_too() {
    let (folder, archive) = archive(0).await;
    for minute in [0, 1, 1440 * 40] {
        let path = folder.path().join(add_of(&archive, "gate", StreamKind::Main, minute, true).await);
        crate::disk::make_folder(path.parent().unwrap()).unwrap();
        crate::disk::write_atomically(&path, b"footage").unwrap();
    }
    assert_eq!(archive.make_room(0, days(40)).await.unwrap(), 2);
    let days = std::fs::read_dir(folder.path().join("video/gate/main")).unwrap();
    let left: Vec<_> = days.map(|day| day.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left, ["40"]);
}

#[tokio::test]
async fn a_file_that_is_entered_late_below_what_was_read_over_goes_too() {
    let (_folder, archive) = archive(u64::MAX / 2).await;
    for minute in 0..5 {
        add(&archive, StreamKind::Main, minute, true).await;
    }
    assert_eq!(archive.make_room(0, None).await.unwrap(), 5);
    let late = SegmentRow { counter: 3, path: "video/gate/main/1970-01-01/late.mp4".into(), ..test_row(2) };
    archive.index.finish(&late, &[], None).await.unwrap();
    archive.index.finish(&late, &[], None).await.unwrap();
    assert_eq!(archive.index.tallies()[0].1.files, 1, "entered twice, counted once");
    assert_eq!(archive.make_room(0, None).await.unwrap(), 1);
    assert_eq!(archive.index.tallies()[0].1.bytes, 0);
}
