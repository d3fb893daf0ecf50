//! Asks a centre or the province over HTTP, as anyone would who is signed in.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use crate::people::one_time;

const PATIENCE: Duration = Duration::from_secs(10);

/// Whether anything answers at `path`, which is open to all.
pub(super) async fn answers(port: u16, path: &str) -> bool {
    let request = Request::get(path).header(HOST, "127.0.0.1").body(Full::default());
    match request {
        Ok(request) => send(port, request).await.is_ok_and(|answer| answer.status().is_success()),
        Err(_) => false,
    }
}

/// Somebody who is signed in at a port.
#[derive(Debug)]
pub(super) struct Visitor {
    port: u16,
    cookie: String,
    csrf: String,
}

impl Visitor {
    /// Signs in as the first administrator with the password that was said to the file `said`, and takes another
    /// in its place; gives that too.
    pub(super) async fn first(port: u16, said: &Path) -> anyhow::Result<(Self, String)> {
        let text = tokio::fs::read_to_string(said).await.with_context(|| said.display().to_string())?;
        let first = text.lines().find_map(|line| line.strip_prefix("admin password: "));
        let first = first.with_context(|| format!("{}: no first password was said", said.display()))?;
        let (visitor, own) = (Self::sign_in(port, first).await?, one_time()?);
        visitor.change("PUT", "/api/session/password", &json!({ "old": first, "new": own })).await?;
        Ok((visitor, own))
    }

    async fn sign_in(port: u16, password: &str) -> anyhow::Result<Self> {
        let nobody = Self { port, cookie: String::new(), csrf: String::new() };
        let who = json!({ "name": "admin", "password": password });
        let answer = nobody.ask("POST", "/api/session", Some(&who)).await?;
        let cookie = answer.headers().get(SET_COOKIE).and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).context("no session was begun")?;
        let cookie = cookie.to_owned();
        let told: Value = serde_json::from_slice(answer.body())?;
        let csrf = told.get("csrf").and_then(Value::as_str).context("the session has no token")?.to_owned();
        Ok(Self { port, cookie, csrf })
    }

    /// GET of a JSON answer.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.ask("GET", path, None).await?;
        serde_json::from_slice(answer.body()).with_context(|| path.to_owned())
    }

    async fn change(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<()> {
        self.ask(method, path, Some(body)).await.map(drop)
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Response<Bytes>> {
        let request = Request::builder().method(method).uri(path).header(HOST, "127.0.0.1");
        let request = request.header(COOKIE, &self.cookie).header("x-csrf-token", &self.csrf);
        let request = request.header(CONTENT_TYPE, "application/json");
        let body = body.map(Value::to_string).unwrap_or_default();
        let answer = send(self.port, request.body(Full::from(body))?).await?;
        if !answer.status().is_success() {
            bail!("{path}: {}", answer.status());
        }
        Ok(answer)
    }
}

async fn send(port: u16, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Bytes>> {
    let asked = async {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let answer = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            anyhow::Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
        };
        tokio::pin!(connection);
        tokio::select! {
            answer = answer => answer,
            ended = &mut connection => bail!("the connection ended: {ended:?}"),
        }
    };
    tokio::time::timeout(PATIENCE, asked).await?
}
