//! `quaywatch check`: what is wrong with a configuration and with what it names.
//!
//! A technician reads this at the centre, far from help: Vietnamese first, English second.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::USAGE;
use crate::config::{self, AudioUse, BrokerAddress, Camera, EdgeConfig};
use crate::ingest::{self, StreamAddress, Unit};
use crate::libav::SoundCodec;
use crate::model::StreamKind;
use crate::{broker, disk, keys, mounts};

/// How long a camera or the broker may take.
const PATIENCE: Duration = Duration::from_secs(12);

/// A keyframe that comes later than this makes clips and seeking coarse.
const LONGEST_KEYFRAME_WAIT: Duration = Duration::from_secs(11);

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
    for camera in &config.cameras {
        for (stream, found) in try_camera(camera).await {
            all_well &= tell(&format!("Máy quay / camera {}/{stream} ({})", camera.id, camera.name), found);
        }
    }
    if let Some(province) = &config.province {
        let trust = keys::load_trust(&province.trust).map(|_| String::new()).map_err(|e| {
            format!("chưa có khóa công khai của tỉnh / the province's public key is missing: {e:#}")
        });
        all_well &= tell("Khóa của tỉnh / the province's key", trust);
        all_well &= tell("Kết nối về tỉnh / the broker", try_broker(&province.broker, config).await);
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

enum Trouble {
    Refused(String),
    Other(String),
}

impl Trouble {
    fn words(self) -> String {
        match self {
            Trouble::Refused(text) | Trouble::Other(text) => text,
        }
    }
}

async fn try_stream(camera: &Camera, url: &url::Url, is_main: bool) -> Result<String, Trouble> {
    let address = StreamAddress {
        url: url.clone(),
        user: camera.user.clone(),
        password: camera.password.clone(),
        wants_sound: camera.audio != AudioUse::Off,
    };
    let late = || {
        Trouble::Other(format!(
            "không trả lời trong {} giây / no answer within {} s: kiểm tra địa chỉ, dây mạng và nguồn điện / \
             check the address, the cable and the power",
            PATIENCE.as_secs(),
            PATIENCE.as_secs()
        ))
    };
    let opened = tokio::time::timeout(PATIENCE, ingest::open(&address)).await.map_err(|_| late())?;
    let mut session = opened.map_err(|e| match e {
        ingest::OpenError::Refused(text) => Trouble::Refused(format!(
            "máy quay không cho đăng nhập: kiểm tra tên người dùng và mật khẩu trong tệp cấu hình / {text}"
        )),
        ingest::OpenError::Unusable(text) => Trouble::Other(format!("không ghi được hình / {text}")),
        ingest::OpenError::Unreachable(text) => Trouble::Other(format!("không kết nối được / {text}")),
    })?;
    let tracks = session.tracks().clone();
    let first = tokio::time::timeout(LONGEST_KEYFRAME_WAIT, first_keyframe(&mut session)).await;
    session.close().await;
    let picture = match first {
        Ok(Ok(picture)) => picture,
        Ok(Err(why)) => return Err(Trouble::Other(format!("mất kết nối / the stream broke: {why}"))),
        Err(_) => {
            return Err(Trouble::Other(format!(
                "không có khung hình chính (I-frame) trong {} giây / no keyframe within {} s: đặt khoảng cách khung hình \
                 chính là 2 giây / set the camera's keyframe interval to 2 s",
                LONGEST_KEYFRAME_WAIT.as_secs(),
                LONGEST_KEYFRAME_WAIT.as_secs()
            )));
        }
    };
    let sound = match (&tracks.sound, camera.audio) {
        (_, AudioUse::Off) => "không dùng tiếng / sound is off".to_owned(),
        (Some(sound), _) => format!("có tiếng / sound {} {} Hz", codec_word(&sound.codec), sound.sample_rate),
        (None, _) if is_main && tracks.left_out.is_empty() => "KHÔNG có tiếng / NO sound".to_owned(),
        (None, _) if is_main => {
            format!("KHÔNG ghi được tiếng / sound cannot be recorded: {}", tracks.left_out.join("; "))
        }
        (None, _) => "không có tiếng / no sound".to_owned(),
    };
    Ok(format!("{picture}, {sound}"))
}

async fn first_keyframe(session: &mut ingest::Session) -> Result<String, String> {
    loop {
        match session.next().await {
            Some(Ok(Unit::Video(unit))) if unit.is_key => {
                let format = &unit.format;
                return Ok(format!("{} {}x{}", format.codec.as_str(), format.width, format.height));
            }
            Some(Ok(_)) => {}
            Some(Err(why)) => return Err(why),
            None => return Err("the camera closed it".into()),
        }
    }
}

fn codec_word(codec: &SoundCodec) -> &'static str {
    match codec {
        SoundCodec::Aac { .. } => "AAC",
        SoundCodec::Pcma => "PCMA",
        SoundCodec::Pcmu => "PCMU",
    }
}

async fn try_broker(address: &BrokerAddress, config: &EdgeConfig) -> Found {
    let options = broker::Options {
        address: address.into(),
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
                Err(e) => return Err(e.to_string()),
            }
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, connected).await;
    connection.close(Duration::from_secs(1)).await;
    let name = format!("{}:{}", address.host, address.port);
    match outcome {
        Ok(Ok(())) => Ok(name),
        Ok(Err(e)) => Err(format!("không kết nối được / {name}: {e}")),
        Err(_) => Err(format!("không trả lời / {name} does not answer")),
    }
}
