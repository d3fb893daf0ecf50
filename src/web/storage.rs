//! What is kept and what goes next.

use axum::Json;
use axum::extract::State;

use super::{Pages, unavailable};
use crate::clock;
use crate::http::{Caller, Problem};
use crate::keeping::{self, StorageReport};

/// The same facts as `quaywatch storage --json`.
#[utoipa::path(get, path = "/api/storage", tag = "health", responses((status = 200, body = StorageReport)))]
pub(super) async fn page(State(pages): State<Pages>, _: Caller) -> Result<Json<StorageReport>, Problem> {
    let clock = *pages.clock.borrow();
    let report =
        keeping::report(&pages.config, &pages.archive.index, &pages.db, clock, clock::now().wall).await;
    report.map(Json).map_err(|e| unavailable(format!("{e:#}")))
}
