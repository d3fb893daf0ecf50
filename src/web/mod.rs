//! The centre's pages: what the cameras show and showed, incidents and what is done about them, how things are.
//! They read over connections of their own, so that no question ever holds up a recorder; what is changed goes
//! where it is decided. Each group of pages is behind a right (`http::Gate`).

mod asked;

mod cameras;

mod evidence;

mod exports;

mod flag;

mod health;

mod healthz;

mod holds;

mod incident;

mod live;

mod notice;

mod outbox;

mod paths;

mod playlist;

mod rules;

mod storage;

mod stream;

mod thumb;

mod timeline;

mod view;

mod viewings;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::centre_db::CentreDb;
use crate::config::{EdgeConfig, Web};
use crate::curve::CurveDb;
use crate::export::Exports;
use crate::forward::{Access, Connected};
use crate::http::{self, Gate, Problem, with_person, with_right};
use crate::ingest::CameraState;
use crate::judging::Trials;
use crate::model::{CameraId, ClockState, Now};
use crate::orders::{Casebook, FlagDesk};
use crate::people::Right;
use crate::perceive::Counters;
use crate::perceive::models::Models;
use crate::play::{Hub, Thumbs};
use crate::record::{Archive, Health};

pub use health::Known;
pub use paths::Paths;
pub use view::Views;
pub use viewings::Viewings;

/// Nothing that is asked is larger.
const MOST_BODY_BYTES: usize = 16 << 10;

/// What the pages are made from.
#[derive(Clone)]
pub struct Pages {
    /// Who is let in to what.
    pub gate: Gate,
    /// The centre's configuration.
    pub config: Arc<EdgeConfig>,
    /// What is recorded; its index is read over connections of its own.
    pub archive: Arc<Archive>,
    /// The centre's database, likewise.
    pub db: CentreDb,
    /// The centre's database as it is written: it tells what is new.
    pub news: CentreDb,
    /// Levels and counts.
    pub curves: CurveDb,
    /// What is recorded now.
    pub hub: Hub,
    /// Small pictures.
    pub thumbs: Thumbs,
    /// Views that were asked for lately.
    pub views: Views,
    /// Where files are that are played.
    pub paths: Paths,
    /// Who looked at what.
    pub viewings: Viewings,
    /// How many may watch live at once.
    pub viewers: Arc<Semaphore>,
    /// When to end.
    pub stop: CancellationToken,
    /// How the storage takes what is recorded.
    pub health: watch::Receiver<Health>,
    /// How far the clock can be believed.
    pub clock: watch::Receiver<ClockState>,
    /// How the cameras' main streams are.
    pub cameras: watch::Receiver<BTreeMap<CameraId, (CameraState, Now)>>,
    /// Where people flag moments.
    pub flags: FlagDesk,
    /// Where what people do about incidents is put on record.
    pub cases: Casebook,
    /// What the link to the province goes by.
    pub access: watch::Receiver<Option<Access>>,
    /// What became of the work of perceiving each camera.
    pub perception: Arc<BTreeMap<CameraId, Counters>>,
    /// The models, and what is wrong with them.
    pub models: Models,
    /// Packages that are made of footage.
    pub exports: Exports,
    /// Trials of other thresholds.
    pub trials: Trials,
    /// Whether the link to the province is up.
    pub connected: watch::Receiver<Connected>,
    /// What is known of how well everything is.
    pub wellness: Known,
}

impl Pages {
    /// Every page.
    pub fn router(self) -> Router {
        http::openapi(&self.gate, Self::routes(&self.gate))
            .merge(http::app_pages())
            .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
            .method_not_allowed_fallback(|| async { Problem::not_allowed("this page does not take that") })
            .fallback(|| async { Problem::not_found("there is no such page") })
            .with_state(self)
    }

    /// Every page that is asked for data, each behind the right that it needs, with what is said of it.
    pub fn routes(gate: &Gate) -> OpenApiRouter<Self> {
        let of = |right, pages: OpenApiRouter<Self>| with_right(gate, right, pages);
        let any = OpenApiRouter::new().routes(routes!(cameras::list)).routes(routes!(stream::events));
        let any = any.routes(routes!(notice::page));
        let live = OpenApiRouter::new().routes(routes!(live::socket));
        let view = OpenApiRouter::new()
            .routes(routes!(timeline::one))
            .routes(routes!(playlist::one))
            .routes(routes!(playlist::segment))
            .routes(routes!(playlist::silent))
            .routes(routes!(thumb::one))
            .routes(routes!(incident::list))
            .routes(routes!(incident::one))
            .routes(routes!(evidence::file));
        // One file of a range is what is taken away.
        let export = OpenApiRouter::new()
            .routes(routes!(view::one))
            .routes(routes!(exports::list, exports::ask))
            .routes(routes!(exports::one))
            .routes(routes!(exports::package));
        let handle = OpenApiRouter::new()
            .routes(routes!(flag::one))
            .routes(routes!(incident::handle))
            .routes(routes!(incident::staff));
        let health = OpenApiRouter::new().routes(routes!(storage::page)).routes(routes!(outbox::page));
        let health = health.routes(routes!(health::page));
        let delete = OpenApiRouter::new().routes(routes!(exports::remove));
        let hold =
            OpenApiRouter::new().routes(routes!(holds::list, holds::make)).routes(routes!(holds::release));
        let rules = OpenApiRouter::new()
            .routes(routes!(rules::list))
            .routes(routes!(rules::ask))
            .routes(routes!(rules::one));
        http::described("quaywatch: a centre")
            .routes(routes!(healthz::healthz))
            .routes(routes!(healthz::readyz))
            .merge(http::shared_pages(gate))
            .merge(with_person(gate, any))
            .merge(of(Right::Live, live))
            .merge(of(Right::View, view))
            .merge(of(Right::Export, export))
            .merge(of(Right::Handle, handle))
            .merge(of(Right::Delete, delete))
            .merge(of(Right::Hold, hold))
            .merge(of(Right::Rules, rules))
            .merge(of(Right::Health, health))
    }
}

/// Serves the pages until `stop`.
///
/// # Errors
/// If the address cannot be had or the listener fails; the caller tries again, and records meanwhile.
pub async fn run(web: Web, pages: Pages, stop: CancellationToken) -> anyhow::Result<()> {
    let listen = web.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!(
            "the centre's pages cannot be served on {listen} ([web] listen); recording goes on without them"
        )
    })?;
    tracing::info!(%listen, "the centre's pages are served");
    http::serve(&web, listener, pages.router(), stop).await.context("the centre's pages")
}

/// What goes wrong below a page.
pub(super) fn unavailable(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a page could not be answered");
    Problem::unavailable("the storage does not answer now")
}

#[cfg(test)]
mod pages_tests;
