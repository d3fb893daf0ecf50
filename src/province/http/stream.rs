//! What happens, as it happens: server-sent events (HTML Living Standard, 9.2).
//!
//! `incident` says that something about an incident is committed; `centre` that a centre stands otherwise than before;
//! each only to whoever sees the centre. `session-ended` is the last. A page that was away asks the other pages for
//! what it missed (`missed` says so too): nothing is repeated here.

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
use crate::clock;
use crate::http::Caller;
use crate::people::Right;
use crate::province::centres::Standings;
use crate::province::store::News;

const KEPT_ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Where one listener stands.
struct Listener {
    pages: Pages,
    news: broadcast::Receiver<News>,
    standings: watch::Receiver<Standings>,
    told: Standings,
    waiting: Vec<Event>,
    caller: Caller,
    session: Option<BoxFuture<'static, ()>>,
}

/// What happens, as it happens (`text/event-stream`).
#[utoipa::path(get, path = "/api/stream", tag = "live",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn events(State(pages): State<Pages>, caller: Caller) -> impl IntoResponse {
    let (news, mut standings) = (pages.store.news(), pages.standings.clone());
    let told = standings.borrow_and_update().clone();
    let (gate, of) = (pages.gate.clone(), caller.clone());
    let session: BoxFuture<'static, ()> = Box::pin(async move { gate.session_ends(&of).await });
    let listener = Listener { pages, news, standings, told, waiting: vec![], caller, session: Some(session) };
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
                changed = self.standings.changed() => {
                    changed.ok()?;
                    self.centres();
                }
            }
        }
    }

    async fn incident(&mut self, News { incident, what }: News) -> Option<Event> {
        if !self.caller.person.may(Right::View) {
            return None;
        }
        let alert = match self.pages.store.incident(incident, clock::now().wall).await {
            Ok(alert) => alert.filter(|alert| self.caller.sees(Some(&alert.centre)))?,
            // What it is cannot be said now; that there is something can.
            Err(_) => return Some(event("missed", &json!({}))),
        };
        Some(event(
            "incident",
            &json!({
                "id": alert.id, "what": what, "kind": alert.kind, "severity": alert.severity,
                "camera": alert.camera, "centre": alert.centre, "flagged_at": alert.flagged_at,
                "ended_at": alert.ended_at,
            }),
        ))
    }

    fn centres(&mut self) {
        let standings = self.standings.borrow_and_update().clone();
        for (centre, state) in &standings {
            if self.told.get(centre) != Some(state) && self.caller.sees(Some(centre.as_str())) {
                self.waiting.push(event("centre", &json!({ "id": centre, "state": state })));
            }
        }
        self.told = standings;
    }
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
