//! Signing in and out, and one's own password.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::gate::{is_from_elsewhere, token};
use super::{Caller, Gate, Problem, Server, with_session};
use crate::clock;
use crate::model::Wall;
use crate::people::{Act, Person, PersonName, Right, Role, Token, Unfit, fit, one_time};

/// The one who is there from the beginning.
const FIRST: &str = "admin";

/// Adds an administrator where nobody is known yet; gives the password to sign in with once.
///
/// # Errors
/// If it cannot be put on record.
pub async fn begin(gate: &Gate) -> anyhow::Result<Option<String>> {
    if !gate.register.is_empty().await? {
        return Ok(None);
    }
    let password = one_time()?;
    let digest = gate.secrets.digest(&password).await?;
    let first = Person {
        name: PersonName::new(FIRST).map_err(anyhow::Error::msg)?,
        full_name: "Quản trị viên".to_owned(),
        role: Role::Admin,
        own_rights: None,
        only: None,
        disabled: false,
        must_change: true,
        made_at: clock::now().wall,
        signed_in_at: None,
    };
    gate.register.add(&first, &digest, ("quaywatch", "service")).await?;
    Ok(Some(password))
}

/// Says the first password where results are said, once: the log is kept.
pub fn tell_first_password(password: &str) {
    println!(
        "admin password: {password}\n\
         Mật khẩu trên dùng một lần, để đăng nhập lần đầu với tên admin, và không hiện lại.\n\
         The password above is for signing in once, as admin, and is not shown again."
    );
}

/// The pages of this file.
pub(super) fn pages(gate: &Gate) -> OpenApiRouter<Gate> {
    let own = OpenApiRouter::new()
        .routes(routes!(show, sign_out))
        .routes(routes!(active))
        .routes(routes!(change_password));
    OpenApiRouter::new().routes(routes!(sign_in)).merge(with_session(gate, own))
}

/// Who is signed in, and where.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    /// Which of the two servers.
    place: Server,
    /// What people call the centre or the province.
    name: String,
    /// The clock that times are shown by.
    timezone: Option<String>,
    /// What the server's clock says.
    now: Wall,
    /// Who.
    user: Me,
    /// Whether the password is to be changed before anything else.
    must_change: bool,
    /// What to show as `X-CSRF-Token` with each change.
    csrf: String,
    /// After so many seconds without `POST /api/session/active` the session ends.
    idle_s: u64,
}

/// The one who is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    name: PersonName,
    full_name: String,
    role: Role,
    /// What they may do.
    rights: Vec<Right>,
    /// The only cameras (at the province: centres) that they see; null is all.
    only: Option<Vec<String>>,
}

fn session(gate: &Gate, person: &Person, csrf: String) -> Session {
    Session {
        place: gate.house.server,
        name: gate.house.name.clone(),
        timezone: gate.house.zone.iana_name().map(str::to_owned),
        now: clock::now().wall,
        user: Me {
            name: person.name.clone(),
            full_name: person.full_name.clone(),
            role: person.role,
            rights: person.rights().into_iter().collect(),
            only: person.only.as_ref().map(|only| only.iter().cloned().collect()),
        },
        must_change: person.must_change,
        csrf,
        idle_s: gate.sessions().idle().as_secs(),
    }
}

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    name: String,
    password: String,
}

/// Signs in.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignIn, responses(
    (status = 200, body = Session), (status = 400, body = super::ProblemBody), (status = 401, body = super::ProblemBody),
    (status = 415, body = super::ProblemBody), (status = 429, body = super::ProblemBody)))]
