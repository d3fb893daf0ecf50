//! The facts of the storage in plain words: Vietnamese first, English second.

use jiff::tz::TimeZone;

use super::facts::{HoldFact, StorageReport, StreamFacts};
use super::holds::Hold;
use crate::model::{CameraId, Wall};

/// So many lines of a list are shown; `--json` has all.
const SHOWN: usize = 20;

/// `12.3 GB`, or `12.3 MB` where that is less than a gigabyte.
pub(super) fn gigabytes(bytes: u64) -> String {
    let (unit, factor) = if bytes >= 1_000_000_000 { ("GB", 1_000_000_000) } else { ("MB", 1_000_000) };
    format!("{}.{} {unit}", bytes / factor, bytes % factor * 10 / factor)
}

/// A moment on the centre's own clock: `23-11-2026 09:15:07`.
pub fn instant(at: Wall, zone: &TimeZone) -> String {
    zone.to_datetime(at.timestamp()).strftime("%d-%m-%Y %H:%M:%S").to_string()
}

/// Everything, a line each.
pub fn show(report: &StorageReport, zone: &TimeZone) -> Vec<String> {
    let at = |wall: Wall| instant(wall, zone);
    let disk = &report.disk;
    let mut lines = vec![
        format!("Kho lưu trữ / Storage: {}", report.path),
        format!("Mục đích / Purpose: {}", report.purpose),
    ];
    lines.push(if report.age_runs {
        "Đồng hồ / Clock: tin được, hình quá hạn được xóa / believed, footage goes by its age".to_owned()
    } else {
        "Đồng hồ / Clock: CHƯA tin được, nên chưa xóa hình nào vì quá hạn; hãy kiểm tra đồng bộ giờ / NOT \
         believed, so nothing goes by its age; check the time service"
            .to_owned()
    });
    lines.push(format!(
        "Ổ đĩa / Disk: còn trống {} trên {}, mức dự trữ {}; hình ghi chiếm {}, trong đó {} không được xóa / {} free \
         of {}, reserve {}; recordings take {}, of which {} must stay",
        gigabytes(disk.free_bytes),
        gigabytes(disk.total_bytes),
        gigabytes(disk.reserve_bytes),
        gigabytes(disk.recorded_bytes),
        gigabytes(disk.protected_bytes),
        gigabytes(disk.free_bytes),
        gigabytes(disk.total_bytes),
        gigabytes(disk.reserve_bytes),
        gigabytes(disk.recorded_bytes),
        gigabytes(disk.protected_bytes),
    ));
    lines.extend(room(report));
    lines.push("Đang giữ / Kept:".to_owned());
    lines.extend(report.streams.iter().map(|stream| format!("  {}", show_stream(stream, zone))));
    lines.push(heading("Không được xóa theo lệnh / Legal holds", report.holds.len()));
    lines.extend(report.holds.iter().map(|hold| format!("  {}", show_hold_fact(hold, zone))));
    lines.push(heading("Không được xóa vì sự việc / Pinned by incidents", report.pins.len()));
    lines.extend(report.pins.iter().rev().take(SHOWN).map(|pin| {
        let lapsed = if pin.counts {
            ""
        } else {
            ", VƯỢT phần ổ đĩa được phép / BEYOND its share of the disk"
        };
        format!("  {} {}: {} – {}{lapsed}", pin.incident, pin.camera, at(pin.from), at(pin.to))
    }));
    lines.push(heading("Sẽ xóa tiếp theo / What goes next", report.next.len()));
    lines.extend(report.next.iter().take(SHOWN).map(|next| {
        let why = match next.reason {
            "age" => "quá hạn giữ / its time is over",
            "size" => "máy quay vượt dung lượng / its camera has had its share",
            _ => "cần chỗ cho hình mới / newer footage needs the space",
        };
        format!(
            "  {}: {} {}, {} – {}, {}: {why}",
            at(next.at),
            next.camera,
            next.stream,
            at(next.from),
            at(next.to),
            gigabytes(next.bytes)
        )
    }));
    lines.push(heading("Thiếu hình trong 24 giờ qua / Missing of the last 24 h", report.gaps.len()));
    lines.extend(report.gaps.iter().take(SHOWN).map(|gap| {
        let why = gap_reason(gap.reason);
        format!("  {} {}: {} – {}: {why}", gap.camera, gap.stream, at(gap.from), at(gap.to))
    }));
    lines
}

fn heading(what: &str, count: usize) -> String {
    match count {
        0 => format!("{what}: không có / none"),
        _ if count > SHOWN => format!("{what} ({count}, xem hết bằng --json / all of them with --json):"),
        _ => format!("{what} ({count}):"),
    }
}

