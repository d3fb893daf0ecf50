//! Whole files: the examples, one full of mistakes, and any text at all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{Severity, StreamKind};

const EDGE_EXAMPLE: &str = include_str!("../../config/edge.example.toml");
const PROVINCE_EXAMPLE: &str = include_str!("../../config/province.example.toml");
const MISTAKES: &str = include_str!("mistakes.toml");
const PROVINCE_MISTAKES: &str = include_str!("province_mistakes.toml");

fn found(source: &SecretSource) -> Result<Secret, String> {
    match source {
        SecretSource::File(path) if path.ends_with("missing") => {
            Err("names /etc/quaywatch/missing, which cannot be read: No such file or directory".into())
        }
        _ => Ok(Secret::new("hunter2")),
    }
}

fn edge(text: &str) -> Result<EdgeConfig, Problems> {
    read_edge("edge.toml", Path::new("/etc/quaywatch"), text, &found)
}

fn province(text: &str) -> Result<ProvinceConfig, Problems> {
    read_province("province.toml", Path::new("/etc/quaywatch"), text, &found)
}

/// The example with what it only shows as a default or a choice written out.
fn written_out(example: &str) -> String {
    let is_key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let one_source = |line: &str| !line.starts_with("password_env") && !line.starts_with("password_cred");
    let lines = example.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if is_key(rest) && one_source(rest) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn minimal(more: &str) -> String {
    format!(
        "[centre]\nid = \"c\"\nname = \"C\"\nhours = []\ndefault_rules = false\n\
         [storage]\npath = \"data\"\nkeep = \"1d\"\npurpose = \"p\"\n\
         [[camera]]\nid = \"one\"\nmain = \"rtsp://h/1\"\n{more}"
    )
}

#[test]
fn the_example_of_a_centre_loads() {
    let config = edge(EDGE_EXAMPLE).unwrap();
    assert_eq!(config.centre.id.as_str(), "xuan-lung");
    assert_eq!(config.storage.sub_keep, Duration::from_secs(7 * 86_400));
    assert_eq!(config.storage.reserve_bytes, 10_000_000_000);
    assert_eq!(config.web.unwrap().listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.cameras[1].keep, Duration::from_secs(30 * 86_400));
    assert_eq!(config.cameras[1].keep_size, None);
    let link = config.province.as_ref().unwrap();
    assert_eq!((link.broker.host.as_str(), link.broker.port), ("mqtt.phutho.gov.vn", 8883));
    assert!(link.broker.secure && link.enrolment.is_some());
    assert_eq!(link.identity, PathBuf::from("/etc/quaywatch/identity.pem"));
    assert_eq!(link.clip_stream, StreamKind::Main);
    assert_eq!(link.send, Send { still: true, sound: true, clip: true });
    let rule = |name: &str| config.rules.iter().find(|rule| rule.name == name).unwrap();
    assert_eq!(rule("raised-voices-1").cameras.len(), 1, "the gate has no sound to listen to");
    assert_eq!(rule("raised-voices-1").hold, Duration::from_secs(3));
    assert_eq!(rule("after-hours-1").schedule, Schedule::Deserted);
    assert_eq!(rule("after-hours-1").severity, Severity::Urgent);
    assert_eq!(rule("camera-lost-1").hold, Duration::ZERO);
    assert_eq!(rule("counter-unattended-1").cameras.len(), 1, "the gate has no counter");
    assert!(rule("long-wait").is_default() && !rule("crowding-1").is_default());
    assert_eq!(config.rules.len(), 14);
    assert_eq!(config.unwatched, []);
}

#[test]
fn what_the_example_shows_as_defaults_are_the_defaults() {
    let mut plain = edge(EDGE_EXAMPLE).unwrap();
    let full = edge(&written_out(EDGE_EXAMPLE)).unwrap();
    let password = || Some(Secret::new("hunter2"));
    // A user, a size and a choice of zones have no default, only an example.
    let link = plain.province.as_mut().unwrap();
    (link.broker.user, link.broker.password) = (Some("xuan-lung".into()), password());
    (plain.cameras[0].user, plain.cameras[0].password) = (Some("viewer".into()), password());
    plain.cameras[0].keep_size = Some(500_000_000_000);
    plain.rules[0].zones = vec!["Sau quầy 1".into()];
    // Whether a disk must be mounted has none either, nor has the folder of the models.
    plain.storage.mount = Some("/var/lib/quaywatch".into());
    plain.perceive.models = Some("/usr/share/quaywatch/models".into());
    // This one depends on the machine.
    plain.perceive.threads = 1;
    assert_eq!(full, plain);

    let mut plain = province(PROVINCE_EXAMPLE).unwrap();
    (plain.broker.user, plain.broker.password) = (Some("province".into()), password());
    assert_eq!(province(&written_out(PROVINCE_EXAMPLE)).unwrap(), plain);
}

#[test]
fn the_example_of_a_province_loads() {
    let config = province(PROVINCE_EXAMPLE).unwrap();
    assert_eq!(config.web.listen.to_string(), "127.0.0.1:8090");
    assert_eq!(config.centres[1].keys, PathBuf::from("/etc/quaywatch/centres/phung-nguyen.pub.pem"));
}

#[test]
fn the_summary_says_in_plain_words_what_the_example_means() {
    insta::assert_snapshot!(summary(&edge(EDGE_EXAMPLE).unwrap()).join("\n"));
}

#[test]
fn every_mistake_in_a_file_is_told_at_once() {
    let problems = edge(MISTAKES).unwrap_err();
    assert!(!problems.to_string().contains("hunter2"), "a password was repeated");
    insta::assert_snapshot!(problems);
    insta::assert_snapshot!(province(PROVINCE_MISTAKES).unwrap_err());
}

#[test]
fn an_empty_file_says_what_a_file_needs() {
    insta::assert_snapshot!(edge("").unwrap_err());
}

#[test]
fn a_syntax_error_is_told_with_its_line_and_those_above_it_too() {
    insta::assert_snapshot!(
        edge("[centre]\nid = \"a b\"\nname = \"x\nhours = [\n[storage]\nkeep = 30d\nid = 1\nid = 2\n")
            .unwrap_err()
    );
}

#[test]
fn the_rules_about_the_box_are_there_without_a_line_and_a_line_changes_how_they_are_told() {
    let severity = |config: &EdgeConfig, word: &str| {
        let rule = config.box_rules.iter().find(|rule| rule.kind.as_str() == word).unwrap();
        (rule.severity, rule.hold)
    };
    let plain = edge(&minimal("")).unwrap();
    assert!(plain.rules.is_empty());
    assert_eq!(severity(&plain, "storage-failed"), (Severity::Urgent, Duration::ZERO));
    assert_eq!(severity(&plain, "restarted"), (Severity::Notice, Duration::ZERO));
    let written = "[[rule]]\nkind = \"disk-low\"\nseverity = \"notice\"\nhold = \"1min\"\n";
    let told = edge(&minimal(written)).unwrap();
    assert_eq!(severity(&told, "disk-low"), (Severity::Notice, Duration::from_secs(60)));
    assert_eq!(severity(&told, "clock-off"), (Severity::Warning, Duration::ZERO));

    let wrong = "[[rule]]\nkind = \"restarted\"\nhold = \"1s\"\n[[rule]]\nkind = \"clock-off\"\n\
                 cameras = [\"one\"]\nzones = []\n[[rule]]\nkind = \"clock-off\"\n";
    insta::assert_snapshot!(edge(&minimal(wrong)).unwrap_err());
}

/// Which rules a file has beside those about the box, by name.
fn names(config: &EdgeConfig) -> Vec<&str> {
    config.rules.iter().map(|rule| rule.name.as_str()).collect()
}

const ZONES: &str = "[[camera.zone]]\nname = \"Quầy\"\npurpose = \"staff\"\n\
    polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.5]]\n[[camera.zone]]\nname = \"Ghế\"\npurpose = \"waiting\"\n\
    polygon = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0]]\n";

#[test]
fn who_draws_zones_and_nothing_else_gets_every_rule_that_fits() {
    let by_default = |more: &str| edge(&minimal(more).replace("default_rules = false\n", "")).unwrap();
    let config = by_default(ZONES);
    assert_eq!(config.rules.len(), 14, "{:?}", names(&config));
    let watched = |name: &str| {
        let rule = config.rules.iter().find(|rule| rule.name == name).unwrap();
        let zones = rule.watched_in(&config.cameras[0]).into_iter();
        zones.map(|zone| zone.map_or("all", |zone| zone.name.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(watched("counter-unattended"), ["Quầy"]);
    assert_eq!(watched("long-wait"), ["Ghế"]);
    assert_eq!(watched("crowding"), ["Ghế"]);
    assert_eq!(watched("after-hours"), ["all"]);

    let config = by_default("audio = \"off\"\n");
    let missing: Vec<_> = config.unwatched.iter().map(|unwatched| unwatched.kind.as_str()).collect();
    let sounds = ["raised-voices", "scream", "breaking-glass", "alarm-sound", "audio-lost"];
    assert_eq!(missing, [["counter-unattended", "long-wait"].as_slice(), &sounds].concat());
    assert!(names(&config).contains(&"crowding"), "the whole picture, where no zone is drawn");
    insta::assert_snapshot!(summary(&config).join("\n"));
}

#[test]
fn a_rule_of_its_own_or_a_switch_takes_the_place_of_the_default_rule() {
    let rules = "[[rule]]\nkind = \"crowding\"\nzones = [\"Quầy\"]\n[[rule]]\nkind = \"long-wait\"\nenabled = false\n";
    let config = edge(&minimal(&format!("{ZONES}{rules}")).replace("default_rules = false\n", "")).unwrap();
    let crowding = config.rules.iter().filter(|rule| rule.name.starts_with("crowding"));
    assert_eq!(crowding.map(|rule| rule.zones.clone()).collect::<Vec<_>>(), [["Quầy"]]);
    assert!(!names(&config).contains(&"long-wait"));
    let off: Vec<_> =
        config.unwatched.iter().map(|unwatched| (unwatched.kind.as_str(), unwatched.why)).collect();
    assert_eq!(off, [("long-wait", "enabled = false")]);
}

#[test]
fn without_hours_no_default_rule_needs_them_and_the_summary_says_so() {
    let text = minimal(ZONES).replace("hours = []\ndefault_rules = false\n", "");
    let config = edge(&text).unwrap();
    assert!(config.rules.iter().all(|rule| rule.schedule == Schedule::Always));
    let told = summary(&config).join("\n");
    let line = "not watched for: counter-unattended, long-wait, after-hours ([centre] has no hours)";
    assert!(told.contains(line), "{told}");
}

#[test]
fn a_rule_watches_at_hours_of_its_own_and_on_a_special_day_at_the_hours_of_that_day() {
    let day = "[[centre.day]]\ndate = \"2026-04-30\"\nname = \"Lễ\"\nhours = []\n\
               [[centre.day]]\ndate = \"2026-05-09\"\nname = \"Làm bù\"\nhours = [\"08:00-09:00\"]\n[storage]";
    let rule = "[[rule]]\nkind = \"crowding\"\nschedule = [\"mon-fri 07:00-17:30\", \"sat 22:00-06:00\"]\n";
    let config = edge(&minimal(rule).replace("[storage]", day)).unwrap();
    let in_force = |at: &str| {
        let at = format!("{at}:00+07:00").parse().unwrap();
        config.rules[0].schedule.is_in_force(&config.centre.hours, at)
    };
    for (at, expected) in [
        ("2026-11-23T07:00", true),
        ("2026-11-23T17:30", false),
        ("2026-11-21T23:00", true),
        ("2026-11-22T05:59", true),
        ("2026-11-22T06:00", false),
        ("2026-04-30T09:00", false),
        ("2026-05-09T08:30", true),
        ("2026-05-09T23:00", false),
    ] {
        assert_eq!(in_force(at), expected, "{at}");
    }
}

#[test]
fn a_mount_point_must_be_above_the_storage() {
    let with = |mount: &str| edge(&minimal("").replace("keep =", &format!("mount = \"{mount}\"\nkeep =")));
    assert_eq!(with("/etc/quaywatch").unwrap().storage.mount, Some(PathBuf::from("/etc/quaywatch")));
    for (mount, told) in [("/srv", "is not above path"), ("/", "is always mounted")] {
        let problems = with(mount).unwrap_err().to_string();
        assert!(problems.contains(told), "{problems}");
    }
}

#[test]
fn another_runtime_needs_its_library_and_the_built_in_one_takes_none() {
    let with = |keys: &str| edge(&minimal(&format!("[perceive]\n{keys}\n")));
    let library = PathBuf::from("/etc/quaywatch/lib/libonnxruntime.so");
    let other = "runtime = \"onnxruntime\"\nlibrary = \"lib/libonnxruntime.so\"";
    assert_eq!(with(other).unwrap().perceive.runtime, Runtime::OnnxRuntime { library });
    assert!((1..=2).contains(&with("").unwrap().perceive.threads));
    for (keys, told) in [
        ("runtime = \"onnxruntime\"", "[perceive]: runtime = \"onnxruntime\" needs library"),
        ("library = \"lib.so\"", "[perceive]: library is for runtime = \"onnxruntime\" only"),
        ("threads = 17", "[perceive]: threads must be between 1 and 16"),
    ] {
        let problems = with(keys).unwrap_err().to_string();
        assert!(problems.contains(told), "{problems}");
    }
}

#[test]
fn a_key_that_stands_twice_is_named() {
    let problems = edge(&minimal("id = \"two\"\n")).unwrap_err().to_string();
    assert!(
        problems.ends_with("edge.toml:13: this is not valid TOML: the key \"id\" stands here a second time"),
        "{problems}"
    );
}

#[test]
fn a_file_that_nests_without_end_is_refused_and_does_not_exhaust_the_stack() {
    for text in [
        "[".repeat(100_000),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("a = {}", "{a=".repeat(50_000)),
    ] {
        assert!(edge(&text).is_err());
    }
}

#[test]
fn a_file_without_hours_keeps_a_rule_that_needs_none() {
    let text =
        minimal("[[rule]]\nkind = \"after-hours\"\nschedule = \"always\"\n").replace("hours = []\n", "");
    assert_eq!(edge(&text).unwrap().rules[0].schedule, Schedule::Always);
    let text = text.replace("schedule = \"always\"\n", "");
    assert!(edge(&text).unwrap_err().to_string().contains("schedule = \"always\""));
}

#[test]
fn a_camera_is_kept_by_its_own_words_and_else_by_those_of_the_storage() {
    let kept = |more: &str| {
        let camera = edge(&minimal(more)).unwrap().cameras.remove(0);
        (camera.keep.as_secs() / 3600, camera.sub_keep.as_secs() / 3600, camera.keep_size)
    };
    assert_eq!(kept(""), (24, 24, None));
    assert_eq!(kept("keep = \"60d\"\nkeep_size = \"2TB\"\n"), (60 * 24, 24, Some(2_000_000_000_000)));
    assert_eq!(kept("keep = \"2h\"\n"), (2, 2, None), "the sub stream is not kept longer than the main one");
    let problems = edge(&minimal("sub_keep = \"2d\"\n")).unwrap_err().to_string();
    assert!(
        problems.contains("camera \"one\": sub_keep must not be longer than keep, which is 1d"),
        "{problems}"
    );
    assert_eq!(edge(&minimal("")).unwrap().web, None, "no section, no web server");
}

#[test]
fn files_from_windows_load_and_lines_are_counted_alike() {
    assert!(edge(&format!("\u{feff}{}", EDGE_EXAMPLE.replace('\n', "\r\n"))).is_ok());
    let text = minimal("colour = 1\n").replace('\n', "\r\n");
    assert_eq!(edge(&text).unwrap_err().list()[0].line, Some(13));
}

#[test]
fn no_address_with_a_password_is_repeated() {
    for url in [
        "rtsp://u:hunter2@h/1",
        "rtsp://u:hun/hunter2@h/1",
        "rtsp://hunter2@h/1",
        "http://u:hunter2@h/1",
        "rtsp://u:hunter2@h:99999/",
        "hunter2@h",
    ] {
        let problems = edge(&minimal("").replace("rtsp://h/1", url)).unwrap_err().to_string();
        assert!(problems.contains("password out of the URL"), "{problems}");
        assert!(!problems.contains("hunter2"), "{problems}");
    }
}

#[test]
fn a_file_is_loaded_with_paths_beside_it_and_its_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("edge.toml");
    let text = minimal("user = \"u\"\npassword_file = \"secret\"\n");
    crate::disk::write_atomically(&file, text.as_bytes()).unwrap();
    let problems = load_edge(&file).unwrap_err().to_string();
    assert!(problems.contains("edge.toml:14: camera \"one\": password_file names"), "{problems}");
    crate::disk::write_secret(&folder.path().join("secret"), b"hunter2\n").unwrap();
    let config = load_edge(&file).unwrap();
    assert_eq!(config.cameras[0].password.as_ref().unwrap().reveal(), "hunter2");
    assert_eq!(config.storage.path, folder.path().join("data"));
    assert!(!format!("{config:?}").contains("hunter2"));

    crate::disk::write_atomically(&file, b"[centre]\n# \xff\n").unwrap();
    assert!(load_edge(&file).unwrap_err().to_string().contains("line 2 is not UTF-8"));
    assert!(load_province(&folder.path().join("none")).unwrap_err().to_string().contains("cannot be read"));
}

/// Text that is often nearly right: lines of the examples and of the mistakes, mixed and cut.
fn nearly_toml() -> impl Strategy<Value = String> {
    let lines: Vec<&str> = [EDGE_EXAMPLE, PROVINCE_EXAMPLE, MISTAKES, PROVINCE_MISTAKES]
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.is_empty())
        .collect();
    let line = (prop::sample::select(lines), 0usize..120).prop_map(|(line, cut)| {
        if cut < 10 { line.chars().take(cut * 4).collect() } else { line.trim_start_matches('#').to_owned() }
    });
    prop::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in prop_oneof![nearly_toml(), any::<String>()]) {
        let lines = text.matches('\n').count() + 1;
        for problems in [edge(&text).err(), province(&text).err()].into_iter().flatten() {
            prop_assert!(!problems.list().is_empty());
            prop_assert!(problems.list().iter().all(|p| p.line.is_some_and(|line| line <= lines)));
            prop_assert!(problems.list().iter().all(|p| !p.message.contains('\n')));
        }
    }
}
