//! The province's pages: incidents, evidence, centres, commands, health. They read over connections of their own, so
//! that no question ever makes the receiver wait; what is changed is a command that a centre is given, and is on the
//! audit log with it, as is who was given which evidence. Whoever is limited to some centres sees nothing of others.

mod centres;

mod commands;

mod evidence;

mod handling;

mod health;

mod incidents;

mod stream;

mod viewings;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::KnownCentre;
use super::centres::Standings;
use super::commander::Commander;
use super::receive::Health;
use super::store::{Store, StoreError};
use crate::http::{self, Gate, Problem, with_person, with_right};
use crate::people::Right;
pub use viewings::Viewings;

/// What the pages are made from.
#[derive(Debug, Clone)]
pub struct Pages {
    /// Who is let in to what.
    pub gate: Gate,
    /// The storage.
    pub store: Store,
    /// The centres of this province.
    pub centres: Arc<[KnownCentre]>,
    /// How the receiver is.
    pub health: Arc<Health>,
    /// How each centre stands.
    pub standings: watch::Receiver<Standings>,
    /// Who gives commands.
    pub commander: Commander,
    /// The folder of the province's authority, if it has one.
    pub authority: Option<Arc<Path>>,
    /// Who was given what lately.
    pub viewings: Viewings,
    /// When to end.
    pub stop: CancellationToken,
}

impl Pages {
    /// Every page.
    pub fn router(self) -> Router {
        http::openapi(&self.gate, Self::routes(&self.gate))
            .merge(http::app_pages())
            .layer(DefaultBodyLimit::max(commands::MAX_BODY_BYTES))
            .method_not_allowed_fallback(|| async { Problem::not_allowed("this page does not take that") })
            .fallback(|| async { Problem::not_found("there is no such page") })
            .with_state(self)
    }

    /// Every page that is asked for data, each behind the right that it needs, with what is said of it.
    pub fn routes(gate: &Gate) -> OpenApiRouter<Self> {
        let of = |right, pages: OpenApiRouter<Self>| with_right(gate, right, pages);
        let any = OpenApiRouter::new()
            .routes(routes!(centres::list))
            .routes(routes!(centres::one))
            .routes(routes!(stream::events));
        let view = OpenApiRouter::new()
            .routes(routes!(incidents::list))
            .routes(routes!(incidents::one))
            .routes(routes!(evidence::file))
            .routes(routes!(commands::one))
            .routes(routes!(commands::picture));
        let handle = OpenApiRouter::new()
            .routes(routes!(commands::list, commands::give))
            .routes(routes!(handling::handle));
        http::described("quaywatch: the province")
            .routes(routes!(health::healthz))
            .routes(routes!(health::readyz))
            .merge(http::shared_pages(gate))
            .merge(with_person(gate, any))
            .merge(of(Right::View, view))
            .merge(of(Right::Handle, handle))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a page could not be answered");
        Self::unavailable("the storage does not answer now")
    }
}

#[cfg(test)]
mod tests;
