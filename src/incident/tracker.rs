//! From signs to incidents: one after the other, never a flood. Pure.
//!
//! - A rule that flags the same camera again within its cool-down goes on with the same incident.
//! - A rule opens at most `max_per_hour` incidents an hour; past that, one rolling incident counts
//!   whatever else it flags, on any camera.
//! - An incident that goes on is told again every 3 minutes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    /// Where the condition still holds.
    cameras: BTreeSet<CameraId>,
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
            let ended = state.watches.iter_mut();
            let ended: Vec<_> =
                ended.filter_map(|(camera, watch)| Some((camera.clone(), watch.tick(now)?))).collect();
            for (camera, sign) in ended {
                state.take(&camera, sign, now, &mut self.ids, &mut actions);
            }
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
                } else if let Some(rolling) = &mut self.rolling
                    && rolling.cameras.remove(camera)
                {
                    rolling.last = now;
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
            // It is told with the next update: what flaps does not flood.
            open.cooling = None;
            open.incident.count = open.incident.count.saturating_add(1);
            open.incident.peak = peak;
            return;
        }
        if let Some(rolling) = &mut self.rolling {
            rolling.last = now;
            rolling.cameras.insert(camera.clone());
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
            let cameras = [camera.clone()].into();
            self.rolling = Some(Rolling { incident, told: now.mono, last: now, cameras });
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
            Some(rolling)
                if has_room
                    && rolling.cameras.is_empty()
                    && now.mono.since(rolling.last.mono) >= cool_down =>
            {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read_edge;
    use crate::ingest::CameraState;

    const HEAD: &str = r#"
[centre]
id = "xuan-lung"
name = "Xuân Lũng"
hours = ["mon-fri 07:30-11:30"]
[storage]
path = "s"
keep = "30d"
purpose = "p"
[[camera]]
id = "gate"
main = "rtsp://10.0.0.1/1"
[[camera.zone]]
name = "Cửa"
purpose = "restricted"
polygon = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
[[camera]]
id = "counter-1"
main = "rtsp://10.0.0.2/1"
"#;

    struct World {
        tracker: Tracker,
        now: Now,
    }

    impl World {
        fn new(rule: &str) -> Self {
            let text = format!("{HEAD}{rule}");
            let no_secrets = |_: &_| Err("none".into());
            let config = read_edge("edge.toml", std::path::Path::new("/"), &text, &no_secrets).unwrap();
            let tracker = Tracker::new(&config.rules, &config.cameras, config.centre.hours, 7);
            // A Wednesday, 09:00 in Vietnam.
            let wall = "2026-11-25T02:00:00Z".parse().unwrap();
            Self { tracker, now: Now { mono: Mono::default(), wall } }
        }

        fn wait(&mut self, seconds: u64) -> Vec<Action> {
            let mut actions = Vec::new();
            for _ in 0..seconds {
                self.now = self.now.plus(Duration::from_secs(1));
                actions.extend(self.tracker.tick(self.now));
            }
            actions
        }

        fn camera(&mut self, id: &str, state: CameraState) -> Vec<Action> {
            self.tracker.observe(&CameraId::new(id).unwrap(), &Observation::Camera(state), self.now)
        }

        /// A camera that goes away and comes back a second later.
        fn flap(&mut self, id: &str) -> Vec<Action> {
            let mut actions = self.camera(id, CameraState::Lost);
            actions.extend(self.wait(1));
            actions.extend(self.camera(id, CameraState::Streaming));
            actions
        }
    }

    fn short(actions: &[Action]) -> Vec<(&'static str, u32)> {
        let told = |action: &Action| match action {
            Action::Opened(incident) => ("opened", incident.count),
            Action::Updated(incident) => ("updated", incident.count),
            Action::Closed(incident) => ("closed", incident.count),
        };
        actions.iter().map(told).collect()
    }

    #[test]
    fn what_comes_again_within_the_cool_down_is_the_same_incident() {
        let mut world = World::new("[[rule]]\nkind = \"camera-lost\"\ncool_down = \"30s\"");
        assert_eq!(short(&world.flap("gate")), [("opened", 1)]);
        assert_eq!(short(&world.wait(20)), []);
        assert_eq!(short(&world.flap("gate")), [], "told with the next update, or at the end");
        let closed = world.wait(31);
        assert_eq!(short(&closed), [("closed", 2)]);
        let Action::Closed(incident) = &closed[0] else { panic!() };
        assert_eq!(
            incident.ended_at.unwrap().millis_since(incident.started_at),
            22_000,
            "when it ended, not when it cooled"
        );
        assert_eq!(short(&world.flap("gate")), [("opened", 1)], "later it is a new one");
    }

    #[test]
    fn two_cameras_have_an_incident_each() {
        let mut world = World::new("[[rule]]\nkind = \"camera-lost\"");
        assert_eq!(short(&world.flap("gate")), [("opened", 1)]);
        assert_eq!(short(&world.flap("counter-1")), [("opened", 1)]);
    }

    #[test]
    fn past_the_cap_one_rolling_incident_counts_until_the_hour_has_room() {
        let mut world = World::new("[[rule]]\nkind = \"camera-lost\"\ncool_down = \"1s\"\nmax_per_hour = 3");
        let mut opened = 0;
        for _ in 0..20 {
            let actions = [world.flap("gate"), world.wait(10)].concat();
            opened += short(&actions).iter().filter(|(what, _)| *what == "opened").count();
        }
        assert_eq!(opened, 4, "three, and one that rolls");
        let later = world.wait(3600);
        let closed = short(&later).into_iter().filter(|(what, _)| *what == "closed").collect::<Vec<_>>();
        assert_eq!(closed, [("closed", 17)], "it stands for all the others");
        assert_eq!(short(&world.flap("gate")), [("opened", 1)]);
    }

    #[test]
    fn the_rolling_incident_is_not_over_while_a_camera_is_still_away() {
        let mut world = World::new("[[rule]]\nkind = \"camera-lost\"\ncool_down = \"1s\"\nmax_per_hour = 1");
        world.flap("counter-1");
        world.wait(10);
        assert_eq!(short(&world.camera("gate", CameraState::Lost)), [("opened", 1)]);
        let later = world.wait(2 * 3600);
        assert!(short(&later).iter().all(|(what, _)| *what == "updated"), "{:?}", short(&later));
        world.camera("gate", CameraState::Streaming);
        assert_eq!(short(&world.wait(2)), [("closed", 1)]);
    }

    #[test]
    fn an_incident_that_goes_on_is_told_every_three_minutes() {
        let mut world = World::new("[[rule]]\nkind = \"camera-lost\"");
        world.camera("gate", CameraState::Lost);
        assert_eq!(short(&world.wait(600)), [("updated", 1); 3]);
    }

    #[test]
    fn a_rule_for_closed_hours_watches_its_zone_only_then() {
        let rule = "[[rule]]\nkind = \"after-hours\"\ncameras = [\"gate\"]\nzones = [\"Cửa\"]";
        let (left, right) = ((0..8).map(|x| (x, 5)), (20..28).map(|x| (x, 5)));
        let cells = |at: &mut dyn Iterator<Item = (usize, usize)>| {
            let mut cells = Cells::none();
            at.for_each(|(x, y)| cells.insert(x, y));
            cells
        };
        let (left, right) = (cells(&mut { left }), cells(&mut { right }));
        let gate = CameraId::new("gate").unwrap();
        for (hours_later, moved, expected) in [(0, left, 0), (5, left, 1), (5, right, 0)] {
            let mut world = World::new(rule);
            world.now = world.now.plus(Duration::from_secs(hours_later * 3600));
            let mut actions = Vec::new();
            for _ in 0..20 {
                world.now = world.now.plus(Duration::from_millis(200));
                actions.extend(world.tracker.observe(&gate, &Observation::Motion(moved), world.now));
            }
            assert_eq!(actions.len(), expected, "{hours_later} h after nine");
            if let Some(Action::Opened(incident)) = actions.first() {
                assert_eq!(incident.zone.as_deref(), Some("Cửa"));
            }
        }
    }
}
