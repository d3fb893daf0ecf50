//! The pages as a browser asks for them: whole requests, signed in.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::*;
use crate::config::{Secret, read_edge};
use crate::forward::fixtures::signer;
use crate::http::{House, begin};
use crate::model::Ids;
use crate::perceive::models::Wanted;
use crate::record::{Index, test_row};
use crate::{centre_db, clock, keeping};

/// Somebody at a browser.
struct Browser {
    pages: Router,
    cookie: String,
    csrf: String,
}

impl Browser {
    async fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie);
        request = request.header("x-csrf-token", &self.csrf).header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let response = self.pages.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            self.cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// The status, and the code or else the detail of a problem.
    async fn post(&mut self, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.ask("POST", path, Some(body)).await;
        let told = body.get("code").or(body.get("detail")).and_then(Value::as_str).unwrap_or_default();
        (status.as_u16(), told.to_owned())
    }
}

async fn pages(storage: &Path) -> (Pages, CentreDb) {
    let text = format!(
        "[centre]\nid = \"xuan-lung\"\nname = \"Xuân Lũng\"\n[storage]\npath = \"{}\"\nkeep = \"30d\"\n\
         purpose = \"An ninh\"\nreserve = \"1MB\"\n[notice]\naddress = \"Số 1\"\n[[camera]]\nid = \"gate\"\n\
         name = \"Cổng\"\nmain = \"rtsp://192.0.2.1/main\"\n[[rule]]\nkind = \"crowding\"\ncameras = [\"gate\"]\n",
        storage.display()
    );
    let config = read_edge("edge.toml", storage, &text, &|_| Ok(Secret::new(""))).unwrap();
    let news = centre_db::open(storage, &mut Ids::new(1), clock::now()).await.unwrap();
    let db = centre_db::open_beside(storage).await.unwrap();
    let index = Index::open(storage).await.unwrap();
    index.add(&test_row(10)).await.unwrap();
    let archive = Arc::new(Archive::new(storage, keeping::policy(&config), index));
    let house = House {
        server: http::Server::Centre,
        name: "Xuân Lũng".into(),
        zone: config.centre.hours.time_zone().clone(),
        is_secure: false,
        is_behind_proxy: false,
    };
    let gate = Gate::new(house, news.pool.clone(), db.pool.clone(), Duration::from_secs(600)).unwrap();
    let (clock, flags) = (watch::Sender::new(ClockState::default()), FlagDesk::new().0);
    let exports = Exports::new(
        config.clone(),
        news.clone(),
        archive.clone(),
        Arc::new(signer()),
        clock.subscribe(),
        Ids::new(2),
    );
    let centre = config.centre.id.clone();
    let (nudge, _) = mpsc::channel(1);
    let cases = Casebook::new(centre, news.clone(), Arc::new(signer()), Ids::new(3), nudge);
    let pages = Pages {
        gate,
        cases,
        trials: Trials::new(config.clone(), archive.clone()),
        config: Arc::new(config),
        db,
        news: news.clone(),
        curves: CurveDb::open(storage).await.unwrap(),
        hub: Hub::new(archive.clone()),
        thumbs: Thumbs::new(archive.clone(), 1 << 20),
        views: Views::default(),
        paths: Paths::default(),
        viewings: Viewings::default(),
        viewers: Arc::new(Semaphore::new(1)),
        stop: CancellationToken::new(),
        health: archive.health(),
        archive,
        clock: clock.subscribe(),
        cameras: watch::Sender::default().subscribe(),
        flags,
        access: watch::Sender::default().subscribe(),
        perception: Arc::default(),
        models: Models::unusable(Wanted::default(), ""),
        exports,
        connected: watch::Sender::new(Connected::not_yet(clock::now())).subscribe(),
        wellness: Known::default(),
    };
    (pages, news)
}

