//! The pages that people see: what was built of `web/`, out of the binary itself. Nothing of them is secret; what they
//! show they ask for.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use super::Problem;

/// The built pages. A build without them serves none.
#[derive(RustEmbed)]
#[folder = "web/build"]
#[allow_missing = true]
struct Built;

/// The pages for people.
pub fn pages<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/", get(|headers: HeaderMap| async move { page("index", &headers) }))
        .route(
            "/{page}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move { other(&name, &headers) }),
        )
        .route(
            "/_app/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                give(&format!("_app/{path}"), &headers).ok_or_else(missing)
            }),
        )
}

/// A page, or a file beside the pages.
fn other(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    if name.contains('.') { give(name, headers).ok_or_else(missing) } else { page(name, headers) }
}

fn page(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    give(&format!("{name}.html"), headers).ok_or_else(|| {
        if Built::get("index.html").is_some() {
            return missing();
        }
        Problem::not_found("this build has no pages for people: `make web` builds them, then build again")
    })
}

fn missing() -> Problem {
    Problem::not_found("there is no such page")
}

/// A file as it is, or as it was made small when the pages were built, where the browser takes that.
fn give(name: &str, asked: &HeaderMap) -> Option<Response> {
    let plain = Built::get(name)?;
    let takes = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |wanted: &str| {
        takes.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == wanted))
    };
    let small = [("br", "br"), ("gzip", "gz")].into_iter().filter(|(encoding, _)| takes(encoding));
    let small = small.filter_map(|(encoding, end)| Some((encoding, Built::get(&format!("{name}.{end}"))?)));
    let small = small.into_iter().next();
    // A name with its content's digest never means anything else.
    let kept =
        if name.starts_with("_app/immutable/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, plain.metadata.mimetype().to_owned()),
        (header::CACHE_CONTROL, kept.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
        // The rest of the policy stands in the page itself, with the digests of its scripts.
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'".to_owned()),
        (header::REFERRER_POLICY, "same-origin".to_owned()),
    ];
    let (encoding, file) = match small {
        Some((encoding, file)) => (Some(encoding), file),
        None => (None, plain),
    };
    let mut response = (headers, file.data.into_owned()).into_response();
    if let Some(encoding) = encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}
