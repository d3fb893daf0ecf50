//! What the centre's log tells, as it happens: each incident flagged, sent, stored.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde_json::Value;

use crate::clock;

/// An incident as the log tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    kind: String,
    camera: String,
    is_sent: bool,
    pub is_stored: bool,
}

/// Follows the log of a centre.
pub(super) struct Story {
    log: BufReader<File>,
    line: String,
    streams: BTreeSet<String>,
    pub incidents: BTreeMap<String, Told>,
}

impl Story {
    pub fn follow(log: File) -> Self {
        let log = BufReader::new(log);
        Self { log, line: String::new(), streams: BTreeSet::new(), incidents: BTreeMap::new() }
    }

    /// How many streams were seen streaming.
    pub fn streaming(&self) -> usize {
        self.streams.len()
    }

    /// Whether something flagged is not stored yet.
    pub fn has_unstored(&self) -> bool {
        self.incidents.values().any(|told| !told.is_stored)
    }

    /// The next thing worth telling, in words. Cancel safe: a line read half is kept.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            match self.log.read_line(&mut self.line) {
                Ok(0) => tokio::time::sleep(Duration::from_millis(50)).await,
                Ok(_) if !self.line.ends_with('\n') => {}
                Ok(_) => {
                    let line = std::mem::take(&mut self.line);
                    let told = serde_json::from_str::<Value>(&line).ok().and_then(|value| self.take(&value));
                    if told.is_some() {
                        return told;
                    }
                }
                Err(_) => return None,
            }
        }
    }

    fn take(&mut self, line: &Value) -> Option<String> {
        let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("message") == "camera" {
            if text("state") == "streaming" {
                self.streams.insert(text("stream"));
            }
            return None;
        }
        let (id, what) = (text("incident"), text("what"));
        let words = match (text("target").as_str(), what.as_str()) {
            ("incident", "flagged") => {
                let told = Told { kind: text("kind"), camera: text("camera"), ..Told::default() };
                self.incidents.insert(id.clone(), told);
                "phát hiện / flagged"
            }
            ("incident", "evidence") => "đã lập bằng chứng / evidence made",
            ("incident", "closed") => "kết thúc / over",
            ("forward", "sent") => {
                let told = self.incidents.get_mut(&id).filter(|told| !told.is_sent)?;
                told.is_sent = true;
                "đã gửi / sent"
            }
            ("forward", "stored") => {
                let told = self.incidents.get_mut(&id)?;
                match text("class").as_str() {
                    "clip" => "tỉnh đã lưu đoạn video / clip stored at the province",
                    "event" if !std::mem::replace(&mut told.is_stored, true) => {
                        "tỉnh đã lưu sự việc / stored at the province"
                    }
                    _ => return None,
                }
            }
            ("forward", "quarantined") => "không gửi được, đã để riêng / put aside, cannot be sent",
            _ => return None,
        };
        let told = self.incidents.get(&id)?;
        let clock = clock::now().wall.timestamp().strftime("%H:%M:%S%.1f").to_string();
        let short: String = id.chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
        Some(format!("{clock}  {:<14} {:<10} …{short}  {words}", told.kind, told.camera))
    }
}
