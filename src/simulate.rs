//! Load for the way to the province: made incidents, with made files, in a centre's outbox.
//!
//! They take the same way as real ones and are marked as made (`peak.simulated`). The same seed makes
//! the same bytes.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::centre_db::CentreDb;
use crate::disk;
use crate::forward::{Evidence, IncidentRow, OutgoingFile};
use crate::model::{CentreId, ClockState, EventId, FileId, Ids, IncidentId, Kind, Now, Severity, Wall};
use crate::wire::{Event, EventType, FileInit, MAX_FILE_BYTES, Role, Signer, UserData};

/// What is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Incidents of one event each.
    pub events: u32,
    /// Incidents with a clip: two events and a file each.
    pub clips: u32,
    /// The smallest and the largest clip, in bytes.
    pub sizes: (u64, u64),
    /// Over how much of the past they are spread, in milliseconds.
    pub spread_ms: i64,
    /// How much they matter.
    pub severity: Severity,
    /// What makes two loads differ.
    pub seed: u64,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Made {
    /// Incidents.
    pub incidents: u32,
    /// Events.
    pub events: u32,
    /// Files.
    pub files: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// Makes a load, an incident at a time.
pub struct Filler<'a> {
    load: Load,
    centre: &'a CentreId,
    db: &'a CentreDb,
    signer: &'a Signer,
    ids: Ids,
    random: Random,
    done: u32,
    /// What was made so far.
    pub made: Made,
}

impl<'a> Filler<'a> {
    /// Nothing is made yet.
    pub fn new(load: Load, centre: &'a CentreId, db: &'a CentreDb, signer: &'a Signer, ids: Ids) -> Self {
        let random = Random(load.seed);
        Self { load, centre, db, signer, ids, random, done: 0, made: Made::default() }
    }

    /// Puts the next incident into the outbox; false if there is none left.
    ///
    /// # Errors
    /// If the disk or the database does not take it; what was made before stays.
    pub async fn one(&mut self, now: Now) -> anyhow::Result<bool> {
        let (load, n) = (self.load, self.done);
        let all = load.events.saturating_add(load.clips);
        if n >= all {
            return Ok(false);
        }
        self.done += 1;
        let at = now.wall.plus_millis(-(load.spread_ms.saturating_mul(i64::from(all - n)) / i64::from(all)));
        // Clips lie evenly among the events.
        let share = |n: u32| u64::from(n) * u64::from(load.clips) / u64::from(all);
        let has_clip = share(n + 1) > share(n);
        let row = incident(IncidentId(self.ids.next(now)), &load, at, has_clip);
        let (id, centre) = (EventId(self.ids.next(now)), self.centre);
        let opened = |sequence, epoch| {
            Event::new(id, centre, EventType::Opened, row.id, at, sequence, epoch, row.data(vec![]))
        };
        self.db.record_event(&row, self.signer, now, opened).await?;
        self.made.incidents += 1;
        self.made.events += 1;
        if has_clip {
            let size = load.sizes.0 + self.random.next() % (load.sizes.1 - load.sizes.0 + 1);
            let size = size.min(MAX_FILE_BYTES);
            let file = clip(self.db, &row, FileId(self.ids.next(now)), size, &mut self.random)?;
            let (id, reference) = (EventId(self.ids.next(now)), file.reference());
            let updated = |row: &IncidentRow, sequence, epoch| {
                let data = row.data(vec![reference]);
                Event::new(id, centre, EventType::Updated, row.id, at, sequence, epoch, data)
            };
            self.db.add_files(row.id, true, &[file], self.signer, now, updated).await?;
            self.made.events += 1;
            self.made.files += 1;
            self.made.bytes += size;
        }
        Ok(true)
    }
}

fn incident(id: IncidentId, load: &Load, at: Wall, has_clip: bool) -> IncidentRow {
    let peak = [("simulated".to_owned(), true.into())].into_iter().collect();
    IncidentRow {
        id,
        kind: Kind::Manual,
        severity: load.severity,
        camera: None,
        also: vec![],
        zone: None,
        started_at: at,
        flagged_at: at,
        ended_at: Some(at),
        peak,
        count: 1,
        rule: "simulate".into(),
        clip: None,
        evidence: if has_clip { Evidence::Pending } else { Evidence::Impossible("it is simulated".into()) },
        clock: ClockState::default(),
        sound_may_leave: true,
        asked: false,
    }
}

fn clip(
    db: &CentreDb,
    row: &IncidentRow,
    id: FileId,
    size: u64,
    random: &mut Random,
) -> anyhow::Result<OutgoingFile> {
    let folder: PathBuf = db.storage().join("evidence").join(row.id.to_string());
    disk::make_folder(&folder)?;
    let path = folder.join("clip.mp4");
    let bytes = random.bytes(usize::try_from(size)?);
    disk::write_atomically(&path, &bytes)?;
    let checksum = hex::encode(Sha256::digest(&bytes));
    let user_data = UserData {
        incident: row.id,
        role: Role::Clip,
        camera: None,
        from: row.started_at,
        to: row.started_at.plus_millis(1000),
        media_type: "video/mp4".into(),
    };
    Ok(OutgoingFile { id, path, init: FileInit { name: "clip.mp4".into(), size, checksum, user_data } })
}

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): what it makes
/// cannot be compressed, and is the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, size: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..size.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).collect();
        bytes.truncate(size);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::fixtures::{centre, db, now, signer};

    #[tokio::test]
    async fn a_load_is_in_the_outbox_as_asked_and_the_same_each_time() {
        let mut digests = vec![];
        for _ in 0..2 {
            let folder = tempfile::tempdir().unwrap();
            let db = db(folder.path()).await;
            let load = Load {
                events: 5,
                clips: 2,
                sizes: (100, 2000),
                spread_ms: 7000,
                severity: Severity::Urgent,
                seed: 7,
            };
            let (centre, signer) = (centre(), signer());
            let mut filler = Filler::new(load, &centre, &db, &signer, Ids::new(1));
            while filler.one(now()).await.unwrap() {}
            let made = filler.made;
            assert_eq!((made.incidents, made.events, made.files), (7, 9, 2));
            let waiting = db.waiting().await.unwrap();
            assert_eq!(waiting.len(), 11);
            let backlog = db.backlog().await.unwrap();
            assert_eq!((backlog.files, backlog.bytes), (2, made.bytes));
            digests.push(
                waiting
                    .iter()
                    .filter(|item| item.payload_digest != item.digest)
                    .map(|item| item.digest)
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(digests[0], digests[1]);
        assert_eq!(digests[0].len(), 2);
    }
}
