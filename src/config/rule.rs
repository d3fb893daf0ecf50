//! The rules: what makes an incident on which cameras, how long it must last, who hears of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::box_rule::{BOX_KINDS, BoxRule, box_rule};
use super::camera::{AudioUse, Listed};
use super::reader::Table;
use super::value::{Taken, Value, quoted};
use crate::model::{CameraId, Kind, Severity};

const HOUR: Duration = Duration::from_secs(3600);

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its kind and which of that kind it is, counted from 1: `raised-voices-1`.
    pub name: String,
    /// The cameras that it watches, at least one.
    pub cameras: Vec<CameraId>,
    /// The names of the zones that it watches; the whole picture, if empty.
    pub zones: Vec<String>,
    /// How much its incidents matter.
    pub severity: Severity,
    /// For how long the condition must hold before it is an incident.
    pub hold: Duration,
    /// For how long after an incident the same camera starts no new one.
    pub cool_down: Duration,
    /// How many incidents an hour; past it, one rolling incident with a count.
    pub max_per_hour: u32,
    /// When it watches.
    pub schedule: Schedule,
    /// Whether the sound excerpt of its incidents may leave the centre.
    pub sound_may_leave: bool,
    /// What it watches for.
    pub condition: Condition,
}

/// When a rule watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// At all times.
    Always,
    /// While the centre is open.
    Open,
    /// While the centre is closed.
    Closed,
}

/// What a rule watches for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// Voices well above the room's usual level.
    RaisedVoices {
        /// How far above the room's learned baseline, in dB.
        over_baseline_db: f64,
        /// And at least this loud, in dB of full scale.
        min_level_dbfs: f64,
    },
    /// Something moves outside opening hours.
    AfterHours {
        /// At least this share of the picture, in percent.
        min_motion_percent: f64,
    },
    /// The camera sends nothing.
    CameraLost,
}

impl Condition {
    /// The kind of incident that it makes.
    pub fn kind(&self) -> Kind {
        match self {
            Condition::RaisedVoices { .. } => Kind::RaisedVoices,
            Condition::AfterHours { .. } => Kind::AfterHours,
            Condition::CameraLost => Kind::CameraLost,
        }
    }
}

/// The kinds that rules over cameras can have in this version.
const KINDS: [Kind; 3] = [Kind::RaisedVoices, Kind::AfterHours, Kind::CameraLost];

/// Which keys belong to every kind.
const KEYS_OF_ALL: [&str; 6] = ["cameras", "severity", "hold", "cool_down", "max_per_hour", "schedule"];

/// Which keys belong to some kinds only.
const KEYS_OF_KINDS: [(&str, &[Kind]); 5] = [
    ("over_baseline_db", &[Kind::RaisedVoices]),
    ("min_level_dbfs", &[Kind::RaisedVoices]),
    ("sound_may_leave", &[Kind::RaisedVoices]),
    ("min_motion_percent", &[Kind::AfterHours]),
    ("zones", &[Kind::AfterHours]),
];

/// Reads every `[[rule]]`. `has_hours` says whether opening hours are written down.
/// Gives those over cameras, and one of each kind about the box.
pub(super) fn rules(
    root: &mut Table<'_>,
    cameras: &[Listed],
    has_hours: bool,
) -> Option<(Vec<Rule>, Vec<BoxRule>)> {
    let mut counts = [0u32; KINDS.len()];
    let mut taken = Taken::new();
    let written: Vec<_> = root
        .tables("rule", "rule")
        .into_iter()
        .map(|table| rule(table, cameras, has_hours, &mut counts, &mut taken))
        .collect();
    let (mut rules, mut box_rules) = (vec![], BOX_KINDS.map(BoxRule::unwritten).to_vec());
    for written in written {
        match written? {
            Written::Camera(rule) => rules.push(rule),
            Written::Box(rule) => {
                box_rules
                    .iter_mut()
                    .filter(|known| known.kind == rule.kind)
                    .for_each(|known| *known = rule.clone());
            }
        }
    }
    Some((rules, box_rules))
}

