//! What both web servers share: who is let in to what, signing in, people and the audit log, errors as problem
//! details, the pages for people, and serving until told to stop.

mod gate;

mod session;

mod people;

mod audit;

mod app;

mod docs;

#[cfg(test)]
mod docs_tests;

mod problem;

mod serve;

mod tls;

pub use app::pages as app_pages;
pub use docs::{described, openapi};
pub use gate::{Caller, Gate, House, Server, with_person, with_right, with_session};
pub use problem::{Problem, ProblemBody};
pub use serve::serve;
pub use session::{begin, tell_first_password};
pub use tls::validity as certificate_validity;

use utoipa_axum::router::OpenApiRouter;

/// The pages that both servers have: signing in, people, the audit log.
pub fn shared_pages<S>(gate: &Gate) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    session::pages(gate).merge(people::pages(gate)).merge(audit::pages(gate)).with_state(gate.clone())
}
