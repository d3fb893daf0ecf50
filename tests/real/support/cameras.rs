//! Simulated cameras in a process of their own, controlled line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

use super::{media, root, wait_for};

/// One simulated camera.
#[derive(Debug, Clone)]
pub struct CameraSpec {
    pub id: &'static str,
    pub codec: &'static str,
    pub audio: &'static str,
    pub sound: String,
    pub kbps: u32,
    pub size: [u32; 2],
    pub gop_s: f64,
    /// B-frames in a row.
    pub bframes: u32,
    /// Whether groups of pictures need the group before.
    pub open_gop: bool,
    /// What the centre's configuration says of its sound, where it says something.
    pub audio_use: Option<&'static str>,
    /// By how much the wall clock of its sender reports is wrong.
    pub clock_off_s: i64,
    /// By how much its RTP time runs fast, in millionths.
    pub drift_ppm: i64,
    pub has_sub: bool,
    pub login: Option<(&'static str, &'static str)>,
    /// What the centre believes, where it is not `login`.
    pub believed_login: Option<(&'static str, &'static str)>,
}

impl CameraSpec {
    /// H.264 with PCMA speech that gets loud after some seconds.
    pub fn new(id: &'static str) -> Self {
        Self {
            id,
            codec: "h264",
            audio: "pcma",
            kbps: 900,
            size: [768, 576],
            gop_s: 1.0,
            bframes: 0,
            open_gop: false,
            sound: quarrel().display().to_string(),
            audio_use: None,
            clock_off_s: 0,
            drift_ppm: 0,
            has_sub: false,
            login: None,
            believed_login: None,
        }
    }

    pub fn calm(self) -> Self {
        Self { sound: media("calm.wav").display().to_string(), ..self }
    }

    fn hall(&self) -> Vec<Value> {
        let main = json!({
            "mount": format!("/{}/main", self.id), "media": media("vtest.avi"), "size": self.size,
            "fps": 10, "codec": self.codec, "gop_s": self.gop_s, "kbps": self.kbps, "audio": self.audio,
            "sound": self.sound, "bframes": self.bframes, "open_gop": self.open_gop,
            "clock_off_s": self.clock_off_s, "clock_drift_ppm": self.drift_ppm,
        });
        let sub = json!({
            "mount": format!("/{}/sub", self.id), "media": media("vtest.avi"), "size": [320, 240],
            "fps": 5, "codec": "h264", "gop_s": 1.0, "kbps": 200, "audio": "none", "sound": "silence",
        });
        let mut cameras = vec![main];
        cameras.extend(self.has_sub.then_some(sub));
        for camera in &mut cameras {
            if let Some((user, password)) = self.login {
                camera["user"] = user.into();
                camera["password"] = password.into();
            }
        }
        cameras
    }

    /// As the centre's configuration names it.
    pub fn config(&self, port: u16, folder: &Path) -> String {
        let id = self.id;
        let mut text = format!(
            "\n[[camera]]\nid = \"{id}\"\nname = \"Quầy {id}\"\nmain = \"rtsp://127.0.0.1:{port}/{id}/main\"\n"
        );
        if self.has_sub {
            text += &format!("sub = \"rtsp://127.0.0.1:{port}/{id}/sub\"\n");
        }
        if let Some(audio) = self.audio_use {
            text += &format!("audio = \"{audio}\"\n");
        }
        if let Some((user, password)) = self.believed_login.or(self.login) {
            let file = folder.join(format!("{id}.password"));
            std::fs::write(&file, password).unwrap();
            text += &format!("user = \"{user}\"\npassword_file = \"{}\"\n", file.display());
        }
        text
    }
}

pub struct Cameras {
    child: Child,
    control: ChildStdin,
    log: PathBuf,
    pub port: u16,
}

impl Cameras {
    pub fn start(folder: &Path, specs: &[CameraSpec]) -> Self {
        let log = folder.join("cameras.jsonl");
        let cameras: Vec<Value> = specs.iter().flat_map(CameraSpec::hall).collect();
        let hall = folder.join("hall.json");
        std::fs::write(&hall, json!({"port": 0, "log": log, "cameras": cameras}).to_string()).unwrap();
        let mut child = Command::new("/usr/bin/python3")
            .arg(root().join("deploy/sim/cameras.py"))
            .arg("--exit-on-eof")
            .arg(&hall)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the simulated cameras need /usr/bin/python3: run `make test`");
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).expect("the simulated cameras did not start");
        let control = child.stdin.take().unwrap();
        Self { child, control, log, port: ready["port"].as_u64().unwrap() as u16 }
    }

    /// Tells the cameras to do something.
    pub fn control(&mut self, order: Value) {
        writeln!(self.control, "{order}").unwrap();
    }

    /// SIGSTOP or SIGCONT: every camera hangs, its connections stay open.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// What the cameras say they did.
    pub fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// When the loud passage began at this mount, in ms since the epoch; waits for it.
    pub fn wait_for_onset(&self, mount: &str, seconds: u64) -> i64 {
        wait_for(&format!("the loud passage at {mount}"), seconds, || {
            let mut marks =
                self.log().into_iter().filter(|line| line["e"] == "sound-mark" && line["mount"] == mount);
            marks.next_back().and_then(|mark| mark["at_ms"].as_f64()).map(|ms| ms as i64)
        })
    }

    /// The number and send time of the last frame that this mount sent up to `until_ms`.
    pub fn last_frame(&self, mount: &str, until_ms: i64) -> (u64, i64) {
        let frames = self.log().into_iter().filter(|line| line["e"] == "frame" && line["mount"] == mount);
        let mut sent =
            frames.map(|line| (line["n"].as_u64().unwrap(), line["at_ms"].as_f64().unwrap() as i64));
        sent.rfind(|(_, at)| *at <= until_ms).expect("no frame was sent")
    }
}

impl Drop for Cameras {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Speech in which somebody shouts sooner than in the demo's, so that tests need not wait: from 9
/// to 14 s of 120.
fn quarrel() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("quarrel-{}.wav", std::process::id()));
    let samples = |name: &str| -> Vec<i16> {
        hound::WavReader::open(media(name)).unwrap().samples::<i16>().map(Result::unwrap).collect()
    };
    let (calm, speech) = (samples("calm.wav"), samples("speech.wav"));
    let marks: Value = serde_json::from_slice(&std::fs::read(media("speech.json")).unwrap()).unwrap();
    let at = |name: &str| (marks["marks"][0][name].as_f64().unwrap() * 16_000.0) as usize;
    let mut sound: Vec<i16> = calm.iter().cycle().take(9 * 16_000).copied().collect();
    sound.extend(&speech[at("start_s")..at("end_s")]);
    sound.extend(calm.iter().cycle().take(120 * 16_000 - sound.len()));
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    sound.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
    let marks = json!({"marks": [{"name": "loud", "start_s": 9.0, "end_s": 14.0}]});
    std::fs::write(path.with_extension("json"), marks.to_string()).unwrap();
    path
}
