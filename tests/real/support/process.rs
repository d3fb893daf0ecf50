//! Our own binary as a process whose log can be read, and that never outlives its test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

use super::{http, wait_for};

pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts `quaywatch` with these arguments; its log goes to a file in `folder`.
    pub fn start(name: &str, args: &[&str], folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
        command.args(args);
        Self::spawn(name, command, folder)
    }

    /// Starts any command; its stderr goes to a file in `folder`.
    pub fn spawn(name: &str, mut command: Command, folder: &Path) -> Self {
        let n = std::fs::read_dir(folder).unwrap().count();
        let log = folder.join(format!("{name}-{n}.log"));
        let said = log.with_extension("out");
        http::expect_people(&command, &said);
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&said).unwrap())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap_or_else(|e| panic!("{name} cannot be started: {e}"));
        Self { child, name: name.to_owned(), log }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The log's JSON lines.
    pub fn log_lines(&self) -> Vec<Value> {
        self.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits until a line of the log contains `text`.
    pub fn wait_for_log(&self, text: &str, seconds: u64) {
        wait_for(&format!("{} to log {text:?}; its log:\n{}", self.name, self.log()), seconds, || {
            self.log().contains(text).then_some(())
        });
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success(), "{} cannot be sent SIG{signal}", self.name);
    }

    /// Waits for the end.
    pub fn wait(&mut self, seconds: u64) -> ExitStatus {
        let log = self.log.clone();
        let child = &mut self.child;
        wait_for(&format!("the end of {}, log {}", self.name, log.display()), seconds, || {
            child.try_wait().unwrap()
        })
    }

    /// SIGTERM, and the end within 20 s.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait(20)
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- the end of the log of {}:", self.name);
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
