//! Who is let in to what: each group of pages is behind a right, and nothing is open that does not say so.
//!
//! A browser shows its session by a cookie that no script can read and no other site can send (`HttpOnly`,
//! `SameSite=Strict`); whatever changes something also shows the session's token in `X-CSRF-Token`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use sqlx::SqlitePool;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::{Problem, docs};
use crate::clock;
use crate::people::{Act, Attempts, AuditLog, Person, Register, Right, Secrets, Sessions, Token};

/// The session's cookie; by TLS with the prefix that keeps hosts beside ours from setting it (RFC 6265bis, 4.1.3).
pub(super) const COOKIE: &str = "quaywatch";
const SECURE_COOKIE: &str = "__Host-quaywatch";

/// What a page shows with each change.
pub(super) const CSRF: &str = "x-csrf-token";

/// A stream that goes on looks so often whether its session does.
const LOOKED_EVERY: Duration = Duration::from_secs(2);

/// Which of the two servers this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Server {
    /// A centre's own.
    Centre,
    /// The province's.
    Province,
}

/// What the pages say of the house that they are of.
#[derive(Debug, Clone)]
pub struct House {
    /// Which of the two servers.
    pub server: Server,
    /// What people call it.
    pub name: String,
    /// The clock that times are shown by.
    pub zone: TimeZone,
    /// Whether browsers reach it by TLS, so that the cookie goes no other way.
    pub is_secure: bool,
    /// Whether a proxy in front says who asks.
    pub is_behind_proxy: bool,
}

impl House {
    /// The name of the session's cookie.
    pub(super) fn cookie(&self) -> &'static str {
        if self.is_secure { SECURE_COOKIE } else { COOKIE }
    }
}

/// Who may come in. Clones share it.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Who is known.
    pub register: Register,
    /// What was done.
    pub audit: AuditLog,
    /// Of which house.
    pub house: Arc<House>,
    pub(super) secrets: Arc<Secrets>,
    sessions: Arc<Mutex<Sessions>>,
    attempts: Arc<Mutex<Attempts>>,
}

impl Gate {
    /// The gate of a house whose people are in this database. A session ends after `idle` without use.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn new(house: House, writer: SqlitePool, reader: SqlitePool, idle: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            register: Register::new(writer.clone(), reader.clone()),
            audit: AuditLog::new(writer, reader),
            house: Arc::new(house),
            secrets: Arc::new(Secrets::new()?),
            sessions: Arc::new(Mutex::new(Sessions::new(idle))),
            attempts: Arc::default(),
        })
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a request comes from.
    pub(super) fn address(&self, headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
        // The last one is what the proxy itself saw; what stands before it anybody can write.
        let told = headers.get_all("x-forwarded-for").iter().next_back().and_then(|told| told.to_str().ok());
        let told = told.and_then(|told| told.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
        let is_by_proxy = self.house.is_behind_proxy && peer.is_some_and(|peer| peer.is_loopback());
        let told = told.filter(|_| is_by_proxy);
        told.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// Who asks, if somebody is signed in.
    pub(super) async fn caller(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Option<(Caller, String)>, Problem> {
        let Some(token) = token(self.house.cookie(), headers) else { return Ok(None) };
        let session = self.sessions().of(&token, clock::now().mono).cloned();
        let Some(session) = session else { return Ok(None) };
        let person = self.register.person(&session.name).await?.filter(|person| !person.disabled);
        let from = self.address(headers, extensions).to_string();
        let caller = person.map(|person| Caller { person: Arc::new(person), from: from.into(), token });
        Ok(caller.map(|caller| (caller, session.csrf)))
    }

    /// Ends when the session of `caller` has: somebody who watches is looked at again and again.
    pub async fn session_ends(&self, caller: &Caller) {
        loop {
            tokio::time::sleep(LOOKED_EVERY).await;
            if self.sessions().of(&caller.token, clock::now().mono).is_none() {
                return;
            }
            let person = self.register.person(&caller.person.name).await;
            let same =
                |now: &Person| now.own_rights == caller.person.own_rights && now.only == caller.person.only;
            if let Ok(now) = person
                && !now.is_some_and(|now| {
                    !now.disabled && !now.must_change && now.role == caller.person.role && same(&now)
                })
            {
                return;
            }
        }
    }

    /// Puts on the log that `caller` does something; before it is done.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written: then it must not be done.
    pub async fn note(
        &self,
        caller: &Caller,
        action: &str,
        subject: Option<&str>,
        detail: Value,
    ) -> Result<(), Problem> {
        let act = Act { who: caller.name(), from: &caller.from, action, subject, detail };
        self.audit.add(act, clock::now().wall).await?;
        Ok(())
    }
}

/// The token that a browser shows.
pub(super) fn token(name: &str, headers: &HeaderMap) -> Option<Token> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut all = all.flat_map(|text| cookie::Cookie::split_parse(text).flatten());
    all.find(|cookie| cookie.name() == name).map(|cookie| Token::shown(cookie.value()))
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub person: Arc<Person>,
    /// From which address.
    pub from: Arc<str>,
    pub(super) token: Token,
}

impl Caller {
    /// What they sign in with.
    pub fn name(&self) -> &str {
        self.person.name.as_str()
    }

    /// What others read.
    pub fn full_name(&self) -> &str {
        &self.person.full_name
    }

    /// # Errors
    /// [`Problem`] if they may not do this.
    pub fn must_have(&self, right: Right) -> Result<(), Problem> {
        if self.person.may(right) { Ok(()) } else { Err(no_right(right)) }
    }

    /// # Errors
    /// [`Problem`] if they do not see this camera (at the province: centre), as if there were none.
    pub fn must_see(&self, place: &str) -> Result<(), Problem> {
        if self.person.sees(place) {
            Ok(())
        } else {
            Err(Problem::not_found(format!("there is no {place:?} here")))
        }
    }

    /// Whether they see something of this camera; what is of none is of the whole house, and everyone's.
    pub fn sees(&self, place: Option<&str>) -> bool {
        place.is_none_or(|place| self.person.sees(place))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A page that is behind no gate has no caller: it is shut.
        parts.extensions.get::<Caller>().cloned().ok_or_else(signed_out)
    }
}

/// What somebody needs who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// To be signed in, whoever it is; also with a password that is to be changed.
    Session,
    /// To be signed in with a password of their own.
    Person,
    /// This right.
    Right(Right),
}

