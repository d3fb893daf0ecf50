//! The pages with a real database: who is shown what.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::http::House;
use crate::model::{CentreId, Ids, IncidentId, Wall};
use crate::people::{Person, PersonName, Role};
use crate::province::centres::Standing;
use crate::province::store::Limits;
use crate::wire::{Signer, Trust};

struct Site {
    _folder: TempDir,
    store: Store,
    gate: Gate,
    router: axum::Router,
    standings: watch::Sender<Standings>,
    stop: CancellationToken,
}

fn centre(id: &str) -> CentreId {
    CentreId::new(id).unwrap()
}

fn id(n: u8) -> IncidentId {
    IncidentId(uuid::Uuid::from_bytes([n; 16]))
}

/// A province of two centres, each of which is silent: incidents 1 and 2.
async fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { files: 1, bytes: 1, reserve: 0 };
    let store = Store::open(folder.path(), limits).await.unwrap();
    let house = House {
        server: crate::http::Server::Province,
        name: "Phú Thọ".into(),
        zone: jiff::tz::TimeZone::UTC,
        is_secure: false,
        is_behind_proxy: false,
    };
    let gate = store.gate(house, Duration::from_secs(600)).unwrap();
    let signer = Arc::new(Signer::from_secret([1; 32]));
    let (commander, _given) = Commander::new(store.clone(), signer, Ids::new(1));
    let known = |id: &str| KnownCentre { id: centre(id), name: id.into(), trust: Trust::default() };
    let (standings, stands) = watch::channel(Standings::new());
    let stop = CancellationToken::new();
    let pages = Pages {
        gate: gate.clone(),
        store: store.clone(),
        centres: Arc::from([known("hung-lo"), known("xuan-lung")]),
        health: Arc::default(),
        standings: stands,
        commander,
        authority: None,
        viewings: Viewings::default(),
        stop: stop.clone(),
    };
    let now = crate::clock::now().wall;
    store.open_silence(id(1), &centre("hung-lo"), now, now).await.unwrap();
    store.open_silence(id(2), &centre("xuan-lung"), now, now).await.unwrap();
    Site { _folder: folder, store, gate, router: pages.router(), standings, stop }
}

struct Visitor<'a> {
    site: &'a Site,
    cookie: String,
    csrf: String,
}

impl Site {
    async fn ask(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Somebody who watches this centre alone, signed in.
    async fn visitor(&self, only: &str) -> Visitor<'_> {
        let digest = crate::people::Secrets::new().unwrap().digest("xuanlung-2026!").await.unwrap();
        let person = Person {
            name: PersonName::new("minh").unwrap(),
            full_name: "Trần Minh".into(),
            role: Role::Monitor,
            own_rights: None,
            only: Some(BTreeSet::from([only.to_owned()])),
            disabled: false,
            must_change: false,
            made_at: Wall::default(),
            signed_in_at: None,
        };
        self.gate.register.add(&person, &digest, ("admin", "console")).await.unwrap();
        let body = json!({ "name": "minh", "password": "xuanlung-2026!" }).to_string();
        let request = Request::builder().method(Method::POST).uri("/api/session");
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body.into()).unwrap();
        let answer = self.ask(request).await;
        let cookie = answer.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap().to_owned();
        let session = read(answer).await;
        Visitor { site: self, cookie, csrf: session["csrf"].as_str().unwrap().to_owned() }
    }
}

async fn read(answer: axum::response::Response) -> Value {
    serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap()
}

impl Visitor<'_> {
    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie);
        request.header("x-csrf-token", &self.csrf).header(header::CONTENT_TYPE, "application/json")
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = self.request(Method::GET, path).body(Body::empty()).unwrap();
        let answer = self.site.ask(request).await;
        (answer.status(), read(answer).await)
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.request(Method::POST, path).body(body.to_string().into()).unwrap();
        let answer = self.site.ask(request).await;
        (answer.status(), read(answer).await)
    }
}

