//! What a configuration means, in plain words, a line a camera and a rule.

use super::box_rule::BoxRule;
use super::camera::{AudioUse, Camera};
use super::edge::{EdgeConfig, Storage};
use super::rule::{Condition, Rule, Schedule};
use super::units::{show_duration, show_size};
use crate::model::{Kind, Severity};

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
                    "province by {}:{}{} under {}: events and {files}, clips from {}{}",
                    broker.host,
                    broker.port,
                    if broker.secure { " with TLS" } else { "" },
                    link.root,
                    link.clip_stream,
                    link.rate.shown().map_or(String::new(), |rate| format!(", files at {rate} at most"))
                )
            }
        },
    ];
    lines.extend(config.web.iter().map(|web| match (&web.tls, web.behind_proxy) {
        (Some(_), _) => format!("web: https://{}", web.listen),
        (None, true) => format!("web: http://{}, behind a proxy", web.listen),
        (None, false) => format!("web: http://{}, for this machine alone", web.listen),
    }));
    let notice = &config.notice;
    let said = [("contact", &notice.contact), ("basis", &notice.basis), ("address", &notice.address)];
    let said = said.into_iter().filter_map(|(what, text)| Some(format!(", {what}: {}", text.as_deref()?)));
    let said: String = said.collect();
    lines.push(format!("notice: recorded by {}{said}", notice.by));
    lines.extend(config.cameras.iter().map(|one| camera(one, storage)));
    lines.extend(config.rules.iter().map(|rule| rule_line(rule, &config.cameras)));
    lines.extend(unwatched(config));
    let of_box = config.box_rules.iter().map(|rule| format!("{} ({})", rule.kind, rule.severity.as_str()));
    lines.push(format!("the box itself: {}", join(&of_box.collect::<Vec<_>>())));
    let is_written = |rule: &&BoxRule| **rule != BoxRule::unwritten(rule.kind);
    lines.extend(config.box_rules.iter().filter(is_written).map(box_rule_line));
    lines
}

/// The kinds that no rule watches for, those with one reason together.
fn unwatched(config: &EdgeConfig) -> Vec<String> {
    let mut whys: Vec<&str> = vec![];
    for unwatched in &config.unwatched {
        if !whys.contains(&unwatched.why) {
            whys.push(unwatched.why);
        }
    }
    let line = |why: &&str| {
        let kinds = config.unwatched.iter().filter(|unwatched| unwatched.why == *why);
        format!(
            "not watched for: {} ({why})",
            join(&kinds.map(|unwatched| unwatched.kind).collect::<Vec<_>>())
        )
    };
    whys.iter().map(line).collect()
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

fn rule_line(rule: &Rule, cameras: &[Camera]) -> String {
    let hold =
        if rule.hold.is_zero() { String::new() } else { format!(", for {}", show_duration(rule.hold)) };
    let when = match &rule.schedule {
        Schedule::Always => "at all times".to_owned(),
        Schedule::Open => "during opening hours".to_owned(),
        Schedule::Closed => "outside opening hours".to_owned(),
        Schedule::Deserted => {
            "outside opening hours, but not in lunch breaks nor an hour before or after".to_owned()
        }
        Schedule::Own(hours) => hours.plan(),
    };
    let goes = match (rule.severity, rule.sound_may_leave) {
        (Severity::Notice, _) => "stays here unless the province asks",
        (_, true) => "goes to the province, with its sound",
        (_, false) => "goes to the province",
    };
    format!(
        "rule {}{}: {}{hold}; {}, {when}: {}, {goes}; then quiet for {}, at most {} an hour",
        rule.name,
        if rule.is_default() { " (default)" } else { "" },
        what(&rule.condition),
        places(rule, cameras),
        rule.severity.as_str(),
        show_duration(rule.cool_down),
        rule.max_per_hour
    )
}

fn what(condition: &Condition) -> String {
    match condition {
        Condition::CounterUnattended { hold_with_citizen } => {
            let with = show_duration(*hold_with_citizen);
            format!("nobody behind the counter ({with} while a citizen stands there)")
        }
        Condition::LongWait => "somebody waits".to_owned(),
        Condition::Crowding { min_people } => format!("{min_people} people or more"),
        Condition::AfterHours { min_score } => format!("a person, with a score of at least {min_score}"),
        Condition::RaisedVoices { over_baseline_db, min_level_dbfs } => {
            format!("{over_baseline_db} dB over the room's usual level and at least {min_level_dbfs} dBFS")
        }
        Condition::Scream { min_score, min_level_dbfs } => {
            format!("a scream, with a mean score of at least {min_score} and at least {min_level_dbfs} dBFS")
        }
        Condition::SoundOf { sound, min_score } => {
            let sound = match sound {
                Kind::BreakingGlass => "breaking glass, with a score",
                _ => "an alarm, with a mean score",
            };
            format!("{sound} of at least {min_score}")
        }
        Condition::AudioLost => "the microphone is dead".to_owned(),
        Condition::CameraCovered => "the lens is covered".to_owned(),
        Condition::CameraMoved => "the camera looks elsewhere".to_owned(),
        Condition::CameraBlurred => "the picture is out of focus".to_owned(),
        Condition::PictureFrozen => "the picture stands still".to_owned(),
        Condition::CameraLost => "a camera sends nothing".to_owned(),
    }
}

/// Which cameras, with their zones where a rule watches zones.
fn places(rule: &Rule, cameras: &[Camera]) -> String {
    let place = |camera: &Camera| {
        let zones = rule.watched_in(camera).into_iter().flatten();
        let zones: Vec<_> = zones.map(|zone| zone.name.as_str()).collect();
        if zones.is_empty() { camera.id.to_string() } else { format!("{} ({})", camera.id, zones.join(", ")) }
    };
    let places = || cameras.iter().filter(|camera| rule.cameras.contains(&camera.id)).map(place);
    let is_whole = cameras.iter().all(|camera| rule.watched_in(camera) == [None]);
    if is_whole { "every camera".to_owned() } else { join(&places().collect::<Vec<_>>()) }
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
