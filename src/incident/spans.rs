//! Spans of time as people say them, in Vietnamese and English. Pure.

const UNITS: [(i64, &str, &str); 5] = [
    (365 * 86_400_000, "năm", "year"),
    (86_400_000, "ngày", "day"),
    (3_600_000, "giờ", "hour"),
    (60_000, "phút", "minute"),
    (1000, "giây", "second"),
];

/// `ms`, whatever its sign, in its largest unit, with a decimal below ten: `1,5 giờ`, `1.5 hours`.
pub fn span(ms: i64) -> (String, String) {
    let ms = ms.saturating_abs();
    let unit = UNITS.iter().find(|(length, ..)| ms >= *length).or(UNITS.last());
    let (length, vi, en) = unit.copied().unwrap_or((1000, "giây", "second"));
    let tenths = ms.saturating_mul(10).saturating_add(length / 2) / length;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if whole >= 10 || tenth == 0 {
        let many = if whole == 1 { "" } else { "s" };
        return (format!("{whole} {vi}"), format!("{whole} {en}{many}"));
    }
    (format!("{whole},{tenth} {vi}"), format!("{whole}.{tenth} {en}s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_unit_that_people_would_use() {
        let told = |ms| {
            let (vi, en) = span(ms);
            format!("{vi} / {en}")
        };
        assert_eq!(told(-3_600_000), "1 giờ / 1 hour");
        assert_eq!(told(5_400_000), "1,5 giờ / 1.5 hours");
        assert_eq!(told(20 * 86_400_000 + 3_600_000), "20 ngày / 20 days");
        assert_eq!(told(10 * 365 * 86_400_000), "10 năm / 10 years");
        assert_eq!(told(1500), "1,5 giây / 1.5 seconds");
        assert_eq!(told(300), "0,3 giây / 0.3 seconds");
        assert_eq!(told(i64::MIN).split(' ').nth(1), Some("năm"));
    }
}
