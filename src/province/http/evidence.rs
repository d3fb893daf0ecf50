//! Serves stored evidence, whole or a range of it. Each viewing is on the audit log before the first byte goes out;
//! what cannot be written down is not given.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt;
use tower_http::services::ServeFile;
use utoipa::IntoParams;

use super::Pages;
use crate::http::{Caller, Problem, ProblemBody};
use crate::model::{FileId, IncidentId};
use crate::province::store::{FileRow, role_of_page};
use crate::wire::Role;

/// Which of several files of one role.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// This one; the earliest, without it.
    #[param(value_type = Option<FileId>)]
    file: Option<String>,
}

/// A file of an incident's evidence: the earliest of its kind, or the one named by `?file=`.
#[utoipa::path(get, path = "/api/incidents/{id}/{page}", tag = "incidents",
    params(("id" = IncidentId, Path), Which,
        ("page" = String, Path, pattern = "^(clip\\.mp4|still\\.jpg|preview\\.jpg|sound\\.wav|manifest\\.json)$")),
    responses(
    (status = 200, content((Vec<u8> = "video/mp4"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "audio/wav"),
        (Object = "application/json"))),
    (status = 206, content((Vec<u8> = "video/mp4"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "audio/wav"),
        (Vec<u8> = "application/json"))),
    (status = 304), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody), (status = 412),
    (status = 416, body = ProblemBody)))]
pub async fn file(
    State(pages): State<Pages>,
    caller: Caller,
    Path((id, page)): Path<(String, String)>,
    which: Result<Query<Which>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(which) = which.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let role = role_of_page(&page).ok_or_else(|| Problem::not_found("there is no such page"))?;
    let (incident, _) = pages.alert(&caller, &id).await?;
    let files = pages.store.files_of(incident).await?;
    let row = pick(&files, role, which.file.as_deref())
        .ok_or_else(|| Problem::not_found(format!("no {} of this incident is stored", role.as_str())))?;
    let detail = json!({
        "what": role.as_str(), "incident": incident, "centre": row.centre, "camera": row.camera,
        "file": row.file_id, "from": row.from, "to": row.to,
    });
    pages.note_viewing(&caller, (&row.file_id, &incident.to_string()), detail).await?;
    let path = pages.store.path_of(row.path.as_deref().unwrap_or_default());
    let served = ServeFile::new(&path).oneshot(request).await;
    let mut response = served.map(|response| response.map(Body::new)).into_response();
    if response.status().is_server_error() || response.status() == StatusCode::NOT_FOUND {
        tracing::error!(path = %path.display(), "a stored file cannot be served");
        return Err(Problem::unavailable("the file cannot be read now"));
    }
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Err(Problem::no_such_range(format!("the file has {} bytes", row.size)));
    }
    // The type follows from the role: what a centre says of its file is not repeated to a browser.
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(role)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

fn pick<'a>(files: &'a [FileRow], role: Role, file: Option<&str>) -> Option<&'a FileRow> {
    files.iter().find(|row| {
        row.role == role.as_str() && row.path.is_some() && file.is_none_or(|file| row.file_id == file)
    })
}

fn media_type(role: Role) -> &'static str {
    match role {
        Role::Clip => "video/mp4",
        Role::Still | Role::Preview => "image/jpeg",
        Role::Sound => "audio/wav",
        Role::Manifest => "application/json",
    }
}
