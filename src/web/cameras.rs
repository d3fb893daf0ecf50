//! The cameras and how they are.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Pages;
use crate::clock;
use crate::config::AudioUse;
use crate::http::Caller;
use crate::ingest::CameraState;
use crate::model::{CameraId, StreamKind, Wall};
use crate::perceive::{Counters, Perception};

/// All cameras that one sees.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Cameras {
    /// The clock that times are shown by.
    timezone: Option<String>,
    /// What the server's clock says.
    now: Wall,
    cameras: Vec<Camera>,
}

/// A camera and how it stands.
#[derive(Debug, Serialize, ToSchema)]
struct Camera {
    id: CameraId,
    name: String,
    streams: Vec<StreamKind>,
    /// How its main stream is.
    state: CameraState,
    /// Since when.
    since: Wall,
    /// What is done with its sound.
    audio: AudioUse,
    /// What became of the work of perceiving it.
    perception: Option<Perception>,
}

/// The cameras, in the order of the configuration.
#[utoipa::path(get, path = "/api/cameras", tag = "live", responses((status = 200, body = Cameras)))]
pub(super) async fn list(State(pages): State<Pages>, caller: Caller) -> Json<Cameras> {
    let states = pages.cameras.borrow();
    let seen = pages.config.cameras.iter().filter(|camera| caller.person.sees(camera.id.as_str()));
    let cameras = seen.map(|camera| {
        let mut streams = vec![StreamKind::Main];
        streams.extend(camera.sub.as_ref().map(|_| StreamKind::Sub));
        let state = states.get(&camera.id);
        let (state, since) =
            state.map_or((CameraState::Connecting, Wall::default()), |(state, at)| (*state, at.wall));
        Camera {
            id: camera.id.clone(),
            name: camera.name.clone(),
            streams,
            state,
            since,
            audio: camera.audio,
            perception: pages.perception.get(&camera.id).map(Counters::now),
        }
    });
    Json(Cameras {
        timezone: pages.config.centre.hours.time_zone().iana_name().map(str::to_owned),
        now: clock::now().wall,
        cameras: cameras.collect(),
    })
}
