//! One MP4 of any range, as one download or for a player that asks for parts of it.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use lru::LruCache;
use serde_json::json;

use super::asked::Asked;
use super::exports::given_reason;
use super::playlist::NOT_KEPT;
use super::{Pages, unavailable};
use crate::clock;
use crate::http::{Caller, Problem, ProblemBody};
use crate::keeping::{self, Stretch};
use crate::model::{CameraId, StreamKind, Wall};
use crate::play::{BEHIND_MS, View, ViewError, footage, groups_to_cut};

/// No view is longer.
const LONGEST_MS: i64 = 6 * 3_600_000;

/// What is recorded just now is waited for so long.
const WRITTEN_WITHIN: Duration = Duration::from_secs(4);

/// Views whose headers are remembered: a player asks for one in parts.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// Gaps that are named in a header; more are counted.
const MOST_NAMED: usize = 20;

/// A view as it was asked for, and the files that it was made of then.
type Key = (CameraId, StreamKind, Wall, Wall, Vec<(i64, usize)>);

/// Views that were asked for lately.
#[derive(Debug, Clone)]
pub struct Views(Arc<Mutex<LruCache<Key, Arc<View>>>>);

impl Default for Views {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(REMEMBERED))))
    }
}

/// What is done about a range with gaps in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gaps {
    /// The pictures behind a gap follow those before it.
    Close,
    /// There is no view.
    Refuse,
}

/// `[from, to)` as one MP4, at most 6 hours, for a `reason` that goes on the log. Gaps are refused, unless they are to be closed.
#[utoipa::path(get, path = "/api/cameras/{id}/view.mp4", tag = "recordings", params(("id" = CameraId, Path), Asked),
    responses((status = 200, body = Vec<u8>, content_type = "video/mp4"),
    (status = 206, body = Vec<u8>, content_type = "video/mp4"), (status = 304), (status = 400, body = ProblemBody),
    (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 416, body = ProblemBody)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(asked)?;
    let ((from, to), stream) = (asked.range(LONGEST_MS, "6 hours")?, asked.stream()?);
    let gaps = match asked.gaps.as_deref() {
        None | Some("refuse") => Gaps::Refuse,
        Some("close") => Gaps::Close,
        Some(_) => return Err(Problem::bad_request("gaps must be close or refuse")),
    };
    let reason = asked.reason.as_deref().ok_or_else(|| Problem::bad_request("reason is missing: say why"))?;
    let reason = given_reason(reason)?;
    let camera = pages.camera(&caller, &id)?;
    if to > clock::now().wall {
        return Err(Problem::bad_request("to lies in the future: nothing is recorded there yet"));
    }
    wait_for(&pages, &camera, stream, to).await;
    let (index, storage) = (&pages.archive.index, &pages.config.storage.path);
    let shown = keeping::timeline(index, storage, (&camera, stream), (from, to), clock::now().wall);
    let shown = shown.await.map_err(unavailable)?;
    let mut missing = shown.gaps;
    if shown.spans.is_empty() {
        let why = missing.first().and_then(|gap| gap.reason).unwrap_or("unknown");
        return Err(Problem::not_found(format!("nothing is recorded in this range: {why}")));
    }
    refuse(gaps, &missing)?;
    let view = make(&pages, (&camera, stream), (from, to)).await?;
    missing.extend(view.missing.iter().map(|part| Stretch {
        from: part.from,
        to: part.to,
        reason: Some("damaged"),
    }));
    refuse(gaps, &missing)?;
    pages.note_taking(&caller, (&camera, stream), (from, to), &reason).await?;
    send(view, &headers, &missing)
}

/// Waits for the recording where the range ends with what is recorded now.
async fn wait_for(pages: &Pages, camera: &CameraId, stream: StreamKind, to: Wall) {
    let mut growing = pages.archive.growing(camera, stream);
    if growing.borrow().open.is_none() {
        return;
    }
    let mut coverage = pages.archive.coverage();
    let name = (camera.clone(), stream);
    let is_there = coverage.wait_for(|all| all.get(&name).is_none_or(|until| *until >= to));
    let ended = growing.wait_for(|growing| growing.open.is_none());
    let _ = tokio::time::timeout(WRITTEN_WITHIN, async {
        tokio::select! { _ = is_there => {}, _ = ended => {} }
    })
    .await;
}

