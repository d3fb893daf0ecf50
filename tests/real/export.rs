//! Packages of recordings: made beside the running centre, signed, whole or not there.

use std::path::Path;
use std::process::{Command, Output};

use quaywatch::enrol::{Authority, Folder, Request};
use quaywatch::evidence::credentials::read_back;
use quaywatch::model::{CentreId, Wall};
use quaywatch::wire::Signer;
use serde_json::{Value, json};

use crate::support::{CameraSpec, Hall, Recorded, decode, free_port, get_json, now_ms, wait_for};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quaywatch")).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn at(ms: i64) -> String {
    Wall::from_millis(ms).to_string()
}

fn export(hall: &Hall, cameras: &[&str], from: i64, to: i64, reason: &str, out: &Path) -> Output {
    let config = hall.path("edge.toml");
    let (from, to) = (at(from), at(to));
    let mut args = vec!["export", "--config", config.to_str().unwrap(), "--from", &from, "--to", &to];
    args.extend(["--reason", reason, "--out", out.to_str().unwrap(), "--camera"]);
    args.extend(cameras);
    run(&args)
}

/// All files below a folder, by their names below it.
fn names_below(folder: &Path) -> Vec<String> {
    let (mut names, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = waiting.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => waiting.push(path),
                false => names.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    names.sort();
    names
}

#[test]
fn a_range_of_two_cameras_is_exported_signed_and_every_change_to_it_is_seen() {
    let spec = |id| CameraSpec { gop_s: 2.0, ..CameraSpec::new(id).calm() };
    let mut hall = Hall::new(&[spec("counter-1"), spec("counter-2")]);
    let port = free_port();
    hall.rules = format!("\n[web]\nlisten = \"127.0.0.1:{port}\"\n");
    let centre = hall.start_centre();
    centre.wait_for_log("the centre's pages are served", 20);
    let began = now_ms();
    let spans = |camera: &str| -> Vec<(i64, i64)> {
        let path = format!("/api/cameras/{camera}/timeline?from={}&to={}", at(began - 30_000), at(now_ms()));
        let shown = get_json(port, &path);
        let moment = |value: &Value| value.as_str().unwrap().parse::<Wall>().unwrap().as_millis();
        let spans = shown["spans"].as_array().cloned().unwrap_or_default();
        spans.iter().map(|span| (moment(&span["from"]), moment(&span["to"]))).collect()
    };
    let lasts = |span: &(i64, i64)| span.1 - span.0;
    wait_for("a few seconds of both", 60, || {
        let both = [spans("counter-1"), spans("counter-2")];
        both.iter().all(|spans| spans.first().is_some_and(|span| lasts(span) > 6000)).then_some(())
    });
    hall.cameras.control(json!({ "do": "away", "mount": "/counter-2/main", "for_s": 4 }));
    let broken = wait_for("counter-2 to come back", 60, || {
        let spans = spans("counter-2");
        (spans.len() == 2 && lasts(&spans[1]) > 8000).then_some(spans)
    });
    let (from, to) = (broken[0].0 + 1500, broken[1].1 - 2500);
    let out = hall.path("package");
    let made = export(&hall, &["counter-1", "counter-2"], from, to, "Công văn 12/UBND", &out);
    assert!(made.status.success(), "{}", said(&made));
    let told = said(&made);
    assert!(
        told.contains("counter-2: ")
            && told.contains("camera-away")
            && told.contains("3 phim / films, 3 ảnh / stills"),
        "{told}"
    );
    let mut names: Vec<String> =
        std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names[3..], ["index.html", "manifest.json", "sources", "stills"]);
    let page = std::fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("Công văn 12/UBND") && names[..3].iter().all(|name| page.contains(name)), "{page}");
    // Of the unbroken camera every picture of the range, and none beside it.
    let mut whole = Recorded::default();
    decode(&out.join(&names[0]), &mut whole);
    let sent: Vec<i64> = whole.stamps.iter().map(|(_, sent)| *sent).collect();
    let within = sent.iter().filter(|sent| (from - 60..to).contains(*sent)).count() as i64;
    // Ten a second, and what was sent up to 60 ms before is shown within.
    let least = (to - from) / 100 - 1;
    let most = (to - from + 60) / 100 + 1;
    assert!((least..=most).contains(&within), "{within} of {least} to {most}");
    assert!(whole.sounds > 0);

    let key = quaywatch::keys::public_path(&hall.centre_key());
    let verify = |folder: &Path| run(&["verify", folder.to_str().unwrap(), "--trust", key.to_str().unwrap()]);
    let good = verify(&out);
    assert!(good.status.success() && said(&good).contains("Công văn 12/UBND"), "{}", said(&good));
    assert!(!run(&["verify", out.to_str().unwrap()]).status.success(), "an unknown signer proves nothing");
    let bytes = std::fs::read(out.join(&names[1])).unwrap();
    for place in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        std::fs::write(out.join(&names[1]), &changed).unwrap();
        let seen = verify(&out);
        assert!(!seen.status.success() && said(&seen).contains(&names[1]), "{}", said(&seen));
    }
    std::fs::write(out.join(&names[1]), &bytes).unwrap();
    std::fs::create_dir(out.join("more")).unwrap();
    std::fs::copy(out.join("manifest.json"), out.join("more/manifest.json")).unwrap();
    assert!(said(&verify(&out)).contains("more: it is not in the manifest"));

    for (cameras, reason, to, folder, told) in [
        (["counter-1"], " ", to, "b", "--reason"),
        (["cellar"], "x", to, "b", "cellar"),
        (["counter-1"], "x", now_ms() + 60_000, "b", "--to"),
        (["counter-1"], "x", to, "package", "package"),
    ] {
        let refused = export(&hall, &cameras, from, to, reason, &hall.path(folder));
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert!(said(&refused).contains(told), "{}", said(&refused));
        assert!(!hall.path("b").exists() && !hall.path("b.part").exists());
    }
    let nothing = export(&hall, &["counter-1"], began - 3_600_000, began - 3_500_000, "x", &hall.path("b"));
    assert_eq!(nothing.status.code(), Some(1), "{}", said(&nothing));

    // What a cut off export leaves does not pass for a package, nor is it written over.
    std::fs::create_dir(hall.path("c.part")).unwrap();
    std::fs::copy(out.join(&names[0]), hall.path("c.part").join(&names[0])).unwrap();
    assert!(!verify(&hall.path("c.part")).status.success());
    let again = export(&hall, &["counter-1"], from, to, "x", &hall.path("c"));
    assert!(again.status.code() == Some(2) && said(&again).contains("c.part"), "{}", said(&again));

    drop(centre);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = runtime.block_on(async {
        let db = quaywatch::centre_db::open_beside(&hall.storage()).await.unwrap();
        db.exports().await.unwrap()
    });
    let on_record: Vec<_> = all.iter().map(|e| (e.reason.as_str(), e.finished_at.is_some())).collect();
    assert_eq!(on_record, [("Công văn 12/UBND", true)]);
}

