//! Makes one package of the queue, and puts on record what came of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::queue::ourselves;
use super::{
    Course, ExportState, Exported, Exporter, Exports, LEFT_FREE, NotMade, Packed, certificate, names,
};
use crate::{clock, disk};

/// A package is kept for so long: enough to fetch it after a long weekend, and short enough that what was taken out of
/// the footage does not lie around for longer than anybody needs it there.
pub(super) const KEPT_MS: i64 = 7 * 86_400_000;

/// What was recorded in the last seconds may not be in its file yet.
const WRITTEN_AFTER_MS: i64 = 3000;

/// How often it is told how far an export is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

impl Exports {
    pub(super) async fn make(&self, export: Exported, stop: &CancellationToken) -> anyhow::Result<()> {
        let course = Arc::new(Course::until(stop.child_token()));
        *self.running() = Some((export.id.clone(), course.clone()));
        let made = self.make_with(&export, &course).await;
        let ended = self.end(&export, made, stop).await;
        *self.running() = None;
        ended
    }

    async fn make_with(&self, export: &Exported, course: &Arc<Course>) -> Result<Packed, NotMade> {
        let inner = &self.0;
        if !inner.db.export_runs(&export.id).await.context("centre.sqlite")? {
            return Err(NotMade::Stopped);
        }
        self.tell(export, ExportState::Running, 0.0);
        let order = self.order(export);
        let wait_ms =
            u64::try_from(WRITTEN_AFTER_MS.saturating_sub(clock::now().wall.millis_since(order.to)));
        let wait = tokio::time::sleep(Duration::from_millis(wait_ms.unwrap_or(0)));
        if course.stop.run_until_cancelled(wait).await.is_none() {
            return Err(NotMade::Stopped);
        }
        inner.archive.in_place().map_err(anyhow::Error::from)?;
        let exporter = Exporter {
            centre: inner.config.centre.id.clone(),
            name: inner.config.centre.name.clone(),
            cameras: names(&inner.config),
            certificate: certificate(&inner.config, &inner.signer),
            storage: inner.config.storage.path.clone(),
            zone: inner.config.centre.hours.time_zone().clone(),
            index: &inner.archive.index,
            db: &inner.db,
            signer: &inner.signer,
            clock: *inner.clock.borrow(),
            left_free: inner.config.storage.reserve_bytes,
            course: course.clone(),
        };
        disk::make_folder(&self.all_of_them()).map_err(anyhow::Error::from)?;
        self.make_room(exporter.needs(&order).await?.room).await?;
        exporter.check(&order).await?;
        let mut writing = std::pin::pin!(exporter.write(&export.id, &order));
        loop {
            match tokio::time::timeout(TOLD_EVERY, &mut writing).await {
                Ok(made) => return made,
                Err(_) => self.tell(export, ExportState::Running, course.done()),
            }
        }
    }

    /// On a disk that is full of recordings the oldest go for a package as they go for new recordings.
    async fn make_room(&self, needed: u64) -> anyhow::Result<()> {
        let archive = &self.0.archive;
        let must = needed.saturating_add(archive.policy().reserve_bytes);
        if disk::space(archive.storage())?.free < must {
            let now = clock::now();
            let trusted_now = archive.believes(now).then_some(now.wall);
            archive.make_room(needed.saturating_add(LEFT_FREE), trusted_now).await?;
        }
        Ok(())
    }

    async fn end(
        &self,
        export: &Exported,
        made: Result<Packed, NotMade>,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        match made {
            Ok(packed) => {
                let now = clock::now().wall;
                let whole = packed.on_record(Some(now.plus_millis(KEPT_MS)));
                let detail = json!({
                    "manifest": packed.manifest, "bytes": packed.bytes, "files": whole.files, "by": export.by,
                });
                let act = ourselves("export-whole", &export.id, detail);
                if self.0.db.export_is_whole(&export.id, &whole, act, now).await? {
                    self.tell(export, ExportState::Whole, 1.0);
                } else {
                    self.remove(&export.id).await;
                }
            }
            // The next start finds it.
            Err(NotMade::Stopped) if stop.is_cancelled() => {}
            Err(NotMade::Stopped) => self.remove(&export.id).await,
            Err(why) => {
                tracing::error!(export = export.id, "an export could not be made: {why}");
                self.fail(export, &why.to_string()).await?;
                self.remove(&export.id).await;
            }
        }
        Ok(())
    }

    pub(super) async fn fail(&self, export: &Exported, why: &str) -> anyhow::Result<()> {
        let act = ourselves("export-failed", &export.id, json!({ "problem": why, "by": export.by }));
        if self.0.db.export_failed(&export.id, why, act, clock::now().wall).await? {
            self.tell(export, ExportState::Failed, 0.0);
        }
        Ok(())
    }
}
