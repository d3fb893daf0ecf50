//! Removes packages: when somebody says so, when their time is over, and what is left of those that are none any more.

use serde_json::json;

use super::queue::OURSELVES;
use super::{ExportState, Exported, Exports};
use crate::model::Wall;
use crate::people::Act;
use crate::{clock, disk};

impl Exports {
    /// Removes a package, or ends the work on it; false if there is none.
    ///
    /// # Errors
    /// If it cannot be put on record; then it stays.
    pub async fn delete(&self, export: &Exported, who: &str, from: &str) -> anyhow::Result<bool> {
        let detail = json!({ "cameras": export.cameras, "from": export.from, "to": export.to });
        let act = Act { who, from, action: "export-deleted", subject: Some(&export.id), detail };
        if !self.0.db.export_is_deleted(&export.id, act, clock::now().wall).await? {
            return Ok(false);
        }
        let course = self.running().as_ref().filter(|(id, _)| *id == export.id).map(|(_, c)| c.clone());
        match course {
            // Who makes it removes what there is of it.
            Some(course) => course.stop.cancel(),
            None => self.remove(&export.id).await,
        }
        self.tell(export, ExportState::Deleted, 0.0);
        Ok(true)
    }

    /// Removes packages whose time is over, and what is left of those that are none any more.
    ///
    /// # Errors
    /// If the database cannot be read or written.
    pub async fn keep_house(&self, trusted_now: Option<Wall>) -> anyhow::Result<()> {
        if let Some(now) = trusted_now {
            for export in self.0.db.exports_outdated(now).await? {
                self.delete(&export, OURSELVES.0, OURSELVES.1).await?;
            }
        }
        let Ok(mut names) = tokio::fs::read_dir(self.all_of_them()).await else { return Ok(()) };
        while let Ok(Some(entry)) = names.next_entry().await {
            let name = entry.file_name().to_string_lossy().into_owned();
            let id = name.strip_suffix(".part").unwrap_or(&name).to_owned();
            let state = self.0.db.export_here(&id).await?.map(|export| export.state);
            let is_gone = matches!(state, Some(ExportState::Deleted | ExportState::Failed));
            let is_made = self.running().as_ref().is_some_and(|(running, _)| *running == id);
            if is_gone && !is_made {
                self.remove(&id).await;
            }
        }
        Ok(())
    }

    /// What was being made when the service ended is not made any more: whoever wants it asks again.
    pub(super) async fn give_up_cut_off(&self) -> anyhow::Result<()> {
        let cut_off = self.0.db.exports_to_come().await?;
        for export in cut_off.iter().filter(|export| export.state == ExportState::Running) {
            let why = "dịch vụ đã dừng giữa chừng, hãy yêu cầu lại / the service ended meanwhile: ask again";
            tracing::warn!(export = export.id, "an export was cut off, what there is of it is removed");
            self.fail(export, why).await?;
            self.remove(&export.id).await;
        }
        Ok(())
    }

    pub(super) async fn remove(&self, id: &str) {
        let folder = self.folder(id);
        for folder in [disk::beside(&folder, "part"), folder] {
            match tokio::fs::remove_dir_all(&folder).await {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                // Housekeeping tries again.
                Err(e) => tracing::error!("{} cannot be removed: {e}", folder.display()),
            }
        }
    }
}
