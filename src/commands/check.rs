//! `quaywatch check`: what is wrong with a configuration and with what it names.
//!
//! A technician reads this at the centre, far from help: Vietnamese first, English second.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::USAGE;
use super::findings::{Findings, findings};
use super::watching::{Patience, Trouble, watch};
use crate::config::{self, AudioUse, BrokerAddress, Camera, EdgeConfig};
use crate::forward::Access;
use crate::ingest::StreamAddress;
use crate::model::StreamKind;
use crate::perceive::models::{Models, Wanted};
use crate::{broker, disk, keys, mounts};

/// How long the broker may take.
const PATIENCE: Duration = Duration::from_secs(12);

/// What one try found.
type Found = Result<String, String>;

pub(super) async fn run(path: &Path, offline: bool) -> ExitCode {
    let config = match config::load_edge(path) {
        Ok(config) => config,
        Err(problems) => {
            println!(
                "Tệp cấu hình có lỗi, hãy sửa các dòng sau / The configuration is wrong, correct these lines:"
            );
            println!("{problems}");
            return ExitCode::from(USAGE);
        }
    };
    println!("Tệp cấu hình đúng / The configuration is right: {}", path.display());
    for line in config::summary(&config) {
        println!("  {line}");
    }
    if offline {
        return ExitCode::SUCCESS;
    }
    if try_everything(&config).await { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn try_everything(config: &EdgeConfig) -> bool {
    let mut all_well = tell("Ổ đĩa / disk", try_disk(config));
    for (what, found) in try_models(config).await {
        all_well &= tell(what, found);
    }
    // All at once: each is watched for some seconds, and none waits for another.
    let tried = futures::future::join_all(config.cameras.iter().map(try_camera)).await;
    for (camera, streams) in config.cameras.iter().zip(tried) {
        for (stream, found) in streams {
            all_well &= tell(&format!("Máy quay / camera {}/{stream} ({})", camera.id, camera.name), found);
        }
    }
    if let Some(province) = &config.province {
        let access = try_access(province, config);
        let trust = access.as_ref().map(access_words).map_err(|e| {
            format!("chưa có khóa công khai hoặc giấy tờ của tỉnh / the province's keys or papers are missing: {e:#}")
        });
        all_well &= tell("Khóa của tỉnh / the province's key", trust);
        all_well &=
            tell("Kết nối về tỉnh / the broker", try_broker(&province.broker, access.ok(), config).await);
    }
    all_well
}

fn tell(what: &str, found: Found) -> bool {
    match &found {
        Ok(detail) if detail.is_empty() => println!("TỐT / OK    {what}"),
        Ok(detail) => println!("TỐT / OK    {what}: {detail}"),
        Err(detail) => println!("LỖI / BAD   {what}: {detail}"),
    }
    found.is_ok()
}

fn try_disk(config: &EdgeConfig) -> Found {
    let path = &config.storage.path;
    mounts::check(path, config.storage.mount.as_deref()).map_err(|missing| missing.to_string())?;
    let reserve = config.storage.reserve_bytes;
    let gb = |bytes: u64| format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10);
    let try_write = || -> std::io::Result<u64> {
        disk::make_folder(path)?;
        let probe = path.join(".write-test");
        disk::write_atomically(&probe, b"quaywatch")?;
        std::fs::remove_file(&probe)?;
        Ok(disk::space(path)?.free)
    };
    let free = try_write().map_err(|e| format!("không ghi được / cannot be written: {e}"))?;
    if free < reserve {
        return Err(format!(
            "chỉ còn trống {}, ít hơn mức dự trữ {} / only {} free, less than the reserve of {}: \
             giải phóng bớt dung lượng ổ đĩa hoặc giảm giá trị reserve / free some space or lower reserve",
            gb(free),
            gb(reserve),
            gb(free),
            gb(reserve)
        ));
    }
    Ok(format!("{}: còn trống {} / {} free", path.display(), gb(free), gb(free)))
}

/// Each model that the rules go by: it is loaded and run once.
async fn try_models(config: &EdgeConfig) -> Vec<(&'static str, Found)> {
    let wanted = Wanted::by(config.rules.iter().map(|rule| &rule.condition));
    let settings = config.perceive.clone();
    let loading = tokio::task::spawn_blocking(move || Models::load(&settings, wanted));
    let models = loading.await.unwrap_or_default();
    let found = models
        .states()
        .into_iter()
        .map(|(part, fault)| (part.name(), fault.map_or(Ok(String::new()), |fault| Err(fault.to_string()))));
    found.collect()
}

/// One attempt a stream: a refused password is not tried on the second one.
async fn try_camera(camera: &Camera) -> Vec<(StreamKind, Found)> {
    let main = try_stream(camera, &camera.main, true).await;
    let was_refused = matches!(&main, Err(Trouble::Refused(_)));
    let mut found = vec![(StreamKind::Main, main.map_err(Trouble::words))];
    if let Some(sub) = &camera.sub {
        let result = if was_refused {
            Err("không thử, vì máy quay đã từ chối đăng nhập / not tried, because the login was refused"
                .into())
        } else {
            try_stream(camera, sub, false).await.map_err(Trouble::words)
        };
        found.push((StreamKind::Sub, result));
    }
    found
}

async fn try_stream(camera: &Camera, url: &url::Url, is_main: bool) -> Result<String, Trouble> {
    let address = StreamAddress {
        url: url.clone(),
        user: camera.user.clone(),
        password: camera.password.clone(),
        wants_sound: camera.audio != AudioUse::Off,
    };
    let (found, tracks) = watch(&address, Patience::BRIEF).await?;
    // A sub stream without sound is as it should be.
    let wants_sound = is_main || tracks.sound.is_some();
    let Findings { facts, lost, advice } = findings(&found, &tracks, camera.audio, wants_sound);
    let is_bad = found.keyframes == 0 || (is_main && !lost.is_empty());
    let lost = lost.into_iter().map(|line| format!("KHÔNG ghi được / NOT recorded: {line}"));
    let advice = advice.into_iter().map(|line| format!("nên / advice: {line}"));
    let told = lost.chain(facts).chain(advice).collect::<Vec<_>>().join("; ");
    if is_bad { Err(Trouble::Other(told)) } else { Ok(told) }
}

/// What the link would go by; makes no key.
fn try_access(province: &config::ProvinceLink, config: &EdgeConfig) -> anyhow::Result<Access> {
    if !province.identity.exists() {
        let trust = province.trust.as_deref().map(keys::load_trust).transpose()?;
        return trust.map(Access::plain).context("the centre has no keys yet: run quaywatch enrol request");
    }
    Access::load(province, &config.centre.id, &keys::load_or_make(&province.identity)?)
}

fn access_words(access: &Access) -> String {
    let until = |to| format!("chứng thư có hạn đến {to} / our certificate counts until {to}");
    access.expires().map_or(String::new(), until)
}

async fn try_broker(address: &BrokerAddress, access: Option<Access>, config: &EdgeConfig) -> Found {
    let tls = access.and_then(|access| access.tls);
    if address.secure && tls.is_none() {
        return Err("không thử, vì chưa có giấy tờ / not tried, because there are no papers".to_owned());
    }
    let options = broker::Options {
        address: address.into(),
        tls,
        // Not the centre's own name: the broker would end the connection of a centre that runs.
        client_id: format!("{}-check", config.centre.id),
        keep_alive: Duration::from_secs(10),
        clean: true,
        will: None,
        manual_acks: false,
        max_packet: 1024 * 1024,
        receive_maximum: 16,
    };
    let mut connection = broker::Connection::open(&options);
    let connected = async {
        loop {
            match connection.next().await {
                Ok(broker::Notice::Connected { .. }) => return Ok(()),
                Ok(_) => {}
                Err(e) => return Err(e),
            }
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, connected).await;
    connection.close(Duration::from_secs(1)).await;
    let name = format!("{}:{}", address.host, address.port);
    match outcome {
        Ok(Ok(())) => Ok(name),
        Ok(Err(broker::BrokerError::Unsafe { fault, .. })) => {
            Err(format!("{name}: {} / {fault}", fault.vietnamese()))
        }
        Ok(Err(e)) => Err(format!("không kết nối được / {name}: {e}")),
        Err(_) => Err(format!("không trả lời / {name} does not answer")),
    }
}
