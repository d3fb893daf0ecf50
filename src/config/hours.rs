//! When a centre is open: a weekly plan, with holidays and compensatory working days.
//!
//! A span belongs to the day on which it begins. One that ends over midnight therefore goes on into
//! a holiday, and a holiday takes away only what would begin on it. Times are those of the wall in
//! the centre's time zone; the zones' rules are built in, so that every box reads them alike.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::value::{Value, quoted};
use crate::model::Wall;

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;
/// Whoever works there comes so long before it opens and is gone so long after it has closed, in minutes.
const AROUND: i64 = 60;
/// A lunch break is no longer than this, in minutes.
const LONGEST_BREAK: i64 = 4 * 60;
/// A span over midnight that is longer was more likely written the wrong way round.
const LONGEST_OVERNIGHT: u32 = 16 * 60;

/// When a centre is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    zone: TimeZone,
    week: Vec<(Weekday, Span)>,
    days: BTreeMap<Date, SpecialDay>,
}

/// A day that does not follow the weekly plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpecialDay {
    /// What the day is called.
    pub(super) name: String,
    /// When the centre is open on it; never, if empty.
    pub(super) spans: Vec<Span>,
}

/// A stretch of minutes after midnight, `[from, to)`; `to` may lie on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: u32,
    to: u32,
}

impl Hours {
    /// Hours in `zone`, without any.
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { zone, week: vec![], days: BTreeMap::new() }
    }

    /// The same zone and special days, with no week yet: for a plan of its own.
    pub(super) fn with_an_empty_week(&self) -> Self {
        Self { week: vec![], ..self.clone() }
    }

    /// Adds what [`weekly`] read; an overlap with what is there already is refused.
    pub(super) fn add_weekly(&mut self, days: &[Weekday], span: Span) -> Result<(), String> {
        for day in days {
            let overlap = self.week.iter().find(|(other_day, other)| {
                let (one, two) = (in_week(*day, span), in_week(*other_day, *other));
                (two + WEEK - one) % WEEK < span.length() || (one + WEEK - two) % WEEK < other.length()
            });
            if let Some((other_day, other)) = overlap {
                return Err(format!("overlaps {} {other}", day_word(*other_day)));
            }
            self.week.push((*day, span));
        }
        Ok(())
    }

    /// Lets `date` follow its own plan.
    pub(super) fn add_day(&mut self, date: Date, day: SpecialDay) {
        self.days.insert(date, day);
    }

    /// Whether the centre is open at that moment.
    pub fn is_open(&self, at: Wall) -> bool {
        let local = self.zone.to_datetime(at.timestamp());
        let minute = minute_of_day(local);
        let today = local.date();
        self.spans_of(today).any(|span| span.holds(minute))
            || today
                .yesterday()
                .is_ok_and(|before| self.spans_of(before).any(|span| span.holds(minute + DAY)))
    }

    /// Whether nobody has business there at that moment: it is closed, not only for lunch (a break of up to
    /// 4 hours), it closed an hour ago or more, and opens in an hour or later.
    pub fn is_deserted(&self, at: Wall) -> bool {
        let local = self.zone.to_datetime(at.timestamp());
        let (minute, today) = (i64::from(minute_of_day(local)), local.date());
        let days = [(today.yesterday(), -1), (Ok(today), 0), (today.tomorrow(), 1)];
        let spans = days.into_iter().filter_map(|(date, day)| Some((date.ok()?, day * i64::from(DAY))));
        let (mut closed, mut opens) = (None::<i64>, None::<i64>);
        for (date, midnight) in spans {
            for span in self.spans_of(date) {
                let (from, to) = (midnight + i64::from(span.from), midnight + i64::from(span.to));
                if (from..to).contains(&minute) {
                    return false;
                }
                if to <= minute {
                    closed = closed.max(Some(to));
                } else {
                    opens = Some(opens.map_or(from, |known| known.min(from)));
                }
            }
        }
        let is_break = closed.zip(opens).is_some_and(|(closed, opens)| opens - closed <= LONGEST_BREAK);
        let has_just_closed = closed.is_some_and(|closed| minute - closed < AROUND);
        let opens_soon = opens.is_some_and(|opens| opens - minute <= AROUND);
        !is_break && !has_just_closed && !opens_soon
    }

    /// The name of that day if it is a holiday or a compensatory working day.
    pub fn special_day(&self, at: Wall) -> Option<&str> {
        let date = self.zone.to_datetime(at.timestamp()).date();
        self.days.get(&date).map(|day| day.name.as_str())
    }

    /// The centre's time zone.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The weekly plan in the words of the file.
    pub fn plan(&self) -> String {
        let follows = |a: &(Weekday, Span), b: &(Weekday, Span)| a.0.next() == b.0 && a.1 == b.1;
        let runs = self.week.chunk_by(follows).filter_map(|run| match run {
            [(day, span)] => Some(format!("{} {span}", day_word(*day))),
            [(first, span), .., (last, _)] => {
                Some(format!("{}-{} {span}", day_word(*first), day_word(*last)))
            }
            [] => None,
        });
        let plan: Vec<_> = runs.collect();
        if plan.is_empty() { "never open".to_owned() } else { plan.join(", ") }
    }

    fn spans_of(&self, date: Date) -> impl Iterator<Item = Span> {
        let special = self.days.get(&date);
        let weekday = date.weekday();
        let weekly = self.week.iter().filter(move |(day, _)| special.is_none() && *day == weekday);
        special.into_iter().flat_map(|day| day.spans.iter().copied()).chain(weekly.map(|(_, span)| *span))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.plan();
        write!(f, "{plan} ({})", self.zone.iana_name().unwrap_or("unknown zone"))?;
        match self.days.len() {
            0 => Ok(()),
            days => write!(f, "; special days: {days}"),
        }
    }
}

