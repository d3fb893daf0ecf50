//! Which hour of the centre's chain names the recorded files behind a package, and those documents and lists
//! themselves: by them anybody can see that a film was cut from what was recorded, long after.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row;

use super::more::MoreFile;
use crate::centre_db::CentreDb;
use crate::evidence::export::{LeftOut, PackedFile, hour_name, list_name};
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::Index;

/// A list of an hour: its document, and whose it is.
pub(super) type ListKey = (i64, CameraId);

/// What a list says of a file.
struct Named {
    hour: i64,
    sha256: String,
}

/// Finds the hour of each source of `files`, which are a camera's and whose recorded files lie within `[from, to]`.
/// Gives those that are not what was recorded.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn find_hours(
    db: &CentreDb,
    (camera, stream): (&CameraId, StreamKind),
    (from, to): (Wall, Wall),
    files: &mut [&mut PackedFile],
) -> Result<Vec<LeftOut>, sqlx::Error> {
    let wanted: BTreeSet<String> =
        files.iter().flat_map(|file| &file.sources).map(|source| source.path.clone()).collect();
    let named = named(db, (camera, stream), (from, to), &wanted).await?;
    let mut changed = BTreeMap::new();
    for source in files.iter_mut().flat_map(|file| &mut file.sources) {
        let Some(named) = named.get(&source.path) else { continue };
        if source.sha256.is_none() {
            continue;
        }
        source.hour = Some(named.hour);
        if source.sha256.as_ref() != Some(&named.sha256) {
            changed.insert(source.path.clone(), named.hour);
        }
    }
    let told = |(name, hour): (String, i64)| LeftOut {
        name,
        why: format!(
            "bản ghi gốc không còn như lúc ghi (văn bản số {hour}) / the recorded file is not what was recorded \
             (document {hour})"
        ),
    };
    Ok(changed.into_iter().map(told).collect())
}

/// Of the sources that no hour names yet: those that are not what they were when they were written, as the index knows.
///
/// # Errors
/// If the index cannot be read.
pub(super) async fn changed_before_signing(
    index: &Index,
    files: &[PackedFile],
) -> Result<Vec<LeftOut>, sqlx::Error> {
    let mut changed = Vec::new();
    let unsigned = files.iter().flat_map(|file| &file.sources).filter(|source| source.hour.is_none());
    let unsigned: BTreeMap<&str, &str> =
        unsigned.filter_map(|source| Some((source.path.as_str(), source.sha256.as_deref()?))).collect();
    for (path, found) in unsigned {
        let written = index.unsealed_digest(path).await?;
        if written.is_some_and(|written| hex::encode(written) != found) {
            let why = "bản ghi gốc không còn như lúc ghi, chưa được ký / the recorded file is not what was recorded, and is not \
                       signed yet";
            changed.push(LeftOut { name: path.to_owned(), why: why.to_owned() });
        }
    }
    Ok(changed)
}

/// Of the sources that no hour names: those that should be named by one, because the hours of their time are signed and
/// they wait for none. Each is put under the first hour after its end, so that the check of the package does not find it
/// there, either.
///
/// # Errors
/// If a database cannot be read.
pub(super) async fn not_where_they_should_be(
    (db, index): (&CentreDb, &Index),
    stream: (&CameraId, StreamKind),
    span: (Wall, Wall),
    files: &mut [&mut PackedFile],
) -> Result<Vec<LeftOut>, sqlx::Error> {
    let mut suspects = BTreeMap::new();
    let unnamed = files.iter().flat_map(|file| &file.sources).filter(|source| source.hour.is_none());
    for source in unnamed.filter(|source| source.sha256.is_some()) {
        if let Some(end) = index.sealed_end(&source.path).await?
            && let Some(hour) = hour_after(db, end).await?
        {
            suspects.insert(source.path.clone(), hour);
        }
    }
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    // Its hour may have been signed just now.
    let paths: BTreeSet<String> = suspects.keys().cloned().collect();
    let named = named(db, stream, span, &paths).await?;
    for source in files.iter_mut().flat_map(|file| &mut file.sources) {
        if let Some(hour) = suspects.get(&source.path) {
            source.hour = Some(named.get(&source.path).map_or(*hour, |named| named.hour));
        }
    }
    let missing = suspects.into_iter().filter(|(path, _)| !named.contains_key(path));
    let told = |(name, hour): (String, i64)| LeftOut {
        name,
        why: format!(
            "bản ghi gốc không có trong danh sách đã ký (văn bản số {hour}) / the recorded file is not in the signed \
             list (document {hour})"
        ),
    };
    Ok(missing.map(told).collect())
}

