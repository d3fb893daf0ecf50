//! Makes a package: the shell.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::course::Course;
use super::order::{NotMade, Order, Packed};
use super::page::{PAGE_NAME, beside, page};
use super::pieces::{Piece, pieces};
use crate::centre_db::CentreDb;
use crate::evidence::CERTIFICATE_NAME;
use crate::evidence::envelope::SignerFacts;
use crate::evidence::export::{BesideFile, Package, PackedFile, PackedGap, PackedKind};
use crate::evidence::manifest::MANIFEST_NAME;
use crate::ledger::{LinkKind, SOFTWARE, Sealed, running_ms};
use crate::model::{CameraId, CentreId, ClockState, Wall};
use crate::people::Act;
use crate::play::{BEHIND_MS, Group, Recording, View, ViewError, footage_beside, groups_to_cut};
use crate::record::Index;
use crate::wire::Signer;
use crate::{clock, disk, keeping};

/// So much of a camera is looked at together, and is in one file at most.
const WINDOW_MS: i64 = 6 * 3_600_000;

/// This must be left on any disk that a package is written to.
pub const LEFT_FREE: u64 = 256 << 20;

/// What packages are made with.
pub struct Exporter<'a> {
    /// The centre.
    pub centre: CentreId,
    /// What people call it.
    pub name: String,
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

/// What a camera recorded within one window of the range.
struct Found {
    camera: CameraId,
    recordings: Vec<Recording>,
    groups: Vec<Group>,
    from: Wall,
    to: Wall,
}

/// Files, and what could not be read for them.
#[derive(Default)]
struct Made {
    files: Vec<PackedFile>,
    gaps: Vec<PackedGap>,
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

    /// How many bytes the package will have, about.
    ///
    /// # Errors
    /// If there is nothing for it, or the index cannot be read.
    pub async fn needs(&self, order: &Order) -> Result<u64, NotMade> {
        needs(self.index, order).await
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
        let needed = self.needs(order).await?;
        let above = order.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let free = disk::space(above).map_err(anyhow::Error::from)?.free;
        if free < needed.saturating_add(self.left_free) {
            return Err(NotMade::NoRoom { needed: needed.saturating_add(self.left_free), free });
        }
        self.course.needs(needed);
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
        let Made { files, gaps } = self.write_all(order, &part).await?;
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
            incidents: Vec::new(),
            left_out: Vec::new(),
            beside: Vec::new(),
        };
        package.beside = self.write_beside(&package, &part)?;
        let linking = self.db.link((LinkKind::Package, Some(id)), now.wall, |link| {
            package.link = Some(link);
            Ok(package.seal(self.signer))
        });
        let Sealed { envelope: sealed, digest, .. } = linking.await.context("centre.sqlite")?;
        let (out, manifest) = (order.out.clone(), part.join(MANIFEST_NAME));
        let publishing = tokio::task::spawn_blocking(move || {
            disk::write_atomically(&manifest, &sealed)?;
            disk::publish(&part, &out)
        });
        publishing.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
        tracing::info!(target: "audit", export = id, manifest = digest, "the exported package is whole");
        let bytes = package.files.iter().map(|file| file.size).sum();
        Ok(Packed { package, bytes, manifest: digest })
    }

    /// Writes what explains the films and who signed them.
    fn write_beside(&self, package: &Package, folder: &Path) -> anyhow::Result<Vec<BesideFile>> {
        let page = page(package, &self.name, &self.zone, self.certificate.is_some());
        let certificate = self.certificate.as_ref();
        let files = std::iter::once((PAGE_NAME, "text/html; charset=utf-8", &page))
            .chain(certificate.map(|pem| (CERTIFICATE_NAME, "application/x-pem-file", pem)));
        files
            .map(|(name, media_type, text)| {
                disk::write_atomically(&folder.join(name), text.as_bytes())?;
                Ok(beside(name, media_type, text.as_bytes()))
            })
            .collect()
    }

    /// Camera by camera, some hours at a time: what is in memory does not grow with the range.
    async fn write_all(&self, order: &Order, folder: &Path) -> anyhow::Result<Made> {
        let mut made = Made::default();
        for camera in &order.cameras {
            let name = (camera, order.stream);
            let now = clock::now().wall;
            let range = (order.from, order.to);
            let shown = keeping::timeline(self.index, &self.storage, name, range, now).await?;
            let mut gaps: Vec<PackedGap> =
                shown.gaps.into_iter().map(|gap| packed(camera, gap.from, gap.to, gap.reason)).collect();
            let mut from = order.from;
            while from < order.to {
                let to = order.to.min(from.plus_millis(WINDOW_MS));
                let until = to.plus_millis(BEHIND_MS);
                let recordings = footage_beside(self.index, &self.storage, name, from, until).await?;
                let groups = groups_to_cut(&recordings, from, to);
                let found = Found { camera: camera.clone(), recordings, groups, from, to };
                let (storage, zone, folder) = (self.storage.clone(), self.zone.clone(), folder.to_owned());
                let course = self.course.clone();
                let of_window =
                    tokio::task::spawn_blocking(move || found.write(&storage, &zone, &folder, &course));
                let of_window = of_window.await??;
                made.files.extend(of_window.files);
                gaps.extend(of_window.gaps);
                from = to;
            }
            gaps.sort_by_key(|gap| gap.from);
            made.gaps.extend(gaps);
        }
        Ok(made)
    }
}