async fn signed_in(pages: &Pages) -> Browser {
    let first = begin(&pages.gate).await.unwrap().unwrap();
    let pages = pages.clone().router();
    let mut browser = Browser { pages, cookie: String::new(), csrf: String::new() };
    let own = "một mật khẩu thật dài";
    let body = json!({ "name": "admin", "password": first });
    let (status, session) = browser.ask("POST", "/api/session", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{session}");
    browser.csrf = session["csrf"].as_str().unwrap().to_owned();
    let body = json!({ "old": first, "new": own });
    let (status, body) = browser.ask("PUT", "/api/session/password", Some(body)).await;
    assert!(status.is_success(), "{status}: {body}");
    browser
}

fn wanted(from: &str, to: &str) -> Value {
    json!({ "cameras": ["gate"], "from": from, "to": to, "reason": "Công văn 12" })
}

#[tokio::test]
async fn a_package_is_asked_for_watched_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (pages, _) = pages(folder.path()).await;
    let mut browser = signed_in(&pages).await;
    let (from, to) = ("1970-01-01T00:10:00Z", "1970-01-01T00:11:00Z");
    for (body, status, told) in [
        (wanted(to, from), 400, "to must be after from"),
        (wanted(from, "1970-01-02T00:10:01Z"), 400, "the range is longer than 24 hours: ask in parts"),
        (
            wanted("2100-01-01T00:00:00Z", "2100-01-01T00:01:00Z"),
            400,
            "to lies in the future: nothing is recorded there yet",
        ),
        (
            json!({ "cameras": ["gate"], "from": from, "to": to, "reason": "" }),
            400,
            "reason must be one line of 1 to 500 characters",
        ),
        (json!({ "cameras": [], "from": from, "to": to, "reason": "x" }), 400, "cameras must be 1 to 64"),
        (
            json!({ "cameras": ["none"], "from": from, "to": to, "reason": "x" }),
            404,
            "there is no such camera",
        ),
        (wanted("1980-01-01T00:00:00Z", "1980-01-01T00:01:00Z"), 409, "nothing"),
    ] {
        assert_eq!(browser.post("/api/exports", body.clone()).await, (status, told.to_owned()), "{body}");
    }
    let (status, made) = browser.ask("POST", "/api/exports", Some(wanted(from, to))).await;
    assert_eq!(
        (status, &made["state"], &made["done"]),
        (StatusCode::ACCEPTED, &json!("waiting"), &json!(0.0))
    );
    let id = made["id"].as_str().unwrap();
    assert_eq!(browser.get("/api/exports").await["exports"][0], made);
    assert_eq!(browser.get(&format!("/api/exports/{id}")).await, made);
    let (status, problem) = browser.ask("GET", &format!("/api/exports/{id}/package.zip"), None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not-whole")));
    for (status, path) in [(204, id), (410, id), (404, "nothing")] {
        let (told, _) = browser.ask("DELETE", &format!("/api/exports/{path}"), None).await;
        assert_eq!(told.as_u16(), status);
    }
    let log = browser.get("/api/audit?action=export-deleted").await;
    assert_eq!((&log["entries"][0]["who"], &log["entries"][0]["subject"]), (&json!("admin"), &json!(id)));
}

#[tokio::test]
async fn a_hold_is_made_and_let_go_once() {
    let folder = tempfile::tempdir().unwrap();
    let (pages, _) = pages(folder.path()).await;
    let mut browser = signed_in(&pages).await;
    let (from, to) = ("1970-01-01T00:10:00Z", "1970-01-01T00:11:00Z");
    let (status, hold) = browser.ask("POST", "/api/holds", Some(wanted(from, to))).await;
    assert_eq!((status, &hold["bytes"]), (StatusCode::CREATED, &json!(10)), "{hold}");
    assert_eq!(browser.get("/api/holds").await["holds"], json!([hold]));
    let release = format!("/api/holds/{}/release", hold["id"].as_str().unwrap());
    let why = json!({ "reason": "xong việc" });
    assert_eq!(browser.post(&release, why.clone()).await.0, 204);
    assert_eq!(browser.post(&release, why.clone()).await, (409, "released".to_owned()));
    assert_eq!(browser.post("/api/holds/x/release", why).await.0, 404);
    let released = &browser.get("/api/holds").await["holds"][0];
    assert_eq!((&released["release_reason"], &released["bytes"]), (&json!("xong việc"), &json!(0)));
    // Where a day of recording fills the disk, a quarter of it must be left.
    let minute = clock::now().wall.as_millis() / 60_000 - 60;
    let huge = crate::record::SegmentRow { bytes: 1 << 50, ..test_row(minute) };
    pages.archive.index.add(&huge).await.unwrap();
    let end = huge.end();
    let all = wanted(&huge.start.to_string(), &end.to_string());
    assert_eq!(browser.post("/api/holds", all).await, (409, "no-room".to_owned()));
}

#[tokio::test]
async fn health_notice_and_rules_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (pages, db) = pages(folder.path()).await;
    let mut browser = signed_in(&pages).await;
    let health = browser.get("/api/health").await;
    assert_eq!(health["state"], json!("attention"), "nobody vouches for the clock: {health}");
    let notice = browser.get("/api/notice").await;
    assert_eq!((&notice["by"], &notice["address"]), (&json!("Xuân Lũng"), &json!("Số 1")));
    assert_eq!((&notice["keep_days"], &notice["with_sound"]), (&json!(30.0), &json!(true)));

    let trials = "/api/rules/crowding-1/trials";
    assert_eq!(browser.post(trials, json!({ "threshold": 12 })).await, (409, "none-closed".to_owned()));
    let now = clock::now().wall;
    for (n, (people, outcome)) in [(9, "false-alarm"), (15, "real")].into_iter().enumerate() {
        sqlx::query(
            "INSERT INTO incidents (id, kind, severity, camera, started_at, flagged_at, ended_at, peak, count, rule,
                 evidence_state, clock, sound_may_leave, work, outcome)
             VALUES (?, 'crowding', 'warning', 'gate', ?2, ?2, ?2, ?3, 1, 'crowding-1', 'none', '{}', 0, 'closed', ?4)",
        )
        .bind(format!("0193b3c4-0000-7000-8000-00000000000{n}"))
        .bind(now.plus_millis(-3_600_000).as_millis())
        .bind(json!({ "people": people }).to_string())
        .bind(outcome)
        .execute(&db.pool)
        .await
        .unwrap();
    }
    let rules = browser.get("/api/rules").await;
    let rules = rules["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["rule"] == "crowding-1").unwrap();
    assert_eq!(rule["closed"], json!({ "real": 1, "false_alarm": 1, "test": 0 }));
    assert_eq!(
        rule["suggestion"],
        json!({ "threshold": 12.0, "avoids": 1, "false_alarms": 1, "keeps": 1, "real": 1 })
    );
    assert_eq!(
        rule["measure"],
        json!({
            "key": "people", "threshold": 8.0, "unit": "people", "raising": true,
            "config_key": "min_people", "config_scale": 1.0,
        })
    );
    assert_eq!(browser.post(trials, json!({ "threshold": 501 })).await.0, 400);
    assert_eq!(browser.post("/api/rules/none/trials", json!({ "threshold": 9 })).await.0, 404);
    let (status, trial) = browser.ask("POST", trials, Some(json!({ "threshold": 12 }))).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{trial}");
    let path = format!("{trials}/{}", trial["id"].as_str().unwrap());
    let stop = CancellationToken::new();
    let watched = async {
        while browser.get(&path).await["state"] != "done" {}
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(pages.trials.run(stop.clone()), watched);
    ended.unwrap();
    let done = browser.get(&path).await;
    assert_eq!(done["done"], json!(1.0));
    let gone: Vec<_> = done["results"].as_array().unwrap().iter().map(|one| &one["flagged"]).collect();
    assert_eq!(gone, [&Value::Null, &Value::Null], "nothing of them is recorded any more");
}

#[tokio::test]
async fn every_page_says_which_right_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let (pages, _) = pages(folder.path()).await;
    let docs = json!(Pages::routes(&pages.gate).into_openapi());
    let right = |path: &str, method: &str| docs["paths"][path][method]["x-right"].clone();
    assert_eq!(right("/api/exports", "get"), json!("export"));
    assert_eq!(right("/api/exports", "post"), json!("export"));
    assert_eq!(right("/api/exports/{id}", "get"), json!("export"));
    assert_eq!(right("/api/exports/{id}", "delete"), json!("delete"));
    assert_eq!(right("/api/holds/{id}/release", "post"), json!("hold"));
    assert_eq!(right("/api/health", "get"), json!("health"));
    assert_eq!(right("/api/rules/{rule}/trials/{id}", "get"), json!("rules"));
    assert_eq!(right("/api/notice", "get"), Value::Null);
}
