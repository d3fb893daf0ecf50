//! `quaywatch probe`: what one stream carries, and what would not be recorded.
//!
//! A technician asks this of a camera before it stands in any configuration: Vietnamese first, English
//! second. The password never stands on the command line, where every user of the machine could read it.

use std::path::PathBuf;
use std::process::ExitCode;

use url::Url;

use super::findings::{Findings, findings};
use super::watching::{Patience, watch};
use super::{USAGE, failed};
use crate::config::{AudioUse, Secret, SecretSource, look_up};
use crate::ingest::StreamAddress;

/// What can be typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The stream, as rtsp://192.168.1.20/stream1: without user and password.
    url: String,
    /// The user, where the camera asks for one.
    #[arg(long)]
    user: Option<String>,
    /// A file that holds the password.
    #[arg(long, requires = "user", conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// An environment variable that holds the password.
    #[arg(long, requires = "user")]
    password_env: Option<String>,
}

pub(super) async fn run(args: Args) -> ExitCode {
    let address = match address(&args) {
        Ok(address) => address,
        Err(why) => return failed(USAGE, why),
    };
    println!("Đang xem luồng trong tối đa 12 giây / watching the stream for up to 12 s …");
    match watch(&address, Patience::THOROUGH).await {
        Ok((found, tracks)) => {
            let told = findings(&found, &tracks, AudioUse::Record, true);
            print(&told);
            if told.lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(trouble) => {
            println!("LỖI / BAD   {}", trouble.words());
            ExitCode::FAILURE
        }
    }
}

fn print(told: &Findings) {
    told.facts.iter().for_each(|line| println!("  {line}"));
    told.lost
        .iter()
        .for_each(|line| println!("LỖI / BAD   sẽ không ghi được / would not be recorded: {line}"));
    told.advice.iter().for_each(|line| println!("Nên / advice: {line}"));
    if told.lost.is_empty() {
        println!("TỐT / OK    mọi thứ trong luồng đều ghi được / everything in the stream can be recorded");
    }
}

/// The address that was typed, or what is wrong with it; no message repeats it: it may hold a password.
fn address(args: &Args) -> Result<StreamAddress, String> {
    let parsed = Url::parse(&args.url);
    let has_login = match &parsed {
        Ok(url) => !url.username().is_empty() || url.password().is_some(),
        Err(_) => args.url.contains('@'),
    };
    if has_login {
        return Err(
            "địa chỉ có tên người dùng hoặc mật khẩu: hãy bỏ ra khỏi địa chỉ / the address has a user or \
             password in it: take it out and write --user NAME --password-file FILE"
                .into(),
        );
    }
    let url = parsed
        .map_err(|e| format!("địa chỉ không đúng / not an address ({e}): write rtsp://host:port/path"))?;
    if url.scheme() != "rtsp" || url.host_str().is_none_or(str::is_empty) || url.port() == Some(0) {
        return Err(
            "địa chỉ phải có dạng rtsp://máy:cổng/đường-dẫn / the address must be rtsp://host:port/path"
                .into(),
        );
    }
    let source = match (&args.password_file, &args.password_env) {
        (Some(file), _) => Some(("--password-file", SecretSource::File(file.clone()))),
        (None, Some(name)) => Some(("--password-env", SecretSource::Env(name.clone()))),
        (None, None) => None,
    };
    let password: Option<Secret> =
        source.map(|(flag, source)| look_up(&source).map_err(|why| format!("{flag} {why}"))).transpose()?;
    if args.user.is_some() && password.is_none() {
        return Err("thiếu mật khẩu / --user stands without its password: add --password-file FILE or \
             --password-env VARIABLE"
            .into());
    }
    Ok(StreamAddress { url, user: args.user.clone(), password, wants_sound: true })
}
