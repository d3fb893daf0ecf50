//! Any moment played: playlists and their parts, one MP4 of a range, live pictures, small pictures, events.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use quaywatch::model::Wall;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::support::{
    Answer, CameraSpec, Hall, Process, Recorded, cookie, decode, free_port, get, get_json, get_with, now_ms,
    post_json, signed_in, wait_for,
};

/// A centre with pages and these cameras, which records files of 10 s.
fn centre(specs: &[CameraSpec]) -> (Hall, Process, u16) {
    let mut hall = Hall::new(specs);
    let port = free_port();
    hall.rules = format!("\n[web]\nlisten = \"127.0.0.1:{port}\"\n");
    let centre = hall.start_centre();
    centre.wait_for_log("the centre's pages are served", 20);
    (hall, centre, port)
}

fn at(ms: i64) -> String {
    Wall::from_millis(ms).to_string()
}

fn asked(camera: &str, page: &str, from_ms: i64, to_ms: i64) -> String {
    let why = if page == "view.mp4" { "&reason=test" } else { "" };
    format!("/api/cameras/{camera}/{page}?from={}&to={}{why}", at(from_ms), at(to_ms))
}

/// From when to when there are pictures, in ms, once they reach to `until_ms`.
fn recorded_until(port: u16, camera: &str, since_ms: i64, until_ms: i64) -> (i64, i64) {
    wait_for("the recording to get there", 60, || {
        let shown = get_json(port, &asked(camera, "timeline", since_ms, now_ms()));
        let spans = shown["spans"].as_array()?;
        let moment = |value: &Value| value.as_str()?.parse::<Wall>().ok().map(Wall::as_millis);
        let (from, to) = (moment(&spans.first()?["from"])?, moment(&spans.last()?["to"])?);
        (to >= until_ms).then_some((from, to))
    })
}

/// What a playlist names: for each part its file, header, offset and length.
fn parts(playlist: &str) -> Vec<(String, u64, u64, u64)> {
    let (mut found, mut header, mut range) = (Vec::new(), 0, (0, 0));
    let pair = |text: &str| {
        let (length, offset) = text.split_once('@').unwrap();
        (length.parse::<u64>().unwrap(), offset.parse::<u64>().unwrap())
    };
    for line in playlist.lines() {
        if let Some(map) = line.strip_prefix("#EXT-X-MAP:") {
            header = pair(map.split('"').nth(3).unwrap()).0;
        } else if let Some(bytes) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            range = pair(bytes);
        } else if !line.starts_with('#') && !line.is_empty() {
            found.push((line.to_owned(), header, range.1, range.0));
        }
    }
    found
}

fn part(port: u16, camera: &str, uri: &str, offset: u64, length: u64) -> Answer {
    let range = format!("Range: bytes={offset}-{}\r\n", offset + length - 1);
    get_with(port, &format!("/api/cameras/{camera}/{uri}"), &range).unwrap()
}

/// The stamps of all parts of a playlist, each decoded by itself behind its header.
fn played(port: u16, camera: &str, playlist: &str, folder: &Path) -> Recorded {
    let mut found = Recorded::default();
    for (uri, header, offset, length) in parts(playlist) {
        let head = part(port, camera, &uri, 0, header);
        let media = part(port, camera, &uri, offset, length);
        assert_eq!((head.status, media.status), (206, 206), "{uri}");
        assert_eq!(media.body.len() as u64, length);
        let file = folder.join("part.mp4");
        std::fs::write(&file, [head.body, media.body].concat()).unwrap();
        decode(&file, &mut found);
    }
    found
}

fn numbers(found: &Recorded) -> Vec<u64> {
    assert_eq!(found.unread, 0);
    found.stamps.iter().map(|(number, _)| *number).collect()
}

