//! A real mosquitto for a test: started on a free port, killed when dropped, and able to be frozen,
//! killed and brought back on the same port.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running broker and its folder.
pub struct Mosquitto {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    secure_port: Option<u16>,
    child: Child,
    folder: tempfile::TempDir,
}

impl Mosquitto {
    /// Starts a broker to which `extra` lines of configuration are added.
    pub fn start(extra: &str) -> Self {
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            configure(folder.path(), port, extra);
            let child = launch(folder.path());
            let mut broker = Self { port, secure_port: None, child, folder };
            if broker.answers() {
                return broker;
            }
        }
        panic!("mosquitto does not start");
    }

    /// Starts a broker with the configuration of deploy/mosquitto, on free ports, with `ca.pem`, `broker.pem` and
    /// `broker.key.pem` of that folder. The province's password is `geheim`.
    pub fn secure(files: &Path) -> Self {
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let free = || TcpListener::bind("127.0.0.1:0").unwrap();
            let (one, two) = (free(), free());
            let port_of = |listener: &TcpListener| listener.local_addr().unwrap().port();
            let (port, secure_port) = (port_of(&one), port_of(&two));
            drop((one, two));
            configure_securely(folder.path(), files, port, secure_port);
            let child = launch(folder.path());
            let mut broker = Self { port, secure_port: Some(secure_port), child, folder };
            if broker.answers() {
                return broker;
            }
        }
        panic!("mosquitto does not start");
    }

    /// Where it listens with TLS.
    pub fn secure_port(&self) -> u16 {
        self.secure_port.expect("it was started without TLS")
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Brings a killed broker back on the same port.
    pub fn restart(&mut self) {
        self.child = launch(self.folder.path());
        assert!(self.answers(), "mosquitto does not come back");
    }

    /// Brings a killed broker back with other lines added to its configuration.
    pub fn restart_with(&mut self, extra: &str) {
        configure(self.folder.path(), self.port, extra);
        self.restart();
    }

    /// Stops the process without ending it, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        assert!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success()
        );
    }

    fn answers(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(folder: &Path, port: u16, extra: &str) {
    let open = if extra.contains("allow_anonymous") { "" } else { "allow_anonymous true\n" };
    let config = format!(
        "listener {port} 127.0.0.1\n{open}persistence true\nautosave_interval 1\n\
         max_queued_messages 10000\nset_tcp_nodelay true\npersistence_location {}/\nlog_dest stderr\n{extra}\n",
        folder.display()
    );
    std::fs::write(folder.join("mosquitto.conf"), config).unwrap();
}

/// The deployed files, with paths and ports of this test.
fn configure_securely(folder: &Path, files: &Path, port: u16, secure_port: u16) {
    let deployed = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/mosquitto");
    for name in ["ca.pem", "broker.pem", "broker.key.pem"] {
        std::fs::copy(files.join(name), folder.join(name)).unwrap();
    }
    for name in ["centres.acl", "province.acl"] {
        std::fs::copy(deployed.join(name), folder.join(name)).unwrap();
    }
    let made = Command::new("mosquitto_passwd")
        .args(["-b", "-c"])
        .arg(folder.join("passwords"))
        .args(["province", "geheim"])
        .status();
    assert!(made.expect("mosquitto_passwd is not installed").success());
    let config = std::fs::read_to_string(deployed.join("quaywatch.conf")).unwrap();
    let config = config
        .replace("/etc/mosquitto/quaywatch", folder.to_str().unwrap())
        .replace("/var/lib/mosquitto/", &format!("{}/", folder.display()))
        .replace("listener 8883", &format!("listener {secure_port} 127.0.0.1"))
        .replace("listener 1883 ", &format!("listener {port} "));
    // The test runs as root, and mosquitto would give that up and lose its folder.
    std::fs::write(folder.join("mosquitto.conf"), format!("user root\nlog_dest stderr\n{config}")).unwrap();
}

fn launch(folder: &Path) -> Child {
    let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].into_iter().find(|p| Path::new(p).exists());
    Command::new(program.unwrap_or("mosquitto"))
        .arg("-c")
        .arg(folder.join("mosquitto.conf"))
        // A test runs as root, and mosquitto would give up root and lose the folder.
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .expect("mosquitto is not installed")
}