/// How many bytes a package of this has, about.
///
/// # Errors
/// If nothing of it is recorded, or the index cannot be read.
pub async fn needs(index: &Index, order: &Order) -> Result<u64, NotMade> {
    let (mut needed, mut is_empty) = (0u64, true);
    for camera in &order.cameras {
        let bytes = index.bytes_within(camera, order.stream, order.from, order.to).await;
        needed = needed.saturating_add(bytes.context("index.sqlite")?);
        let open = index.open_of(camera, order.stream, order.to).await.context("index.sqlite")?;
        is_empty &= needed == 0 && open.is_empty();
    }
    if is_empty { Err(NotMade::Nothing) } else { Ok(needed) }
}

fn packed(camera: &CameraId, from: Wall, to: Wall, reason: Option<&'static str>) -> PackedGap {
    PackedGap { camera: camera.clone(), from, to, reason: reason.unwrap_or("unknown").to_owned() }
}

impl Found {
    fn write(self, storage: &Path, zone: &TimeZone, folder: &Path, course: &Course) -> anyhow::Result<Made> {
        let mut waiting: Vec<Piece> = pieces(&self.groups, self.from, self.to);
        waiting.reverse();
        let mut made = Made::default();
        while let Some(piece) = waiting.pop() {
            match View::make(storage, &self.recordings, &piece.groups, (piece.from, piece.to)) {
                Ok(view) => {
                    let missing = view.missing.iter();
                    made.gaps.extend(
                        missing.map(|part| packed(&self.camera, part.from, part.to, Some("damaged"))),
                    );
                    made.files.push(self.file(&view, zone, folder, course)?);
                }
                // The index does not know all that can change: one more file.
                Err(ViewError::Changes { at, .. }) => waiting.extend(parted(piece, at)),
                Err(ViewError::Nothing) => {}
            }
        }
        Ok(made)
    }

    fn file(
        &self,
        view: &View,
        zone: &TimeZone,
        folder: &Path,
        course: &Course,
    ) -> anyhow::Result<PackedFile> {
        let began = zone.to_datetime(view.from.timestamp()).strftime("%Y-%m-%d_%H-%M-%S").to_string();
        let mut name = format!("{}_{began}.mp4", self.camera);
        let mut more = 1;
        while folder.join(&name).exists() {
            more += 1;
            name = format!("{}_{began}_{more}.mp4", self.camera);
        }
        let path = folder.join(&name);
        let sha256 = copy(view, &path, course).map_err(|e| disk::naming(&path, e))?;
        Ok(PackedFile {
            name,
            kind: PackedKind::Film,
            camera: self.camera.clone(),
            media_type: "video/mp4".to_owned(),
            size: view.bytes,
            sha256,
            from: view.from,
            to: view.to,
            duration_ms: view.duration_ms,
            sound: view.has_sound,
            sources: Vec::new(),
        })
    }
}

/// The two parts of a piece on either side of the group that begins at `at`, the later one first.
fn parted(piece: Piece, at: Wall) -> Vec<Piece> {
    let place = piece.groups.iter().position(|group| group.wall >= at).unwrap_or(0).max(1);
    let (before, behind) = piece.groups.split_at(place.min(piece.groups.len()));
    let middle = behind.first().map_or(piece.to, |group| group.wall);
    let behind = Piece { groups: behind.to_vec(), from: middle, to: piece.to };
    let before = Piece { groups: before.to_vec(), from: piece.from, to: middle };
    [behind, before].into_iter().filter(|piece| !piece.groups.is_empty()).collect()
}

/// Writes the view to a new file that is synced; gives its SHA-256.
fn copy(view: &View, path: &Path, course: &Course) -> io::Result<String> {
    let mut reader = view.reader(0, view.bytes)?;
    let (mut file, mut hash) = (File::create_new(path)?, Sha256::new());
    loop {
        let bytes = reader.read()?;
        if bytes.is_empty() {
            break;
        }
        if course.stop.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        hash.update(&bytes);
        file.write_all(&bytes)?;
        course.wrote(bytes.len());
    }
    file.sync_all()?;
    Ok(hex::encode(hash.finalize()))
}
