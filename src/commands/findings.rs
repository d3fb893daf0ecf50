//! What was measured of a stream, in words for the technician: Vietnamese first, English second. Pure.

use crate::config::AudioUse;
use crate::ingest::{CameraClock, Measured, SoundFormat, Tracks};
use crate::libav::{SoundCodec, VideoCodec};

/// A longer way from keyframe to keyframe makes clips and seeking coarse.
const LONG_KEYFRAME_MS: i64 = 4000;

/// A camera's clock within this of ours is right, as far as ours is.
const RIGHT_MS: i64 = 2000;

/// What a stream carries, in lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Findings {
    /// What is there.
    pub facts: Vec<String>,
    /// What would not be recorded.
    pub lost: Vec<String>,
    /// What to set on the camera.
    pub advice: Vec<String>,
}

/// Puts into words what was measured of a connection that carries `tracks`.
pub(super) fn findings(found: &Measured, tracks: &Tracks, audio: AudioUse, wants_sound: bool) -> Findings {
    let mut told = Findings::default();
    picture(found, &mut told);
    if wants_sound {
        sound(found, tracks, audio, &mut told);
    }
    for left_out in &tracks.left_out {
        let line = format!("máy quay gửi thêm / the camera also offers: {left_out}");
        // What a camera says about its picture is not footage.
        if left_out.starts_with("application") { told.facts.push(line) } else { told.lost.push(line) }
    }
    if found.lost_packets > 0 {
        let n = found.lost_packets;
        told.facts.push(format!("mất {n} gói tin / {n} packets lost"));
        told.advice.push("kiểm tra dây mạng và bộ chuyển mạch / check the cable and the switch".into());
    }
    clock(found, &mut told);
    told
}

fn picture(found: &Measured, told: &mut Findings) {
    let Some(format) = &found.format else {
        told.lost.push("không có hình / no picture came".into());
        return;
    };
    let codec = match format.codec {
        VideoCodec::H264 => "H.264",
        VideoCodec::H265 => "H.265",
    };
    let (rate_vi, rate_en) = tenths(i64::try_from(found.pictures_per_1000_s).unwrap_or(0));
    let (width, height, kbit) = (format.width, format.height, found.kbit_s);
    told.facts.push(format!(
        "hình {codec} {width}x{height}, {rate_vi} hình/giây, {kbit} kbit/s / picture {codec} {width}x{height}, \
         {rate_en} a second, {kbit} kbit/s"
    ));
    let set_two =
        "đặt khoảng cách khung hình chính (I-frame) là 2 giây / set the camera's keyframe interval to 2 s";
    match found.keyframe_every_ms {
        Some(ms) => {
            let (vi, en) = tenths(ms);
            told.facts.push(format!("khung hình chính cách nhau {vi} giây / a keyframe every {en} s"));
            if ms > LONG_KEYFRAME_MS {
                told.advice.push(set_two.into());
            }
        }
        None => {
            let seconds = found.watched.as_secs();
            let one =
                if found.keyframes == 0 { ("không có", "no") } else { ("chỉ có một", "only one") };
            let line = format!(
                "{} khung hình chính (I-frame) trong {seconds} giây / {} keyframe within {seconds} s",
                one.0, one.1
            );
            if found.keyframes == 0 {
                told.lost.push(line)
            } else {
                told.facts.push(line)
            }
            if found.keyframes == 0 || seconds >= LONG_KEYFRAME_MS.unsigned_abs() / 1000 {
                told.advice.push(set_two.into());
            }
        }
    }
    if found.depth > 0 {
        let n = found.depth;
        told.facts.push(format!("có khung B, độ sâu {n}: ghi được / B-frames, depth {n}: they are recorded"));
    }
    if found.has_open_groups {
        told.facts.push(
            "nhóm khung hình mở (open GOP): ghi được / open groups of pictures: they are recorded".into(),
        );
        told.advice.push(
            "tắt open GOP nếu máy quay cho phép: đoạn video bắt đầu đúng khung hình hơn / switch open GOP off if \
             the camera lets you: clips begin more exactly"
                .into(),
        );
    }
    if format.codec == VideoCodec::H265 {
        told.advice.push(
            "một số trình duyệt không phát được H.265; H.264 phát được ở mọi nơi / some browsers cannot play \
             H.265; H.264 plays everywhere"
                .into(),
        );
    }
}

