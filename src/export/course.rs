//! How far a package is, and whether it is still wanted: shared by who makes it and who watches.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

/// The course of one export.
#[derive(Debug, Default)]
pub struct Course {
    needed: AtomicU64,
    done: AtomicU64,
    /// Ends the work: nobody wants it any more, or the service stops.
    pub stop: CancellationToken,
}

impl Course {
    /// One that ends with `stop`.
    pub fn until(stop: CancellationToken) -> Self {
        Self { stop, ..Self::default() }
    }

    /// So many bytes are to be written, or read for their digest alone, about.
    pub(super) fn needs(&self, bytes: u64) {
        self.needed.store(bytes, Ordering::Relaxed);
    }

    /// So many more are.
    pub(super) fn did(&self, bytes: usize) {
        self.done.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether it is still wanted.
    ///
    /// # Errors
    /// [`io::ErrorKind::Interrupted`] if it is not.
    pub(super) fn goes_on(&self) -> io::Result<()> {
        if self.stop.is_cancelled() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    /// How far it is, 0 to 1; not 1 before the package is whole, which its row says.
    pub fn done(&self) -> f64 {
        share(self.done.load(Ordering::Relaxed), self.needed.load(Ordering::Relaxed))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a hundredth is shown")]
fn share(done: u64, needed: u64) -> f64 {
    if needed == 0 {
        return 0.0;
    }
    ((done as f64 / needed as f64) * 100.0).floor().clamp(0.0, 99.0) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_done_before_it_is_whole() {
        let course = Course::default();
        assert!(course.done() < f64::EPSILON, "nothing is known yet");
        course.needs(1000);
        course.did(500);
        assert!((course.done() - 0.5).abs() < f64::EPSILON);
        course.did(900);
        assert!((course.done() - 0.99).abs() < f64::EPSILON, "what it needs was a guess");
    }
}
