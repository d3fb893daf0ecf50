//! What a check of an incident's evidence and of a package finds.

use super::made::{Making, hour_of, trust};
use super::*;
use crate::disk;
use crate::evidence::export::{hour_name, list_name};
use crate::evidence::manifest::{FileFacts, tests::manifest};
use crate::model::{CameraId, StreamKind};
use crate::wire::{Role, Signer};

struct Package {
    folder: tempfile::TempDir,
    trust: Trust,
}

fn package() -> Package {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::from_secret([1; 32]));
    let files = [("clip.mp4", Role::Clip), ("still.jpg", Role::Still)].map(|(name, role)| {
        let path = folder.path().join(name);
        disk::write_atomically(&path, name.repeat(50).as_bytes()).unwrap();
        let (size, digest) = disk::measure(&path).unwrap();
        FileFacts {
            name: name.into(),
            role,
            media_type: "video/mp4".into(),
            size,
            sha256: hex::encode(digest),
            from: Default::default(),
            to: Default::default(),
            duration_ms: 0,
            cut_short: None,
        }
    });
    let sealed = manifest(&signer, files.to_vec()).seal(&signer);
    disk::write_atomically(&folder.path().join(MANIFEST_NAME), &sealed).unwrap();
    let mut trust = Trust::default();
    trust.add(signer.public());
    Package { folder, trust }
}

#[test]
fn an_untouched_package_holds_by_its_folder_and_by_its_clip() {
    let package = package();
    assert!(verify(package.folder.path(), Some(&package.trust)).holds());
    assert!(verify(&package.folder.path().join("clip.mp4"), Some(&package.trust)).holds());
}

#[test]
fn evidence_that_came_later_is_checked_with_the_first() {
    let (first, later) = (package(), package());
    let closing = first.folder.path().join("closing");
    std::fs::create_dir(&closing).unwrap();
    for name in [MANIFEST_NAME, "clip.mp4", "still.jpg"] {
        std::fs::copy(later.folder.path().join(name), closing.join(name)).unwrap();
    }
    assert!(verify(first.folder.path(), Some(&first.trust)).holds());
    std::fs::remove_file(closing.join("still.jpg")).unwrap();
    let verdict = verify(first.folder.path(), Some(&first.trust));
    assert!(!verdict.holds());
    assert_eq!(verdict.lines[0], "closing/ still.jpg: it is missing");
}

#[test]
fn evidence_of_another_incident_does_not_pass_as_later_evidence() {
    let first = package();
    let closing = first.folder.path().join("closing");
    std::fs::create_dir(&closing).unwrap();
    let signer = Signer::from_secret([1; 32]);
    let mut other = manifest(&signer, vec![]);
    other.incident.id = "0193b3c4-0000-7000-8000-0000000000ff".parse().unwrap();
    disk::write_atomically(&closing.join(MANIFEST_NAME), &other.seal(&signer)).unwrap();
    let verdict = verify(first.folder.path(), Some(&first.trust));
    assert!(!verdict.holds());
    assert_eq!(verdict.lines[0], "closing/ it is the evidence of another incident");
}

#[test]
fn an_intact_package_of_an_unknown_signer_does_not_hold() {
    let package = package();
    let verdict = verify(package.folder.path(), None);
    assert!(verdict.is_intact && !verdict.holds());
    assert!(verdict.lines.iter().any(|line| line.starts_with("intact, signer not confirmed")), "{verdict:?}");
}

