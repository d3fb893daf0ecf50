//! What a configuration means, in plain words, a line a camera and a rule.

use super::box_rule::BoxRule;
use super::camera::{AudioUse, Camera};
use super::edge::{EdgeConfig, Storage};
use super::rule::{Condition, Rule, Schedule};
use super::units::{show_duration, show_size};
use crate::model::Severity;

/// One line for the centre, the storage and the province, and for each camera and rule. Shows no
/// address in full and no password.
pub fn summary(config: &EdgeConfig) -> Vec<String> {
    let centre = &config.centre;
    let storage = &config.storage;
    let mut lines = vec![
        format!("centre {} ({}): open {}", centre.id, centre.name, centre.hours),
        format!(
            "storage {}: main {}, sub {}, {} left free, for: {}",
            storage.path.display(),
            show_duration(storage.keep),
            show_duration(storage.sub_keep),
            show_size(storage.reserve_bytes),
            storage.purpose
        ),
        match &config.province {
            None => "province: none, everything stays here".to_owned(),
            Some(link) => {
                let send = &link.send;
                let files = [("still", send.still), ("sound", send.sound), ("clip", send.clip)];
                let files: Vec<_> = files.iter().filter(|(_, yes)| *yes).map(|(word, _)| *word).collect();
                let files = if files.is_empty() { "nothing else".to_owned() } else { files.join(", ") };
                let broker = &link.broker;
                format!(
                    "province by {}:{} under {}: events and {files}, clips from {}",
                    broker.host, broker.port, link.root, link.clip_stream
                )
            }
        },
    ];
    lines.extend(config.web.iter().map(|listen| format!("web: http://{listen}, for this machine alone")));
    lines.extend(config.cameras.iter().map(|one| camera(one, storage)));
    lines.extend(config.rules.iter().map(|rule| rule_line(rule, config.cameras.len())));
    let of_box = config.box_rules.iter().map(|rule| format!("{} ({})", rule.kind, rule.severity.as_str()));
    lines.push(format!("the box itself: {}", join(&of_box.collect::<Vec<_>>())));
    let is_written = |rule: &&BoxRule| **rule != BoxRule::unwritten(rule.kind);
    lines.extend(config.box_rules.iter().filter(is_written).map(box_rule_line));
    lines
}

fn camera(camera: &Camera, storage: &Storage) -> String {
    let sub = if camera.sub.is_some() { "main and sub" } else { "main only" };
    let sound = match camera.audio {
        AudioUse::Record => "sound recorded",
        AudioUse::Level => "sound measured, not kept",
        AudioUse::Off => "no sound",
    };
    let zones = match camera.zones.len() {
        0 => String::new(),
        count => format!(", zones: {count}"),
    };
    let host = camera.main.host_str().unwrap_or_default();
    let mut kept = String::new();
    if (camera.keep, camera.sub_keep) != (storage.keep, storage.sub_keep) {
        kept += &format!(", kept {} and {}", show_duration(camera.keep), show_duration(camera.sub_keep));
    }
    if let Some(most) = camera.keep_size {
        kept += &format!(", at most {}", show_size(most));
    }
    format!("camera {} ({}): {sub} from {host}, {sound}{zones}{kept}", camera.id, camera.name)
}

fn rule_line(rule: &Rule, all: usize) -> String {
    let what = match rule.condition {
        Condition::RaisedVoices { over_baseline_db, min_level_dbfs } => {
            format!("{over_baseline_db} dB over the room's usual level and at least {min_level_dbfs} dBFS")
        }
        Condition::AfterHours { min_motion_percent } => {
            format!("motion in at least {min_motion_percent} % of the picture")
        }
        Condition::CameraLost => "a camera sends nothing".to_owned(),
    };
    let whole = if rule.cameras.len() == all { "every camera".to_owned() } else { join(&rule.cameras) };
    let zones = if rule.zones.is_empty() { String::new() } else { format!(", zones {}", join(&rule.zones)) };
    let hold =
        if rule.hold.is_zero() { String::new() } else { format!(", for {}", show_duration(rule.hold)) };
    let when = match rule.schedule {
        Schedule::Always => "at all times",
        Schedule::Open => "during opening hours",
        Schedule::Closed => "outside opening hours",
    };
    let goes = match (rule.severity, rule.sound_may_leave) {
        (Severity::Notice, _) => "stays here unless the province asks",
        (_, true) => "goes to the province, with its sound",
        (_, false) => "goes to the province",
    };
    format!(
        "rule {}: {what}{hold}; {whole}{zones}, {when}: {}, {goes}; then quiet for {}, at most {} an hour",
        rule.name,
        rule.severity.as_str(),
        show_duration(rule.cool_down),
        rule.max_per_hour
    )
}

fn box_rule_line(rule: &BoxRule) -> String {
    let hold = if rule.hold.is_zero() { String::new() } else { format!(" for {}", show_duration(rule.hold)) };
    let goes = match rule.severity {
        Severity::Notice => "stays here unless the province asks",
        Severity::Warning | Severity::Urgent => "goes to the province",
    };
    format!(
        "rule {}{hold}: {}, {goes}; then quiet for {}, at most {} an hour",
        rule.kind,
        rule.severity.as_str(),
        show_duration(rule.cool_down),
        rule.max_per_hour
    )
}

fn join(list: &[impl ToString]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
