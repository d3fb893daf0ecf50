//! Gathers what goes into a package, camera by camera and some hours at a time: the footage that is in memory does not
//! grow with the range.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::films::{Found, Place, WINDOW_MS, packed_gap};
use super::incidents::{self, Incidents};
use super::make::Exporter;
use super::more::{MoreFile, more, put};
use super::originals::{self, Recorded};
use super::seal::Seal;
use super::{Order, sounds, sources, stills};
use crate::evidence::credentials::Credentials;
use crate::evidence::export::{
    BesideFile, INCIDENTS, LeftOut, PackedFile, PackedGap, PackedIncident, PackedKind, list_name,
};
use crate::forward::IncidentRow;
use crate::model::{CameraId, Wall};
use crate::play::{BEHIND_MS, footage_beside, groups_to_cut};
use crate::{clock, keeping};

/// What is in a package, and what is not.
#[derive(Default)]
pub(super) struct Content {
    pub(super) files: Vec<PackedFile>,
    pub(super) gaps: Vec<PackedGap>,
    pub(super) incidents: Vec<PackedIncident>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) beside: Vec<BesideFile>,
}

/// What is wanted of a camera.
struct OfCamera<'a> {
    order: &'a Order,
    camera: &'a CameraId,
    /// Of which there is to be a still.
    moments: Vec<Wall>,
    seal: Option<Arc<Seal>>,
}

/// The films of one window with what is made from them.
struct OfWindow {
    films: Vec<PackedFile>,
    made: Vec<PackedFile>,
    gaps: Vec<PackedGap>,
    left_out: Vec<LeftOut>,
}

