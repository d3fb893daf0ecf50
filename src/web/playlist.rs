//! The playlist of a range, and the parts of the recorded files that it names.

use std::ops::Range;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::asked::Asked;
use super::{Pages, unavailable};
use crate::clock;
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{CameraId, Wall};
use crate::play::{Ending, Part, Recording, Sound, Unreadable, footage, part, playlist, stretches};

/// No playlist is longer.
const LONGEST_MS: i64 = 86_400_000;

/// Footage is nothing that a shared machine should keep.
pub(super) const NOT_KEPT: (header::HeaderName, &str) = (header::CACHE_CONTROL, "private, no-store");

/// The playlist of `[from, to)` (HLS, RFC 8216), at most a day. Without `to` it grows.
#[utoipa::path(get, path = "/api/cameras/{id}/playlist.m3u8", tag = "recordings",
    params(("id" = CameraId, Path), Asked),
    responses((status = 200, body = String, content_type = "application/vnd.apple.mpegurl"),
    (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Asked::read(asked)?;
    let (camera, stream) = (pages.camera(&caller, &id)?, asked.stream()?);
    let from = asked.from()?;
    let until = from.plus_millis(LONGEST_MS);
    let to = match asked.to {
        Some(_) => asked.range(LONGEST_MS, "a day")?.1,
        None => until,
    };
    let recordings = footage(&pages.archive, (&camera, stream), from, to).await.map_err(unavailable)?;
    let stretches = stretches(&recordings, from, to);
    let Some(first) = stretches.first() else {
        return Err(Problem::not_found("nothing is recorded in this range"));
    };
    let ending = match stretches.get(1).and_then(|next| next.groups.first()) {
        Some(next) => Ending::Next(next.wall),
        None if asked.to.is_none() && clock::now().wall < until => Ending::Growing,
        None => Ending::Complete,
    };
    let shown = whole_files(&recordings, (from, to));
    pages.note_viewing(&caller, (&camera, stream), "playlist", Some(shown)).await?;
    let text = playlist(&recordings, first, from, ending);
    Ok(([(header::CONTENT_TYPE, "application/vnd.apple.mpegurl"), NOT_KEPT], text).into_response())
}

/// A part of a recorded file, with the `Range` of a playlist.
#[utoipa::path(get, path = "/api/cameras/{id}/segments/{name}", tag = "recordings",
    params(("id" = CameraId, Path), ("name" = String, Path, description = "{counter}.mp4")),
    responses((status = 206, body = Vec<u8>, content_type = "video/mp4"), (status = 404, body = ProblemBody),
    (status = 410, body = ProblemBody), (status = 416, body = ProblemBody)))]
pub(super) async fn segment(
    State(pages): State<Pages>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    give(&pages, &caller, (&id, &name), &headers, Sound::Kept).await
}

/// The same without the sound track.
#[utoipa::path(get, path = "/api/cameras/{id}/silent/{name}", tag = "recordings",
    params(("id" = CameraId, Path), ("name" = String, Path, description = "{counter}.mp4")),
    responses((status = 206, body = Vec<u8>, content_type = "video/mp4"), (status = 404, body = ProblemBody),
    (status = 410, body = ProblemBody), (status = 416, body = ProblemBody)))]
pub(super) async fn silent(
    State(pages): State<Pages>,
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    give(&pages, &caller, (&id, &name), &headers, Sound::Left).await
}

async fn give(
    pages: &Pages,
    caller: &Caller,
    (id, name): (&str, &str),
    headers: &HeaderMap,
    sound: Sound,
) -> Result<Response, Problem> {
    let camera = pages.camera(caller, id)?;
    let counter = name.strip_suffix(".mp4").and_then(|counter| counter.parse::<i64>().ok());
    let counter = counter.ok_or_else(|| Problem::not_found("there is no such recording"))?;
    let range = range(headers)?;
    let path = pages.paths.of(&pages.archive, &camera, counter).await.map_err(unavailable)?;
    let played = path.ok_or_else(|| Problem::gone("this recording was deleted"))?;
    // Most is of a playlist that was asked for; what is not is a viewing all the same.
    pages.note_viewing(caller, (&camera, played.stream), "playlist", Some(played.range)).await?;
    let path = played.path;
    let asked = range.clone();
    let read = tokio::task::spawn_blocking(move || part(&path, asked, sound)).await.map_err(unavailable)?;
    let Part { bytes, is_short, file_bytes } = read.map_err(problem)?;
    if is_short {
        tracing::warn!(%camera, counter, "a recording is damaged: it is played up to there");
    }
    let end = range.start.saturating_add(bytes.len() as u64).saturating_sub(1);
    let headers = [
        (header::CONTENT_TYPE, "video/mp4".to_owned()),
        (header::CONTENT_RANGE, format!("bytes {}-{end}/{file_bytes}", range.start)),
        (NOT_KEPT.0, NOT_KEPT.1.to_owned()),
    ];
    Ok((StatusCode::PARTIAL_CONTENT, headers, bytes).into_response())
}

/// A range, and all of the files that it begins and ends in: parts of them are asked for one by one.
fn whole_files(recordings: &[Recording], (from, to): (Wall, Wall)) -> (Wall, Wall) {
    let begins = recordings.iter().map(|one| one.row.start).min().unwrap_or(from);
    let ends =
        recordings.iter().map(|one| one.row.start.plus_millis(one.row.duration_ms)).max().unwrap_or(to);
    (from.min(begins), to.max(ends))
}

/// The one range that is asked for.
fn range(headers: &HeaderMap) -> Result<Range<u64>, Problem> {
    let wanted = || Problem::no_such_range("ask for one range of bytes, as the playlist names them");
    let text = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).ok_or_else(wanted)?;
    let (from, to) =
        text.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or_else(wanted)?;
    let (from, to): (u64, u64) = (from.parse().map_err(|_| wanted())?, to.parse().map_err(|_| wanted())?);
    let end = to.checked_add(1).filter(|end| *end > from).ok_or_else(wanted)?;
    Ok(from..end)
}

fn problem(e: Unreadable) -> Problem {
    match e {
        Unreadable::NoSuchRange(_) | Unreadable::TooLong => Problem::no_such_range(e.to_string()),
        Unreadable::Damaged => Problem::gone(e.to_string()),
        Unreadable::Io(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Problem::gone("this recording was deleted")
        }
        Unreadable::Io(e) => unavailable(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_read_and_nothing_else() {
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, text.parse().unwrap());
            range(&headers).ok()
        };
        assert_eq!(asked("bytes=0-0"), Some(0..1));
        assert_eq!(asked("bytes=1200-99999"), Some(1200..100_000));
        for odd in [
            "bytes=5-4",
            "bytes=-5",
            "bytes=5-",
            "bytes=0-1,5-6",
            "lines=0-1",
            "bytes=0-18446744073709551615",
        ] {
            assert_eq!(asked(odd), None, "{odd}");
        }
        assert!(range(&HeaderMap::new()).is_err());
    }
}
