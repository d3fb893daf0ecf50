//! A short form of `make chaos`: nothing lost, nothing doubled, while broker, centre and province are killed.

use std::process::Command;

use serde_json::Value;

use crate::support::root;

#[test]
fn nothing_is_lost_and_nothing_doubled_while_everything_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new("/usr/bin/python3")
        .arg(root().join("tests/bench/chaos.py"))
        .args(["--events", "400", "--clips", "10", "--sizes", "200kB..1MB", "--kills", "5"])
        .args(["--every", "1.5", "--name", "qwt", "--binary", env!("CARGO_BIN_EXE_quaywatch"), "--folder"])
        .arg(folder.path().join("chaos"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let (out, told) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let figures: Value = serde_json::from_str(out.lines().last().unwrap_or_default())
        .unwrap_or_else(|e| panic!("no figures ({e}): {out}{told}"));
    assert_eq!((&figures["lost"], &figures["doubled"]), (&0.into(), &0.into()), "{figures}\n{told}");
    assert!(figures["kills"].as_u64() >= Some(5) && figures["events"].as_u64() >= Some(400), "{figures}");
    if figures["link"] == "none" {
        eprintln!("THERE WAS NO BAD LINK: this machine makes no network namespaces");
    }
}
