//! The course of one rule's incidents: one after the other, never a flood. Pure.
//!
//! - What is flagged again of the same camera (and zone) within the cool-down goes on with the same incident.
//! - What another camera flags at the same moment, or while the incident cools down, is the same
//!   thing where it can be (see [`can_be_same`]): it joins that incident, which is over when it is
//!   over on all of them.
//! - At most `max_per_hour` incidents are opened an hour; past that, one rolling incident counts
//!   whatever else is flagged in that hour, on any camera.
//! - An incident that goes on is told again every 3 minutes, one of a camera or of the box itself every hour: it
//!   may last for weeks, and its evidence does not grow. But what is flagged again there is told
//!   soon, and ever later if it goes on flapping: a clock that is set twice was set by two amounts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::same::{can_be_same, strongest};
use super::{Action, Incident, Peak, Sign};
use crate::config::{BoxRule, Rule};
use crate::model::{CameraId, Ids, IncidentId, Kind, Mono, Now, Severity, Wall};

const UPDATE_EVERY: Duration = Duration::from_secs(180);
const HOUR: Duration = Duration::from_secs(3600);
const FIRST_NEWS_AFTER: Duration = Duration::from_secs(10);

/// Two cameras see the same thing if they see it begin within this, in ms.
const SAME_WITHIN_MS: i64 = 5000;

/// What an incident is about. Each has its own incidents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Subject {
    /// Which camera; `None` is the box itself.
    pub camera: Option<CameraId>,
    /// Which of its zones, where a rule watches zones.
    pub zone: Option<String>,
}

/// Whether incidents of a kind last until somebody repairs a camera, which may be weeks.
fn is_about_the_camera(kind: Kind) -> bool {
    use Kind::{AudioLost, CameraBlurred, CameraCovered, CameraLost, CameraMoved, PictureFrozen};
    matches!(kind, CameraLost | CameraCovered | CameraMoved | CameraBlurred | PictureFrozen | AudioLost)
}

/// The incidents of one rule.
pub(super) struct Course {
    rule: String,
    kind: Kind,
    severity: Severity,
    sound_may_leave: bool,
    cool_down: Duration,
    max_per_hour: u32,
    update_every: Duration,
    tells_news: bool,
    open: Vec<Open>,
    opened: VecDeque<Mono>,
    rolling: Option<Rolling>,
}

struct Open {
    incident: Incident,
    /// Where it is seen; the first is where it was flagged.
    members: BTreeMap<Subject, Member>,
    told: Mono,
    /// Set when the condition ended, until the cool-down has passed.
    cooling: Option<(Wall, Mono)>,
    /// Whether it was flagged again since it was told.
    has_news: bool,
    /// How long news waits after what was told before.
    patience: Duration,
}

/// One camera's part in an incident.
struct Member {
    /// When its condition began, the last time that it was flagged.
    began: Wall,
    /// When it was over; `None` while it goes on.
    ended: Option<Wall>,
}

struct Rolling {
    incident: Incident,
    told: Mono,
    last: Now,
    /// Where the condition still holds.
    subjects: BTreeSet<Subject>,
}

impl Open {
    /// Whether what `subject` flags, begun at `began`, is this incident.
    fn is_of(&self, kind: Kind, subject: &Subject, began: Wall) -> bool {
        let is_near = |member: &Member| began.millis_since(member.began).abs() <= SAME_WITHIN_MS;
        self.members.keys().all(|member| can_be_same(kind, member, subject))
            // Whoever walks out of one camera's picture walks into another's; a second scream is another one.
            && ((self.cooling.is_some() && kind == Kind::AfterHours) || self.members.values().any(is_near))
    }

    fn join(&mut self, subject: &Subject, began: Wall, peak: Peak) {
        self.cooling = None;
        self.incident.also.extend(subject.camera.clone());
        self.members.insert(subject.clone(), Member { began, ended: None });
        self.strengthen(peak);
    }

    /// Takes the strongest measurements of one camera.
    fn strengthen(&mut self, peak: Peak) {
        let is_shared = self.members.len() > 1;
        let before = std::mem::take(&mut self.incident.peak);
        self.incident.peak = if is_shared { strongest(before, peak) } else { peak };
    }

    /// It is over on one camera; on all of them, it begins to cool down.
    fn end(&mut self, subject: &Subject, at: Wall, now: Now) {
        if let Some(member) = self.members.get_mut(subject) {
            member.ended = Some(at);
        }
        let ends: Option<Vec<Wall>> = self.members.values().map(|member| member.ended).collect();
        if let Some(last) = ends.and_then(|ends| ends.into_iter().max()) {
            self.cooling = Some((last, now.mono));
        }
    }
}

impl Course {
    /// The course of a rule over cameras.
    pub(super) fn of(rule: &Rule) -> Self {
        Self {
            rule: rule.name.clone(),
            kind: rule.condition.kind(),
            severity: rule.severity,
            sound_may_leave: rule.sound_may_leave,
            cool_down: rule.cool_down,
            max_per_hour: rule.max_per_hour,
            update_every: if is_about_the_camera(rule.condition.kind()) { HOUR } else { UPDATE_EVERY },
            tells_news: false,
            open: vec![],
            opened: VecDeque::new(),
            rolling: None,
        }
    }

    /// The course of a rule about the box.
    pub(super) fn of_box(rule: &BoxRule) -> Self {
        Self {
            rule: rule.kind.as_str().to_owned(),
            kind: rule.kind,
            severity: rule.severity,
            sound_may_leave: false,
            cool_down: rule.cool_down,
            max_per_hour: rule.max_per_hour,
            update_every: HOUR,
            tells_news: true,
            open: vec![],
            opened: VecDeque::new(),
            rolling: None,
        }
    }

