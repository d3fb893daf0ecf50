//! Flagging a moment by hand, or asking for footage: the way from whoever asks to the rules, and the answer back.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::config::read_duration;
use crate::incident::Manual;
use crate::model::{CameraId, IncidentId, Severity, Wall};
use crate::wire::{ClipArgs, FlagArgs};

/// More than this at once is not people.
const WAITING: usize = 16;

/// Recording an incident takes no longer, unless the disk refuses.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is named is named in so many characters.
const LONGEST_NAME: usize = 80;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A moment is to be an incident.
    Moment(Manual),
    /// The footage of a range is to go to the province.
    Footage(Footage),
}

/// Footage that the province asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footage {
    /// Of which camera.
    pub camera: CameraId,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last, at most a minute later.
    pub to: Wall,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub by: String,
}

impl What {
    /// The footage that a command asks for.
    pub fn footage(args: ClipArgs, by: &str) -> Self {
        let ClipArgs { camera, from, to, reason } = args;
        Self::Footage(Footage { camera, from, to, reason, by: name(by) })
    }
}

/// Something asked for, and where to answer.
pub struct Asked {
    /// What.
    pub what: What,
    /// Answered once the incident is on record.
    pub answer: oneshot::Sender<Result<IncidentId, NotFlagged>>,
}

/// Why a moment was not flagged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFlagged {
    /// It cannot be.
    #[error("{0}")]
    Refused(String),
    /// Not now.
    #[error("{0}")]
    Later(String),
}

/// Where moments can be flagged.
#[derive(Debug, Clone)]
pub struct FlagDesk(mpsc::Sender<Asked>);

impl FlagDesk {
    /// A desk, and what is asked there.
    pub fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (desk, asked) = mpsc::channel(WAITING);
        (Self(desk), asked)
    }

    /// Asks for something; gives its incident once that is on record.
    ///
    /// # Errors
    /// [`NotFlagged`] if it is refused, or cannot be recorded now.
    pub async fn ask(&self, what: What) -> Result<IncidentId, NotFlagged> {
        let (answer, answered) = oneshot::channel();
        let later = |why: &str| NotFlagged::Later(why.to_owned());
        self.0.try_send(Asked { what, answer }).map_err(|_| later("too much is being flagged just now"))?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(later("the service stops: it may not have been recorded")),
            Err(_) => Err(later("the disk does not take it now; it is recorded as soon as it does")),
        }
    }
}

/// The moment that `by` asks for; `at` is when, where that was said from afar.
///
/// # Errors
/// What is wrong with it, in words.
pub fn manual(args: FlagArgs, by: &str, at: Option<Wall>) -> Result<Manual, String> {
    let before = match &args.before {
        None => Manual::USUAL_BEFORE,
        Some(text) => read_duration(text).map_err(|why| format!("before = {text:?} {why}"))?,
    };
    let what = Manual {
        camera: args.camera,
        note: args.note,
        by: name(by),
        severity: args.severity.unwrap_or(Severity::Warning),
        before,
        at,
    };
    what.checked()
}

fn name(by: &str) -> String {
    by.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}
