//! Puts incidents on record: the shell around [`crate::incident::Tracker`].
//!
//! An incident, its event and its pin are on the disk before anything else hears of it; then the
//! link is nudged and its evidence asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::centre_db::CentreDb;
use crate::clock;
use crate::evidence::{Job, Part, closing_clip, first_clip, interrupted};
use crate::forward::{Evidence, IncidentRow, Pin};
use crate::incident::{Action, BoxObservation, Incident, Tracker};
use crate::ingest::CameraState;
use crate::model::{
    CameraId, CentreId, ClockState, EventId, Ids, IncidentId, Kind, Now, Severity, StreamKind, Wall,
};
use crate::orders::{Asked, Footage, NotFlagged, What};
use crate::perceive::{Observation, Observed};
use crate::record::{Archive, Doubt, StreamName};
use crate::wire::{Event, EventType, Signer};

const TICK: Duration = Duration::from_secs(1);

/// How long before a later camera told of it that camera had seen it, at a guess.
const JOINED_BEFORE_MS: i64 = 5000;

/// How far back a restart looks for closing clips that are missing.
const CLOSING_IS_MADE_FOR_MS: i64 = 24 * 3_600_000;

/// What the task of the rules needs.
pub struct Desk {
    /// The centre.
    pub centre: CentreId,
    /// The rules.
    pub tracker: Tracker,
    /// Where incidents are recorded.
    pub db: CentreDb,
    /// Whose footage is pinned.
    pub archive: Arc<Archive>,
    /// Who signs events.
    pub signer: Arc<Signer>,
    /// Where event ids come from.
    pub ids: Ids,
    /// How far the clock can be believed.
    pub clock: watch::Receiver<ClockState>,
    /// Who makes evidence.
    pub jobs: mpsc::Sender<Job>,
    /// Tells the link that something waits.
    pub nudge: mpsc::Sender<()>,
    /// How the cameras' main streams are, for the status.
    pub cameras: watch::Sender<BTreeMap<CameraId, (CameraState, Now)>>,
    /// Why the clock is not believed.
    pub doubts: watch::Receiver<Option<Doubt>>,
    /// Whether footage that the province asks for goes with its sound.
    pub asked_sound: bool,
    /// Who keeps levels and counts for time lines.
    pub curves: crate::curve::Tap,
    /// When to end.
    pub stop: CancellationToken,
    /// How many other cameras of each incident are known, whose footage is pinned too.
    pub joined: BTreeMap<IncidentId, usize>,
}

/// Where observations come from.
pub struct Observations {
    /// What was seen and heard of the cameras.
    pub seen: mpsc::Receiver<Observed>,
    /// How the cameras' streams are.
    pub states: mpsc::Receiver<(StreamName, CameraState)>,
    /// What was noticed of the box itself.
    pub of_box: mpsc::Receiver<BoxObservation>,
    /// What people flag by hand.
    pub by_hand: mpsc::Receiver<Asked>,
}

impl Desk {
    /// Takes observations and camera states until told to stop.
    ///
    /// # Errors
    /// If the centre's database cannot be read at the start.
    pub async fn run(mut self, from: Observations) -> anyhow::Result<()> {
        let Observations { seen: mut observed, mut states, mut of_box, mut by_hand } = from;
        self.take_up().await?;
        let mut shortage = self.archive.shortage();
        let mut tick = tokio::time::interval(TICK);
        loop {
            let actions = tokio::select! {
                () = self.stop.cancelled() => break,
                Some(seen) = observed.recv() => {
                    self.curves.offer(&seen);
                    self.tracker.observe(&seen.camera, &seen.observation, seen.at)
                }
                Some((name, state)) = states.recv() => self.camera(&name, state),
                Some(noticed) = of_box.recv() => self.tracker.observe_box(&noticed, clock::now()),
                Ok(()) = shortage.changed() => {
                    let noticed = shortage.borrow_and_update().clone().map(BoxObservation::Shortage);
                    noticed.map(|noticed| self.tracker.observe_box(&noticed, clock::now())).unwrap_or_default()
                }
                Some(asked) = by_hand.recv() => {
                    self.flag(asked).await;
                    continue;
                }
                _ = tick.tick() => self.tick(),
            };
            for action in actions {
                self.record(action).await;
            }
        }
        // The cameras have stopped: what they were seen and heard last is still judged.
        while let Ok(seen) = observed.try_recv() {
            for action in self.tracker.observe(&seen.camera, &seen.observation, seen.at) {
                self.record(action).await;
            }
        }
        Ok(())
    }