/// These pages are for whoever is signed in, also with a password that is to be changed first.
pub fn with_session<S>(gate: &Gate, pages: OpenApiRouter<S>) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    behind(gate, Needs::Session, pages)
}

/// These pages are for whoever is signed in.
pub fn with_person<S>(gate: &Gate, pages: OpenApiRouter<S>) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    behind(gate, Needs::Person, pages)
}

/// These pages are for whoever has this right.
pub fn with_right<S>(gate: &Gate, right: Right, pages: OpenApiRouter<S>) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    behind(gate, Needs::Right(right), pages)
}

fn behind<S>(gate: &Gate, needs: Needs, mut pages: OpenApiRouter<S>) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    let right = match needs {
        Needs::Session | Needs::Person => None,
        Needs::Right(right) => Some(right.as_str()),
    };
    docs::guarded(pages.get_openapi_mut(), right);
    pages.route_layer(middleware::from_fn_with_state((gate.clone(), needs), admit))
}

async fn admit(State((gate, needs)): State<(Gate, Needs)>, request: Request, next: Next) -> Response {
    // The body stays out of it: it cannot be shared between threads.
    let (mut parts, body) = request.into_parts();
    match let_in(&gate, needs, &parts).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn let_in(gate: &Gate, needs: Needs, request: &Parts) -> Result<Caller, Problem> {
    let (headers, extensions) = (&request.headers, &request.extensions);
    let (caller, csrf) = gate.caller(headers, extensions).await?.ok_or_else(signed_out)?;
    let changes = !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS);
    // A WebSocket is opened by GET, and no rule of browsers keeps other sites from it but the cookie's.
    let is_socket = headers.contains_key(header::UPGRADE);
    if changes && headers.get(CSRF).is_none_or(|shown| shown.as_bytes() != csrf.as_bytes()) {
        return Err(Problem::forbidden("X-CSRF-Token is not the one of this session").code("csrf"));
    }
    if (changes || is_socket) && is_from_elsewhere(headers) {
        return Err(Problem::forbidden("this was asked by a page of another site").code("csrf"));
    }
    if needs != Needs::Session && caller.person.must_change {
        let detail = "the password that was made for you is to be changed first";
        return Err(Problem::forbidden(detail).code("must-change"));
    }
    if let Needs::Right(right) = needs {
        caller.must_have(right)?;
    }
    Ok(caller)
}

/// Whether the browser says that another site asks.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if said("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let origin = said("origin").and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let host = said("host");
    origin.is_some_and(|origin| host.is_none_or(|host| !host.eq_ignore_ascii_case(origin)))
}

pub(super) fn signed_out() -> Problem {
    Problem::unauthorised("nobody is signed in here").code("signed-out")
}

fn no_right(right: Right) -> Problem {
    Problem::forbidden(format!("this needs the right {:?}", right.as_str())).code("right")
}