/// The first hour that was signed after `end`; none if there is none, or no chain yet when that was.
async fn hour_after(db: &CentreDb, end: Wall) -> Result<Option<i64>, sqlx::Error> {
    let hour = sqlx::query_scalar::<_, Option<i64>>(
        "SELECT min(number) FROM ledger WHERE kind = 'hour' AND made_at >= ?1
             AND (SELECT min(made_at) FROM ledger) < ?1",
    );
    hour.bind(end.as_millis()).fetch_one(&db.pool).await
}

/// What the lists of a stream say of the wanted paths. Of two that name the same path the first counts: it is from the
/// hour of the recording.
async fn named(
    db: &CentreDb,
    (camera, stream): (&CameraId, StreamKind),
    (from, to): (Wall, Wall),
    wanted: &BTreeSet<String>,
) -> Result<BTreeMap<String, Named>, sqlx::Error> {
    let lists = sqlx::query(
        "SELECT link, text FROM ledger_lists
         WHERE camera = ? AND stream = ? AND what = 'recorded' AND from_ms <= ? AND to_ms >= ? ORDER BY link",
    )
    .bind(camera.as_str())
    .bind(stream.as_str())
    .bind(to.as_millis())
    .bind(from.as_millis())
    .fetch_all(&db.pool)
    .await?;
    let mut named = BTreeMap::new();
    for list in lists {
        let (hour, text): (i64, &str) = (list.try_get(0)?, list.try_get(1)?);
        for (sha256, path) in text.lines().filter_map(|line| line.split_once("  ")) {
            if wanted.contains(path) {
                named.entry(path.to_owned()).or_insert_with(|| Named { hour, sha256: sha256.to_owned() });
            }
        }
    }
    Ok(named)
}

/// The lists that the sources of these files are in.
pub(super) fn lists_of(files: &[PackedFile]) -> BTreeSet<ListKey> {
    let of_file = |file: &PackedFile| {
        let camera = file.camera.clone();
        let hours: BTreeSet<i64> = file.sources.iter().filter_map(|source| source.hour).collect();
        hours.into_iter().map(move |hour| (hour, camera.clone()))
    };
    files.iter().flat_map(of_file).collect()
}

/// The document of an hour, exactly as it was signed; none if there is none.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn document(db: &CentreDb, hour: i64) -> Result<Option<MoreFile>, sqlx::Error> {
    let envelope =
        sqlx::query_scalar::<_, Vec<u8>>("SELECT envelope FROM ledger WHERE number = ? AND kind = 'hour'");
    let envelope = envelope.bind(hour).fetch_optional(&db.pool).await?;
    Ok(envelope.map(|bytes| MoreFile { name: hour_name(hour), media_type: "application/json", bytes }))
}

/// A list, exactly as its document names it; none if there is none.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn list(
    db: &CentreDb,
    (hour, camera): &ListKey,
    stream: StreamKind,
) -> Result<Option<MoreFile>, sqlx::Error> {
    let text = sqlx::query_scalar::<_, String>(
        "SELECT text FROM ledger_lists WHERE link = ? AND camera = ? AND stream = ? AND what = 'recorded'",
    );
    let text = text.bind(hour).bind(camera.as_str()).bind(stream.as_str()).fetch_optional(&db.pool).await?;
    let file = |text: String| MoreFile {
        name: list_name(*hour, camera, stream),
        media_type: "text/plain; charset=utf-8",
        bytes: text.into_bytes(),
    };
    Ok(text.map(file))
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