#[test]
fn a_package_has_incidents_sound_stills_and_the_recorded_files_and_every_part_of_it_is_checked() {
    let mut hall = Hall::new(&[CameraSpec { gop_s: 2.0, ..CameraSpec::new("counter-1") }]);
    (hall.segment, hall.archive) = ("5s", "seal_every = \"5s\"");
    let centre = hall.start_centre();
    let began = now_ms();
    let evidence = hall.storage().join("evidence");
    let incident = wait_for("evidence of an incident", 90, || {
        let mut folders = std::fs::read_dir(&evidence).ok()?.flatten();
        let made = folders.find(|folder| folder.path().join("manifest.json").exists())?;
        made.file_name().into_string().ok()
    });
    let (from, to) = (began, now_ms() - 6000);
    let wanted = |out: &Path, more: &[&str]| {
        let (config, from, to) = (hall.path("edge.toml"), at(from), at(to));
        let mut args = vec!["export", "--config", config.to_str().unwrap(), "--from", &from, "--to", &to];
        args.extend(["--reason", "Công văn 12", "--out", out.to_str().unwrap(), "--camera", "counter-1"]);
        args.extend(more);
        run(&args)
    };
    let asked = at((from + to) / 2);
    let beyond = wanted(&hall.path("b"), &["--still", &at(to + 1000)]);
    assert_eq!(beyond.status.code(), Some(2), "{}", said(&beyond));

    let key = quaywatch::keys::public_path(&hall.centre_key());
    let verify = |folder: &Path| run(&["verify", folder.to_str().unwrap(), "--trust", key.to_str().unwrap()]);
    let out = hall.path("package");
    // What was recorded up to a moment ago is in the list of an hour a few seconds later.
    wait_for("all of it in signed hours", 60, || {
        let _ = std::fs::remove_dir_all(&out);
        let made = wanted(&out, &["--wav", "--originals", "--still", &asked]);
        assert!(made.status.success(), "{}", said(&made));
        let told = said(&made);
        assert!(told.contains(&incident) && told.contains("raised voices"), "{told}");
        let names = names_below(&out);
        let originals = names.iter().filter(|name| name.starts_with("originals/")).count();
        let lists = names.iter().filter(|name| name.ends_with(".sha256"));
        let listed: String = lists.map(|name| std::fs::read_to_string(out.join(name)).unwrap()).collect();
        let signed = names.iter().filter_map(|name| name.strip_prefix("originals/"));
        (originals > 2 && signed.into_iter().all(|path| listed.contains(path))).then_some(())
    });
    drop(centre);
    let names = names_below(&out);
    let good = verify(&out);
    assert!(good.status.success(), "{}", said(&good));
    for ending in [".mp4", ".wav", "/clip.mp4", "/still.jpg", "/sound.wav", "-1.mp4", ".jpg", ".sha256"] {
        assert!(names.iter().any(|name| name.ends_with(ending)), "{ending}: {names:?}");
    }
    let mut whole = Recorded::default();
    let film = names.iter().find(|name| name.starts_with("counter-1_") && name.ends_with(".mp4")).unwrap();
    decode(&out.join(film), &mut whole);
    let wav = hound::WavReader::open(out.join(film.replace(".mp4", ".wav"))).unwrap();
    let plays_ms = i64::from(wav.duration()) * 1000 / i64::from(wav.spec().sample_rate);
    assert!((plays_ms - (to - from)).abs() < 3000, "{plays_ms} of {}", to - from);
    let stills = names.iter().filter(|name| name.starts_with("stills/")).count();
    assert!(stills >= 3, "the first picture, the incident and the moment asked for: {names:?}");
    let page = std::fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("to tiếng") && page.contains(&format!("incidents/{incident}/clip.mp4")), "{page}");

    // Anybody can check the recorded files by the signed lists, without our program.
    let lists = names.iter().filter(|name| name.ends_with(".sha256"));
    for list in lists {
        let mut command = Command::new("sha256sum");
        command.args(["--ignore-missing", "--strict", "-c", "--"]).arg(out.join(list));
        let checked = command.current_dir(out.join("originals")).output().unwrap();
        assert!(checked.status.success(), "{}", said(&checked));
    }

    for name in &names {
        let path = out.join(name);
        let bytes = std::fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() / 3] ^= 4;
        std::fs::write(&path, &changed).unwrap();
        let seen = verify(&out);
        assert!(!seen.status.success() && said(&seen).contains(name.as_str()), "{name}: {}", said(&seen));
        std::fs::remove_file(&path).unwrap();
        assert!(!verify(&out).status.success(), "{name}");
        std::fs::write(&path, &bytes).unwrap();
    }
    assert!(verify(&out).status.success());
    std::fs::remove_dir_all(out.join("incidents")).unwrap();
    let seen = verify(&out);
    let told = said(&seen);
    assert!(
        !seen.status.success() && told.contains(&format!("incidents/{incident}/clip.mp4: it is missing")),
        "{told}"
    );

    // A recording that was changed after its hour does not become evidence; damaged evidence is left out, and told.
    let original = names.iter().find_map(|name| name.strip_prefix("originals/")).unwrap();
    let file = hall.storage().join(original);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    std::fs::write(evidence.join(&incident).join("clip.mp4"), b"changed").unwrap();
    let made = wanted(&hall.path("later"), &[]);
    let told = said(&made);
    assert!(made.status.success() && told.contains(&format!("incidents/{incident}: ")), "{told}");
    assert!(told.contains("it is not intact") && told.contains(&format!("{original}: ")), "{told}");
    let seen = verify(&hall.path("later"));
    assert!(!seen.status.success() && said(&seen).contains("is not what sources/hour-"), "{}", said(&seen));
}

