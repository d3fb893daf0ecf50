//! Packages of footage: asked for, watched, fetched, removed.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{Pages, unavailable};
use crate::clock;
use crate::export::{By, ExportState, Exported, NewExport, NotAsked, Wishes, zipped};
use crate::http::{Caller, Problem, ProblemBody};
use crate::keeping;
use crate::model::{CameraId, StreamKind, Wall};

/// More is asked for in parts.
const LONGEST_MS: i64 = 24 * 3_600_000;

/// No centre has more cameras.
const MOST_CAMERAS: usize = 64;

/// Nobody looks at more by themselves.
const MOST_STILLS: usize = 100;

/// So many are listed.
const LISTED: u32 = 200;

/// What is to be exported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The cameras.
    cameras: Vec<String>,
    /// The first moment.
    from: Wall,
    /// The moment after the last, at most 24 hours later.
    to: Wall,
    /// Main, if nothing is said.
    stream: Option<StreamKind>,
    /// Why: one line.
    reason: String,
    /// Whether the sound of each film goes into it as a WAV file, too.
    #[serde(default)]
    wav: bool,
    /// Whether the recorded files themselves go into it, byte for byte.
    #[serde(default)]
    originals: bool,
    /// Whether each film carries content credentials (C2PA), which tools of others show.
    #[serde(default)]
    c2pa: bool,
    /// Of which moments within the range each camera gives a still, beside those that every package has; at most 100.
    #[serde(default)]
    stills: Vec<Wall>,
}

/// A package and how it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Export {
    id: String,
    cameras: Vec<CameraId>,
    stream: StreamKind,
    from: Wall,
    to: Wall,
    reason: String,
    /// Who asked for it.
    by: String,
    /// Whether the sound of each film is in it as a WAV file, too.
    wav: bool,
    /// Whether the recorded files themselves are in it.
    originals: bool,
    /// Whether each film carries content credentials (C2PA).
    c2pa: bool,
    /// Of which moments stills were asked for.
    stills: Vec<Wall>,
    begun_at: Wall,
    finished_at: Option<Wall>,
    state: ExportState,
    /// How far it is, 0 to 1.
    done: f64,
    bytes: u64,
    files: u64,
    /// Why there is none.
    problem: Option<String>,
    /// When the package is removed by itself.
    gone_at: Option<Wall>,
}

/// The packages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct All {
    exports: Vec<Export>,
}

/// The packages that were asked for here, the newest first.
#[utoipa::path(get, path = "/api/exports", tag = "exports", responses((status = 200, body = All)))]
pub(super) async fn list(State(pages): State<Pages>, caller: Caller) -> Result<Json<All>, Problem> {
    let all = pages.db.exports_here(LISTED).await?;
    let seen = all.into_iter().filter(|export| sees_all(&caller, &export.cameras));
    Ok(Json(All { exports: seen.map(|export| pages.shown(export)).collect() }))
}

/// One of them.
#[utoipa::path(get, path = "/api/exports/{id}", tag = "exports", params(("id" = String, Path)), responses(
    (status = 200, body = Export), (status = 404, body = ProblemBody)))]
pub(super) async fn one(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Export>, Problem> {
    let export = pages.export(&caller, &id).await?;
    Ok(Json(pages.shown(export)))
}

/// Has a package made. Who, why and of what is on the audit log before anything of it is made.
#[utoipa::path(post, path = "/api/exports", tag = "exports", request_body = Wanted, responses(
    (status = 202, body = Export), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
    (status = 409, body = ProblemBody,
        description = "`no-room`: too little would be left for recording; `nothing`: nothing is recorded there; `busy`: \
                       too many wait")))]
pub(super) async fn ask(
    State(pages): State<Pages>,
    caller: Caller,
    asked: Result<Json<Wanted>, JsonRejection>,
) -> Result<(StatusCode, Json<Export>), Problem> {
    let Json(wanted) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let cameras = pages.cameras_of(&caller, &wanted.cameras)?;
    let (from, to) = (wanted.from, wanted.to);
    if from >= to {
        return Err(Problem::bad_request("to must be after from"));
    }
    if to.millis_since(from) > LONGEST_MS {
        return Err(Problem::bad_request("the range is longer than 24 hours: ask in parts"));
    }
    if to > clock::now().wall {
        return Err(Problem::bad_request("to lies in the future: nothing is recorded there yet"));
    }
    let reason = given_reason(&wanted.reason)?;
    let stream = wanted.stream.unwrap_or(StreamKind::Main);
    let stills = stills(wanted.stills, (from, to))?;
    let wishes = Wishes { wav: wanted.wav, originals: wanted.originals, c2pa: wanted.c2pa, stills };
    let new = NewExport { cameras, stream, from, to, reason, wishes };
    let by = By { name: caller.name(), full_name: caller.full_name(), from: &caller.from };
    let export = pages.exports.ask(new, by).await.map_err(refused)?;
    Ok((StatusCode::ACCEPTED, Json(pages.shown(export))))
}

