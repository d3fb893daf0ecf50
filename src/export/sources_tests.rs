use super::*;
use crate::evidence::export::{PackedKind, Source};
use crate::ledger::Hour;
use crate::ledger::fixtures::{at, open, record, sealer};

fn film(camera: &str, sources: &[(&str, Option<String>)]) -> PackedFile {
    let at = Wall::from_millis(60_000);
    PackedFile {
        name: "a.mp4".into(),
        kind: PackedKind::Film,
        camera: CameraId::new(camera).unwrap(),
        media_type: "video/mp4".into(),
        size: 0,
        sha256: String::new(),
        from: at,
        to: at,
        duration_ms: 0,
        sound: true,
        h265: false,
        c2pa: false,
        sources: sources
            .iter()
            .map(|(path, sha256)| Source { path: (*path).to_owned(), sha256: sha256.clone(), hour: None })
            .collect(),
    }
}

#[tokio::test]
async fn a_recorded_file_is_found_in_the_list_of_its_hour_and_both_are_given_as_they_were_signed() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    let first = record(&hourly, "gate", 1).await;
    record(&hourly, "hall", 1).await;
    hourly.seal(at(60)).await.unwrap();
    let second = record(&hourly, "gate", 61).await;
    hourly.seal(at(120)).await.unwrap();
    let third = record(&hourly, "gate", 121).await;

    let digest = |path: &str| Some(hex::encode(crate::disk::measure(&folder.path().join(path)).unwrap().1));
    let now = Some("ab".repeat(32));
    let mut film = film(
        "gate",
        &[
            (&first, digest(&first)),
            (&second, now.clone()),
            (&third, digest(&third)),
            ("video/open.mp4", None),
        ],
    );
    let gate = CameraId::new("gate").unwrap();
    let range = (Wall::from_millis(0), at(130).wall);
    let changed = find_hours(&hourly.db, (&gate, StreamKind::Main), range, &mut [&mut film]).await.unwrap();
    let hours: Vec<_> = film.sources.iter().map(|source| source.hour).collect();
    assert_eq!(hours, [Some(1), Some(2), None, None]);
    assert_eq!(film.sources[1].sha256, now, "what is there, not what should be");
    assert_eq!(changed.iter().map(|one| &one.name).collect::<Vec<_>>(), [&second]);
    assert!(changed[0].why.contains("document 2"), "{changed:?}");

    assert_eq!(lists_of(&[film]).into_iter().collect::<Vec<_>>(), [(1, gate.clone()), (2, gate.clone())]);
    let document = document(&hourly.db, 1).await.unwrap().unwrap();
    let (hour, key) = Hour::open(&document.bytes).unwrap();
    assert_eq!((document.name.as_str(), hour.recorded.len()), ("sources/hour-1.json", 2));
    assert_eq!(key, sealer(1).signer.public());
    let list = list(&hourly.db, &(1, gate.clone()), StreamKind::Main).await.unwrap().unwrap();
    assert_eq!(list.name, "sources/hour-1_gate_main.sha256");
    let line = format!("{}  {first}\n", digest(&first).unwrap());
    assert_eq!(String::from_utf8(list.bytes).unwrap(), line);
    assert_eq!(super::list(&hourly.db, &(1, gate), StreamKind::Sub).await.unwrap(), None);
    assert_eq!(super::document(&hourly.db, 9).await.unwrap(), None);
}

#[tokio::test]
async fn of_two_lists_that_name_a_file_the_first_counts() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    let path = record(&hourly, "gate", 1).await;
    let digest = hex::encode(crate::disk::measure(&folder.path().join(&path)).unwrap().1);
    hourly.seal(at(60)).await.unwrap();
    // Changed, and found anew by an index that was lost.
    crate::disk::write_atomically(&folder.path().join(&path), b"forged").unwrap();
    record_again(&hourly, &path).await;
    hourly.seal(at(120)).await.unwrap();
    let forged = hex::encode(crate::disk::measure(&folder.path().join(&path)).unwrap().1);
    let mut film = film("gate", &[(&path, Some(forged))]);
    let gate = CameraId::new("gate").unwrap();
    let range = (Wall::from_millis(0), at(130).wall);
    let changed = find_hours(&hourly.db, (&gate, StreamKind::Main), range, &mut [&mut film]).await.unwrap();
    assert_eq!((film.sources[0].hour, changed.len()), (Some(1), 1));
    assert_ne!(film.sources[0].sha256, Some(digest));
}

#[tokio::test]
async fn a_file_that_was_taken_out_of_the_lists_is_put_where_it_should_be_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    hourly.seal(at(0)).await.unwrap();
    let (first, second) = (record(&hourly, "gate", 1).await, record(&hourly, "gate", 2).await);
    hourly.seal(at(60)).await.unwrap();
    let third = record(&hourly, "gate", 61).await;
    // By somebody who changed the first, and has the database.
    sqlx::query("DELETE FROM ledger_lists").execute(&hourly.db.pool).await.unwrap();
    let digest = Some("ab".repeat(32));
    let mut film = film("gate", &[(&first, digest.clone()), (&second, None), (&third, digest)]);
    let gate = CameraId::new("gate").unwrap();
    let both = (&hourly.db, &hourly.archive.index);
    let (stream, span) = ((&gate, StreamKind::Main), (Wall::from_millis(0), at(130).wall));
    let told = not_where_they_should_be(both, stream, span, &mut [&mut film]).await.unwrap();
    assert_eq!(told.iter().map(|one| &one.name).collect::<Vec<_>>(), [&first]);
    assert!(told[0].why.contains("document 2"), "{told:?}");
    assert_eq!(film.sources.iter().map(|source| source.hour).collect::<Vec<_>>(), [Some(2), None, None]);
}

async fn record_again(hourly: &crate::ledger::Hourly, path: &str) {
    let rows = hourly.archive.index.all().await.unwrap();
    let row = rows.into_iter().find(|row| row.path == path).unwrap();
    hourly.archive.index.remove(row.counter).await.unwrap();
    hourly.archive.index.finish(&row, &[], None).await.unwrap();
}

#[tokio::test]
async fn a_file_that_was_changed_before_its_hour_was_signed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = open(folder.path(), 1).await;
    let index = &hourly.archive.index;
    for n in 1..4 {
        let row = crate::record::SegmentRow { counter: n, ..crate::record::test_row(n) };
        index.finish(&row, &[], (n < 3).then_some([0xab; 32])).await.unwrap();
    }
    let path = |n| crate::record::test_row(n).path;
    let (same, other) = (Some("ab".repeat(32)), Some("cd".repeat(32)));
    let sources = [(path(1), same), (path(2), other.clone()), (path(3), other), (path(4), None)];
    let sources: Vec<(&str, Option<String>)> =
        sources.iter().map(|(path, digest)| (path.as_str(), digest.clone())).collect();
    let changed = changed_before_signing(index, &[film("gate", &sources)]).await.unwrap();
    assert_eq!(changed.into_iter().map(|one| one.name).collect::<Vec<_>>(), [path(2)]);
}