fn sound(found: &Measured, tracks: &Tracks, audio: AudioUse, told: &mut Findings) {
    match (&tracks.sound, audio) {
        (_, AudioUse::Off) => told.facts.push("không dùng tiếng / sound is off".into()),
        (Some(sound), _) if found.sounds > 0 => told.facts.push(sound_words(sound)),
        (Some(sound), _) => {
            told.lost.push(format!(
                "máy quay báo có tiếng nhưng KHÔNG có tiếng nào đến / the camera announces sound, but NONE \
                 arrives: {} {} Hz",
                codec_word(&sound.codec),
                sound.sample_rate
            ));
            told.advice.push("bật micrô trong cài đặt máy quay / switch the camera's microphone on".into());
        }
        (None, _) => {
            told.facts.push("KHÔNG có tiếng / NO sound".into());
            let how = if tracks.left_out.iter().any(|left_out| left_out.starts_with("sound")) {
                "đặt mã hóa tiếng là AAC hoặc G.711 / set the camera's sound to AAC or G.711"
            } else {
                "bật tiếng trong cài đặt máy quay, nếu máy quay có micrô / switch sound on in the camera, if it \
                 has a microphone"
            };
            told.advice.push(how.into());
        }
    }
}

fn clock(found: &Measured, told: &mut Findings) {
    let line = match found.clock {
        CameraClock::Untold => "máy quay không báo giờ / the camera does not tell its time".into(),
        CameraClock::Unsteady => {
            "đồng hồ máy quay chạy không đều, không tin được / the camera's clock jumps and cannot be trusted"
                .into()
        }
        CameraClock::Steady { ahead_ms } if ahead_ms.abs() < RIGHT_MS => {
            "đồng hồ máy quay khớp với máy này / the camera's clock agrees with this machine's".into()
        }
        CameraClock::Steady { ahead_ms } => {
            let (vi, en) = span(ahead_ms.saturating_abs());
            let (vi_way, en_way) = if ahead_ms > 0 { ("nhanh", "ahead of") } else { ("chậm", "behind") };
            told.advice.push(
                "đặt lại giờ máy quay và máy chủ giờ (NTP) / set the camera's clock and its time server (NTP)".into(),
            );
            format!(
                "đồng hồ máy quay lệch {vi} so với máy này ({vi_way}) / the camera's clock is {en} {en_way} this \
                 machine's"
            )
        }
    };
    told.facts.push(line);
}

fn sound_words(sound: &SoundFormat) -> String {
    format!("có tiếng / sound {} {} Hz", codec_word(&sound.codec), sound.sample_rate)
}

fn codec_word(codec: &SoundCodec) -> &'static str {
    match codec {
        SoundCodec::Aac { .. } => "AAC",
        SoundCodec::Pcma => "PCMA",
        SoundCodec::Pcmu => "PCMU",
    }
}

/// Thousandths to the nearest tenth, as both languages write it.
fn tenths(thousandths: i64) -> (String, String) {
    let tenths = thousandths.saturating_add(50).max(0) / 100;
    (format!("{},{}", tenths / 10, tenths % 10), format!("{}.{}", tenths / 10, tenths % 10))
}