async fn sign_in(State(gate): State<Gate>, request: Request) -> Result<Response, Problem> {
    if is_from_elsewhere(request.headers()) {
        return Err(Problem::forbidden("this was asked by a page of another site").code("csrf"));
    }
    let address = gate.address(request.headers(), request.extensions());
    let old = token(gate.house.cookie(), request.headers());
    let asked = <Json<SignIn> as axum::extract::FromRequest<()>>::from_request(request, &()).await;
    let Json(SignIn { name: typed, password }) = asked.map_err(unreadable)?;
    let typed: String = typed.trim().chars().take(64).collect();
    let now = clock::now();
    let is_last = gate.attempts().begin(&typed, address, now.mono).map_err(locked)?;
    let name = PersonName::new(&typed).ok();
    let known = match &name {
        Some(name) => gate.register.with_password(name).await?,
        None => None,
    };
    let digest = known.as_ref().map(|(_, digest)| digest.as_str());
    let is_right = gate.secrets.is_right(&password, digest).await.map_err(broken)?;
    let person = known.map(|(person, _)| person).filter(|person| is_right && !person.disabled);
    let from = address.to_string();
    let Some(person) = person else {
        // What was typed may be a password in the wrong field: a name is written down only if it is one.
        let who = name.as_ref().map_or("?", PersonName::as_str);
        let action = if is_last { "locked" } else { "sign-in-failed" };
        let act = Act { who, from: &from, action, subject: None, detail: json!({}) };
        gate.audit.add(act, now.wall).await?;
        return Err(Problem::unauthorised("the name or the password is not right").code("wrong"));
    };
    gate.attempts().succeeded(&typed, address);
    gate.register.signed_in(&person.name, &from, now.wall).await?;
    let (token, csrf) = (Token::random().map_err(broken)?, Token::random().map_err(broken)?);
    {
        let mut sessions = gate.sessions();
        if let Some(old) = old {
            sessions.end(&old);
        }
        sessions.begin(&token, &csrf, person.name.clone(), now.mono);
    }
    let body = session(&gate, &person, csrf.as_str().to_owned());
    Ok(([(header::SET_COOKIE, cookie(&gate, token.as_str(), None)?)], Json(body)).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/session", tag = "session", responses((status = 200, body = Session)))]
async fn show(State(gate): State<Gate>, caller: Caller) -> Result<Json<Session>, Problem> {
    let csrf = gate.sessions().of(&caller.token, clock::now().mono).map(|session| session.csrf.clone());
    Ok(Json(session(&gate, &caller.person, csrf.ok_or_else(super::gate::signed_out)?)))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
async fn sign_out(State(gate): State<Gate>, caller: Caller) -> Result<Response, Problem> {
    gate.note(&caller, "sign-out", None, json!({})).await?;
    gate.sessions().end(&caller.token);
    let over = cookie(&gate, "", Some(Duration::ZERO))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, over)]).into_response())
}

/// Says that somebody is there: the session goes on.
#[utoipa::path(post, path = "/api/session/active", tag = "session", responses((status = 204)))]
async fn active(State(gate): State<Gate>, caller: Caller) -> StatusCode {
    gate.sessions().used(&caller.token, clock::now().mono);
    StatusCode::NO_CONTENT
}

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    old: String,
    new: String,
}

/// Changes one's own password. Sessions of the same person elsewhere end.
#[utoipa::path(put, path = "/api/session/password", tag = "session", request_body = NewPassword, responses(
    (status = 204), (status = 400, body = super::ProblemBody), (status = 415, body = super::ProblemBody),
    (status = 422, body = super::ProblemBody), (status = 429, body = super::ProblemBody)))]
async fn change_password(
    State(gate): State<Gate>,
    caller: Caller,
    asked: Result<Json<NewPassword>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(NewPassword { old, new }) = asked.map_err(unreadable)?;
    let (name, now) = (&caller.person.name, clock::now());
    let address = caller.from.parse().unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into());
    gate.attempts().begin(name.as_str(), address, now.mono).map_err(locked)?;
    let known = gate.register.with_password(name).await?;
    let digest = known.as_ref().map(|(_, digest)| digest.as_str());
    if !gate.secrets.is_right(&old, digest).await.map_err(broken)? {
        gate.note(&caller, "sign-in-failed", None, json!({ "to": "change the password" })).await?;
        return Err(Problem::bad_request("the old password is not right").code("wrong"));
    }
    gate.attempts().succeeded(name.as_str(), address);
    let unfit = |why: Unfit| Problem::bad_request(why.to_string()).code(why.code());
    if old == new {
        return Err(unfit(Unfit::Same));
    }
    fit(&new, name.as_str()).map_err(unfit)?;
    let digest = gate.secrets.digest(&new).await.map_err(broken)?;
    let by = (name.as_str(), &*caller.from);
    gate.register.set_password(name, &digest, true, by, now.wall).await.map_err(super::people::refused)?;
    gate.sessions().end_all_of(name, Some(&caller.token));
    Ok(StatusCode::NO_CONTENT)
}

fn cookie(gate: &Gate, value: &str, lasts: Option<Duration>) -> Result<HeaderValue, Problem> {
    let mut cookie = Cookie::new(gate.house.cookie(), value);
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_secure(gate.house.is_secure);
    if let Some(lasts) = lasts {
        cookie.set_max_age(cookie::time::Duration::try_from(lasts).map_err(broken)?);
    }
    HeaderValue::from_str(&cookie.to_string()).map_err(broken)
}

fn locked(left: Duration) -> Problem {
    let seconds = left.as_secs().saturating_add(1);
    Problem::too_often(format!("signing in failed too often: it can be tried again in {seconds} s"), seconds)
        .code("locked")
}

pub(super) fn unreadable(rejection: JsonRejection) -> Problem {
    // It may hold a password: what was sent is not repeated.
    match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            Problem::bad_request("Content-Type must be application/json")
        }
        JsonRejection::JsonDataError(e) => Problem::bad_request(e.body_text()),
        _ => Problem::bad_request("the body is no JSON that can be read here"),
    }
}

pub(super) fn broken(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a page could not be answered");
    Problem::unavailable("this cannot be done now")
}
