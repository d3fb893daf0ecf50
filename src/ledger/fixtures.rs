//! A small archive whose files lie on a real disk, for the tests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Hourly, Sealer};
use crate::centre_db::CentreDb;
use crate::model::{CameraId, CentreId, ClockState, ClockTrust, Ids, Mono, Now, StreamKind, Wall};
use crate::people::{AuditEntry, AuditLog};
use crate::record::{Archive, Index, Keep, Policy, SegmentRow, test_row};
use crate::wire::{Signer, Trust};

const KEEP: Keep =
    Keep { main: Duration::from_secs(86_400), sub: Duration::from_secs(86_400), most_bytes: None };

pub(crate) fn sealer(secret: u8) -> Sealer {
    let clock = ClockState { state: ClockTrust::Synchronised, offset_ms: None };
    Sealer {
        centre: CentreId::new("xuan-lung").unwrap(),
        signer: Arc::new(Signer::from_secret([secret; 32])),
        clock: watch::Sender::new(clock).subscribe(),
    }
}

pub(crate) fn trust(secret: u8) -> Trust {
    let mut trust = Trust::default();
    trust.add(sealer(secret).signer.public());
    trust
}

pub(crate) fn at(minute: u64) -> Now {
    let wall = Wall::from_millis(i64::try_from(minute).unwrap() * 60_000);
    Now { mono: Mono(Duration::from_secs(minute * 60)), wall }
}

/// A service that signs with the key of this number.
pub(crate) async fn open(storage: &Path, secret: u8) -> Hourly {
    let policy = Policy { usual: KEEP, cameras: Default::default(), reserve_bytes: 0, pin_share: 0.9 };
    let archive = Archive::new(storage, policy, Index::open(storage).await.unwrap());
    let db = crate::centre_db::open(storage, &mut Ids::new(1), Now::default()).await.unwrap();
    Hourly {
        archive: Arc::new(archive),
        db,
        sealer: sealer(secret),
        every: Duration::from_secs(3600),
        tells: None,
    }
}

/// Records a file of one minute; gives its path.
pub(crate) async fn record(hourly: &Hourly, who: &str, minute: i64) -> String {
    let row = SegmentRow {
        camera: CameraId::new(who).unwrap(),
        stream: StreamKind::Main,
        path: format!("video/{who}/main/1970-01-01/{minute:06}.000Z-1-{minute}.mp4"),
        is_dated: true,
        ..test_row(minute)
    };
    let path = hourly.archive.storage().join(&row.path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    crate::disk::write_atomically(&path, format!("{who} {minute}").as_bytes()).unwrap();
    hourly.archive.index.finish(&row, &[], None).await.unwrap();
    row.path
}

/// Deletes all of it: it is a month old.
pub(crate) async fn delete_all(hourly: &Hourly) {
    hourly.archive.make_room(0, Some(Wall::from_millis(30 * 86_400_000))).await.unwrap();
}

/// The audit log.
pub(crate) async fn audit(db: &CentreDb) -> Vec<AuditEntry> {
    AuditLog::new(db.pool.clone(), db.pool.clone()).following(0, 99).await.unwrap()
}
