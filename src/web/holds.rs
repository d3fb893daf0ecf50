//! Legal holds: shown, made, let go.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exports::{given_reason, sees_all};
use super::{Pages, unavailable};
use crate::clock;
use crate::http::{Caller, Problem, ProblemBody};
use crate::keeping::{self, NewHold, Release};
use crate::model::{CameraId, Ids, Wall};
use crate::record::{LegalHold, Ranges, bytes_of};

/// Longer than a year nothing is held at once.
const LONGEST_MS: i64 = 366 * 86_400_000;

/// What is to be held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The cameras, both streams of each.
    cameras: Vec<String>,
    /// The first moment.
    from: Wall,
    /// The moment after the last.
    to: Wall,
    /// Why: one line.
    reason: String,
    /// When it ends by itself; without it only a release ends it.
    until: Option<Wall>,
}

/// Why a hold is let go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// One line.
    reason: String,
}

/// A hold.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hold {
    id: String,
    cameras: Vec<CameraId>,
    from: Wall,
    to: Wall,
    reason: String,
    by: String,
    made_at: Wall,
    /// The chosen end, if any.
    until: Option<Wall>,
    /// What it keeps of the recordings; 0 once it is released.
    bytes: u64,
    released_at: Option<Wall>,
    released_by: Option<String>,
    release_reason: Option<String>,
}

/// Every hold there ever was, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Holds {
    holds: Vec<Hold>,
}

/// Every hold there ever was, the newest first.
#[utoipa::path(get, path = "/api/holds", tag = "holds", responses((status = 200, body = Holds)))]
pub(super) async fn list(State(pages): State<Pages>, caller: Caller) -> Result<Json<Holds>, Problem> {
    let all = pages.db.all_holds().await?;
    let mut holds = Vec::new();
    for hold in all.into_iter().rev().filter(|hold| sees_all(&caller, &hold.asked.cameras)) {
        holds.push(shown(&pages, hold).await?);
    }
    Ok(Json(Holds { holds }))
}

/// Forbids to delete a range of recordings.
#[utoipa::path(post, path = "/api/holds", tag = "holds", request_body = Wanted, responses(
    (status = 201, body = Hold), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
    (status = 409, body = ProblemBody, description = "`no-room`: too little would be left for recording")))]
pub(super) async fn make(
    State(pages): State<Pages>,
    caller: Caller,
    asked: Result<Json<Wanted>, JsonRejection>,
) -> Result<(StatusCode, Json<Hold>), Problem> {
    let Json(wanted) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let cameras = pages.cameras_of(&caller, &wanted.cameras)?;
    let (Wanted { from, to, until, .. }, now) = (&wanted, clock::now());
    if from >= to {
        return Err(Problem::bad_request("to must be after from"));
    }
    if to.millis_since(*from) > LONGEST_MS {
        return Err(Problem::bad_request("the range is longer than a year: hold it in parts"));
    }
    if until.is_some_and(|until| until <= now.wall) {
        return Err(Problem::bad_request("until has passed already"));
    }
    let reason = given_reason(&wanted.reason)?;
    let by = signed(&caller);
    let hold = NewHold { cameras, from: *from, to: *to, reason, by, until: *until };
    let range = LegalHold { id: String::new(), cameras: hold.cameras.clone(), from: hold.from, to: hold.to };
    let trusted_now = pages.archive.believes(now).then_some(now.wall);
    let place = (&pages.archive.index, &pages.db);
    let weighed = keeping::weigh(&pages.config, place, range, trusted_now, now.wall).await;
    let weighed = weighed.map_err(|e| unavailable(format!("{e:#}")))?;
    weighed.footing.allows().map_err(|why| Problem::conflict(why.to_string()).code("no-room"))?;
    let seed = clock::id_seed().map_err(unavailable)?;
    let id = Ids::new(seed).next(now).to_string();
    pages.news.add_hold(&id, &hold, &caller.from, caller.name(), now.wall).await?;
    let made = keeping::Hold { id, asked: hold, made_at: now.wall, released: None };
    Ok((StatusCode::CREATED, Json(shown(&pages, made).await?)))
}

/// Lets a hold go.
#[utoipa::path(post, path = "/api/holds/{id}/release", tag = "holds", request_body = Why, params(("id" = String, Path)),
    responses((status = 204), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
    (status = 409, body = ProblemBody, description = "`released`: it was released already")))]
pub(super) async fn release(
    State(pages): State<Pages>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Json<Why>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(why) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let reason = given_reason(&why.reason)?;
    let all = pages.db.all_holds().await?;
    let known = all.iter().any(|hold| hold.id == id && sees_all(&caller, &hold.asked.cameras));
    if !known {
        return Err(Problem::not_found("there is no such hold"));
    }
    let release = Release { reason: &reason, by: &signed(&caller), who: caller.name(), from: &caller.from };
    if pages.news.release_hold(&id, release, clock::now().wall).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::conflict("it was released already").code("released"))
}

/// Who does it, for those who read it years later.
pub(super) fn signed(caller: &Caller) -> String {
    format!("{} ({})", caller.full_name(), caller.name())
}

async fn shown(pages: &Pages, hold: keeping::Hold) -> Result<Hold, Problem> {
    let bytes = match hold.released {
        Some(_) => 0,
        None => {
            let ranges = Ranges::new(&[], &[hold.clone().for_the_archive()]);
            bytes_of(&pages.archive.index, &ranges).await?
        }
    };
    let (released_at, released_by, release_reason) = match hold.released {
        Some((at, by, why)) => (Some(at), Some(by), Some(why)),
        None => (None, None, None),
    };
    let (id, made_at) = (hold.id, hold.made_at);
    let NewHold { cameras, from, to, reason, by, until } = hold.asked;
    Ok(Hold {
        id,
        cameras,
        from,
        to,
        reason,
        by,
        made_at,
        until,
        bytes,
        released_at,
        released_by,
        release_reason,
    })
}
