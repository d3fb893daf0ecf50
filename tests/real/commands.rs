//! What the province asks of a centre, given at the province's pages and done at the real centre.

use quaywatch::model::Wall;
use serde_json::{Value, json};

use crate::support::{CameraSpec, Hall, free_port, get, get_json, now_ms, post_json, wait_for};

const COMMANDS: &str = "/api/centres/xuan-lung/commands";

fn hall() -> (Hall, u16) {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1").calm()]);
    let port = free_port();
    hall.rules = format!("\n[web]\nlisten = \"127.0.0.1:{port}\"\n");
    hall.province =
        "commands = [\"acknowledge\", \"comment\", \"close\", \"clip\", \"still\", \"look-in\"]\n".into();
    (hall, port)
}

fn give(hall: &Hall, action: &str, args: Value, expires_in: &str) -> String {
    let body = json!({ "action": action, "args": args, "expires_in": expires_in });
    let answer = post_json(hall.province_port, COMMANDS, &body).unwrap();
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 202, "{told}");
    serde_json::from_str::<Value>(&told).unwrap()["id"].as_str().unwrap().to_owned()
}

fn replied(hall: &Hall, id: &str, seconds: u64) -> Value {
    wait_for("a reply", seconds, || {
        let row = get_json(hall.province_port, &format!("{COMMANDS}/{id}"));
        (row["state"] != "waiting").then_some(row)
    })
}

fn time(ms: i64) -> String {
    Wall::from_millis(ms).to_string()
}

#[test]
fn the_province_gets_the_footage_of_a_range_a_still_and_a_look_in_and_says_what_it_thinks() {
    let (hall, port) = hall();
    let _province = hall.start_province();
    let centre = hall.start_centre();
    centre.wait_for_log("the link is up", 20);
    centre.wait_for_log("the centre's pages are served", 20);
    wait_for("a complete file", 60, || {
        (get_json(port, "/api/storage")["streams"][0]["files"].as_u64() >= Some(1)).then_some(())
    });

    // A range of any camera, as signed evidence of its own.
    let (from, to) = (now_ms() - 6000, now_ms() - 1000);
    let range =
        json!({ "camera": "counter-1", "from": time(from), "to": time(to), "reason": "Khiếu nại 12" });
    let row = replied(&hall, &give(&hall, "clip", range, "1h"), 20);
    assert_eq!(row["reply"]["result"], "done", "{row}");
    let incident = row["reply"]["data"]["incident"].as_str().unwrap().to_owned();
    let clip = hall.wait_for_file(&incident, "clip", 60);
    let begins = clip["from"].as_str().unwrap().parse::<Wall>().unwrap().as_millis();
    assert!(begins <= from + 100, "{clip}");
    let shown = get_json(port, &format!("/api/incidents/{incident}"));
    assert_eq!((&shown["asked"], &shown["note"]), (&json!(true), &json!("Khiếu nại 12")));
    assert_eq!(shown["peak"]["by"], "Quản trị viên");

    // What people at the province say is in the incident's history here.
    let said = [
        ("acknowledge", json!({ "incident": incident })),
        ("comment", json!({ "incident": incident, "text": "Đã gọi điện" })),
        ("close", json!({ "incident": incident, "outcome": "real" })),
    ];
    for (action, args) in said {
        let row = replied(&hall, &give(&hall, action, args, "1h"), 20);
        assert_eq!(row["reply"]["result"], "done", "{row}");
    }
    let history = get_json(port, &format!("/api/incidents/{incident}"))["history"].clone();
    assert_eq!(history.as_array().unwrap().len(), 3, "{history}");
    assert_eq!((&history[1]["note"], &history[1]["who"]), (&json!("Đã gọi điện"), &json!("Quản trị viên")));

    // A picture of now, and pictures for a minute.
    let still = give(&hall, "still", json!({ "camera": "counter-1", "reason": "x" }), "1min");
    let row = replied(&hall, &still, 20);
    assert_eq!(row["reply"]["result"], "done", "{row}");
    assert_eq!(row["reply"]["data"].get("jpeg"), None, "a list is not full of pictures");
    let picture = get(hall.province_port, &format!("{COMMANDS}/{still}/picture.jpg")).unwrap();
    assert_eq!((picture.status, &picture.body[..3]), (200, &[0xff, 0xd8, 0xff][..]));
    let look_in =
        give(&hall, "look-in", json!({ "camera": "counter-1", "minutes": 1, "reason": "x" }), "1min");
    assert_eq!(replied(&hall, &look_in, 20)["reply"]["result"], "done");
    let path = format!("{COMMANDS}/{look_in}/picture.jpg");
    let first = wait_for("a picture", 20, || get(hall.province_port, &path).ok().filter(|a| a.status == 200));
    let second = wait_for("another picture", 20, || {
        get(hall.province_port, &path).ok().filter(|a| a.status == 200 && a.body != first.body)
    });
    assert!(second.body.len() <= 48 * 1024, "{} bytes", second.body.len());

    // What cannot be is told in words.
    for (action, args, word) in [
        ("clip", json!({ "camera": "cellar", "from": time(from), "to": time(to), "reason": "x" }), "cellar"),
        (
            "clip",
            json!({ "camera": "counter-1", "from": time(from - 86_400_000), "to": time(to - 86_400_000), "reason": "x" }),
            "nothing of camera",
        ),
        ("flag", json!({ "note": "x" }), "does not let"),
    ] {
        let row = replied(&hall, &give(&hall, action, args, "1h"), 20);
        assert!(row["reply"]["reason"].as_str().is_some_and(|reason| reason.contains(word)), "{row}");
    }
    for (body, word) in [
        (json!({ "action": "reboot", "actor": "lan" }), "action must be"),
        (json!({ "action": "still", "actor": "lan", "args": {} }), "args"),
        (json!({ "action": "still", "who": "lan", "args": {} }), "unknown field"),
        (
            json!({ "action": "clip", "actor": "lan", "args": { "camera": "counter-1", "from": time(from), "to": time(from + 61_000), "reason": "x" } }),
            "a minute",
        ),
    ] {
        let answer = post_json(hall.province_port, COMMANDS, &body).unwrap();
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status == 400 && told.contains(word), "{told}");
    }
    assert!(centre.stop().success());
}

#[test]
fn a_command_waits_for_a_centre_that_is_away_and_a_look_in_that_is_late_is_not_done() {
    let (hall, _) = hall();
    let _province = hall.start_province();
    let first = hall.start_centre();
    first.wait_for_log("the link is up", 20);
    assert!(first.stop().success());
    let late = give(&hall, "look-in", json!({ "camera": "counter-1", "minutes": 1, "reason": "x" }), "1s");
    let nobody = "0193b3c4-0000-7000-8000-00000000000f";
    let waits = give(&hall, "comment", json!({ "incident": nobody, "text": "x" }), "1h");
    let given = now_ms();
    wait_for("the look-in to be late", 5, || (now_ms() > given + 1000).then_some(()));
    let again = hall.start_centre();
    let row = replied(&hall, &waits, 40);
    assert!(row["reply"]["reason"].as_str().unwrap().contains(nobody), "{row}");
    let row = get_json(hall.province_port, &format!("{COMMANDS}/{late}"));
    assert_eq!((&row["reply"], &row["picture_at"]), (&Value::Null, &Value::Null), "{row}");
    assert!(again.stop().success());
}
