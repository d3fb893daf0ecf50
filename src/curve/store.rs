//! `curves.sqlite`, and the task that fills it.

use std::path::Path;
use std::time::Duration;

use sqlx::{Row, SqlitePool};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::collector::Sample;
use super::{Collector, Curve, Finished, Minute, curve};
use crate::model::{CameraId, Wall};
use crate::{clock, database};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/curves");

/// The file's name below the storage path.
const FILE_NAME: &str = "curves.sqlite";

/// How often what was gathered is written.
const WRITTEN_EVERY: Duration = Duration::from_secs(10);

/// The open curves. Clones share them.
#[derive(Debug, Clone)]
pub struct CurveDb(SqlitePool);

impl CurveDb {
    /// Opens or makes the curves below `storage`. Damaged ones are made anew: nothing but a drawing is lost.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub async fn open(storage: &Path) -> Result<Self, sqlx::Error> {
        let path = storage.join(FILE_NAME);
        match database::open(&path, &MIGRATIONS).await {
            Err(e) if database::is_damaged(&e) => {
                tracing::error!("{}: {e}: levels and counts are gathered anew", path.display());
                for ending in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(storage.join(format!("{FILE_NAME}{ending}")));
                }
                Ok(Self(database::open(&path, &MIGRATIONS).await?))
            }
            opened => Ok(Self(opened?)),
        }
    }

    /// Adds minutes to what is known of them.
    ///
    /// # Errors
    /// If they cannot be written.
    pub async fn add(&self, minutes: &[Finished]) -> Result<(), sqlx::Error> {
        let mut all = self.0.begin().await?;
        for (camera, number, minute) in minutes {
            let known: Option<Vec<u8>> =
                sqlx::query_scalar("SELECT seconds FROM minutes WHERE camera = ? AND minute = ?")
                    .bind(camera.as_str())
                    .bind(number)
                    .fetch_optional(&mut *all)
                    .await?;
            let mut minute = minute.clone();
            if let Some(known) = known.and_then(|bytes| Minute::from_bytes(&bytes)) {
                minute.merge(&known);
            }
            sqlx::query("INSERT OR REPLACE INTO minutes (camera, minute, seconds) VALUES (?, ?, ?)")
                .bind(camera.as_str())
                .bind(number)
                .bind(minute.bytes())
                .execute(&mut *all)
                .await?;
        }
        all.commit().await
    }

    /// The curve of a camera over `[from, to)` in at most `points` steps.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn curve(
        &self,
        camera: &CameraId,
        (from, to): (Wall, Wall),
        points: usize,
    ) -> Result<Curve, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT minute, seconds FROM minutes WHERE camera = ? AND minute >= ? AND minute <= ?",
        )
        .bind(camera.as_str())
        .bind(from.as_millis().div_euclid(60_000))
        .bind(to.as_millis().div_euclid(60_000))
        .fetch_all(&self.0)
        .await?;
        let mut minutes = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(minute) = Minute::from_bytes(row.try_get(1)?) {
                minutes.push((row.try_get::<i64, _>(0)?, minute));
            }
        }
        Ok(curve(minutes.iter().map(|(number, minute)| (*number, minute)), (from, to), points))
    }

    /// Forgets what is older than `before`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn forget(&self, before: Wall) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM minutes WHERE minute < ?")
            .bind(before.as_millis().div_euclid(60_000))
            .execute(&self.0)
            .await?;
        Ok(())
    }
}

/// Keeps what comes out of a tap until `stop`.
///
/// # Errors
/// None: what cannot be written now is written later, or lost.
pub async fn collect(
    curves: CurveDb,
    samples: &mut mpsc::Receiver<Sample>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut collector = Collector::default();
    let mut due = tokio::time::interval(WRITTEN_EVERY);
    let mut is_ending = false;
    while !is_ending {
        tokio::select! {
            sample = samples.recv() => match sample {
                Some((camera, at, measured)) => {
                    collector.take(&camera, at, measured);
                    continue;
                }
                None => is_ending = true,
            },
            _ = due.tick() => {}
            () = stop.cancelled() => is_ending = true,
        }
        let gathered = collector.gathered(clock::now().wall);
        if let Err(e) = curves.add(&gathered).await {
            tracing::warn!("levels and counts cannot be kept now: {e}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Measured;

    #[tokio::test]
    async fn damaged_curves_are_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        crate::disk::write_atomically(&folder.path().join(FILE_NAME), &[b'x'; 5000]).unwrap();
        CurveDb::open(folder.path()).await.unwrap().forget(Wall::from_millis(0)).await.unwrap();
    }

    #[tokio::test]
    async fn a_curve_is_read_back_and_goes_with_its_age() {
        let folder = tempfile::tempdir().unwrap();
        let curves = CurveDb::open(folder.path()).await.unwrap();
        let (gate, hall) = (CameraId::new("gate").unwrap(), CameraId::new("hall").unwrap());
        let at = |s: i64| Wall::from_millis(s * 1000);
        let mut minute = Minute::default();
        minute.take(5, Measured::Level(-30.0));
        curves.add(&[(gate.clone(), 100, minute.clone())]).await.unwrap();
        let mut later = Minute::default();
        later.take(6, Measured::Level(-20.0));
        curves.add(&[(gate.clone(), 100, later), (hall.clone(), 100, Minute::default())]).await.unwrap();
        let range = (at(6004), at(6008));
        let shown = curves.curve(&gate, range, 100).await.unwrap();
        assert_eq!(shown.level_dbfs[..4], [None, Some(-30), Some(-20), None]);
        assert!(curves.curve(&hall, range, 100).await.unwrap().level_dbfs.iter().all(Option::is_none));
        curves.forget(at(6060)).await.unwrap();
        assert!(curves.curve(&gate, range, 100).await.unwrap().level_dbfs.iter().all(Option::is_none));
    }
}
