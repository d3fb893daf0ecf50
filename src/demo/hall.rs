//! The parts of the demo: their configurations, their processes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::Settings;
use super::web::Visitor;
use crate::{clock, disk, keys};

/// The streams of the three cameras.
pub(super) const CAMERAS: usize = 6;

/// The simulated cameras, as they stand in the source tree.
const SIMULATOR: [(&str, &str); 9] = [
    ("cameras.py", include_str!("../../deploy/sim/cameras.py")),
    ("controls.py", include_str!("../../deploy/sim/controls.py")),
    ("live.py", include_str!("../../deploy/sim/live.py")),
    ("mounts.py", include_str!("../../deploy/sim/mounts.py")),
    ("picture.py", include_str!("../../deploy/sim/picture.py")),
    ("prebuilt.py", include_str!("../../deploy/sim/prebuilt.py")),
    ("settings.py", include_str!("../../deploy/sim/settings.py")),
    ("sound.py", include_str!("../../deploy/sim/sound.py")),
    ("stamp.py", include_str!("../../deploy/sim/stamp.py")),
];

const HOW: &str = "chạy / run: make demo";

/// Everything that runs.
pub(super) struct Hall {
    folder: PathBuf,
    pub province_port: u16,
    pub centre_port: u16,
    cameras: Child,
    control: ChildStdin,
    broker: Child,
    province: Child,
    edge: Child,
    /// Who asks the province.
    monitor: Option<Visitor>,
}

