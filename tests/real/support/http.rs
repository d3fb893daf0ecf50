//! Just enough HTTP to ask a centre or the province, as the administrator who is there from the beginning.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

/// Where the first password of the server at a port is said, and who is signed in there.
#[derive(Default)]
struct Server {
    said: Vec<PathBuf>,
    password: Option<String>,
    session: Option<Session>,
}

#[derive(Clone)]
struct Session {
    cookie: String,
    csrf: String,
}

static SERVERS: LazyLock<Mutex<HashMap<u16, Server>>> = LazyLock::new(Mutex::default);

/// The password of everyone in the tests.
pub const PASSWORD: &str = "mật khẩu thử nghiệm dài";

fn server<T>(port: u16, see: impl FnOnce(&mut Server) -> T) -> T {
    see(SERVERS.lock().unwrap_or_else(PoisonError::into_inner).entry(port).or_default())
}

/// A server with pages is started, and says its first password to `said`.
pub(super) fn expect_people(command: &Command, said: &Path) {
    let mut args = command.get_args();
    args.find(|arg| *arg == "--config");
    let Some(config) = args.next().and_then(|path| std::fs::read_to_string(path).ok()) else { return };
    let port =
        config.lines().find_map(|line| line.strip_prefix("listen = ")?.trim_matches('"').rsplit(':').next());
    if let Some(port) = port.and_then(|port| port.parse().ok()) {
        server(port, |server| server.said.push(said.to_owned()));
    }
}

/// Says where the first password of a server is that the test runs within itself.
pub fn first_password(port: u16, password: &str) {
    server(port, |server| server.password = Some(password.to_owned()));
}

/// GET with further header lines.
pub fn get_with(port: u16, path: &str, headers: &str) -> std::io::Result<Answer> {
    ask(port, "GET", path, headers, "")
}

/// As the first administrator, who signs in where that is asked for.
fn ask(port: u16, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
    let shown = |session: Option<Session>| {
        let session =
            session.map(|Session { cookie, csrf }| format!("Cookie: {cookie}\r\nX-CSRF-Token: {csrf}\r\n"));
        format!("{headers}{}", session.unwrap_or_default())
    };
    let answer = ask_as_is(port, method, path, &shown(server(port, |server| server.session.clone())), body)?;
    if answer.status != 401 {
        return Ok(answer);
    }
    ask_as_is(port, method, path, &shown(Some(sign_in(port)?)), body)
}

fn sign_in(port: u16) -> std::io::Result<Session> {
    let (said, known) = server(port, |server| (server.said.clone(), server.password.clone()));
    let mut first = said.iter().filter_map(|said| {
        let text = std::fs::read_to_string(said).ok()?;
        text.lines().find_map(|line| Some(line.strip_prefix("admin password: ")?.to_owned()))
    });
    let password = known.or_else(|| first.next_back()).ok_or(std::io::ErrorKind::PermissionDenied)?;
    let mut session = session_of(port, "admin", &password)?;
    if password != PASSWORD {
        let body = serde_json::json!({ "old": password, "new": PASSWORD }).to_string();
        let headers = format!(
            "Cookie: {}\r\nX-CSRF-Token: {}\r\n{}",
            session.cookie,
            session.csrf,
            json_headers(&body)
        );
        let changed = ask_as_is(port, "PUT", "/api/session/password", &headers, &body)?;
        assert_eq!(changed.status, 204, "{}", String::from_utf8_lossy(&changed.body));
        server(port, |server| server.password = Some(PASSWORD.to_owned()));
        session = session_of(port, "admin", PASSWORD)?;
    }
    server(port, |server| server.session = Some(session.clone()));
    Ok(session)
}

fn session_of(port: u16, name: &str, password: &str) -> std::io::Result<Session> {
    let body = serde_json::json!({ "name": name, "password": password }).to_string();
    let answer = ask_as_is(port, "POST", "/api/session", &json_headers(&body), &body)?;
    assert_eq!(answer.status, 200, "signing in: {}", String::from_utf8_lossy(&answer.body));
    let set = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = set.and_then(|set| set.split(';').next()).ok_or(std::io::ErrorKind::InvalidData)?;
    let told: Value = serde_json::from_slice(&answer.body)?;
    Ok(Session { cookie: cookie.to_owned(), csrf: told["csrf"].as_str().unwrap_or_default().to_owned() })
}

fn json_headers(body: &str) -> String {
    format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
}

/// Asks as nobody in particular, with these header lines alone.
pub fn ask_as_is(port: u16, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n{body}"
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or(std::io::ErrorKind::InvalidData)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status =
        head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or(std::io::ErrorKind::InvalidData)?;
    let body = bytes[end + 4..].to_vec();
    Ok(Answer { status, body: unchunked(&head, body), head })
}

/// The header lines of who is signed in at a port, for a test that asks in its own way.
pub fn signed_in(port: u16) -> String {
    let session = server(port, |server| server.session.clone());
    let Session { cookie, csrf } = session.unwrap_or_else(|| sign_in(port).unwrap());
    format!("Cookie: {cookie}\r\nX-CSRF-Token: {csrf}\r\n")
}

/// The session's cookie alone.
pub fn cookie(port: u16) -> String {
    let lines = signed_in(port);
    lines.lines().find_map(|line| line.strip_prefix("Cookie: ")).unwrap_or_default().to_owned()
}

pub fn get(port: u16, path: &str) -> std::io::Result<Answer> {
    get_with(port, path, "")
}

pub fn get_json(port: u16, path: &str) -> Value {
    let answer = get(port, path).unwrap_or_else(|e| panic!("GET {path}: {e}"));
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

fn unchunked(head: &str, body: Vec<u8>) -> Vec<u8> {
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return body;
    }
    let (mut rest, mut whole) = (body.as_slice(), Vec::new());
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    whole
}

/// POST of a JSON value.
pub fn post_json(port: u16, path: &str, body: &Value) -> std::io::Result<Answer> {
    send_json(port, "POST", path, body)
}

/// A JSON value by any method.
pub fn send_json(port: u16, method: &str, path: &str, body: &Value) -> std::io::Result<Answer> {
    let body = body.to_string();
    ask(port, method, path, &json_headers(&body), &body)
}
