//! Quantities as a technician writes them: `"30d"`, `"1.5s"`, `"200GB"`.
//!
//! Exact: a number of digits is scaled as an integer, so nothing is rounded that can be held. Sizes
//! are decimal as on a disk's label (`GB`) or binary (`GiB`).

use std::time::Duration;

const DURATIONS: [(&str, u64); 5] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

const RATES: [(&str, u64); 2] = [("Mbit/s", 125_000), ("kbit/s", 125)];

const SIZES: [(&str, u64); 8] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

/// Reads a duration such as `"90s"`.
///
/// # Errors
/// What is wrong with the text, in words that follow it.
pub fn duration(text: &str) -> Result<Duration, String> {
    scaled(text, &DURATIONS, "\"30d\", \"12h\", \"10min\", \"1.5s\" or \"500ms\"").map(Duration::from_nanos)
}

/// Reads a number of bytes such as `"8MB"`.
///
/// # Errors
/// What is wrong with the text, in words that follow it.
pub fn size(text: &str) -> Result<u64, String> {
    scaled(text, &SIZES, "\"200GB\" or \"500MB\"")
}

/// Reads a rate in bytes a second; the error says what is wrong with the text.
pub(super) fn rate(text: &str) -> Result<u64, String> {
    scaled(text, &RATES, "\"2Mbit/s\" or \"512kbit/s\"")
}

/// The rate in its largest whole unit: `2Mbit/s`.
pub(super) fn show_rate(bytes: u64) -> String {
    show(bytes, &RATES).unwrap_or_else(|| format!("{bytes} bytes/s"))
}

/// The duration in its largest whole unit: `90min`, `30d`.
pub(super) fn show_duration(value: Duration) -> String {
    let nanos = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
    show(nanos, &DURATIONS).unwrap_or_else(|| format!("{}s", value.as_secs_f64()))
}

/// The size in its largest whole unit: `200GB`.
pub(super) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES).unwrap_or_else(|| format!("{bytes} bytes"))
}

fn show(value: u64, units: &[(&str, u64)]) -> Option<String> {
    let zero = || units.last().map(|(unit, _)| format!("0{unit}"));
    if value == 0 {
        return zero();
    }
    let (unit, factor) = units.iter().find(|(_, factor)| value.is_multiple_of(*factor))?;
    Some(format!("{}{unit}", value / factor))
}

fn scaled(text: &str, units: &[(&str, u64)], examples: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(format!("is not a number with a unit: write for example {examples}"));
    }
    if unit.is_empty() {
        return Err(format!("has no unit: write for example {examples}"));
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
        return Err(format!("has a unit that is not known here: use one of {}", names.join(", ")));
    };
    exact(whole, fraction, *factor).ok_or_else(|| "is too large".to_owned())
}

fn exact(whole: &str, fraction: &str, factor: u64) -> Option<u64> {
    let fraction = fraction.get(..fraction.len().min(12))?;
    let tenths = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction.parse::<u128>().ok()?.checked_mul(factor.into())? / tenths;
    let total = whole.parse::<u128>().ok()?.checked_mul(factor.into())?.checked_add(part)?;
    u64::try_from(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantities_read_as_written() {
        assert_eq!(duration("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration(" 500 ms "), Ok(Duration::from_millis(500)));
        assert_eq!(duration("90min"), Ok(Duration::from_secs(5400)));
        assert_eq!(size("200GB"), Ok(200_000_000_000));
        assert_eq!(size("1.5GiB"), Ok(1_610_612_736));
        assert_eq!(rate("1.5Mbit/s"), Ok(187_500));
    }

    #[test]
    fn what_is_not_a_quantity_is_refused_in_words() {
        assert!(duration("30").unwrap_err().starts_with("has no unit"));
        assert!(duration("30days").unwrap_err().contains("use one of d, h, min, s, ms"));
        assert!(size("200gb").unwrap_err().contains("GB"));
        for text in ["", "d", "-1s", "1e3s", ".5s", "1.s", "1.2.3s", "NaNs", "１s"] {
            assert!(duration(text).is_err(), "{text:?} passed");
        }
        assert_eq!(size("99999999999999999999999999999999999999999TB"), Err("is too large".to_owned()));
    }

    #[test]
    fn quantities_are_shown_in_their_largest_whole_unit() {
        assert_eq!(show_duration(Duration::from_secs(5400)), "90min");
        assert_eq!(show_duration(Duration::from_secs(86_400)), "1d");
        assert_eq!(show_duration(Duration::ZERO), "0ms");
        assert_eq!(show_size(20_000_000_000), "20GB");
        assert_eq!(show_rate(64_000), "512kbit/s");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(ms in 0u64..10_000_000_000, kb in 0u64..10_000_000_000) {
            let wait = Duration::from_millis(ms);
            prop_assert_eq!(duration(&show_duration(wait)), Ok(wait));
            prop_assert_eq!(size(&show_size(kb * 1000)).unwrap_or(1), kb * 1000);
        }
    }
}
