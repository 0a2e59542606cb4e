//! Days, weeks and moments of a time zone: what a period is asked for in, and what people are told of time.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::store::Period;

/// A time zone, by its name in IANA's list.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Default for Zone {
    fn default() -> Zone {
        Zone { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }
}

/// A day of the calendar, such as `2026-03-29`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl Day {
    /// Parses a day of this form and no other: four digits, two and two; from 1970 to 9998.
    pub fn parse(text: &str) -> Option<Day> {
        let is_form = text.len() == 10
            && text
                .bytes()
                .enumerate()
                .all(|(n, it)| if n == 4 || n == 7 { it == b'-' } else { it.is_ascii_digit() });
        let date: Date = is_form.then(|| text.parse().ok())??;
        (1970..=9998).contains(&date.year()).then_some(Day(date))
    }

    /// The Monday of its week.
    fn monday(self) -> Date {
        let days = i64::from(self.0.weekday().to_monday_zero_offset());
        self.0.saturating_sub(jiff::Span::new().days(days))
    }
}

/// One week, from its Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub monday: Day,
    /// What of it is asked for.
    pub period: Period,
}

impl Zone {
    /// The zone of this name, whatever its letters' case; none where IANA's list has no such name.
    pub fn named(name: &str) -> Option<Zone> {
        let rules = TimeZone::get(name).ok().filter(|it| !it.is_unknown())?;
        Some(Zone { name: rules.iana_name()?.to_owned(), rules })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When a day begins, in ms since 1970: at midnight, or where that is left out, at the first moment after it.
    fn start_ms(&self, day: Date) -> i64 {
        let start = day.to_zoned_datetime(self.rules.clone());
        start.map_or(i64::MAX, |it| it.timestamp().as_millisecond())
    }

    /// From the beginning of one day to the end of another; all there is on a side that has no day.
    pub fn period(&self, from: Option<Day>, to: Option<Day>) -> Period {
        Period {
            start_ms: from.map_or(i64::MIN, |it| self.start_ms(it.0)),
            end_ms: to.map_or(i64::MAX, |it| it.0.tomorrow().map_or(i64::MAX, |it| self.start_ms(it))),
        }
    }

    /// The day that a moment lies in, as far as there are days.
    pub fn day(&self, at_ms: i64) -> Option<Day> {
        let at = Timestamp::from_millisecond(at_ms).ok()?;
        Some(Day(at.to_zoned_datetime(self.rules.clone()).date()))
    }

    /// The weeks that have some of a period in them, each cut to it, and up to `most` of them.
    pub fn weeks(&self, period: Period, most: usize) -> Vec<Week> {
        let Some(first) = self.day(period.start_ms) else { return Vec::new() };
        let mut monday = first.monday();
        let mut weeks = Vec::new();
        while weeks.len() < most {
            let next = monday.saturating_add(jiff::Span::new().days(7));
            let start_ms = self.start_ms(monday).max(period.start_ms);
            let end_ms = self.start_ms(next).min(period.end_ms);
            if next <= monday || start_ms >= period.end_ms {
                break;
            }
            if start_ms < end_ms {
                weeks.push(Week { monday: Day(monday), period: Period { start_ms, end_ms } });
            }
            monday = next;
        }
        weeks
    }

    /// A moment by the zone's clocks, as RFC 3339 has it: `2026-03-29T03:00:00+02:00`.
    pub fn moment(&self, at_ms: i64) -> String {
        let Ok(at) = Timestamp::from_millisecond(at_ms) else { return String::new() };
        at.to_zoned_datetime(self.rules.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    /// Offsets as IANA's list has them: of Berlin 1 h and in summer 2 h, of Lord Howe 11 h in its summer and 10 h 30 min,
    /// of Kolkata 5 h 30 min; in Beirut there is no midnight when summer begins; in Apia there was no 2011-12-30.
    #[test]
    fn days_are_as_long_as_they_were() {
        #[rustfmt::skip]
        let cases = [
            // zone                 day           begins, UTC             hours
            ("Europe/Berlin",       "2026-03-28", "2026-03-27T23:00:00Z", 24.0),
            ("Europe/Berlin",       "2026-03-29", "2026-03-28T23:00:00Z", 23.0),
            ("Europe/Berlin",       "2026-03-30", "2026-03-29T22:00:00Z", 24.0),
            ("Europe/Berlin",       "2026-10-25", "2026-10-24T22:00:00Z", 25.0),
            ("Europe/Berlin",       "2026-10-26", "2026-10-25T23:00:00Z", 24.0),
            ("Asia/Kolkata",        "2026-03-29", "2026-03-28T18:30:00Z", 24.0),
            ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24.5),
            ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23.5),
            ("Asia/Beirut",         "2026-03-29", "2026-03-28T22:00:00Z", 23.0),
            ("Pacific/Apia",        "2011-12-30", "2011-12-30T10:00:00Z", 0.0),
            ("UTC",                 "2026-03-29", "2026-03-29T00:00:00Z", 24.0),
        ];
        for (name, text, start, hours) in cases {
            let period = Zone::named(name).unwrap().period(Some(day(text)), Some(day(text)));
            let start: Timestamp = start.parse().unwrap();
            let length = (hours * HOUR_MS as f64) as i64;
            assert_eq!(
                (period.start_ms, period.end_ms - period.start_ms),
                (start.as_millisecond(), length),
                "{name} {text}"
            );
        }
    }

    #[test]
    fn only_days_and_zones_that_there_are_are_known() {
        for text in [
            "2026-02-30",
            "2026-3-1",
            "1969-12-31",
            "9999-01-01",
            "2026-03-29T00:00",
            "+002026-03-29",
            "",
            "2026-W13-7",
            "２026-03-29",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(Day::parse("2028-02-29").unwrap().to_string(), "2028-02-29");
        for name in ["Europe/Nowhere", "", "Etc/Unknown", "CET-1CEST", "../../etc/passwd", "+02:00"] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
        assert_eq!(Zone::named("europe/berlin").unwrap().name(), "Europe/Berlin");
    }

    #[test]
    fn moments_are_told_by_the_zones_clocks() {
        #[rustfmt::skip]
        let cases = [
            // zone            UTC                     told
            ("Europe/Berlin",  "2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00"),
            ("Europe/Berlin",  "2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"),
            ("Asia/Kolkata",   "2026-03-29T18:30:00Z", "2026-03-30T00:00:00+05:30"),
            ("UTC",            "2026-03-29T18:30:00Z", "2026-03-29T18:30:00+00:00"),
        ];
        for (name, at, told) in cases {
            let at: Timestamp = at.parse().unwrap();
            assert_eq!(Zone::named(name).unwrap().moment(at.as_millisecond()), told);
        }
    }

    #[test]
    fn weeks_begin_on_mondays_and_are_cut_to_what_is_asked_for() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let period = berlin.period(Some(day("2026-03-25")), Some(day("2026-03-30"))); // A Wednesday; a Monday.
        let weeks = berlin.weeks(period, 10);
        let told: Vec<_> = weeks
            .iter()
            .map(|it| (it.monday.to_string(), (it.period.end_ms - it.period.start_ms) / HOUR_MS))
            .collect();
        // Five days, of which the Sunday has 23 h.
        assert_eq!(told, [("2026-03-23".to_owned(), 4 * 24 + 23), ("2026-03-30".to_owned(), 24)]);
        assert_eq!(weeks[0].period.end_ms, weeks[1].period.start_ms);
        assert_eq!(berlin.weeks(period, 1).len(), 1);
        assert_eq!(berlin.weeks(Period { start_ms: 5, end_ms: 5 }, 10), []);
    }
}
