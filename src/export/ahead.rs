//! The digests of the recorded files behind a film, read a little ahead of the film: so the disk reads each file once,
//! and a second processor shares the work.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use rustix::fs::{Advice, fadvise};

use super::Course;
use super::copying::{Measured, measure};

/// So many files may be read before the film comes to the first of them, and one more is on its way: what is read must
/// still be in memory then.
const AHEAD: usize = 2;

/// A recorded file, and where in the film begins what is from it.
pub(super) struct Begins {
    pub(super) at: u64,
    pub(super) path: PathBuf,
}

/// Files that are read for their digests while a film is written from them.
pub(super) struct Ahead<'scope> {
    /// In their order, the next one last.
    waiting: Vec<Begins>,
    reading: ScopedJoinHandle<'scope, ()>,
    read: Receiver<io::Result<Measured>>,
    done: Vec<(PathBuf, io::Result<Measured>)>,
}

impl<'scope> Ahead<'scope> {
    /// Begins to read the files, which stand in the order in which the film needs them.
    pub(super) fn begin(
        scope: &'scope Scope<'scope, '_>,
        mut files: Vec<Begins>,
        course: &'scope Course,
    ) -> Self {
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        files.reverse();
        let (tell, read) = sync_channel(AHEAD.saturating_sub(1));
        let reading = scope.spawn(move || read_all(&paths, course, &tell));
        Self { waiting: files, reading, read, done: Vec::new() }
    }

    /// The film has come to the byte `at`: waits until the files behind it are read so far.
    pub(super) fn comes_to(&mut self, at: u64) {
        while let Some(next) = self.waiting.pop_if(|next| next.at <= at) {
            let read = self.read.recv().unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()));
            self.done.push((next.path, read));
        }
    }

    /// Of each file what it measures, or why it could not be read.
    pub(super) fn finish(mut self) -> Vec<(PathBuf, io::Result<Measured>)> {
        self.comes_to(u64::MAX);
        // It has nothing left to do; a panic in it is one of the film's.
        let _ = self.reading.join();
        self.done
    }
}

/// Ends when nobody listens any more.
fn read_all(paths: &[PathBuf], course: &Course, tell: &SyncSender<io::Result<Measured>>) {
    let mut later = paths.iter().skip(1);
    for path in paths {
        // The disk has something to do while this one is hashed.
        if let Some(next) = later.next() {
            foretell(next);
        }
        if tell.send(measure(path, course)).is_err() {
            return;
        }
    }
}

/// Asks the disk for a file that is read soon. Where it does not come, reading it will tell why.
fn foretell(path: &Path) {
    if let Ok(file) = File::open(path) {
        let _ = fadvise(&file, 0, None, Advice::WillNeed);
    }
}
