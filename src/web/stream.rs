//! What happens, as it happens: server-sent events (HTML Living Standard, 9.2).
//!
//! `incident` says that something about an incident is on record; `camera` that a camera's state changed; each only
//! to whoever may see it; `export` how far a package is. `session-ended` is the last. A page that was away asks the other pages for what it missed
//! (`missed` says so too): nothing is repeated here.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::future::BoxFuture;
use futures::stream::{self, Stream};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use super::Pages;
use super::exports::sees_all;
use crate::centre_db::IncidentNews;
use crate::export::ExportNews;
use crate::http::Caller;
use crate::ingest::CameraState;
use crate::model::{CameraId, Now};
use crate::people::Right;

const KEPT_ALIVE_EVERY: Duration = Duration::from_secs(15);

type States = BTreeMap<CameraId, (CameraState, Now)>;

/// Where one listener stands.
struct Listener {
    pages: Pages,
    news: broadcast::Receiver<IncidentNews>,
    exports: broadcast::Receiver<ExportNews>,
    cameras: watch::Receiver<States>,
    told: States,
    waiting: Vec<Event>,
    caller: Caller,
    session: Option<BoxFuture<'static, ()>>,
}

/// What happens, as it happens (`text/event-stream`).
#[utoipa::path(get, path = "/api/stream", tag = "live",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(super) async fn events(State(pages): State<Pages>, caller: Caller) -> impl IntoResponse {
    let (news, mut cameras) = (pages.news.news(), pages.cameras.clone());
    let told = cameras.borrow_and_update().clone();
    let (gate, of) = (pages.gate.clone(), caller.clone());
    let session: BoxFuture<'static, ()> = Box::pin(async move { gate.session_ends(&of).await });
    let listener = Listener {
        exports: pages.exports.news(),
        pages,
        news,
        cameras,
        told,
        waiting: Vec::new(),
        caller,
        session: Some(session),
    };
    Sse::new(listener.into_stream()).keep_alive(KeepAlive::new().interval(KEPT_ALIVE_EVERY))
}

impl Listener {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async move {
            let event = listener.next().await?;
            Some((Ok(event), listener))
        })
    }

    /// The next event; none when the service stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            // The end was told: there is no more.
            let session = self.session.as_mut()?;
            tokio::select! {
                () = self.pages.stop.cancelled() => return None,
                () = session => {
                    self.session = None;
                    return Some(event("session-ended", &json!({})));
                }
                news = self.news.recv() => match news {
                    Ok(news) => {
                        let told = self.incident(news).await;
                        self.waiting.extend(told);
                    }
                    // Who was too slow asks the pages anew.
                    Err(RecvError::Lagged(_)) => self.waiting.push(event("missed", &json!({}))),
                    Err(RecvError::Closed) => return None,
                },
                news = self.exports.recv() => match news {
                    Ok(news) => self.waiting.extend(self.export(&news)),
                    Err(RecvError::Lagged(_)) => self.waiting.push(event("missed", &json!({}))),
                    Err(RecvError::Closed) => return None,
                },
                changed = self.cameras.changed() => {
                    changed.ok()?;
                    self.cameras();
                }
            }
        }
    }

    async fn incident(&mut self, news: IncidentNews) -> Option<Event> {
        if !self.caller.person.may(Right::View) {
            return None;
        }
        let row = self.pages.db.incident(news.id).await.ok()??;
        if !self.caller.sees(row.camera.as_ref().map(CameraId::as_str)) {
            return None;
        }
        let what = match (news.is_new, row.ended_at) {
            (true, _) => "opened",
            (false, None) => "updated",
            (false, Some(_)) => "closed",
        };
        Some(event(
            "incident",
            &json!({
                "id": row.id, "what": what, "kind": row.kind, "severity": row.severity, "camera": row.camera,
                "flagged_at": row.flagged_at, "ended_at": row.ended_at,
            }),
        ))
    }

    fn export(&self, news: &ExportNews) -> Option<Event> {
        let hears = self.caller.person.may(Right::Export) && sees_all(&self.caller, &news.cameras);
        let data = || json!({ "id": news.id, "state": news.state, "done": news.done });
        hears.then(|| event("export", &data()))
    }

    fn cameras(&mut self) {
        let states = self.cameras.borrow_and_update().clone();
        for (camera, (state, since)) in &states {
            let is_news = self.told.get(camera).is_none_or(|(known, _)| known != state);
            if is_news && self.caller.sees(Some(camera.as_str())) {
                let data = json!({ "id": camera, "state": state.as_str(), "since": since.wall });
                self.waiting.push(event("camera", &data));
            }
        }
        self.told = states;
    }
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
