//! Trials of other thresholds: they wait in line and are done one at a time, one incident after the other, on a thread
//! that stands back behind everything that records. The last few are remembered, in memory alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Serialize;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::trial::{is_flagged, play};
use super::{Judged, Outcome, Window, with_threshold};
use crate::config::{self, Camera, EdgeConfig, Rule};
use crate::model::{IncidentId, StreamKind};
use crate::perceive::aside;
use crate::perceive::models::{Models, Wanted};
use crate::record::Archive;
use crate::replay::{Reel, gather};

/// So many trials are remembered.
const REMEMBERED: usize = 8;

/// So many incidents are looked at for a trial, the newest: more would take hours beside the recording.
const MOST_INCIDENTS: usize = 40;

/// How far a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Others come first.
    Waiting,
    /// It is going on.
    Running,
    /// It is over.
    Done,
    /// It cannot be done, and why.
    Failed,
}

/// What a trial showed of one incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Seen {
    /// Which.
    pub incident: IncidentId,
    /// What people said of it.
    pub outcome: Option<Outcome>,
    /// Whether the other threshold flags it; null where its footage is not there any more.
    pub flagged: Option<bool>,
}

/// A trial.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Trial {
    /// Its id.
    pub id: String,
    /// Which rule.
    pub rule: String,
    /// The threshold that is tried, in the unit of the rule's measure.
    pub threshold: f64,
    /// How far it is.
    pub state: State,
    /// The same, 0 to 1.
    pub done: f64,
    /// Why it cannot be done.
    pub problem: Option<String>,
    /// What it showed so far.
    pub results: Vec<Seen>,
}

/// What is tried.
struct Job {
    id: String,
    rule: Rule,
    threshold: f64,
    incidents: Vec<Judged>,
}

#[derive(Default)]
struct Book {
    waiting: VecDeque<Job>,
    trials: VecDeque<Trial>,
}

/// The trials of a centre. Clones share them.
#[derive(Clone)]
pub struct Trials(Arc<Inner>);

struct Inner {
    config: EdgeConfig,
    archive: Arc<Archive>,
    book: Mutex<Book>,
    nudge: Notify,
}

