//! `quaywatch probe` and what cameras say of their own clocks, on simulated cameras.

use std::process::Command;

use quaywatch::ingest::{self, StreamAddress, Unit};
use quaywatch::libav::PictureDecoder;

use crate::support::{CameraSpec, Hall, read_stamp};

fn small(id: &'static str) -> CameraSpec {
    CameraSpec { sound: "tone".into(), kbps: 200, size: [256, 144], ..CameraSpec::new(id) }
}

#[test]
fn probe_says_what_a_stream_carries_and_what_would_not_be_recorded() {
    let specs = [
        small("good"),
        CameraSpec { codec: "h265", bframes: 3, open_gop: true, gop_s: 2.0, audio: "aac", ..small("open") },
        CameraSpec { audio: "opus", gop_s: 5.0, ..small("opus") },
        CameraSpec { login: Some(("quay", "right")), ..small("locked") },
    ];
    let hall = Hall::new(&specs);
    let url = |id: &str| format!("rtsp://127.0.0.1:{}/{id}/main", hall.cameras.port);
    let (right, wrong) = (hall.path("right"), hall.path("wrong"));
    std::fs::write(&right, "right\n").unwrap();
    std::fs::write(&wrong, "hunter2\n").unwrap();
    let file = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let probe = |more: Vec<String>| {
        let args: Vec<&str> = std::iter::once("probe").chain(more.iter().map(String::as_str)).collect();
        let output = Command::new(env!("CARGO_BIN_EXE_quaywatch")).args(&args).output().unwrap();
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!told.contains("hunter2"), "a password is shown: {told}");
        (output.status.code().unwrap(), told)
    };
    let login = |path: &std::path::Path| {
        vec![url("locked"), "--user".into(), "quay".into(), "--password-file".into(), file(path)]
    };
    let (good, open, opus, locked, refused) = std::thread::scope(|scope| {
        let good = scope.spawn(|| probe(vec![url("good")]));
        let open = scope.spawn(|| probe(vec![url("open")]));
        let opus = scope.spawn(|| probe(vec![url("opus")]));
        let locked = scope.spawn(|| probe(login(&right)));
        let refused = probe(login(&wrong));
        (good.join().unwrap(), open.join().unwrap(), opus.join().unwrap(), locked.join().unwrap(), refused)
    });
    let says = |(code, told): &(i32, String), wanted: i32, words: &[&str]| {
        assert_eq!(*code, wanted, "{told}");
        words.iter().for_each(|word| assert!(told.contains(word), "{word:?} is missing in:\n{told}"));
    };
    says(&good, 0, &["H.264 256x144", "có tiếng / sound PCMA 8000 Hz", "a keyframe every 1.0 s", "TỐT / OK"]);
    says(&good, 0, &["đồng hồ máy quay khớp với máy này / the camera's clock agrees with this machine's"]);
    assert!(!good.1.contains("Nên / advice"), "{}", good.1);
    says(
        &open,
        0,
        &["H.265", "B-frames, depth 2", "open groups of pictures: they are recorded", "AAC 16000 Hz"],
    );
    says(&opus, 1, &["would not be recorded", "opus", "set the camera's sound to AAC or G.711"]);
    says(&opus, 1, &["a keyframe every 5.0 s", "keyframe interval to 2 s"]);
    says(&locked, 0, &["TỐT / OK"]);
    says(&refused, 1, &["LỖI / BAD", "refuses the user or the password"]);

    says(&probe(vec![format!("rtsp://127.0.0.1:{}/none", hall.cameras.port)]), 1, &["404"]);
    for typed in ["rtsp://quay:hunter2@127.0.0.1/x", "rtsp://quay:hun/ter2@127.0.0.1:x/"] {
        says(&probe(vec![typed.into()]), 2, &["take it out", "--password-file"]);
    }
    says(&probe(vec!["http://127.0.0.1/".into()]), 2, &["rtsp://host:port/path"]);
    says(&probe(vec![url("good"), "--user".into(), "quay".into()]), 2, &["--password-file"]);
}

#[test]
fn a_cameras_reports_say_what_its_clock_showed_at_each_picture() {
    let hall = Hall::new(&[small("good")]);
    let address = StreamAddress {
        url: format!("rtsp://127.0.0.1:{}/good/main", hall.cameras.port).parse().unwrap(),
        user: None,
        password: None,
        wants_sound: true,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (reports, stamps) = runtime.block_on(async {
        let mut session = ingest::open(&address).await.unwrap();
        let (mut reports, mut stamps, mut decoder) = (Vec::new(), Vec::new(), None);
        while reports.len() < 2 {
            let next = tokio::time::timeout(std::time::Duration::from_secs(20), session.next()).await;
            match next.expect("no second report").unwrap().unwrap() {
                Unit::Report(report) => reports.push(report),
                Unit::Video(unit) => {
                    let decoder = decoder.get_or_insert_with(|| PictureDecoder::new(&unit.format).unwrap());
                    let see = |picture: &quaywatch::libav::Picture<'_>| {
                        let (_, sent_ms) = read_stamp(&picture.luma().unwrap()).unwrap();
                        stamps.push((picture.pts(), sent_ms));
                    };
                    let _ = decoder.decode(unit.pts, &unit.data, see);
                }
                Unit::Sound(_) => {}
            }
        }
        session.close().await;
        (reports, stamps)
    });
    let report = reports[1];
    assert!(report.camera.millis_since(report.arrived.wall).abs() < 1000, "{report:?}");
    // A picture is drawn a few ms before it gets its time, or later where the machine is busy: the
    // quickest shows how well the clocks agree.
    let apart = stamps.iter().map(|(pts, sent_ms)| {
        let shown = report.camera.plus_millis((pts - report.pts) / 90);
        (sent_ms - shown.as_millis()).abs()
    });
    let best = apart.min().unwrap();
    assert!(best <= 15, "{best} ms apart, {} pictures", stamps.len());
}