impl Span {
    fn length(self) -> u32 {
        self.to.saturating_sub(self.from)
    }

    fn holds(self, minute: u32) -> bool {
        (self.from..self.to).contains(&minute)
    }

    /// Whether two spans of one day share a minute.
    pub(super) fn overlaps(self, other: Span) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Reads `07:30-11:30`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "is not a span of hours: write for example \"07:30-11:30\"".to_owned();
        let (from, to) = text.trim().split_once('-').ok_or_else(wrong)?;
        let (from, to) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
        if from == to || from == DAY {
            return Err("begins when it ends: write 00:00-24:00 for a whole day".into());
        }
        let to = if to > from { to } else { to + DAY };
        if to > DAY && to - from > LONGEST_OVERNIGHT {
            let hours = (to - from).div_ceil(60);
            return Err(format!(
                "ends before it begins, which would be {hours} hours over midnight: turn it round"
            ));
        }
        Ok(Self { from, to })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = if self.to > DAY { self.to - DAY } else { self.to };
        write!(f, "{:02}:{:02}-{:02}:{:02}", self.from / 60, self.from % 60, to / 60, to % 60)
    }
}

/// Reads `mon-fri 07:30-11:30`, `sat 08:00-11:00` or `mon,wed 13:00-17:00`.
pub(super) fn weekly(text: &str) -> Result<(Vec<Weekday>, Span), String> {
    let wrong = || "is not days and hours: write for example \"mon-fri 07:30-11:30\"".to_owned();
    let (days, span) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let mut list = vec![];
    for part in days.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (weekday(first).ok_or_else(wrong)?, weekday(last).ok_or_else(wrong)?);
        list.extend(first.cycle_forward().take(1 + usize::from(last.since(first).unsigned_abs())));
    }
    Ok((list, Span::parse(span)?))
}

/// Reads a list of `mon-fri 07:30-11:30` into `hours`; gives how many there are, right or wrong.
pub(super) fn read_plan(value: &Value<'_>, hours: &mut Hours) -> Option<usize> {
    let items = value.list()?;
    for item in &items {
        let Some(text) = item.text() else { continue };
        let added = weekly(text).and_then(|(days, span)| hours.add_weekly(&days, span));
        added.unwrap_or_else(|why| item.wrong::<()>(format!("= {} {why}", quoted(text))).unwrap_or_default());
    }
    Some(items.len())
}

/// The zone of that IANA name.
pub(super) fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

fn minute_of_day(local: DateTime) -> u32 {
    u32::from(local.hour().unsigned_abs()) * 60 + u32::from(local.minute().unsigned_abs())
}

fn in_week(day: Weekday, span: Span) -> u32 {
    u32::from(day.to_monday_zero_offset().unsigned_abs()) * DAY + span.from
}

fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| (text.len() == 2).then(|| text.parse::<u8>().ok()).flatten().map(u32::from);
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

fn weekday(text: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(word, _)| *word == text).map(|(_, day)| *day)
}

fn day_word(day: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(_, known)| *known == day).map_or("", |(word, _)| word)
}

