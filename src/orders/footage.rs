//! Pictures of now, small enough to overtake: from the newest recording, so that nothing is decoded twice.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::clock;
use crate::evidence::still::small_still;
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::Archive;

/// A recording that ended longer ago shows no now.
const FRESH_MS: i64 = 15_000;

/// How large a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    width: u32,
    bytes: usize,
}

impl Size {
    /// One picture.
    pub(super) const ONE: Self = Self { width: 1280, bytes: 90 * 1024 };
    /// One of many.
    pub(super) const OF_MANY: Self = Self { width: 640, bytes: 24 * 1024 };
}

/// The newest picture of a camera, as a reply carries it: `camera`, `at`, `jpeg` (base64).
///
/// # Errors
/// Why there is none, in words.
pub(super) async fn picture_now(
    archive: &Arc<Archive>,
    camera: &CameraId,
    size: Size,
) -> Result<Map<String, Value>, String> {
    let now = clock::now().wall;
    let coverage = archive.coverage().borrow().clone();
    let until = |stream| coverage.get(&(camera.clone(), stream)).copied();
    // A large picture is wanted large, and of many small ones the small stream will do.
    let order = match size == Size::ONE {
        true => [StreamKind::Main, StreamKind::Sub],
        false => [StreamKind::Sub, StreamKind::Main],
    };
    let is_fresh = |end: &Wall| now.millis_since(*end) < FRESH_MS;
    let fresh = order.into_iter().find_map(|stream| Some((stream, until(stream).filter(is_fresh)?)));
    let Some((stream, at)) = fresh else {
        let newest = order.into_iter().filter_map(until).max();
        let since = newest.map_or("it was never recorded".to_owned(), |end| format!("its last is of {end}"));
        return Err(format!("camera \"{camera}\" has no picture of now: {since}"));
    };
    // A file that has just begun holds no picture yet: then the one before it does.
    let files = archive.index.covering(camera, stream, at.plus_millis(-FRESH_MS), now).await;
    let files = files.map_err(|e| format!("the index does not answer now: {e}"))?;
    let paths: Vec<_> = files.iter().rev().map(|row| archive.path_of(row)).collect();
    let made = tokio::task::spawn_blocking(move || {
        let mut made = Err("nothing is recorded".to_owned());
        for path in paths {
            made = small_still(&path, size.width, size.bytes).map_err(|e| e.to_string());
            if made.is_ok() {
                break;
            }
        }
        made
    });
    let jpeg = made.await.map_err(|e| e.to_string())??;
    let data = [
        ("camera".to_owned(), camera.as_str().into()),
        ("at".to_owned(), at.to_string().into()),
        ("jpeg".to_owned(), STANDARD.encode(jpeg).into()),
    ];
    Ok(data.into_iter().collect())
}
