//! Makes a package: the shell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;
use serde_json::json;

use super::copying::sync_folders;
use super::course::Course;
use super::gather::Content;
use super::more::{MoreFile, put};
use super::needs::{Ground, Needed, needs};
use super::order::{NotMade, Order, Packed};
use super::page::{PAGE_NAME, Shown, page};
use crate::centre_db::CentreDb;
use crate::evidence::CERTIFICATE_NAME;
use crate::evidence::envelope::SignerFacts;
use crate::evidence::export::{BesideFile, Package};
use crate::evidence::manifest::MANIFEST_NAME;
use crate::ledger::{SOFTWARE, Sealed, running_ms};
use crate::model::{CameraId, CentreId, ClockState};
use crate::people::Act;
use crate::record::Index;
use crate::wire::Signer;
use crate::{clock, disk};

/// This must be left on any disk that a package is written to.
pub const LEFT_FREE: u64 = 256 << 20;

/// What packages are made with.
pub struct Exporter<'a> {
    /// The centre.
    pub centre: CentreId,
    /// What people call it.
    pub name: String,
    /// What people call its cameras.
    pub cameras: BTreeMap<CameraId, String>,
    /// The certificate of the key that signs, and of whoever certified it, in PEM; none before it is enrolled.
    pub certificate: Option<String>,
    /// Where the recordings are.
    pub storage: PathBuf,
    /// Its clock.
    pub zone: TimeZone,
    /// The index, for reading.
    pub index: &'a Index,
    /// Where exports are put on record.
    pub db: &'a CentreDb,
    /// Who signs.
    pub signer: &'a Signer,
    /// How far the clock can be believed.
    pub clock: ClockState,
    /// This must be left on the disk that it is written to.
    pub left_free: u64,
    /// How far it is.
    pub course: Arc<Course>,
}

impl Exporter<'_> {
    /// Makes the package `id`. It is put on record before anything is written.
    ///
    /// # Errors
    /// [`NotMade`]; what was begun then stays beside the name, without a manifest.
    pub async fn make(&self, id: &str, order: &Order) -> Result<Packed, NotMade> {
        self.check(order).await?;
        let act = |action, detail| Act { who: &order.by, from: "console", action, subject: Some(id), detail };
        let begun = self.db.export_begins(id, order, act("export-begun", order.detail()), clock::now().wall);
        begun.await.context("centre.sqlite")?;
        let made = self.write(id, order).await;
        let now = clock::now().wall;
        let on_record = match &made {
            Ok(packed) => {
                let detail = json!({ "manifest": packed.manifest, "bytes": packed.bytes });
                self.db.export_is_whole(id, &packed.on_record(None), act("export-whole", detail), now).await
            }
            Err(why) => {
                let why = why.to_string();
                let detail = json!({ "problem": why });
                self.db.export_failed(id, &why, act("export-failed", detail), now).await
            }
        };
        on_record.context("centre.sqlite")?;
        made
    }

    /// What the package needs, about.
    ///
    /// # Errors
    /// If there is nothing for it, or a database cannot be read.
    pub async fn needs(&self, order: &Order) -> Result<Needed, NotMade> {
        needs(Ground { index: self.index, db: self.db, storage: &self.storage }, order).await
    }

    /// Whether the package can be made.
    ///
    /// # Errors
    /// [`NotMade`] if it cannot.
    pub async fn check(&self, order: &Order) -> Result<(), NotMade> {
        let part = disk::beside(&order.out, "part");
        if order.out.exists() {
            return Err(NotMade::Exists(order.out.display().to_string()));
        }
        if part.exists() {
            return Err(NotMade::HalfMade(part.display().to_string()));
        }
        let Needed { room: needed, work } = self.needs(order).await?;
        let above = order.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let free = disk::space(above).map_err(anyhow::Error::from)?.free;
        if free < needed.saturating_add(self.left_free) {
            return Err(NotMade::NoRoom { needed: needed.saturating_add(self.left_free), free });
        }
        self.course.needs(work);
        Ok(())
    }

    /// Writes the package `id`, which is on record.
    ///
    /// # Errors
    /// [`NotMade`]; what was begun then stays beside the name, without a manifest.
    pub async fn write(&self, id: &str, order: &Order) -> Result<Packed, NotMade> {
        let made = self.write_whole(id, order).await;
        made.map_err(|why| if self.course.stop.is_cancelled() { NotMade::Stopped } else { why })
    }

    async fn write_whole(&self, id: &str, order: &Order) -> Result<Packed, NotMade> {
        let part = disk::beside(&order.out, "part");
        let cameras = order.cameras.iter().map(CameraId::as_str).collect::<Vec<_>>().join(" ");
        tracing::info!(
            target: "audit",
            export = id, cameras, from = %order.from, to = %order.to, reason = order.reason, by = order.by,
            folder = %order.out.display(), "footage is exported"
        );
        disk::make_folder(&part).map_err(anyhow::Error::from)?;
        let Content { files, gaps, incidents, left_out, beside } = self.gather(id, order, &part).await?;
        if files.is_empty() {
            // Nothing of ours is in it.
            let _ = std::fs::remove_dir(&part);
            return Err(NotMade::Nothing);
        }
        let now = clock::now();
        let mut package = Package {
            link: None,
            id: id.to_owned(),
            centre: self.centre.clone(),
            cameras: order.cameras.clone(),
            stream: order.stream,
            from: order.from,
            to: order.to,
            reason: order.reason.clone(),
            by: order.by.clone(),
            made_at: now.wall,
            running_ms: Some(running_ms(now)),
            clock: self.clock,
            software: SOFTWARE.to_owned(),
            signer: SignerFacts::of(self.signer).map_err(anyhow::Error::from)?,
            files,
            gaps,
            incidents,
            left_out,
            beside,
        };
        let explained = self.write_beside(&package, &part)?;
        package.beside.extend(explained);
        let Sealed { envelope: sealed, digest, .. } = self.link(&mut package, &part).await?;
        let (out, manifest) = (order.out.clone(), part.join(MANIFEST_NAME));
        let publishing = tokio::task::spawn_blocking(move || {
            sync_folders(&part)?;
            disk::write_atomically(&manifest, &sealed)?;
            disk::publish(&part, &out)
        });
        publishing.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
        tracing::info!(target: "audit", export = id, manifest = digest, "the exported package is whole");
        let sizes = package.files.iter().map(|file| file.size);
        let bytes = sizes.chain(package.beside.iter().map(|file| file.size)).sum();
        Ok(Packed { package, bytes, manifest: digest })
    }

    /// Writes what explains the films and who signed them.
    fn write_beside(&self, package: &Package, folder: &Path) -> anyhow::Result<Vec<BesideFile>> {
        let certificate = self.certificate.as_ref();
        let shown = Shown {
            package,
            name: &self.name,
            cameras: &self.cameras,
            zone: &self.zone,
            has_certificate: certificate.is_some(),
        };
        let page = page(&shown).into_bytes();
        let page =
            MoreFile { name: PAGE_NAME.to_owned(), media_type: "text/html; charset=utf-8", bytes: page };
        let certificate = certificate.map(|pem| MoreFile {
            name: CERTIFICATE_NAME.to_owned(),
            media_type: "application/x-pem-file",
            bytes: pem.as_bytes().to_vec(),
        });
        [page].iter().chain(&certificate).map(|file| Ok(put(folder, file)?)).collect()
    }
}
