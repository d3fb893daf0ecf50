//! Small pictures for scrubbing.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::asked::Asked;
use super::{Pages, unavailable};
use crate::http::Problem;
use crate::play::NoThumb;

/// How wide they are if nobody says, and at least and at most.
const WIDTH: u32 = 240;
const NARROWEST: u32 = 64;
const WIDEST: u32 = 640;

/// `GET /api/cameras/{id}/thumb.jpg?from[&width=240]`: the keyframe that was on the screen at that moment.
pub(super) async fn one(
    State(pages): State<Pages>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Asked::read(asked)?;
    let (camera, at) = (pages.camera(&id)?, asked.from()?);
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