    /// A person flags a moment: it is answered once its incident is on record.
    async fn flag(&mut self, asked: Asked) {
        let Asked { what, answer } = asked;
        let what = match what {
            What::Moment(what) => what,
            What::Footage(footage) => {
                let told = self.footage(footage).await;
                // Whoever asked may have gone.
                let _ = answer.send(told);
                return;
            }
        };
        let known = self.cameras.borrow().keys().cloned().collect::<Vec<_>>();
        let refused = |why: String| Err(NotFlagged::Refused(why));
        let unknown = what.camera.as_ref().filter(|camera| !known.contains(camera));
        let flagged = match unknown {
            Some(camera) => refused(format!("there is no camera \"{camera}\" here")),
            None => self.tracker.flag_manually(what, clock::now()).or_else(refused),
        };
        let told = match flagged {
            Ok((id, actions)) => {
                for action in actions {
                    self.record(action).await;
                }
                match self.db.incident(id).await {
                    Ok(Some(_)) => Ok(id),
                    _ => Err(NotFlagged::Later("it could not be recorded".to_owned())),
                }
            }
            Err(why) => Err(why),
        };
        // Whoever asked may have gone.
        let _ = answer.send(told);
    }

    /// The province asks for footage: an incident of its own, so that it is on record who asked and why, it is
    /// pinned, signed and sent like any other.
    async fn footage(&mut self, asked: Footage) -> Result<IncidentId, NotFlagged> {
        let Footage { camera, from, to, reason, by } = asked;
        let now = clock::now();
        if from > now.wall {
            return Err(NotFlagged::Refused(format!("{from} is not yet: it is {} here", now.wall)));
        }
        let covered = self.archive.index.covering(&camera, StreamKind::Main, from, to).await;
        let covered =
            covered.map_err(|e| NotFlagged::Later(format!("the index does not answer now: {e}")))?;
        if covered.is_empty() {
            return Err(NotFlagged::Refused(format!(
                "nothing of camera \"{camera}\" is recorded of that time"
            )));
        }
        let peak = [
            ("note".to_owned(), reason.into()),
            ("by".to_owned(), by.into()),
            ("asked".to_owned(), true.into()),
        ];
        let row = IncidentRow {
            id: IncidentId(self.ids.next(now)),
            kind: Kind::Manual,
            severity: Severity::Notice,
            camera: Some(camera.clone()),
            also: vec![],
            zone: None,
            started_at: from,
            flagged_at: from,
            ended_at: Some(to),
            peak: peak.into_iter().collect(),
            count: 1,
            rule: "asked".to_owned(),
            clip: Some((from, to)),
            evidence: Evidence::Pending,
            clock: *self.clock.borrow(),
            sound_may_leave: self.asked_sound,
            asked: true,
        };
        self.write(&row, EventType::Opened, now).await;
        let pin = Pin { incident: row.id, camera, from, to };
        if let Err(e) = self.db.add_pin(&pin, now).await {
            tracing::error!(incident = %row.id, "its footage could not be pinned: {e}");
        }
        self.refresh_pins().await;
        let _ = self.jobs.send(Job { incident: row.id, part: Part::First }).await;
        Ok(row.id)
    }