#[test]
fn a_playlist_names_every_picture_of_its_range_once_across_files_and_what_is_being_written() {
    let began = now_ms();
    let (hall, centre, port) = centre(&[CameraSpec { gop_s: 2.0, ..CameraSpec::new("counter-1").calm() }]);
    let (from, to) = recorded_until(port, "counter-1", began, now_ms() + 24_000);
    let answer = get(port, &asked("counter-1", "playlist.m3u8", from + 3000, to)).unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    assert_eq!(answer.status, 200, "{text}");
    assert!(text.contains("ENDLIST") && !text.contains("DISCONTINUITY"), "{text}");
    assert!(text.matches("EXT-X-MAP").count() >= 2, "more than one file: {text}");
    let found = played(port, "counter-1", &text, hall.folder.path());
    let shown = numbers(&found);
    assert!(shown.windows(2).all(|two| two[1] == two[0] + 1), "{shown:?}");
    assert!(shown.len() >= 180 && found.sounds > 100, "{} pictures, {} sounds", shown.len(), found.sounds);
    let late = found.stamps[0].1 - (from + 3000);
    assert!((-2200..=200).contains(&late), "it begins {late} ms off: with the keyframe before the moment");

    // The same, growing: what is still being written is not in it, and comes.
    let path = format!("/api/cameras/counter-1/playlist.m3u8?from={}", at(from + 3000));
    let growing = || String::from_utf8(get(port, &path).unwrap().body).unwrap();
    let (before, first) = (growing(), parts(&text)[0].clone());
    assert!(before.contains("TYPE:EVENT") && !before.contains("ENDLIST"), "{before}");
    assert_eq!(parts(&before)[0], first);
    wait_for("it to grow", 20, || {
        let after = growing();
        let (old, new) = (parts(&before), parts(&after));
        assert_eq!(new[..old.len()], old, "what was in it stays as it was");
        (new.len() > old.len() + 2).then_some(())
    });
    for (path, status) in [
        (asked("counter-1", "playlist.m3u8", 0, 1000), 404),
        (asked("cellar", "playlist.m3u8", from, to), 404),
        (asked("counter-1", "playlist.m3u8", from, from), 400),
        (asked("counter-1", "playlist.m3u8", from, from + 90_000_000), 400),
        ("/api/cameras/counter-1/segments/1.mp4".to_owned(), 416),
        ("/api/cameras/counter-1/segments/../../x.mp4".to_owned(), 404),
    ] {
        let answer = get(port, &path).unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.head.contains("application/problem+json"), "{path}");
    }
    let (uri, _, offset, length) = &first;
    for (uri, offset, length, status) in [
        ("segments/999999.mp4", *offset, *length, 410),
        (uri.as_str(), *offset + 8, *length, 410),
        (uri.as_str(), 1 << 40, *length, 416),
    ] {
        assert_eq!(part(port, "counter-1", uri, offset, length).status, status, "{uri} {offset}");
    }
    drop(centre);
}