    /// Takes what a watch says of `subject`.
    pub(super) fn take(
        &mut self,
        subject: &Subject,
        sign: Sign,
        now: Now,
        ids: &mut Ids,
        actions: &mut Vec<Action>,
    ) {
        match sign {
            Sign::Flagged { started_at, peak } => self.flag(subject, started_at, peak, now, ids, actions),
            Sign::Stronger(peak) => {
                if let Some(open) = self.open_of(subject) {
                    open.strengthen(peak);
                }
            }
            Sign::Ended(at) => {
                if let Some(open) = self.open_of(subject) {
                    open.end(subject, at, now);
                } else if let Some(rolling) = &mut self.rolling
                    && rolling.subjects.remove(subject)
                {
                    rolling.last = now;
                }
                self.tick(now, actions);
            }
        }
    }

    fn open_of(&mut self, subject: &Subject) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| open.members.contains_key(subject))
    }

    fn flag(
        &mut self,
        subject: &Subject,
        started_at: Wall,
        peak: Peak,
        now: Now,
        ids: &mut Ids,
        actions: &mut Vec<Action>,
    ) {
        let (kind, tells_news) = (self.kind, self.tells_news);
        if let Some(open) = self.open_of(subject) {
            // It is told with the next update: what flaps does not flood.
            open.cooling = None;
            open.has_news = tells_news;
            open.incident.count = open.incident.count.saturating_add(1);
            open.strengthen(peak);
            open.members.insert(subject.clone(), Member { began: started_at, ended: None });
            return;
        }
        if let Some(open) = self.open.iter_mut().find(|open| open.is_of(kind, subject, started_at)) {
            open.join(subject, started_at, peak);
            // A camera joins once, so this cannot flood.
            open.told = now.mono;
            actions.push(Action::Updated(open.incident.clone()));
            return;
        }
        self.forget_old(now);
        let is_past_the_cap = u32::try_from(self.opened.len()).unwrap_or(u32::MAX) >= self.max_per_hour;
        // With room again, what is new has an incident of its own: the rolling one may last for days.
        if let Some(rolling) = &mut self.rolling
            && (is_past_the_cap || rolling.subjects.contains(subject))
        {
            rolling.last = now;
            rolling.subjects.insert(subject.clone());
            rolling.incident.count = rolling.incident.count.saturating_add(1);
            return;
        }
        let incident = Incident {
            id: IncidentId(ids.next(now)),
            rule: self.rule.clone(),
            kind: self.kind,
            severity: self.severity,
            camera: subject.camera.clone(),
            also: vec![],
            zone: subject.zone.clone(),
            started_at,
            flagged_at: now.wall,
            ended_at: None,
            peak,
            count: 1,
            sound_may_leave: self.sound_may_leave,
        };
        actions.push(Action::Opened(incident.clone()));
        if is_past_the_cap {
            let subjects = [subject.clone()].into();
            self.rolling = Some(Rolling { incident, told: now.mono, last: now, subjects });
        } else {
            self.opened.push_back(now.mono);
            self.open.push(Open {
                incident,
                members: [(subject.clone(), Member { began: started_at, ended: None })].into(),
                told: now.mono,
                cooling: None,
                has_news: false,
                patience: FIRST_NEWS_AFTER,
            });
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now: Now, actions: &mut Vec<Action>) {
        self.forget_old(now);
        let (cool_down, update_every) = (self.cool_down, self.update_every);
        self.open.retain_mut(|open| {
            let since_told = now.mono.since(open.told);
            let is_due = open.cooling.is_none() && since_told >= update_every;
            if is_due || (open.has_news && since_told >= open.patience) {
                if open.has_news {
                    open.patience = open.patience.saturating_mul(2).min(update_every);
                }
                (open.told, open.has_news) = (now.mono, false);
                actions.push(Action::Updated(open.incident.clone()));
            }
            let Some((ended_at, since)) = open.cooling else { return true };
            if now.mono.since(since) < cool_down {
                return true;
            }
            open.incident.ended_at = Some(ended_at);
            actions.push(Action::Closed(open.incident.clone()));
            false
        });
        let has_room = u32::try_from(self.opened.len()).unwrap_or(u32::MAX) < self.max_per_hour;
        match &mut self.rolling {
            Some(rolling)
                if has_room
                    && rolling.subjects.is_empty()
                    && now.mono.since(rolling.last.mono) >= cool_down =>
            {
                rolling.incident.ended_at = Some(rolling.last.wall);
                actions.push(Action::Closed(rolling.incident.clone()));
                self.rolling = None;
            }
            Some(rolling) if now.mono.since(rolling.told) >= update_every => {
                rolling.told = now.mono;
                actions.push(Action::Updated(rolling.incident.clone()));
            }
            _ => {}
        }
    }

    /// The incidents that are not closed, those that cool down with the moment when they ended.
    pub(super) fn unclosed(&self) -> impl Iterator<Item = Incident> {
        let open = self.open.iter().map(|open| Incident {
            ended_at: open.cooling.map(|(ended_at, _)| ended_at),
            ..open.incident.clone()
        });
        open.chain(self.rolling.iter().map(|rolling| rolling.incident.clone()))
    }

    fn forget_old(&mut self, now: Now) {
        while self.opened.front().is_some_and(|opened| now.mono.since(*opened) >= HOUR) {
            self.opened.pop_front();
        }
    }
}
