//! What a replay says to a technician: Vietnamese first, English second. Pure.

use serde_json::Value;

use super::flags::seconds;
use crate::config::{Condition, Rule, Schedule};
use crate::incident::{Incident, span};
use crate::model::{Kind, Severity, Wall};
use crate::perceive::sounds;

/// The same in Vietnamese and in English.
pub(super) type Both = (String, String);

/// The name and unit of a measurement, as rules call it.
fn measured(name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match name {
        "level_dbfs" => ("mức âm", "level", " dBFS"),
        "level_lufs" => ("độ lớn", "loudness", " LUFS"),
        "over_baseline_db" => ("trên mức thường của phòng", "over the room's usual level", " dB"),
        "people" => ("số người", "people", ""),
        "score_percent" => ("độ chắc chắn", "score", " %"),
        "score" => ("độ chắc chắn", "score", ""),
        "sharpness_percent" => ("độ nét so với bình thường", "sharpness of the usual", " %"),
        "covered_percent" => ("phần hình bị che", "of the picture covered", " %"),
        "changed_percent" => ("phần cảnh quen bị mất", "of the usual view gone", " %"),
        "shift_percent" => ("xoay lệch", "shifted by", " %"),
        "still_s" => ("đứng yên", "stands still for", " s"),
        "longest_s" => ("chờ lâu nhất", "longest wait", " s"),
        "unattended_s" => ("không có người trực", "nobody there for", " s"),
        "citizens" => ("người dân ở quầy", "citizens at the counter", ""),
        "floor_dbfs" => ("mức nền của micrô", "the microphone's own floor", " dBFS"),
        "reason" => ("lý do", "reason", ""),
        _ => return None,
    })
}

/// What a sound is called, in both languages.
pub(super) fn sound(name: &str) -> String {
    let vi = match name {
        sounds::SPEECH => "tiếng nói",
        sounds::SHOUT => "tiếng quát",
        sounds::SCREAM => "tiếng la hét",
        sounds::GLASS => "kính vỡ",
        sounds::ALARM => "báo động",
        sounds::LAUGHTER => "tiếng cười",
        sounds::CROWD => "đám đông",
        sounds::MUSIC => "nhạc",
        sounds::TELEPHONE => "điện thoại",
        sounds::CRYING => "trẻ khóc",
        sounds::DOOR => "cửa",
        sounds::IMPACT => "va đập",
        sounds::ENGINE => "động cơ",
        _ => return name.to_owned(),
    };
    format!("{vi} / {name}")
}

/// The strongest measurements of an incident.
pub(super) fn peak(incident: &Incident) -> Vec<Both> {
    let one = |(name, value): (&String, &Value)| {
        let (shown, shown_en) = match value {
            // Reasons are told in both languages.
            Value::String(text) => match text.split_once(" / ") {
                Some((vi, en)) => (vi.to_owned(), en.to_owned()),
                None => (text.clone(), text.clone()),
            },
            other => (other.to_string().replace('.', ","), other.to_string()),
        };
        match measured(name) {
            Some((vi, en, unit)) => (format!("{vi}: {shown}{unit}"), format!("{en}: {shown_en}{unit}")),
            None => (format!("{name}: {shown}"), format!("{name}: {shown_en}")),
        }
    };
    incident.peak.iter().map(one).collect()
}

