//! How the storage is: whether what is recorded can be written. Pure.
//!
//! Every stream tells how its last write went. The storage is as bad as the worst of them; a bad
//! word that its stream has not repeated for a while no longer counts once another writes well,
//! because a camera that went away in the middle of a failure would never take it back.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use super::StreamName;
use crate::model::{Mono, Now};

/// A recorder that waits for the disk repeats its word every second; a disk that hangs takes up to
/// half a minute for each try.
const STALE: Duration = Duration::from_secs(90);

/// Whether the storage takes what is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Health {
    /// It does.
    #[default]
    Well,
    /// It is full, and nothing may be deleted to make room.
    Full,
    /// It refuses: an I/O error, a read-only file system, a disk that is gone.
    Failed {
        /// What the system said.
        why: String,
    },
}

impl Health {
    /// What a failed write says of the storage.
    pub fn of(e: &io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Health::Full,
            _ => Health::Failed { why: e.to_string() },
        }
    }

    /// The word in the status: `well`, `full` or `failed`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Health::Well => "well",
            Health::Full => "full",
            Health::Failed { .. } => "failed",
        }
    }

    /// What the system said, if it failed.
    pub fn why(&self) -> Option<&str> {
        match self {
            Health::Failed { why } => Some(why),
            _ => None,
        }
    }

    fn badness(&self) -> u8 {
        match self {
            Health::Well => 0,
            Health::Full => 1,
            Health::Failed { .. } => 2,
        }
    }
}

/// Who tells how the storage is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Teller {
    /// A stream, by its last write.
    Stream(StreamName),
    /// The watch over the disk being in its place.
    Place,
}

/// The last bad word of everyone who has one.
#[derive(Debug, Default)]
pub(super) struct Words {
    bad: HashMap<Teller, (Health, Mono)>,
}

impl Words {
    /// Takes the word of one teller; gives how the storage is.
    pub(super) fn tell(&mut self, teller: &Teller, health: Health, now: Now) -> Health {
        if health == Health::Well {
            self.bad.remove(teller);
            self.bad.retain(|_, (_, told)| now.mono.since(*told) < STALE);
        } else {
            self.bad.insert(teller.clone(), (health, now.mono));
        }
        let worst = self.bad.values().map(|(health, _)| health).max_by_key(|health| health.badness());
        worst.cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CameraId, StreamKind};

    fn stream(id: &str) -> Teller {
        let camera = CameraId::new(id).unwrap();
        Teller::Stream(StreamName { camera, stream: StreamKind::Main })
    }

    fn failed() -> Health {
        Health::of(&io::Error::from_raw_os_error(5))
    }

    #[test]
    fn an_error_of_the_disk_is_a_failure_and_a_full_disk_is_none() {
        assert_eq!(failed().as_str(), "failed");
        assert!(failed().why().unwrap().contains("Input/output error"));
        assert_eq!(Health::of(&io::Error::from_raw_os_error(30)).as_str(), "failed", "read-only");
        assert_eq!(Health::of(&io::Error::from_raw_os_error(28)), Health::Full);
    }

    #[test]
    fn the_storage_is_as_bad_as_its_worst_stream_and_well_when_that_one_writes_again() {
        let (mut words, now) = (Words::default(), Now::default());
        assert_eq!(words.tell(&stream("gate"), Health::Full, now), Health::Full);
        assert_eq!(words.tell(&stream("hall"), failed(), now), failed());
        assert_eq!(words.tell(&stream("gate"), Health::Well, now), failed(), "another still cannot write");
        assert_eq!(words.tell(&stream("hall"), Health::Well, now), Health::Well);
    }

    #[test]
    fn a_camera_that_went_away_in_a_failure_does_not_keep_the_storage_failed() {
        let (mut words, mut now) = (Words::default(), Now::default());
        words.tell(&stream("gone"), failed(), now);
        now = now.plus(Duration::from_secs(60));
        assert_eq!(words.tell(&stream("gate"), Health::Well, now), failed());
        now = now.plus(Duration::from_secs(60));
        assert_eq!(words.tell(&stream("gate"), Health::Well, now), Health::Well);
    }
}
