//! The files of an incident's evidence, whole or a range of them. Each viewing is on the log before the first byte
//! goes out.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::incident::seen;
use super::{Pages, unavailable};
use crate::evidence::{EVIDENCE_FILES, folder_of};
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::IncidentId;

/// `clip.mp4`, `still.jpg`, `sound.wav` or `manifest.json` of an incident.
#[utoipa::path(get, path = "/api/incidents/{id}/{page}", tag = "incidents",
    params(("id" = IncidentId, Path),
    ("page" = String, Path, description = "clip.mp4, still.jpg, sound.wav or manifest.json")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 206, body = Vec<u8>, content_type = "application/octet-stream"), (status = 304),
    (status = 404, body = ProblemBody), (status = 412), (status = 416)))]
pub(super) async fn file(
    State(pages): State<Pages>,
    caller: Caller,
    Path((id, page)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let case = seen(&pages, &caller, &id).await?;
    let known = EVIDENCE_FILES.iter().find(|(name, _, _)| *name == page);
    let (name, what, media_type) = *known.ok_or_else(|| Problem::not_found("there is no such page"))?;
    let path = folder_of(&pages.config.storage.path, case.row.id).join(name);
    if !tokio::fs::try_exists(&path).await.map_err(unavailable)? {
        return Err(Problem::not_found(format!("there is no {name} of this incident")));
    }
    pages.note_evidence(&caller, &case.row.id.to_string(), what).await?;
    let served = ServeFile::new(&path).oneshot(request).await;
    let mut response = served.map(|response| response.map(Body::new)).into_response();
    if response.status().is_server_error() || response.status() == StatusCode::NOT_FOUND {
        tracing::error!(path = %path.display(), "a file of the evidence cannot be served");
        return Err(Problem::unavailable("the file cannot be read now"));
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}