fn room(report: &StorageReport) -> Vec<String> {
    let Some(days) = report.days_left else {
        return vec![
            "Tốc độ ghi / Rate: chưa đo được, chưa có hình nào / not known yet, nothing was recorded".into(),
        ];
    };
    let (rate, hours) = (gigabytes(report.rate.bytes_per_day), report.rate.measured_hours);
    let (measured, of_recording) = if hours < 1.0 {
        (format!("{:.0} phút", hours * 60.0), format!("{:.0} min", hours * 60.0))
    } else {
        (format!("{hours:.1} giờ"), format!("{hours:.1} h"))
    };
    let mut lines = vec![
        format!(
            "Tốc độ ghi / Rate: {rate} một ngày, đo từ {measured} ghi hình / a day, measured from {of_recording} of \
             recording"
        ),
        format!("Ổ đĩa đủ cho / Room for: {days} ngày / days"),
    ];
    let longest = report.streams.iter().filter(|s| s.name.is_some()).map(|s| s.keep_days).fold(0.0, f64::max);
    if days < longest {
        lines.push(format!(
            "  CHÚ Ý: hình sẽ bị xóa trước hạn {longest} ngày vì ổ đĩa không đủ lớn / NOTE: footage goes before its \
             {longest} days, because the disk is not large enough"
        ));
    }
    lines
}

fn show_stream(stream: &StreamFacts, zone: &TimeZone) -> String {
    let name = stream.name.as_deref().unwrap_or("không còn trong cấu hình / no longer configured");
    let mut text = format!("{} {} ({name}): ", stream.camera, stream.stream);
    match stream.from.zip(stream.to) {
        Some((from, to)) => {
            text += &format!(
                "{} – {}, {} ngày / days, {} tệp / files, {}",
                instant(from, zone),
                instant(to, zone),
                stream.days,
                stream.files,
                gigabytes(stream.bytes)
            );
        }
        None => text += "chưa có hình / nothing yet",
    }
    text += &format!("; giữ / keep {} ngày / days", stream.keep_days);
    if let Some(most) = stream.keep_size_bytes {
        text += &format!(", cả máy quay tối đa / the whole camera at most {}", gigabytes(most));
    }
    text
}

fn show_hold_fact(hold: &HoldFact, zone: &TimeZone) -> String {
    let end = match hold.until {
        Some(until) => format!("đến / until {}", instant(until, zone)),
        None => "đến khi hủy / until released".to_owned(),
    };
    format!(
        "{} {}: {} – {}, {}, {end}: {} ({}, {})",
        hold.id,
        join(&hold.cameras),
        instant(hold.from, zone),
        instant(hold.to, zone),
        gigabytes(hold.bytes),
        hold.reason,
        hold.by,
        instant(hold.made_at, zone)
    )
}

/// A hold of the list, whether it still counts or not.
pub fn show_hold(hold: &Hold, trusted_now: Option<Wall>, zone: &TimeZone) -> String {
    let asked = &hold.asked;
    let state = match &hold.released {
        Some((at, by, why)) => format!("đã hủy / released {}: {why} ({by})", instant(*at, zone)),
        None if hold.is_in_force(trusted_now) => match asked.until {
            Some(until) => format!("đang giữ đến / in force until {}", instant(until, zone)),
            None => "đang giữ / in force".to_owned(),
        },
        None => "đã hết hạn đã chọn / its chosen end has passed".to_owned(),
    };
    format!(
        "{} {}: {} – {}: {} ({}, {}); {state}",
        hold.id,
        join(&asked.cameras),
        instant(asked.from, zone),
        instant(asked.to, zone),
        asked.reason,
        asked.by,
        instant(hold.made_at, zone)
    )
}

fn join(cameras: &[CameraId]) -> String {
    cameras.iter().map(CameraId::as_str).collect::<Vec<_>>().join(" ")
}

/// Why there is nothing, in both languages; a word that is not known is given back.
pub fn gap_reason(reason: Option<&str>) -> &str {
    match reason {
        Some("first") => "chưa bắt đầu ghi / recording had not begun",
        Some("process-stopped") => "dịch vụ đã dừng / the service was stopped",
        Some("process-died") => "dịch vụ hoặc nguồn điện bị ngắt / the service or the power failed",
        Some("camera-away") => "mất máy quay / the camera was away",
        Some("stream-jumped") => "máy quay nhảy giờ / the camera's time stamps jumped",
        Some("clock-stepped") => "đồng hồ được chỉnh / the clock was set",
        Some("format-changed") => "máy quay đổi định dạng / the camera changed its format",
        Some("disk-full") => "ổ đĩa đầy / the disk was full",
        Some("storage-failed") => "ổ đĩa không ghi được / the disk could not be written",
        Some("camera-paused") => "máy quay ngừng gửi hình / the camera sent no pictures for a while",
        Some("packets-lost") => "mất gói tin trên đường truyền / packets were lost on the way",
        Some("damaged") => "tệp bị hỏng / the file is damaged",
        Some("deleted") => "đã xóa / deleted",
        Some(other) => other,
        None => "KHÔNG RÕ / UNKNOWN",
    }
}