#[cfg(test)]
impl Hours {
    /// Hours in Vietnam, for tests; without any if the plan is empty.
    pub(crate) fn of_a_test(plan: &[&str]) -> Self {
        let mut hours = Hours::new(time_zone("Asia/Ho_Chi_Minh").unwrap());
        for text in plan {
            let (days, span) = weekly(text).unwrap();
            hours.add_weekly(&days, span).unwrap();
        }
        hours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(plan: &[&str]) -> Hours {
        Hours::of_a_test(plan)
    }

    /// A moment by the wall in Vietnam.
    fn at(text: &str) -> Wall {
        format!("{text}:00+07:00").parse().unwrap()
    }

    fn special(hours: &mut Hours, date: &str, spans: &[&str]) {
        let spans = spans.iter().map(|text| Span::parse(text).unwrap()).collect();
        hours.add_day(date.parse().unwrap(), SpecialDay { name: "Lễ".into(), spans });
    }

    const OFFICE: [&str; 2] = ["mon-fri 07:30-11:30", "mon-fri 13:30-17:00"];

    #[test]
    fn a_centre_is_open_from_the_first_minute_to_before_the_last_in_its_own_zone() {
        let hours = hours(&OFFICE);
        // 2026-11-23 is a Monday.
        for (time, open) in [
            ("2026-11-23T07:29", false),
            ("2026-11-23T07:30", true),
            ("2026-11-23T11:29", true),
            ("2026-11-23T11:30", false),
            ("2026-11-23T12:00", false),
            ("2026-11-23T16:59", true),
            ("2026-11-22T09:00", false),
        ] {
            assert_eq!(hours.is_open(at(time)), open, "{time}");
        }
        assert!(!hours.is_open("2026-11-23T11:00:00Z".parse().unwrap()), "it is 18:00 in Vietnam");
    }

    #[test]
    fn a_holiday_closes_a_weekday_and_a_compensatory_day_opens_a_saturday() {
        let mut hours = hours(&OFFICE);
        special(&mut hours, "2026-04-30", &[]);
        special(&mut hours, "2026-05-09", &["07:30-11:30"]);
        assert!(!hours.is_open(at("2026-04-30T09:00")));
        assert!(hours.is_open(at("2026-05-09T09:00")));
        assert!(!hours.is_open(at("2026-05-09T14:00")));
        assert!(hours.is_open(at("2026-04-29T09:00")));
        assert_eq!(hours.special_day(at("2026-04-30T00:00")), Some("Lễ"));
    }

    #[test]
    fn a_span_over_midnight_belongs_to_the_day_it_begins_on() {
        let mut hours = hours(&["mon-sun 22:00-06:00"]);
        special(&mut hours, "2026-04-30", &[]);
        assert!(hours.is_open(at("2026-04-29T23:00")));
        assert!(hours.is_open(at("2026-04-30T05:59")), "the night before goes on into the holiday");
        assert!(!hours.is_open(at("2026-04-30T06:00")));
        assert!(!hours.is_open(at("2026-04-30T22:00")));
        assert!(!hours.is_open(at("2026-05-01T05:00")), "nothing began on the holiday");
        assert!(hours.is_open(at("2026-05-01T22:00")));
    }

    #[test]
    fn a_whole_day_and_week_ends_that_wrap_are_understood() {
        let hours = hours(&["sat-mon 00:00-24:00"]);
        assert!(hours.is_open(at("2026-11-23T23:59")));
        assert!(!hours.is_open(at("2026-11-24T00:00")));
        assert!(hours.is_open(at("2026-11-21T00:00")));
        assert_eq!(weekly("mon,wed 08:00-09:00").unwrap().0, [Weekday::Monday, Weekday::Wednesday]);
    }

    #[test]
    fn it_is_deserted_an_hour_after_it_closed_until_an_hour_before_it_opens_but_not_for_lunch() {
        let mut centre = hours(&["mon-fri 07:30-11:30", "mon-fri 13:30-17:00", "sat 22:00-02:00"]);
        special(&mut centre, "2026-11-24", &[]);
        let in_use = ["T06:30", "T07:29", "T08:00", "T11:30", "T12:15", "T13:29", "T17:00", "T17:59"];
        for time in in_use {
            assert!(!centre.is_deserted(at(&format!("2026-11-23{time}"))), "Monday{time}");
        }
        for time in ["2026-11-23T06:29", "2026-11-23T18:00", "2026-11-24T08:00", "2026-11-24T12:15"] {
            assert!(centre.is_deserted(at(time)), "{time}");
        }
        let night = [("28T20:59", true), ("28T21:00", false), ("29T02:59", false), ("29T03:00", true)];
        for (time, is_deserted) in night {
            assert_eq!(centre.is_deserted(at(&format!("2026-11-{time}"))), is_deserted, "{time}");
        }
        assert!(hours(&[]).is_deserted(at("2026-11-23T08:00")), "it never opens");
    }

    #[test]
    fn overlaps_are_found_also_over_midnight_and_over_the_end_of_the_week() {
        let mut hours = hours(&["sun 22:00-06:00"]);
        let (days, span) = weekly("mon 05:00-07:00").unwrap();
        assert_eq!(hours.add_weekly(&days, span), Err("overlaps sun 22:00-06:00".to_owned()));
        let (days, span) = weekly("mon 06:00-07:00").unwrap();
        assert_eq!(hours.add_weekly(&days, span), Ok(()));
        let (days, span) = weekly("mon,mon 08:00-09:00").unwrap();
        assert!(hours.add_weekly(&days, span).is_err());
    }

    #[test]
    fn what_is_not_a_span_is_refused_in_words() {
        for text in
            ["", "mon", "mon-fri", "mon 7:30-11:30", "mon 07:30-25:00", "day 07:30-08:00", "mon 07:60-08:00"]
        {
            assert!(weekly(text).is_err(), "{text:?} passed");
        }
        assert!(weekly("mon 08:00-08:00").unwrap_err().contains("whole day"));
        assert!(weekly("mon 17:00-13:30").unwrap_err().contains("21 hours over midnight"));
        assert!(time_zone("Asia/Hanoi").is_none());
    }

    #[test]
    fn moments_at_the_ends_of_time_are_closed_without_a_panic() {
        let hours = hours(&["mon-sun 22:00-06:00"]);
        let _ = hours.is_open(Wall::from_millis(i64::MIN));
        let _ = hours.is_open(Wall::from_millis(i64::MAX));
    }
}