impl Exporter<'_> {
    /// Writes all of the package's content into `folder`; no files if nothing of it is recorded.
    pub(super) async fn gather(&self, id: &str, order: &Order, folder: &Path) -> anyhow::Result<Content> {
        let seal = self.seal(id, order)?;
        let rows = incidents::within(self.db, order).await.context("centre.sqlite")?;
        let (mut content, mut recorded) = (Content::default(), BTreeMap::new());
        for camera in &order.cameras {
            let flagged = rows.iter().filter(|(of, _)| of == camera).map(|(_, row)| row.flagged_at);
            let moments: Vec<Wall> = flagged.chain(order.wishes.stills.iter().copied()).collect();
            let of_camera = OfCamera { order, camera, moments, seal: seal.clone() };
            self.gather_camera(of_camera, folder, &mut content, &mut recorded).await?;
        }
        if content.files.is_empty() {
            return Ok(content);
        }
        content.left_out.extend(without_still(order, &content.files));
        self.copy_incidents(rows, folder, &mut content).await?;
        if order.wishes.originals {
            self.copy_originals(recorded, folder, &mut content).await?;
        }
        self.write_documents(order, folder, &mut content).await?;
        Ok(content)
    }

    /// What films get their content credentials with, where they were asked for.
    fn seal(&self, id: &str, order: &Order) -> anyhow::Result<Option<Arc<Seal>>> {
        if !order.wishes.c2pa {
            return Ok(None);
        }
        let (centre, now) = (self.centre.clone(), clock::now().wall);
        let credentials = Credentials::of(self.signer, self.certificate.as_deref(), &centre, now)?;
        Ok(Some(Arc::new(Seal { credentials, centre, package: id.to_owned() })))
    }

    async fn gather_camera(
        &self,
        wanted: OfCamera<'_>,
        folder: &Path,
        content: &mut Content,
        recorded: &mut BTreeMap<String, Recorded>,
    ) -> anyhow::Result<()> {
        let OfCamera { order, camera, .. } = wanted;
        let name = (camera, order.stream);
        let range = (order.from, order.to);
        let shown = keeping::timeline(self.index, &self.storage, name, range, clock::now().wall).await?;
        let mut gaps: Vec<PackedGap> =
            shown.gaps.into_iter().map(|gap| packed_gap(camera, gap.from, gap.to, gap.reason)).collect();
        let mut from = order.from;
        while from < order.to {
            let to = order.to.min(from.plus_millis(WINDOW_MS));
            let until = to.plus_millis(BEHIND_MS);
            let recordings = footage_beside(self.index, &self.storage, name, from, until).await?;
            let groups = groups_to_cut(&recordings, from, to);
            let rows = recordings.iter().map(|recording| &recording.row);
            let span = rows.fold((from, to), |(from, to), row| (from.min(row.start), to.max(row.end())));
            let known = recordings.iter().map(|one| (one.row.path.clone(), Recorded::of(one)));
            recorded.extend(known);
            let found = Found { camera: camera.clone(), recordings, groups, from, to };
            let mut of_window = self.write_window(found, &wanted, folder).await?;
            let mut films: Vec<&mut PackedFile> = of_window.films.iter_mut().collect();
            let changed =
                sources::find_hours(self.db, name, span, &mut films).await.context("centre.sqlite")?;
            let mut films: Vec<&mut PackedFile> = of_window.films.iter_mut().collect();
            let both = (self.db, self.index);
            let lost = sources::not_where_they_should_be(both, name, span, &mut films).await;
            content.left_out.extend(lost.context("the lists of the hours")?);
            let unsigned = sources::changed_before_signing(self.index, &of_window.films).await;
            content.left_out.extend(unsigned.context("index.sqlite")?);
            content.files.extend(of_window.films);
            content.files.extend(of_window.made);
            content.left_out.extend(of_window.left_out);
            content.left_out.extend(changed);
            gaps.extend(of_window.gaps);
            from = to;
        }
        gaps.sort_by_key(|gap| gap.from);
        content.gaps.extend(gaps);
        Ok(())
    }

    async fn write_window(
        &self,
        found: Found,
        wanted: &OfCamera<'_>,
        folder: &Path,
    ) -> anyhow::Result<OfWindow> {
        let (moments, wav, seal) = (wanted.moments.clone(), wanted.order.wishes.wav, wanted.seal.clone());
        self.blocking(folder, move |place| {
            let films = found.write(place, seal.as_deref())?;
            let (mut left_out, mut made, mut gaps) = (films.left_out, Vec::new(), Vec::new());
            for film in &films.films {
                let missing = film.missing.iter();
                gaps.extend(
                    missing.map(|part| packed_gap(&found.camera, part.from, part.to, Some("damaged"))),
                );
                made.extend(stills::write((film, &found), &moments, place, &mut left_out)?);
                if wav && film.file.sound {
                    made.extend(sounds::write(&film.file, place, &mut left_out)?);
                }
            }
            let films = films.films.into_iter().map(|film| film.file).collect();
            Ok(OfWindow { films, made, gaps, left_out })
        })
        .await
    }

    async fn copy_incidents(
        &self,
        rows: Vec<(CameraId, IncidentRow)>,
        folder: &Path,
        content: &mut Content,
    ) -> anyhow::Result<()> {
        let copied = self.blocking(folder, move |place| Ok(incidents::write(&rows, place)?)).await?;
        let Incidents { incidents, files, left_out } = copied;
        content.incidents = incidents;
        content.beside.extend(files);
        content.left_out.extend(left_out);
        Ok(())
    }

    async fn copy_originals(
        &self,
        recorded: BTreeMap<String, Recorded>,
        folder: &Path,
        content: &mut Content,
    ) -> anyhow::Result<()> {
        let films = content.files.clone();
        let copied = self.blocking(folder, move |place| {
            let mut left_out = Vec::new();
            let files = originals::write(&films, &recorded, place, &mut left_out)?;
            Ok((files, left_out))
        });
        let (files, left_out) = copied.await?;
        content.files.extend(files);
        content.left_out.extend(left_out);
        Ok(())
    }

    /// The documents and lists that name the recorded files, and what else vouches for what is in the package.
    async fn write_documents(
        &self,
        order: &Order,
        folder: &Path,
        content: &mut Content,
    ) -> anyhow::Result<()> {
        let lists = sources::lists_of(&content.files);
        let hours: BTreeSet<i64> = lists.iter().map(|(hour, _)| *hour).collect();
        let of_incidents = content.beside.iter().filter(|file| file.name.starts_with(INCIDENTS));
        let incidents: Vec<String> = of_incidents.map(|file| file.sha256.clone()).collect();
        for file in more(self.db, &incidents, &hours).await.context("centre.sqlite")? {
            content.beside.push(self.put(folder, file).await?);
        }
        for key in &lists {
            let list = sources::list(self.db, key, order.stream).await.context("centre.sqlite")?;
            match list {
                Some(list) => content.beside.push(self.put(folder, list).await?),
                // Then the check of the package fails there, and says so.
                None => content.left_out.push(LeftOut {
                    name: list_name(key.0, &key.1, order.stream),
                    why: "danh sách đã ký này không còn / this signed list is not there any more".to_owned(),
                }),
            }
        }
        Ok(())
    }

    async fn put(&self, folder: &Path, file: MoreFile) -> anyhow::Result<BesideFile> {
        self.blocking(folder, move |place| Ok(put(place.folder, &file)?)).await
    }

    /// Does what may block where it may.
    async fn blocking<T: Send + 'static>(
        &self,
        folder: &Path,
        work: impl FnOnce(Place<'_>) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (storage, zone, folder) = (self.storage.clone(), self.zone.clone(), folder.to_owned());
        let course = self.course.clone();
        let working = tokio::task::spawn_blocking(move || {
            work(Place { storage: &storage, folder: &folder, zone: &zone, course: &course })
        });
        working.await?
    }
}

/// The moments that somebody asked for and that no film shows.
fn without_still(order: &Order, files: &[PackedFile]) -> Vec<LeftOut> {
    let asked = order.wishes.stills.iter();
    let missing =
        asked.filter(|at| !files.iter().any(|file| file.kind == PackedKind::Still && file.from == **at));
    missing
        .map(|at| LeftOut {
            name: format!("stills {at}"),
            why: "không có hình nào lúc đó / no camera has a picture then".to_owned(),
        })
        .collect()
}