#[test]
fn what_was_changed_missing_or_added_is_named() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 4] = [
        ("clip.mp4: its content was changed", |folder| {
            let mut bytes = std::fs::read(folder.join("clip.mp4")).unwrap();
            bytes[7] ^= 1;
            disk::write_atomically(&folder.join("clip.mp4"), &bytes).unwrap();
        }),
        ("clip.mp4: it has 3 bytes and should have 400", |folder| {
            disk::write_atomically(&folder.join("clip.mp4"), b"abc").unwrap();
        }),
        ("still.jpg: it is missing", |folder| std::fs::remove_file(folder.join("still.jpg")).unwrap()),
        ("extra.txt: it is not in the manifest", |folder| {
            disk::write_atomically(&folder.join("extra.txt"), b"").unwrap();
        }),
    ];
    for (told, harm) in harms {
        let package = package();
        harm(package.folder.path());
        let verdict = verify(package.folder.path(), Some(&package.trust));
        assert!(!verdict.holds());
        assert_eq!(verdict.lines[0], told);
    }
}

/// Two films of two hours, a still, sound, two incidents and an original.
pub(super) fn all_kinds() -> Making {
    all_kinds_by(1)
}

/// The same, all of it signed by the key of this secret.
pub(super) fn all_kinds_by(secret: u8) -> Making {
    let mut making = Making::new(secret);
    making.hours = vec![
        hour_of(7, &[("counter-1", "video/counter-1/main/a.mp4", b"first")]),
        hour_of(
            9,
            &[
                ("counter-1", "video/counter-1/main/b.mp4", b"second"),
                ("counter-2", "video/counter-2/main/c.mp4", b"third"),
            ],
        ),
    ];
    making.film(
        "counter-1_1.mp4",
        "counter-1",
        &["video/counter-1/main/a.mp4", "video/counter-1/main/b.mp4"],
    );
    making.film("counter-2_1.mp4", "counter-2", &["video/counter-2/main/c.mp4"]);
    making.still("stills/counter-1_1.jpg", "counter-1");
    making.sound("counter-1_1.wav", "counter-1");
    making.original("counter-1", "video/counter-1/main/a.mp4", b"first");
    making.incident(1, "counter-1");
    making.incident(2, "counter-2");
    making.text("index.html", b"<!doctype html>");
    making
}

fn told(folder: &Path) -> Vec<String> {
    let verdict = verify(folder, Some(&trust(1)));
    assert!(!verdict.holds(), "{verdict:?}");
    verdict.lines
}

#[test]
fn a_package_of_every_kind_of_file_holds() {
    let package = all_kinds().sealed();
    let verdict = verify(package.path(), Some(&trust(1)));
    assert!(verdict.holds(), "{verdict:?}");
    assert!(!verify(package.path(), Some(&trust(2))).holds());
}

#[test]
fn a_changed_byte_of_any_file_of_a_package_is_named() {
    for name in [
        "counter-1_1.mp4",
        "stills/counter-1_1.jpg",
        "counter-1_1.wav",
        "originals/video/counter-1/main/a.mp4",
        "incidents/0193b3c4-0000-7000-8000-000000000001/clip.mp4",
        "incidents/0193b3c4-0000-7000-8000-000000000001/manifest.json",
        "incidents/0193b3c4-0000-7000-8000-000000000001/closing/clip.mp4",
        "sources/hour-7.json",
        "sources/hour-9_counter-2_main.sha256",
        "index.html",
        "receipts/receipt-1.json",
        "receipts/told-1.json",
    ] {
        let mut package = all_kinds();
        package.receipted();
        let package = package.sealed();
        let path = package.path().join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        made::put(&path, &bytes);
        assert_eq!(told(package.path())[0], format!("{name}: its content was changed"));
    }
}