impl Trials {
    /// No trial yet.
    pub fn new(config: EdgeConfig, archive: Arc<Archive>) -> Self {
        Self(Arc::new(Inner { config, archive, book: Mutex::default(), nudge: Notify::new() }))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a threshold tried over `incidents`, the newest of them; none if too many trials wait.
    pub fn ask(&self, id: String, rule: &Rule, threshold: f64, mut incidents: Vec<Judged>) -> Option<Trial> {
        incidents.truncate(MOST_INCIDENTS);
        let trial = Trial {
            id: id.clone(),
            rule: rule.name.clone(),
            threshold,
            state: State::Waiting,
            done: 0.0,
            problem: None,
            results: vec![],
        };
        let mut book = self.book();
        let is_over = |trial: &Trial| matches!(trial.state, State::Done | State::Failed);
        if book.trials.len() >= REMEMBERED {
            let oldest = book.trials.iter().position(is_over)?;
            book.trials.remove(oldest);
        }
        book.trials.push_back(trial.clone());
        book.waiting.push_back(Job { id, rule: rule.clone(), threshold, incidents });
        drop(book);
        self.0.nudge.notify_one();
        Some(trial)
    }

    /// One that is remembered.
    pub fn one(&self, id: &str) -> Option<Trial> {
        self.book().trials.iter().find(|trial| trial.id == id).cloned()
    }

    fn note(&self, id: &str, change: impl FnOnce(&mut Trial)) {
        if let Some(trial) = self.book().trials.iter_mut().find(|trial| trial.id == id) {
            change(trial);
        }
    }

    /// Does what is asked for, one after the other, until `stop`.
    ///
    /// # Errors
    /// None: what cannot be done is told in its trial.
    pub async fn run(&self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            let next = self.book().waiting.pop_front();
            match next {
                Some(job) => {
                    let ended = self.try_out(&job, &stop).await;
                    self.note(&job.id, |trial| match ended {
                        Ok(()) => (trial.state, trial.done) = (State::Done, 1.0),
                        Err(e) => {
                            (trial.state, trial.problem) = (State::Failed, Some(format!("{e:#}")));
                        }
                    });
                }
                None => drop(stop.run_until_cancelled(self.0.nudge.notified()).await),
            }
            if stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    async fn try_out(&self, job: &Job, stop: &CancellationToken) -> anyhow::Result<()> {
        self.note(&job.id, |trial| trial.state = State::Running);
        let config = with_threshold(&self.0.config, &job.rule, job.threshold);
        let config =
            Arc::new(config.ok_or_else(|| anyhow::anyhow!("the rule does not take this threshold"))?);
        let models = Arc::new(OnceLock::new());
        for (n, incident) in job.incidents.iter().enumerate() {
            let flagged = self.play_one(&config, &models, incident, stop).await?;
            anyhow::ensure!(!stop.is_cancelled(), "the service stops");
            let seen = Seen { incident: incident.id, outcome: incident.outcome, flagged };
            self.note(&job.id, |trial| {
                trial.results.push(seen);
                trial.done = share(n + 1, job.incidents.len());
            });
        }
        Ok(())
    }

    async fn play_one(
        &self,
        config: &Arc<EdgeConfig>,
        models: &Arc<OnceLock<Models>>,
        incident: &Judged,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<bool>> {
        let Some(rule) = config.rules.first() else { return Ok(None) };
        let named = |camera: &&Camera| incident.camera.as_ref() == Some(&camera.id);
        let Some(camera) = config.cameras.iter().find(named).cloned() else { return Ok(None) };
        let Window { from, to } = Window::of(rule, incident);
        if !self.is_there(&camera, incident).await? {
            return Ok(None);
        }
        let (index, storage) = (&self.0.archive.index, self.0.archive.storage());
        let Some(found) = gather(index, storage, &camera, from, to).await? else { return Ok(None) };
        let (config, models, stop) = (config.clone(), models.clone(), stop.clone());
        let (told, tells) = oneshot::channel();
        let work = move || {
            let models = models.get_or_init(|| load(&config));
            let reel = Reel::of_recordings(
                found.pictures,
                found.keyframes_only,
                found.sounds,
                found.states,
                found.end,
            );
            let _ = told.send(play(&config, &camera, models, (reel, from), &stop));
        };
        aside("trial", work).await?;
        let flagged = tells.await.ok().flatten();
        Ok(flagged.map(|flagged| is_flagged(&flagged, incident)))
    }

    /// Whether there is footage of the incident from where it began to where it was flagged.
    async fn is_there(&self, camera: &Camera, incident: &Judged) -> Result<bool, sqlx::Error> {
        let (from, to) = (incident.started_at, incident.flagged_at.plus_millis(1));
        let index = &self.0.archive.index;
        let rows = index.covering(&camera.id, StreamKind::Main, from, to).await?;
        let first = rows.first().map(|row| row.start);
        Ok(first.is_some_and(|first| first <= from)
            && rows.last().is_some_and(|last| last.end() >= incident.flagged_at))
    }
}

/// Models of their own, so that no camera waits for a trial.
fn load(config: &EdgeConfig) -> Models {
    let settings = config::Perceive { threads: 1, ..config.perceive.clone() };
    let wanted = Wanted::by(config.rules.iter().map(|rule| &rule.condition));
    let models = Models::load(&settings, wanted);
    models.faults().iter().for_each(|fault| tracing::warn!("a trial goes on without a model: {fault}"));
    models
}

#[expect(clippy::cast_precision_loss, reason = "a hundredth is shown")]
fn share(done: usize, all: usize) -> f64 {
    ((done as f64 / all.max(1) as f64) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judging::trial::tests::rules;

    #[test]
    fn the_last_few_are_remembered_and_those_that_wait_are_not_forgotten() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = include_str!("../../config/edge.example.toml");
        let config = config::read_edge("edge.toml", folder.path(), text, &|_| Ok(config::Secret::new("")));
        let config = config.unwrap();
        let archive = runtime.block_on(async {
            let index = crate::record::Index::open(folder.path()).await.unwrap();
            Archive::new(folder.path(), crate::keeping::policy(&config), index)
        });
        let (trials, rule) = (Trials::new(config, Arc::new(archive)), rules().remove(0));
        let threshold = crate::judging::Measure::of(&rule).unwrap().threshold;
        for n in 0..8 {
            assert!(trials.ask(n.to_string(), &rule, threshold, vec![]).is_some());
        }
        assert!(trials.ask("8".into(), &rule, threshold, vec![]).is_none(), "eight wait");
        let stop = CancellationToken::new();
        runtime.block_on(async {
            let all_done = async {
                while trials.one("7").is_none_or(|trial| trial.state != State::Done) {
                    tokio::task::yield_now().await;
                }
                stop.cancel();
            };
            let (ended, ()) = tokio::join!(trials.run(stop.clone()), all_done);
            ended.unwrap();
        });
        assert!(trials.ask("8".into(), &rule, threshold, vec![]).is_some());
        assert_eq!(trials.one("0"), None);
        assert_eq!(trials.one("1").map(|trial| trial.state), Some(State::Done));
    }
}
