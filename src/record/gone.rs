//! What left the archive, for whoever keeps a record of it: on the disk together with the removal of its row, until
//! that record says it too.

use super::{Archive, DeleteReason};
use crate::model::{CameraId, StreamKind, Wall};

/// Why a file is not in the archive any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WentFor {
    /// Retention deleted it.
    Deleted(DeleteReason),
    /// It was not on the disk any more, and nothing here was about to delete it.
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

/// A file that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneFile {
    /// Whose.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// Where it was, below the storage path.
    pub path: String,
    /// Its first picture.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
    /// Its bytes.
    pub bytes: u64,
    /// Why it went, see [`WentFor::as_str`].
    pub reason: String,
}

/// What went and is to be told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneBatch {
    /// Its name: the same until it was told.
    pub name: String,
    /// In the archive's order.
    pub files: Vec<GoneFile>,
}

impl Archive {
    /// What went and was not told yet, some thousands of files at most, as one batch, the same one until [`Archive::told_gone`] is called with its
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
