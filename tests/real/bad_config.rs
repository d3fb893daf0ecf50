//! What is wrong is told in plain words, with the exit codes that scripts rely on.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::{CameraSpec, Hall, free_port};

fn quaywatch(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quaywatch")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn write(folder: &Path, content: &str) -> String {
    let path = folder.join("edge.toml");
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

#[test]
fn a_wrong_file_ends_every_role_with_code_2_and_each_line_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let config = write(
        folder.path(),
        "[centre]\nid = \"Xuân Lũng\"\nname = \"x\"\n[storage]\npath = \"s\"\nkeep = \"soon\"\npurpose = \"p\"\n\
         [[camera]]\nid = \"gate\"\nname = \"g\"\nmain = \"rtsp://admin:secret@10.0.0.1/\"\n",
    );
    for args in [vec!["edge", "--config", &config], vec!["check", "--config", &config, "--offline"]] {
        let output = quaywatch(&args);
        assert_eq!(output.status.code(), Some(2));
        let told = text(&output.stdout) + &text(&output.stderr);
        for line in ["edge.toml:2:", "edge.toml:6:", "edge.toml:11:"] {
            assert!(told.contains(line), "{line} is missing in:\n{told}");
        }
        assert!(!told.contains("secret"), "the password is repeated:\n{told}");
    }
    let output = quaywatch(&["province", "--config", &config]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let output = quaywatch(&["edge", "--config", "/nowhere/edge.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/nowhere/edge.toml"));
}

#[test]
fn check_tries_each_camera_once_and_the_broker_and_the_disk() {
    let specs = [
        CameraSpec::new("good").calm(),
        CameraSpec {
            login: Some(("quay", "right")),
            believed_login: Some(("quay", "wrong")),
            ..CameraSpec::new("locked").calm()
        },
        CameraSpec { codec: "vp8", ..CameraSpec::new("vp8").calm() },
    ];
    let mut hall = Hall::new(&specs);
    hall.rules = format!(
        "\n[[camera]]\nid = \"nowhere\"\nname = \"n\"\nmain = \"rtsp://127.0.0.1:{}/x\"\n\
         [[camera]]\nid = \"wrong-path\"\nname = \"w\"\nmain = \"rtsp://127.0.0.1:{}/x\"\n",
        free_port(),
        hall.cameras.port
    );
    let config = hall.write_edge_config();
    let output = quaywatch(&["check", "--config", config.to_str().unwrap()]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let line = |what: &str| {
        told.lines()
            .find(|l| l.contains(what))
            .unwrap_or_else(|| panic!("{what} is missing in:\n{told}"))
            .to_owned()
    };
    assert!(line("camera good/main").starts_with("TỐT / OK"), "{told}");
    assert!(line("camera good/main").contains("PCMA 8000 Hz"), "{told}");
    assert!(line("camera locked/main").contains("refuses the user or the password"), "{told}");
    assert!(line("camera vp8/main").contains("has no H.264 or H.265 picture"), "{told}");
    assert!(line("camera nowhere/main").starts_with("LỖI / BAD"), "{told}");
    assert!(line("camera wrong-path/main").contains("404"), "{told}");
    assert!(line("the broker").starts_with("TỐT / OK") && line("Ổ đĩa").starts_with("TỐT / OK"), "{told}");
    assert!(!told.contains("wrong\"") && !text(&output.stderr).contains("right"), "no password is shown");
    let described = hall
        .cameras
        .log()
        .into_iter()
        .filter(|l| l["what"] == "describe" && l["mount"] == "/locked/main")
        .count();
    assert!(described <= 2, "one attempt only");

    hall.broker.kill();
    let output = quaywatch(&["check", "--config", config.to_str().unwrap()]);
    let told = text(&output.stdout);
    let broker = told.lines().find(|l| l.contains("the broker")).unwrap();
    assert!(broker.starts_with("LỖI / BAD"), "{told}");
}