/// The package as a ZIP file: its files and their signed manifest, which `quaywatch verify` checks.
#[utoipa::path(get, path = "/api/exports/{id}/package.zip", tag = "exports", params(("id" = String, Path)), responses(
    (status = 200, body = Vec<u8>, content_type = "application/zip"), (status = 404, body = ProblemBody),
    (status = 409, body = ProblemBody, description = "`not-whole`: it is not made, or not yet"),
    (status = 410, body = ProblemBody, description = "It was there and was removed")))]
pub(super) async fn package(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let export = pages.export(&caller, &id).await?;
    let folder = pages.exports.folder(&export.id);
    match export.state {
        ExportState::Whole if folder.is_dir() => {}
        ExportState::Whole | ExportState::Deleted => return Err(Problem::gone("the package was removed")),
        state => {
            let why = format!("there is no package: the export is {}", state.as_str());
            return Err(Problem::conflict(why).code("not-whole"));
        }
    }
    let permit = pages.exports.may_fetch();
    let permit =
        permit.ok_or_else(|| Problem::unavailable("too many packages are being fetched now").code("busy"))?;
    let detail = json!({ "cameras": export.cameras, "from": export.from, "to": export.to });
    pages.gate.note(&caller, "export-downloaded", Some(&export.id), detail).await?;
    let pieces = zipped(&folder, permit);
    let pieces = stream::unfold(pieces, |mut pieces| async move { Some((pieces.recv().await?, pieces)) });
    let name = format!("attachment; filename=\"{}_{}.zip\"", pages.config.centre.id, export.id);
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Removes a package, or stops the work on it.
#[utoipa::path(delete, path = "/api/exports/{id}", tag = "exports", params(("id" = String, Path)), responses(
    (status = 204), (status = 404, body = ProblemBody),
    (status = 410, body = ProblemBody, description = "There is none any more")))]
pub(super) async fn remove(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let export = pages.export(&caller, &id).await?;
    let removed = pages.exports.delete(&export, caller.name(), &caller.from).await;
    if removed.map_err(|e| unavailable(format!("{e:#}")))? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::gone("there is no package any more"))
}

impl Pages {
    /// An export all of whose cameras `caller` may see.
    async fn export(&self, caller: &Caller, id: &str) -> Result<Exported, Problem> {
        let export = self.db.export_here(id).await?.filter(|export| sees_all(caller, &export.cameras));
        export.ok_or_else(|| Problem::not_found("there is no such export"))
    }

    /// Cameras that `caller` names and may see, each once.
    pub(super) fn cameras_of(&self, caller: &Caller, named: &[String]) -> Result<Vec<CameraId>, Problem> {
        if named.is_empty() || named.len() > MOST_CAMERAS {
            return Err(Problem::bad_request(format!("cameras must be 1 to {MOST_CAMERAS}")));
        }
        let mut cameras = Vec::new();
        for id in named {
            let camera = self.camera(caller, id)?;
            if !cameras.contains(&camera) {
                cameras.push(camera);
            }
        }
        Ok(cameras)
    }

    fn shown(&self, export: Exported) -> Export {
        let done = self.exports.done(&export);
        let Exported { id, cameras, stream, from, to, reason, by, begun_at, finished_at, state, .. } = export;
        let Exported { bytes, files, problem, gone_at, wishes, .. } = export;
        let Wishes { wav, originals, c2pa, stills } = wishes;
        Export {
            id,
            cameras,
            stream,
            from,
            to,
            reason,
            by,
            wav,
            originals,
            c2pa,
            stills,
            begun_at,
            finished_at,
            state,
            done,
            bytes,
            files,
            problem,
            gone_at,
        }
    }
}

/// The moments that stills are asked of, all of which must be within the range.
fn stills(mut asked: Vec<Wall>, (from, to): (Wall, Wall)) -> Result<Vec<Wall>, Problem> {
    if asked.len() > MOST_STILLS {
        return Err(Problem::bad_request(format!("stills must be at most {MOST_STILLS}")));
    }
    if let Some(outside) = asked.iter().find(|at| !(from..to).contains(*at)) {
        return Err(Problem::bad_request(format!("stills: {outside} is not within the range")));
    }
    asked.sort_unstable();
    asked.dedup();
    Ok(asked)
}

/// Whether somebody sees every one of these cameras.
pub(super) fn sees_all(caller: &Caller, cameras: &[CameraId]) -> bool {
    cameras.iter().all(|camera| caller.person.sees(camera.as_str()))
}

/// Why something is done: one line.
pub(super) fn given_reason(text: &str) -> Result<String, Problem> {
    keeping::reason(text)
        .ok_or_else(|| Problem::bad_request("reason must be one line of 1 to 500 characters"))
}

fn refused(why: NotAsked) -> Problem {
    let words = why.to_string();
    match why {
        NotAsked::Full => Problem::conflict(words).code("busy"),
        NotAsked::Nothing => Problem::conflict(words).code("nothing"),
        NotAsked::NoRoom { .. } => Problem::conflict(words).code("no-room"),
        NotAsked::Failed(e) => unavailable(format!("{e:#}")),
    }
}
