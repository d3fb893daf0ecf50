//! The rules over cameras: what makes an incident, where, for how long it must last, who hears of it.
//!
//! A kind without a `[[rule]]` of its own has its default rule, which is what an empty `[[rule]]` of
//! that kind would be, wherever a camera fits it.

mod condition;

mod defaults;

mod places;

mod schedule;

mod usual;

use std::time::Duration;

pub use condition::{Condition, Sense};
pub use defaults::Unwatched;
pub use schedule::Schedule;

use super::box_rule::{BOX_KINDS, BoxRule, box_rule};
use super::camera::{Camera, Listed, Zone};
use super::hours::Hours;
use super::reader::Table;
use super::value::{Taken, Value, quoted};
use crate::model::{CameraId, Kind, Severity};

const HOUR: Duration = Duration::from_secs(3600);

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its kind and which of that kind it is, counted from 1: `raised-voices-1`. The default rule
    /// of a kind has the kind alone for its name.
    pub name: String,
    /// The cameras that it watches, at least one.
    pub cameras: Vec<CameraId>,
    /// The names of the zones that it watches. If empty, those whose purpose fits its kind; see
    /// [`Rule::watched_in`].
    pub zones: Vec<String>,
    /// How much its incidents matter.
    pub severity: Severity,
    /// For how long the condition must hold before it is an incident.
    pub hold: Duration,
    /// For how long after an incident the same camera (and zone) starts no new one.
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

impl Rule {
    /// What it watches in the picture of `camera`, each on its own: zones, or the whole picture
    /// (`None`). Nothing, if it does not watch that camera.
    pub fn watched_in<'c>(&self, camera: &'c Camera) -> Vec<Option<&'c Zone>> {
        if !self.cameras.contains(&camera.id) {
            return vec![];
        }
        places::watched(self.condition.kind(), &self.zones, camera)
    }

    /// Whether it is there without a line in the file.
    pub fn is_default(&self) -> bool {
        self.name == self.condition.kind().as_str()
    }
}

/// The kinds that rules over cameras can have.
const KINDS: [Kind; 14] = [
    Kind::CounterUnattended,
    Kind::LongWait,
    Kind::Crowding,
    Kind::AfterHours,
    Kind::RaisedVoices,
    Kind::Scream,
    Kind::BreakingGlass,
    Kind::AlarmSound,
    Kind::AudioLost,
    Kind::CameraCovered,
    Kind::CameraMoved,
    Kind::CameraBlurred,
    Kind::PictureFrozen,
    Kind::CameraLost,
];

/// Which keys belong to every kind.
const KEYS_OF_ALL: [&str; 7] =
    ["enabled", "cameras", "severity", "hold", "cool_down", "max_per_hour", "schedule"];

/// What rules are read against.
pub(super) struct Surroundings<'a> {
    /// The cameras, as far as they could be read.
    pub(super) cameras: &'a [Listed],
    /// When the centre is open, and which days do not follow the week.
    pub(super) hours: &'a Hours,
    /// Whether opening hours are written down at all.
    pub(super) has_hours: bool,
    /// Whether kinds without a `[[rule]]` have their default rule.
    pub(super) default_rules: bool,
}

/// Every rule of a file.
pub(super) struct Rules {
    /// Those over cameras: as written, then the default ones.
    pub(super) over_cameras: Vec<Rule>,
    /// One of each kind about the box.
    pub(super) of_box: Vec<BoxRule>,
    /// The kinds over cameras that no rule watches for, and why.
    pub(super) unwatched: Vec<Unwatched>,
}

