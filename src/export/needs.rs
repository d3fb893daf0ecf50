//! How much room a package takes, and how much work it is. About: what is recorded now grows, and a film is cut within
//! its first and last file.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::incidents;
use super::{NotMade, Order};
use crate::centre_db::CentreDb;
use crate::evidence::folder_of;
use crate::record::Index;

/// The bytes of a sample of a WAV file.
const SAMPLE_BYTES: u64 = 2;

/// What a package needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needed {
    /// Bytes on the disk.
    pub room: u64,
    /// Bytes that are written, and read for their digest alone.
    pub work: u64,
}

/// What is asked for that.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// What is recorded.
    pub index: &'a Index,
    /// What was flagged.
    pub db: &'a CentreDb,
    /// Where both lie.
    pub storage: &'a Path,
}

/// What a package of this needs.
///
/// # Errors
/// If nothing of it is recorded, or a database cannot be read.
pub async fn needs(ground: Ground<'_>, order: &Order) -> Result<Needed, NotMade> {
    let (mut footage, mut sound, mut is_empty) = (0u64, 0u64, true);
    for camera in &order.cameras {
        let name = (camera, order.stream);
        let bytes = ground.index.bytes_within(camera, order.stream, order.from, order.to).await;
        let bytes = bytes.context("index.sqlite")?;
        footage = footage.saturating_add(bytes);
        let open = ground.index.open_of(camera, order.stream, order.to).await.context("index.sqlite")?;
        is_empty &= bytes == 0 && open.is_empty();
        if order.wishes.wav {
            let samples = ground.index.samples_within(name, order.from, order.to).await;
            sound = sound.saturating_add(samples.context("index.sqlite")?.saturating_mul(SAMPLE_BYTES));
        }
    }
    if is_empty {
        return Err(NotMade::Nothing);
    }
    let rows = incidents::within(ground.db, order).await.context("centre.sqlite")?;
    let folders: Vec<PathBuf> = rows.iter().map(|(_, row)| folder_of(ground.storage, row.id)).collect();
    let evidence =
        tokio::task::spawn_blocking(move || folders.iter().map(|folder| size_of(folder)).sum::<u64>());
    let evidence = evidence.await.map_err(anyhow::Error::from)?;
    let originals = if order.wishes.originals { footage } else { 0 };
    let room = footage.saturating_add(originals).saturating_add(sound).saturating_add(evidence);
    // What carries credentials is read once more.
    let again = if order.wishes.c2pa { footage } else { 0 };
    Ok(Needed { room, work: room.saturating_add(footage).saturating_add(again) })
}

/// The bytes of the files in a folder and in those below it; nothing of what cannot be read.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => size_of(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Wishes;
    use crate::forward::fixtures;
    use crate::model::{EventId, Ids, Severity, StreamKind, Wall};
    use crate::record::{SegmentRow, test_row};

    #[tokio::test]
    async fn sound_originals_and_evidence_take_room_and_digests_are_work() {
        let storage = tempfile::tempdir().unwrap();
        let index = Index::open(storage.path()).await.unwrap();
        for n in 0..3 {
            let row = SegmentRow {
                bytes: 1000,
                duration_ms: 60_000,
                sound: Some("aac 8000".into()),
                ..test_row(n)
            };
            index.add(&row).await.unwrap();
        }
        let (db, mut ids) = (fixtures::db(storage.path()).await, Ids::new(3));
        let from = Wall::from_millis(1);
        let row = crate::forward::IncidentRow {
            camera: Some(test_row(0).camera),
            started_at: from,
            flagged_at: from,
            ..fixtures::incident(&mut ids, Severity::Warning)
        };
        let id = EventId(ids.next(fixtures::now()));
        let event = |sequence, epoch| fixtures::event(id, &row, sequence, epoch);
        db.record_event(&row, &fixtures::signer(), fixtures::now(), event).await.unwrap();
        let folder = folder_of(storage.path(), row.id);
        crate::disk::make_folder(&folder.join("closing")).unwrap();
        crate::disk::write_atomically(&folder.join("clip.mp4"), &[0; 70]).unwrap();
        crate::disk::write_atomically(&folder.join("closing/clip.mp4"), &[0; 7]).unwrap();
        let order = |wav, originals, to| Order {
            cameras: vec![test_row(0).camera],
            stream: StreamKind::Main,
            from,
            to: Wall::from_millis(to),
            reason: "x".into(),
            by: "lan".into(),
            out: "x".into(),
            wishes: Wishes { wav, originals, ..Wishes::default() },
        };
        let ground = Ground { index: &index, db: &db, storage: storage.path() };
        let plain = needs(ground, &order(false, false, 120_000)).await.unwrap();
        assert_eq!(plain, Needed { room: 2077, work: 4077 });
        let all = needs(ground, &order(true, true, 120_000)).await.unwrap();
        assert_eq!(all.room, 2 * 2000 + 77 + 2 * 60 * 8000 * 2);
        assert_eq!(all.work, all.room + 2000);
        let later = Order { from: Wall::from_millis(10_000_000), ..order(true, true, 20_000_000) };
        assert!(matches!(needs(ground, &later).await, Err(NotMade::Nothing)));
    }
}
