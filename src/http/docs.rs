//! What the servers say of themselves: OpenAPI 3.1, made from the pages' own code.

use axum::Router;
use axum::routing::get;
use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContactBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, ResponseBuilder,
    content::ContentBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::ProblemBody;
use super::gate::{COOKIE, CSRF, Gate, with_session};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// An empty set of pages, described as `title`.
pub fn described<S>(title: &str) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    let info = InfoBuilder::new()
        .title(title)
        .version(env!("CARGO_PKG_VERSION"))
        .contact(Some(ContactBuilder::new().name(Some("quaywatch")).build()))
        .description(Some(
            "Times are RFC 3339 in UTC with three decimals, ranges are [from, to). Errors are problem details (RFC \
             9457); `code` is stable. `x-right` names the right that a page needs.",
        ));
    let mut components = Components::new();
    let cookie = ApiKeyValue::with_description(COOKIE, "Set by POST /api/session");
    let csrf =
        ApiKeyValue::with_description(CSRF, "`csrf` of GET /api/session, with whatever changes something");
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
    components.schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).components(Some(components)).build())
}

/// The pages with their description at `/api/openapi.json`, for whoever is signed in.
pub fn openapi<S>(gate: &Gate, pages: OpenApiRouter<S>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let (pages, docs) = pages.split_for_parts();
    let text = json!(finished(docs)).to_string();
    const KIND: [(&str, &str); 2] = [("content-type", "application/json"), ("cache-control", "no-cache")];
    let own = OpenApiRouter::new().route("/api/openapi.json", get(|| async move { (KIND, text) }));
    pages.merge(Router::from(with_session(gate, own)))
}

/// The description with problems called by the media type that they have.
pub(super) fn finished(mut docs: OpenApi) -> OpenApi {
    let problem = RefOr::Ref(Ref::from_schema_name("Problem"));
    for item in docs.paths.paths.values_mut() {
        for (operation, _) in operations(item) {
            for response in operation.responses.responses.values_mut() {
                let RefOr::T(response) = response else { continue };
                let told = match response.content.get(JSON) {
                    Some(RefOr::T(content)) => content.schema.as_ref(),
                    _ => None,
                };
                if told == Some(&problem)
                    && let Some(content) = response.content.shift_remove(JSON)
                {
                    response.content.insert(PROBLEM.to_owned(), content);
                }
            }
        }
    }
    docs
}

/// Says of all these pages that they are for whoever is signed in, or has this right.
pub(super) fn guarded(docs: &mut OpenApi, right: Option<&str>) {
    for item in docs.paths.paths.values_mut() {
        for (operation, changes) in operations(item) {
            let mut needed = SecurityRequirement::new::<_, [&str; 0], &str>("session", []);
            if changes {
                needed = needed.add::<_, [&str; 0], &str>("csrf", []);
            }
            operation.security = Some(vec![needed]);
            let right = right.map(|right| ("x-right", json!(right)));
            operation.extensions.get_or_insert_default().merge(Extensions::from_iter(right));
            for (status, what) in
                [("401", "Nobody is signed in"), ("403", "Not with this right"), ("503", "Not now")]
            {
                let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
                let response = ResponseBuilder::new().description(what).content(PROBLEM, content);
                operation.responses.responses.entry(status.into()).or_insert(RefOr::T(response.build()));
            }
        }
    }
}

/// The operations of a page, and whether each changes something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let reading = item.get.iter_mut().map(|operation| (operation, false));
    let changing = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    reading.chain(changing.into_iter().flatten().map(|operation| (operation, true)))
}
