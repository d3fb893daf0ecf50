//! Films with content credentials in them. May block.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use super::Course;
use super::copying::{Measured, copy_view, measure};
use crate::disk;
use crate::evidence::credentials::{Credentials, Facts, NotSealed, Sealing};
use crate::model::{CameraId, CentreId};
use crate::play::View;

/// What the films of a package get their credentials with.
pub(super) struct Seal {
    pub(super) credentials: Credentials,
    pub(super) centre: CentreId,
    /// The package's id.
    pub(super) package: String,
}

/// A film that is written.
pub(super) struct Written {
    pub(super) measured: Measured,
    /// Why it has no credentials, if it has none: it is whole without them.
    pub(super) unsealed: Option<String>,
}

impl Seal {
    /// The bytes to leave free in the header of a film of so many bytes of media.
    pub(super) fn room(&self, media: u64) -> u64 {
        Sealing::room(media, &self.credentials)
    }

    /// Writes the view, which has room, to a new file.
    ///
    /// # Errors
    /// As [`super::copying::write_view`].
    pub(super) fn write(
        &self,
        view: &View,
        camera: &CameraId,
        path: &Path,
        course: &Course,
        at: impl FnMut(u64),
    ) -> io::Result<Written> {
        let unsealed = self.put(view, camera, path, course, at).map_err(|e| disk::naming(path, e))?;
        // Only now is every byte what it stays.
        Ok(Written { measured: measure(path, course)?, unsealed })
    }

    fn put(
        &self,
        view: &View,
        camera: &CameraId,
        path: &Path,
        course: &Course,
        mut at: impl FnMut(u64),
    ) -> io::Result<Option<String>> {
        let facts = Facts {
            centre: self.centre.clone(),
            camera: camera.clone(),
            from: view.from,
            to: view.to,
            package: self.package.clone(),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut sealing = fit(Sealing::begin(&facts, &name, self.credentials.clone()))?;
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        copy_view(view, &file, |from, bytes| {
            at(from);
            course.goes_on()?;
            // The header is a piece by itself.
            let is_media = from >= view.media_at();
            if let Some(making) = sealing.as_mut().ok().filter(|_| is_media)
                && let Err(why) = fit(making.media(bytes))?
            {
                sealing = Err(why);
            }
            course.did(bytes.len());
            Ok(())
        })?;
        let put = match sealing {
            Ok(sealing) => fit(sealing.put(&mut file, &view.room))?,
            Err(why) => Err(why),
        };
        file.sync_all()?;
        Ok(put.err())
    }
}

/// Tells a film that can have no credentials from a disk that refuses.
fn fit<T>(done: Result<T, NotSealed>) -> io::Result<Result<T, String>> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(NotSealed::Unfit(why)) => Ok(Err(why)),
        Err(NotSealed::Disk(e)) => Err(e),
    }
}
