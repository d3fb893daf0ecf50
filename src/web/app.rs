//! The pages that people see: what was built of `web/`, out of the binary itself.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::http::Problem;

/// The built pages. A build without them serves none.
#[derive(RustEmbed)]
#[folder = "web/build"]
#[allow_missing = true]
struct Built;

/// `GET /`.
pub(super) async fn home() -> Result<Response, Problem> {
    give("index.html").ok_or_else(|| {
        Problem::not_found("this build has no pages for people: `make web` builds them, then build again")
    })
}

/// `GET /_app/…`: what the page is made of.
pub(super) async fn asset(Path(path): Path<String>) -> Result<Response, Problem> {
    give(&format!("_app/{path}")).ok_or_else(|| Problem::not_found("there is no such page"))
}

/// `GET /favicon.svg`.
pub(super) async fn icon() -> Result<Response, Problem> {
    give("favicon.svg").ok_or_else(|| Problem::not_found("there is no such page"))
}

fn give(name: &str) -> Option<Response> {
    let file = Built::get(name)?;
    // A name with its content's digest never means anything else.
    let kept =
        if name.starts_with("_app/immutable/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, file.metadata.mimetype().to_owned()),
        (header::CACHE_CONTROL, kept.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // The rest of the policy stands in the page itself, with the digests of its scripts.
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'".to_owned()),
        (header::REFERRER_POLICY, "same-origin".to_owned()),
    ];
    Some((headers, file.data.into_owned()).into_response())
}
