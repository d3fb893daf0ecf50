//! From signs to incidents: one after the other, never a flood. Pure.
//!
//! - A rule that flags the same camera again within its cool-down goes on with the same incident.
//! - A rule opens at most `max_per_hour` incidents an hour; past that, one rolling incident counts
//!   whatever else it flags, on any camera.
//! - An incident that goes on is told again every 3 minutes.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::after_hours::AfterHours;
use super::camera_lost::CameraLost;
use super::raised_voices::RaisedVoices;
use super::{Cells, Observation, Peak, Sign, Watch};
use crate::config::{Camera, Condition, Hours, Rule, Schedule};
use crate::model::{CameraId, Ids, IncidentId, Kind, Mono, Now, Severity, Wall};

const UPDATE_EVERY: Duration = Duration::from_secs(180);
const HOUR: Duration = Duration::from_secs(3600);

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
    /// Which camera.
    pub camera: CameraId,
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

/// All rules over all cameras.
pub struct Tracker {
    rules: Vec<RuleState>,
    hours: Hours,
    ids: Ids,
}

struct RuleState {
    rule: Rule,
    watches: BTreeMap<CameraId, Box<dyn Watch>>,
    open: BTreeMap<CameraId, Open>,
    opened: VecDeque<Mono>,
    rolling: Option<Rolling>,
}

struct Open {
    incident: Incident,
    told: Mono,
    /// Set when the condition ended, until the cool-down has passed.
    cooling: Option<(Wall, Mono)>,
}

struct Rolling {
    incident: Incident,
    told: Mono,
    last: Now,
}

impl Tracker {
    /// The rules of `rules` over `cameras`, with `hours` to tell open from closed. `seed` keeps its
    /// ids apart from those of other processes.
    pub fn new(rules: &[Rule], cameras: &[Camera], hours: Hours, seed: u64) -> Self {
        let rules = rules.iter().map(|rule| RuleState {
            rule: rule.clone(),
            watches: cameras
                .iter()
                .filter(|camera| rule.cameras.contains(&camera.id))
                .map(|camera| (camera.id.clone(), watch(rule, camera)))
                .collect(),
            open: BTreeMap::new(),
            opened: VecDeque::new(),
            rolling: None,
        });
        Self { rules: rules.collect(), hours, ids: Ids::new(seed) }
    }

    /// Takes one observation of `camera`.
    pub fn observe(&mut self, camera: &CameraId, observation: &Observation, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        for state in &mut self.rules {
            let Some(watch) = state.watches.get_mut(camera) else { continue };
            let armed = match state.rule.schedule {
                Schedule::Always => true,
                Schedule::Open => self.hours.is_open(now.wall),
                Schedule::Closed => !self.hours.is_open(now.wall),
            };
            if let Some(sign) = watch.observe(observation, armed, now) {
                state.take(camera, sign, now, &mut self.ids, &mut actions);
            }
        }
        actions
    }

    /// Lets time pass: tells what goes on, closes what has cooled down.
    pub fn tick(&mut self, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        for state in &mut self.rules {
            state.tick(now, &mut actions);
        }
        actions
    }
}

fn watch(rule: &Rule, camera: &Camera) -> Box<dyn Watch> {
    match rule.condition {
        Condition::RaisedVoices { over_baseline_db, min_level_dbfs } => {
            Box::new(RaisedVoices::new(over_baseline_db, min_level_dbfs, rule.hold))
        }
        Condition::AfterHours { min_motion_percent } => {
            let zones = camera.zones.iter().filter(|zone| rule.zones.contains(&zone.name));
            let watched = zones.fold(Cells::none(), |all, zone| all.or(&Cells::inside(&zone.polygon)));
            let watched = if rule.zones.is_empty() { Cells::all() } else { watched };
            Box::new(AfterHours::new(watched, min_motion_percent, rule.hold))
        }
        Condition::CameraLost => Box::new(CameraLost::new(rule.hold)),
    }
}

impl RuleState {
    fn take(&mut self, camera: &CameraId, sign: Sign, now: Now, ids: &mut Ids, actions: &mut Vec<Action>) {
        match sign {
            Sign::Flagged { started_at, peak } => self.flag(camera, started_at, peak, now, ids, actions),
            Sign::Stronger(peak) => {
                if let Some(open) = self.open.get_mut(camera) {
                    open.incident.peak = peak;
                }
            }
            Sign::Ended(at) => {
                if let Some(open) = self.open.get_mut(camera) {
                    open.cooling = Some((at, now.mono));
                }
                self.tick(now, actions);
            }
        }
    }

    fn flag(
        &mut self,
        camera: &CameraId,
        started_at: Wall,
        peak: Peak,
        now: Now,
        ids: &mut Ids,
        actions: &mut Vec<Action>,
    ) {
        if let Some(open) = self.open.get_mut(camera) {
            open.cooling = None;
            open.told = now.mono;
            open.incident.count = open.incident.count.saturating_add(1);
            open.incident.peak = peak;
            actions.push(Action::Updated(open.incident.clone()));
            return;
        }
        if let Some(rolling) = &mut self.rolling {
            rolling.last = now;
            rolling.incident.count = rolling.incident.count.saturating_add(1);
            return;
        }
        self.forget_old(now);
        let incident = Incident {
            id: IncidentId(ids.next(now)),
            rule: self.rule.name.clone(),
            kind: self.rule.condition.kind(),
            severity: self.rule.severity,
            camera: camera.clone(),
            zone: match self.rule.zones.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
            started_at,
            flagged_at: now.wall,
            ended_at: None,
            peak,
            count: 1,
            sound_may_leave: self.rule.sound_may_leave,
        };
        actions.push(Action::Opened(incident.clone()));
        let in_the_hour = u32::try_from(self.opened.len()).unwrap_or(u32::MAX);
        if in_the_hour >= self.rule.max_per_hour {
            self.rolling = Some(Rolling { incident, told: now.mono, last: now });
        } else {
            self.opened.push_back(now.mono);
            self.open.insert(camera.clone(), Open { incident, told: now.mono, cooling: None });
        }
    }

    fn tick(&mut self, now: Now, actions: &mut Vec<Action>) {
        self.forget_old(now);
        let cool_down = self.rule.cool_down;
        self.open.retain(|_, open| {
            if let Some((ended_at, since)) = open.cooling {
                if now.mono.since(since) < cool_down {
                    return true;
                }
                open.incident.ended_at = Some(ended_at);
                actions.push(Action::Closed(open.incident.clone()));
                return false;
            }
            if now.mono.since(open.told) >= UPDATE_EVERY {
                open.told = now.mono;
                actions.push(Action::Updated(open.incident.clone()));
            }
            true
        });
        let has_room = u32::try_from(self.opened.len()).unwrap_or(u32::MAX) < self.rule.max_per_hour;
        match &mut self.rolling {
            Some(rolling) if has_room && now.mono.since(rolling.last.mono) >= cool_down => {
                rolling.incident.ended_at = Some(rolling.last.wall);
                actions.push(Action::Closed(rolling.incident.clone()));
                self.rolling = None;
            }
            Some(rolling) if now.mono.since(rolling.told) >= UPDATE_EVERY => {
                rolling.told = now.mono;
                actions.push(Action::Updated(rolling.incident.clone()));
            }
            _ => {}
        }
    }

    fn forget_old(&mut self, now: Now) {
        while self.opened.front().is_some_and(|opened| now.mono.since(*opened) >= HOUR) {
            self.opened.pop_front();
        }
    }
}
