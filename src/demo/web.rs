//! Asks the province over HTTP, as anyone would.

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;

/// GET of a JSON answer.
pub(super) async fn get(port: u16, path: &str) -> anyhow::Result<serde_json::Value> {
    let asked = async {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let request =
            hyper::Request::get(path).header("host", "127.0.0.1").body(Empty::<bytes::Bytes>::new())?;
        let answer = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            anyhow::Ok((status, body))
        };
        tokio::pin!(connection);
        tokio::select! {
            answer = answer => answer,
            ended = &mut connection => bail!("the connection ended: {ended:?}"),
        }
    };
    let (status, body) = tokio::time::timeout(std::time::Duration::from_secs(10), asked).await??;
    if !status.is_success() {
        bail!("{path}: {status}");
    }
    serde_json::from_slice(&body).with_context(|| path.to_owned())
}