    /// What a process before this one left open: incidents are closed, missing evidence is asked for.
    async fn take_up(&mut self) -> anyhow::Result<()> {
        let now = clock::now();
        let mut recent = self.db.open_incidents().await?;
        for mut row in recent.clone() {
            row.ended_at = Some(self.last_seen(&row).await.max(row.flagged_at));
            tracing::info!(target: "incident", incident = %row.id, what = "closed", "it was open when the service stopped");
            self.write(&row, EventType::Closed, now).await;
        }
        for row in self.db.pending_evidence().await? {
            let _ = self.jobs.send(Job { incident: row.id, part: Part::First }).await;
        }
        // A closing clip that a stop cut off: what is there already is not made again.
        let ended = self.db.ended_since(now.wall.plus_millis(-CLOSING_IS_MADE_FOR_MS)).await?;
        for row in &ended {
            self.ask_for_closing(row).await;
        }
        recent.retain(|row| ended.iter().all(|ended| ended.id != row.id));
        recent.extend(ended);
        for row in recent {
            let (storage, id) = (self.archive.storage().to_owned(), row.id);
            let look = tokio::task::spawn_blocking(move || interrupted(&storage, id));
            for at in look.await? {
                let _ = self.jobs.send(Job { incident: id, part: Part::Later(at) }).await;
            }
        }
        self.refresh_pins().await;
        Ok(())
    }

    /// The last moment of an incident's camera that is recorded: what was after it, nobody knows.
    async fn last_seen(&self, row: &IncidentRow) -> Wall {
        let Some(camera) = &row.camera else { return row.flagged_at };
        match self.archive.index.newest_complete(camera, StreamKind::Main).await {
            Ok(Some(newest)) => newest.end(),
            _ => row.flagged_at,
        }
    }

    fn camera(&mut self, name: &StreamName, state: CameraState) -> Vec<Action> {
        if name.stream != StreamKind::Main {
            return Vec::new();
        }
        let now = clock::now();
        self.cameras.send_modify(|all| {
            all.insert(name.camera.clone(), (state, now));
        });
        self.tracker.observe(&name.camera, &Observation::Camera(state), now)
    }

    /// Time has passed: a state that lasts is observed again, for the rules that wait.
    fn tick(&mut self) -> Vec<Action> {
        let now = clock::now();
        let states = self.cameras.borrow().clone();
        let mut actions = Vec::new();
        for (camera, (state, _)) in states {
            actions.extend(self.tracker.observe(&camera, &Observation::Camera(state), now));
        }
        let (storage, doubt) = (self.archive.health().borrow().clone(), *self.doubts.borrow());
        for noticed in [BoxObservation::Storage(storage), BoxObservation::Clock(doubt)] {
            actions.extend(self.tracker.observe_box(&noticed, now));
        }
        actions.extend(self.tracker.tick(now));
        actions
    }

    async fn record(&mut self, action: Action) {
        let now = clock::now();
        match action {
            Action::Opened(incident) => {
                let row = self.row(&incident);
                self.write(&row, EventType::Opened, now).await;
                tracing::info!(
                    target: "incident", incident = %row.id, what = "flagged", kind = %row.kind,
                    camera = incident.camera.as_ref().map(CameraId::as_str), severity = row.severity.as_str(),
                    reason = row.peak.get("reason").and_then(serde_json::Value::as_str), "flagged"
                );
                // Without a camera it is the whole centre's.
                let all = || self.cameras.borrow().keys().cloned().collect();
                let cameras = match (&row.camera, row.kind) {
                    (Some(camera), _) => vec![camera.clone()],
                    (None, Kind::Manual) => all(),
                    (None, _) => vec![],
                };
                for camera in cameras {
                    self.pin(&row, &camera, now).await;
                }
                if row.clip.is_some() {
                    let _ = self.jobs.send(Job { incident: row.id, part: Part::First }).await;
                }
            }
            Action::Updated(incident) => {
                let row = self.row(&incident);
                self.write(&row, EventType::Updated, now).await;
                let known = self.joined.insert(row.id, row.also.len()).unwrap_or(0);
                for camera in row.also.iter().skip(known) {
                    tracing::info!(target: "incident", incident = %row.id, what = "joined", %camera, "another camera sees the same");
                    self.pin(&row, camera, now).await;
                }
                if row.clip.is_some() && now.wall > first_clip(row.started_at, row.flagged_at).to {
                    let _ = self.jobs.send(Job { incident: row.id, part: Part::Later(now.wall) }).await;
                }
            }
            Action::Closed(incident) => {
                let row = self.row(&incident);
                self.joined.remove(&row.id);
                self.write(&row, EventType::Closed, now).await;
                tracing::info!(target: "incident", incident = %row.id, what = "closed", "closed");
                self.ask_for_closing(&row).await;
            }
        }
    }

