//! Serves until told to stop: in the clear to this machine or to a proxy in front, by TLS to others.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Problem, tls};
use crate::config::Web;

/// Whoever has not said by then what they ask for does not mean to: connections are few.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// Open connections get this long to end by themselves.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// Serves until `stop`, then lets open connections end for a moment.
///
/// # Errors
/// If the listener fails, or the certificate cannot be used.
pub async fn serve(
    web: &Web,
    listener: TcpListener,
    pages: Router,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let is_for_here = listener.local_addr()?.ip().is_loopback() && !web.behind_proxy;
    let pages = if is_for_here { pages.layer(middleware::from_fn(only_by_its_own_name)) } else { pages };
    let pages = pages.layer(middleware::map_response(as_it_came_and_not_kept));
    let app = pages.into_make_service_with_connect_info::<SocketAddr>();
    let (listener, handle) = (listener.into_std()?, Handle::new());
    match &web.tls {
        None => {
            let serving = patient(axum_server::from_tcp(listener)?).handle(handle.clone()).serve(app);
            until(serving, stop.cancelled(), handle).await
        }
        Some(files) => {
            let used = RustlsConfig::from_config(tls::load(files)?);
            let server = axum_server::from_tcp_rustls(listener, used.clone())?;
            let serving = patient(server).handle(handle.clone()).serve(app);
            until(serving, tls::watch(files, &used, &stop), handle).await
        }
    }
}

/// A server that waits for the head of a request, and no longer.
fn patient<A>(mut server: Server<SocketAddr, A>) -> Server<SocketAddr, A> {
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    server
}

/// Serves until `stop`, then lets open connections end for a moment.
async fn until(
    serving: impl Future<Output = std::io::Result<()>>,
    stop: impl Future<Output = ()>,
    handle: Handle<SocketAddr>,
) -> anyhow::Result<()> {
    tokio::pin!(serving);
    tokio::select! {
        served = &mut serving => return Ok(served?),
        () = stop => {}
    }
    handle.graceful_shutdown(Some(STOP_WITHIN));
    Ok(serving.await?)
}

/// Browsers take what is said for what it is said to be, and keep nothing unless that is said.
async fn as_it_came_and_not_kept(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses who asks by a foreign name: a page from elsewhere, open in a browser on this machine, can have
/// its own name resolve to this address (DNS rebinding) and would then count as this origin.
async fn only_by_its_own_name(request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if request.uri().host().or(named).is_some_and(is_this_machine) {
        return next.run(request).await;
    }
    Problem::misdirected("these pages answer to localhost and 127.0.0.1 only").into_response()
}

/// Whether `host`, perhaps with a port, names this machine to itself.
fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
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
        let web = Web::plain(address);
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
        let (served, ()) = tokio::join!(serve(&web, listener, pages, stop.clone()), asking);
        served.unwrap();
    }
}
