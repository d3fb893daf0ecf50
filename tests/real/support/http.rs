//! Just enough HTTP to ask the province.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

/// GET with further header lines.
pub fn get_with(port: u16, path: &str, headers: &str) -> std::io::Result<Answer> {
    ask(port, "GET", path, headers, "")
}

fn ask(port: u16, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
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
    let body = body.to_string();
    let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    ask(port, "POST", path, &headers, &body)
}
