//! What was deleted, for whoever keeps a record of it.

use std::sync::OnceLock;

use super::{Archive, DeleteReason, Kept};
use crate::model::{CameraId, StreamKind, Wall};

/// A file that is gone, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Whose.
    pub camera: CameraId,
    /// Which of its streams.
    pub stream: StreamKind,
    /// Why.
    pub reason: DeleteReason,
    /// Its bytes.
    pub bytes: u64,
    /// Its first picture.
    pub from: Wall,
    /// The moment after its last.
    pub to: Wall,
}

impl Gone {
    pub(super) fn of(row: &Kept, reason: DeleteReason) -> Self {
        let (camera, stream) = (row.camera.clone(), row.stream);
        Self { camera, stream, reason, bytes: row.bytes, from: row.start, to: row.end }
    }
}

type Listener = Box<dyn Fn(&[Gone]) + Send + Sync>;

/// Who wants to know what goes.
#[derive(Default)]
pub(super) struct Deletion(OnceLock<Listener>);

impl std::fmt::Debug for Deletion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deletion").finish_non_exhaustive()
    }
}

impl Archive {
    /// Says whom to tell what was deleted, a batch at a time. Only the first time counts.
    pub fn tell_deleted(&self, listener: impl Fn(&[Gone]) + Send + Sync + 'static) {
        let _ = self.deletion.0.set(Box::new(listener));
    }

    pub(super) fn tells_deleted(&self, gone: &[Gone]) {
        if let Some(tell) = self.deletion.0.get() {
            tell(gone);
        }
    }
}
