use std::sync::Arc;

use jiff::tz::TimeZone;

use super::super::{Course, Wishes};
use super::*;
use crate::evidence::manifest::{FileFacts, tests::manifest};
use crate::forward::fixtures;
use crate::model::{EventId, Ids, IncidentId, Severity, StreamKind, Wall};
use crate::wire::{Role, Signer};

/// Evidence as the centre keeps it: a clip, and a folder with what came later.
fn evidence(storage: &Path, id: IncidentId) {
    let signer = Signer::from_secret([1; 32]);
    for part in ["", "closing"] {
        let folder = folder_of(storage, id).join(part);
        crate::disk::make_folder(&folder).unwrap();
        let clip = folder.join("clip.mp4");
        crate::disk::write_atomically(&clip, part.repeat(30).as_bytes()).unwrap();
        let (size, digest) = crate::disk::measure(&clip).unwrap();
        let facts = FileFacts {
            name: "clip.mp4".into(),
            role: Role::Clip,
            media_type: "video/mp4".into(),
            size,
            sha256: hex::encode(digest),
            from: Wall::default(),
            to: Wall::default(),
            duration_ms: 0,
            cut_short: None,
        };
        let mut sealed = manifest(&signer, vec![facts]);
        sealed.incident.id = id;
        crate::disk::write_atomically(&folder.join(MANIFEST_NAME), &sealed.seal(&signer)).unwrap();
    }
}

struct World {
    storage: tempfile::TempDir,
    out: tempfile::TempDir,
    rows: Vec<(CameraId, IncidentRow)>,
}

/// As many incidents with evidence.
fn world(count: usize) -> World {
    let (storage, out, mut ids) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Ids::new(1));
    let rows = (0..count).map(|_| {
        let row = IncidentRow { evidence: Evidence::Made, ..fixtures::incident(&mut ids, Severity::Warning) };
        evidence(storage.path(), row.id);
        (row.camera.clone().unwrap(), row)
    });
    let rows = rows.collect();
    World { storage, out, rows }
}

impl World {
    fn of(&self, n: usize) -> std::path::PathBuf {
        folder_of(self.storage.path(), self.rows[n].1.id)
    }

    fn write(&self) -> io::Result<Incidents> {
        let course = Arc::new(Course::default());
        self.write_until(&course)
    }

    fn write_until(&self, course: &Course) -> io::Result<Incidents> {
        let zone = TimeZone::UTC;
        let (storage, folder) = (self.storage.path(), self.out.path());
        write(&self.rows, Place { storage, folder, zone: &zone, course })
    }
}

#[test]
fn evidence_is_copied_with_what_came_later_and_without_what_no_manifest_names() {
    let world = world(1);
    crate::disk::write_atomically(&world.of(0).join("sound.wav.part"), b"torn").unwrap();
    crate::disk::make_folder(&world.of(0).join("at-080000Z")).unwrap();
    let made = world.write().unwrap();
    let below = format!("incidents/{}", world.rows[0].1.id);
    let names: Vec<&str> = made.files.iter().map(|file| file.name.strip_prefix(&below).unwrap()).collect();
    assert_eq!(names, ["/clip.mp4", "/manifest.json", "/closing/clip.mp4", "/closing/manifest.json"]);
    assert_eq!((made.incidents.len(), made.left_out.len()), (1, 0));
    assert!(evidence::verify(&world.out.path().join(below), None).is_intact);
}

#[test]
fn what_is_damaged_missing_or_not_made_yet_is_told_and_the_others_are_there() {
    let mut world = world(6);
    crate::disk::write_atomically(&world.of(0).join("clip.mp4"), b"changed").unwrap();
    std::fs::remove_file(world.of(1).join("closing/clip.mp4")).unwrap();
    std::fs::remove_dir_all(world.of(2)).unwrap();
    std::fs::remove_dir_all(world.of(3)).unwrap();
    world.rows[3].1.evidence = Evidence::Pending;
    std::fs::remove_file(world.of(4).join("clip.mp4")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", world.of(4).join("clip.mp4")).unwrap();
    let made = world.write().unwrap();
    let told: Vec<&str> = made.left_out.iter().map(|one| one.why.as_str()).collect();
    let words = [
        "it is not intact: clip.mp4",
        "cannot be read",
        "not there any more",
        "not made yet",
        "not an ordinary",
    ];
    for (told, word) in told.iter().zip(words) {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!((told.len(), made.incidents.len()), (5, 1));
    let there: Vec<_> = std::fs::read_dir(world.out.path().join(INCIDENTS)).unwrap().collect();
    assert_eq!(there.len(), 1, "of what is told nothing is left in the package");
}

#[test]
fn a_manifest_that_names_a_file_elsewhere_has_nothing_packed() {
    let world = world(1);
    let signer = Signer::from_secret([1; 32]);
    let mut sealed = manifest(&signer, vec![]);
    sealed.files = crate::evidence::manifest::open(&std::fs::read(world.of(0).join(MANIFEST_NAME)).unwrap())
        .unwrap()
        .manifest
        .files;
    sealed.files[0].name = "../../centre.sqlite".into();
    crate::disk::write_atomically(&world.of(0).join(MANIFEST_NAME), &sealed.seal(&signer)).unwrap();
    let made = world.write().unwrap();
    assert!(made.left_out[0].why.contains("not an ordinary file"), "{:?}", made.left_out);
    assert!(!world.out.path().join(INCIDENTS).exists());
}

#[test]
fn it_ends_when_nobody_wants_it_any_more() {
    let (world, course) = (world(1), Course::default());
    course.stop.cancel();
    assert_eq!(world.write_until(&course).err().unwrap().kind(), io::ErrorKind::Interrupted);
}

#[tokio::test]
async fn incidents_of_other_cameras_are_not_in_it_even_if_this_one_saw_the_same() {
    let storage = tempfile::tempdir().unwrap();
    let (db, mut ids) = (fixtures::db(storage.path()).await, Ids::new(7));
    let own = fixtures::incident(&mut ids, Severity::Warning);
    let (ours, theirs) = (own.camera.clone().unwrap(), CameraId::new("counter-1").unwrap());
    let other = IncidentRow {
        camera: Some(theirs),
        also: vec![ours.clone()],
        ..fixtures::incident(&mut ids, Severity::Warning)
    };
    let house = IncidentRow { camera: None, ..fixtures::incident(&mut ids, Severity::Warning) };
    for row in [&own, &other, &house] {
        let id = EventId(ids.next(fixtures::now()));
        let event = |sequence, epoch| fixtures::event(id, row, sequence, epoch);
        db.record_event(row, &fixtures::signer(), fixtures::now(), event).await.unwrap();
    }
    let order = Order {
        cameras: vec![ours],
        stream: StreamKind::Main,
        from: own.flagged_at,
        to: own.flagged_at.plus_millis(1),
        reason: "x".into(),
        by: "lan".into(),
        out: "x".into(),
        wishes: Wishes::default(),
    };
    let found = within(&db, &order).await.unwrap();
    assert_eq!(found.iter().map(|(_, row)| row.id).collect::<Vec<_>>(), [own.id]);
}
