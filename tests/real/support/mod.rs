//! A hall with its cameras, a broker, a centre and a province, in a folder that goes with the test.

mod cameras;

pub mod fake_province;

mod http;

mod mosquitto;

mod process;

mod recordings;

mod stamp;

pub use cameras::{CameraSpec, Cameras};
pub use http::{
    Answer, PASSWORD, ask_as_is, cookie, first_password, get, get_json, get_with, post_json, send_json,
    signed_in,
};
pub use mosquitto::Mosquitto;
pub use process::Process;
pub use recordings::{Recorded, across, decode, recorded, recorded_rows};
pub use stamp::read as read_stamp;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// The folder of the package.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the test media.
pub fn media(name: &str) -> PathBuf {
    let path = root().join("media").join(name);
    assert!(path.exists(), "{} is missing: run `make test`, which makes it", path.display());
    path
}

/// Waits until `look` finds something; panics with `what` after `seconds`.
pub fn wait_for<T>(what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {seconds} s in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Milliseconds since the epoch.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// A port that is free now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A whole hall. Parts are started by the test, in the order it wants.
pub struct Hall {
    pub folder: tempfile::TempDir,
    pub cameras: Cameras,
    pub broker: Mosquitto,
    pub province_port: u16,
    /// Added to the centre's configuration.
    pub rules: String,
    /// Added to the centre's [province].
    pub province: String,
    /// How long a recorded file is.
    pub segment: &'static str,
    /// Added to the centre's [storage].
    pub archive: &'static str,
    specs: Vec<CameraSpec>,
}

impl Hall {
    /// A hall with these cameras and a broker that run; centre and province do not yet.
    pub fn new(specs: &[CameraSpec]) -> Self {
        let folder = tempfile::Builder::new().prefix("quaywatch-test-").tempdir().unwrap();
        let cameras = Cameras::start(folder.path(), specs);
        let broker = Mosquitto::start("");
        let hall = Self {
            cameras,
            broker,
            province_port: free_port(),
            rules: LOUD_RULE.to_owned(),
            province: String::new(),
            segment: "10s",
            archive: "",
            specs: specs.to_vec(),
            folder,
        };
        for key in [hall.centre_key(), hall.province_key()] {
            quaywatch::keys::load_or_make(&key).unwrap();
        }
        hall
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn centre_key(&self) -> PathBuf {
        self.path("centre-keys/evidence.pem")
    }

    pub fn province_key(&self) -> PathBuf {
        self.path("province-keys/province.pem")
    }

    pub fn storage(&self) -> PathBuf {
        self.path("centre")
    }

    /// Writes the centre's configuration.
    pub fn write_edge_config(&self) -> PathBuf {
        let mut text = format!(
            r#"
[centre]
id = "xuan-lung"
name = "Trung tâm phục vụ hành chính công xã Xuân Lũng"
default_rules = false

[storage]
path = "{storage}"
keep = "30d"
reserve = "10MB"
purpose = "thử nghiệm"
segment = "{segment}"
{archive}

[province]
broker = "mqtt://127.0.0.1:{broker}"
identity = "{identity}"
trust = "{trust}"
{province}"#,
            storage = self.storage().display(),
            segment = self.segment,
            archive = self.archive,
            broker = self.broker.port,
            province = self.province,
            identity = self.centre_key().display(),
            trust = quaywatch::keys::public_path(&self.province_key()).display(),
        );
        for spec in &self.specs {
            text += &spec.config(self.cameras.port, self.folder.path());
        }
        text += &self.rules;
        let path = self.path("edge.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Starts the centre with the configuration as it is now.
    pub fn start_centre(&self) -> Process {
        let config = self.write_edge_config();
        Process::start(
            "edge",
            &["--log-format", "json", "edge", "--config", config.to_str().unwrap()],
            self.folder.path(),
        )
    }

    /// Starts the province and waits until it is connected.
    pub fn start_province(&self) -> Process {
        let config = self.path("province.toml");
        let text = format!(
            r#"
[province]
name = "Tỉnh thử nghiệm"
broker = "mqtt://127.0.0.1:{broker}"
identity = "{identity}"

[storage]
path = "{storage}"
reserve = "10MB"

[web]
listen = "127.0.0.1:{port}"

[[centre]]
id = "xuan-lung"
name = "Xã Xuân Lũng"
keys = "{keys}"
"#,
            broker = self.broker.port,
            identity = self.province_key().display(),
            storage = self.path("province").display(),
            port = self.province_port,
            keys = quaywatch::keys::public_path(&self.centre_key()).display(),
        );
        std::fs::write(&config, text).unwrap();
        let province = Process::start(
            "province",
            &["--log-format", "json", "province", "--config", config.to_str().unwrap()],
            self.folder.path(),
        );
        wait_for("the province to be ready", 15, || {
            get(self.province_port, "/healthz").ok().filter(|answer| answer.status == 200)
        });
        province
    }

    /// The province's incidents, the newest first.
    pub fn incidents(&self) -> Vec<Value> {
        let answer = get_json(self.province_port, "/api/incidents?limit=200");
        answer["incidents"].as_array().cloned().unwrap_or_default()
    }

    /// One incident with its events and files.
    pub fn incident(&self, id: &str) -> Value {
        get_json(self.province_port, &format!("/api/incidents/{id}"))
    }

    /// No event of the incident is stored twice, and none of the centre's is missing: what tells of signed documents is
    /// numbered among them.
    pub fn has_each_event_once(&self, incident: &Value) {
        let events = incident["events"].as_array().unwrap();
        let all: Vec<i64> = events.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
        let once: std::collections::BTreeSet<i64> = all.iter().copied().collect();
        assert_eq!(once.len(), all.len(), "stored twice: {all:?}");
        wait_for("every event at the province", 20, || {
            let centres = get_json(self.province_port, "/api/centres");
            (centres["centres"][0]["events_missing"] == 0).then_some(())
        });
    }

    /// Waits for an incident of this kind at the province.
    pub fn wait_for_incident(&self, kind: &str, seconds: u64) -> Value {
        wait_for(&format!("a {kind} incident at the province"), seconds, || {
            self.incidents().into_iter().find(|incident| incident["kind"] == kind)
        })
    }

    /// Waits until an incident's file of this role is stored, and gives the file.
    pub fn wait_for_file(&self, incident: &str, role: &str, seconds: u64) -> Value {
        wait_for(&format!("the {role} of {incident} at the province"), seconds, || {
            let files = self.incident(incident)["files"].as_array().cloned().unwrap_or_default();
            files.into_iter().find(|file| file["role"] == role && file["state"] == "stored")
        })
    }
}

/// Quick rules, so that a test need not wait.
pub const LOUD_RULE: &str = r#"
[[rule]]
kind = "raised-voices"
hold = "1s"
cool_down = "5s"
sound_may_leave = true
"#;