    /// Holds the footage of `camera` that the incident needs.
    async fn pin(&self, row: &IncidentRow, camera: &CameraId, now: Now) {
        if row.kind.no_clip_reason().is_some() {
            return;
        }
        let mut shown = first_clip(row.started_at, row.flagged_at);
        if now.wall > shown.to {
            // Another camera saw it later: what matters there is what it saw then.
            shown = first_clip(now.wall.plus_millis(-JOINED_BEFORE_MS), now.wall);
        }
        // A person means all of it, also where the clip begins later.
        let from = if row.kind == Kind::Manual { row.started_at.min(shown.from) } else { shown.from };
        let pin = Pin { incident: row.id, camera: camera.clone(), from, to: shown.to };
        // Without its pin the footage is still there for far longer than its clip takes.
        if let Err(e) = self.db.add_pin(&pin, now).await {
            tracing::error!(incident = %row.id, "its footage could not be pinned: {e}");
        }
        self.refresh_pins().await;
    }

    /// An incident that outlasted its first clip has a closing one.
    async fn ask_for_closing(&self, row: &IncidentRow) {
        let outlasted = row
            .ended_at
            .and_then(|ended_at| closing_clip(row.started_at, row.flagged_at, ended_at))
            .is_some();
        if outlasted && row.clip.is_some() && !row.asked {
            let _ = self.jobs.send(Job { incident: row.id, part: Part::Closing }).await;
        }
    }

    /// Writes the incident and its event; tried again every second while the disk refuses, because
    /// what was flagged is not forgotten.
    async fn write(&mut self, row: &IncidentRow, kind: EventType, now: Now) {
        let id = EventId(self.ids.next(now));
        let mut row = row.clone();
        let mut tries = 0u32;
        loop {
            // Whether there is a clip is known better there than here.
            if let Ok(Some(recorded)) = self.db.incident(row.id).await {
                row.evidence = recorded.evidence;
            }
            let (row, centre) = (&row, self.centre.clone());
            let written = self.db.record_event(row, &self.signer, now, |sequence, epoch| {
                Event::new(id, &centre, kind, row.id, now.wall, sequence, epoch, row.data(vec![]))
            });
            let Err(e) = written.await else { break };
            if tries.is_multiple_of(30) {
                tracing::error!(incident = %row.id, "it cannot be recorded, and is tried again every second: {e}");
            }
            tries = tries.saturating_add(1);
            if self.stop.run_until_cancelled(tokio::time::sleep(TICK)).await.is_none() {
                tracing::error!(incident = %row.id, "the service stops before it could be recorded");
                return;
            }
        }
        // A full queue holds a nudge already.
        let _ = self.nudge.try_send(());
    }

    async fn refresh_pins(&self) {
        if let Err(e) = self.archive.renew_protection().await {
            tracing::error!("the list of pinned footage could not be renewed: {e:#}");
        }
    }

    fn row(&self, incident: &Incident) -> IncidentRow {
        let has_picture = incident.kind.no_clip_reason().is_none();
        let has_clip = has_picture && incident.camera.is_some();
        let evidence = match (has_clip, has_picture) {
            (true, _) => Evidence::Pending,
            (false, true) => Evidence::Impossible("it is about no camera in particular".to_owned()),
            (false, false) => Evidence::None,
        };
        let range = first_clip(incident.started_at, incident.flagged_at);
        IncidentRow {
            id: incident.id,
            kind: incident.kind,
            severity: incident.severity,
            camera: incident.camera.clone(),
            also: incident.also.clone(),
            zone: incident.zone.clone(),
            started_at: incident.started_at,
            flagged_at: incident.flagged_at,
            ended_at: incident.ended_at,
            peak: incident.peak.clone(),
            count: incident.count,
            rule: incident.rule.clone(),
            clip: has_clip.then_some((range.from, range.to)),
            evidence,
            clock: *self.clock.borrow(),
            sound_may_leave: incident.sound_may_leave,
            asked: false,
        }
    }
}