/// What a rule goes by, sentence by sentence.
pub(super) fn settings(rule: &Rule) -> Vec<Both> {
    let of = |duration: std::time::Duration| span(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
    let both = |vi: &str, en: &str| (vi.to_owned(), en.to_owned());
    let mut said = vec![match rule.condition {
        Condition::CounterUnattended { hold_with_citizen } => {
            let (vi, en) = of(hold_with_citizen);
            (
                format!("không có ai trong vùng cán bộ; khi có người dân đứng ở quầy thì chỉ {vi}"),
                format!("nobody in the staff zone; only {en} while a citizen stands at the counter"),
            )
        }
        Condition::LongWait => both("một người ở trong vùng", "one person is in the zone"),
        Condition::Crowding { min_people } => {
            (format!("từ {min_people} người trở lên"), format!("{min_people} people or more"))
        }
        Condition::AfterHours { min_score } => (
            format!("có người, độ chắc chắn từ {}", number(min_score)),
            format!("a person, with a score of at least {min_score}"),
        ),
        Condition::RaisedVoices { over_baseline_db, min_level_dbfs } => (
            format!(
                "tiếng nói to hơn mức thường của phòng ít nhất {} dB và ít nhất {} dBFS",
                number(over_baseline_db),
                number(min_level_dbfs)
            ),
            format!(
                "speech at least {over_baseline_db} dB over the room's usual level and at least {min_level_dbfs} dBFS"
            ),
        ),
        Condition::Scream { min_score, min_level_dbfs } => (
            format!(
                "độ chắc chắn trung bình từ {} và to ít nhất {} dBFS",
                number(min_score),
                number(min_level_dbfs)
            ),
            format!("with a mean score of at least {min_score} and at least {min_level_dbfs} dBFS"),
        ),
        Condition::SoundOf { sound: Kind::AlarmSound, min_score } => (
            format!("độ chắc chắn trung bình từ {}", number(min_score)),
            format!("with a mean score of at least {min_score}"),
        ),
        Condition::SoundOf { min_score, .. } => (
            format!("độ chắc chắn từ {}", number(min_score)),
            format!("with a score of at least {min_score}"),
        ),
        Condition::AudioLost => both("micrô không còn tiếng", "the microphone is dead"),
        Condition::CameraCovered => both("ống kính bị che", "the lens is covered"),
        Condition::CameraMoved => both("máy quay nhìn sang chỗ khác", "the camera looks elsewhere"),
        Condition::CameraBlurred => both("hình không rõ nét", "the picture is out of focus"),
        Condition::PictureFrozen => both("hình không thay đổi", "the picture stands still"),
        Condition::CameraLost => both("không nhận được gì trong 8 giây", "nothing arrives for 8 seconds"),
    }];
    if !rule.hold.is_zero() {
        let (vi, en) = of(rule.hold);
        said.push((format!("kéo dài ít nhất {vi}"), format!("for at least {en}")));
    }
    said.push(match &rule.schedule {
        Schedule::Always => both("mọi lúc", "at all times"),
        Schedule::Open => both("trong giờ làm việc", "during opening hours"),
        Schedule::Closed => both("ngoài giờ làm việc", "outside opening hours"),
        Schedule::Deserted => both(
            "ngoài giờ làm việc, trừ giờ nghỉ trưa và một giờ trước, sau giờ làm việc",
            "outside opening hours, but not in lunch breaks nor an hour before or after",
        ),
        Schedule::Own(hours) => {
            let plan = hours.plan();
            (format!("vào giờ riêng: {plan}"), format!("at hours of its own: {plan}"))
        }
    });
    said.push(match rule.severity {
        Severity::Notice => both("mức: lưu ý (notice)", "severity: notice"),
        Severity::Warning => both("mức: cảnh báo (warning)", "severity: warning"),
        Severity::Urgent => both("mức: khẩn (urgent)", "severity: urgent"),
    });
    let (vi, en) = of(rule.cool_down);
    let most = rule.max_per_hour;
    said.push((
        format!("sau đó nghỉ {vi}, nhiều nhất {most} lần một giờ"),
        format!("then quiet for {en}, at most {most} an hour"),
    ));
    said
}

/// A number as it is written in Vietnamese.
pub(super) fn number(value: f64) -> String {
    value.to_string().replace('.', ",")
}

/// A time of the replay: `0:00:20.0`.
pub(super) fn clock(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "replays are far shorter than 2^53 tenths")]
    let tenths = (seconds * 10.0).round() as i64;
    let (sign, tenths) = if tenths < 0 { ("-", -tenths) } else { ("", tenths) };
    let (whole, tenth) = (tenths / 10, tenths % 10);
    format!("{sign}{}:{:02}:{:02}.{tenth}", whole / 3600, whole / 60 % 60, whole % 60)
}

/// The incidents as a table for people, their times since `start`.
pub fn table(flagged: &[Incident], start: Wall, lasted_s: f64) -> Vec<String> {
    let lasted = clock(lasted_s);
    let count = flagged.len();
    if count == 0 {
        return vec![format!("Không có gì được gắn cờ trong {lasted} / nothing was flagged in {lasted}")];
    }
    let mut lines = vec![
        format!("{:>11}  {:>11}  {:>11}", "bắt đầu", "gắn cờ", "kết thúc"),
        format!("{:>11}  {:>11}  {:>11}", "start", "flagged", "end"),
    ];
    for incident in flagged {
        let at = |wall: Wall| clock(seconds(wall, start));
        let end = incident.ended_at.map_or("…".to_owned(), at);
        let (vi, en) = incident.kind.in_words();
        let zone = incident.zone.as_deref().map(|zone| format!(" [{zone}]")).unwrap_or_default();
        let peak =
            peak(incident).into_iter().map(|(vi, en)| if vi == en { vi } else { format!("{vi} / {en}") });
        let peak = peak.collect::<Vec<_>>().join("; ");
        lines.push(format!(
            "{:>11}  {:>11}  {end:>11}  {vi} / {en} ({}){zone}  {peak}",
            at(incident.started_at),
            at(incident.flagged_at),
            incident.kind
        ));
    }
    lines.push(format!("{count} lần gắn cờ trong {lasted} / {count} flagged in {lasted}"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_replay_is_read_like_a_clock() {
        assert_eq!(clock(0.04), "0:00:00.0");
        assert_eq!(clock(59.96), "0:01:00.0");
        assert_eq!(clock(3725.5), "1:02:05.5");
        assert_eq!(clock(-1.5), "-0:00:01.5");
    }

    #[test]
    fn every_kind_is_called_something_else_in_both_languages() {
        let mut names: Vec<_> =
            Kind::ALL.into_iter().flat_map(|of| [of.in_words().0, of.in_words().1]).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 2 * Kind::ALL.len());
    }
}