/// Reads every `[[rule]]`, and adds what holds without one.
pub(super) fn rules(root: &mut Table<'_>, around: &Surroundings<'_>) -> Option<Rules> {
    let mut counts = KINDS.map(|kind| (kind, 0u32));
    let mut taken = Taken::new();
    let written: Vec<_> = root
        .tables("rule", "rule")
        .into_iter()
        .map(|table| rule(table, around, &mut counts, &mut taken))
        .collect();
    let (mut over_cameras, mut of_box) = (vec![], BOX_KINDS.map(BoxRule::unwritten).to_vec());
    for written in written {
        match written? {
            Written::Camera(rule) => over_cameras.push(rule),
            Written::Off => {}
            Written::Box(rule) => {
                of_box
                    .iter_mut()
                    .filter(|known| known.kind == rule.kind)
                    .for_each(|known| *known = rule.clone());
            }
        }
    }
    let unwritten = counts.iter().filter(|(_, count)| *count == 0).map(|(kind, _)| *kind);
    let (defaults, mut unwatched) = defaults::defaults(root, around, unwritten);
    over_cameras.extend(defaults);
    unwatched.extend(defaults::switched_off(&counts, &over_cameras));
    Some(Rules { over_cameras, of_box, unwatched })
}

/// What a `[[rule]]` is about.
enum Written {
    Camera(Rule),
    Box(BoxRule),
    Off,
}

fn rule(
    mut table: Table<'_>,
    around: &Surroundings<'_>,
    counts: &mut [(Kind, u32)],
    taken: &mut Taken,
) -> Option<Written> {
    let Some(kind) = table.required("kind", "\"raised-voices\"", |value| kind(&value)) else {
        // Without its kind there is no telling what belongs in a rule, only what never does.
        let keys = KEYS_OF_ALL.into_iter().chain(condition::KEYS_OF_KINDS.map(|(key, _)| key));
        keys.for_each(|key| drop(table.value(key)));
        table.finish();
        return None;
    };
    table.call(format!("{} ({kind})", table.who()));
    if BOX_KINDS.contains(&kind) {
        condition::refuse_keys_of_others(&mut table, kind);
        return box_rule(table, kind, taken).map(Written::Box);
    }
    let count = counts.iter_mut().find(|(known, _)| *known == kind).map(|(_, count)| {
        *count += 1;
        *count
    });
    let name = format!("{kind}-{}", count?);
    let is_on = table.or("enabled", true, |value| value.truth());
    let rule = read(table, kind, name, around);
    Some(if is_on? { Written::Camera(rule?) } else { Written::Off })
}

/// Reads what follows after the kind.
fn read(mut table: Table<'_>, kind: Kind, name: String, around: &Surroundings<'_>) -> Option<Rule> {
    condition::refuse_keys_of_others(&mut table, kind);
    let places = places::read(&mut table, kind, around.cameras);
    let usual = usual::usual(kind);
    let severities = [Severity::Notice, Severity::Warning, Severity::Urgent].map(|s| (s.as_str(), s));
    let severity = table.or("severity", usual.severity, |value| value.word(&severities));
    let hold = table.or("hold", usual.hold, |value| value.duration(usual.holds));
    let minute = Duration::from_secs(60);
    let cool_down = table.or("cool_down", minute, |value| value.duration(Duration::ZERO..=24 * HOUR));
    let max_per_hour = table.or("max_per_hour", 12, |value| value.count(1..=1000));
    let schedule = schedule::read(&mut table, usual.schedule, around);
    let condition = condition::read(&mut table, kind, hold);
    let sound_may_leave =
        if kind.is_heard() { table.or("sound_may_leave", false, |value| value.truth()) } else { Some(false) };
    table.finish();
    let (cameras, zones) = places?;
    Some(Rule {
        name,
        cameras: cameras.into_iter().map(|id| CameraId::new(&id).ok()).collect::<Option<_>>()?,
        zones,
        severity: severity?,
        hold: hold?,
        cool_down: cool_down?,
        max_per_hour: max_per_hour?,
        schedule: schedule?,
        sound_may_leave: sound_may_leave?,
        condition: condition?,
    })
}

fn kind(value: &Value<'_>) -> Option<Kind> {
    let text = value.text()?;
    let available: Vec<_> = KINDS.iter().chain(&BOX_KINDS).map(|kind| kind.as_str()).collect();
    let available = available.join(", ");
    match Kind::parse(text) {
        Some(kind) if KINDS.contains(&kind) || BOX_KINDS.contains(&kind) => Some(kind),
        Some(kind) => value.wrong(format!("{} has no rule: use {available}", quoted(kind.as_str()))),
        None => value.wrong(format!("{} is not known: use {available}", quoted(text))),
    }
}
