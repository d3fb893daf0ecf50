//! The page names what was flagged, asks nobody for anything, and takes no folder of others.

use super::*;
use crate::config::read_edge;
use crate::incident::{Gauge, GaugeName};
use crate::model::{CameraId, IncidentId, Kind, Severity};
use crate::perceive::{Frame, Heard, Loudness, Observation, People, Person};

const CONFIG: &str = r#"
[centre]
id = "xuan-lung"
name = "Xuân Lũng"
hours = ["mon-fri 07:30-11:30"]
[storage]
path = "s"
keep = "30d"
purpose = "p"
[[camera]]
id = "counter-1"
name = "Quầy <1>"
main = "rtsp://10.0.0.1/1"
[[camera.zone]]
name = "Sau quầy & cửa"
purpose = "staff"
polygon = [[0.1, 0.5], [0.5, 0.5], [0.5, 1.0], [0.1, 1.0]]
"#;

fn incident(kind: Kind, start: Wall, began_s: i64, zone: Option<&str>) -> Incident {
    let peak = [("level_dbfs".to_owned(), (-7.5).into())].into_iter().collect();
    Incident {
        id: IncidentId(uuid::Uuid::from_u128(u128::from(began_s.unsigned_abs()))),
        rule: kind.as_str().to_owned(),
        kind,
        severity: Severity::Warning,
        camera: CameraId::new("counter-1").ok(),
        also: vec![],
        zone: zone.map(str::to_owned),
        started_at: start.plus_millis(began_s * 1000),
        flagged_at: start.plus_millis(began_s * 1000 + 3000),
        ended_at: (began_s % 2 == 0).then(|| start.plus_millis(began_s * 1000 + 9000)),
        peak,
        count: 2,
        sound_may_leave: false,
    }
}

fn report(seconds: u32) -> Report {
    let no_secrets = |_: &_| Err("none".into());
    let config = read_edge("edge.toml", Path::new("/"), CONFIG, &no_secrets).unwrap();
    let camera = config.cameras[0].clone();
    let start: Wall = "2026-01-05T00:30:00Z".parse().unwrap();
    let mut trace = Trace::new(&camera.zones);
    for tenth in 0..seconds * 10 {
        let at = f64::from(tenth) / 10.0;
        let (dbfs, lufs) = (-40.0 + f64::from(tenth % 50), -42.0);
        let sound = Loudness { dbfs, lufs, speech: Some(0.4), is_flat: false, window_ms: 100 };
        trace.observe(&Observation::Sound(sound), at);
        if tenth % 10 == 0 {
            trace.gauge("raised-voices", Gauge { name: GaugeName::LoudFrom, value: -20.0 }, at);
            let heard = Heard { scores: vec![("scream", 0.1)], hop_ms: 480, ..Heard::default() };
            trace.observe(&Observation::Heard(heard), at);
            let frame = Frame { left: 0.2, top: 0.2, right: 0.3, bottom: 0.9 };
            let persons = vec![Person { track: 1, frame, score: 0.8 }];
            trace.observe(&Observation::People(People { persons }), at);
        }
    }
    let flagged = vec![
        incident(Kind::RaisedVoices, start, 20, None),
        incident(Kind::CounterUnattended, start, 31, Some("Sau quầy & cửa")),
    ];
    trace.still(flagged[1].id, 34.0, (64, 48), vec![0xFF, 0xD8, 0xFF, 0xD9], true);
    Report {
        camera,
        source: "thử <media>.mp4".into(),
        rules: config.rules.clone(),
        flagged,
        trace,
        start,
        lasted: f64::from(seconds),
        zone: config.centre.hours.time_zone().clone(),
        warnings: vec!["thiếu mô hình / a model is missing".into()],
    }
}

#[test]
fn the_page_names_each_flag_with_its_times_its_figures_and_its_rule() {
    let page = page::page(&report(60));
    for said in [
        "to tiếng",
        "raised voices",
        "quầy không có người trực",
        "nobody behind the counter",
        "0:00:20.0",
        "0:00:23.0",
        "0:00:29.0",
        "0:00:31.0",
        "mức âm: -7,5 dBFS",
        "kéo dài ít nhất",
        "Sau quầy &amp; cửa",
        "flag-002.jpg",
        "thiếu mô hình / a model is missing",
    ] {
        assert!(page.contains(said), "{said} is missing");
    }
    assert!(!page.contains("flag-001.jpg"), "there is no still of the first");
    assert!(page.contains("class=\"person\"") && page.contains("class=\"zone its\""));
}

#[test]
fn the_page_asks_nobody_for_anything_and_runs_nothing() {
    let page = page::page(&report(60));
    for never in ["http:", "https:", "//", "<script", "<link", "@import", "url(", "<media>", "Quầy <1>"] {
        assert!(!page.contains(never), "{never} is in it");
    }
}

#[test]
fn the_page_of_a_whole_day_is_small() {
    let page = page::page(&report(86_400));
    assert!(page.len() < 600_000, "{} bytes", page.len());
}

#[test]
fn a_report_takes_the_place_of_an_earlier_one_and_of_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("out");
    for _ in 0..2 {
        Folder::prepare(&folder).unwrap().write(&report(40)).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["flag-002.jpg", PAGE]);
    }
    disk::write_atomically(&folder.join("notes.txt"), b"mine").unwrap();
    assert!(Folder::prepare(&folder).is_err());
    assert!(Folder::prepare(&folder.join("notes.txt")).is_err(), "a file is no folder");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left beside it");
}