/// What a `[[rule]]` is about.
enum Written {
    Camera(Rule),
    Box(BoxRule),
}

fn rule(
    mut table: Table<'_>,
    cameras: &[Listed],
    has_hours: bool,
    counts: &mut [u32],
    taken: &mut Taken,
) -> Option<Written> {
    let Some(kind) = table.required("kind", "\"raised-voices\"", |value| kind(&value)) else {
        // Without its kind there is no telling what belongs in a rule, only what never does.
        let keys = KEYS_OF_ALL.into_iter().chain(KEYS_OF_KINDS.map(|(key, _)| key));
        keys.for_each(|key| drop(table.value(key)));
        table.finish();
        return None;
    };
    table.call(format!("{} ({kind})", table.who()));
    for (key, kinds) in KEYS_OF_KINDS.iter().filter(|(_, kinds)| !kinds.contains(&kind)) {
        let owners: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        table.refuse(key, &format!("{key} is for {} only: take it out", owners.join(" and ")));
    }
    if BOX_KINDS.contains(&kind) {
        return box_rule(table, kind, taken).map(Written::Box);
    }
    let cameras_of_rule = rule_cameras(&mut table, cameras, kind);
    let zones = match kind {
        Kind::AfterHours => rule_zones(&mut table, cameras, cameras_of_rule.as_deref()),
        _ => Some(vec![]),
    };
    let (severity, hold, schedule) = match kind {
        Kind::AfterHours => (Severity::Urgent, Duration::from_secs(1), Schedule::Closed),
        Kind::CameraLost => (Severity::Warning, Duration::ZERO, Schedule::Always),
        _ => (Severity::Warning, Duration::from_secs(1), Schedule::Always),
    };
    let severities = [Severity::Notice, Severity::Warning, Severity::Urgent].map(|s| (s.as_str(), s));
    let severity = table.or("severity", severity, |value| value.word(&severities));
    let hold = table.or("hold", hold, |value| value.duration(Duration::ZERO..=HOUR));
    let minute = Duration::from_secs(60);
    let cool_down = table.or("cool_down", minute, |value| value.duration(Duration::ZERO..=24 * HOUR));
    let max_per_hour = table.or("max_per_hour", 12, |value| value.count(1..=1000));
    let schedule = schedule_of(&mut table, schedule, has_hours);
    let condition = condition(&mut table, kind);
    let sound_may_leave =
        if kind.is_heard() { table.or("sound_may_leave", false, |value| value.truth()) } else { Some(false) };
    table.finish();
    let index = KINDS.iter().zip(counts.iter_mut()).find(|(known, _)| **known == kind).map(|(_, count)| {
        *count += 1;
        *count
    });
    Some(Written::Camera(Rule {
        name: format!("{kind}-{}", index?),
        cameras: cameras_of_rule?.into_iter().map(|id| CameraId::new(&id).ok()).collect::<Option<_>>()?,
        zones: zones?,
        severity: severity?,
        hold: hold?,
        cool_down: cool_down?,
        max_per_hour: max_per_hour?,
        schedule: schedule?,
        sound_may_leave: sound_may_leave?,
        condition: condition?,
    }))
}

fn kind(value: &Value<'_>) -> Option<Kind> {
    let text = value.text()?;
    let available: Vec<_> = KINDS.iter().chain(&BOX_KINDS).map(|kind| kind.as_str()).collect();
    let available = available.join(", ");
    match Kind::parse(text) {
        Some(kind) if KINDS.contains(&kind) || BOX_KINDS.contains(&kind) => Some(kind),
        Some(kind) => value
            .wrong(format!("{} is not available in this version: use {available}", quoted(kind.as_str()))),
        None => value.wrong(format!("{} is not known: use {available}", quoted(text))),
    }
}

