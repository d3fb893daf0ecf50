//! That what both servers say of themselves is what the pages' types are made from, and that nothing is open that
//! does not say so.

use std::time::Duration;

use jiff::tz::TimeZone;
use sqlx::SqlitePool;
use utoipa::openapi::OpenApi;

use super::docs::finished;
use super::{Gate, House, Server};
use crate::disk;
use crate::province;
use crate::web;

/// Set to write the files instead of comparing with them.
const WRITE: &str = "QUAYWATCH_WRITE_OPENAPI";

/// What anybody may ask for.
const OPEN: [&str; 3] = ["/healthz", "/readyz", "/api/session"];

fn gate(server: Server) -> Gate {
    let (name, zone) = ("Xuân Lũng".to_owned(), TimeZone::UTC);
    let house = House { server, name, zone, is_secure: false, is_behind_proxy: false };
    // Nothing is asked of it.
    let nowhere = SqlitePool::connect_lazy("sqlite::memory:").unwrap();
    Gate::new(house, nowhere.clone(), nowhere, Duration::from_secs(60)).unwrap()
}

fn both() -> [(&'static str, OpenApi); 2] {
    let centre = web::Pages::routes(&gate(Server::Centre)).into_openapi();
    let province = province::Pages::routes(&gate(Server::Province)).into_openapi();
    [("centre", finished(centre)), ("province", finished(province))]
}

#[tokio::test]
async fn the_pages_types_are_made_from_what_the_servers_say_of_themselves() {
    for (name, docs) in both() {
        // Sorted, so that the file changes only where the pages do.
        let mut said: serde_json::Value = serde_json::to_value(&docs).unwrap();
        said.sort_all_objects();
        let said = format!("{}\n", serde_json::to_string_pretty(&said).unwrap());
        let path = format!("{}/web/api/{name}.json", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os(WRITE).is_some() {
            disk::write_atomically(std::path::Path::new(&path), said.as_bytes()).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == said,
            "{path} is not what the {name} says of itself: make it anew with `make web-types`, and see in the \
             difference what other people's programs will meet"
        );
    }
}

#[tokio::test]
async fn nothing_is_open_but_signing_in_and_health() {
    for (name, docs) in both() {
        for (path, item) in &docs.paths.paths {
            let reading = item.get.iter();
            let changing = [&item.post, &item.put, &item.patch, &item.delete].into_iter().flatten();
            for operation in reading.chain(changing) {
                let asked = operation.security.iter().flatten();
                let needs_session =
                    asked.map(|one| serde_json::to_string(one).unwrap()).any(|one| one.contains("session"));
                let is_open = OPEN.contains(&path.as_str());
                assert!(needs_session || is_open, "{name}: {path} is open to all");
            }
        }
    }
}
