//! All rules: each observation goes to the watches that it concerns, and what they say takes its
//! [`Course`]. Pure.

use std::collections::BTreeMap;

use super::after_hours::AfterHours;
use super::alarm_sound::AlarmSound;
use super::audio_lost::AudioLost;
use super::breaking_glass::BreakingGlass;
use super::camera_blurred::CameraBlurred;
use super::camera_covered::CameraCovered;
use super::camera_lost::CameraLost;
use super::camera_moved::CameraMoved;
use super::counter_unattended::CounterUnattended;
use super::course::{Course, Subject};
use super::crowding::Crowding;
use super::long_wait::LongWait;
use super::manual::{ByHand, Manual};
use super::picture_frozen::PictureFrozen;
use super::raised_voices::RaisedVoices;
use super::scream::Scream;
use super::{BoxObservation, BoxWatch, Gauge, Watch, box_watch};
use crate::config::{Camera, Condition, EdgeConfig, Hours, Rule, Schedule, Zone};
use crate::model::{CameraId, Ids, IncidentId, Kind, Now, Severity, Wall};
use crate::perceive::Observation;
use crate::record::Doubt;

/// An incident as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// The rule that flagged it.
    pub rule: String,
    /// What kind.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// Which camera; `None` if it concerns the box itself.
    pub camera: Option<CameraId>,
    /// Which other cameras see the same, in the order in which they joined.
    pub also: Vec<CameraId>,
    /// Which of its zones, where the rule watches one.
    pub zone: Option<String>,
    /// When the condition began.
    pub started_at: Wall,
    /// When it was flagged.
    pub flagged_at: Wall,
    /// When it was over.
    pub ended_at: Option<Wall>,
    /// The strongest measurements so far.
    pub peak: serde_json::Map<String, serde_json::Value>,
    /// How often it was flagged.
    pub count: u32,
    /// Whether its sound may leave the box.
    pub sound_may_leave: bool,
}

/// What follows from an observation.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A new incident.
    Opened(Incident),
    /// It goes on, or has come again.
    Updated(Incident),
    /// It is over.
    Closed(Incident),
}

/// All rules over all cameras, and those about the box itself.
pub struct Tracker {
    rules: Vec<Watched>,
    box_rules: Vec<BoxWatched>,
    by_hand: ByHand,
    hours: Hours,
    /// Whether the clock may be right about the hour of the day.
    knows_the_hour: bool,
    ids: Ids,
}

struct Watched {
    rule: Rule,
    watches: BTreeMap<CameraId, Vec<InZone>>,
    course: Course,
}

/// The watch over one camera, or one of its zones.
struct InZone {
    subject: Subject,
    watch: Box<dyn Watch>,
}

struct BoxWatched {
    watch: Box<dyn BoxWatch>,
    course: Course,
}

impl Tracker {
    /// The rules of `config`. `seed` keeps its ids apart from those of other processes.
    pub fn new(config: &EdgeConfig, seed: u64) -> Self {
        let rules = config.rules.iter().map(|rule| Watched {
            rule: rule.clone(),
            watches: config
                .cameras
                .iter()
                .map(|camera| (camera.id.clone(), watches(rule, camera, &config.centre.hours)))
                .filter(|(_, watches)| !watches.is_empty())
                .collect(),
            course: Course::of(rule),
        });
        let box_rules = config
            .box_rules
            .iter()
            .filter_map(|rule| Some(BoxWatched { watch: box_watch(rule)?, course: Course::of_box(rule) }));
        Self {
            rules: rules.collect(),
            box_rules: box_rules.collect(),
            by_hand: ByHand::default(),
            hours: config.centre.hours.clone(),
            knows_the_hour: true,
            ids: Ids::new(seed),
        }
    }

    /// Takes one observation of `camera`.
    pub fn observe(&mut self, camera: &CameraId, observation: &Observation, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        for state in &mut self.rules {
            let Some(watches) = state.watches.get_mut(camera) else { continue };
            let schedule = &state.rule.schedule;
            let armed = match self.knows_the_hour {
                true => schedule.is_in_force(&self.hours, now.wall),
                false => *schedule == Schedule::Always,
            };
            for InZone { subject, watch } in watches {
                if let Some(sign) = watch.observe(observation, armed, now) {
                    state.course.take(subject, sign, now, &mut self.ids, &mut actions);
                }
            }
        }
        actions
    }

    /// Takes one observation of the box itself.
    pub fn observe_box(&mut self, observation: &BoxObservation, now: Now) -> Vec<Action> {
        if let BoxObservation::Clock(doubt) = observation {
            self.knows_the_hour = !doubt.is_some_and(is_about_the_hour);
        }
        let mut actions = Vec::new();
        for state in &mut self.box_rules {
            for (camera, sign) in state.watch.observe(observation, now) {
                let subject = Subject { camera, zone: None };
                state.course.take(&subject, sign, now, &mut self.ids, &mut actions);
            }
        }
        actions
    }