#[test]
fn what_was_dropped_added_or_swapped_in_a_package_is_named() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 8] = [
        ("counter-2_1.mp4: it is missing", |folder| {
            std::fs::remove_file(folder.join("counter-2_1.mp4")).unwrap()
        }),
        ("sources/hour-7.json: it is missing", |folder| {
            std::fs::remove_file(folder.join("sources/hour-7.json")).unwrap();
        }),
        ("incidents/0193b3c4-0000-7000-8000-000000000001/clip.mp4: it is missing", |folder| {
            std::fs::remove_dir_all(folder.join("incidents/0193b3c4-0000-7000-8000-000000000001")).unwrap();
        }),
        ("sources/hour-9_counter-1_main.sha256: its content was changed", |folder| {
            std::fs::copy(
                folder.join("sources/hour-7_counter-1_main.sha256"),
                folder.join("sources/hour-9_counter-1_main.sha256"),
            )
            .unwrap();
        }),
        ("incidents/more.txt: it is not in the manifest", |folder| {
            made::put(&folder.join("incidents/more.txt"), b"x");
        }),
        ("nothing: it is not in the manifest", |folder| {
            disk::make_folder(&folder.join("nothing/in")).unwrap()
        }),
        ("stills/link: it is not in the manifest", |folder| {
            std::os::unix::fs::symlink("/", folder.join("stills/link")).unwrap();
        }),
        ("index.html: it is not an ordinary file", |folder| {
            let elsewhere = folder.with_extension("html");
            std::fs::copy(folder.join("index.html"), &elsewhere).unwrap();
            std::fs::remove_file(folder.join("index.html")).unwrap();
            std::os::unix::fs::symlink(elsewhere, folder.join("index.html")).unwrap();
        }),
    ];
    for (line, harm) in harms {
        let package = all_kinds().sealed();
        harm(package.path());
        let told = told(package.path());
        assert!(told[0].starts_with(line), "{line}: {told:?}");
    }
    let package = all_kinds().sealed();
    let (first, second) = (package.path().join("counter-1_1.mp4"), package.path().join("counter-2_1.mp4"));
    let bytes = (std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    made::put(&first, &bytes.1);
    made::put(&second, &bytes.0);
    let lines = told(package.path());
    assert!(
        lines[0].starts_with("counter-1_1.mp4: it") && lines[1].starts_with("counter-2_1.mp4: it"),
        "{lines:?}"
    );
}

/// Packages that a key that is trusted has signed, and that say what is not so.
#[test]
fn what_a_package_says_of_incidents_and_recorded_files_is_checked_by_their_own_documents() {
    type Lie = fn(&mut Making);
    let lies: [(&str, Lie); 12] = [
        ("sources/hour-7.json: it is not in the manifest", |making| making.drop_file("sources/hour-7.json")),
        ("sources/hour-9_counter-2_main.sha256: it is not in the manifest", |making| {
            making.drop_file("sources/hour-9_counter-2_main.sha256");
        }),
        (
            "sources/hour-9_counter-2_main.sha256: it is not the list of counter-2 that document 9 names",
            |making| {
                let other = making.read("sources/hour-9_counter-1_main.sha256");
                making.replace("sources/hour-9_counter-2_main.sha256", &other);
            },
        ),
        ("sources/hour-7.json: it is document 9 of the centre", |making| {
            let other = making.read("sources/hour-9.json");
            making.replace("sources/hour-7.json", &other);
        }),
        ("sources/hour-7.json: it is a document of centre van-phu", |making| {
            let other = making.sealed_hour(&hour_of(7, &[]), 1, "van-phu");
            making.replace("sources/hour-7.json", &other);
        }),
        (
            "counter-1_1.mp4: the recorded file video/counter-1/main/a.mp4 is not what sources/hour-7_counter-1",
            |making| {
                making.package.files[0].sources[0].sha256 = Some("ab".repeat(32));
            },
        ),
        (
            "counter-1_1.mp4: the recorded file video/counter-1/main/z.mp4 is not in sources/hour-7_counter-1",
            |making| {
                making.package.files[0].sources[0].path = "video/counter-1/main/z.mp4".into();
            },
        ),
        ("originals/video/counter-1/main/a.mp4: the package does not say", |making| {
            making.replace("originals/video/counter-1/main/a.mp4", b"forged");
        }),
        (
            "incidents/0193b3c4-0000-7000-8000-000000000002/ it is the evidence of another incident",
            |making| {
                making.incident_under(1, 2, "counter-2");
            },
        ),
        ("incidents/0193b3c4-0000-7000-8000-000000000001/ it is the evidence of another centre", |making| {
            making.incident_of("van-phu", 1);
        }),
        ("incidents/0193b3c4-0000-7000-8000-000000000003: nothing of it is there", |making| {
            let known = making.package.incidents[0].clone();
            let id = "0193b3c4-0000-7000-8000-000000000003".parse().unwrap();
            making.package.incidents.push(crate::evidence::export::PackedIncident { id, ..known });
        }),
        (
            "incidents/0193b3c4-0000-7000-8000-000000000001/manifest.json: it is not in the manifest",
            |making| {
                making.drop_file("incidents/0193b3c4-0000-7000-8000-000000000001/manifest.json");
            },
        ),
    ];
    for (line, lie) in lies {
        let mut making = all_kinds();
        making.write_hours();
        lie(&mut making);
        let package = making.sealed();
        let told = told(package.path());
        assert!(told.iter().any(|found| found.starts_with(line)), "{line}: {told:?}");
    }
}