#[test]
fn a_view_is_one_mp4_of_exactly_the_pictures_that_were_asked_for() {
    let began = now_ms();
    let (hall, _centre, port) = centre(&[CameraSpec { gop_s: 2.0, ..CameraSpec::new("counter-1").calm() }]);
    let (from, to) = recorded_until(port, "counter-1", began, now_ms() + 16_000);
    let (from, to) = (from + 1730, to - 1000);
    let path = asked("counter-1", "view.mp4", from, to);
    let whole = get(port, &path).unwrap();
    assert_eq!(whole.status, 200, "{}", String::from_utf8_lossy(&whole.body));
    let head = |answer: &Answer, name: &str| {
        let lines = answer.head.lines().map(str::to_ascii_lowercase);
        lines.filter_map(|line| Some(line.strip_prefix(&format!("{name}: "))?.to_owned())).next()
    };
    assert_eq!(head(&whole, "content-length"), Some(whole.body.len().to_string()));
    let file = hall.path("view.mp4");
    std::fs::write(&file, &whole.body).unwrap();
    // What ffmpeg shows, which honours the edit list.
    let stamps = std::process::Command::new("/usr/bin/python3")
        .arg(crate::support::root().join("deploy/sim/stamp.py"))
        .arg(&file)
        .output()
        .unwrap();
    let frames: Vec<Value> = String::from_utf8(stamps.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sent: Vec<i64> = frames.iter().map(|frame| frame["sent_ms"].as_i64().expect("a stamp")).collect();
    let count = (to - from) / 100;
    assert!((count - 1..=count + 1).contains(&(sent.len() as i64)), "{} of {count} pictures", sent.len());
    // The archive's time is that of arrival, a few ms after it was sent.
    assert!((sent[0] - from).abs() <= 110, "begins {} ms off", sent[0] - from);
    assert!(
        (sent[sent.len() - 1] + 100 - to).abs() <= 110,
        "ends {} ms off",
        sent[sent.len() - 1] + 100 - to
    );
    assert!(frames[0]["pts_s"].as_f64().unwrap().abs() < 0.001, "{}", frames[0]);

    let etag = head(&whole, "etag").unwrap();
    let length = whole.body.len();
    for (range, expected) in [
        ("0-99".to_owned(), 0..100),
        (format!("{}-", length - 7), length - 7..length),
        ("-500".to_owned(), length - 500..length),
        ("1000-200000".to_owned(), 1000..200_001),
    ] {
        let headers = format!("Range: bytes={range}\r\nIf-Range: {etag}\r\n");
        let some = get_with(port, &path, &headers).unwrap();
        assert_eq!(some.status, 206, "{range}");
        assert!(some.body == whole.body[expected.clone()], "{range}");
        let range = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
        assert_eq!(head(&some, "content-range"), Some(range));
    }
    let of_another = get_with(port, &path, "Range: bytes=0-99\r\nIf-Range: \"other\"\r\n").unwrap();
    assert_eq!((of_another.status, of_another.body.len()), (200, length));
    assert_eq!(get_with(port, &path, &format!("If-None-Match: {etag}\r\n")).unwrap().status, 304);
    assert_eq!(get_with(port, &path, &format!("Range: bytes={length}-\r\n")).unwrap().status, 416);
    for (path, status) in [
        (asked("counter-1", "view.mp4", from, now_ms() + 60_000), 400),
        (asked("counter-1", "view.mp4", from - 7 * 3_600_000, to), 400),
        (asked("counter-1", "view.mp4", 0, 1000), 404),
        (format!("{path}&gaps=maybe"), 400),
        (path.replace("&reason=test", ""), 400),
        (path.replace("&reason=test", "&reason=%20"), 400),
        (format!("{path}&stream=third"), 400),
    ] {
        assert_eq!(get(port, &path).unwrap().status, status, "{path}");
    }
    let thumb = get(port, &format!("/api/cameras/counter-1/thumb.jpg?from={}&width=100", at(from))).unwrap();
    assert_eq!((thumb.status, &thumb.body[..3]), (200, &[0xFF, 0xD8, 0xFF][..]));
    let none = get(port, &format!("/api/cameras/counter-1/thumb.jpg?from={}", at(0))).unwrap();
    assert_eq!(none.status, 404);
}

#[test]
fn a_gap_is_refused_with_its_reason_or_closed_and_told() {
    let began = now_ms();
    let (mut hall, _centre, port) = centre(&[CameraSpec::new("counter-1").calm()]);
    recorded_until(port, "counter-1", began, now_ms() + 5000);
    hall.cameras.control(json!({ "do": "away", "mount": "/counter-1/main", "for_s": 4 }));
    let shown = wait_for("the camera to come back", 60, || {
        let shown = get_json(port, &asked("counter-1", "timeline", began, now_ms()));
        let spans = shown["spans"].as_array()?;
        let moment = |value: &Value| value.as_str().unwrap().parse::<Wall>().unwrap().as_millis();
        let is_back = spans.len() == 2 && moment(&spans[1]["to"]) - moment(&spans[1]["from"]) > 5000;
        is_back.then_some(shown)
    });
    let moment = |value: &Value| value.as_str().unwrap().parse::<Wall>().unwrap().as_millis();
    let gap = &shown["gaps"].as_array().unwrap().iter().find(|gap| gap["reason"] == "camera-away").unwrap();
    let (from, to) = (moment(&gap["from"]) - 2000, moment(&gap["to"]) + 3000);
    let path = asked("counter-1", "view.mp4", from, to);
    let refused = get(port, &path).unwrap();
    let problem: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((refused.status, &problem["gaps"][0]["reason"]), (409, &json!("camera-away")), "{problem}");
    let closed = get(port, &format!("{path}&gaps=close")).unwrap();
    assert_eq!(closed.status, 200);
    assert!(closed.head.to_ascii_lowercase().contains("quaywatch-gaps: 1; "), "{}", closed.head);
    let file = hall.path("closed.mp4");
    std::fs::write(&file, closed.body).unwrap();
    let mut found = Recorded::default();
    decode(&file, &mut found);
    let sent: Vec<i64> =
        found.stamps.iter().map(|(_, sent)| *sent).filter(|sent| *sent >= from - 50).collect();
    let leaps: Vec<i64> = sent.windows(2).map(|two| two[1] - two[0]).filter(|apart| *apart > 500).collect();
    assert_eq!(leaps.len(), 1, "one gap, closed: {sent:?}");

    let list = get(port, &asked("counter-1", "playlist.m3u8", from, to)).unwrap();
    let text = String::from_utf8(list.body).unwrap();
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{text}");
}

type Live = WebSocket<TcpStream>;

fn watch(port: u16, origin: Option<&str>, wish: &Value) -> Result<Live, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    let mut request = tungstenite::http::Request::builder()
        .uri("/api/live")
        .header("Host", format!("127.0.0.1:{port}"))
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Cookie", cookie(port))
        .header("Sec-WebSocket-Key", tungstenite::handshake::client::generate_key());
    if let Some(origin) = origin {
        request = request.header("Origin", origin);
    }
    let request = request.uri(format!("ws://127.0.0.1:{port}/api/live")).body(()).unwrap();
    let (mut live, _) = tungstenite::client(request, stream).map_err(|e| e.to_string())?;
    live.send(Message::text(wish.to_string())).unwrap();
    Ok(live)
}

/// The next message of a live connection: its head, and what it brings.
fn news(live: &mut Live) -> (Value, Vec<u8>) {
    loop {
        if let Message::Binary(bytes) = live.read().unwrap() {
            let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
            let head = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
            return (head, bytes[4 + length..].to_vec());
        }
    }
}