fn refuse(gaps: Gaps, missing: &[Stretch]) -> Result<(), Problem> {
    if gaps == Gaps::Close || missing.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "{} gaps are in this range: {}; ask with gaps=close to have what is recorded put together without them",
        missing.len(),
        told(missing)
    );
    Err(Problem::conflict(detail).with("gaps", json!(missing)))
}

fn told(missing: &[Stretch]) -> String {
    let named = missing.iter().take(MOST_NAMED);
    let named = named.map(|gap| format!("{}/{} {}", gap.from, gap.to, gap.reason.unwrap_or("unknown")));
    named.collect::<Vec<_>>().join(", ")
}

async fn make(
    pages: &Pages,
    (camera, stream): (&CameraId, StreamKind),
    (from, to): (Wall, Wall),
) -> Result<Arc<View>, Problem> {
    let until = to.plus_millis(BEHIND_MS);
    let recordings = footage(&pages.archive, (camera, stream), from, until).await.map_err(unavailable)?;
    let made_of = recordings.iter().map(|one| (one.row.counter, one.fragments.len())).collect();
    let key: Key = (camera.clone(), stream, from, to, made_of);
    let remembered = || pages.views.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(view) = remembered().get(&key) {
        return Ok(view.clone());
    }
    let storage = pages.archive.storage().to_owned();
    let making = tokio::task::spawn_blocking(move || {
        let groups = groups_to_cut(&recordings, from, to);
        View::make(&storage, &recordings, &groups, (from, to))
    });
    let view = making.await.map_err(unavailable)?.map_err(|e| match e {
        ViewError::Nothing => Problem::not_found(e.to_string()),
        ViewError::Changes { at, .. } => Problem::conflict(e.to_string()).with("at", json!(at)),
    })?;
    let view = Arc::new(view);
    remembered().put(key, view.clone());
    Ok(view)
}

fn send(view: Arc<View>, headers: &HeaderMap, missing: &[Stretch]) -> Result<Response, Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|tags| tags.contains(&view.etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, view.etag.clone())]).into_response());
    }
    // A part of something else than the client has begun with would not fit (RFC 9110, 13.1.5).
    let is_same = text(header::IF_RANGE).is_none_or(|tag| tag == view.etag);
    let range =
        text(header::RANGE).filter(|_| is_same).map(|range| one_range(range, view.bytes)).transpose()?;
    let whole = 0..=view.bytes.saturating_sub(1);
    let (status, range) = match range.flatten() {
        Some(range) => (StatusCode::PARTIAL_CONTENT, range),
        None => (StatusCode::OK, whole),
    };
    let (start, end) = (*range.start(), *range.end());
    let mut answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "video/mp4")
        .header(header::CONTENT_LENGTH, end - start + 1)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, &view.etag)
        .header(NOT_KEPT.0, NOT_KEPT.1)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if status == StatusCode::PARTIAL_CONTENT {
        answer = answer.header(header::CONTENT_RANGE, format!("bytes {start}-{end}/{}", view.bytes));
    }
    if !missing.is_empty() {
        answer = answer.header("quaywatch-gaps", format!("{}; {}", missing.len(), told(missing)));
    }
    let reader = view.reader(start, end.saturating_add(1)).map_err(unavailable)?;
    // Each piece is read when the one before is on its way: nothing is held for a slow client but that.
    let pieces = stream::try_unfold(reader, |mut reader| async move {
        let read = tokio::task::spawn_blocking(move || reader.read().map(|bytes| (bytes, reader)));
        let (bytes, reader) = read.await.map_err(std::io::Error::other)??;
        Ok::<_, std::io::Error>((!bytes.is_empty()).then_some((bytes::Bytes::from(bytes), reader)))
    });
    answer.body(Body::from_stream(pieces)).map_err(unavailable)
}

/// The range that is asked for; none, so the whole, where more than one is (RFC 9110, 14.2).
fn one_range(text: &str, bytes: u64) -> Result<Option<RangeInclusive<u64>>, Problem> {
    let Ok(ranges) = http_range_header::parse_range_header(text) else { return Ok(None) };
    match ranges.validate(bytes) {
        Ok(mut ranges) if ranges.len() == 1 => Ok(ranges.pop()),
        Ok(_) => Ok(None),
        Err(_) => Err(Problem::no_such_range(format!("there are {bytes} bytes"))),
    }
}