impl Hall {
    pub async fn start(settings: &Settings) -> anyhow::Result<Self> {
        let folder = settings.folder.clone();
        disk::make_folder(&folder)?;
        let (cameras, control, camera_port) = start_cameras(&folder, &settings.media).await?;
        let (broker_port, province_port, centre_port) = (free_port()?, free_port()?, free_port()?);
        let broker = start_broker(&folder, broker_port).await?;
        for key in [centre_key(&folder), province_key(&folder)] {
            keys::load_or_make(&key)?;
        }
        let province_config = folder.join("province.toml");
        let text = province_config_text(&folder, broker_port, province_port);
        disk::write_atomically(&province_config, text.as_bytes())?;
        let edge_config = folder.join("edge.toml");
        let text = edge_config_text(&folder, broker_port, camera_port, centre_port);
        disk::write_atomically(&edge_config, text.as_bytes())?;
        let province = start_role("province", &province_config, &folder)?;
        let edge = start_role("edge", &edge_config, &folder)?;
        Ok(Self {
            folder,
            province_port,
            centre_port,
            cameras,
            control,
            broker,
            province,
            edge,
            monitor: None,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn edge_log_path(&self) -> PathBuf {
        self.folder.join("edge.log")
    }

    /// The log of the centre, to be read while it is written.
    pub fn edge_log(&self) -> anyhow::Result<std::fs::File> {
        let path = self.edge_log_path();
        std::fs::File::open(&path).with_context(|| path.display().to_string())
    }

    pub fn storage(&self) -> PathBuf {
        self.folder.join("centre")
    }

    pub fn province_storage(&self) -> PathBuf {
        self.folder.join("province")
    }

    pub fn centre_public_key(&self) -> PathBuf {
        keys::public_path(&centre_key(&self.folder))
    }

    pub fn camera_log(&self) -> PathBuf {
        self.folder.join("cameras.jsonl")
    }

    pub async fn tell_cameras(&mut self, order: &Value) -> anyhow::Result<()> {
        self.control.write_all(format!("{order}\n").as_bytes()).await.context("the simulated cameras ended")
    }

    /// Fails if one of the parts has ended.
    pub fn still_runs(&mut self) -> anyhow::Result<()> {
        let parts = [
            ("the simulated cameras", &mut self.cameras, "cameras.log"),
            ("mosquitto", &mut self.broker, "mosquitto.log"),
            ("the province", &mut self.province, "province.log"),
            ("the centre", &mut self.edge, "edge.log"),
        ];
        for (name, child, log) in parts {
            if let Some(status) = child.try_wait()? {
                bail!("{name} ended ({status}); its log is {}", self.folder.join(log).display());
            }
        }
        Ok(())
    }

    /// Signs in at the centre and at the province, and gives the passwords that count there from now on.
    pub async fn sign_in(&mut self) -> anyhow::Result<[String; 2]> {
        let (_, of_centre) = Visitor::first(self.centre_port, &said(&self.folder, "edge")).await?;
        let (visitor, of_province) =
            Visitor::first(self.province_port, &said(&self.folder, "province")).await?;
        self.monitor = Some(visitor);
        Ok([of_centre, of_province])
    }

    /// GET of a JSON answer of the province.
    pub async fn ask_province(&self, path: &str) -> anyhow::Result<Value> {
        self.monitor.as_ref().context("nobody is signed in at the province")?.get(path).await
    }

    pub async fn stop_edge(&mut self) -> anyhow::Result<()> {
        stop(&mut self.edge, "the centre").await
    }

    pub async fn stop_province(&mut self) -> anyhow::Result<()> {
        stop(&mut self.province, "the province").await
    }
}

async fn stop(child: &mut Child, name: &str) -> anyhow::Result<()> {
    if let Some(pid) =
        child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw)
    {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
    }
    match tokio::time::timeout(Duration::from_secs(30), child.wait()).await {
        Ok(status) if status.as_ref().is_ok_and(std::process::ExitStatus::success) => Ok(()),
        Ok(status) => bail!("{name} did not end well: {}", status?),
        Err(_) => bail!("{name} did not end within 30 s"),
    }
}

fn centre_key(folder: &Path) -> PathBuf {
    folder.join("centre-keys/evidence.pem")
}

fn province_key(folder: &Path) -> PathBuf {
    folder.join("province-keys/province.pem")
}

fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn start_cameras(folder: &Path, media: &Path) -> anyhow::Result<(Child, ChildStdin, u16)> {
    let file = |name: &str| -> anyhow::Result<PathBuf> {
        let path = media.join(name);
        if !path.exists() {
            bail!("thiếu tệp / {} is missing; {HOW}", path.display());
        }
        Ok(std::path::absolute(path)?)
    };
    let (vtest, speech, calm) = (file("vtest.avi")?, file("speech.wav")?, file("calm.wav")?);
    let camera = |id: &str, audio: &str, sound: &Path, start: u32| {
        let main = json!({"mount": format!("/{id}/main"), "media": vtest, "media_start": start, "size": [768, 576],
            "fps": 10, "codec": "h264", "gop_s": 2.0, "kbps": 1000, "audio": audio, "sound": sound});
        let sub = json!({"mount": format!("/{id}/sub"), "media": vtest, "media_start": start, "size": [384, 288],
            "fps": 5, "codec": "h264", "gop_s": 2.0, "kbps": 250, "audio": "none", "sound": "silence"});
        [main, sub]
    };
    let cameras: Vec<Value> = [
        camera("counter-1", "pcma", &speech, 0),
        camera("counter-2", "aac", &speech, 20),
        camera("gate", "pcmu", &calm, 40),
    ]
    .concat();
    let hall = json!({"port": 0, "log": folder.join("cameras.jsonl"), "cameras": cameras});
    let hall_path = folder.join("hall.json");
    disk::write_atomically(&hall_path, hall.to_string().as_bytes())?;
    let scripts = folder.join("sim");
    disk::make_folder(&scripts)?;
    for (name, text) in SIMULATOR {
        disk::write_atomically(&scripts.join(name), text.as_bytes())?;
    }
    let mut child = Command::new("/usr/bin/python3")
        .arg(scripts.join("cameras.py"))
        .arg("--exit-on-eof")
        .arg(&hall_path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.join("cameras.log"))?)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("/usr/bin/python3; {HOW}"))?;
    let (control, said) = (child.stdin.take(), child.stdout.take());
    let (Some(control), Some(said)) = (control, said) else { bail!("the simulated cameras have no pipes") };
    let mut line = String::new();
    let mut said = BufReader::new(said);
    tokio::time::timeout(Duration::from_secs(30), said.read_line(&mut line))
        .await
        .context("the simulated cameras did not start within 30 s")??;
    let ready: Value = serde_json::from_str(&line).with_context(|| {
        format!("the simulated cameras did not start; their log is {}", folder.join("cameras.log").display())
    })?;
    let port = ready.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    Ok((child, control, port.context("the simulated cameras name no port")?))
}