/// Has the centre's key certified by an authority, as a technician and the province do it; gives whom to trust then.
fn enrolled(hall: &Hall) -> std::path::PathBuf {
    let (centre, now) = (CentreId::new("xuan-lung").unwrap(), quaywatch::clock::now().wall);
    let authority = Authority::open_or_make(&hall.path("authority"), "Phú Thọ", now).unwrap();
    let folder = Folder(hall.path("enrolment"));
    let signer = quaywatch::keys::load_or_make(&hall.centre_key()).unwrap();
    let request = std::fs::read_to_string(folder.write_request(&centre, &signer, now).unwrap()).unwrap();
    let receipts = [Signer::from_secret([9; 32]).public()];
    let papers = authority.sign(Request::read(&request).unwrap(), &receipts, now).unwrap();
    std::fs::write(folder.papers(&centre), papers).unwrap();
    let config = std::fs::read_to_string(hall.path("edge.toml")).unwrap();
    let config: String = config
        .lines()
        .map(|line| match line {
            line if line.starts_with("trust = ") => {
                format!("enrolment = \"{}\"\n", hall.path("enrolment").display())
            }
            line => format!("{}\n", line.replace("mqtt://127.0.0.1", "mqtts://localhost")),
        })
        .collect();
    std::fs::write(hall.path("edge.toml"), config).unwrap();
    hall.path("authority/ca.pem")
}