#[tokio::test]
async fn who_is_limited_to_a_centre_sees_nothing_of_another() {
    let site = site().await;
    let minh = site.visitor("xuan-lung").await;
    let (status, list) = minh.get("/api/incidents?state=unfinished&raised=false").await;
    assert_eq!((status, list["counts"]["new"].as_i64()), (StatusCode::OK, Some(1)));
    let ids: Vec<_> = list["incidents"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, [json!(id(2))]);
    let (_, list) = minh.get("/api/incidents?centre=hung-lo").await;
    assert_eq!(list["incidents"], json!([]));
    let (_, centres) = minh.get("/api/centres").await;
    assert_eq!(centres["centres"].as_array().unwrap().len(), 1);
    let other = id(1);
    for path in [
        format!("/api/incidents/{other}"),
        format!("/api/incidents/{other}/clip.mp4"),
        "/api/centres/hung-lo".to_owned(),
        "/api/centres/hung-lo/commands".to_owned(),
        format!("/api/centres/hung-lo/commands/{other}"),
        format!("/api/centres/hung-lo/commands/{other}/picture.jpg"),
    ] {
        assert_eq!(minh.get(&path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let still = json!({ "action": "still", "args": { "camera": "gate", "reason": "x" } });
    for (path, body) in [
        (format!("/api/incidents/{other}/handling"), json!({ "action": "acknowledge" })),
        ("/api/centres/hung-lo/commands".to_owned(), still.clone()),
    ] {
        assert_eq!(minh.post(&path, body).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(minh.post("/api/centres/xuan-lung/commands", still).await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn what_is_said_about_an_incident_is_in_its_history_and_on_the_log_by_name() {
    let site = site().await;
    let minh = site.visitor("xuan-lung").await;
    let page = format!("/api/incidents/{}", id(2));
    let (status, given) = minh.post(&format!("{page}/handling"), json!({ "action": "acknowledge" })).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let (_, one) = minh.get(&page).await;
    assert_eq!(one["acknowledged"]["by"], "Trần Minh");
    assert_eq!(one["history"][0]["command"], given["command"]);
    assert_eq!(
        (&one["history"][0]["place"], &one["history"][0]["state"]),
        (&json!("province"), &json!("done"))
    );
    let wrong = json!({ "action": "acknowledge", "mood": "tense" });
    assert_eq!(minh.post(&format!("{page}/handling"), wrong).await.0, StatusCode::BAD_REQUEST);
    let log = site.gate.audit.following(0, 100).await.unwrap();
    let last = log.last().unwrap();
    assert_eq!((last.who.as_str(), last.action.as_str()), ("minh", "command-given"));
    // Nobody else is named by a command than who gave it.
    let still =
        json!({ "action": "still", "actor": "giám đốc", "args": { "camera": "gate", "reason": "x" } });
    minh.post("/api/centres/xuan-lung/commands", still).await;
    let (_, commands) = minh.get("/api/centres/xuan-lung/commands").await;
    let still = commands["commands"].as_array().unwrap().iter().find(|one| one["action"] == "still");
    assert_eq!(still.unwrap()["actor"], "Trần Minh");
}

#[tokio::test]
async fn the_stream_tells_of_the_centres_that_the_caller_sees_and_ends_with_the_service() {
    let site = site().await;
    let minh = site.visitor("xuan-lung").await;
    let request = minh.request(Method::GET, "/api/stream").body(Body::empty()).unwrap();
    let answer = site.ask(request).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let now = crate::clock::now().wall;
    let stands = |state| [centre("hung-lo"), centre("xuan-lung")].map(|centre| (centre, state));
    site.standings.send(Standings::from(stands(Standing::Alive))).unwrap();
    site.store.close_silence(&centre("hung-lo"), now).await.unwrap();
    site.store.close_silence(&centre("xuan-lung"), now).await.unwrap();
    let mut body = answer.into_body().into_data_stream();
    let mut text = String::new();
    let told = |text: &str| text.contains("event: incident") && text.contains("event: centre");
    while !told(&text) {
        let piece = futures::StreamExt::next(&mut body).await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    site.stop.cancel();
    while let Some(piece) = futures::StreamExt::next(&mut body).await {
        text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    assert!(text.contains(r#"{"id":"xuan-lung","state":"alive"}"#), "{text}");
    assert!(text.contains(r#""what":"closed""#) && !text.contains("hung-lo"), "{text}");
}

#[tokio::test]
async fn what_is_described_is_described_whole() {
    let site = site().await;
    let minh = site.visitor("xuan-lung").await;
    let (status, docs) = minh.get("/api/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    let text = docs.to_string();
    let named = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
    let missing: BTreeSet<_> =
        named.filter(|name| docs.pointer(&format!("/components/schemas/{name}")).is_none()).collect();
    assert_eq!(missing, BTreeSet::new());
    let alert = docs.pointer("/components/schemas/Alert/properties").unwrap();
    for field in ["work", "acknowledged", "raised", "evidence"] {
        assert!(alert.get(field).is_some(), "{field}");
    }
    let role = docs.pointer("/components/schemas/FileRole/enum").unwrap();
    assert!(role.as_array().unwrap().contains(&json!("clip")), "no other Role stands in its place");
}
