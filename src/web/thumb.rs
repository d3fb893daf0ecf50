//! Small pictures for scrubbing.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::asked::Asked;
use super::{Pages, unavailable};
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{CameraId, StreamKind};
use crate::play::NoThumb;

/// How wide they are if nobody says, and at least and at most.
const WIDTH: u32 = 240;
const NARROWEST: u32 = 64;
const WIDEST: u32 = 640;

/// The keyframe that was on the screen at `from`, as a small picture.
#[utoipa::path(get, path = "/api/cameras/{id}/thumb.jpg", tag = "recordings", params(("id" = CameraId, Path), Asked),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 400, body = ProblemBody),
    (status = 404, body = ProblemBody)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Asked::read(asked)?;
    let (camera, at) = (pages.camera(&caller, &id)?, asked.from()?);
    pages.note_viewing(&caller, (&camera, StreamKind::Sub), "thumb", Some((at, at))).await?;
    // In steps, so that browsers of different sizes share what is kept.
    let width = asked.width.unwrap_or(WIDTH).clamp(NARROWEST, WIDEST).next_multiple_of(16);
    let jpeg = pages.thumbs.at(&camera, at, width).await.map_err(|e| match e {
        NoThumb::Nothing => Problem::not_found(e.to_string()),
        NoThumb::Later(e) => unavailable(e),
    })?;
    // A minute in the browser's memory, for a pointer that goes back and forth.
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, max-age=60")];
    Ok((headers, jpeg).into_response())
}
