//! What a rule watches for, with the thresholds of its kind.

use std::time::Duration;

use super::HOUR;
use crate::config::reader::Table;
use crate::config::units::show_duration;
use crate::model::Kind;

/// What a rule watches for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// Nobody is in a staff zone.
    CounterUnattended {
        /// The hold while a citizen stands in the nearest citizen zone; not longer than the rule's.
        hold_with_citizen: Duration,
    },
    /// Somebody has been in a zone for too long.
    LongWait,
    /// Many people at once.
    Crowding {
        /// At least so many, 2 or more.
        min_people: u32,
    },
    /// Somebody is there outside opening hours.
    AfterHours {
        /// How sure the model has to be of a person, 0 to 1.
        min_score: f64,
    },
    /// Voices well above the room's usual level.
    RaisedVoices {
        /// How far above the room's learned baseline, in dB.
        over_baseline_db: f64,
        /// And at least this loud, in dB of full scale.
        min_level_dbfs: f64,
    },
    /// A scream.
    Scream {
        /// How sure the model has to be in the mean of a second, 0 to 1.
        min_score: f64,
        /// How loud it is at least, in dB of full scale.
        min_level_dbfs: f64,
    },
    /// Breaking glass or an alarm.
    SoundOf {
        /// Which of them.
        sound: Kind,
        /// How sure the model has to be, 0 to 1; of an alarm, in the mean.
        min_score: f64,
    },
    /// The microphone is dead.
    AudioLost,
    /// Something covers the lens.
    CameraCovered,
    /// The camera looks elsewhere than before.
    CameraMoved,
    /// The picture is out of focus.
    CameraBlurred,
    /// The same picture comes again and again.
    PictureFrozen,
    /// The camera sends nothing.
    CameraLost,
}

/// What has to be observed of a camera for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sense {
    /// The people in its picture.
    People,
    /// The state of its picture.
    View,
    /// How loud it is, and whether that is speech.
    Level,
    /// Which sounds are heard.
    Sounds,
    /// Whether it sends at all.
    Stream,
}

impl Condition {
    /// The kind of incident that it makes.
    pub fn kind(&self) -> Kind {
        match self {
            Condition::CounterUnattended { .. } => Kind::CounterUnattended,
            Condition::LongWait => Kind::LongWait,
            Condition::Crowding { .. } => Kind::Crowding,
            Condition::AfterHours { .. } => Kind::AfterHours,
            Condition::RaisedVoices { .. } => Kind::RaisedVoices,
            Condition::Scream { .. } => Kind::Scream,
            Condition::SoundOf { sound, .. } => *sound,
            Condition::AudioLost => Kind::AudioLost,
            Condition::CameraCovered => Kind::CameraCovered,
            Condition::CameraMoved => Kind::CameraMoved,
            Condition::CameraBlurred => Kind::CameraBlurred,
            Condition::PictureFrozen => Kind::PictureFrozen,
            Condition::CameraLost => Kind::CameraLost,
        }
    }

    /// What has to be observed for it.
    pub fn sense(&self) -> Sense {
        match self {
            Condition::CounterUnattended { .. }
            | Condition::LongWait
            | Condition::Crowding { .. }
            | Condition::AfterHours { .. } => Sense::People,
            Condition::RaisedVoices { .. } | Condition::AudioLost => Sense::Level,
            Condition::Scream { .. } | Condition::SoundOf { .. } => Sense::Sounds,
            Condition::CameraCovered
            | Condition::CameraMoved
            | Condition::CameraBlurred
            | Condition::PictureFrozen => Sense::View,
            Condition::CameraLost => Sense::Stream,
        }
    }
}

/// The kinds that are about a part of the picture.
const IN_ZONES: &[Kind] = &[Kind::CounterUnattended, Kind::LongWait, Kind::Crowding, Kind::AfterHours];

/// The kinds whose sound may be part of the evidence.
const HEARD: &[Kind] = &[Kind::RaisedVoices, Kind::Scream, Kind::BreakingGlass, Kind::AlarmSound];

/// The kinds that a model is more or less sure of.
const SCORED: &[Kind] = &[Kind::AfterHours, Kind::Scream, Kind::BreakingGlass, Kind::AlarmSound];

