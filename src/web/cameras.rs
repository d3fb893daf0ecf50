//! The cameras and how they are.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Pages;
use crate::clock;
use crate::model::StreamKind;
use crate::perceive::Counters;

/// `GET /api/cameras`.
pub(super) async fn list(State(pages): State<Pages>) -> Json<Value> {
    let states = pages.cameras.borrow();
    let cameras = pages.config.cameras.iter().map(|camera| {
        let mut streams = vec![StreamKind::Main];
        streams.extend(camera.sub.as_ref().map(|_| StreamKind::Sub));
        let state = states.get(&camera.id);
        json!({
            "id": camera.id,
            "name": camera.name,
            "streams": streams,
            "state": state.map(|(state, _)| state.as_str()),
            "since": state.map(|(_, since)| since.wall),
            "perception": pages.perception.get(&camera.id).map(Counters::now),
        })
    });
    Json(json!({
        "timezone": pages.config.centre.hours.time_zone().iana_name(),
        "now": clock::now().wall,
        "cameras": cameras.collect::<Vec<_>>(),
    }))
}