    /// The incidents that are not closed, as they are now; one that is over and cools down says since
    /// when.
    pub fn unclosed(&self) -> Vec<Incident> {
        let courses = self.rules.iter().map(|state| &state.course);
        courses.chain(self.box_rules.iter().map(|state| &state.course)).flat_map(Course::unclosed).collect()
    }

    /// Makes an incident of a moment that a person flags: its id, and what follows.
    ///
    /// # Errors
    /// If it is refused, why, in words.
    pub fn flag_manually(&mut self, what: Manual, now: Now) -> Result<(IncidentId, Vec<Action>), String> {
        let (id, actions) = self.by_hand.flag(what, now, &mut self.ids)?;
        Ok((id, actions.into()))
    }

    /// What the rules over `camera` have learned and go by now, with the name of the rule.
    pub fn gauges(&self, camera: &CameraId) -> Vec<(&str, Gauge)> {
        let of_rule = |state: &Watched| {
            let watches = state.watches.get(camera).into_iter().flatten();
            watches.flat_map(|it| it.watch.gauges()).collect::<Vec<_>>()
        };
        let all = self.rules.iter().map(|state| (state.rule.name.as_str(), of_rule(state)));
        all.flat_map(|(rule, gauges)| gauges.into_iter().map(move |gauge| (rule, gauge))).collect()
    }

    /// Lets time pass: tells what goes on, closes what has cooled down.
    pub fn tick(&mut self, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        for state in &mut self.rules {
            for InZone { subject, watch } in state.watches.values_mut().flatten() {
                if let Some(sign) = watch.tick(now) {
                    state.course.take(subject, sign, now, &mut self.ids, &mut actions);
                }
            }
            state.course.tick(now, &mut actions);
        }
        for state in &mut self.box_rules {
            if let Some(sign) = state.watch.tick(now) {
                state.course.take(&Subject::default(), sign, now, &mut self.ids, &mut actions);
            }
            state.course.tick(now, &mut actions);
        }
        actions
    }
}

/// Whether a doubt of the clock is one of the hour of the day: rules that go by hours rest then.
///
/// A clock that no time service vouches for is seldom wrong by minutes, and one that has leapt has
/// mostly been off for long; both are told of, but to watch nothing for days would be worse.
fn is_about_the_hour(doubt: Doubt) -> bool {
    match doubt {
        Doubt::BeforeRelease => true,
        Doubt::BeforeFootage { by_ms } => by_ms > MATTERS_MS,
        Doubt::Leapt { .. } | Doubt::NotSynchronised => false,
    }
}

/// A clock that is wrong by less than this, in ms, is right enough for opening hours.
const MATTERS_MS: i64 = 15 * 60_000;

/// The watches of a rule over one camera: one for each zone, or one for the whole picture.
fn watches(rule: &Rule, camera: &Camera, hours: &Hours) -> Vec<InZone> {
    let places = rule.watched_in(camera).into_iter();
    let watch_over = |zone: Option<&Zone>| InZone {
        subject: Subject { camera: Some(camera.id.clone()), zone: zone.map(|zone| zone.name.clone()) },
        watch: watch(rule, camera, zone, hours),
    };
    places.map(watch_over).collect()
}

fn watch(rule: &Rule, camera: &Camera, zone: Option<&Zone>, hours: &Hours) -> Box<dyn Watch> {
    let hold = rule.hold;
    match rule.condition {
        Condition::CounterUnattended { hold_with_citizen } => {
            Box::new(CounterUnattended::new(camera, zone, hold, hold_with_citizen))
        }
        Condition::LongWait => Box::new(LongWait::new(zone, hold)),
        Condition::Crowding { min_people } => Box::new(Crowding::new(zone, min_people, hold)),
        Condition::AfterHours { min_score } => Box::new(AfterHours::new(zone, min_score, hold)),
        Condition::RaisedVoices { over_baseline_db, min_level_dbfs } => {
            Box::new(RaisedVoices::new(over_baseline_db, min_level_dbfs, hold))
        }
        Condition::Scream { min_score, min_level_dbfs } => {
            Box::new(Scream::new(min_score, min_level_dbfs, hold))
        }
        Condition::SoundOf { sound: Kind::BreakingGlass, min_score } => {
            Box::new(BreakingGlass::new(min_score, hold))
        }
        Condition::SoundOf { min_score, .. } => Box::new(AlarmSound::new(min_score, hold)),
        Condition::AudioLost => Box::new(AudioLost::new(hold)),
        Condition::CameraCovered => Box::new(CameraCovered::new(hold, hours.clone())),
        Condition::CameraMoved => Box::new(CameraMoved::new(hold)),
        Condition::CameraBlurred => Box::new(CameraBlurred::new(hold)),
        Condition::PictureFrozen => Box::new(PictureFrozen::new(hold)),
        Condition::CameraLost => Box::new(CameraLost::new(hold)),
    }
}

#[cfg(test)]
mod tests;