fn condition(table: &mut Table<'_>, kind: Kind) -> Option<Condition> {
    match kind {
        Kind::RaisedVoices => {
            let over_baseline_db = table.or("over_baseline_db", 12.0, |value| value.number(3.0..=60.0));
            let min_level_dbfs = table.or("min_level_dbfs", -35.0, |value| value.number(-90.0..=0.0));
            Some(Condition::RaisedVoices {
                over_baseline_db: over_baseline_db?,
                min_level_dbfs: min_level_dbfs?,
            })
        }
        Kind::AfterHours => {
            let percent = table.or("min_motion_percent", 1.0, |value| value.number(0.05..=100.0));
            Some(Condition::AfterHours { min_motion_percent: percent? })
        }
        _ => Some(Condition::CameraLost),
    }
}

fn schedule_of(table: &mut Table<'_>, default: Schedule, has_hours: bool) -> Option<Schedule> {
    let words = [("always", Schedule::Always), ("open", Schedule::Open), ("closed", Schedule::Closed)];
    let schedule = table.or("schedule", default, |value| value.word(&words))?;
    if schedule != Schedule::Always && !has_hours {
        table.amiss(
            "it needs to know when the centre is open: \
             write hours = [\"mon-fri 07:30-11:30\"] under [centre], or schedule = \"always\" here",
        );
    }
    Some(schedule)
}

/// The ids of the rule's cameras as typed. By default all; to hear, all that have sound.
fn rule_cameras(table: &mut Table<'_>, cameras: &[Listed], kind: Kind) -> Option<Vec<String>> {
    let can_hear = |listed: &Listed| !kind.is_heard() || listed.audio != AudioUse::Off;
    let Some(value) = table.value("cameras") else {
        let all: Vec<_> = cameras.iter().filter(|c| can_hear(c)).map(|c| c.id.clone()).collect();
        if all.is_empty() && !cameras.is_empty() {
            table.amiss("no camera has sound to listen to: every one has audio = \"off\"");
        }
        return Some(all);
    };
    let items = value.list()?;
    if items.is_empty() {
        return value.wrong("is empty: name a camera, or take the line out for all of them");
    }
    let mut ids: Vec<String> = vec![];
    for item in &items {
        let Some(id) = item.text() else { continue };
        match cameras.iter().find(|listed| listed.id == id) {
            None => item.amiss::<()>(format!(
                "names {}, which is no camera here: use {}",
                quoted(id),
                names(cameras.iter().map(|listed| &listed.id))
            )),
            Some(listed) if !can_hear(listed) => {
                item.amiss(format!("names {}, which has audio = \"off\" and cannot be heard", quoted(id)))
            }
            Some(_) if ids.iter().any(|known| known == id) => {
                item.wrong(format!("names {} twice", quoted(id)))
            }
            Some(_) => None,
        };
        ids.push(id.to_owned());
    }
    Some(ids)
}

fn rule_zones(table: &mut Table<'_>, cameras: &[Listed], watched: Option<&[String]>) -> Option<Vec<String>> {
    let Some(value) = table.value("zones") else { return Some(vec![]) };
    let watched = watched.unwrap_or_default();
    let known: Vec<&String> =
        cameras.iter().filter(|c| watched.contains(&c.id)).flat_map(|c| &c.zones).collect();
    let mut zones = vec![];
    for item in value.list()? {
        let Some(name) = item.text() else { continue };
        if known.iter().any(|zone| *zone == name) {
            zones.push(name.to_owned());
        } else if known.is_empty() {
            item.amiss::<()>(format!("names {}, but the rule's cameras have no zones", quoted(name)));
        } else {
            item.amiss::<()>(format!(
                "names {}, which is no zone of the rule's cameras: use {}",
                quoted(name),
                names(known.iter().copied())
            ));
        }
    }
    Some(zones)
}

fn names<'a>(list: impl Iterator<Item = &'a String>) -> String {
    let names: BTreeSet<_> = list.filter(|name| !name.is_empty()).map(|name| quoted(name)).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