#[test]
fn live_pictures_of_several_streams_come_over_one_connection_as_they_are_recorded() {
    let spec = |id| CameraSpec { gop_s: 2.0, has_sub: true, ..CameraSpec::new(id).calm() };
    let (mut hall, _centre, port) = centre(&[spec("counter-1"), spec("counter-2")]);
    let refused = watch(port, Some("http://evil.example"), &json!({ "watch": [] }));
    assert!(refused.is_err_and(|e| e.contains("403")));
    let both = json!({ "watch": [
        { "camera": "counter-1", "stream": "main" }, { "camera": "counter-2", "stream": "sub" },
        { "camera": "cellar", "stream": "main" },
    ] });
    let mut live = watch(port, Some(&format!("http://127.0.0.1:{port}")), &both).unwrap();
    let (mut main, mut late_ms) = (Vec::new(), Vec::new());
    let mut subs = 0;
    while late_ms.len() < 20 {
        let (head, bytes) = news(&mut live);
        match (head["camera"].as_str().unwrap(), head["kind"].as_str().unwrap()) {
            ("counter-1", "init") if main.is_empty() => {
                let mime = head["mime"].as_str().unwrap();
                assert!(mime.contains("avc1.") && mime.contains("mp4a.40.2"), "{head}");
                assert_eq!((&head["sound"], &head["video"]), (&json!(true), &json!("h264 768x576")));
                main.extend(bytes);
            }
            ("counter-1", "fragment") => {
                let shown = head["wall"].as_str().unwrap().parse::<Wall>().unwrap().as_millis();
                late_ms.push(now_ms() - shown);
                assert!(late_ms.len() > 1 || head["key"] == true, "it begins with a keyframe: {head}");
                main.extend(bytes);
            }
            ("counter-2", "init") => {
                assert_eq!((&head["stream"], &head["sound"]), (&json!("sub"), &json!(false)))
            }
            ("counter-2", "fragment") => subs += 1,
            // The first word may be that a camera is still connecting.
            (_, "away") => {}
            _ => assert_eq!(head["kind"], "init"),
        }
    }
    assert!(subs > 5, "{subs} fragments of the other");
    let file = hall.path("live.mp4");
    std::fs::write(&file, &main).unwrap();
    let mut found = Recorded::default();
    decode(&file, &mut found);
    let shown = numbers(&found);
    assert!(shown.windows(2).all(|two| two[1] == two[0] + 1), "{shown:?}");
    // A fragment is told of when its half second is over: what is older was there before.
    late_ms.drain(..6);
    late_ms.sort_unstable();
    assert!(late_ms[late_ms.len() / 2] < 1200, "{late_ms:?}");

    hall.cameras.control(json!({ "do": "away", "mount": "/counter-1/main", "for_s": 60 }));
    let away = wait_for("word that the camera is away", 40, || {
        let (head, _) = news(&mut live);
        (head["kind"] == "away").then_some(head)
    });
    assert_eq!(away["camera"], "counter-1");
    live.send(Message::text(json!({ "watch": [] }).to_string())).unwrap();
    live.close(None).unwrap();
}

#[test]
fn a_page_hears_of_incidents_and_cameras_as_they_happen() {
    let (mut hall, _centre, port) = centre(&[CameraSpec::new("counter-1").calm()]);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    write!(stream, "GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n", signed_in(port)).unwrap();
    let began = now_ms();
    recorded_until(port, "counter-1", began - 10_000, began);
    let mut heard = String::new();
    let mut wait_to_hear = |what: &str| {
        let mut buffer = [0; 4096];
        while !heard.contains(what) {
            let n = stream.read(&mut buffer).unwrap_or_else(|e| panic!("{what} in {heard:?}: {e}"));
            assert!(n > 0, "closed before {what}: {heard:?}");
            heard.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    };
    wait_to_hear("text/event-stream");
    post_json(port, "/api/incidents", &json!({ "camera": "counter-1", "note": "xem lại" })).unwrap();
    wait_to_hear("event: incident");
    wait_to_hear("\"what\":\"opened\"");
    wait_to_hear("\"kind\":\"manual\"");
    hall.cameras.control(json!({ "do": "away", "mount": "/counter-1/main", "for_s": 60 }));
    wait_to_hear("event: camera");
    wait_to_hear("\"state\":\"lost\"");
    let shown = get_json(port, &asked("counter-1", "timeline", began - 60_000, now_ms()));
    assert_eq!(shown["incidents"][0]["kind"], "manual", "{shown}");
    assert!(shown["spans"][0]["video"].as_str().unwrap().starts_with("h264"), "{shown}");
}
