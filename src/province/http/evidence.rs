//! Serves stored evidence, whole or a range of it. Each viewing is written down before the first
//! byte goes out; what cannot be written down is not given.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::Pages;
use super::incidents::incident_id;
use crate::clock;
use crate::http::Problem;
use crate::model::IncidentId;
use crate::province::store::{FileRow, Viewing, role_of_page};
use crate::wire::Role;

/// Which of several files of one role.
#[derive(Debug, Deserialize)]
pub struct Which {
    file: Option<String>,
}

/// `GET /api/incidents/{id}/{clip.mp4,still.jpg,sound.wav,manifest.json}`, the earliest of that
/// role or the one named by `?file=`.
#[utoipa::path(get, path = "/api/incidents/{id}/{page}", tag = "incidents", params(("id" = IncidentId, Path), ("page" = String, Path)), responses((status = 200, body = Object)))]
pub async fn file(
    State(pages): State<Pages>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((id, page)): Path<(String, String)>,
    which: Result<Query<Which>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(which) = which.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let incident = incident_id(&id)?;
    let role = role_of_page(&page).ok_or_else(|| Problem::not_found("there is no such page"))?;
    let files = pages.store.files_of(incident).await?;
    let row = pick(&files, role, which.file.as_deref())
        .ok_or_else(|| Problem::not_found(format!("no {} of this incident is stored", role.as_str())))?;
    let range = request.headers().get(header::RANGE).and_then(|range| range.to_str().ok());
    let viewing = Viewing {
        centre: &row.centre,
        incident,
        file: &row.file_id,
        role,
        viewer: peer.ip().to_string(),
        range,
    };
    pages.store.log_viewing(&viewing, clock::now().wall).await?;
    tracing::info!(target: "audit", centre = viewing.centre, %incident, file = viewing.file,
        role = role.as_str(), viewer = viewing.viewer, range, "evidence was viewed");
    let path = pages.store.path_of(row.path.as_deref().unwrap_or_default());
    let served = ServeFile::new(&path).oneshot(request).await;
    let mut response = served.map(|response| response.map(Body::new)).into_response();
    if response.status().is_server_error() || response.status() == axum::http::StatusCode::NOT_FOUND {
        tracing::error!(path = %path.display(), "a stored file cannot be served");
        return Err(Problem::unavailable("the file cannot be read now"));
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
