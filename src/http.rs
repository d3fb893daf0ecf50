//! What both web servers share: errors as problem details (RFC 9457, `application/problem+json`), and
//! serving until told to stop, on this machine to this machine.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Open connections get this long to end by themselves.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// Serves until `stop`, then lets open connections end for a moment.
///
/// # Errors
/// If the listener fails.
pub async fn serve(listener: TcpListener, pages: Router, stop: CancellationToken) -> std::io::Result<()> {
    let is_for_here = listener.local_addr()?.ip().is_loopback();
    let pages = if is_for_here { pages.layer(middleware::from_fn(only_by_its_own_name)) } else { pages };
    let app = pages.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        served = serving => served,
        () = async { stop.cancelled().await; tokio::time::sleep(STOP_WITHIN).await } => Ok(()),
    }
}

/// Refuses who asks by a foreign name: a page from elsewhere, open in a browser on this machine, can have
/// its own name resolve to this address (DNS rebinding) and would then count as this origin.
async fn only_by_its_own_name(request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if request.uri().host().or(named).is_some_and(is_this_machine) {
        return next.run(request).await;
    }
    let detail = "these pages answer to localhost and 127.0.0.1 only".to_owned();
    Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
}

/// Whether `host`, perhaps with a port, names this machine to itself.
fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What is told to whoever asked for something that cannot be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    more: Option<(&'static str, Value)>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), more: None }
    }

    /// What is asked for was there and is not any more, or cannot be used any more.
    pub fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, detail)
    }

    /// What is there does not allow it; the question can be asked otherwise.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// The thing has no such range.
    pub fn no_such_range(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, detail)
    }

    /// Who asks may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// The same, with a member of its own for programs (RFC 9457, 3.2).
    #[must_use]
    pub fn with(self, name: &'static str, value: Value) -> Self {
        Self { more: Some((name, value)), ..self }
    }

    /// The question itself is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The page is there for other methods.
    pub fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// We are not well; it may be asked again.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (Some((name, value)), Some(members)) = (self.more, body.as_object_mut()) {
            members.insert(name.to_owned(), value);
        }
        // What is not there now may be there next time: no browser is to remember an error.
        let kind = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
        (self.status, kind, Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_page_of_this_machine_answers_to_its_own_names_only() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let pages = Router::new().route("/", get(|| async { "here" }));
        let asking = async {
            for (host, status) in [
                (format!("{address}"), "200"),
                (format!("LocalHost:{}", address.port()), "200"),
                ("[::1]:80".to_owned(), "200"),
                ("quay.example".to_owned(), "421"),
                ("127.0.0.1.example:80".to_owned(), "421"),
                (String::new(), "421"),
            ] {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let asked = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
                stream.write_all(asked.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host:?}: {answer}");
            }
            stop.cancel();
        };
        let (served, ()) = tokio::join!(serve(listener, pages, stop.clone()), asking);
        served.unwrap();
    }
}
