//! What happens, as it happens: server-sent events (HTML Living Standard, 9.2).
//!
//! `incident` says that something about an incident is on record; `camera` that a camera's state changed.
//! A page that was away asks the other pages for what it missed: nothing is repeated here.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use super::Pages;
use crate::centre_db::IncidentNews;
use crate::ingest::CameraState;
use crate::model::{CameraId, Now};

const KEPT_ALIVE_EVERY: Duration = Duration::from_secs(15);

type States = BTreeMap<CameraId, (CameraState, Now)>;

/// Where one listener stands.
struct Listener {
    pages: Pages,
    news: broadcast::Receiver<IncidentNews>,
    cameras: watch::Receiver<States>,
    told: States,
    waiting: Vec<Event>,
}

/// `GET /api/stream`.
pub(super) async fn events(State(pages): State<Pages>) -> impl IntoResponse {
    let (news, mut cameras) = (pages.news.news(), pages.cameras.clone());
    let told = cameras.borrow_and_update().clone();
    let listener = Listener { pages, news, cameras, told, waiting: Vec::new() };
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
            tokio::select! {
                () = self.pages.stop.cancelled() => return None,
                news = self.news.recv() => match news {
                    Ok(news) => self.waiting.extend(self.incident(news).await),
                    // Who was too slow asks the pages anew.
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

    async fn incident(&self, news: IncidentNews) -> Option<Event> {
        let row = self.pages.db.incident(news.id).await.ok()??;
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

    fn cameras(&mut self) {
        let states = self.cameras.borrow_and_update().clone();
        for (camera, (state, since)) in &states {
            if self.told.get(camera).is_none_or(|(known, _)| known != state) {
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