#[test]
fn a_name_that_leads_out_of_the_package_is_refused() {
    for name in ["../a", "/etc/hostname", "a/../../b", "c:/a", "a\\b"] {
        let mut making = all_kinds();
        making.package.files[0].name = name.into();
        let lines = told(making.sealed().path());
        assert_eq!(lines[0], format!("{name}: its name leads elsewhere"));
    }
}

#[test]
fn an_hour_or_an_incident_of_an_unknown_key_is_not_trusted() {
    let mut making = all_kinds();
    making.write_hours();
    let other = making.sealed_hour(&making.hours[0].clone(), 2, "xuan-lung");
    making.replace("sources/hour-7.json", &other);
    let package = making.sealed();
    let verdict = verify(package.path(), Some(&trust(1)));
    assert!(verdict.is_intact && !verdict.is_trusted, "{verdict:?}");
    let mut both = trust(1);
    both.extend(&trust(2));
    assert!(verify(package.path(), Some(&both)).holds(), "an older key of the same centre");

    let mut making = all_kinds();
    making.incident_by(2, 2);
    let package = making.sealed();
    let verdict = verify(package.path(), Some(&trust(1)));
    assert!(verdict.is_intact && !verdict.is_trusted, "{verdict:?}");
    assert!(verify(package.path(), Some(&both)).holds());
}

#[test]
fn what_was_signed_before_the_key_was_certified_counts_by_the_package_s_certificate() {
    let (making, authority) = all_kinds().certified();
    let package = making.sealed();
    let believed = Believed::from_pem(&authority).unwrap();
    let verdict = verify_by(package.path(), &believed);
    assert!(verdict.holds(), "{verdict:?}");
    assert!(!verify_by(package.path(), &Believed::default()).is_trusted);
}

#[test]
fn names_of_documents_and_lists_are_those_of_the_folder() {
    let camera = CameraId::new("gate").unwrap();
    assert_eq!(hour_name(12), "sources/hour-12.json");
    assert_eq!(list_name(12, &camera, StreamKind::Sub), "sources/hour-12_gate_sub.sha256");
}

#[test]
fn what_was_named_long_after_its_recording_or_not_yet_and_a_clock_that_nobody_vouched_for_are_told() {
    let mut making = Making::new(1);
    let (late, unnamed) = ("video/gate/main/2026-10-01/080000.000Z-1-1.mp4", "video/gate/main/x.mp4");
    making.hours = vec![hour_of(7, &[("gate", late, b"first")])];
    making.film("a.mp4", "gate", &[late, unnamed]);
    let verdict = verify(making.sealed().path(), Some(&trust(1)));
    assert!(verdict.holds(), "{verdict:?}");
    for told in [
        "1 recorded files are in no signed hour yet",
        "sources/hour-7.json: 1 recorded files, the earliest of 2026-10-01T08:00:00.000Z, were first named at",
        "sources/hour-7.json: nobody vouched for the centre's clock",
    ] {
        assert!(verdict.lines.iter().any(|line| line.contains(told)), "{told}: {verdict:?}");
    }
}
