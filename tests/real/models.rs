//! A model that cannot be used: told once, in words, and everything else runs.

use std::process::Command;

use quaywatch::model::StreamKind;
use serde_json::Value;

use crate::support::{CameraSpec, Hall, free_port, get, get_json, recorded, root, wait_for};

/// Speech is loud now and then, and whoever comes is one too many: both need a model.
const RULES: &str = r#"
[[rule]]
kind = "raised-voices"
[[rule]]
kind = "after-hours"
schedule = "always"
"#;

/// A hall whose people model has one bit wrong, and whose pages are on this port.
fn hall_with_damaged_model(port: u16) -> Hall {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1")]);
    let (good, damaged) = (root().join("models"), hall.path("models"));
    std::fs::create_dir(&damaged).unwrap();
    for name in ["nanodet-g.onnx", "silero_vad_16k.onnx", "yamnet.onnx", "yamnet_class_map.csv"] {
        let mut bytes = std::fs::read(good.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `deploy/setup.sh test` makes the models"));
        if name == "nanodet-g.onnx" {
            bytes[5_000_000] ^= 1;
        }
        std::fs::write(damaged.join(name), bytes).unwrap();
    }
    let folder = damaged.display();
    hall.rules =
        format!("\n[web]\nlisten = \"127.0.0.1:{port}\"\n[perceive]\nmodels = \"{folder}\"\n{RULES}");
    hall
}

#[test]
fn a_damaged_model_is_one_error_and_recording_and_the_other_models_go_on() {
    let port = free_port();
    let hall = hall_with_damaged_model(port);
    let centre = hall.start_centre();
    let answer = wait_for("the pages", 20, || get(port, "/healthz").ok());
    assert_eq!(answer.status, 503);
    let health: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&health["status"], &health["recording"]), (&"unwell".into(), &"well".into()), "{health}");
    assert_eq!(health["models"]["speech"], "ok", "{health}");
    for told in [&health["models"]["people"], &health["reason"]] {
        assert!(told.as_str().unwrap().contains("nanodet-g.onnx: its digest is not"), "{health}");
    }
    assert_eq!(get(port, "/readyz").unwrap().status, 200);

    let config = hall.write_edge_config();
    let check =
        Command::new(env!("CARGO_BIN_EXE_quaywatch")).args(["check", "--config"]).arg(config).output();
    let check = check.unwrap();
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(check.status.code(), Some(1), "{said}");
    let line = |what: &str| said.lines().find(|line| line.contains(what)).unwrap_or_default();
    assert!(line("the people model").starts_with("LỖI / BAD"), "{said}");
    for works in ["the speech model", "the sounds model"] {
        assert!(line(works).starts_with("TỐT / OK"), "{said}");
    }

    centre.wait_for_log("\"kind\":\"raised-voices\"", 60);
    assert_eq!(get_json(port, "/api/cameras")["cameras"][0]["state"], "streaming");
    let errors: Vec<_> = centre.log_lines().into_iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].to_string().contains("the people model cannot be used"), "{errors:?}");
    assert!(centre.stop().success());
    assert!(recorded(&hall.storage(), "counter-1", StreamKind::Main).stamps.len() > 50);
}
