//! The files that are being written, as far as they are written: what the index does not know yet.
//!
//! A recorder says after each write which fragments are whole; whoever plays or shows what is recorded
//! now reads them here, and the bytes from the file. One watch a stream, so that a write wakes only
//! those who look at that stream.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::SegmentRow;
use super::salvage::Fragment;
use crate::model::{CameraId, StreamKind, Wall};

/// A file that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFile {
    /// Its row, as it was entered: `duration_ms` and `bytes` are 0.
    pub row: Arc<SegmentRow>,
    /// The wall clock at its first picture, as well as it is known by now.
    pub start: Wall,
    /// Its whole fragments, all of them written.
    pub fragments: Vec<Fragment>,
}

/// What is being written of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Growing {
    /// The file that is open; none between two files and while the camera is away.
    pub open: Option<OpenFile>,
    /// The file before it, as it ended: who follows a stream may not have seen its last fragments yet.
    pub before: Option<OpenFile>,
}

/// The open files of all streams.
#[derive(Debug, Default)]
pub(super) struct Growth {
    streams: Mutex<HashMap<(CameraId, StreamKind), watch::Sender<Growing>>>,
}

impl Growth {
    fn with<T>(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        look: impl FnOnce(&watch::Sender<Growing>) -> T,
    ) -> T {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        look(streams.entry((camera.clone(), stream)).or_default())
    }

    /// Says which fragments of the file of `row` are written: those before are known already.
    pub(super) fn grew(&self, row: &SegmentRow, start: Wall, fragments: &[Fragment]) {
        self.with(&row.camera, row.stream, |told| {
            told.send_if_modified(|growing| {
                let is_same = |open: &&mut OpenFile| open.row.counter == row.counter;
                match growing.open.as_mut().filter(is_same) {
                    Some(open) => {
                        let new = fragments.get(open.fragments.len()..).unwrap_or_default();
                        open.fragments.extend_from_slice(new);
                        open.start = start;
                        !new.is_empty()
                    }
                    None if fragments.is_empty() => false,
                    None => {
                        let fragments = fragments.to_vec();
                        let new = OpenFile { row: Arc::new(row.clone()), start, fragments };
                        if let Some(before) = growing.open.replace(new) {
                            growing.before = Some(before);
                        }
                        true
                    }
                }
            });
        });
    }

    /// Says that a file is not being written any more.
    pub(super) fn ended(&self, camera: &CameraId, stream: StreamKind, counter: i64) {
        self.with(camera, stream, |told| {
            told.send_if_modified(|growing| {
                let ended = growing.open.take_if(|open| open.row.counter == counter);
                let is_over = ended.is_some();
                growing.before = ended.or(growing.before.take());
                is_over
            });
        });
    }

    /// What is being written of a stream, now and as it grows.
    pub(super) fn watch(&self, camera: &CameraId, stream: StreamKind) -> watch::Receiver<Growing> {
        self.with(camera, stream, watch::Sender::subscribe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::test_row;

    fn fragment(n: i64) -> Fragment {
        Fragment {
            offset: 100 + n.unsigned_abs() * 10,
            bytes: 10,
            video_start: Some(n * 45_000),
            video_duration: 45_000,
            frames: 5,
            keyframe: n == 0,
            has_sound: true,
            is_lossy: false,
        }
    }

    #[test]
    fn who_watches_a_stream_sees_its_file_grow_and_end() {
        let (growth, row) = (Growth::default(), SegmentRow { counter: 7, ..test_row(1) });
        let mut seen = growth.watch(&row.camera, row.stream);
        assert_eq!(*seen.borrow_and_update(), Growing::default());
        let all: Vec<_> = (0..3).map(fragment).collect();
        growth.grew(&row, row.start, &[]);
        assert!(!seen.has_changed().unwrap(), "nothing in it yet");
        growth.grew(&row, row.start, &all[..1]);
        growth.grew(&row, row.start.plus_millis(-3), &all);
        let open = seen.borrow_and_update().open.clone().unwrap();
        assert_eq!((&open.fragments, open.start), (&all, row.start.plus_millis(-3)));
        growth.ended(&row.camera, row.stream, 6);
        assert!(!seen.has_changed().unwrap(), "that was another file");
        growth.ended(&row.camera, row.stream, 7);
        assert_eq!(*seen.borrow_and_update(), Growing { open: None, before: Some(open) });
    }
}
