//! Moments as people type them on the command line.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::Wall;

/// Reads RFC 3339, or the centre's own time; `what` names the option in the message.
pub(super) fn moment(what: &str, text: &str, zone: &TimeZone) -> Result<Wall, String> {
    if let Ok(at) = text.parse::<Wall>() {
        return Ok(at);
    }
    let local = text.parse::<DateTime>().ok().and_then(|local| zone.to_timestamp(local).ok());
    local.map(Wall::from).ok_or_else(|| {
        format!(
            "{what} = \"{text}\" không phải là thời điểm, hãy viết như 2026-11-23T08:30 hoặc \
             2026-11-23T08:30:00+07:00 / is not a moment: write for example 2026-11-23T08:30 or \
             2026-11-23T08:30:00+07:00"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_people_write_it() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let read = |text: &str| moment("--from", text, &zone).ok().map(|at| at.to_string());
        let wanted = Some("2026-11-23T01:30:00.000Z".to_owned());
        for text in
            ["2026-11-23T01:30:00Z", "2026-11-23T08:30:00+07:00", "2026-11-23T08:30", "2026-11-23 08:30"]
        {
            assert_eq!(read(text), wanted, "{text}");
        }
        assert_eq!(read("hôm qua"), None);
    }
}