#[test]
fn a_film_with_content_credentials_is_trusted_by_any_reader_that_trusts_the_province() {
    let mut hall = Hall::new(&[CameraSpec { gop_s: 2.0, ..CameraSpec::new("counter-1").calm() }]);
    (hall.segment, hall.archive) = ("5s", "seal_every = \"5s\"");
    let centre = hall.start_centre();
    let began = now_ms();
    let films = hall.storage().join("video/counter-1/main");
    wait_for("some files", 60, || (films.is_dir() && names_below(&films).len() > 3).then_some(()));
    let (from, to) = (began + 3000, now_ms() - 1000);
    let export = |out: &Path| {
        let (config, from, to) = (hall.path("edge.toml"), at(from), at(to));
        let mut args = vec!["export", "--config", config.to_str().unwrap(), "--from", &from, "--to", &to];
        args.extend(["--reason", "Công văn 12", "--out", out.to_str().unwrap(), "--camera", "counter-1"]);
        args.extend(["--c2pa", "--wav"]);
        let made = run(&args);
        assert!(made.status.success() && said(&made).contains(", C2PA"), "{}", said(&made));
        let mut films: Vec<String> =
            names_below(out).into_iter().filter(|name| name.starts_with("counter-1_")).collect();
        films.retain(|name| name.ends_with(".mp4"));
        let [film] = &films[..] else { panic!("{films:?}") };
        out.join(film)
    };
    let verify = |out: &Path, trust: &Path| {
        let checked = run(&["verify", out.to_str().unwrap(), "--trust", trust.to_str().unwrap()]);
        assert!(checked.status.success(), "{}", said(&checked));
        assert!(said(&checked).contains("(C2PA) of 1 films fit"), "{}", said(&checked));
    };

    // Before the province has signed anything.
    let alone = export(&hall.path("alone"));
    let key = quaywatch::keys::public_path(&hall.centre_key());
    verify(&hall.path("alone"), &key);
    let read = read_back(&alone, None).unwrap().unwrap();
    assert!(read.fits() && read.organisation.as_deref() == Some("Quaywatch (not enrolled)"), "{read:?}");

    let ca = enrolled(&hall);
    let film = export(&hall.path("package"));
    drop(centre);
    verify(&hall.path("package"), &ca);
    let anchors = std::fs::read_to_string(&ca).unwrap();
    let read = read_back(&film, Some(&anchors)).unwrap().unwrap();
    assert_eq!(format!("{:?}", read.state), "Trusted", "{read:?}");
    assert_eq!(read.organisation.as_deref(), Some("Quaywatch Phú Thọ"));
    let facts = read.facts.unwrap();
    assert_eq!((facts.centre.as_str(), facts.camera.as_str()), ("xuan-lung", "counter-1"));
    assert!((facts.from.as_millis() - from).abs() < 200 && (facts.to.as_millis() - to).abs() < 2500);

    // Every picture is there, in its place.
    let (mut with, mut without) = (Recorded::default(), Recorded::default());
    decode(&film, &mut with);
    decode(&alone, &mut without);
    assert!(with.stamps.len() > 50 && with.stamps == without.stamps && with.unread == 0);
    assert_eq!(with.sounds, without.sounds);

    // A film that was taken out of its package still shows a change.
    let mut bytes = std::fs::read(&film).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let changed = hall.path("changed.mp4");
    std::fs::write(&changed, &bytes).unwrap();
    let read = read_back(&changed, Some(&anchors)).unwrap().unwrap();
    assert!(!read.fits() && format!("{:?}", read.state) == "Invalid", "{read:?}");
}