/// A length of time in one unit, to the nearest.
fn span(ms: i64) -> (String, String) {
    const SECOND: i64 = 1000;
    const UNITS: [(i64, i64, &str, &str); 5] = [
        (SECOND, 90 * SECOND, "giây", "second"),
        (60 * SECOND, 5400 * SECOND, "phút", "minute"),
        (3600 * SECOND, 36 * 3600 * SECOND, "giờ", "hour"),
        (86_400 * SECOND, 600 * 86_400 * SECOND, "ngày", "day"),
        (365 * 86_400 * SECOND, i64::MAX, "năm", "year"),
    ];
    let [.., longest] = UNITS;
    let (unit, _, vi, en) = UNITS.into_iter().find(|(_, below, ..)| ms < *below).unwrap_or(longest);
    let n = ms.saturating_add(unit / 2) / unit;
    (format!("{n} {vi}"), format!("{n} {en}{}", if n == 1 { "" } else { "s" }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::libav::VideoFormat;

    fn measured(codec: VideoCodec) -> Measured {
        Measured {
            format: Some(Arc::new(VideoFormat {
                codec,
                width: 1920,
                height: 1080,
                extradata: Default::default(),
            })),
            watched: Duration::from_secs(12),
            pictures: 300,
            pictures_per_1000_s: 24_980,
            kbit_s: 4012,
            keyframes: 6,
            keyframe_every_ms: Some(2000),
            depth: 0,
            has_open_groups: false,
            lost_packets: 0,
            sounds: 600,
            reports: 2,
            clock: CameraClock::Steady { ahead_ms: 20 },
        }
    }

    fn with_pcma() -> Tracks {
        let sound = SoundFormat { codec: SoundCodec::Pcma, sample_rate: 8000, channels: 1 };
        Tracks { sound: Some(Arc::new(sound)), left_out: vec!["application as vnd.onvif.metadata".into()] }
    }

    fn text(told: &Findings) -> String {
        let part = |name: &str, lines: &[String]| {
            lines.iter().map(|line| format!("{name}: {line}\n")).collect::<String>()
        };
        [part("fact", &told.facts), part("lost", &told.lost), part("advice", &told.advice)].concat()
    }

    #[test]
    fn a_good_camera_needs_no_advice() {
        let told = findings(&measured(VideoCodec::H264), &with_pcma(), AudioUse::Record, true);
        assert!(told.lost.is_empty() && told.advice.is_empty());
        insta::assert_snapshot!(text(&told));
    }

    #[test]
    fn a_camera_with_everything_wrong_is_told_all_of_it() {
        let found = Measured {
            keyframes: 2,
            keyframe_every_ms: Some(9960),
            depth: 2,
            has_open_groups: true,
            lost_packets: 17,
            sounds: 0,
            clock: CameraClock::Steady { ahead_ms: -25_203_000 },
            ..measured(VideoCodec::H265)
        };
        let mut tracks = with_pcma();
        tracks.left_out.push("video as jpeg".into());
        insta::assert_snapshot!(text(&findings(&found, &tracks, AudioUse::Record, true)));
    }

    #[test]
    fn no_keyframe_no_clock_and_a_sound_that_cannot_be_recorded() {
        let found = Measured {
            keyframes: 0,
            keyframe_every_ms: None,
            sounds: 0,
            clock: CameraClock::Untold,
            ..measured(VideoCodec::H264)
        };
        let left_out = vec!["sound as opus: only AAC, PCMA and PCMU can be recorded".to_owned()];
        let tracks = Tracks { sound: None, left_out };
        insta::assert_snapshot!(text(&findings(&found, &tracks, AudioUse::Record, true)));
    }

    #[test]
    fn lengths_of_time_are_told_in_one_unit() {
        let words = |ms| span(ms).0;
        assert_eq!(words(2400), "2 giây");
        assert_eq!(words(7 * 3_600_000), "7 giờ");
        assert_eq!(words(3 * 86_400_000), "3 ngày");
        assert_eq!(words(56 * 365 * 86_400_000), "56 năm");
        assert_eq!(span(60_000 * 120).1, "2 hours");
        assert_eq!(span(i64::MAX).1.split(' ').nth(1), Some("years"));
    }
}
