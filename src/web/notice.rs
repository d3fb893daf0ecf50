//! What people in the hall are told of being recorded, from what really is recorded.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Pages;
use crate::config::AudioUse;
use crate::http::Caller;

/// What a notice says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Notice {
    /// The centre's name.
    centre: String,
    /// Who answers for the recordings.
    by: String,
    /// Where people turn to.
    contact: Option<String>,
    /// The law or document by which it is recorded.
    basis: Option<String>,
    /// Why it is recorded.
    purpose: String,
    /// For how many days the longest kept camera's footage is kept.
    keep_days: f64,
    /// The same of the small pictures.
    sub_keep_days: f64,
    /// How many cameras there are.
    cameras: usize,
    /// Whether sound is recorded at any of them.
    with_sound: bool,
    /// Whether what happens goes to the province.
    province: bool,
    /// Where the hall is.
    address: Option<String>,
}

/// What the notice in the hall says.
#[utoipa::path(get, path = "/api/notice", tag = "notice", responses((status = 200, body = Notice)))]
pub(super) async fn page(State(pages): State<Pages>, _: Caller) -> Json<Notice> {
    let (config, said) = (&pages.config, &pages.config.notice);
    let longest =
        |usual: Duration, keeps: &mut dyn Iterator<Item = Duration>| days(keeps.max().unwrap_or(usual));
    let storage = &config.storage;
    let with_sub = config.cameras.iter().filter(|camera| camera.sub.is_some());
    Json(Notice {
        centre: config.centre.name.clone(),
        by: said.by.clone(),
        contact: said.contact.clone(),
        basis: said.basis.clone(),
        purpose: storage.purpose.clone(),
        keep_days: longest(storage.keep, &mut config.cameras.iter().map(|camera| camera.keep)),
        sub_keep_days: longest(storage.sub_keep, &mut with_sub.map(|camera| camera.sub_keep)),
        cameras: config.cameras.len(),
        with_sound: config.cameras.iter().any(|camera| camera.audio == AudioUse::Record),
        province: config.province.is_some(),
        address: said.address.clone(),
    })
}

fn days(keep: Duration) -> f64 {
    (keep.as_secs_f64() / 864.0).round() / 100.0
}