/// Which keys belong to some kinds only.
pub(super) const KEYS_OF_KINDS: [(&str, &[Kind]); 7] = [
    ("zones", IN_ZONES),
    ("hold_with_citizen", &[Kind::CounterUnattended]),
    ("min_people", &[Kind::Crowding]),
    ("min_score", SCORED),
    ("over_baseline_db", &[Kind::RaisedVoices]),
    ("min_level_dbfs", &[Kind::RaisedVoices, Kind::Scream]),
    ("sound_may_leave", HEARD),
];

/// Notes the keys that belong to other kinds than `kind`.
pub(super) fn refuse_keys_of_others(table: &mut Table<'_>, kind: Kind) {
    for (key, kinds) in KEYS_OF_KINDS.iter().filter(|(_, kinds)| !kinds.contains(&kind)) {
        let owners: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        let owners = match owners.split_last() {
            Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
            _ => owners.concat(),
        };
        table.refuse(key, &format!("{key} is for {owners} only: take it out"));
    }
    table.refuse(
        "min_motion_percent",
        "min_motion_percent is gone: people are recognised now, not motion: take it out",
    );
}

/// Reads the thresholds of `kind`; `hold` is the rule's, where it could be read.
pub(super) fn read(table: &mut Table<'_>, kind: Kind, hold: Option<Duration>) -> Option<Condition> {
    let score = |table: &mut Table<'_>, usual| table.or("min_score", usual, |value| value.number(0.05..=1.0));
    let mean = |table: &mut Table<'_>, usual| table.or("min_score", usual, |value| value.number(0.01..=1.0));
    let level =
        |table: &mut Table<'_>, usual| table.or("min_level_dbfs", usual, |value| value.number(-90.0..=0.0));
    Some(match kind {
        Kind::CounterUnattended => {
            Condition::CounterUnattended { hold_with_citizen: hold_with_citizen(table, hold)? }
        }
        Kind::LongWait => Condition::LongWait,
        Kind::Crowding => {
            let min_people = table.or("min_people", 8, |value| value.count(2..=500))?;
            Condition::Crowding { min_people }
        }
        Kind::AfterHours => Condition::AfterHours { min_score: score(table, 0.5)? },
        Kind::RaisedVoices => {
            let over_baseline_db = table.or("over_baseline_db", 12.0, |value| value.number(3.0..=60.0));
            let min_level_dbfs = level(table, -35.0);
            Condition::RaisedVoices { over_baseline_db: over_baseline_db?, min_level_dbfs: min_level_dbfs? }
        }
        // The scores of sounds were chosen by the curves of `make eval` for few wrong flags; of an alarm and a
        // scream it is a mean, and for a scream and for glass other signs decide more than the score.
        Kind::Scream => {
            let (min_score, min_level_dbfs) = (mean(table, 0.02), level(table, -25.0));
            Condition::Scream { min_score: min_score?, min_level_dbfs: min_level_dbfs? }
        }
        Kind::BreakingGlass => Condition::SoundOf { sound: kind, min_score: mean(table, 0.06)? },
        Kind::AlarmSound => Condition::SoundOf { sound: kind, min_score: mean(table, 0.12)? },
        Kind::AudioLost => Condition::AudioLost,
        Kind::CameraCovered => Condition::CameraCovered,
        Kind::CameraMoved => Condition::CameraMoved,
        Kind::CameraBlurred => Condition::CameraBlurred,
        Kind::PictureFrozen => Condition::PictureFrozen,
        _ => Condition::CameraLost,
    })
}

/// While somebody waits at the counter, patience is shorter.
fn hold_with_citizen(table: &mut Table<'_>, hold: Option<Duration>) -> Option<Duration> {
    let usual = Duration::from_secs(180).min(hold.unwrap_or(HOUR));
    table.or("hold_with_citizen", usual, |value| {
        let with = value.duration(Duration::from_secs(1)..=8 * HOUR)?;
        match hold {
            Some(hold) if with > hold => {
                value.amiss(format!("must not be longer than hold, which is {}", show_duration(hold)))
            }
            _ => Some(with),
        }
    })
}