async fn start_broker(folder: &Path, port: u16) -> anyhow::Result<Child> {
    let config = folder.join("mosquitto.conf");
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 10000\n"
    );
    disk::write_atomically(&config, text.as_bytes())?;
    // Debian keeps it where ordinary users do not look.
    let program =
        ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].into_iter().find(|p| Path::new(p).exists());
    let child = Command::new(program.unwrap_or("mosquitto"))
        .arg("-c")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("mosquitto.log"))?)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("mosquitto; {HOW}"))?;
    let deadline = clock::now().mono.plus(Duration::from_secs(10));
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if clock::now().mono >= deadline {
            bail!("mosquitto did not start; its log is {}", folder.join("mosquitto.log").display());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(child)
}

/// Where a role says its results.
fn said(folder: &Path, role: &str) -> PathBuf {
    folder.join(format!("{role}.out"))
}

fn start_role(role: &str, config: &Path, folder: &Path) -> anyhow::Result<Child> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--log-format", "json", role, "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(said(folder, role))?)
        .stderr(std::fs::File::create(folder.join(format!("{role}.log")))?)
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}

fn province_config_text(folder: &Path, broker: u16, web: u16) -> String {
    format!(
        r#"[province]
name = "Tỉnh (chạy thử)"
broker = "mqtt://127.0.0.1:{broker}"
identity = "{identity}"

[storage]
path = "{storage}"
reserve = "100MB"

[web]
listen = "127.0.0.1:{web}"

[[centre]]
id = "xuan-lung"
name = "Xã Xuân Lũng"
keys = "{keys}"
"#,
        identity = province_key(folder).display(),
        storage = folder.join("province").display(),
        keys = keys::public_path(&centre_key(folder)).display(),
    )
}

fn edge_config_text(folder: &Path, broker: u16, cameras: u16, web: u16) -> String {
    let camera = |id: &str, name: &str| {
        format!(
            "\n[[camera]]\nid = \"{id}\"\nname = \"{name}\"\nmain = \"rtsp://127.0.0.1:{cameras}/{id}/main\"\n\
             sub = \"rtsp://127.0.0.1:{cameras}/{id}/sub\"\n"
        )
    };
    format!(
        r#"[centre]
id = "xuan-lung"
name = "Trung tâm Phục vụ hành chính công xã Xuân Lũng (chạy thử)"
# Never open, so that whoever walks before the gate is there after hours.
hours = []
default_rules = false

[storage]
path = "{storage}"
keep = "1d"
reserve = "100MB"
purpose = "chạy thử"
segment = "20s"

[web]
listen = "127.0.0.1:{web}"

[province]
broker = "mqtt://127.0.0.1:{broker}"
identity = "{identity}"
trust = "{trust}"

[[rule]]
kind = "raised-voices"
hold = "1s"
cool_down = "10s"
sound_may_leave = true

[[rule]]
kind = "after-hours"
cameras = ["gate"]
cool_down = "10s"

[[rule]]
kind = "camera-lost"
cool_down = "5s"
{counter_1}{counter_2}{gate}"#,
        storage = folder.join("centre").display(),
        identity = centre_key(folder).display(),
        trust = keys::public_path(&province_key(folder)).display(),
        counter_1 = camera("counter-1", "Quầy 1"),
        counter_2 = camera("counter-2", "Quầy 2"),
        gate = camera("gate", "Cổng"),
    )
}
