//! Packages of recordings: made beside the running centre, signed, whole or not there.

use std::path::Path;
use std::process::{Command, Output};

use quaywatch::model::Wall;
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
    assert!(told.contains("counter-2: ") && told.contains("camera-away") && told.contains("3 tệp"), "{told}");
    let mut names: Vec<String> =
        std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 5, "{names:?}");
    let page = std::fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("Công văn 12/UBND") && names[..3].iter().all(|name| page.contains(name)), "{page}");
    // Of the unbroken camera every picture of the range, and none beside it.
    let mut whole = Recorded::default();
    decode(&out.join(&names[0]), &mut whole);
    let sent: Vec<i64> = whole.stamps.iter().map(|(_, sent)| *sent).collect();
    let within = sent.iter().filter(|sent| (from - 60..to).contains(*sent)).count() as i64;
    assert!((within - (to - from) / 100).abs() <= 1, "{within} of {}", (to - from) / 100);
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
