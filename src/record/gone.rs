//! What left the archive, for whoever keeps a record of it: on the disk together with the removal of its row, until
//! that record says it too.

use super::{Archive, DeleteReason};
use crate::model::{CameraId, StreamKind, Wall};

/// Why a file is not in the archive any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WentFor {
    /// Retention deleted it.
    Deleted(DeleteReason),
    /// It was not on the disk any more: somebody else took it, or the power failed right after it was deleted.
    Missing,
}

impl WentFor {
    /// The word in the database and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            WentFor::Deleted(reason) => reason.as_str(),
            WentFor::Missing => "missing",
        }
    }
}

/// What went of one stream for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Whose.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// Why, see [`WentFor::as_str`].
    pub reason: String,
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The first picture of the earliest.
    pub from: Wall,
    /// The moment after the last of the latest.
    pub to: Wall,
}

/// What went and is to be told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneBatch {
    /// Its name: the same until it was told.
    pub name: String,
    /// By stream and reason.
    pub gone: Vec<Gone>,
}

impl Archive {
    /// What went and was not told yet, as one batch, the same one until [`Archive::told_gone`] is called with its
    /// name. `name` is that of a new one, which nobody used before.
    ///
    /// # Errors
    /// If the index cannot be read or written.
    pub async fn gone(&self, name: &str) -> Result<Option<GoneBatch>, sqlx::Error> {
        self.index.gone(name).await
    }

    /// The batch of this name is on record elsewhere.
    ///
    /// # Errors
    /// If the index cannot be written.
    pub async fn told_gone(&self, name: &str) -> Result<(), sqlx::Error> {
        self.index.told_gone(name).await
    }
}
