//! Incidents, events and files for this stage's tests.

use std::path::Path;

use super::incidents::{Evidence, IncidentRow};
use super::outbox::OutgoingFile;
use crate::centre_db::{self, CentreDb};
use crate::model::{
    CameraId, CentreId, ClockState, Epoch, EventId, FileId, Ids, IncidentId, Kind, Mono, Now, Severity, Wall,
};
use crate::wire::{Event, EventType, FileInit, Role, Signer, UserData};

pub(crate) fn start() -> Wall {
    Wall::from_millis(1_795_400_107_120)
}

pub(crate) fn now() -> Now {
    Now { mono: Mono::default(), wall: start() }
}

pub(crate) fn centre() -> CentreId {
    CentreId::new("xuan-lung").unwrap()
}

pub(crate) fn signer() -> Signer {
    Signer::from_secret([7; 32])
}

pub(crate) async fn db(storage: &Path) -> CentreDb {
    centre_db::open(storage, &mut Ids::new(1), now()).await.unwrap()
}

pub(crate) fn incident(ids: &mut Ids, severity: Severity) -> IncidentRow {
    IncidentRow {
        id: IncidentId(ids.next(now())),
        kind: Kind::RaisedVoices,
        severity,
        camera: Some(CameraId::new("counter-2").unwrap()),
        also: vec![],
        zone: Some("hall".into()),
        started_at: start(),
        flagged_at: start().plus_millis(1000),
        ended_at: None,
        peak: serde_json::from_str(r#"{"level_dbfs":-14.2}"#).unwrap(),
        count: 1,
        rule: "raised-voices".into(),
        clip: Some((start().plus_millis(-10_000), start().plus_millis(21_000))),
        evidence: Evidence::Pending,
        clock: ClockState::default(),
        sound_may_leave: true,
        asked: false,
    }
}

/// An event that tells `row` as it is.
pub(crate) fn event(id: EventId, row: &IncidentRow, sequence: u64, epoch: Epoch) -> Event {
    Event::new(id, &centre(), EventType::Opened, row.id, start(), sequence, epoch, row.data(vec![]))
}

/// Writes `bytes` below the storage and describes them as `role` of `incident`.
pub(crate) fn file(
    ids: &mut Ids,
    storage: &Path,
    incident: IncidentId,
    role: Role,
    bytes: &[u8],
) -> OutgoingFile {
    let id = FileId(ids.next(now()));
    let folder = storage.join("evidence").join(incident.to_string());
    crate::disk::make_folder(&folder).unwrap();
    let path = folder.join(format!("{id}.bin"));
    crate::disk::write_atomically(&path, bytes).unwrap();
    let checksum = crate::wire::digest(bytes).trim_start_matches("sha256:").to_owned();
    let size = bytes.len() as u64;
    let user_data = UserData {
        incident,
        role,
        camera: None,
        from: start(),
        to: start().plus_millis(1000),
        media_type: "application/octet-stream".into(),
    };
    OutgoingFile { id, path, init: FileInit { name: "file.bin".into(), size, checksum, user_data } }
}
